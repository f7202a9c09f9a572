# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind modem_egress: ask through every port, and see by which interface it leaves."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ..egress import markers
from ..egress.ask import ask
from ..egress.judge import Row, table
from ..egress.tap import Tap
from ..errors import InvalidValueError, ToolError
from ..proxy.policy import listen_address
from ..settings import DEFAULT_PATH as SETTINGS
from ..settings import FarmSettings
from ..snapshot import DEFAULT_PATH as SNAPSHOT
from ..snapshot import ModemRecord, read_snapshot
from ..usb import find_modem
from .common import HERE, Answer, Here, guarded

ARGUMENTS: dict[str, dict[str, Any]] = {
    "serials": {"type": "list", "elements": "str", "default": []},
    "settings": {"type": "path", "default": str(SETTINGS)},
    "snapshot": {"type": "path", "default": str(SNAPSHOT)},
}
AT_ONCE = 16  # questions under way; each waits a few seconds for nothing


def run(arguments: Answer, check_mode: bool, here: Here = HERE) -> Answer:  # noqa: ARG001
    """The module's result; check mode is the same, for nothing is ever changed."""
    return guarded(lambda: _run(arguments, here.root))


def _run(arguments: Answer, root: Path) -> Answer:
    settings = FarmSettings.load(Path(arguments["settings"]))
    records, unknown = read_snapshot(Path(arguments["snapshot"])).select(arguments["serials"])
    if unknown:
        raise InvalidValueError("serials", ", ".join(unknown), "IMEIs that the registry has")
    now = datetime.now(UTC)
    asked = [r for r in records if r.hold is None or not r.hold.active(now)]
    token = os.urandom(4).hex()
    with Tap(partial(markers.recognise, token=token)) as tap, ThreadPoolExecutor(AT_ONCE) as pool:
        questions = [
            pool.submit(
                ask,
                listen_address(settings, record.policy),
                settings.slot(record.slot),
                kind,
                token,
            )
            for record in asked
            for kind in markers.KINDS
        ]
        for question in questions:
            question.result()
    if tap.lost:
        raise ToolError(f"{tap.lost} packets were not looked at", "try again when less is sent")
    rows = [_row(record, tap, root) for record in asked]
    wrong = [f"slot {row.slot} ({row.serial}): {text}" for row in rows for text in row.problems]
    held = [record.serial for record in records if record not in asked]
    return {
        "changed": False,
        "modems": [row.as_dict() for row in rows],
        "held": held,
        "problems": wrong,
        "table": table(rows),
    }


def _row(record: ModemRecord, tap: Tap, root: Path) -> Row:
    usb = find_modem(record.usb_path, root) if record.present and record.usb_path else None
    sent: dict[str, dict[str, int]] = {}
    for ((slot, kind), interface), packets in tap.counts.items():
        if slot == record.slot:
            sent.setdefault(kind, {})[interface] = packets
    return Row(record.serial, record.slot, usb.net if usb else None, sent)
