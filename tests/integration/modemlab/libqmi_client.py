# SPDX-License-Identifier: GPL-3.0-or-later
"""The real libqmi at a modem's QMI port, asking what ModemManager asks; results as JSON.

Run by the system's Python, which has python3-gi: `libqmi_client.py DEVICE PDU…` sends each PDU
(hexadecimal) and reads what comes in, then goes through USSD. Prints one JSON object a line.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import gi  # type: ignore[import-not-found]

gi.require_version("Qmi", "1.0")
from gi.repository import Gio, GLib, Qmi  # type: ignore[import-not-found]  # noqa: E402

CAP_S = 10
GSM = Qmi.WmsMessageFormat.GSM_WCDMA_POINT_TO_POINT
NV = Qmi.WmsStorageType.NV
loop = GLib.MainLoop()


def say(what: str, **values: Any) -> None:
    print(json.dumps({"what": what, **values}), flush=True)  # noqa: T201


def wait(until: Callable[[], bool]) -> None:
    """Run the loop until something is so. Raises TimeoutError."""
    end = GLib.get_monotonic_time() + CAP_S * 1_000_000
    tick = GLib.timeout_add(20, lambda: True)
    while not until():
        if GLib.get_monotonic_time() > end:
            raise TimeoutError
        loop.get_context().iteration(True)
    GLib.source_remove(tick)


def call(source: Any, name: str, *arguments: Any) -> Any:
    """One asynchronous libqmi operation to its result; the answer's own error is raised too."""
    box: list[Any] = []

    def ready(object_: Any, result: Any, *_: Any) -> None:
        try:
            box.append(getattr(object_, f"{name}_finish")(result))
        except GLib.Error as error:
            box.append(error)

    getattr(source, name)(*arguments, ready)
    wait(lambda: bool(box))
    if isinstance(box[0], GLib.Error):
        raise box[0]
    if hasattr(box[0], "get_result"):
        box[0].get_result()
    return box[0]


def open_device(path: str) -> Any:
    box: list[Any] = []
    new = Qmi.Device.new
    new(Gio.File.new_for_path(path), None, lambda _, r: box.append(Qmi.Device.new_finish(r)))
    wait(lambda: bool(box))
    call(box[0], "open", Qmi.DeviceOpenFlags.NONE, CAP_S, None)
    return box[0]


def client_of(device: Any, service: Any) -> Any:
    return call(device, "allocate_client", service, Qmi.CID_NONE, CAP_S, None)


def messages(device: Any, pdus: list[str]) -> None:
    wms = client_of(device, Qmi.Service.WMS)
    arrived: list[int] = []
    wms.connect("event-report", lambda _, out: arrived.append(out.get_mt_message()[1]))
    wanted = Qmi.MessageWmsSetEventReportInput.new()
    wanted.set_new_mt_message_indicator(True)
    call(wms, "set_event_report", wanted, CAP_S, None)
    for pdu in pdus:
        send = Qmi.MessageWmsRawSendInput.new()
        send.set_raw_message_data(GSM, list(bytes.fromhex(pdu)))
        try:
            out = call(wms, "raw_send", send, CAP_S, None)
            say("sent", reference=out.get_message_id())
        except GLib.Error as error:
            say("refused", error=error.message)
            continue
        wait(lambda: bool(arrived))
        read(wms, arrived.pop())
    routes = call(wms, "get_routes", None, CAP_S, None).get_route_list()
    say("routes", count=len(routes))


def read(wms: Any, index: int) -> None:
    """Read, list and delete one message of ME."""
    ask = Qmi.MessageWmsRawReadInput.new()
    ask.set_message_memory_storage_id(NV, index)
    ask.set_message_mode(Qmi.WmsMessageMode.GSM_WCDMA)
    tag, form, data = call(wms, "raw_read", ask, CAP_S, None).get_raw_message_data()
    listing = Qmi.MessageWmsListMessagesInput.new()
    listing.set_storage_type(NV)
    listing.set_message_mode(Qmi.WmsMessageMode.GSM_WCDMA)
    found = call(wms, "list_messages", listing, CAP_S, None).get_message_list()
    say("read", index=index, tag=int(tag), form=int(form), pdu=bytes(data).hex(),
        listed=[(one.memory_index, int(one.message_tag)) for one in found])  # fmt: skip
    gone = Qmi.MessageWmsDeleteInput.new()
    gone.set_memory_storage(NV)
    gone.set_memory_index(index)
    gone.set_message_mode(Qmi.WmsMessageMode.GSM_WCDMA)
    call(wms, "delete", gone, CAP_S, None)


def ussd(device: Any) -> None:
    voice = client_of(device, Qmi.Service.VOICE)
    register = Qmi.MessageVoiceIndicationRegisterInput.new()
    register.set_ussd_notification_events(True)
    call(voice, "indication_register", register, CAP_S, None)
    heard: list[tuple[int, str]] = []

    def indicated(_: Any, out: Any) -> None:
        heard.append((int(out.get_user_action()), uss_text(out)))

    voice.connect("ussd", indicated)
    for code in ("*100#", "*102#"):
        out = call(voice, "originate_ussd", uss(Qmi.MessageVoiceOriginateUssdInput, code),
                   CAP_S, None)  # fmt: skip
        say("answer", text=uss_text(out))
    menu: list[Any] = []
    voice.originate_ussd(
        uss(Qmi.MessageVoiceOriginateUssdInput, "*101#"), CAP_S, None,
        lambda client, result: menu.append(client.originate_ussd_finish(result)),
    )  # fmt: skip
    wait(lambda: bool(heard))
    say("menu", action=heard[0][0], text=heard.pop()[1], over=bool(menu))
    call(voice, "answer_ussd", uss(Qmi.MessageVoiceAnswerUssdInput, "1"), CAP_S, None)
    wait(lambda: bool(heard) and bool(menu))
    say("last", action=heard[0][0], text=heard.pop()[1])
    calls = call(voice, "get_all_call_info", None, CAP_S, None)
    say("calls", numbers=len(calls.get_remote_party_number()))


def uss(kind: Any, text: str) -> Any:
    made = kind.new()
    made.set_uss_data(Qmi.VoiceUssDataCodingScheme.ASCII, list(text.encode()))
    return made


def uss_text(out: Any) -> str:
    """As ModemManager reads it: UTF-16 when it is there, else by coding scheme."""
    try:
        return "".join(map(chr, out.get_uss_data_utf16()))
    except GLib.Error:
        scheme, data = out.get_uss_data()
        return bytes(data).decode("ascii" if int(scheme) == 1 else "utf-16-be")


def main() -> None:
    device = open_device(sys.argv[1])
    messages(device, sys.argv[2:])
    ussd(device)


main()
