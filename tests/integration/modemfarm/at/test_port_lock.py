# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.port_lock and its queue with real processes: who has the port, and who is next."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial

from modemfarm.at import port_lock
from modemfarm.at.port_lock import file_holder
from modemfarm.at.session import AtSession
from modemfarm.errors import CommandCancelledError, FarmError, PortBusyError, PortGoneError
from modemfarm.processes import started as started_at

from .scripted import CAP_S, ScriptedModem

SOURCE = Path(__file__).parents[4] / "src"
SOON_S = 2.0  # at once, on a machine that starts other processes meanwhile
LONG_S = 30.0
NOBODY = 65534
TIOCGEXCL = 0x80045440  # asm-generic/ioctls.h; Python has no name for it

Holder = subprocess.Popen[str]
Start = Callable[..., Holder]


@pytest.fixture
def start(modem: ScriptedModem, tmp_path: Path) -> Iterator[Start]:
    """`start(wait, uid=None)`: a process that wants the port."""
    running: list[Holder] = []

    def begin(wait: float = LONG_S, *uid: int) -> Holder:
        words = [str(Path(__file__).with_name("holder.py")), modem.device, str(tmp_path), str(wait)]
        process = subprocess.Popen(
            [sys.executable, *words, *map(str, uid)],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()


def said(process: Holder) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def let_go(process: Holder) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def tickets(folder: Path) -> int:
    return len(list(folder.glob("[0-9]*.[0-9]*.[0-9]*")))


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + CAP_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


def queue_up(start: Start, folder: Path, *arguments: float) -> Holder:
    """Start a process and wait until it stands in the queue."""
    before = tickets(folder)
    process = start(*arguments)
    wait_until(lambda: tickets(folder) == before + 1, "it does not queue")
    return process


def test_the_second_waits_until_the_first_has_finished(start: Start, tmp_path: Path) -> None:
    first = start()
    assert said(first) == "open"
    second = queue_up(start, tmp_path)
    let_go(first)
    assert said(second) == "open"
    assert first.wait(CAP_S) == 0


def test_the_second_gets_the_name_of_the_first(
    start: Start, modem: ScriptedModem, tmp_path: Path
) -> None:
    first = start()
    assert said(first) == "open"
    name = Path(f"/proc/{first.pid}/comm").read_text().strip()
    holder = rf"{modem.device} is held by {name} \(process {first.pid}\)"
    for wait, least in ((0, 0.0), (0.3, 0.3)):
        started = time.monotonic()
        with pytest.raises(PortBusyError, match=holder):
            AtSession(modem.device, lock_dir=tmp_path, wait=wait).open()
        assert least <= time.monotonic() - started < least + SOON_S
    assert tickets(tmp_path) == 1


def test_who_stands_behind_waiters_gets_the_name_of_the_holder(
    start: Start, modem: ScriptedModem, tmp_path: Path
) -> None:
    first = start()
    assert said(first) == "open"
    queue_up(start, tmp_path)
    with pytest.raises(PortBusyError, match=rf"process {first.pid}\)"):
        AtSession(modem.device, lock_dir=tmp_path, wait=0.2).open()


def test_a_killed_holder_frees_the_port_at_once(
    start: Start, modem: ScriptedModem, tmp_path: Path
) -> None:
    first = start()
    assert said(first) == "open"
    second, third = queue_up(start, tmp_path), queue_up(start, tmp_path)
    started = time.monotonic()
    first.kill()
    modem.last_close()
    assert said(second) == "open"
    second.kill()
    modem.last_close()
    assert said(third) == "open"
    assert time.monotonic() - started < SOON_S
    let_go(third)
    assert third.wait(CAP_S) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_killed_waiter_delays_nobody(start: Start, tmp_path: Path) -> None:
    first = start()
    assert said(first) == "open"
    second, third = queue_up(start, tmp_path), queue_up(start, tmp_path)
    second.kill()
    second.wait()
    let_go(first)
    started = time.monotonic()
    assert said(third) == "open"
    assert time.monotonic() - started < SOON_S


def test_five_waiters_are_served_in_order(start: Start, tmp_path: Path) -> None:
    first = start()
    assert said(first) == "open"
    waiters = [queue_up(start, tmp_path) for _ in range(5)]
    let_go(first)
    for place, process in enumerate(waiters):
        assert said(process) == "open"
        time.sleep(0.05)  # room for a later one to be wrong
        assert tickets(tmp_path) == 5 - place
        let_go(process)
        assert process.wait(CAP_S) == 0


def test_threads_are_served_in_order_too(modem: ScriptedModem, tmp_path: Path) -> None:
    served: list[int] = []

    def want(place: int) -> None:
        with AtSession(modem.device, lock_dir=tmp_path, wait=LONG_S):
            served.append(place)

    with AtSession(modem.device, lock_dir=tmp_path):
        threads = [threading.Thread(target=want, args=(place,)) for place in range(5)]
        for place, thread in enumerate(threads):
            thread.start()
            wait_until(lambda place=place: tickets(tmp_path) == place + 2, "it does not queue")
    for thread in threads:
        thread.join(CAP_S)
    assert served == [0, 1, 2, 3, 4]
    assert list(tmp_path.iterdir()) == []


def test_fifty_at_once_never_share_the_port(modem: ScriptedModem, tmp_path: Path) -> None:
    inside, most = [0], [0]

    def want() -> None:
        with AtSession(modem.device, lock_dir=tmp_path, wait=LONG_S) as session:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            assert session.command("AT+CSQ").lines == ("+CSQ: 20,99",)
            inside[0] -= 1

    threads = [threading.Thread(target=want) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG_S)
    assert (most, modem.seen) == ([1], ["AT+CSQ"] * 50)


def test_a_port_of_a_program_outside_the_queue_is_tried_for_the_whole_wait(
    modem: ScriptedModem, tmp_path: Path
) -> None:
    holder = os.open(modem.device, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    wait = 2.4 * port_lock.RETRY_S  # no multiple of the pauses in between
    session = AtSession(modem.device, lock_dir=tmp_path, wait=wait)
    started = time.monotonic()
    with pytest.raises(PortBusyError):
        session.open()
    assert wait <= time.monotonic() - started < wait + SOON_S
    os.close(holder)


def test_the_wait_can_be_cancelled(start: Start, modem: ScriptedModem, tmp_path: Path) -> None:
    first = start()
    assert said(first) == "open"
    session = AtSession(modem.device, lock_dir=tmp_path, wait=LONG_S)
    threading.Timer(0.2, session.cancel).start()
    started = time.monotonic()
    with pytest.raises(CommandCancelledError):
        session.open()
    assert time.monotonic() - started < 0.2 + SOON_S
    assert tickets(tmp_path) == 1


def test_a_program_outside_the_queue_is_named_and_waited_for(
    modem: ScriptedModem, tmp_path: Path
) -> None:
    code = "import serial,sys; p=serial.Serial(sys.argv[1],exclusive=True); print(); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", code, modem.device],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    said(other)
    with pytest.raises(PortBusyError, match=rf"\(process {other.pid}\)"):
        AtSession(modem.device, lock_dir=tmp_path, wait=0).open()
    threading.Timer(0.3, other.communicate).start()
    with AtSession(modem.device, lock_dir=tmp_path, wait=CAP_S) as session:
        assert session.command("AT").lines == ()
    other.wait(CAP_S)


def test_a_lock_file_of_a_live_program_holds_the_port(modem: ScriptedModem, tmp_path: Path) -> None:
    other = subprocess.Popen(["sleep", "60"])
    lock = tmp_path / f"LCK..{Path(modem.device).name}"
    lock.write_text(f"{other.pid:10d}\n")
    try:
        with pytest.raises(PortBusyError, match=rf"sleep \(process {other.pid}\)"):
            AtSession(modem.device, lock_dir=tmp_path, wait=0).open()
        assert lock.exists()
    finally:
        other.kill()
        other.wait()
    with AtSession(modem.device, lock_dir=tmp_path, wait=0) as session:
        assert session.command("AT").lines == ()


def test_the_port_is_exclusive_for_others_and_freed(modem: ScriptedModem, tmp_path: Path) -> None:
    session = AtSession(modem.device, lock_dir=tmp_path)
    session.open()
    (lock,) = tmp_path.glob("LCK..*")
    first, second, rest = lock.read_text().split("\n")
    assert first == f"{os.getpid():10d}"
    assert (second, rest) == (f"modemfarm {started_at(os.getpid())}", "")
    assert file_holder(lock) == os.getpid()
    with pytest.raises(serial.SerialException):
        serial.Serial(modem.device, exclusive=True)
    session.close()
    assert list(tmp_path.iterdir()) == []
    handle = os.open(modem.device, os.O_RDWR | os.O_NOCTTY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert fcntl.ioctl(handle, TIOCGEXCL, b"\0" * 4) == b"\0" * 4
    finally:
        os.close(handle)


@pytest.mark.parametrize(
    "content",
    [b"  99999999\n", b"rubbish", b"", b"\xff" * 4000, b"         0\n", b"        -1\n",
     f"{os.getppid():10d}\nmodemfarm 1\n".encode()],  # the last one: its number was used again
)  # fmt: skip
def test_a_dead_lock_file_is_taken_over(
    modem: ScriptedModem, tmp_path: Path, content: bytes
) -> None:
    lock = tmp_path / f"LCK..{Path(modem.device).name}"
    lock.write_bytes(content)
    with AtSession(modem.device, lock_dir=tmp_path, wait=0) as session:
        assert session.command("AT").lines == ()
        assert file_holder(lock) == os.getpid()


def test_links_to_a_port_share_its_lock(modem: ScriptedModem, tmp_path: Path) -> None:
    link = tmp_path / "at3"
    link.symlink_to(modem.device)
    locks = tmp_path / "locks"
    locks.mkdir()
    with (
        AtSession(str(link), lock_dir=locks),
        pytest.raises(PortBusyError, match=rf"\(process {os.getpid()}\)"),
    ):
        AtSession(modem.device, lock_dir=locks, wait=0).open()


def test_without_a_place_for_locks_the_port_itself_decides(
    modem: ScriptedModem, tmp_path: Path
) -> None:
    nowhere = tmp_path / "none"
    with AtSession(modem.device, lock_dir=nowhere) as session:
        assert session.command("AT").lines == ()
        other = AtSession(modem.device, lock_dir=nowhere, wait=0.1)
        with pytest.raises(PortBusyError, match="held by another program"):
            other.open()


def test_the_farms_own_directory_is_used_where_there_is_one(
    modem: ScriptedModem, tmp_path: Path
) -> None:
    own = tmp_path / "modemfarm"
    own.mkdir()
    with AtSession(modem.device, lock_dir=tmp_path):
        assert len(list(own.iterdir())) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="two users: needs root")
@pytest.mark.parametrize("users", [(), (NOBODY,)])
def test_root_and_another_user_share_the_queue(
    start: Start, modem: ScriptedModem, tmp_path: Path, users: tuple[int, ...]
) -> None:
    os.chown(modem.device, NOBODY, NOBODY)
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o1777)
    first = start(LONG_S, *users)
    assert said(first) == "open"
    second = queue_up(start, tmp_path, LONG_S, *(() if users else (NOBODY,)))
    first.kill()
    modem.last_close()
    assert said(second) == "open"
    let_go(second)
    assert second.wait(CAP_S) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="another user: needs root")
def test_who_may_not_open_the_port_is_told_so_at_once(
    start: Start, modem: ScriptedModem, tmp_path: Path
) -> None:
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o1777)
    os.chmod(modem.device, 0o600)  # noqa: PTH101
    started = time.monotonic()
    words = said(start(LONG_S, NOBODY))
    assert time.monotonic() - started < LONG_S / 2
    assert words.startswith(f"NotPermittedError: may not open {modem.device}")
    assert "join the group dialout" in words


def test_locks_can_be_seen_by_other_users_whatever_the_umask(
    modem: ScriptedModem, tmp_path: Path
) -> None:
    before = os.umask(0o077)
    try:
        with AtSession(modem.device, lock_dir=tmp_path):
            modes = {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {0o644}


def test_no_such_port(tmp_path: Path) -> None:
    with pytest.raises(PortGoneError, match="is not there"):
        AtSession(str(tmp_path / "ttyUSB9"), lock_dir=tmp_path).open()
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_terminal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FarmError, match="file"):
        AtSession(str(tmp_path / "file"), lock_dir=tmp_path, wait=0).open()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
