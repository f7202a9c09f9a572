# SPDX-License-Identifier: GPL-3.0-or-later
"""What AT+QCFG keeps in the module's flash ("EC2x QCFG AT commands manual"); power keeps it.

Defaults are those of an EC25-EUX that was asked for them in public threads.
"""

from dataclasses import dataclass, field

USB_FUNCTIONS = ("diag", "nmea", "at2", "at3", "net", "adb", "uac")  # order of "usbcfg"
ALL_BUT_DEBUG = (1, 1, 1, 1, 1, 0, 0)
# Bits of "band": GSM 900/1800 and WCDMA 2100/900; LTE 1, 3, 7, 8, 20, 28
BANDS_2G_3G, BANDS_LTE = 0x93, 0x80800C5
ANY_2G_3G, ANY_LTE = 0xFFFF, 0x7FFFFFFFFFFFFFFF
LAB_BAND = 1 << 2  # the one cell of the lab is on LTE band 3
SCAN_AUTOMATIC, SCAN_LTE_ONLY = 0, 3
IMS_BY_FILE, IMS_ON, IMS_OFF = 0, 1, 2


@dataclass
class ModuleConfig:
    """The stored settings. `applied_ims` is what the last boot made of `ims`."""

    usbnet: int
    functions: tuple[int, ...] = ALL_BUT_DEBUG
    bands: tuple[int, int, int] = (BANDS_2G_3G, BANDS_LTE, 0)
    scan_mode: int = SCAN_AUTOMATIC
    scan_sequence: str = "0403010205"
    ims: int = IMS_BY_FILE
    applied_ims: int = IMS_BY_FILE
    plain: dict[str, str] = field(
        default_factory=lambda: {
            "gprsattach": "1",
            "roamservice": "255",
            "servicedomain": "2",
            "pdp/duplicatechk": "0",
            "airplanecontrol": "0",
            "risignaltype": '"respective"',
            "urc/delay": "0",
        }
    )

    @property
    def lte_allowed(self) -> bool:
        """Whether the modem may look for the lab's cell."""
        return self.scan_mode in (SCAN_AUTOMATIC, SCAN_LTE_ONLY) and bool(self.bands[1] & LAB_BAND)

    @property
    def volte(self) -> bool:
        """Whether voice over LTE is in use: only when it was forced on before the boot."""
        return self.applied_ims == IMS_ON

    def shows(self, role: str) -> bool:
        """Whether the USB function of this role is on; roles are those of the interfaces."""
        name = role if role in USB_FUNCTIONS else "net"
        return bool(self.functions[USB_FUNCTIONS.index(name)])

    def power_cycle(self) -> None:
        """What waits for a boot takes effect."""
        self.applied_ims = self.ims
