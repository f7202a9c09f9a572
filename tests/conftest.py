# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes library/ and src/ look to Ansible as they do inside a module, and fake modems in sysfs."""

from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

REPOSITORY = Path(__file__).parent.parent


def pytest_configure(config: pytest.Config) -> None:
    """Let tests import modules as `ansible.modules.<name>`, and examples take their time.

    How long one takes says something of the machine, not of the code.
    """
    hypothesis.settings.register_profile("noisy", deadline=None)
    hypothesis.settings.load_profile("noisy")
    import ansible.module_utils
    import ansible.modules

    ansible.modules.__path__.append(str(REPOSITORY / "library"))
    ansible.module_utils.__path__.append(str(REPOSITORY / "src"))


REMARKS = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def remark(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say something in the summary, also when all tests pass."""
    return request.config.stash.setdefault(REMARKS, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what tests remarked."""
    for text in terminalreporter.config.stash.get(REMARKS, []):
        terminalreporter.write_line(f"remark: {text}")


SysfsMaker = Callable[..., Path]


@pytest.fixture
def make_modem(tmp_path: Path) -> SysfsMaker:
    """Return `make(path, index, ...)`: an EC25 in tmp_path/sys as Linux 6.1 shows it."""

    def make(
        path: str = "1-1",
        index: int = 0,
        *,
        data_driver: str | None = "qmi_wwan",
        data_class: tuple[str, str, str] = ("ff", "ff", "ff"),
        net: str | None = None,
        usb_serial: str = "",
        bound: bool = True,
    ) -> Path:
        real = tmp_path / "sys/devices/platform/vhci_hcd.0/usb1" / path
        real.mkdir(parents=True)
        files = {"idVendor": "2c7c", "idProduct": "0125", "product": "EC25-EUX"}
        if usb_serial:
            files["serial"] = usb_serial
        for name, text in files.items():
            (real / name).write_text(text + "\n")
        for number in range(5):
            serial = number < 4
            triple = ("ff", "ff" if number == 0 else "00", "ff" if number == 0 else "00")
            driver = ("option" if serial else data_driver) if bound else None
            folder = _interface(tmp_path, real, number, triple if serial else data_class, driver)
            if driver and serial:
                (folder / f"ttyUSB{4 * index + number}/tty/ttyUSB{4 * index + number}").mkdir(
                    parents=True
                )
            elif driver:
                (folder / "net" / (net or f"wwan{index}")).mkdir(parents=True)
                if driver in ("qmi_wwan", "cdc_mbim"):
                    (folder / f"usbmisc/cdc-wdm{index}").mkdir(parents=True)
        devices = tmp_path / "sys/bus/usb/devices"
        devices.mkdir(parents=True, exist_ok=True)
        (devices / path).symlink_to(real)
        for folder in real.glob(f"{path}:*"):
            (devices / folder.name).symlink_to(folder)
        return real

    return make


def _interface(
    root: Path, device: Path, number: int, triple: tuple[str, str, str], driver: str | None
) -> Path:
    folder = device / f"{device.name}:1.{number}"
    folder.mkdir()
    (folder / "bInterfaceNumber").write_text(f"{number:02x}\n")
    for name, value in zip(("Class", "SubClass", "Protocol"), triple, strict=True):
        (folder / f"bInterface{name}").write_text(f"{value}\n")
    if driver is not None:
        target = root / "sys/bus/usb/drivers" / driver
        target.mkdir(parents=True, exist_ok=True)
        (folder / "driver").symlink_to(target)
    return folder
