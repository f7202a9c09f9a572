# SPDX-License-Identifier: GPL-3.0-or-later
"""modem_settings: would the host's own programs take these settings, and its modems' policies?"""

from typing import Any

from ..errors import FarmError
from ..proxy.policy import complete
from ..settings import FarmSettings

ARGUMENTS: dict[str, dict[str, Any]] = {
    "settings": {"type": "dict", "required": True},
    "modems": {"type": "list", "elements": "dict", "default": []},
}


def run(arguments: dict[str, Any]) -> dict[str, Any]:
    """The module's result; changes nothing. A field is named by the variable of role farm."""
    try:
        settings = FarmSettings.from_dict(arguments["settings"])
    except FarmError as error:
        return {"failed": True, "msg": f"farm_{error.message}; {error.remedy}"}
    for row in arguments["modems"]:
        try:
            complete(settings, row.get("policy"))
        except FarmError as error:
            serial = row.get("serial")
            return {
                "failed": True,
                "msg": f"modem {serial}: its {error.message}; {error.remedy};"
                f" or `modemfarm policy {serial} --clear`",
            }
    return {"changed": False}
