# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's small parts: bus, scan, systemd, apply client, ports worth asking."""

import json
import os
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modemfarm.usb import find_modem
from modemfarmd.agent.bus import Bus, usb_path_of
from modemfarmd.agent.client import (
    outcome,
    parse_answer,
    parse_drift,
    parse_repaired,
    request_apply,
    wake,
)
from modemfarmd.agent.events import Scan
from modemfarmd.agent.identify import Answer, Identifier, ask, candidates
from modemfarmd.agent.systemd import Notifier
from modemfarmd.errors import ApplyError

GOOD = "867584030000017"


@pytest.mark.parametrize(
    ("sysfs", "path"),
    [
        ("/devices/pci0000:00/0000:00:14.0/usb1/1-1", "1-1"),
        ("/devices/platform/vhci_hcd.0/usb1/1-1/1-1.4/1-1.4:1.3/ttyUSB3/tty/ttyUSB3", "1-1.4"),
        ("/devices/platform/vhci_hcd.0/usb3/3-12/3-12:1.4/net/wwan11", "3-12"),
        ("/devices/platform/vhci_hcd.0/usb3/3-12/3-12:1.4/usbmisc/cdc-wdm0", "3-12"),
        ("/devices/virtual/net/lan0", None),
        ("/devices/pnp0/00:03/tty/ttyS0", None),
        ("/devices/pci0000:00/usb1", None),
    ],
)
def test_the_usb_path_in_a_sysfs_path(sysfs: str, path: str | None) -> None:
    assert usb_path_of(sysfs) == path


def test_a_replug_is_another_device(tmp_path: Path, make_modem: Callable[..., Path]) -> None:
    bus = Bus(tmp_path)
    real = make_modem("1-1")
    (real / "devnum").write_text("5\n")
    first = bus.device("1-1")
    assert first is not None
    assert bus.device("1-1") == first
    (real / "devnum").write_text("6\n")
    assert bus.device("1-1") != first
    assert bus.device("1-2") is None
    assert bus.paths() == {"1-1"}


def test_a_device_is_ready_when_its_node_is_ours(
    tmp_path: Path, make_modem: Callable[..., Path]
) -> None:
    make_modem("1-1")
    bus = Bus(tmp_path)
    device = bus.device("1-1")
    assert device is not None
    assert not bus.ready(device)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/ttyUSB3").write_text("")
    assert bus.ready(device)


def test_the_scan_names_what_changed_and_nothing_else(
    tmp_path: Path, make_modem: Callable[..., Path]
) -> None:
    named: list[str] = []
    scan = Scan(Bus(tmp_path), named.append, threading.Event())
    make_modem("1-1", 0)
    scan.look()
    assert named == ["1-1"]
    scan.look()
    make_modem("1-2", 1)
    scan.look()
    assert named == ["1-1", "1-2"]
    by_id = tmp_path / "dev/serial/by-id"
    by_id.mkdir(parents=True)
    (by_id / "usb-Quectel_EC25-EUX-if03-port0").write_text("")
    scan.look()
    assert sorted(named[2:]) == ["1-1", "1-2"]
    shutil.rmtree(tmp_path / "sys/bus/usb/devices")
    scan.look()
    assert sorted(named[4:]) == ["1-1", "1-2"]


def test_ports_worth_asking(tmp_path: Path, make_modem: Callable[..., Path]) -> None:
    make_modem("1-1", 0)
    make_modem("1-2", 1, data_driver="cdc_ether")
    make_modem("1-3", 2, bound=False)
    tables = [
        candidates(usb) for path in ("1-1", "1-2", "1-3") if (usb := find_modem(path, tmp_path))
    ]
    assert tables == [["ttyUSB3"], ["ttyUSB7"], []]


def test_asking_a_port_that_is_not_there_is_an_answer(
    tmp_path: Path, make_modem: Callable[..., Path]
) -> None:
    make_modem("1-1")
    usb = find_modem("1-1", tmp_path)
    assert usb is not None
    answer = ask(usb, "1", tmp_path / "dev", tmp_path)
    assert answer.identity is None
    assert answer.reason
    assert answer.remedy


def test_an_identifier_reports_exactly_once(
    tmp_path: Path, make_modem: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemfarmd.agent.identify.CAP_S", 0.2)
    make_modem("1-1")
    usb = find_modem("1-1", tmp_path)
    assert usb is not None
    reports: list[Answer] = []
    release, told = threading.Event(), threading.Event()

    def hang(*_: object) -> Answer:
        release.wait(5)
        return Answer("1-1", "1", None, None, "late", None)

    def report(answer: Answer) -> None:
        reports.append(answer)
        told.set()

    Identifier(report, asker=hang).start(usb, "1")
    assert told.wait(5)
    release.set()
    for thread in threading.enumerate():
        if thread.name == "ask-1-1":
            thread.join(5)
    assert [r.reason for r in reports] == [
        "the AT port at USB path 1-1 did not answer within 0.2 s"
    ]


def test_systemd_hears_us(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(path))
        heard.settimeout(5)
        notifier = Notifier({"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "30000000"})
        assert notifier.watchdog_s == 30
        assert notifier.ready("fine")
        assert heard.recv(100) == b"READY=1\nSTATUS=fine"
    assert not notifier.alive("nobody listens")
    assert not Notifier({}).ready("no systemd")


def test_the_abstract_namespace_works() -> None:
    name = f"@modemfarm-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind("\0" + name[1:])
        assert Notifier({"NOTIFY_SOCKET": name}).stopping()
        assert heard.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"{}\n", b"[]\n", b'{"ok":true}\n', b"\xff\n",
        b'{"ok":false,"error":"no","modems":[]}\n',
        b'{"ok":true,"seconds":1,"modems":[{"serial":"x","state":"serving"}]}\n',
        b'{"ok":true,"seconds":1,"modems":[{"serial":"867584030000017","state":"?"}]}\n',
        b'{"ok":true,"seconds":1,"modems":[{"serial":"867584030000017","state":"serving",'
        b'"interface":"a b"}]}\n',
    ],
)  # fmt: skip
def test_answers_that_are_none(answer: bytes) -> None:
    with pytest.raises(ApplyError):
        parse_answer(answer)


def test_a_row_becomes_an_outcome() -> None:
    row = {"serial": GOOD, "state": "failed", "reason": "no\x1b[31m", "interface": None}
    found = outcome(row)
    assert (found.status, found.reason, found.wan_address) == ("error", "no\\x1b[31m", None)


def test_states_and_their_status() -> None:
    rows = [("degraded", "wwan0"), ("held", "wwan0"), ("held", None), ("waiting", None)]
    found = [outcome({"serial": GOOD, "state": s, "interface": i}).status for s, i in rows]
    assert found == ["online", "online", "offline", "offline"]


def answer_line(**values: Any) -> bytes:
    row = {"serial": GOOD, "state": "waiting", "changed": ["guard"], "interface": None}
    whole = {"ok": True, "rc": 0, "seconds": 1.0, "error": None, "modems": [row], "host": [],
             "repair": None}  # fmt: skip
    return json.dumps(whole | values).encode()


def test_drift_of_the_host_is_beside_that_of_the_modems() -> None:
    drift = parse_drift(answer_line(host=["guard", "rule 2999"]))
    assert drift.host == ("guard", "rule 2999")
    assert drift.rows[0]["changed"] == ["guard"]
    for bad in ({"host": None}, {"host": 3}, {"modems": [{}]}, {"ok": False, "error": "no"}):
        with pytest.raises(ApplyError):
            parse_drift(answer_line(**bad))


STEP = {"step": "usb", "seconds": 2.5, "before": {"devnum": "7"}, "after": None, "error": "m; r"}


def test_a_step_that_failed_is_an_answer() -> None:
    found = parse_repaired(answer_line(ok=False, error="T: m; r", repair=STEP))
    assert (found.step, found.seconds, found.before, found.after, found.error) == tuple(
        STEP.values()
    )
    with pytest.raises(ApplyError, match="works on it"):
        parse_repaired(answer_line(ok=False, error="T: another run works on it"))
    with pytest.raises(ApplyError, match="cannot be read"):
        parse_repaired(answer_line(repair=STEP | {"seconds": None}))


def test_no_service_is_said_and_waking_it_is_harmless(tmp_path: Path) -> None:
    wake(tmp_path / "none")
    with pytest.raises(ApplyError, match="No such file"):
        request_apply([GOOD], path=tmp_path / "none")


def test_a_service_that_hangs_up_is_said(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                asked = {"play": "modem", "serials": [GOOD], "prove": True}
                assert json.loads(connection.recv(1000)) == asked

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(ApplyError, match="broke off"):
            request_apply([GOOD], path=path)
        thread.join(5)
