# SPDX-License-Identifier: GPL-3.0-or-later
"""Real network namespaces, with names of their own that are removed afterwards."""

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from modemlab.carrier.netns import NetnsError, ensure, ip_batch, remove
from modemlab.carrier.network import CarrierPlan
from modemlab.lan import LanPlan, teardown

_COUNT = itertools.count(1)


@pytest.fixture(scope="session")
def may_use_namespaces() -> None:
    """Skip where the kernel or our rights do not allow what the lab host does."""
    if os.geteuid() != 0:
        pytest.skip("needs root: network namespaces and a TUN device are made")
    if not Path("/dev/net/tun").exists():
        pytest.skip("needs /dev/net/tun, which this machine does not have")
    if shutil.which("ip") is None:
        pytest.skip("needs iproute2, which is not installed")
    probe = f"ml{os.getpid() % 100000}p"
    try:
        ensure(probe)
        ip_batch(["addr add 2001:db8::1/128 dev lo nodad"], probe)
    except NetnsError as error:
        pytest.skip(f"needs network namespaces with IPv6, refused here: {error}")
    finally:
        remove(probe)


@pytest.fixture
def unique(may_use_namespaces: None) -> str:
    """A short name that no other test run uses (device names have 15 characters at most)."""
    return f"ml{os.getpid() % 100000}x{next(_COUNT)}"


@pytest.fixture
def carrier_plan(unique: str) -> Iterator[CarrierPlan]:
    plan = CarrierPlan(netns=f"{unique}c", tun="carrier0")
    yield plan
    remove(plan.netns)


@pytest.fixture
def lan_plan(unique: str) -> Iterator[LanPlan]:
    """A LAN whose "host" is a namespace too: this machine's own routes stay as they are."""
    host = f"{unique}h"
    ensure(host)
    plan = LanPlan(netns=f"{unique}l", host_device="lan0", host_netns=host)
    yield plan
    teardown(plan)
    remove(host)
