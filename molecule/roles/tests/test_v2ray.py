# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: S101 - these are tests
"""The packaged engine, which is taken where the source of 3proxy is not at hand."""

import os
from collections.abc import Callable

import pytest

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("THREEPROXY_ARCHIVE")), reason="3proxy is the engine"
)


def test_it_is_the_packages_own_program(root: Callable[[str], str]) -> None:
    assert root("dpkg-query --search /usr/bin/v2ray").startswith("v2ray: ")
    assert root("dpkg --verify v2ray") == ""
    assert root("/usr/bin/v2ray -version").startswith("V2Ray 4.")


def test_the_packages_own_service_is_off(root: Callable[[str], str]) -> None:
    """The package starts a proxy with a sample configuration, open on every address."""
    assert root("systemctl is-enabled v2ray.service || true").strip() in {"disabled", "masked"}
    assert root("systemctl is-active v2ray.service || true").strip() == "inactive"


def test_there_is_nothing_of_3proxy(root: Callable[[str], str]) -> None:
    units = root("systemctl list-unit-files --no-legend '*3proxy*' '*v2ray-proxy*'").split()
    assert [word for word in units if word.endswith(".service")] == ["v2ray-proxy@.service"]
    assert root("find / -xdev -iname '*3proxy*' -not -path '/proc/*'") == ""
