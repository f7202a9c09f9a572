# SPDX-License-Identifier: GPL-3.0-or-later
"""A world whose agent has just started."""

import pytest

from .world import World


@pytest.fixture
def world() -> World:
    world = World()
    world.turn()
    return world
