# SPDX-License-Identifier: GPL-3.0-or-later
"""How well the modem hears the network. dBm and dB; None where the modem does not know.

A value outside what can be measured is None as well: firmwares have several numbers for "not
known" (99, 255, -32768), and a wrong figure in a graph is worse than none.
"""

from dataclasses import dataclass

from ..answers import Fields, first, unreadable
from ..session import AtSession

RSSI = (-125, -20)  # dBm; receivers end at about -120, and nobody stands that near a mast
RSRP = (-160, -30)  # dBm; 36.133 reports -140 to -44, Qualcomm's engine goes further
RSRQ = (-43, 20)  # dB; 36.133 section 9.1.7 with its extended range
RSCP = (-140, -20)  # dBm, 25.133 section 9.1.1
ECIO = (-40, 0)  # dB, 25.133 section 9.1.2
SINR_STEPS = (0, 250)


@dataclass(frozen=True)
class Signal:
    """RSSI in dBm and bit error class 0..7; None where the modem does not know (27.007 8.5)."""

    rssi_dbm: int | None
    ber: int | None


@dataclass(frozen=True)
class DetailedSignal:
    """+QCSQ: `technology` is GSM, WCDMA, TDSCDMA, LTE, or None without service.

    rssi, rsrp, rscp in dBm; sinr, rsrq, ecio in dB. LTE has rsrp, rsrq and sinr, 3G rscp and ecio.
    """

    technology: str | None
    rssi_dbm: int | None = None
    rsrp_dbm: int | None = None
    rsrq_db: int | None = None
    sinr_db: float | None = None
    rscp_dbm: int | None = None
    ecio_db: int | None = None


@dataclass(frozen=True)
class ExtendedSignal:
    """+CESQ: each value is the lower end of its step; rssi, rscp, rsrp in dBm, ecno, rsrq in dB."""

    rssi_dbm: int | None
    ber: int | None
    rscp_dbm: int | None
    ecno_db: float | None
    rsrq_db: float | None
    rsrp_dbm: int | None


def signal(session: AtSession) -> Signal:
    """AT+CSQ (27.007 section 8.5): 0..31 are -113 dBm upwards in steps of 2 dB, 99 is unknown."""
    return first(session, "AT+CSQ", "+CSQ", _signal)


def detailed_signal(session: AtSession) -> DetailedSignal:
    """AT+QCSQ (EC25 manual).

    GSM: rssi; WCDMA: rssi,rscp,ecio; LTE: rssi,rsrp,sinr,rsrq with sinr in fifths of a dB from -20
    (0..250). Field logs agree with the manual: `"LTE",-62,-87,111,-12` is 2.2 dB.
    """
    return first(session, "AT+QCSQ", "+QCSQ", _detailed)


def extended_signal(session: AtSession) -> ExtendedSignal:
    """AT+CESQ (27.007 section 8.69, scales of 45.008, 25.133, 36.133); 99 and 255 are unknown."""
    return first(session, "AT+CESQ", "+CESQ", _extended)


def _signal(fields: Fields) -> Signal:
    rssi, ber = fields.number(0, 0, 199), fields.number(1, 0, 99)
    return Signal(-113 + 2 * rssi if rssi <= 31 else None, ber if ber <= 7 else None)


def _detailed(fields: Fields) -> DetailedSignal:
    technology = fields.text(0).upper()
    if not technology or not fields.quoted(0):
        unreadable("there is no name of a technology")
    if technology == "NOSERVICE":
        return DetailedSignal(None)
    rssi = fields.maybe_number(1, *RSSI)
    if technology == "LTE":
        steps = fields.maybe_number(3, *SINR_STEPS)
        return DetailedSignal(
            technology,
            rssi,
            rsrp_dbm=fields.maybe_number(2, *RSRP),
            rsrq_db=fields.maybe_number(4, *RSRQ),
            sinr_db=None if steps is None else round(steps / 5 - 20, 1),
        )
    if technology in ("WCDMA", "TDSCDMA"):
        rscp, ecio = fields.maybe_number(2, *RSCP), fields.maybe_number(3, *ECIO)
        return DetailedSignal(technology, rssi, rscp_dbm=rscp, ecio_db=ecio)
    return DetailedSignal(technology, rssi if technology == "GSM" else None)


def _extended(fields: Fields) -> ExtendedSignal:
    def step(index: int, last: int, unknown: int) -> int | None:
        value = fields.number(index, 0, unknown)
        return value if value <= last else None

    rxlev, ber = step(0, 63, 99), step(1, 7, 99)
    rscp, ecno = step(2, 96, 255), step(3, 49, 255)
    rsrq, rsrp = step(4, 34, 255), step(5, 97, 255)
    return ExtendedSignal(
        rssi_dbm=None if rxlev is None else rxlev - 111,
        ber=ber,
        rscp_dbm=None if rscp is None else rscp - 121,
        ecno_db=None if ecno is None else (ecno - 49) / 2,
        rsrq_db=None if rsrq is None else (rsrq - 40) / 2,
        rsrp_dbm=None if rsrp is None else rsrp - 141,
    )
