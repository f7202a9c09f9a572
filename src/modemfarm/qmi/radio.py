# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the network access service (NAS) about the air: signal, bands, networks in reach."""

from dataclasses import dataclass

from .text import Node
from .values import code, integer, measure, switch, text, whole

# Best first: with readings of several, the first of these is the one that carries the data.
TECHNOLOGIES = ("LTE", "WCDMA", "GSM")


@dataclass(frozen=True)
class SignalInfo:
    """The reading of the technology in use; all None without one.

    RSSI, RSRP, RSCP in dBm, RSRQ, SNR and Ec/Io in dB.
    """

    technology: str | None
    rssi_dbm: int | None
    rsrp_dbm: int | None
    rsrq_db: int | None
    snr_db: float | None
    rscp_dbm: int | None
    ecio_db: float | None


@dataclass(frozen=True)
class Band:
    """`band` such as eutran-3, `channel` is the (E)ARFCN, `bandwidth_mhz` where it is told."""

    technology: str | None
    band: str | None
    channel: int | None
    bandwidth_mhz: float | None


@dataclass(frozen=True)
class RfBandInfo:
    """The bands in use; several with carrier aggregation."""

    bands: tuple[Band, ...]


@dataclass(frozen=True)
class FoundNetwork:
    """One network of a scan. `status`: current-serving, available, home, roaming, forbidden, ..."""

    mcc: str
    mnc: str
    operator: str | None
    status: tuple[str, ...]
    technologies: tuple[str, ...]


@dataclass(frozen=True)
class NetworkScan:
    """The networks in reach."""

    networks: tuple[FoundNetwork, ...]


def signal_info(tree: Node) -> SignalInfo:
    """nas-get-signal-info."""
    name = next((name for name in TECHNOLOGIES if tree.find(name)), None)
    part = tree.find(name) if name else None
    return SignalInfo(
        technology=name.lower() if name else None,
        rssi_dbm=whole(part, "RSSI", "dBm"),
        rsrp_dbm=whole(part, "RSRP", "dBm"),
        rsrq_db=whole(part, "RSRQ", "dB"),
        snr_db=measure(part, "SNR", "dB"),
        rscp_dbm=whole(part, "RSCP", "dBm"),
        ecio_db=measure(part, "ECIO", "dBm"),  # qmicli calls the ratio dBm
    )


def rf_band_info(tree: Node) -> RfBandInfo:
    """nas-get-rf-band-info. The extended list has channels that the other cannot hold."""
    plain = tree.find("Band Information")
    extended = tree.find("Band Information (Extended)")
    rows = _rows(extended, "Active Channel") or _rows(plain, "Active Channel")
    widths = _rows(tree.find("Bandwidth"), "Bandwidth")
    # The lists are parallel: the first bandwidth is that of the first band.
    return RfBandInfo(
        tuple(
            Band(
                technology=row.get("Radio Interface"),
                band=row.get("Active Band Class"),
                channel=_channel(row.get("Active Channel")),
                bandwidth_mhz=_megahertz(widths[n].get("Bandwidth") if n < len(widths) else None),
            )
            for n, row in enumerate(rows)
        )
    )


def network_scan(tree: Node) -> NetworkScan:
    """nas-network-scan. It lists networks, then their technologies, then the digits of their MNC;
    one network comes once in the first list for each technology, or once for all.
    """
    found: dict[tuple[str, str], list[Node]] = {}
    for node in tree.all("Network"):
        key = (text(node, "MCC") or "", text(node, "MNC") or "")
        found.setdefault(key, []).append(node)
    networks = (_network(key, nodes) for key, nodes in found.items())
    return NetworkScan(tuple(network for network in networks if network is not None))


def _network(key: tuple[str, str], nodes: list[Node]) -> FoundNetwork | None:
    three = any(switch(node, "MCC with PCS digit") for node in nodes)
    mcc, mnc = code(key[0], 3), code(key[1], 3 if three else 2)
    if mcc is None or mnc is None:
        return None
    status = next((text(node, "Status") for node in nodes if node.find("Status")), None)
    radios = [radio for node in nodes if (radio := text(node, "RAT"))]
    return FoundNetwork(
        mcc=mcc,
        mnc=mnc,
        operator=next((name for node in nodes if (name := text(node, "Description"))), None),
        status=tuple(word.strip() for word in (status or "").split(",") if word.strip()),
        technologies=tuple(dict.fromkeys(radios)),
    )


def _rows(node: Node | None, last: str) -> list[dict[str, str | None]]:
    """Runs of lines of which the one named `last` ends a row."""
    rows: list[dict[str, str | None]] = []
    row: dict[str, str | None] = {}
    for child in node.children if node else []:
        row[child.name] = text(Node(children=[child]), child.name)
        if child.name == last:
            rows.append(row)
            row = {}
    return rows


def _channel(value: str | None) -> int | None:
    return integer(Node(children=[Node("channel", value=value)]), "channel", high=2**32 - 1)


def _megahertz(value: str | None) -> float | None:
    """'20' or '1.4' (1-4 in older versions); None for (null), which is a number without a name."""
    known = {"1-4": 1.4, "1.4": 1.4, "3": 3.0, "5": 5.0, "10": 10.0, "15": 15.0, "20": 20.0}
    return known.get(value or "")
