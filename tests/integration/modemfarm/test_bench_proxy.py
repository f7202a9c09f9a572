# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench of proxies on a small scale: its instrument counts, its stages are as told."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from modemlab.bench.proxy import engines, load
from modemlab.bench.proxy.stage import LAN, TABLE_BASE, stage

WAYS = [f"{kept}{way}" for kept in ("", "keep-") for way in ("http", "socks", "connect")]
TOOLS = ("gcc", "ip", "nft", "setpriv", "prlimit")
missing = [tool for tool in TOOLS if shutil.which(tool, path=engines.SBIN) is None]
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or bool(missing), reason=f"needs root and {', '.join(TOOLS)}"
)


@pytest.fixture
def folder(open_folder):
    return open_folder


@pytest.fixture
def tool(folder):
    return load.build(folder)


@pytest.fixture
def program(threeproxy, folder):
    copy = shutil.copy(threeproxy, folder / "3proxy")
    Path(copy).chmod(0o755)
    return str(copy)


def everything(on, engine, folder, tool):
    """Requests of all ways through one engine, and what it has for memory."""
    with load.serving(tool, on.carrier), engines.running(on, engine, folder) as pid:
        place = (LAN, engine.ports["socks"])
        results = {how: load.call(tool, on.lan, how, place, 2, 0.3) for how in WAYS}
        stream = load.call(tool, on.lan, "socks", place, 1, 0.3, load.ENDLESS)
        with load.held(tool, on.lan, "socks", place, 50) as count:
            assert count == 50
            full = engines.pss_mib(pid)
        return results, stream, full


def test_bare_3proxy_on_a_bare_stage(program, folder, tool):
    with stage("t", 0) as on:
        results, stream, full = everything(on, engines.bare(program), folder, tool)
    assert {how: found.failed for how, found in results.items()} == dict.fromkeys(WAYS, 0)
    assert min(found.requests for found in results.values()) >= 2
    assert results["keep-socks"].bytes == results["keep-socks"].requests * load.SMALL
    assert (stream.requests, stream.failed) == (0, 0)
    assert stream.bytes > 1_000_000
    assert full > 1


def test_ours_on_a_stage_with_guard_and_rules(program, folder, tool):
    """The second slot of two: its uid, its table; without its element nothing comes back."""
    with stage("g", 2) as on:
        results, _, _ = everything(on, engines.ours(2, program), folder, tool)
        assert {how: found.failed for how, found in results.items()} == dict.fromkeys(WAYS, 0)
        run = (
            "nft",
            "delete",
            "element",
            "inet",
            "modemfarm_guard",
            "uplinks",
            "{ 61002 . wwan0 }",
        )
        subprocess.run(load.inside(on.host, *run), check=True)
        with load.serving(tool, on.carrier), engines.running(on, engines.ours(2, program), folder):
            cut = load.call(tool, on.lan, "socks", (LAN, 3129), 1, 0.3)
        assert (cut.requests, cut.failed > 0) == (0, True)
    assert TABLE_BASE == 1000


def test_a_proxy_that_refuses_is_counted_as_failed(program, folder, tool):
    with stage("r", 0) as on:
        found = load.call(tool, on.lan, "socks", (LAN, 3200), 2, 0.2)
    assert found.requests == 0
    assert found.failed > 10
