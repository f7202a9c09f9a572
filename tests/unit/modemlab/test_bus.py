# SPDX-License-Identifier: GPL-3.0-or-later
import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from modemlab import bus
from modemlab.bus import VhciBus
from modemlab.faces import vhci
from modemlab.modem.errors import LabError

STATUS = """\
hub port sta spd dev      sockfd local_busid
hs  0000 006 003 00010001 000003 1-1
hs  0001 004 000 00000000 000000 0-0
hs  0002 006 003 00010003 000007 1-3
ss  0015 004 000 00000000 000000 0-0
"""
STATUS_1 = """\
hub port sta spd dev      sockfd local_busid
hs  0030 006 003 00010020 000009 3-1
"""


def test_usb_names_of_the_ports_in_use(tmp_path: Path) -> None:
    """The files as Linux 6.1 writes them (drivers/usb/usbip/vhci_sysfs.c)."""
    (tmp_path / "status").write_text(STATUS)
    (tmp_path / "status.1").write_text(STATUS_1)
    assert VhciBus(tmp_path).usb_paths() == {0: "1-1", 2: "1-3", 30: "3-1"}


def test_a_pulled_modem_is_out_when_the_kernel_has_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its socket is closed before its interface is gone: a request in between would get through."""
    (tmp_path / "status").write_text(STATUS)
    device = tmp_path / "usb1/1-3"
    device.mkdir(parents=True)
    modem = SimpleNamespace(number=3, port=2, plugged=True)
    monkeypatch.setattr(vhci, "detach", lambda *_: setattr(modem, "plugged", False))

    async def pull() -> bool:
        task = asyncio.create_task(VhciBus(tmp_path).detach(modem))  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        waited = not task.done()
        device.rmdir()
        await task
        return waited

    assert asyncio.run(pull())
    device.mkdir()
    modem.plugged = True
    monkeypatch.setattr(bus, "GONE_CAP_S", 0.1)
    with pytest.raises(LabError, match="still there"):
        asyncio.run(VhciBus(tmp_path).detach(modem))  # type: ignore[arg-type]
