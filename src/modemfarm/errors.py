# SPDX-License-Identifier: GPL-3.0-or-later
"""All errors of the package: one base, and two branches that decide about trying again."""

from typing import Any, Self


class FarmError(Exception):
    """Something is wrong with the farm: `message` says what, `remedy` what to do about it.

    `modem` (IMEI, else where it is) and `command` are None where the error is about neither.
    """

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.modem: str | None = None
        self.command: str | None = None

    def __str__(self) -> str:
        return f"{self.message} (remedy: {self.remedy})"

    def about(self, modem: str | None = None, command: str | None = None) -> Self:
        """Say which modem and command it is about, unless that is said already; gives itself."""
        self.modem = self.modem or modem
        self.command = self.command or command
        return self

    def fields(self) -> dict[str, Any]:
        """What a program gets of it: {error, message, remedy, modem, command}, and code if any."""
        found = {name: getattr(self, name) for name in ("message", "remedy", "modem", "command")}
        code = getattr(self, "code", None)
        return {"error": type(self).__name__, **found, **({} if code is None else {"code": code})}


class TransientError(FarmError):
    """Trying again later may help without anybody doing anything."""


class PermanentError(FarmError):
    """Trying again does not help until somebody or something changes."""


class InvalidValueError(PermanentError):
    """A value from a file, a caller or a modem is outside what is allowed."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        shown = repr(value)
        if len(shown) > 80:  # hostile input may be megabytes; an error line is read by people
            shown = shown[:77] + "..."
        super().__init__(f"{field} is {shown}", f"allowed: {allowed}")
        self.field = field


class SettingsError(PermanentError):
    """The host's settings file cannot be used."""


class SnapshotError(PermanentError):
    """The snapshot of the registry cannot be used."""


class ConfigRefusedError(PermanentError):
    """A proxy configuration was refused by the check before it could be swapped in."""


class MissingPartError(PermanentError):
    """A program or library this needs is not installed."""


class NotPermittedError(PermanentError):
    """This user may not do it: it needs other rights, as root or as a member of a group."""


class ToolError(TransientError):
    """A system tool (ip, nft, systemctl, nmcli, busctl, udevadm) failed or took too long."""


class PortGoneError(TransientError):
    """The serial port vanished (unplugged, or the modem restarted)."""


class PortBusyError(TransientError):
    """Somebody else holds the port, or is at the modem."""


class CommandTimeoutError(TransientError):
    """The modem did not answer in time."""


class CommandCancelledError(TransientError):
    """The caller gave up before the modem had answered."""


class CommandFailedError(FarmError):
    """The modem answered with an error; `code` is its number where it has one.

    AT (+CME, +CMS) and QMI errors of one meaning are one subclass, whatever their numbers.
    """

    def __init__(self, message: str, remedy: str, code: int | None = None) -> None:
        super().__init__(message, remedy)
        self.code = code


class UnexplainedFailureError(CommandFailedError, PermanentError):
    """The modem gave no reason, or one that says nothing about trying again."""


class NotSupportedError(CommandFailedError, PermanentError):
    """This modem or firmware does not know the command."""


class NotAllowedError(CommandFailedError, PermanentError):
    """The modem knows the command and refuses it in its present state."""


class BadParameterError(CommandFailedError, PermanentError):
    """The modem does not take this value."""


class SimMissingError(CommandFailedError, PermanentError):
    """There is no SIM in the modem."""


class SimPinError(CommandFailedError, PermanentError):
    """The SIM wants its PIN."""


class SimPukError(CommandFailedError, PermanentError):
    """The SIM is locked and wants its PUK."""


class SimFailedError(CommandFailedError, PermanentError):
    """The SIM cannot be read, or is the wrong one."""


class SimBusyError(CommandFailedError, TransientError):
    """The SIM is not ready yet."""


class WrongPasswordError(CommandFailedError, PermanentError):
    """The PIN or password was wrong; one try fewer is left."""


class StorageFullError(CommandFailedError, PermanentError):
    """The message store is full."""


class NoServiceError(CommandFailedError, TransientError):
    """There is no network, or it did not answer."""


class OutOfCallError(CommandFailedError, TransientError):
    """There is no bearer, and the question is about one."""


class PinPolicyError(PermanentError):
    """A PIN was not sent: it was tried before, or too few tries are left, or nobody knows."""


class CommandRefusedError(PermanentError):
    """This program does not send that command."""


class AnswerUnreadableError(TransientError):
    """The modem answered OK but not with what the command should give."""
