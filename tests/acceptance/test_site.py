# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/site.yml: predicts on a fresh host, changes nothing the second time."""

import pytest

from modemlab.host import engine
from modemlab.host.lab import Lab
from modemlab.host.progress import Progress


@pytest.fixture
def fresh() -> Lab:
    """A lab host that nothing was installed on."""
    lab = Lab("acceptance-fresh")
    progress = Progress()
    lab.boot(lab.image(progress), engine.choose(lab.project, lab.base / "cache"), progress)
    lab.install_modems()  # brings the LAN interface that the inventory names
    yield lab
    lab.stop()


def test_second_run_changes_nothing(lab: Lab) -> None:
    recap = lab.site(Progress(), log="second.log", quiet=True)
    assert (recap.changed, recap.failed, recap.unreachable) == (0, 0, 0)


def test_check_mode_predicts_on_a_fresh_host(fresh: Lab) -> None:
    before = fresh.guest.text(["sudo", "find", "/etc", "-newer", "/proc/1/cmdline", "-type", "f"])
    recap = fresh.site(Progress(), "--check", "--diff", log="check.log", quiet=True)
    assert recap.failed == 0
    assert recap.changed > 10
    after = fresh.guest.text(["sudo", "find", "/etc", "-newer", "/proc/1/cmdline", "-type", "f"])
    assert after == before
