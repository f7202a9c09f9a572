# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm lab record`: ask a real modem what modemfarm asks, and write down what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from modemlab.modem.errors import LabError
from modemlab.recording.anonymise import anonymise
from modemlab.recording.format import Entry, Recording, dump, parse
from modemlab.recording.read_only import COMMANDS, chosen, seconds
from modemlab.recording.serial_line import SerialLine

SETTLE_SECONDS = 0.3  # what the port still holds from before
MAX_FOR_DAEMON = 100_000  # it goes to the lab host as one argument, of 128 KiB at most
SYSFS = Path("/sys")
USB_FACTS = ("idVendor", "idProduct", "bcdDevice", "product")  # no serial number: it tells who


def record(
    device: str,
    commands: Sequence[str] = COMMANDS,
    idle_seconds: float = 0.0,
    told: Callable[[str], None] = lambda _text: None,
) -> Recording:
    """Ask `commands` one after the other, then listen for so long. Raises PortError.

    `told` gets each command before it is sent.
    """
    entries: list[Entry] = []
    with SerialLine(device) as line:
        entries.extend(line.listen(SETTLE_SECONDS))
        for command in commands:
            told(command)
            entries.append(line.ask(command, seconds(command)))
        entries.extend(line.listen(idle_seconds))
    return Recording(tuple(entries), facts(device))


def facts(device: str, sysfs: Path = SYSFS) -> dict[str, str]:
    """What sysfs says about the port and the USB device it belongs to; only `tty` elsewhere."""
    name = Path(device).resolve().name
    found = {"tty": name}
    start = sysfs / "class/tty" / name / "device"
    if not start.exists():
        return found
    for folder in (start.resolve(), *start.resolve().parents):
        number = folder / "bInterfaceNumber"
        if number.exists():
            found["interface"] = number.read_text().strip()
        if (folder / "idVendor").exists():
            return found | {
                fact: (folder / fact).read_text().strip()
                for fact in USB_FACTS
                if (folder / fact).exists()
            }
    return found


def commands_of(path: Path | None) -> list[str]:
    """The commands of a file, or all of modemfarm's. Raises LabError."""
    if path is None:
        return list(COMMANDS)
    try:
        return chosen(path.read_text())
    except (OSError, ValueError) as error:
        raise LabError(f"{path}: {error}") from None


def load(path: Path) -> Recording:
    """A recording from its file. Raises RecordingError, and LabError when it cannot be read."""
    try:
        return parse(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise LabError(f"{path}: {error}") from None
    except LabError as error:
        raise type(error)(f"{path}: {error}") from None


def for_daemon(path: Path) -> str:
    """The text of a recording for the control socket. Raises LabError before anything is sent."""
    text = dump(load(path))
    if len(text) > MAX_FOR_DAEMON:
        raise LabError(f"{path} has {len(text)} characters: {MAX_FOR_DAEMON} are allowed here")
    return text


def run(
    device: str,
    output: Path | None,
    commands: Path | None,
    idle_seconds: float,
    *,
    hide: bool,
    told: Callable[[str], None],
) -> str:
    """The whole command. Gives the text when there is no output file. Raises LabError."""
    recording = record(device, commands_of(commands), idle_seconds, told)
    text = dump(anonymise(recording) if hide else recording)
    if output is None:
        return text
    try:
        output.write_text(text)
    except OSError as error:
        raise LabError(f"{output}: {error.strerror}") from None
    return ""
