# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: S101 - these are tests
"""3proxy as it lies on the disk: what was built of the archive, nothing that upstream installs."""

import os
from collections.abc import Callable
from pathlib import PurePosixPath

import pytest

LINK = "/usr/local/3proxy/sbin/3proxy"
OURS = {
    "/etc/systemd/system/3proxy@.service",
    "/usr/libexec/modemfarm/build-3proxy",
    "/usr/local/3proxy",
    "/usr/local/etc/3proxy",
    LINK,
}
pytestmark = pytest.mark.skipif(
    not os.environ.get("THREEPROXY_ARCHIVE"), reason="THREEPROXY_ARCHIVE names no source of 3proxy"
)


@pytest.fixture(scope="module")
def program(root: Callable[[str], str]) -> str:
    """Where the link leads to in the end."""
    return root(f"readlink --canonicalize-existing {LINK}").strip()


@pytest.fixture(scope="module")
def elf(root: Callable[[str], str], program: str) -> str:
    """Header, segments, dynamic section and symbols of the program, by the container's readelf."""
    return root(f"readelf --wide --file-header --segments --dynamic --dyn-syms {program}")


def test_it_says_the_version_that_was_asked_for(root: Callable[[str], str]) -> None:
    assert "3proxy-1.0.0 (" in root(f"{LINK} --help 2>&1 || true")


def test_the_link_leads_to_the_only_version(root: Callable[[str], str], program: str) -> None:
    versions = "/usr/local/3proxy/versions"
    listed = root(f"find {versions} -type f").split()
    assert listed == [program]
    assert program.startswith(f"{versions}/1.0.0-")


def test_nobody_but_root_can_change_what_is_run(root: Callable[[str], str], program: str) -> None:
    way = [program, *map(str, PurePosixPath(program).parents)]
    rows = root(f"stat --format '%U:%G %a' {' '.join(way)}").splitlines()
    assert {row.split()[0] for row in rows} == {"root:root"}
    assert [row for row in rows if int(row.split()[1], 8) & 0o6022] == []


def test_the_program_is_hardened(elf: str) -> None:
    assert "Position-Independent Executable" in elf
    assert "GNU_RELRO" in elf
    assert "BIND_NOW" in elf
    (stack,) = [line for line in elf.splitlines() if line.strip().startswith("GNU_STACK")]
    assert stack.split()[-2] == "RW"
    assert "__stack_chk_fail" in elf
    assert "__fprintf_chk" in elf
    assert "RPATH" not in elf
    assert "RUNPATH" not in elf


def test_it_needs_libc_alone(elf: str) -> None:
    needed = [line.split("[")[1].rstrip("]") for line in elf.splitlines() if "(NEEDED)" in line]
    assert needed == ["libc.so.6"]


def test_nothing_of_upstreams_own_installation_is_there(
    root: Callable[[str], str], program: str
) -> None:
    """`make install` would bring a unit, an init script, users, a log folder, a cron job."""
    found = set(root("find / -xdev -iname '*3proxy*' -not -path '/proc/*'").split())
    assert found == {*OURS, program}
    names = {row.split(":")[0] for row in root("getent passwd; getent group").splitlines()}
    assert [name for name in names if "proxy" in name] == ["proxy"]  # Debian's own
    assert "3proxy" not in root("cat /etc/crontab /etc/cron.*/* /var/spool/cron/crontabs/* || true")
    units = root("systemctl list-unit-files --no-legend '*3proxy*' '*v2ray*'").split()
    assert units[0] == "3proxy@.service"
    assert len([word for word in units if word.endswith(".service")]) == 1


def test_the_build_leaves_no_user_and_no_workshop(root: Callable[[str], str]) -> None:
    assert root("find / -xdev -name '*modemfarm-build*' -not -path '/proc/*'") == ""
    assert root(r"find / -xdev \( -nouser -o -nogroup \) -not -path '/proc/*'") == ""
    assert (
        root(
            "systemctl list-units --all --type=service --no-legend 'run-u*' 'run-r*' '*build*'"
        ).strip()
        == ""
    )
