# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modems of a host need, and what is done when it is gone: the guard and the rules that
answer "unreachable".

modemfarm-routing.service made them at boot and makes them again, closed before open: guard with an
empty set, then the unreachable rules, then those of the slots.
"""

from collections.abc import Sequence

from ..errors import FarmError, PermanentError
from ..settings import FarmSettings
from .host import Host
from .plan import Current, Target
from .read import read_current
from .rules import host_changes

GUARD = "guard"


def lost_words(current: Current, settings: FarmSettings) -> list[str]:
    """What is gone, such as `guard` and `rule 2999`; the most dangerous first."""
    words = [] if current.guard_lost is None else [GUARD]
    for change in host_changes(current.rules, settings):
        family = " of IPv6" if change.rule.family == 6 else ""
        words.append(f"rule {change.rule.preference}{family}")
    return words


def restore(host: Host, settings: FarmSettings, targets: Sequence[Target]) -> Current:
    """Bring it back and read again. Without the guard nothing may be served: PermanentError.

    Rules that are still missing then are added by the plan.
    """
    problem = ""
    try:
        host.restore_routing()
    except FarmError as error:
        problem = f"; it could not be loaded: {error.message}"
    current = read_current(host, settings, targets)
    if current.guard_lost is not None:
        raise PermanentError(f"{current.guard_lost.message}{problem}", current.guard_lost.remedy)
    return current
