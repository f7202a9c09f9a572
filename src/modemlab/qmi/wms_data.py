# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of WMS messages: storages, tags, raw messages, routes and causes.

All but `sent` raise QmiError on values that this modem does not take.
"""

import struct

from modemlab.modem import pdu
from modemlab.modem.messages import ME, SM, Status
from modemlab.modem.pdu import PduError
from modemlab.modem.short_messages import Action, Outcome, Route
from modemlab.qmi.codec import Request
from modemlab.qmi.errors import Code, QmiError
from modemlab.qmi.service import Reply

STORAGES = {0: SM, 1: ME}  # UIM, NV
NUMBERS = {name: number for number, name in STORAGES.items()}
TAGS = {Status.READ: 0, Status.UNREAD: 1, Status.SENT: 2, Status.UNSENT: 3}
STATUSES = {tag: status for status, tag in TAGS.items()}
POINT_TO_POINT = 6  # message format GSM/WCDMA
MODE_GSM = 1
NO_TP_CAUSE = 0
FAILURE_TEMPORARY, FAILURE_PERMANENT = 0, 1
TEMPORARY_CAUSES = range(32, 48)  # RP causes that may pass: network, congestion, resources
ROUTE = struct.Struct("<BBBB")


def sent(outcome: Outcome, reference_tlv: int, cause_tlv: int) -> tuple[int, Reply]:
    """Error and TLVs of the answer to a sending."""
    if outcome.cause is None:
        return 0, [(reference_tlv, struct.pack("<H", outcome.reference))]
    passing = outcome.cause in TEMPORARY_CAUSES
    failure = FAILURE_TEMPORARY if passing else FAILURE_PERMANENT
    cause = struct.pack("<HB", outcome.cause, NO_TP_CAUSE)
    return Code.WMS_CAUSE_CODE, [(cause_tlv, cause), (cause_tlv + 1, bytes([failure]))]


def raw(info: bytes) -> tuple[int, bytes]:
    """Format and data of a raw message. Raises QmiError when it is cut off."""
    form, size = struct.unpack_from("<BH", info)
    if len(info) < 3 + size:
        raise QmiError(Code.MALFORMED_MESSAGE)
    return form, info[3 : 3 + size]


def split(raw: bytes) -> tuple[bytes, bytes]:
    try:
        return pdu.split_pdu(raw)
    except PduError:
        raise QmiError(Code.WMS_SMSC_ADDRESS) from None


def tpdu_of(raw: bytes) -> bytes:
    return split(raw)[1]


def require_gsm(form: int) -> None:
    if form != POINT_TO_POINT:
        raise QmiError(Code.INVALID_ARGUMENT)


def is_cdma(request: Request) -> bool:
    mode = request.tlvs.get(0x12)
    return bool(mode) and mode != bytes([MODE_GSM])


def status_of(tag: int) -> Status:
    if tag not in STATUSES:
        raise QmiError(Code.INVALID_ARGUMENT)
    return STATUSES[tag]


def route(row: bytes) -> tuple[int, Route]:
    """Message class and route of one row. Raises QmiError."""
    _, kind, storage, action = ROUTE.unpack_from(row)
    if kind > pdu.CLASS_NONE or storage not in STORAGES or action not in list(Action):
        raise QmiError(Code.INVALID_ARGUMENT)
    return kind, Route(STORAGES[storage], Action(action))
