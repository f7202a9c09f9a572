# SPDX-License-Identifier: GPL-3.0-or-later
"""mitogen's linear strategy, which also ships our package with our own modules (see `closure`)."""

from pathlib import Path
from typing import Any

import ansible_mitogen.loaders
import ansible_mitogen.module_finder
import ansible_mitogen.strategy

from modemlab.host.closure import closure

OURS = "ansible.module_utils.modemfarm"
_theirs = ansible_mitogen.module_finder.scan
_Base = ansible_mitogen.loaders.strategy_loader.get("linear", class_only=True)


def _scan(module_name: str, module_path: str, search_path: Any) -> list[tuple[str, str, bool]]:
    found = {item[0]: item for item in _theirs(module_name, module_path, search_path)}
    if Path(module_path).parent.name == "library":
        ours = closure(Path(module_path), tuple(search_path))
        found |= {item[0]: item for item in ours if item[0].startswith(OURS)}
    return sorted(found.values())


ansible_mitogen.module_finder.scan = _scan


class StrategyModule(ansible_mitogen.strategy.StrategyMixin, _Base):  # type: ignore[misc,valid-type]
    """Ansible looks for this name."""
