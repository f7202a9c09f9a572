# SPDX-License-Identifier: GPL-3.0-or-later
"""The invariants of FAULTS.md as functions of what one look has seen; each names what is broken."""

from collections import Counter
from collections.abc import Iterator

from .world import CLOSED, LAN_REPLY, Object, Plan, World

TIE_LOOKS = 20  # a tie without a route opens nothing; one that stays for so many looks is drift
PARALLEL = 5  # goal G3
HOOKS = {"output", "prerouting", "input", "forward"}
Finding = tuple[str, str]  # check, words


class Checks:
    """Remembers what may not change from look to look."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._slots: dict[str, int] = {}
        self._pins: dict[str, int] = {}
        self._sources: dict[str, int] = {}
        self._leaks: int | None = None
        self._ties: Counter[tuple[int, str]] = Counter()

    def broken(self, seen: World) -> list[Finding]:
        """All that is broken now."""
        found = [*self._rules(seen), *self._routes(seen), *self._guard(seen)]
        found += [*self._owners(seen), *self._places(seen), *self._carrier(seen)]
        if seen.jobs > PARALLEL:
            found.append(("apply", f"{seen.jobs} applies at once"))
        return found + [("config", text) for text in seen.problems]

    # (a) one port, one modem, one table, one IMEI

    def _rules(self, seen: World) -> Iterator[Finding]:
        plan = self._plan
        first, last = plan.uid_base + 1, plan.uid_base + plan.slots
        for family in (4, 6):
            closed = [r for r in seen.rules[family] if r["priority"] == CLOSED]
            good = [r for r in closed if str(r.get("action")) in ("unreachable", "7")
                    and (r.get("uid_start"), r.get("uid_end")) == (first, last)]  # fmt: skip
            if not good:
                yield "rule", f"IPv{family}: no fail-closed rule {CLOSED} in {closed}"
        wanted = {plan.rule_base + n: (plan.uid_base + n, plan.table_base + n)
                  for n in range(1, plan.slots + 1)}  # fmt: skip
        present: dict[int, list[tuple[int, int]]] = {}
        for rule in seen.rules[4]:
            start, end = rule.get("uid_start"), rule.get("uid_end")
            if start is None or end < first or start > last or rule["priority"] == CLOSED:
                continue
            if start != end or not LAN_REPLY < rule["priority"] < CLOSED:
                yield "rule", f"a rule for proxies that is not of the farm: {rule}"
                continue
            present.setdefault(rule["priority"], []).append((start, _table(rule)))
        for priority, pair in wanted.items():
            if present.get(priority) != [pair]:
                yield "rule", f"rule {priority} is {present.get(priority)}, wanted {pair}"
        for priority in present.keys() - wanted.keys():
            yield "rule", f"rule {priority} is of no slot: {present[priority]}"

    def _routes(self, seen: World) -> Iterator[Finding]:
        serials = {slot: serial for serial, slot in seen.slots.items()}
        for route in seen.routes:
            slot = _table(route) - self._plan.table_base
            if not 1 <= slot <= self._plan.slots or route.get("dst") != "default":
                continue
            owner = seen.interfaces.get(str(route.get("dev")))
            if owner is not None and owner != serials.get(slot):
                yield "route", (f"table of slot {slot} ({serials.get(slot)}) leads to"
                                f" {route['dev']}, which is {owner}'s")  # fmt: skip

    def _places(self, seen: World) -> Iterator[Finding]:
        for serial, slot in seen.slots.items():
            before = self._slots.setdefault(serial, slot)
            if before != slot:
                yield "slot", f"{serial} has moved from slot {before} to {slot}"
        for slot, count in Counter(seen.slots.values()).items():
            if count > 1:
                yield "slot", f"slot {slot} is given to {count} modems"

    def _owners(self, seen: World) -> Iterator[Finding]:
        plan = self._plan
        for listener in seen.listeners:
            slot = listener.port - plan.port_base
            if 1 <= slot <= plan.slots and listener.uid != plan.uid_base + slot:
                yield "listener", f"port {listener.port} is uid {listener.uid}'s: {listener}"

    # (b) no packet of one modem through another

    def _guard(self, seen: World) -> Iterator[Finding]:
        if seen.guard is None:
            yield "guard", "the guard's table is gone"
            return
        chains = {item["chain"]["name"]: item["chain"] for item in seen.guard if "chain" in item}
        for name in sorted(HOOKS):
            if chains.get(name, {}).get("hook") is None:
                yield "guard", f"chain {name} has no hook"
        counts = Counter(item["rule"]["chain"] for item in seen.guard if "rule" in item)
        for name in (*sorted(HOOKS), "uplink", "from_modem", "to_proxy"):
            if not counts[name]:
                yield "guard", f"chain {name} has no rule"
        yield from self._ties_of(seen)

    def _ties_of(self, seen: World) -> Iterator[Finding]:
        ties = [(int(uid), str(name)) for uid, name in _elements(seen.guard or [])]
        for uid, count in Counter(uid for uid, _ in ties).items():
            if count > 1:
                yield "guard", f"uid {uid} has {count} uplinks"
        serials = {slot: serial for serial, slot in seen.slots.items()}
        foreign = set()
        for uid, name in ties:
            owner = seen.interfaces.get(name)
            if owner is not None and owner != serials.get(uid - self._plan.uid_base):
                foreign.add((uid, name))
        for tie in set(self._ties) - foreign:
            del self._ties[tie]
        self._ties.update(foreign)
        for (uid, name), looks in self._ties.items():
            if looks > TIE_LOOKS:
                yield "guard", f"uid {uid} is tied to {name} of another modem since {looks} looks"

    def _carrier(self, seen: World) -> Iterator[Finding]:
        for number, line in seen.lines.items():
            count = int(line["wrong_source_packets"])
            if count > self._sources.setdefault(number, count):
                yield "source", f"modem {number} carried {line['wrong_source']}"
            self._sources[number] = count
        before, self._leaks = self._leaks, seen.leaks
        if before is not None and seen.leaks > before:
            yield "leak", f"{seen.leaks - before} packets left by the LAN"
        # (c) at most one PIN a SIM
        for imei, modem in seen.truth.items():
            tries = int(modem["counters"]["pin_attempts"])
            if tries > self._pins.setdefault(imei, tries) + 1:
                yield "pin", f"{imei}: {tries - self._pins[imei]} tries of the PIN"


def _table(item: Object) -> int:
    text = str(item.get("table", 254))
    return int(text) if text.isdecimal() else 254


def _elements(guard: list[Object]) -> list[list[Object]]:
    for item in guard:
        if item.get("set", {}).get("name") == "uplinks":
            return [element["concat"] for element in item["set"].get("elem", ())]
    return []
