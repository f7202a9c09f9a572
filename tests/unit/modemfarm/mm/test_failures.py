# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.mm.failures: each error of ModemManager by its meaning."""

import pytest

from modemfarm import errors
from modemfarm.dbus.connection import NO_REPLY, BusError, LateError
from modemfarm.mm.failures import explain

MM = "org.freedesktop.ModemManager1.Error."
QMI = "org.freedesktop.libqmi.Error.Protocol."
DBUS = "org.freedesktop.DBus.Error."


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (MM + "Core.WrongState", errors.NotAllowedError),
        (MM + "Core.Unauthorized", errors.NotPermittedError),
        (MM + "Core.NotFound", errors.BadParameterError),
        (MM + "Core.Unsupported", errors.NotSupportedError),
        (MM + "Core.InProgress", errors.PortBusyError),
        (MM + "Core.Timeout", errors.CommandTimeoutError),
        (MM + "Core.Aborted", errors.NoServiceError),
        (MM + "Core.Failed", errors.UnexplainedFailureError),
        (MM + "Serial.ResponseTimeout", errors.CommandTimeoutError),
        (MM + "MobileEquipment.SimPuk", errors.SimPukError),
        (MM + "MobileEquipment.SimPin", errors.SimPinError),
        (MM + "MobileEquipment.SimNotInserted", errors.SimMissingError),
        (MM + "Message.NetworkTimeout", errors.NoServiceError),
        (MM + "Message.MemoryFull", errors.StorageFullError),
        (MM + "Message.SmscAddressUnknown", errors.BadParameterError),
        (MM + "Message.Unknown", errors.UnexplainedFailureError),
        (QMI + "WmsCauseCode", errors.NotAllowedError),
        (QMI + "NoSim", errors.SimMissingError),
        (QMI + "DeviceStorageFull", errors.StorageFullError),
        (QMI + "SomethingNew", errors.UnexplainedFailureError),
        (DBUS + "ServiceUnknown", errors.MissingPartError),
        (DBUS + "NameHasNoOwner", errors.MissingPartError),
        (DBUS + "UnknownObject", errors.PortGoneError),
        (DBUS + "UnknownMethod", errors.PortGoneError),
        (DBUS + "AccessDenied", errors.NotPermittedError),
        (DBUS + "Failed", errors.ToolError),
        (NO_REPLY, errors.ToolError),
    ],
)
def test_names(name, kind):
    found = explain(BusError(name, "what it said"), "867584030000017", "send")
    assert type(found) is kind
    assert (found.modem, found.command) == ("867584030000017", "send")
    assert found.remedy


def test_no_answer_in_time_is_not_the_end_of_the_service():
    late = explain(LateError(NO_REPLY, "no answer within 5 s"), "1", "send")
    assert type(late) is errors.CommandTimeoutError
    ended = explain(BusError(NO_REPLY, "disconnected"), "1", "send")
    assert "systemctl status ModemManager" in ended.remedy
