# SPDX-License-Identifier: GPL-3.0-or-later
"""One request, one answer: names, clients, caching, and what is refused."""

import json
import os
from ipaddress import IPv4Address

import pytest

from modemfarm.proxy.pac import NOWHERE
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import ModemRecord
from modemfarmd.pac.answer import answer
from modemfarmd.pac.state import Files, State

FARM = {
    "version": 1, "host": "h", "engine": "threeproxy", "lan_address": "192.168.1.100",
    "lan_interface": "lan0", "clients": ["192.168.1.0/24"], "nameservers": ["9.9.9.9"],
    "apn": "internet", "probe_url": "http://ip.lab.test/",
}  # fmt: skip
SERIAL = "867584030000017"
CLIENT = IPv4Address("192.168.1.50")
STATE = State(FarmSettings.from_dict(FARM), (ModemRecord(SERIAL, 1),))


def get(path, *headers, method="GET", client=CLIENT, state=STATE):
    """(status, headers, body)"""
    head = "\r\n".join((f"{method} {path} HTTP/1.1", "Host: farm", *headers))
    said = answer(head.encode(), client, state).decode()
    top, _, body = said.partition("\r\n\r\n")
    first, *lines = top.split("\r\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body


@pytest.mark.parametrize(
    "path", ["/pac/farm.pac", "/wpad.dat", "/proxy.pac", "/wpad.dat?x=1", f"/pac/{SERIAL}.pac"]
)
def test_a_pac_file(path):
    status, headers, body = get(path)
    assert status == 200
    assert headers["Content-Type"] == "application/x-ns-proxy-autoconfig"
    assert int(headers["Content-Length"]) == len(body)
    assert headers["Cache-Control"] == "no-cache"
    assert "function FindProxyForURL(url, host)" in body
    assert "192.168.1.100:3128" in body


def test_a_modem_by_the_port_that_it_has():
    assert get("/pac/3128.pac")[2] == get(f"/pac/{SERIAL}.pac")[2]


def test_the_farms_file_names_no_modem():
    assert SERIAL not in get("/wpad.dat")[2]


def test_it_stays_the_same_and_is_not_sent_again():
    _, headers, body = get("/wpad.dat")
    gone = State(STATE.settings, (ModemRecord(SERIAL, 1, "1-1", present=True),))
    assert get("/wpad.dat", state=gone)[2] == body
    status, again, nothing = get("/wpad.dat", f"If-None-Match: {headers['ETag']}")
    assert (status, nothing, again["ETag"]) == (304, "", headers["ETag"])
    assert get("/wpad.dat", 'if-none-match: "other"')[0] == 200
    more = State(STATE.settings, (*STATE.records, ModemRecord("867584030000025", 2)))
    assert get("/wpad.dat", f"If-None-Match: {headers['ETag']}", state=more)[0] == 200


def test_head_has_no_body():
    status, headers, body = get("/wpad.dat", method="HEAD")
    assert (status, body) == (200, "")
    assert int(headers["Content-Length"]) > 100


@pytest.mark.parametrize("path", ["/pac/867584030000099.pac", "/pac/3129.pac", "/pac/99999.pac"])
def test_a_modem_that_is_none_leads_nowhere(path):
    """A browser that gets 404 for its PAC file goes out by itself."""
    status, _, body = get(path)
    assert status == 200
    assert f'return "{NOWHERE}";' in body
    assert "no modem of this farm" in body


def test_a_slot_that_the_settings_no_longer_have_leads_nowhere():
    state = State(FarmSettings.from_dict(FARM | {"slots": 1}), (ModemRecord(SERIAL, 2),))
    assert f'return "{NOWHERE}";' in get(f"/pac/{SERIAL}.pac", state=state)[2]


@pytest.mark.parametrize("state", [State(None, None), State(STATE.settings, None)])
def test_while_nothing_can_be_read_nothing_gets_out(state):
    for path in ("/wpad.dat", f"/pac/{SERIAL}.pac"):
        status, _, body = get(path, state=state)
        assert status == 200
        assert f'return "{NOWHERE}";' in body


@pytest.mark.parametrize("client", ["192.168.2.50", "10.64.1.1", "127.0.0.1", "8.8.8.8"])
def test_strangers_are_refused(client):
    status, headers, body = get("/wpad.dat", client=IPv4Address(client))
    assert status == 403
    assert headers["Content-Type"] == "text/plain"
    assert "192.168.1.100" not in body


def test_the_host_itself_may_ask():
    assert get("/wpad.dat", client=IPv4Address("192.168.1.100"))[0] == 200


@pytest.mark.parametrize(
    "path",
    ["/", "/pac/", "/pac/x.pac", "/pac/86758403000001.pac", "/pac/0.pac", "/pac/../etc/passwd",
     "/pac/%2e%2e/x.pac", f"/pac/{SERIAL}.pac/x", f"//pac/{SERIAL}.pac", "/PAC/FARM.PAC"],
)  # fmt: skip
def test_what_is_no_pac_file(path):
    status, _, body = get(path)
    assert status == 404
    assert "/pac/farm.pac" in body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT"])
def test_other_methods(method):
    status, headers, _ = get("/wpad.dat", method=method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "request_", [b"", b"GET", b"get /wpad.dat HTTP/1.1", b"GET wpad.dat HTTP/1.1", b"\x16\x03\x01",
                 b"GET /wpad.dat HTTP/2", b"GET /wpad.dat", b"GET  /wpad.dat HTTP/1.1",
                 b"GET /wpad\x00.dat HTTP/1.1", b"GET /\xff HTTP/1.1\n"],
)  # fmt: skip
def test_what_is_no_request(request_):
    assert answer(request_, CLIENT, STATE).startswith(b"HTTP/1.1 400 ")


# Files.


@pytest.fixture
def files(tmp_path):
    (tmp_path / "farm.json").write_text(json.dumps(FARM))
    return tmp_path, Files(tmp_path / "farm.json", tmp_path / "modems.json")


def write(folder, *slots):
    rows = [{"serial": f"8675840300000{n:02d}", "slot": n} for n in slots]
    new = folder / "new"
    new.write_text(json.dumps({"version": 1, "host": "h", "modems": rows}))
    os.replace(new, folder / "modems.json")  # noqa: PTH105


def test_files_are_read_again_when_they_change(files):
    folder, read = files
    write(folder, 1)
    assert [r.slot for r in read().records] == [1]
    write(folder, 1, 2)
    assert [r.slot for r in read().records] == [1, 2]


def test_a_damaged_file_leaves_what_was_known(files, caplog):
    folder, read = files
    assert read().records is None  # not there yet
    write(folder, 1)
    assert [r.slot for r in read().records] == [1]
    (folder / "modems.json").write_text("{")
    assert [r.slot for r in read().records] == [1]
    (folder / "modems.json").unlink()
    assert [r.slot for r in read().records] == [1]
    caplog.clear()
    write(folder, 3)
    assert [r.slot for r in read().records] == [3]
    assert caplog.text == ""
