# SPDX-License-Identifier: GPL-3.0-or-later
from pathlib import Path

from modemlab.bus import VhciBus

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
