# SPDX-License-Identifier: GPL-3.0-or-later
"""What a control is, and how controls and waivers are judged."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from .host import Host

WAIVERS = Path(__file__).with_name("waivers.yml")
Check = Callable[[Host], str]


@dataclass(frozen=True)
class Control:
    """A promise; `check` says what was found instead, or nothing when it is kept.

    `number` is the baseline's own. `whole_kernel`: a container shares this with its host, so it
    is not judged there.
    """

    number: str
    promise: str
    check: Check
    whole_kernel: bool = False


@dataclass
class Verdict:
    """`broken` and `needless` (waived, yet kept) with what was found or the waiver's reason."""

    kept: list[str] = field(default_factory=list)
    waived: list[str] = field(default_factory=list)
    not_judged: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    needless: dict[str, str] = field(default_factory=dict)


def waivers(baseline: str, path: Path = WAIVERS) -> dict[str, str]:
    """Reasons by number of control; raises ValueError for a waiver without a reason."""
    listed: dict[str, str] = yaml.safe_load(path.read_text())[baseline]["waived"]
    for number, reason in listed.items():
        if not isinstance(reason, str) or len(reason.split()) < 4:
            raise ValueError(
                f"{path}: {baseline} {number}: a waiver needs a reason, not {reason!r}"
            )
    return listed


def left_out(baseline: str, path: Path = WAIVERS) -> dict[str, str]:
    """Controls of the baseline that nothing here judges, with reasons."""
    listed: dict[str, str] = yaml.safe_load(path.read_text())[baseline]["left_out"]
    return listed


def judge(
    host: Host, controls: Iterable[Control], waived: dict[str, str], *, container: bool = False
) -> Verdict:
    """Look at the host for every control; KeyError for a waiver of none."""
    verdict = Verdict()
    rest = dict(waived)
    for control in controls:
        reason = rest.pop(control.number, None)
        if container and control.whole_kernel:
            verdict.not_judged.append(control.number)
            continue
        found = control.check(host)
        if found and reason:
            verdict.waived.append(control.number)
        elif found:
            verdict.broken[control.number] = f"{control.promise}: {found}"
        elif reason:
            verdict.needless[control.number] = reason
        else:
            verdict.kept.append(control.number)
    if rest:
        raise KeyError(f"waivers of controls that are none: {', '.join(rest)}")
    return verdict
