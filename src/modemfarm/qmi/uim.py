# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the card service (UIM): is there a SIM, what does it want, how many tries are left."""

from dataclasses import dataclass

from .text import Node
from .values import integer, state, switch, text

# "Primary GW: slot '1', application '1'": where the application is that the modem registers with.
PRIMARY = "Primary GW"
APPLICATIONS = ("usim", "sim")


@dataclass(frozen=True)
class CardStatus:
    """The card and the application that the modem registers with.

    `card`: present, absent, error. `application_state`: ready, pin1-or-upin-pin-required,
    puk1-or-upin-puk-required, pin1-blocked, ... `pin1`: disabled, enabled-not-verified,
    enabled-verified, blocked, permanently-blocked. Without an application all of these are None.
    Tries left are those of the universal PIN where it replaces PIN1 (ETSI TS 102 221 section 9.4).
    """

    card: str
    application: str | None
    application_state: str | None
    personalization: str | None
    pin1: str | None
    pin1_tries: int | None
    puk1_tries: int | None


@dataclass(frozen=True)
class Slot:
    """One place for a card, counted from 1. `iccid` is None without a card."""

    number: int
    card: str | None
    active: bool
    iccid: str | None
    is_euicc: bool | None


@dataclass(frozen=True)
class SlotStatus:
    """All places for a card; an EC25 has one, and older firmwares do not know the question."""

    slots: tuple[Slot, ...]


def card_status(tree: Node) -> CardStatus:
    """uim-get-card-status."""
    slot = _slot(tree)
    application = _application(tree, slot) if slot else None
    if slot is None or application is None:
        card = state(slot or tree, "Card state")
        return CardStatus(card, None, None, None, None, None, None)
    universal = bool(switch(application, "UPIN replaces PIN1"))
    holder, pin, puk = (slot, "UPIN", "UPUK") if universal else (application, "PIN1", "PUK1")
    return CardStatus(
        card=state(slot, "Card state"),
        application=_type(application),
        application_state=text(application, "Application state"),
        personalization=text(application, "Personalization state"),
        pin1=text(holder, f"{pin} state"),
        pin1_tries=integer(holder, f"{pin} retries", high=255),
        puk1_tries=integer(holder, f"{puk} retries", high=255),
    )


def slot_status(tree: Node) -> SlotStatus:
    """uim-get-slot-status."""
    return SlotStatus(tuple(_row(node) for node in tree.all("Physical slot")))


def _row(node: Node) -> Slot:
    return Slot(
        number=node.index or 0,
        card=text(node, "Card status"),
        active=text(node, "Slot status") == "active",
        iccid=text(node, "ICCID"),
        is_euicc=switch(node, "Is eUICC"),
    )


def _slots(tree: Node) -> list[Node]:
    # Called Card before libqmi 1.22, and counted from 0; the same in "Primary GW".
    return tree.all("Slot") or tree.all("Card")


def _slot(tree: Node) -> Node | None:
    wanted = _primary(tree)
    slots = _slots(tree)
    present = [slot for slot in slots if text(slot, "Card state") == "present"]
    chosen = [slot for slot in slots if wanted and slot.index == wanted[0]]
    return next(iter([*chosen, *present, *slots]), None)


def _application(tree: Node, slot: Node) -> Node | None:
    """The application named as primary, else the first that can register."""
    wanted = _primary(tree)
    found = slot.all("Application")
    chosen = [app for app in found if wanted and (slot.index, app.index) == wanted]
    return next(iter([*chosen, *(app for app in found if _type(app) in APPLICATIONS)]), None)


def _primary(tree: Node) -> tuple[int, int] | None:
    """Slot and application of "slot '1', application '1'"; None for "session doesn't exist"."""
    words = (text(tree, PRIMARY) or "").replace("'", "").replace(",", "").split()
    numbers = [int(word) for word in words if word.isascii() and word.isdecimal()]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None


def _type(application: Node) -> str | None:
    """usim of "usim (2)"."""
    value = text(application, "Application type")
    return value.split(" ")[0] if value else None
