# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with the lab host, each with its remedy in the message."""


class LabError(Exception):
    """The lab host cannot go on; the message says what and what to do about it."""


class MissingTools(LabError):
    """Debian packages are missing and we may not install them."""


class GuestFailed(LabError):
    """The guest did not reach the wanted state within its cap."""


class CommandFailed(LabError):
    """A command in the guest or on the admin side ended with a non-zero code."""
