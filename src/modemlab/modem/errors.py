# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the virtual modem. The AT and QMI layers turn them into their own codes."""


class LabError(Exception):
    """Base of every error that modemlab raises on purpose."""


class SimError(LabError):
    """The SIM refused an operation."""


class SimMissingError(SimError):
    """No SIM is in the slot."""


class WrongPinError(SimError):
    """The PIN or PUK does not match; one try fewer is left."""


class PukRequiredError(SimError):
    """The PIN is blocked: the PUK is needed first."""


class SimBlockedError(SimError):
    """The PUK is blocked too: the SIM is dead for good."""


class PinRequiredError(SimError):
    """The operation needs a verified PIN."""


class CallFailedError(LabError):
    """A data session could not be started (no registration, unsupported IP family)."""


class NoSuchSessionError(LabError):
    """A data session was named that is not up."""


class NoSuchMessageError(LabError):
    """A place of the message store was named that is empty."""


class StorageFullError(LabError):
    """No place for another message is free."""


class UssdRefusedError(LabError):
    """The network knows no such USSD code, or no such reply."""


class NoUssdSessionError(LabError):
    """A USSD reply was given and no menu waits for one."""


class NotRegisteredError(LabError):
    """The operation needs a network and the modem has none."""
