# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind proxy_switch."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..apply.host import Host
from ..apply.tools import run as run_tool
from ..errors import ConfigRefusedError, ToolError
from ..proxy import check
from ..proxy.switch import LINK, Switch
from ..proxy.units import SystemdUnits
from ..settings import DEFAULT_PATH, FarmSettings
from .common import Answer, guarded

ARGUMENTS: dict[str, dict[str, Any]] = {
    "program": {"type": "path", "required": True},
    "link": {"type": "path", "default": str(LINK)},
    "settings": {"type": "path", "default": str(DEFAULT_PATH)},
}


def run(arguments: Answer, check_mode: bool) -> Answer:
    """The module's result, with a diff of the link."""
    return guarded(lambda: _run(arguments, check_mode))


def _run(arguments: Answer, check_mode: bool) -> Answer:
    settings, host = Path(arguments["settings"]), Host()
    try:
        switch = Switch(
            SystemdUnits(host.bus), take_or_refuse, Path(arguments["link"]), _urls(settings)
        )
        outcome = switch.run(Path(arguments["program"]), check_mode)
    finally:
        host.close()
    lines = ("" if outcome.before is None else f"{outcome.before}\n", f"{outcome.after}\n")
    diff = {"before_header": arguments["link"], "before": lines[0], "after": lines[1]}
    return {**asdict(outcome), "diff": diff}


def take_or_refuse(config: Path, program: Path) -> None:
    """Ask `program` whether it takes `config`; ConfigRefusedError."""
    try:
        run_tool((*check.command(config), str(program)), timeout=check.TIMEOUT_S)
    except ToolError as error:
        raise ConfigRefusedError(
            f"{program} does not take {config}: {error.message}",
            "nothing was changed; use a version that takes it",
        ) from error


def _urls(settings: Path) -> Sequence[str]:
    """Targets that echo an address; none on a host without settings, which has no modem either."""
    if not settings.exists():
        return ()
    found = FarmSettings.load(settings)
    return [url for url in (found.probe_url, found.second_probe_url) if url]
