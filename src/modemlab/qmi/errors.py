# SPDX-License-Identifier: GPL-3.0-or-later
"""QMI protocol errors, by the names libqmi shows for them."""

from enum import IntEnum

from modemlab.modem.errors import LabError
from modemlab.qmi.codec import Tlv


class Code(IntEnum):
    """The error codes this modem answers with."""

    MALFORMED_MESSAGE = 1
    ABORTED = 4
    CLIENT_IDS_EXHAUSTED = 5
    INVALID_CLIENT_ID = 7
    INVALID_HANDLE = 9
    INVALID_PIN_ID = 11
    INCORRECT_PIN = 12
    CALL_FAILED = 14
    OUT_OF_CALL = 15
    NOT_PROVISIONED = 16
    MISSING_ARGUMENT = 17
    NO_EFFECT = 26
    INVALID_SERVICE_TYPE = 31
    PIN_BLOCKED = 35
    PIN_ALWAYS_BLOCKED = 36
    UIM_UNINITIALIZED = 37
    INVALID_ARGUMENT = 48
    NO_ENTRY = 50
    DEVICE_STORAGE_FULL = 51
    NETWORK_NOT_READY = 53
    WMS_CAUSE_CODE = 54
    WMS_T_PDU_TYPE = 72
    WMS_SMSC_ADDRESS = 73
    INFORMATION_UNAVAILABLE = 74
    ACCESS_DENIED = 82
    INCOMPATIBLE_STATE = 90
    SUPS_FAILURE_CASE = 92
    NOT_SUPPORTED = 94
    NETWORK_ABORTED = 97


class QmiError(LabError):
    """Ends a request with an error code and, where the message has them, more TLVs."""

    def __init__(self, code: Code, tlvs: tuple[Tlv, ...] = ()) -> None:
        super().__init__(code.name)
        self.code = code
        self.tlvs = tlvs
