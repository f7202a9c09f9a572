# SPDX-License-Identifier: GPL-3.0-or-later
"""Counters are read from the interface of the modem at a USB path, whatever its name is."""

import os
import shutil
from pathlib import Path

import pytest

from modemfarmd.agent.meter import Meter, Reading

BOOT = "6f1f2b1c-0000-4000-8000-000000000001"


class Tree:
    def __init__(self, root: Path) -> None:
        self.root = root
        boot = root / "proc/sys/kernel/random/boot_id"
        boot.parent.mkdir(parents=True)
        boot.write_text(f"{BOOT}\n")

    def interface(self, path: str, name: str, index: int, down: int, up: int) -> Path:
        folder = self.root / f"sys/bus/usb/devices/{path}/{path}:1.4/net/{name}"
        (folder / "statistics").mkdir(parents=True, exist_ok=True)
        (folder / "ifindex").write_text(f"{index}\n")
        (folder / "statistics/rx_bytes").write_text(f"{down}\n")
        (folder / "statistics/tx_bytes").write_text(f"{up}\n")
        return folder


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_the_interface_below_the_usb_device(tree: Tree) -> None:
    tree.interface("1-1", "wwan1", 7, 1000, 200)
    tree.interface("1-2", "wwan0", 8, 3, 2**40)
    meter = Meter(tree.root)
    assert meter.read("1-1") == Reading(f"{BOOT}/7", 1000, 200)
    assert meter.read("1-2") == Reading(f"{BOOT}/8", 3, 2**40)
    assert meter.read("1-3") is None


def test_a_path_is_not_taken_for_a_longer_one(tree: Tree) -> None:
    tree.interface("1-1.4", "wwan0", 7, 1, 1)
    assert Meter(tree.root).read("1-1") is None


def test_what_is_half_there_is_not_read(tree: Tree) -> None:
    folder = tree.interface("1-1", "wwan0", 7, 1, 1)
    (folder / "statistics/tx_bytes").unlink()
    assert Meter(tree.root).read("1-1") is None


def test_an_interface_that_is_another_meanwhile_is_not_read(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tree.interface("1-1", "wwan0", 7, 10**9, 1)
    read = Path.read_text

    def replug(path: Path, **how: str) -> str:
        text = read(path, **how)
        if path.name == "ifindex":
            (folder / "ifindex").write_text("9\n")
        return text

    monkeypatch.setattr(Path, "read_text", replug)
    assert Meter(tree.root).read("1-1") is None


def test_a_device_that_vanishes_while_it_is_listed(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tree.interface("1-1", "wwan0", 7, 1, 1).parent
    scan = os.scandir

    def vanish(path: str | int) -> object:
        if isinstance(path, os.PathLike | str) and Path(path) == folder:
            monkeypatch.setattr(os, "scandir", scan)
            shutil.rmtree(folder)
        return scan(path)

    monkeypatch.setattr(os, "scandir", vanish)
    assert Meter(tree.root).read("1-1") is None
    assert not folder.exists()
