# SPDX-License-Identifier: GPL-3.0-or-later
"""A check: a name, what it looks at, and the judgement, which reads and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .facts import Facts
from .finding import Finding, Severity

# (about, cause, remedy) of each thing that is wrong.
Said = tuple[str, str, str]


@dataclass(frozen=True)
class Check:
    """`wrong` gives what is wrong, nothing on a healthy host and where nobody could look."""

    name: str
    severity: Severity
    looks_at: str
    wrong: Callable[[Facts], Iterable[Said]]

    def __call__(self, facts: Facts) -> Iterator[Finding]:
        """The findings."""
        for about, cause, remedy in self.wrong(facts):
            yield Finding(self.name, self.severity, about, cause, remedy)


def fault(name: str, looks_at: str, wrong: Callable[[Facts], Iterable[Said]]) -> Check:
    """A check for what does not work or is not safe."""
    return Check(name, Severity.FAULT, looks_at, wrong)


def warning(name: str, looks_at: str, wrong: Callable[[Facts], Iterable[Said]]) -> Check:
    """A check for what works now and should be seen to."""
    return Check(name, Severity.WARNING, looks_at, wrong)
