# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of files, virtual modems behind terminals: what is behind the modules, without root."""

import json

import pytest

from modemfarm.tasks.common import Here
from modemlab.faces.background import Background
from modemlab.faces.files_host import FilesHost
from modemlab.modem.spec import ModemSpec

REBOOT_S = 0.3  # long enough to be seen missing


class World:
    """One host; `plug` gives a modem whose IMEI the host has noted, as on a farm."""

    def __init__(self, root, lab):
        self.root, self.lab = root, lab
        self.host = FilesHost(root, lab)
        for folder in ("run/modemfarm/udev", "run/lock", "var/spool"):
            (root / folder).mkdir(parents=True)
        self.here = Here(root, root / "run/lock", root / "var/spool")
        self.faces = {}

    def plug(self, number=1, *, noted=True, index=None, **spec):
        values = {"registration_seconds": 0, "reboot_seconds": REBOOT_S, **spec}
        usb_path = f"1-{number}"
        modem, face = self.host.plug(
            ModemSpec(number, **values), usb_path, number - 1 if index is None else index
        )
        self.faces[modem.imei] = face
        if noted:
            note = self.root / "run/modemfarm/udev" / usb_path
            note.write_text(f"MODEMFARM_SERIAL={modem.imei}\n")
        return modem

    def log(self):
        """What is in the spool, in the order of its files."""
        files = sorted((self.root / "var/spool").iterdir(), key=lambda file: file.stat().st_mtime)
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]


@pytest.fixture
def world(tmp_path):
    with Background() as lab:
        yield World(tmp_path, lab)
