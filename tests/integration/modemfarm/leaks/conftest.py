# SPDX-License-Identifier: GPL-3.0-or-later
"""One world for each engine, shared by all tests of this folder."""

import shutil
import tempfile
from pathlib import Path

import pytest

from ....unit.roles.ansible_runs import ROOT, failures, run_playbook
from ..conftest import why_not
from .world import World

VARIABLES = {
    "farm_lan_address": "192.168.1.100",
    "farm_distribution": "Debian 12",
    "farm_slots": 4,
}
LAN = [{"interface": "lan0", "address": "192.168.1.100", "network": "192.168.1.0/24"}]
ENGINES = ("threeproxy", "v2ray")
FILES = (
    "roles/farm/templates/etc/modemfarm/farm.json.j2",
    "roles/routing/templates/etc/modemfarm/guard.nft.j2",
    "roles/routing/templates/etc/sysctl.d/80-modemfarm.conf.j2",
    "roles/routing/templates/usr/libexec/modemfarm/routing.j2",
)


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """Folder by engine with what the roles write on a host with a LAN interface lan0."""
    return write(tmp_path_factory, VARIABLES, LAN)


def write(tmp_path_factory, variables, addresses):
    """The same for another host: variables of the roles, and the addresses that it has."""
    base = tmp_path_factory.mktemp("written")
    hosts = {
        engine: variables | {"proxy_engine": engine, "test_target": str(base / engine)}
        for engine in ENGINES
    }
    names = {str(ROOT / f): f.split("/templates/")[1].removesuffix(".j2") for f in FILES}
    playbook = Path(__file__).with_name("render.yml")
    extra = {"test_templates": names, "farm_host_addresses": addresses}
    result = run_playbook(playbook, hosts, extra, tmp_path_factory.mktemp("run"))
    assert failures(result) == {}
    return {engine: base / engine for engine in ENGINES}


@pytest.fixture(scope="session", params=ENGINES)
def world(request, written):
    """A host with two modems that serve."""
    yield from worlds(request, written)


def worlds(request, written, own=None):
    """Such a host; `own`: by slot, what its policy has of its own."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    if request.param == "v2ray":
        program = shutil.which("v2ray")
        if program is None:
            pytest.skip("v2ray is not installed")
    else:
        program = request.getfixturevalue("threeproxy")
    # The slots' users read here; any other pytest run closes the common folder to them.
    with tempfile.TemporaryDirectory(prefix="modemfarm-px-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        if request.param == "threeproxy":
            program = shutil.copy(program, folder / "3proxy")
        found = World(written[request.param], folder, request.param, program)
        found.own = own or {}
        yield from serving(found)


def serving(built):
    """The world with both proxies, and its end."""
    try:
        built.build()
        for slot in (1, 2):
            built.start(slot)
        yield built
    finally:
        built.close()
