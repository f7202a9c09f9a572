# SPDX-License-Identifier: GPL-3.0-or-later
"""A farm to break."""

from __future__ import annotations

import pytest

from .model import Model, well


@pytest.fixture
def farm() -> Model:
    """Thirty modems on four hubs that have been well for five minutes, and no noise."""
    return well(Model(30, seed=1, noise=0.0))
