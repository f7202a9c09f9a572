# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that enters a PIN as the agent does: `pin_process.py PORT FOLDER [STOP]`.

It says one word: how it ended. With STOP it says `stopped` at that point and waits to be killed:
`written` after the try is on the disk, `sent` after the PIN is at the port.
"""

import sys
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[4] / "src"))

from modemfarm.at.commands.identity import iccid
from modemfarm.at.permit import Permit
from modemfarm.at.session import AtSession
from modemfarm.errors import FarmError
from modemfarm.pin.ledger import Ledger
from modemfarm.pin.secret import read_pins
from modemfarm.pin.unlock import unlock

CAP_S = 60  # nobody waits longer to be killed


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def wait_for_death() -> None:
    say("stopped")
    threading.Event().wait(CAP_S)


def stop_at(point: str, session: AtSession) -> None:
    """Have the session hang where the PIN is about to be written, or just was."""
    real = session.send

    def send(permit: Permit, *more: Any) -> Any:
        if "CPIN=" not in permit.text:
            return real(permit, *more)
        if point == "written":
            wait_for_death()
        timer = threading.Timer(0.2, wait_for_death)
        timer.start()
        return real(permit, *more)

    session.send = send  # type: ignore[method-assign]


def main(port: str, folder: str, stop: str = "") -> None:
    with AtSession(port, lock_dir=Path(folder)) as session:
        session.sync()
        found = iccid(session) or ""
        pin = read_pins(Path(folder) / "pins.json").of(found)
        if stop:
            stop_at(stop, session)
        if pin is None:
            say("none")
        else:
            sent = unlock(session, found, pin, Ledger(Path(folder) / "pin-tries.json")).sent
            say("sent" if sent else "ready")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except FarmError as error:
        say(type(error).__name__)
