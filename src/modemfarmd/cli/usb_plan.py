# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm usb-plan`: needs neither modems nor the database nor the settings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from modemfarm.errors import InvalidValueError, SnapshotError
from modemfarm.snapshot import DEFAULT_PATH as SNAPSHOT
from modemfarm.snapshot import read_snapshot
from modemfarm.usbplan.journal import KernelLog, from_file, from_journal
from modemfarm.usbplan.plan import as_document, make_plan
from modemfarm.usbplan.sysfs import SYSFS

from .output import show_json
from .usb_tree import draw


def usb_plan(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    sysfs: Annotated[Path, typer.Option(help="Another host's /sys, copied.")] = SYSFS,
    kernel_log: Annotated[
        Path | None, typer.Option(help="A file with kernel messages, instead of the journal.")
    ] = None,
) -> None:
    """USB controllers, hubs and modems; how many EC25 still fit and why; what is wrong."""
    if not sysfs.is_dir():
        raise InvalidValueError("--sysfs", str(sysfs), "a folder such as /sys")
    ours = sysfs == SYSFS
    if kernel_log:
        kernel = from_file(kernel_log)
    elif ours:
        kernel = from_journal()
    else:
        kernel = KernelLog("none", problem="--sysfs is another host's; give --kernel-log FILE")
    # The same for the snapshot: this host's IMEIs say nothing about another host's modems.
    serials = _serials(ctx.obj[1]) if ours or ctx.obj[1] != SNAPSHOT else {}
    plan = make_plan(sysfs, serials, kernel)
    if as_json:
        show_json(as_document(plan))
        return
    for line in draw(plan):
        sys.stdout.write(line + "\n")


def _serials(snapshot: Path) -> dict[str, str]:
    """IMEI by USB path; none when there is no snapshot that can be read."""
    try:
        records = read_snapshot(snapshot).modems
    except SnapshotError as error:
        sys.stderr.write(f"no IMEIs: {error.message}\n")
        return {}
    return {one.usb_path: one.serial for one in records if one.present and one.usb_path}
