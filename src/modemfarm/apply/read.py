# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at everything a plan is made from."""

import time
from collections.abc import Sequence

from ..errors import FarmError, PermanentError
from ..settings import FarmSettings
from . import lastgood
from .files import read_text
from .guard import Element
from .host import Host
from .plan import Config, Current, Target, rendered
from .sockets import Listener
from .systemd import UnitState


def read_current(host: Host, settings: FarmSettings, targets: Sequence[Target]) -> Current:
    """The state that `compute` compares with; FarmError when a part cannot be read.

    A guard that is gone and a systemd that does not answer are part of the picture.
    """
    (guard, stopped), guard_lost = _guard(host)
    listeners = host.read_listening()
    now = time.time()
    units, units_error = _units(host, targets)
    return Current(
        maps=host.read_maps(),
        links=host.read_links(),
        rules=host.read_rules(),
        guard=guard,
        stopped=stopped,
        strict=host.read_strict(target.usb.net for target in targets if target.usb is not None),
        guard_lost=guard_lost,
        units=units,
        units_error=units_error,
        configs={target.slot.slot: _config(host, settings, target, now) for target in targets},
        listeners=listeners,
        holders=_holders(host, targets, listeners),
        now=now,
    )


def _guard(
    host: Host,
) -> tuple[tuple[frozenset[Element], frozenset[int] | None], FarmError | None]:
    try:
        return host.read_guard_sets(), None
    except PermanentError as error:
        return (frozenset(), frozenset()), error


def _units(host: Host, targets: Sequence[Target]) -> tuple[dict[str, UnitState], FarmError | None]:
    try:
        return host.read_units(target.slot.unit for target in targets), None
    except FarmError as error:
        return {}, error


def _holders(
    host: Host, targets: Sequence[Target], listeners: tuple[Listener, ...]
) -> dict[int, str]:
    """Foreign processes on the ports of the modems; looked for only where there is one."""
    own = {port: t.slot.uid for t in targets for port in (t.slot.port, t.slot.socks_port) if port}
    strangers = [item for item in listeners if own.get(item.port, item.uid) != item.uid]
    return host.read_holders(strangers) if strangers else {}


def _config(host: Host, settings: FarmSettings, target: Target, now: float) -> Config:
    path = host.path(target.slot.config_path)
    text = read_text(path)
    kept = lastgood.read(path)
    wanted = rendered(settings, target)
    until = None if wanted is None else kept.refused_until(wanted, now)
    mtime = 0.0 if text is None else path.stat().st_mtime
    return Config(text, mtime, kept.good, until)
