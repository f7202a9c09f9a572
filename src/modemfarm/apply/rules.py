# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy routing rules: which must be there, and what makes them be there.

`uidrange` chooses the modem's table by the uid of its proxy. The last rule of the farm answers
"unreachable" for all its uids: a rule, so it holds when an interface and its routes are gone.
"""

from dataclasses import dataclass

from ..settings import (
    FAIL_CLOSED_PREFERENCE,
    LAN_REPLY_PREFERENCE,
    SLOT_MARK,
    SLOT_MARK_PREFERENCE,
    FarmSettings,
    SlotPlan,
)
from .kernel import MAIN_TABLE


@dataclass(frozen=True)
class Rule:
    """One rule as far as the farm cares; table None with unreachable True has no lookup."""

    family: int  # 4 or 6
    preference: int
    uids: tuple[int, int] | None = None
    source: str = "all"
    table: int | None = None
    unreachable: bool = False
    mark: int | None = None
    other: bool = False  # has a selector or action that the farm never uses

    def arguments(self) -> str:
        """The rule in the words of `ip rule add`; all values are numbers and addresses."""
        words = [f"pref {self.preference}"]
        if self.source != "all":
            words.append(f"from {self.source}")
        if self.mark is not None:
            words.append(f"fwmark 0x{self.mark:x}")
        if self.uids is not None:
            words.append(f"uidrange {self.uids[0]}-{self.uids[1]}")
        words.append("unreachable" if self.unreachable else f"lookup {self.table}")
        return " ".join(words)


def host_rules(settings: FarmSettings) -> frozenset[Rule]:
    """What every host needs before any proxy may run: replies to the LAN, and fail-closed."""
    uids = settings.uid_range
    return frozenset(
        (
            *(
                Rule(4, LAN_REPLY_PREFERENCE, source=str(address), table=MAIN_TABLE)
                for address in settings.listen_choices
            ),
            Rule(4, FAIL_CLOSED_PREFERENCE, uids=uids, unreachable=True),
            Rule(6, FAIL_CLOSED_PREFERENCE, uids=uids, unreachable=True),
        )
    )


def slot_rule(slot: SlotPlan) -> Rule:
    """The rule that sends one proxy into its modem's table."""
    return Rule(4, slot.preference, uids=(slot.uid, slot.uid), table=slot.table)


def mark_rule(slot: SlotPlan) -> Rule:
    """The rule that answers the guard: without it the LAN is refused though the slot serves."""
    preference, mark = SLOT_MARK_PREFERENCE + slot.slot, SLOT_MARK + slot.slot
    return Rule(4, preference, table=slot.table, mark=mark)


@dataclass(frozen=True)
class RuleChange:
    """Add the rule, or delete one that is in its place."""

    rule: Rule
    add: bool


def slot_changes(current: frozenset[Rule], slot: SlotPlan) -> tuple[RuleChange, ...]:
    """What makes the preferences of `slot` hold its rules and no other; adds come first.

    Adding first never leaves the uid without a rule that names its table; between the two the
    older rule of the same preference is asked first, as it was before.
    """
    changes: list[RuleChange] = []
    for wanted in (slot_rule(slot), mark_rule(slot)):
        if wanted not in current:
            changes.append(RuleChange(wanted, add=True))
        stale = (rule for rule in current if rule != wanted and _in_place(rule, wanted))
        changes += (RuleChange(rule, add=False) for rule in sorted(stale, key=repr))
    return tuple(changes)


def _in_place(rule: Rule, wanted: Rule) -> bool:
    """True for a rule of the farm's kind at the preference of another."""
    alike = (rule.mark is None) is (wanted.mark is None) and rule.family == wanted.family
    ours = not rule.other and (rule.unreachable or rule.table is not None)
    return rule.preference == wanted.preference and alike and ours


def host_changes(current: frozenset[Rule], settings: FarmSettings) -> tuple[RuleChange, ...]:
    """The missing rules of the host, fail-closed ones first."""
    missing = host_rules(settings) - current
    ordered = sorted(missing, key=lambda rule: (-rule.preference, rule.family))
    return tuple(RuleChange(rule, add=True) for rule in ordered)
