# SPDX-License-Identifier: GPL-3.0-or-later
"""How a run of qmicli ends: client ids given back, time and output bounded, errors by meaning."""

import signal
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modemfarm.errors import (
    AnswerUnreadableError,
    CommandTimeoutError,
    FarmError,
    InvalidValueError,
    MissingPartError,
    PortBusyError,
    PortGoneError,
)
from modemfarm.qmi.facts import SECTIONS, facts
from modemfarm.qmi.listing import list_ports
from modemfarm.qmi.process import MAX_OUTPUT, run
from modemfarm.qmi.tool import CLIENTS_PER_MODEM, ask
from modemfarm.record import Record
from modemlab.modem.spec import ModemSpec

DMS = 2
CAP_S = 1.0
FARM = 30


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.fixture
def stub(tmp_path: Path):
    """`stub(lines)`: a program in place of qmicli; its first argument names a file for its pid."""

    def make(lines: str) -> str:
        path = tmp_path / "stub"
        path.write_text(f"#!/usr/bin/python3\nimport os, signal, sys, time\n{lines}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return make


# With the lab's proxy


def test_a_time_out_is_a_sigint_and_the_client_id_comes_back(fake, mute, clients) -> None:
    modem, device = fake.plug(ModemSpec(1))
    mute(modem, DMS)
    records: list[Record] = []
    started = time.monotonic()
    with pytest.raises(CommandTimeoutError, match="did not answer dms-get-ids within 1 s"):
        ask(device, "dms-get-ids", records.append, timeout=CAP_S)
    assert time.monotonic() - started < CAP_S + 2
    assert clients(modem) == {}
    assert [(r.command, r.outcome) for r in records] == [("dms-get-ids", "timeout")]


def test_a_modem_that_says_nothing_at_all(fake) -> None:
    modem, device = fake.plug(ModemSpec(1))
    fake.lab.call(modem.faults.set, "qmi_silent", True)
    started = time.monotonic()
    with pytest.raises(CommandTimeoutError):
        ask(device, "dms-get-ids", timeout=CAP_S)
    assert time.monotonic() - started < CAP_S + 2


def test_facts_of_a_silent_modem_cost_one_time_out(fake, mute) -> None:
    modem, device = fake.plug(ModemSpec(1))
    mute(modem, DMS)

    def speak(device: str, action: str, observer: object, timeout: float) -> str:
        return ask(device, action, timeout=CAP_S)

    started = time.monotonic()
    found = facts(device, speak=speak)
    assert time.monotonic() - started < CAP_S + 2
    assert {reason["error"] for reason in found["reasons"].values()} == {"CommandTimeoutError"}
    assert set(found["reasons"]) == set(SECTIONS)


def test_an_interrupted_caller_gives_the_client_id_back(fake, mute, clients) -> None:
    """Ctrl-C, and an agent that is told to stop."""
    modem, device = fake.plug(ModemSpec(1))
    mute(modem, DMS)

    def stop(number: int, frame: object) -> None:
        taken.update(clients(modem))
        raise KeyboardInterrupt

    taken: dict[int, set[int]] = {}
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            ask(device, "dms-get-ids", timeout=20)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert taken == {DMS: {1}}
    assert clients(modem) == {}


def test_a_device_the_proxy_does_not_know(fake) -> None:
    with pytest.raises(PortGoneError):
        ask("/dev/full", "dms-get-ids")


def test_ids_that_are_used_up(fake) -> None:
    modem, device = fake.plug(ModemSpec(1))
    dms = modem.qmi_engine.dms
    dms.clients.update(range(1, 100))
    with pytest.raises(PortBusyError, match="ClientIdsExhausted"):
        ask(device, "dms-get-ids")


def test_thirty_modems_at_once(fake, make_modem, tmp_path: Path, clients) -> None:
    for n in range(FARM):
        make_modem(f"1-{n + 1}", n)
    plugged = [
        fake.plug(ModemSpec(n + 1, registration_seconds=0), tmp_path / f"dev/cdc-wdm{n}")
        for n in range(FARM)
    ]
    rows = list_ports(tmp_path)
    assert {row.usb_path: row.serial for row in rows} == {
        f"1-{n + 1}": modem.imei for n, (modem, _) in enumerate(plugged)
    }
    with ThreadPoolExecutor(FARM) as pool:
        found = list(pool.map(facts, [device for _, device in plugged]))
    assert [facts_["ids"]["serial"] for facts_ in found] == [modem.imei for modem, _ in plugged]
    assert all(clients(modem) == {} for modem, _ in plugged)


# With the real qmi-proxy


def test_through_the_real_proxy_ids_come_back_after_a_time_out(
    lab, real_proxy, mute, clients, until
) -> None:
    modem, face = lab.pty(ModemSpec(1, registration_seconds=0))
    device = face.paths["qmi"]
    assert modem.imei in ask(device, "dms-get-ids")
    mute(modem, DMS)
    for _ in range(3):
        with pytest.raises(CommandTimeoutError):
            ask(device, "dms-get-ids", timeout=0.5)
    until(lambda: clients(modem) == {})


def test_through_the_real_proxy_a_killed_qmicli_leaks_its_id(
    lab, real_proxy, mute, clients
) -> None:
    """The reason for all this care; should a newer proxy give ids back, the care may go."""
    modem, face = lab.pty(ModemSpec(1, registration_seconds=0))
    mute(modem, DMS)
    with pytest.raises(CommandTimeoutError, match="killed, so a client id is lost"):
        ask(face.paths["qmi"], "dms-get-ids", timeout=0.5, grace=0)
    time.sleep(0.5)  # nothing may happen within this time, so there is no condition to wait for
    assert clients(modem) == {DMS: {1}}


def test_unplugged_in_the_middle_of_a_question(lab, real_proxy, mute, clients, until) -> None:
    modem, face = lab.pty(ModemSpec(1))
    other, other_face = lab.pty(ModemSpec(2))
    mute(modem, DMS)

    def unplug() -> None:
        until(lambda: DMS in clients(modem))
        lab.call(face.close)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(unplug)
        started = time.monotonic()
        with pytest.raises(PortGoneError):
            ask(face.paths["qmi"], "dms-get-ids")
        assert time.monotonic() - started < 5
        done.result()
    assert other.imei in ask(other_face.paths["qmi"], "dms-get-ids")


def test_a_device_that_is_gone_is_not_even_tried(tmp_path: Path) -> None:
    for path in (tmp_path / "cdc-wdm0", tmp_path):
        with pytest.raises(PortGoneError, match="is not there"):
            ask(str(path), "dms-get-ids", program="/nowhere/qmicli")


# With programs in place of qmicli


def test_who_ignores_sigint_is_killed_after_the_grace(stub, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    program = stub(
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"open({str(pid_file)!r}, 'w').write(str(os.getpid()))\n"
        "print('deaf', flush=True)\ntime.sleep(60)"
    )
    ended = run((program,), cap=CAP_S, grace=0.5)
    assert (ended.interrupted, ended.killed, ended.code) == (True, True, -signal.SIGKILL)
    assert ended.output == "deaf\n"
    assert CAP_S + 0.5 <= ended.seconds < CAP_S + 3
    assert not alive(int(pid_file.read_text()))


def test_who_heeds_sigint_gets_its_grace(stub) -> None:
    program = stub(
        "def end(*_):\n    time.sleep(0.5); print('gave it back'); sys.exit(1)\n"
        "signal.signal(signal.SIGINT, end)\nprint('ready', flush=True)\ntime.sleep(60)"
    )
    ended = run((program,), cap=CAP_S, grace=10)
    assert (ended.interrupted, ended.killed, ended.code) == (True, False, 1)
    assert ended.output == "ready\ngave it back\n"


def test_a_flood_is_read_and_dropped(stub) -> None:
    program = stub("for _ in range(1000): print('x' * 10000)")
    with pytest.raises(AnswerUnreadableError, match=f"more than {MAX_OUTPUT}"):
        ask("/dev/null", "dms-get-ids", program=program)
    assert len(run((program,), cap=20).output) == MAX_OUTPUT


def test_a_child_that_keeps_the_pipe_open_is_not_waited_for(stub) -> None:
    program = stub("print('done', flush=True)\nif os.fork() == 0: time.sleep(5)")
    ended = run((program,), cap=20)
    assert ended.output == "done\n"
    assert ended.seconds < 4


def test_language_and_standard_input(stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    program = stub("print(os.environ['LC_ALL'], sys.stdin.read(), os.getsid(0) == os.getpid())")
    assert ask("/dev/null", "dms-get-ids", program=program) == "C.UTF-8  True\n"


def test_more_questions_than_a_modem_has_ids_for(stub) -> None:
    program = stub("time.sleep(2)")
    started = threading.Barrier(CLIENTS_PER_MODEM + 1, timeout=10)

    def slow(_: int) -> str:
        started.wait()
        return ask("/dev/zero", "nas-network-scan", program=program)

    with ThreadPoolExecutor(CLIENTS_PER_MODEM) as pool:
        running = pool.map(slow, range(CLIENTS_PER_MODEM))
        started.wait()
        time.sleep(0.3)  # they have passed the barrier and are about to start
        with pytest.raises(PortBusyError, match="under way"):
            ask("/dev/zero", "dms-get-ids", timeout=0.2)
        assert list(running) == [""] * CLIENTS_PER_MODEM


def test_no_qmicli() -> None:
    with pytest.raises(MissingPartError, match="not installed") as caught:
        ask("/dev/null", "dms-get-ids", program="qmicli-that-nobody-has")
    assert "libqmi-utils" in caught.value.remedy


@pytest.mark.parametrize(
    ("device", "action"),
    [
        ("--help", "dms-get-ids"), ("cdc-wdm0", "dms-get-ids"), ("/dev/x y", "dms-get-ids"),
        ("/dev/null\n", "dms-get-ids"), ("/dev/null", ""), ("/dev/null", "dms get"),
        ("/dev/null", "dms-get-ids --dms-reset"), ("/dev/null", "dms-get-ids\n"),
    ],
)  # fmt: skip
def test_nothing_is_started_for_what_is_no_device_or_action(device: str, action: str) -> None:
    records: list[Record] = []
    with pytest.raises(InvalidValueError):
        ask(device, action, records.append, program="/nowhere/qmicli")
    assert records == []


def test_errors_go_to_the_observer_as_well(stub) -> None:
    records: list[Record] = []
    program = stub("sys.exit('error: operation failed: endpoint hangup')")
    with pytest.raises(FarmError):
        ask("/dev/null", "dms-get-ids", records.append, program=program)
    assert [(r.outcome, "endpoint hangup" in r.answer) for r in records] == [("gone", True)]
    assert records[0].milliseconds > 0
