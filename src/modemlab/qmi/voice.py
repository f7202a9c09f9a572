# SPDX-License-Identifier: GPL-3.0-or-later
"""VOICE (0x09): USSD, and the call list, which is empty: this modem makes no calls.

A session in the order ModemManager can follow: a single answer comes in the response to the
originating request; a menu comes in an indication, and that response waits for the session's end.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from modemlab.modem.errors import NoUssdSessionError, UssdRefusedError
from modemlab.modem.ussd import NETWORK_SECONDS, SESSION_SECONDS, Answer
from modemlab.qmi.codec import Request
from modemlab.qmi.errors import Code, QmiError
from modemlab.qmi.service import Pending, Reply, Service, message, required

if TYPE_CHECKING:
    from modemlab.modem.clock import Timer
    from modemlab.modem.modem import Modem

ASCII, EIGHT_BIT, UCS2 = 1, 2, 3  # QmiVoiceUssDataCodingScheme
ACTION_NOT_REQUIRED, ACTION_REQUIRED = 1, 2  # QmiVoiceUserAction
UNEXPECTED_DATA_VALUE = 127  # QmiVoiceCallEndReason: what a network says of an unknown code
USSD_EVENTS_TLV = 0x16
RELEASE, USSD, ORIGINATE_NO_WAIT = 0x003D, 0x003E, 0x0043
NO_CALLS = b"\x00"
TTY_OFF = b"\x03"


class Voice(Service):
    number = 0x09
    version = (2, 1)
    accepted = frozenset({0x0000})  # reset

    def __init__(self, modem: Modem) -> None:
        super().__init__(modem)
        self.listeners: set[int] = set()
        self._originated: Pending | None = None
        self._timer: Timer | None = None

    def release(self, client: int) -> None:
        super().release(client)
        self.listeners.discard(client)

    def reset(self) -> None:
        super().reset()
        self._originated = None
        self._stop_timer()

    @message(0x0003)
    def register_indications(self, request: Request) -> Reply:
        wanted = request.tlvs.get(USSD_EVENTS_TLV)
        if wanted is not None:
            on = wanted[:1] == b"\x01"
            (self.listeners.add if on else self.listeners.discard)(request.client)
        return []

    @message(0x002F)
    def get_all_call_info(self, _request: Request) -> Reply:
        return [(0x10, NO_CALLS), (0x11, NO_CALLS)]

    @message(0x0034)
    def get_call_waiting(self, _request: Request) -> Reply:
        return [(0x10, b"\x00")]  # for no class of service

    @message(0x0041)
    def get_config(self, _request: Request) -> Reply:
        return [(0x10, b"\x00"), (0x13, TTY_OFF), (0x16, b"\x00")]  # no auto answer, no privacy

    @message(0x003A)
    def originate_ussd(self, request: Request) -> Pending:
        text = self._request_text(request)
        self._end_session(Code.ABORTED)
        self._originated = Pending()
        self._after(NETWORK_SECONDS, lambda: self._dialled(text))
        return self._originated

    @message(0x0043)
    def originate_ussd_no_wait(self, request: Request) -> Reply:
        text = self._request_text(request)
        client = request.client
        self._end_session(Code.ABORTED)
        self._after(NETWORK_SECONDS, lambda: self._dialled_no_wait(text, client))
        return []

    @message(0x003B)
    def answer_ussd(self, request: Request) -> Reply:
        text = self._request_text(request)
        if self.modem.ussd.waiting is None:
            raise QmiError(Code.INCOMPATIBLE_STATE)
        self._after(NETWORK_SECONDS, lambda: self._replied(text))
        return []

    @message(0x003C)
    def cancel_ussd(self, _request: Request) -> Reply:
        if not self.modem.ussd.cancel() and self._timer is None:
            raise QmiError(Code.INCOMPATIBLE_STATE)
        self._end_session(Code.ABORTED)
        return []

    def _dialled(self, text: str) -> None:
        try:
            answer = self.modem.ussd.dial(text)
        except UssdRefusedError:
            cause = struct.pack("<H", UNEXPECTED_DATA_VALUE)
            self._end_session(Code.SUPS_FAILURE_CASE, [(0x10, cause)])
            return
        if answer.more:
            self._indicate(answer)
        else:
            self._end_session(0, _data(answer, 0x12, 0x16))

    def _dialled_no_wait(self, text: str, client: int) -> None:
        """The result comes as an indication to the client that asked."""
        try:
            answer = self.modem.ussd.dial(text)
        except UssdRefusedError:
            cause = struct.pack("<H", UNEXPECTED_DATA_VALUE)
            refused = struct.pack("<H", Code.SUPS_FAILURE_CASE)
            self.indicate(client, ORIGINATE_NO_WAIT, [(0x10, refused), (0x11, cause)])
            return
        if answer.more:
            self._indicate(answer)
        else:
            self.indicate(client, ORIGINATE_NO_WAIT, _data(answer, 0x12, 0x14))

    def _replied(self, text: str) -> None:
        try:
            answer = self.modem.ussd.reply(text)
        except (UssdRefusedError, NoUssdSessionError):
            self._release()
            return
        self._indicate(answer)
        if not answer.more:
            self._end_session(0)

    def _indicate(self, answer: Answer) -> None:
        """A message of the session to everybody who listens; a menu is waited for only so long."""
        action = ACTION_REQUIRED if answer.more else ACTION_NOT_REQUIRED
        for client in sorted(self.listeners):
            self.indicate(client, USSD, [(0x01, bytes([action])), *_data(answer, 0x10, 0x11)])
        if answer.more:
            self._after(SESSION_SECONDS, self._release)

    def _release(self) -> None:
        """The network ends the session."""
        self.modem.ussd.cancel()
        for client in sorted(self.listeners):
            self.indicate(client, RELEASE, [])
        self._end_session(Code.NETWORK_ABORTED)

    def _end_session(self, error: int, tlvs: Reply | None = None) -> None:
        """Answer the request that began the session, if it still waits."""
        self._stop_timer()
        pending, self._originated = self._originated, None
        if pending is not None:
            pending.answer(tlvs or [], error)

    def _request_text(self, request: Request) -> str:
        """The text of the request's USS data. Raises QmiError."""
        if not self.modem.radio.registration.registered:
            raise QmiError(Code.NETWORK_NOT_READY)
        info = required(request, 0x01, 2)
        scheme, data = info[0], info[2 : 2 + info[1]]
        if scheme not in (ASCII, UCS2) or len(data) < info[1]:
            raise QmiError(Code.INVALID_ARGUMENT)
        return data.decode("utf-16-be" if scheme == UCS2 else "latin-1", "replace")

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        """The one thing a session waits for; what it waited for before is dropped."""
        self._stop_timer()

        def due() -> None:
            self._timer = None
            act()

        self._timer = self.modem.clock.later(seconds, due)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _data(answer: Answer, data_tlv: int, utf16_tlv: int) -> Reply:
    """USS data: ASCII alone as Quectel modems give it, UCS-2 in both of its forms."""
    if not answer.ucs2:
        return [(data_tlv, bytes([ASCII, len(answer.text)]) + answer.text.encode("ascii"))]
    ucs2 = answer.text.encode("utf-16-be")
    utf16 = bytes([len(ucs2) // 2]) + answer.text.encode("utf-16-le")
    return [(data_tlv, bytes([UCS2, len(ucs2)]) + ucs2), (utf16_tlv, utf16)]
