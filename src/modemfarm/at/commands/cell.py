# SPDX-License-Identifier: GPL-3.0-or-later
"""The cell that serves the modem and those around it (AT+QNWINFO, AT+QENG; EC25 manual).

Field logs show `-` for what does not apply, and firmwares add fields at the end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ..answers import Fields, every, first, unreadable
from ..session import AtSession
from .registration import AREA_MAX, CELL_MAX
from .signal import ECIO, RSCP, RSRP, RSRQ, RSSI

EARFCN_MAX = 262143  # 36.101 section 5.7.3
UARFCN_MAX = 16383  # 25.101 section 5.4
ARFCN_MAX = 1023  # 45.005 section 2
LTE_BAND_MAX = 256
LTE_PHYSICAL_MAX = 503  # 36.211 section 6.11
SCRAMBLING_MAX = 511  # primary scrambling codes, 25.213
BANDWIDTHS_MHZ = (1.4, 3.0, 5.0, 10.0, 15.0, 20.0)


class ServiceState(Enum):
    """What the modem does: looks for a cell, has one without service, idles, or is busy."""

    SEARCH = "searching"
    LIMSRV = "limited service"
    NOCONN = "idle"
    CONNECT = "connected"
    OTHER = "other"


@dataclass(frozen=True)
class NetworkInfo:
    """Technology, PLMN, band and channel number in the modem's words; None without service."""

    technology: str | None
    plmn: str | None
    band: str | None
    channel: int | None


@dataclass(frozen=True)
class LteCell:
    """An LTE cell. rsrp and rssi in dBm, rsrq in dB, bandwidths in MHz.

    `sinr` is as the modem says it: the manual means fifths of a dB from -20, field logs of EC25
    show 0 to 30, which are dB in newer firmwares and steps of 2 dB from -20 in older ones.
    AT+QCSQ has the same figure in a unit that is certain.
    """

    duplex: str | None
    mcc: str | None
    mnc: str | None
    cell: int | None
    physical_cell: int | None
    channel: int | None
    band: int | None
    uplink_mhz: float | None
    downlink_mhz: float | None
    area: int | None
    rsrp_dbm: int | None
    rsrq_db: int | None
    rssi_dbm: int | None
    sinr: int | None
    technology: str = "LTE"


@dataclass(frozen=True)
class WcdmaCell:
    """A 3G cell. rscp in dBm, ecio in dB."""

    mcc: str | None
    mnc: str | None
    area: int | None
    cell: int | None
    channel: int | None
    scrambling_code: int | None
    rscp_dbm: int | None
    ecio_db: int | None
    technology: str = "WCDMA"


@dataclass(frozen=True)
class GsmCell:
    """A 2G cell. rx_dbm is the received level in dBm."""

    mcc: str | None
    mnc: str | None
    area: int | None
    cell: int | None
    bsic: int | None
    channel: int | None
    rx_dbm: int | None
    technology: str = "GSM"


@dataclass(frozen=True)
class ServingCell:
    """What the modem does, and the cell it does it in; cell None while it has none."""

    state: ServiceState
    cell: LteCell | WcdmaCell | GsmCell | None


@dataclass(frozen=True)
class NeighbourCell:
    """A cell nearby. relation is intra or inter (frequency), None between technologies."""

    relation: str | None
    technology: str
    channel: int | None
    physical_cell: int | None = None
    rsrp_dbm: int | None = None
    rsrq_db: int | None = None
    rssi_dbm: int | None = None


def network_info(session: AtSession) -> NetworkInfo:
    """AT+QNWINFO: `"FDD LTE","26201","LTE BAND 3",1300`, or `No Service`."""
    return first(session, "AT+QNWINFO", "+QNWINFO", _network_info)


def serving_cell(session: AtSession) -> ServingCell:
    """AT+QENG="servingcell"."""
    return first(session, 'AT+QENG="servingcell"', "+QENG", _serving_cell)


def neighbour_cells(session: AtSession) -> tuple[NeighbourCell, ...]:
    """AT+QENG="neighbourcell"; empty when the modem hears no other."""
    return every(session, 'AT+QENG="neighbourcell"', "+QENG", _neighbour)


def _network_info(fields: Fields) -> NetworkInfo:
    if fields.text(0).upper() == "NO SERVICE":
        return NetworkInfo(None, None, None, None)
    if len(fields) < 4:
        unreadable("there are fewer than four fields")
    channel = fields.maybe_number(3, 0, EARFCN_MAX)
    return NetworkInfo(fields.maybe_text(0), _digits(fields, 1, 6), fields.maybe_text(2), channel)


def _serving_cell(fields: Fields) -> ServingCell:
    if fields.text(0).lower() != "servingcell" or len(fields) < 2:
        unreadable("this is no serving cell")
    word = fields.text(1).upper()
    state = ServiceState[word] if word in ServiceState.__members__ else ServiceState.OTHER
    reader = _READERS.get(fields.text(2).upper())
    return ServingCell(state, reader(fields) if reader else None)


def _lte(fields: Fields) -> LteCell:
    return LteCell(
        duplex=fields.maybe_text(3),
        mcc=_digits(fields, 4, 3),
        mnc=_digits(fields, 5, 3),
        cell=fields.maybe_hexadecimal(6, CELL_MAX),
        physical_cell=fields.maybe_number(7, 0, LTE_PHYSICAL_MAX),
        channel=fields.maybe_number(8, 0, EARFCN_MAX),
        band=fields.maybe_number(9, 1, LTE_BAND_MAX),
        uplink_mhz=_bandwidth(fields, 10),
        downlink_mhz=_bandwidth(fields, 11),
        area=fields.maybe_hexadecimal(12, AREA_MAX),
        rsrp_dbm=fields.maybe_number(13, *RSRP),
        rsrq_db=fields.maybe_number(14, *RSRQ),
        rssi_dbm=fields.maybe_number(15, *RSSI),
        sinr=fields.maybe_number(16, -30, 250),
    )


def _wcdma(fields: Fields) -> WcdmaCell:
    return WcdmaCell(
        mcc=_digits(fields, 3, 3),
        mnc=_digits(fields, 4, 3),
        area=fields.maybe_hexadecimal(5, AREA_MAX),
        cell=fields.maybe_hexadecimal(6, CELL_MAX),
        channel=fields.maybe_number(7, 0, UARFCN_MAX),
        scrambling_code=fields.maybe_number(8, 0, SCRAMBLING_MAX),
        rscp_dbm=fields.maybe_number(10, *RSCP),
        ecio_db=fields.maybe_number(11, *ECIO),
    )


def _gsm(fields: Fields) -> GsmCell:
    level = fields.maybe_number(10, -120, 63)
    return GsmCell(
        mcc=_digits(fields, 3, 3),
        mnc=_digits(fields, 4, 3),
        area=fields.maybe_hexadecimal(5, AREA_MAX),
        cell=fields.maybe_hexadecimal(6, AREA_MAX),
        bsic=fields.maybe_number(7, 0, 63),
        channel=fields.maybe_number(8, 0, ARFCN_MAX),
        # Firmwares say dBm; older ones RXLEV of 45.008 section 8.1.4, which is dBm + 110.
        rx_dbm=level if level is None or level < 0 else level - 110,
    )


_READERS: dict[str, Callable[[Fields], LteCell | WcdmaCell | GsmCell]] = {
    "LTE": _lte,
    "WCDMA": _wcdma,
    "GSM": _gsm,
}


def _neighbour(fields: Fields) -> NeighbourCell:
    kind, technology = fields.text(0).lower(), fields.text(1).upper()
    if not kind.startswith("neighbourcell") or not technology:
        unreadable("this is no neighbour cell")
    relation = kind.removeprefix("neighbourcell").strip() or None
    if technology == "LTE":
        # Seen from LTE quality comes before power, from other technologies after it.
        quality, power = (4, 5) if relation else (5, 4)
        return NeighbourCell(
            relation,
            technology,
            fields.maybe_number(2, 0, EARFCN_MAX),
            fields.maybe_number(3, 0, LTE_PHYSICAL_MAX),
            fields.maybe_number(power, *RSRP),
            fields.maybe_number(quality, *RSRQ),
            fields.maybe_number(6, *RSSI) if relation else None,
        )
    # From GSM a GSM neighbour leads with country and network, else with its channel.
    channel = 7 if technology == "GSM" and _digits(fields, 2, 3) and len(fields) > 11 else 2
    return NeighbourCell(relation, technology, fields.maybe_number(channel, 0, UARFCN_MAX))


def _bandwidth(fields: Fields, place: int) -> float | None:
    code = fields.maybe_number(place, 0, len(BANDWIDTHS_MHZ) - 1)
    return None if code is None else BANDWIDTHS_MHZ[code]


def _digits(fields: Fields, place: int, most: int) -> str | None:
    raw = fields.raw(place)
    fits = raw.isascii() and raw.isdecimal() and 1 < len(raw) <= most
    return raw if fits else None
