# SPDX-License-Identifier: GPL-3.0-or-later
"""A made sysfs for each test."""

from pathlib import Path

import pytest

from ...usb_tree import UsbTree


@pytest.fixture
def tree(tmp_path: Path) -> UsbTree:
    return UsbTree(tmp_path / "sys")
