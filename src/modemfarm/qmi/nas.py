# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the network access service (NAS): where it is registered."""

from dataclasses import dataclass

from .text import Node
from .values import code, integer, state, switch, text

# 3GPP TS 24.008 section 10.5.1.3: 0xFFFE says that there is no location area, as on LTE.
NO_LAC = 0xFFFE


@dataclass(frozen=True)
class ServingSystem:
    """Where the modem is registered.

    `registration`: registered, not-registered, not-registered-searching, registration-denied or
    unknown. `mnc` has two digits unless the modem says that it has three. Identifiers are decimal.
    """

    registration: str
    registered: bool
    circuit_switched: str | None
    packet_switched: str | None
    technologies: tuple[str, ...]
    roaming: bool | None
    mcc: str | None
    mnc: str | None
    operator: str | None
    cell: int | None
    tac: int | None
    lac: int | None
    forbidden: bool | None


@dataclass(frozen=True)
class ServiceInfo:
    """One technology of system-info. `status`: none, limited, available, ..."""

    technology: str
    status: str | None
    domain: str | None
    roaming: bool | None
    forbidden: bool | None
    mcc: str | None
    mnc: str | None
    cell: int | None
    tac: int | None
    lac: int | None


@dataclass(frozen=True)
class SystemInfo:
    """One row for each technology that the modem knows."""

    services: tuple[ServiceInfo, ...]


@dataclass(frozen=True)
class HomeNetwork:
    """The network that the SIM belongs to; `mnc` without a leading 0 that QMI does not tell."""

    mcc: str | None
    mnc: str | None
    operator: str | None


def serving_system(tree: Node) -> ServingSystem:
    """nas-get-serving-system."""
    registration = state(tree, "Registration state")
    plmn = tree.find("Current PLMN")
    radios = tree.find("Radio interfaces")
    return ServingSystem(
        registration=registration,
        registered=registration == "registered",
        circuit_switched=text(tree, "CS"),
        packet_switched=text(tree, "PS"),
        technologies=_items(radios),
        roaming=switch(tree, "Roaming status"),
        mcc=code(text(plmn, "MCC"), 3),
        mnc=code(text(plmn, "MNC"), 3 if switch(tree, "MNC with PCS digit") else 2),
        operator=text(plmn, "Description"),
        cell=integer(tree, "3GPP cell ID"),
        tac=integer(tree, "LTE tracking area code"),
        lac=_lac(integer(tree, "3GPP location area code")),
        forbidden=switch(tree, "Detailed status", "Forbidden"),
    )


def system_info(tree: Node) -> SystemInfo:
    """nas-get-system-info."""
    rows = [node for node in tree.children if node.name.endswith(" service")]
    return SystemInfo(tuple(_service(node) for node in rows))


def home_network(tree: Node) -> HomeNetwork:
    """nas-get-home-network."""
    home = tree.find("Home network")
    return HomeNetwork(
        code(text(home, "MCC"), 3), code(text(home, "MNC"), 2), text(home, "Description")
    )


def _service(node: Node) -> ServiceInfo:
    return ServiceInfo(
        technology=node.name.removesuffix(" service").lower(),
        status=text(node, "Status"),
        domain=text(node, "Domain"),
        roaming=switch(node, "Roaming status"),
        forbidden=switch(node, "Forbidden"),
        mcc=text(node, "MCC"),
        mnc=text(node, "MNC"),  # text on the wire as well, so its zeros are all there
        cell=integer(node, "Cell ID"),
        tac=integer(node, "Tracking Area Code"),
        lac=_lac(integer(node, "Location Area Code")),
    )


def _items(node: Node | None) -> tuple[str, ...]:
    """The values of a list; list items have no name."""
    found = node.children if node else []
    return tuple(item.value for item in found if item.value and item.name == "")


def _lac(value: int | None) -> int | None:
    return None if value == NO_LAC else value
