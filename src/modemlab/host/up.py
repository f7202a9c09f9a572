# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a lab to the state "installed, N modems serving", from a saved state where one fits."""

from dataclasses import dataclass

from . import engine as engines
from . import farm, site, tools
from .errors import LabError
from .lab import Lab
from .progress import Progress

MAX_MODEMS = 32  # slots of inventories/lab
SERVING_S = {1: 90, 8: 180, MAX_MODEMS: 420}  # caps under TCG, three times what was measured


@dataclass
class Up:
    """What bringing it up found."""

    engine: engines.Engine
    recap: site.Recap
    rows: list[farm.Row]
    resumed: bool


def check_modems(count: int) -> int:
    """Return `count`; raises LabError outside 1..MAX_MODEMS."""
    if not 1 <= count <= MAX_MODEMS:
        raise LabError(f"MODEMS={count}: allowed are 1 to {MAX_MODEMS}")
    return count


def cap_for(count: int) -> float:
    """Seconds that `count` modems plugged at once may take until all serve."""
    return next(cap for most, cap in sorted(SERVING_S.items()) if count <= most)


def bring_up(lab: Lab, modems: int, progress: Progress, *, fresh: bool = False) -> Up:
    """Build or resume, run site.yml, have `modems` modems serving; a new state is saved."""
    check_modems(modems)
    packages = tools.missing_packages()
    if packages:
        with progress.step(f"installing Debian packages: {' '.join(packages)}"):
            lab.base.mkdir(parents=True, exist_ok=True)
            tools.ensure(packages, lab.base / "apt.log")
    engine = engines.choose(lab.project, lab.base / "cache")
    progress.say(f"proxy engine: {engine.label}: {engine.reason}")
    image = lab.image(progress)
    state = lab.state(image, engine, modems)
    resumed = state.is_dir() and not fresh
    if resumed:
        lab.resume(image, engine, state, progress)
    else:
        lab.boot(image, engine, progress)
        with progress.step("starting the virtual modems' daemon and the carrier"):
            lab.install_modems()
    with progress.step("playbooks/site.yml"):
        recap = lab.site(progress, quiet=resumed)
    progress.say(f"site.yml: ok={recap.ok} changed={recap.changed} failed={recap.failed}")
    if not resumed:
        plug(lab, modems, progress)
    rows = farm.rows(lab)
    if not resumed:
        lab.save(state, progress)
    return Up(engine, recap, rows, resumed)


def plug(lab: Lab, modems: int, progress: Progress) -> None:
    """Add `modems` virtual modems, plug them at once, wait until all of them serve."""
    lab.control("add", n=1, count=modems)
    serials = {modem["imei"] for modem in lab.control("list")["modems"]}
    with progress.step(f"plugging {modems} modems at once, until all of them serve"):
        lab.control("plug", modem=list(range(1, modems + 1)))
        farm.wait_for(
            farm.serving(lab, serials),
            cap_for(modems),
            f"{modems} modems serving",
            lambda: farm.explain(lab),
        )
