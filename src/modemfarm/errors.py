# SPDX-License-Identifier: GPL-3.0-or-later
"""All errors of the package: one base, and two branches that decide about trying again."""


class FarmError(Exception):
    """Something is wrong with the farm: `message` says what, `remedy` what to do about it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} (remedy: {self.remedy})"


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


class ToolError(TransientError):
    """A system tool (ip, nft, systemctl, nmcli, busctl, udevadm) failed or took too long."""


class PortGoneError(TransientError):
    """The serial port vanished (unplugged, or the modem restarted)."""


class PortBusyError(TransientError):
    """Somebody else holds the serial port."""


class CommandTimeoutError(TransientError):
    """The modem did not answer in time."""


class CommandFailedError(PermanentError):
    """The modem answered with ERROR, +CME ERROR or +CMS ERROR."""

    def __init__(self, message: str, remedy: str, code: int | None = None) -> None:
        super().__init__(message, remedy)
        self.code = code


class CommandRefusedError(PermanentError):
    """This program does not send that command."""


class AnswerUnreadableError(TransientError):
    """The modem answered OK but not with what the command should give."""
