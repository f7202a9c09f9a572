# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a whole D-Bus service with one `busctl` call (ObjectManager.GetManagedObjects)."""

import json
from collections.abc import Mapping
from typing import Any

from ..errors import ToolError

# Properties of one object by interface and name, values already taken out of their variants.
Properties = Mapping[str, Mapping[str, Any]]
Objects = Mapping[str, Properties]

# A service that is being started by the bus may take long; asking again is cheaper than waiting.
CALL_TIMEOUT_S = 10.0


def managed_objects_command(service: str, path: str) -> tuple[str, ...]:
    """The command whose output `parse_objects` reads. It never starts a service that is down."""
    return (
        "busctl",
        "--system",
        "--json=short",
        "--auto-start=no",
        f"--timeout={CALL_TIMEOUT_S:g}",
        "call",
        service,
        path,
        "org.freedesktop.DBus.ObjectManager",
        "GetManagedObjects",
    )


def parse_objects(text: str) -> Objects:
    """{object path: {interface: {property: value}}}; ToolError when it is not that."""
    try:
        objects = json.loads(text)["data"][0]
        return {
            path: {
                interface: {name: plain(value) for name, value in properties.items()}
                for interface, properties in interfaces.items()
            }
            for path, interfaces in objects.items()
        }
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise ToolError(
            f"busctl shows something else than objects: {error!r}", "check the version of systemd"
        ) from error


def plain(value: Any) -> Any:
    """Take a value out of busctl's {"type": ..., "data": ...} at any depth."""
    if isinstance(value, dict):
        if set(value) == {"type", "data"}:
            return plain(value["data"])
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
