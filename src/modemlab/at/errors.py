# SPDX-License-Identifier: GPL-3.0-or-later
"""How a command fails: ERROR, +CME ERROR or +CMS ERROR, with the codes the modem uses itself.

Numbers and words: 3GPP TS 27.007 section 9.2 and 3GPP TS 27.005 section 3.2.5. Other numbers come
only by the fault `at_error`; in the verbose format they are shown as numbers.
"""

from __future__ import annotations

from enum import IntEnum

from modemlab.modem.errors import (
    LabError,
    NoSuchMessageError,
    NoUssdSessionError,
    PinRequiredError,
    PukRequiredError,
    SimBlockedError,
    SimMissingError,
    StorageFullError,
    UssdRefusedError,
    WrongPinError,
)

CMEE_OFF, CMEE_NUMERIC = 0, 1  # AT+CMEE; 2 is words


class Cme(IntEnum):
    """Codes of +CME ERROR."""

    NOT_ALLOWED = 3
    NOT_SUPPORTED = 4
    SIM_NOT_INSERTED = 10
    SIM_PIN_REQUIRED = 11
    SIM_PUK_REQUIRED = 12
    SIM_FAILURE = 13
    SIM_BUSY = 14
    SIM_WRONG = 15
    INCORRECT_PASSWORD = 16
    MEMORY_FULL = 20
    INVALID_INDEX = 21
    NO_NETWORK = 30
    NETWORK_TIMEOUT = 31
    EMERGENCY_ONLY = 32
    INVALID_PARAMETER = 50
    UNKNOWN = 100
    ROAMING_NOT_ALLOWED = 113
    UNSPECIFIED_GPRS = 148


class Cms(IntEnum):
    """Codes of +CMS ERROR."""

    ME_FAILURE = 300
    NOT_ALLOWED = 302
    NOT_SUPPORTED = 303
    INVALID_PDU_PARAMETER = 304
    INVALID_TEXT_PARAMETER = 305
    SIM_NOT_INSERTED = 310
    SIM_PIN_REQUIRED = 311
    SIM_FAILURE = 313
    SIM_BUSY = 314
    SIM_PUK_REQUIRED = 316
    INVALID_INDEX = 321
    MEMORY_FULL = 322
    NO_NETWORK = 331
    NETWORK_TIMEOUT = 332
    UNKNOWN = 500


TEXTS: dict[str, dict[int, str]] = {
    "CME": {
        Cme.NOT_ALLOWED: "operation not allowed",
        Cme.NOT_SUPPORTED: "operation not supported",
        Cme.SIM_NOT_INSERTED: "SIM not inserted",
        Cme.SIM_PIN_REQUIRED: "SIM PIN required",
        Cme.SIM_PUK_REQUIRED: "SIM PUK required",
        Cme.SIM_FAILURE: "SIM failure",
        Cme.SIM_BUSY: "SIM busy",
        Cme.SIM_WRONG: "SIM wrong",
        Cme.INCORRECT_PASSWORD: "incorrect password",
        Cme.MEMORY_FULL: "memory full",
        Cme.INVALID_INDEX: "invalid index",
        Cme.NO_NETWORK: "no network service",
        Cme.NETWORK_TIMEOUT: "network timeout",
        Cme.EMERGENCY_ONLY: "network not allowed - emergency calls only",
        Cme.INVALID_PARAMETER: "Incorrect parameters",
        Cme.UNKNOWN: "unknown",
        Cme.ROAMING_NOT_ALLOWED: "roaming not allowed in this location area",
        Cme.UNSPECIFIED_GPRS: "unspecified GPRS error",
    },
    "CMS": {
        Cms.ME_FAILURE: "ME failure",
        Cms.NOT_ALLOWED: "operation not allowed",
        Cms.NOT_SUPPORTED: "operation not supported",
        Cms.INVALID_PDU_PARAMETER: "invalid PDU mode parameter",
        Cms.INVALID_TEXT_PARAMETER: "invalid text mode parameter",
        Cms.SIM_NOT_INSERTED: "SIM not inserted",
        Cms.SIM_PIN_REQUIRED: "SIM PIN required",
        Cms.SIM_FAILURE: "SIM failure",
        Cms.SIM_BUSY: "SIM busy",
        Cms.SIM_PUK_REQUIRED: "SIM PUK required",
        Cms.INVALID_INDEX: "invalid memory index",
        Cms.MEMORY_FULL: "memory full",
        Cms.NO_NETWORK: "no network service",
        Cms.NETWORK_TIMEOUT: "network timeout",
        Cms.UNKNOWN: "unknown error",
    },
}
# What the parts of the modem raise, as (+CME, +CMS)
CODES: dict[type[LabError], tuple[Cme, Cms]] = {
    SimMissingError: (Cme.SIM_NOT_INSERTED, Cms.SIM_NOT_INSERTED),
    PinRequiredError: (Cme.SIM_PIN_REQUIRED, Cms.SIM_PIN_REQUIRED),
    PukRequiredError: (Cme.SIM_PUK_REQUIRED, Cms.SIM_PUK_REQUIRED),
    SimBlockedError: (Cme.SIM_FAILURE, Cms.SIM_FAILURE),
    WrongPinError: (Cme.INCORRECT_PASSWORD, Cms.NOT_ALLOWED),
    NoSuchMessageError: (Cme.INVALID_INDEX, Cms.INVALID_INDEX),
    StorageFullError: (Cme.MEMORY_FULL, Cms.MEMORY_FULL),
    UssdRefusedError: (Cme.UNKNOWN, Cms.UNKNOWN),
    NoUssdSessionError: (Cme.NOT_ALLOWED, Cms.NOT_ALLOWED),
}


class AtError(LabError):
    """Ends a command with ERROR, or with +CME/+CMS ERROR when a code is given and CMEE asks."""

    def __init__(self, code: Cme | Cms | None = None) -> None:
        super().__init__(code.name if code else "ERROR")
        self.kind = "" if code is None else type(code).__name__.upper()
        self.number = 0 if code is None else int(code)

    @classmethod
    def told(cls, text: str) -> AtError:
        """What the fault `at_error` names: "error", "cme:30" or "cms:500"."""
        error = cls()
        kind, _, number = text.partition(":")
        if number:
            error.kind, error.number = kind.upper(), int(number)
        return error

    @classmethod
    def of(cls, error: LabError, *, sms: bool) -> AtError:
        """The same failure as an AT error; SMS commands fail with +CMS ERROR."""
        return error if isinstance(error, AtError) else cls(CODES[type(error)][int(sms)])

    def final(self, cmee: int) -> str:
        """The final line."""
        if not self.kind or (cmee == CMEE_OFF and self.kind == "CME"):
            return "ERROR"
        if cmee in (CMEE_OFF, CMEE_NUMERIC):
            return f"+{self.kind} ERROR: {self.number}"
        return f"+{self.kind} ERROR: {TEXTS[self.kind].get(self.number, self.number)}"
