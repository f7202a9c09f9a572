# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what the host has now, once for the whole batch."""

import time
from collections.abc import Sequence

from .files import read_text
from .host import Host
from .plan import Config, Current, Target


def read_current(host: Host, targets: Sequence[Target]) -> Current:
    """The state that `compute` compares with; FarmError when a part cannot be read."""
    return Current(
        maps=host.read_maps(),
        rules=host.read_rules(),
        guard=host.read_guard(),
        units=host.read_units(target.slot.unit for target in targets),
        configs={target.slot.slot: _config(host, target) for target in targets},
        listeners=host.read_listening(),
        now=time.time(),
    )


def _config(host: Host, target: Target) -> Config:
    path = host.path(target.slot.config_path)
    text = read_text(path)
    return Config() if text is None else Config(text, path.stat().st_mtime)
