# SPDX-License-Identifier: GPL-3.0-or-later
"""What error results mean to us: one class and one remedy for each group of numbers."""

from dataclasses import dataclass

from .. import errors


@dataclass(frozen=True)
class Meaning:
    """The class of the error and what a person can do about it."""

    error: type[errors.CommandFailedError]
    remedy: str


UNEXPLAINED = Meaning(
    errors.UnexplainedFailureError,
    "see this command in the EC2x AT commands manual; if nothing works any more, reset the modem",
)
ABORTED = Meaning(
    errors.UnexplainedFailureError, "send it again, and nothing else until it has answered"
)
_NOT_SUPPORTED = Meaning(
    errors.NotSupportedError, "this firmware does not know it: see AT+QGMR and the manual"
)
_NOT_ALLOWED = Meaning(
    errors.NotAllowedError, "check that the modem is in full function (AT+CFUN?) and not busy"
)
_BAD_PARAMETER = Meaning(
    errors.BadParameterError, "look at the allowed values: the same command with =? lists them"
)
_MISSING = Meaning(errors.SimMissingError, "put a SIM into the modem, or reseat it")
_PIN = Meaning(errors.SimPinError, "give the farm the PIN of this SIM")
_LOCK = Meaning(errors.SimPinError, "the modem is locked to another network: ask who sold it")
_PUK = Meaning(errors.SimPukError, "enter the PUK with the SIM in a phone; ask the carrier for it")
_SIM_FAILED = Meaning(errors.SimFailedError, "reseat the SIM; if it fails again, replace it")
_SIM_BUSY = Meaning(errors.SimBusyError, "try again in a few seconds")
_PASSWORD = Meaning(
    errors.WrongPasswordError, "correct the PIN; do not try again before that, or the SIM locks"
)
_FULL = Meaning(errors.StorageFullError, "delete messages")
_NO_SERVICE = Meaning(
    errors.NoServiceError, "try again; if it lasts, check antenna, registration and the contract"
)
_REFUSED = Meaning(
    errors.NotAllowedError, "the network refuses this SIM or APN: check the contract and the APN"
)
_NO_BEARER = Meaning(errors.OutOfCallError, "connect the modem first")
_TRY_AGAIN = Meaning(errors.NoServiceError, "try again later; the network was busy")

_CME: tuple[tuple[Meaning, tuple[int, ...]], ...] = (
    (_NOT_ALLOWED, (2, 3, 22, 51, 53, 55, 56, 57, 162, 171, 904)),
    (_NOT_SUPPORTED, (4, 49, 58, 140, 903)),
    (_BAD_PARAMETER, (21, 24, 25, 26, 27, 50, 59, 61, 128, 143, 902)),
    (_MISSING, (10,)),
    (_PIN, (11, 17)),
    (_LOCK, (5, 6, 7, 40, 41, 42, 43, 44, 45, 46, 47, 48)),
    (_PUK, (12, 18)),
    (_SIM_FAILED, (13, 15, 160)),
    (_SIM_BUSY, (14,)),
    (_PASSWORD, (16,)),
    (_FULL, (20,)),
    (_NO_SERVICE, (30, 31, 32, 54, 110, 115, 116, 117, 118, 119)),
    (_TRY_AGAIN, (122, 126, 134, 139, 157, 158, 159, 182, 190, 191, 204)),
    (_REFUSED, (62, 102, 103, 104, 105, 106, 107, 108, 111, 112, 113, 114, 125, 127, 129, 130,
                131, 132, 133, 149, 177, 178, 179, 189, 192, 193, 194, 196, 197, 203)),
    (_NO_BEARER, (185, 202)),
    (ABORTED, (52,)),
)  # fmt: skip
_CMS: tuple[tuple[Meaning, tuple[int, ...]], ...] = (
    (_NOT_ALLOWED, (301, 302, 340, 517, 528)),
    (_NOT_SUPPORTED, (69, 128, 129, 144, 145, 161, 176, 198, 199, 209, 303)),
    (_BAD_PARAMETER, (1, 28, 30, 95, 96, 195, 304, 305, 321, 330, 513, 514)),
    (_MISSING, (310,)),
    (_PIN, (311, 317)),
    (_LOCK, (312,)),
    (_PUK, (316, 318)),
    (_SIM_FAILED, (213, 313, 315)),
    (_SIM_BUSY, (212, 314, 512)),
    (_FULL, (22, 208, 211, 322, 531)),
    (_NO_SERVICE, (38, 331, 332, 530)),
    (_TRY_AGAIN, (17, 27, 41, 42, 47, 192, 194)),
    (_REFUSED, (8, 10, 21, 29, 50, 193, 196, 529)),
)  # fmt: skip

CME_MEANINGS = {code: meaning for meaning, codes in _CME for code in codes}
CMS_MEANINGS = {code: meaning for meaning, codes in _CMS for code in codes}
