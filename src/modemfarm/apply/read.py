# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what the host has now: four tools at the same time, the rest from files."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from .files import read_text
from .host import Host
from .plan import Config, Current, Target


def read_current(host: Host, targets: Sequence[Target]) -> Current:
    """The state that `compute` compares with; FarmError when a tool fails."""
    with ThreadPoolExecutor(3) as pool:
        rules = pool.submit(host.read_rules)
        guard = pool.submit(host.read_guard)
        units = pool.submit(host.read_units, [target.slot.unit for target in targets])
        maps = host.read_maps()
        configs = {target.slot.slot: _config(host, target) for target in targets}
        return Current(
            maps=maps,
            rules=rules.result(),
            guard=guard.result(),
            units=units.result(),
            configs=configs,
            listeners=host.read_listening(),
            now=int(time.time()),
        )


def _config(host: Host, target: Target) -> Config:
    path = host.path(target.slot.config_path)
    text = read_text(path)
    return Config() if text is None else Config(text, int(path.stat().st_mtime))
