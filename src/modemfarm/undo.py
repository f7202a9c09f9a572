# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step on a modem has switched off and must switch on again, also when it is killed.

A note is written before and removed afterwards. On SIGTERM the step unwinds by itself; a note that
SIGKILL left behind is settled by the next run of modem_apply, or the start of the apply service.
"""

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from .apply.files import read_text, refuse_foreign_folder, write_text
from .errors import FarmError, InvalidValueError, ToolError
from .identity import check_serial, check_usb_path

FOLDER = Path("/run/modemfarm/undo")  # of root: what is in it is done as root
RADIO, USB, HUB_POWER = "radio", "usb", "hub-power"
STEPS = (RADIO, USB, HUB_POWER)


@dataclass(frozen=True)
class Undo:
    """What to switch on again: radio, USB device or hub port of the modem at `usb_path`."""

    step: str
    usb_path: str

    @classmethod
    def parse(cls, text: str) -> "Undo":
        """The content of a note; InvalidValueError for anything else."""
        try:
            found = json.loads(text)
            step, usb_path = found["step"], found["usb_path"]
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidValueError("note", text[:60], "a JSON object {step, usb_path}") from error
        if step not in STEPS:
            raise InvalidValueError("step", step, ", ".join(STEPS))
        return cls(step, check_usb_path(usb_path))


class Note:
    """The note about one modem; `serial` None for one whose IMEI nobody knows: it has no note."""

    def __init__(self, serial: str | None, undo: Undo, folder: Path) -> None:
        self._path = None if serial is None else folder / check_serial(serial)
        if self._path is not None:
            _make(folder)
            write_text(self._path, json.dumps(asdict(undo)) + "\n", 0o600)

    def remove(self) -> None:
        """Nothing is left to undo."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def pending(folder: Path) -> list[str]:
    """The modems with a note."""
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return []
    return [name for name in names if _is_serial(name)]


Actions = Mapping[str, Callable[[str, str], None]]


def settle(serial: str, folder: Path, actions: Callable[[], Actions]) -> Undo | None:
    """Do what the note of a modem says and remove it; None when there is none.

    `actions` gives a function (serial, usb_path) by step; it is called only when there is a note,
    as what can switch a radio on is slow to import. The note stays when that fails: FarmError.
    """
    path = folder / check_serial(serial)
    text = read_text(path)
    if text is None:
        return None
    refuse_foreign_folder(folder)
    try:
        undo = Undo.parse(text)
    except FarmError:
        path.unlink(missing_ok=True)  # torn, or none of ours: nobody can ever undo it
        return None
    actions()[undo.step](serial, undo.usb_path)
    path.unlink(missing_ok=True)
    return undo


def authorize(usb_path: str, value: str, root: Path) -> None:
    """Let the kernel take a USB device ("1") or let go of it ("0"); one that is gone is as good."""
    path = root / "sys/bus/usb/devices" / check_usb_path(usb_path) / "authorized"
    with contextlib.suppress(FileNotFoundError):
        try:
            path.write_text(value, encoding="ascii")
        except FileNotFoundError:
            raise
        except OSError as error:
            raise ToolError(
                f"cannot write {value} to {path}: {error.strerror}",
                "run it as root on the modem host",
            ) from error


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    refuse_foreign_folder(folder)


def _is_serial(name: str) -> bool:
    try:
        check_serial(name)
    except InvalidValueError:
        return False
    return True
