# SPDX-License-Identifier: GPL-3.0-or-later
"""The answer to one request for a PAC file. Pure: bytes in, bytes out.

A browser that does not get its PAC file goes out by itself. So a name that is well formed is
answered with a script in any case: that of a modem which is none (any more), or while nothing can
be read, leads nowhere. Only a stranger, and what is no name of a PAC file, gets an error.
"""

from __future__ import annotations

import hashlib
import re
from ipaddress import IPv4Address

from modemfarm.errors import FarmError
from modemfarm.proxy.pac import farm_script, modem_script, nowhere_script
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import ModemRecord

from .state import State

TYPE = "application/x-ns-proxy-autoconfig"
# Also where browsers look by themselves (WPAD), and where people guess.
FARM = frozenset(("/pac/farm.pac", "/wpad.dat", "/proxy.pac"))
FARM_PATH, MODEM_PATH = "/pac/farm.pac", "/pac/{}.pac"
_MODEM = re.compile(r"/pac/([0-9]{15}|[1-9][0-9]{0,4})\.pac\Z")
_REQUEST = re.compile(rb"([A-Z]{1,16}) (/[!-~]*) HTTP/1\.[01]\Z")
_TEXTS = {
    200: "OK",
    304: "Not Modified",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
}


def answer(request: bytes, client: IPv4Address, state: State) -> bytes:
    """The whole answer to `request` (head without body), which came from `client`."""
    first, *rest = request.split(b"\r\n")
    found = _REQUEST.match(first)
    if found is None:
        return _error(400, "no HTTP request; allowed: GET /pac/farm.pac HTTP/1.1")
    method, path = found[1].decode(), found[2].decode().partition("?")[0]
    body = method != "HEAD"
    if not admitted(client, state.settings):
        return _error(403, f"{client} is not among the clients of this farm", body)
    if method not in ("GET", "HEAD"):
        return _error(405, f"{method} is not allowed; allowed: GET, HEAD", body)
    script = script_at(path, client, state)
    if script is None:
        allowed = f"{', '.join(sorted(FARM))}, /pac/IMEI.pac, /pac/PORT.pac"
        return _error(404, f"there is no such PAC file; allowed: {allowed}", body)
    return _script(script, rest, body)


def admitted(client: IPv4Address, settings: FarmSettings | None) -> bool:
    """Whether an address may ask. While there are no settings everybody may: it leads nowhere."""
    if settings is None:
        return True
    return client in settings.listen_choices or any(client in n for n in settings.clients)


def script_at(path: str, client: IPv4Address | None, state: State) -> str | None:
    """The script of a path; None for what is no name of a PAC file."""
    modem = _MODEM.match(path)
    if path not in FARM and modem is None:
        return None
    if state.settings is None or state.records is None:
        return nowhere_script("settings or registry cannot be read")
    if modem is None:
        return farm_script(state.settings, state.records, client)
    record = _record(modem[1], state.settings, state.records)
    if record is not None:
        try:
            return modem_script(state.settings, record)
        except FarmError:
            pass  # a slot that the settings no longer have
    return nowhere_script("no modem of this farm")


def _record(
    name: str, settings: FarmSettings, records: tuple[ModemRecord, ...]
) -> ModemRecord | None:
    """By IMEI, or by the port of its slot."""
    for record in records:
        if name in (record.serial, str(settings.port_base + record.slot)):
            return record
    return None


def _script(script: str, headers: list[bytes], body: bool) -> bytes:
    data = script.encode("ascii")
    tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
    fields = [f"ETag: {tag}", "Cache-Control: no-cache"]  # keep it, and ask whether it has changed
    for line in headers:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"if-none-match" and tag.encode() in value:
            return _head(304, fields)
    fields += [f"Content-Type: {TYPE}", f"Content-Length: {len(data)}"]
    return _head(200, fields) + (data if body else b"")


def _error(status: int, words: str, body: bool = True) -> bytes:
    data = f"{words}\n".encode("ascii", "replace")
    fields = ["Content-Type: text/plain", f"Content-Length: {len(data)}", "Cache-Control: no-store"]
    if status == 405:
        fields.append("Allow: GET, HEAD")
    return _head(status, fields) + (data if body else b"")


def _head(status: int, fields: list[str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {_TEXTS[status]}", *fields]
    lines += ["X-Content-Type-Options: nosniff", "Connection: close"]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii")
