# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure and small parts of the apply code, with recorded inputs and hostile ones."""

import http.server
import json
import socket
import sys
import threading
import time
from ipaddress import IPv4Address

import pytest

from modemfarm.apply import guard, profile, systemd
from modemfarm.apply.background import Background
from modemfarm.apply.files import commit, read_text, stage_text
from modemfarm.apply.plan import Current, Target, compute
from modemfarm.apply.probe import ProbeError, parse_answer, probe
from modemfarm.apply.rules import Rule, host_rules, mark_rule, slot_changes, slot_rule
from modemfarm.apply.sockets import Listener, owners, read_listeners
from modemfarm.apply.tools import run
from modemfarm.errors import InvalidValueError, MissingPartError, ToolError
from modemfarm.proxy.plan import proxy_plan
from modemfarm.settings import FarmSettings
from modemfarm.snapshot import ModemRecord

SETTINGS = FarmSettings.from_dict(
    {
        "version": 1, "host": "lab", "engine": "threeproxy", "lan_address": "192.168.1.100",
        "lan_interface": "lan0", "clients": ["192.168.1.0/24"], "nameservers": ["203.0.113.53"],
        "apn": "internet", "probe_url": "http://ip.lab.test/",
    }
)  # fmt: skip
LAN = IPv4Address("192.168.1.100")
SERIAL = "867584030000017"

TCP = """  sl  local_address rem_address   st
   0: 6401A8C0:0C38 00000000:0000 0A 00000000:00000000 00:00000000 00000000 61001        0 111 1 x
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 112 1 x
   2: 6401A8C0:0C39 3201A8C0:C001 01 00000000:00000000 00:00000000 00000000  1000        0 113 1 x
   3: 0100007F:0C3A 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 114 1 x
   rubbish
"""
TCP6 = """  sl  local_address
   0: 00000000000000000000000000000000:0C3B 0:0000 0A 0:0 0:0 0 33 0 5 1
   1: 00000000000000000000000001000000:0C3C 0:0000 0A 0:0 0:0 0 34 0 6 1
"""


def test_listeners(tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net/tcp").write_text(TCP)
    (tmp_path / "net/tcp6").write_text(TCP6)
    found = read_listeners(tmp_path)
    assert found[0] == Listener(LAN, 3128, 61001, 111)
    assert owners(found, LAN, 3128) == {61001}
    assert owners(found, LAN, 22) == {0}
    assert owners(found, LAN, 3129) == frozenset()  # a connection, not a listener
    assert owners(found, LAN, 3130) == frozenset()  # on another address
    assert owners(found, LAN, 3131) == {33}  # [::] takes IPv4 as well
    assert owners(found, LAN, 3132) == frozenset()


def test_listeners_of_this_machine():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert len(owners(read_listeners(), IPv4Address("127.0.0.1"), port)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"nftables": []}',
        '{"nftables": [{"set": 1}]}',
        '{"nftables": [{"set": {"elem": [{"concat": ["x", 1]}]}}]}',
    ],
)
def test_a_guard_that_is_none(text):
    with pytest.raises(ToolError, match="uplinks"):
        guard.parse(text)


def listing(*chains):
    items = [{"set": {"name": "uplinks", "elem": [{"concat": [61001, "wwan0"]}]}}]
    return json.dumps({"nftables": items + [{"rule": {"chain": name}} for name in chains]})


def test_a_guard_with_an_emptied_chain_is_none():
    assert guard.parse(listing("output", "uplink", "more")) == {(61001, "wwan0")}
    with pytest.raises(ToolError, match="missing in its chains output"):
        guard.parse(listing("uplink"))
    chains = guard.chains_of(
        "table x {\nset y {\n type z\n}\nchain uplink { }\n}\nflush table x\ntable x {\n"
        "chain output {\n type x;\n # why\n one { 1, 2 }\n\n two\n}\n  chain input {\n a\n}\n}\n"
    )
    assert chains == {"uplink": 0, "output": 2, "input": 1}
    with pytest.raises(ToolError, match="chains input, output"):
        guard.parse(listing("output", "uplink"), chains)
    assert guard.parse(listing("output", "output", "input"), chains) == {(61001, "wwan0")}
    assert guard.chains_of(None) == guard.NEEDED


def test_guard_changes():
    current = frozenset({(61001, "wwan0"), (61002, "wwan1"), (61009, "wwan9")})
    assert guard.wanted_changes(current, {61001: "wwan0"}) == (frozenset(), frozenset())
    assert guard.wanted_changes(current, {61001: None}) == ({(61001, "wwan0")}, frozenset())
    assert guard.wanted_changes(current, {61001: "wwan1"}) == (
        {(61001, "wwan0"), (61002, "wwan1")},
        {(61001, "wwan1")},
    )


def test_guard_transaction_is_whole_and_quoted():
    text = guard.transaction([(61001, "wwan0")], [(61001, "wwp0s20u1.4")])
    assert text == (
        'delete element inet modemfarm_guard uplinks { 61001 . "wwan0" }\n'
        'add element inet modemfarm_guard uplinks { 61001 . "wwp0s20u1.4" }\n'
    )
    assert guard.transaction([], []) == ""
    with pytest.raises(InvalidValueError):
        guard.transaction([], [(1, 'x" }; flush ruleset; #')])


def test_rules_of_a_slot():
    slot = SETTINGS.slot(1)
    wanted = slot_rule(slot)
    assert wanted.arguments() == "pref 2001 uidrange 61001-61001 lookup 1001"
    marked = mark_rule(slot)
    assert slot_changes(frozenset({wanted, marked}), slot) == ()
    stale = Rule(4, 2001, uids=(61001, 61001), table=77)
    foreign = Rule(4, 2001, table=5, other=True)
    far = Rule(4, 2002, table=5)
    changes = slot_changes(frozenset({stale, foreign, far, marked}), slot)
    assert [(change.rule, change.add) for change in changes] == [(wanted, True), (stale, False)]
    old = Rule(4, 501, table=77, mark=marked.mark)
    changes = slot_changes(frozenset({wanted, old, Rule(4, 501, table=5)}), slot)
    assert [(change.rule, change.add) for change in changes] == [(marked, True), (old, False)]


def test_rules_of_the_host_fail_closed_first():
    plan = compute(Current(), SETTINGS, [])
    (step,) = plan.steps
    assert [change.rule.preference for change in step.changes] == [2999, 2999, 1000]
    assert step.diff().after.splitlines()[0] == "pref 2999 uidrange 61001-61032 unreachable"
    assert compute(Current(rules=host_rules(SETTINGS)), SETTINGS, []).steps == ()


def test_a_plan_in_the_order_of_safety(make_modem, tmp_path):
    from modemfarm.usb import find_modem

    make_modem("1-1")
    record = ModemRecord(SERIAL, 1, "1-1", present=True)
    slot = SETTINGS.slot(1)
    target = Target(record, slot, find_modem("1-1", tmp_path), proxy_plan(SETTINGS, slot))
    names = [step.name for step in compute(Current(), SETTINGS, [target]).steps]
    assert names == ["rule", "rule", "guard", "link", "proxy", "proxy", "proxy"]


def test_profile():
    text = profile.render(SERIAL, "0a" * 20, "internet", 1001)
    assert "autoconnect=false\n" in text
    assert "route-table=1001\n" in text
    assert f"id=modem-{SERIAL}\nuuid={profile.profile_uuid(SERIAL)}\n" in text
    assert profile.profile_path(SERIAL).name == f"modem-{SERIAL}.nmconnection"
    for bad in (
        ("x" * 15, "0a" * 20, "a"),
        (SERIAL, "0a\nx=1", "a"),
        (SERIAL, "0a" * 20, "a\n[x]"),
    ):
        with pytest.raises(InvalidValueError):
            profile.render(*bad, 1)


def test_transient_units_know_their_order():
    assert systemd.ORDER.index(systemd.ENABLE) < systemd.ORDER.index(systemd.START)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "closed"),
        (b"SSH-2.0-x\r\n", "closed"),
        (b"HTTP/1.0 403 Forbidden\r\n\r\nno", "'403'"),
        (b"HTTP/1.0 200 OK\r\n\r\nhello <b>", "no address: 'hello <b>'"),
        (b"HTTP/1.0 200 OK\r\n\r\n", "no address"),
        (b"HTTP/1.0 200 OK\r\n\r\n10.64.1.2 extra", "no address"),
        (b"\xff\xfe\r\n\r\n", "closed"),
    ],
)
def test_answers_that_prove_nothing(answer, said):
    with pytest.raises(ProbeError, match=said):
        parse_answer(answer)


def test_an_answer_that_does():
    assert parse_answer(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n 10.64.1.2\n") == "10.64.1.2"


class Slow(http.server.BaseHTTPRequestHandler):
    """Announces a length, sends it, and holds the connection open, as v2ray does."""

    seen: list[str] = []  # noqa: RUF012

    def do_GET(self):
        self.seen.append(self.path)
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n10.64.1.2\n")
        self.wfile.flush()
        time.sleep(1)

    def log_message(self, *_):
        pass


def test_probe_does_not_wait_for_the_close():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        started = time.monotonic()
        where = (IPv4Address("127.0.0.1"), server.server_address[1])
        assert probe(*where, "http://ip.lab.test/", started) == "10.64.1.2"
        assert time.monotonic() - started < 0.9
        server.shutdown()
    assert Slow.seen == ["http://ip.lab.test/"]


class Choosy(Slow):
    """Knows one of the two targets."""

    seen: list[str] = []  # noqa: RUF012

    def do_GET(self):
        if "other" in self.path:
            super().do_GET()
        else:
            self.seen.append(self.path)
            self.wfile.write(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")


def test_probe_asks_the_second_target_when_the_first_does_not_answer():
    first, second = "http://ip.lab.test/", "http://ip.other.test/"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Choosy) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        where = (IPv4Address("127.0.0.1"), server.server_address[1])
        assert probe(*where, first, time.monotonic(), second) == "10.64.1.2"
        with pytest.raises(ProbeError, match="503"):
            probe(*where, first, time.monotonic())
        server.shutdown()
    assert Choosy.seen == [first, second, first]


def test_probe_tries_until_somebody_listens(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(ProbeError, match="nothing listens"):
        probe(IPv4Address("127.0.0.1"), port, "http://x/", started + 0.5)
    assert 0.1 < time.monotonic() - started < 2


def test_probe_ends_with_a_silent_proxy(monkeypatch):
    monkeypatch.setattr("modemfarm.apply.probe.REQUEST_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(ProbeError, match="no answer within"):
            probe(IPv4Address("127.0.0.1"), port, "http://x/", time.monotonic())


def test_tools():
    assert run((sys.executable, "-c", "print(input())"), "a b") == "a b\n"
    with pytest.raises(ToolError, match=r"oh \(exit code 3\)"):
        run(
            (
                sys.executable,
                "-c",
                "import sys; sys.stderr.write(chr(27) + chr(10) + 'oh'); sys.exit(3)",
            )
        )
    with pytest.raises(ToolError, match="did not end within"):
        run((sys.executable, "-c", "import time; time.sleep(9)"), timeout=0.2)
    with pytest.raises(MissingPartError, match="not installed"):
        run(("no-such-program-here",))


def test_staged_files(tmp_path):
    path = tmp_path / "1.cfg"
    staged = stage_text(path, "new\n", 0o640)
    assert staged.suffix == ".cfg"
    assert read_text(path) is None
    commit(staged, path)
    assert read_text(path) == "new\n"
    assert path.stat().st_mode & 0o777 == 0o640
    with pytest.raises(MissingPartError, match="no group"):
        stage_text(path, "x", 0o640, "no-such-group")
    assert [entry.name for entry in tmp_path.iterdir()] == ["1.cfg"]


def test_background():
    rung = threading.Event()
    good = Background(lambda: "x", rung.set)
    assert rung.wait(5)
    assert (good.result(), good.done()) == ("x", True)

    def broken():
        raise OSError("no")

    with pytest.raises(ToolError, match="no"):
        Background(broken, rung.set).result()
