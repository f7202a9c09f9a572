# SPDX-License-Identifier: GPL-3.0-or-later
"""What a killed step on a modem has left switched off is switched on before anything else.

What does it is imported only when there is something: it brings all of the AT engine along.
"""

from collections.abc import Sequence
from dataclasses import replace

from .. import undo
from ..errors import FarmError
from .host import Host
from .progress import Progress
from .result import DEGRADED, SERVING


def undo_left(host: Host, items: Sequence[Progress]) -> dict[str, FarmError]:
    """Settle the notes about `items`, whose locks are held; errors by serial."""
    folder = host.path(undo.FOLDER)
    left, errors = set(undo.pending(folder)), {}
    for item in items:
        if item.serial not in left:
            continue
        try:
            undo.settle(item.serial, folder, lambda: actions(host))
        except FarmError as error:
            errors[item.serial] = error
            continue
        item.result.note("undo")
        record = item.target.record
        if record.present and record.usb_path:
            item.target = replace(item.target, usb=host.usb(record.usb_path))
    return errors


def actions(host: Host) -> undo.Actions:
    """What settles notes on this host."""
    from ..fair_queue import LOCK_DIR
    from ..reset import unwind
    from ..spool import FOLDER

    return unwind.actions(host.root, host.path(LOCK_DIR), host.path(FOLDER), host.run)


def tell_left(items: Sequence[Progress], errors: dict[str, FarmError]) -> None:
    """Say of a modem that does not serve what is still switched off."""
    for item in items:
        error, result = errors.get(item.serial), item.result
        if error is not None and result.state not in (SERVING, DEGRADED):
            words = f"a killed step could not be undone: {error.message}"
            reason = words if result.reason is None else f"{result.reason}; {words}"
            result.end(result.state, reason, error.remedy)
