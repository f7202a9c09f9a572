# SPDX-License-Identifier: GPL-3.0-or-later
"""Names mitogen's strategy: molecule.yml cannot say where the virtual environment keeps it."""

from ansible_mitogen.loaders import strategy_loader
from ansible_mitogen.strategy import StrategyMixin

Linear = strategy_loader.get("linear", class_only=True)


class StrategyModule(StrategyMixin, Linear):
    """Ansible's own linear strategy, over mitogen's connections."""
