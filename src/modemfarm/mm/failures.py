# SPDX-License-Identifier: GPL-3.0-or-later
"""D-Bus errors of ModemManager as errors by meaning.

Names are from ModemManager-errors.h and libqmi's qmi-errors.h: since 1.22 ModemManager turns the
QMI errors of a modem into its own names, Debian 12's 1.20 passes them on as they are.
"""

from ..dbus.connection import NO_REPLY, BusError, LateError
from ..errors import (
    BadParameterError,
    CommandFailedError,
    CommandTimeoutError,
    FarmError,
    MissingPartError,
    NoServiceError,
    NotAllowedError,
    NotPermittedError,
    NotSupportedError,
    PortBusyError,
    PortGoneError,
    SimBusyError,
    SimFailedError,
    SimMissingError,
    SimPinError,
    SimPukError,
    StorageFullError,
    ToolError,
    UnexplainedFailureError,
)

STATUS = "systemctl status ModemManager"
_JOURNAL = "see `journalctl -u ModemManager`"
_MM = "org.freedesktop.ModemManager1.Error."
_QMI = "org.freedesktop.libqmi.Error."
_DBUS = "org.freedesktop.DBus.Error."

# By the last part of the name; Core, MobileEquipment, Message and QMI mean the same by the same.
_BY_NAME: dict[str, tuple[type[CommandFailedError], str]] = {
    name: (kind, remedy)
    for kind, remedy, names in (
        (SimMissingError, "insert the SIM", "SimNotInserted NoSim"),
        (SimPinError, "set the modem's PIN with modem_config", "SimPin PhSimPin"),
        (SimPukError, "unlock the SIM in a phone with its PUK", "SimPuk PhSimPuk"),
        (SimFailedError, "check the SIM in a phone", "SimFailure SimWrong WrongSimState"),
        (SimBusyError, "try again in some seconds", "SimBusy"),
        (
            NoServiceError,
            "look at registration and signal with modem_info",
            "NoNetwork NetworkTimeout NoNetworkFound NetworkNotReady NetworkAborted Aborted"
            " WmsMessageDeliveryFailure CsDomainUnavailable CsServiceTemporarilyUnavailable",
        ),
        (StorageFullError, "delete messages", "MemoryFull DeviceStorageFull"),
        (
            NotAllowedError,
            "look at the modem's state with modem_info; ask the carrier",
            "WrongState NotAllowed NetworkNotAllowed AccessDenied CallBarred WmsCauseCode"
            " WmsMessageNotSent OperatorDeterminedBarring SmsServiceReserved",
        ),
        (
            NotSupportedError,
            "use another modem or firmware",
            "Unsupported NotSupported DeviceUnsupported InvalidQmiCommand",
        ),
        (
            BadParameterError,
            "check number, text and id",
            "InvalidArgs NotFound InvalidIndex InvalidPduParameter InvalidTextParameter"
            " InvalidArgument MissingArgument SmscAddressUnknown WmsSmscAddress WmsEncoding"
            " IncorrectParameters TooMany",
        ),
    )
    for name in names.split()
}
_GONE = frozenset(_DBUS + name for name in ("UnknownObject", "UnknownMethod", "UnknownInterface"))
_ABSENT = frozenset(
    _DBUS + name for name in ("ServiceUnknown", "NameHasNoOwner", "Spawn.ServiceNotFound")
)


def explain(error: BusError, modem: str, command: str) -> FarmError:
    """What `error`, the answer to a call about `modem`, means; it names modem and command."""
    return _meaning(error, modem).about(modem, command)


def _meaning(error: BusError, modem: str) -> FarmError:
    name = error.name
    if isinstance(error, LateError):
        return CommandTimeoutError(f"ModemManager: {error.message}", _JOURNAL)
    if name in _ABSENT:
        return absent()
    if name == NO_REPLY:  # the bus says so when a service ends before it has answered
        return ToolError("ModemManager ended while it was at work", STATUS)
    if name in _GONE:
        return PortGoneError(f"ModemManager has lost modem {modem}", "wait until it is back")
    if name in (_DBUS + "AccessDenied", _MM + "Core.Unauthorized"):
        return NotPermittedError(f"ModemManager does not let us: {error.message}", "do it as root")
    if name.startswith((_MM, _QMI)):
        return _said_no(name.rpartition(".")[2], error.message)
    return ToolError(f"ModemManager: {error.message}", _JOURNAL)


def _said_no(nick: str, message: str) -> FarmError:
    if nick in ("Timeout", "ResponseTimeout", "SendTimeout"):
        return CommandTimeoutError(f"ModemManager: {message}", _JOURNAL)
    if nick in ("InProgress", "Retry", "DeviceInUse", "DeviceNotReady", "Throttled"):
        return PortBusyError(f"ModemManager: {message}", "try again in some seconds")
    kind, remedy = _BY_NAME.get(nick, (UnexplainedFailureError, _JOURNAL))
    return kind(f"ModemManager: {message}", remedy)


def absent() -> FarmError:
    """There is no ModemManager on the bus."""
    return MissingPartError("ModemManager does not run", STATUS)
