# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: S101 - these are tests
"""sshd after dev-sec's baseline, and that the admin still gets in."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from modemlab.baseline import ssh
from modemlab.baseline.control import Verdict
from modemlab.baseline.host import Host

NAME = "modemfarm-roles"
CONFIG = Path(__file__).parents[3] / "build/molecule" / NAME / "ssh_config"
NO_KEY = (
    "-o",
    "PubkeyAuthentication=no",
    "-o",
    "PreferredAuthentications=password,keyboard-interactive",
)


def login(*options: str) -> subprocess.CompletedProcess[str]:
    """A login over a connection of its own."""
    fresh = ("-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "BatchMode=yes")
    return subprocess.run(
        ["ssh", "-F", str(CONFIG), *fresh, *options, NAME, "sudo -n id -u"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_ssh_baseline(state: Host, expect: Callable[..., Verdict]) -> None:
    verdict = expect(state, "ssh", ssh.CONTROLS)
    assert len(verdict.kept) >= 35


def test_admin_gets_in_by_key_and_becomes_root() -> None:
    done = login()
    assert (done.returncode, done.stdout.strip()) == (0, "0"), done.stderr


def test_nobody_is_asked_for_a_password() -> None:
    done = login(*NO_KEY)
    assert done.returncode != 0
    assert "(publickey)" in done.stderr  # what the server offers


def test_root_does_not_get_in_with_the_same_key(root: Callable[[str], str]) -> None:
    root("install -d -m 0700 /root/.ssh && cp /home/admin/.ssh/authorized_keys /root/.ssh/")
    try:
        done = login("-l", "root")
    finally:
        root("rm /root/.ssh/authorized_keys")
    assert done.returncode != 0
    assert "Permission denied" in done.stderr


@pytest.mark.parametrize(
    "options",
    [("-oCiphers=aes128-ctr", "-oMACs=hmac-sha1"), ("-oKexAlgorithms=ecdh-sha2-nistp256",)],
)
def test_weak_algorithms_are_refused(options: tuple[str, ...]) -> None:
    done = login("-oLogLevel=INFO", *options)
    assert done.returncode != 0
    assert "no matching" in done.stderr
