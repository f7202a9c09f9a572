# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON schema of an export, for editors and other programs; docs/export.schema.json is this.

`document.parse` is what an import is checked by; a test holds the two together. What no schema can
say (a slot twice, the port of a slot) only `parse` and `difference` know.
"""

from __future__ import annotations

from typing import Any

from modemfarm.settings import MAX_SLOTS

from .document import VERSION

_APN = {"type": "string", "pattern": r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$"}


def _object(required: list[str], properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": properties,
    }


_ENTRY = _object(
    ["serial", "slot"],
    {
        "serial": {"type": "string", "pattern": "^[0-9]{15}$", "description": "IMEI, in quotes"},
        "slot": {
            "type": "integer", "minimum": 1, "maximum": MAX_SLOTS,
            "description": "decides port, user, routing table and unit",
        },
        "port": {
            "type": ["integer", "null"], "minimum": 1024, "maximum": 65535,
            "description": "port_base of the host and the slot; checked, not chosen",
        },
        "apn": {
            "anyOf": [_APN, {"type": "null"}],
            "description": "null: the farm's; left out: what the registry has stays",
        },
    },
)  # fmt: skip
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Configuration of a modem host",
    **_object(
        ["version", "host", "modems"],
        {
            "version": {"type": "integer", "const": VERSION},
            "host": {"type": "string", "minLength": 1},
            "farm": {
                **_object(
                    [],
                    {
                        "apn": _APN,
                        "port_base": {"type": "integer", "minimum": 1023, "maximum": 65534},
                        "slots": {"type": "integer", "minimum": 1, "maximum": MAX_SLOTS},
                    },
                ),
                "description": "decided by the inventory; compared, not imported",
            },
            "modems": {"type": "array", "items": _ENTRY},
        },
    ),
}
