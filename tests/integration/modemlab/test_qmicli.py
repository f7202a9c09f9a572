# SPDX-License-Identifier: GPL-3.0-or-later
"""qmicli, which shares no code with the modem, at its QMI port and through a proxy."""

import errno
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from modemlab.faces.background import Background
from modemlab.faces.pty import PtyFace
from modemlab.faces.qmi_proxy import QmiProxy
from modemlab.modem.modem import Modem
from modemlab.modem.spec import ModemSpec, Wan6

pytestmark = pytest.mark.skipif(
    shutil.which("qmicli") is None, reason="needs qmicli (Debian package libqmi-utils)"
)
CAP_S = 30.0
SPEC = ModemSpec(5, registration_seconds=0, ipv6=Wan6("2001:db8:5::2", "2001:db8:5::1"))

# option -> what qmicli has to make of the answer
SHOWN = {
    "--dms-get-ids": [r"IMEI: '867584030000058'"],
    "--dms-get-manufacturer": [r"QUALCOMM INCORPORATED"],
    "--dms-get-model": [r"QUECTEL Mobile Broadband Module"],
    "--dms-get-revision": [r"EC25EUXGAR08A13M1G"],
    "--dms-get-capabilities": [r"Max TX channel rate: '50000000'", r"Networks: 'gsm, umts, lte'"],
    "--dms-get-operating-mode": [r"Mode: 'online'"],
    "--dms-get-band-capabilities": [r"LTE bands: '1, 3, 7, 8, 20, 28'"],
    "--nas-get-serving-system": [
        r"Registration state: 'registered'", r"Selected network: '3gpp'", r"\[0\]: 'lte'",
        r"Roaming status: 'off'", r"Description: 'Lab Telekom'", r"LTE tracking area code: '4660'",
    ],
    "--nas-get-system-info": [
        r"LTE service:\s+Status: 'available'", r"MCC: '262'\s+MNC: '01'", r"Forbidden: 'no'",
    ],
    "--nas-get-signal-info": [r"LTE:\s+RSSI: '-\d+ dBm'\s+RSRQ: '-\d+ dB'\s+RSRP: '-\d+ dBm'"],
    "--nas-network-scan": [
        r"Status: 'current-serving, home, not-forbidden'", r"Description: 'Lab Telekom'",
        r"RAT: 'lte'",
    ],
    "--nas-get-home-network": [r"Description: 'Lab Telekom'"],
    "--nas-get-rf-band-info": [r"Active Band Class: 'eutran-3'", r"Active Channel:\s+'1300'"],
    "--nas-get-system-selection-preference": [r"Mode preference: 'gsm, umts, lte'"],
    "--nas-get-technology-preference": [r"Active: 'auto', duration: 'permanent'"],
    "--uim-get-card-status": [
        r"Card state: 'present'", r"Application type:\s+'usim", r"Application state: 'ready'",
        r"Personalization state: 'ready'", r"PIN1 state: 'disabled'", r"PIN2 state: 'disabled'",
    ],
    "--uim-get-slot-status": [r"Card status: present", r"ICCID: 8949020000000000055"],
    "--uim-read-transparent=0x3F00,0x2FE2": [r"98:94:20:00:00:00:00:00:50:F5"],
    "--uim-get-configuration": [r"Automatic selection: 'automatic'|successfully retrieved"],
    "--wds-get-packet-service-status": [r"Connection status: 'disconnected'"],
    "--wds-get-profile-list=3gpp": [r"APN: 'internet'", r"PDP type: 'ipv4-or-ipv6'"],
    "--wds-get-autoconnect-settings": [r"Status: 'disabled'"],
    "--wds-get-lte-attach-parameters": [r"APN: internet", r"OTA attach performed: yes"],
    "--wms-get-routes": [r"Got 5 SMS routes", r"nv\s+Receipt Action: store-and-notify"],
    "--wms-set-routes=type=point,class=1,storage=uim,receipt-action=store-and-notify": [
        r"Successfully set",
    ],
    "--wms-reset": [r"Successfully performed WMS service reset"],
    "--voice-get-config": [r"Auto Answer Status: 'disabled'", r"Current TTY mode: 'off'"],
    "--wda-get-data-format": [r"Link layer protocol: 'raw-ip'"],
    "--get-service-version-info": [r"wds \(1.67\)", r"uim \(1.46\)", r"wda \(1.16\)"],
}  # fmt: skip


@pytest.fixture
def lab() -> Iterator[Background]:
    with Background() as lab:
        yield lab


@pytest.fixture
def plugged(lab: Background) -> tuple[Modem, PtyFace]:
    return lab.pty(SPEC)


def qmicli(path: str, *options: str, ok: bool = True) -> str:
    """The output of one call; both streams, since warnings and results mix."""
    done = subprocess.run(
        ["qmicli", "-d", path, "--device-open-qmi", *options],
        capture_output=True, text=True, timeout=CAP_S, check=False,
    )  # fmt: skip
    text = done.stdout + done.stderr
    assert (done.returncode == 0) is ok, text
    return text


@pytest.mark.parametrize("option", SHOWN)
def test_qmicli_understands(plugged: tuple[Modem, PtyFace], option: str) -> None:
    text = qmicli(plugged[1].paths["qmi"], option)
    for pattern in SHOWN[option]:
        assert re.search(pattern, text), text


@pytest.mark.parametrize(("family", "address"), [(4, "10.64.5.2"), (6, "2001:db8:5::2")])
def test_a_connection(plugged: tuple[Modem, PtyFace], family: int, address: str) -> None:
    modem, face = plugged
    path = face.paths["qmi"]
    started = qmicli(path, f"--wds-start-network=apn=web,ip-type={family}",
                     "--client-no-release-cid")  # fmt: skip
    handle = re.search(r"Packet data handle: '(\d+)'", started)
    client = re.search(r"CID: '(\d+)'", started)
    assert handle is not None
    assert client is not None
    mine = [f"--client-cid={client[1]}", "--client-no-release-cid"]
    assert modem.bearers.up(family)
    assert address in qmicli(path, "--wds-get-current-settings", *mine)
    if family == 4:
        bearer = qmicli(path, "--wds-get-current-data-bearer-technology")
        assert "Network type: '3gpp'" in bearer
        assert "Radio Access Technology: 'lte'" in bearer
    qmicli(path, f"--wds-stop-network={handle[1]}", *mine)
    assert not modem.bearers.up(family)


def test_a_pin_is_asked_for_and_given(lab: Background, plugged: tuple[Modem, PtyFace]) -> None:
    modem, face = plugged
    lab.call(modem.faults.set, "sim", "pin")
    path = face.paths["qmi"]
    status = qmicli(path, "--uim-get-card-status")
    assert "enabled-not-verified" in status
    assert "pin1-or-upin-pin-required" in status
    assert "IncorrectPin" in qmicli(path, "--uim-verify-pin=PIN1,0000", ok=False)
    qmicli(path, "--uim-verify-pin=PIN1,1234")
    assert modem.sim.pin_tries == 3
    assert "'ready'" in qmicli(path, "--uim-get-card-status")


@pytest.mark.parametrize(
    ("fault", "value", "option", "shown"),
    [
        ("sim", "missing", "--uim-get-card-status", r"Card state: 'absent'"),
        ("sim", "puk", "--uim-get-card-status", r"PIN1 state: 'blocked'"),
        ("network", "none", "--nas-get-serving-system", r"'not-registered-searching'"),
        ("network", "denied", "--nas-get-serving-system", r"'registration-denied'"),
        ("network", "denied", "--nas-get-system-info", r"Forbidden: 'yes'"),
        ("network", "roaming", "--nas-get-serving-system", r"Roaming status: 'on'"),
    ],
)
def test_faults_as_qmicli_shows_them(
    lab: Background, plugged: tuple[Modem, PtyFace], fault: str, value: str, option: str, shown: str
) -> None:
    modem, face = plugged
    lab.call(modem.faults.set, fault, value)
    assert re.search(shown, qmicli(face.paths["qmi"], option))


def test_no_network_no_connection(lab: Background, plugged: tuple[Modem, PtyFace]) -> None:
    modem, face = plugged
    lab.call(modem.faults.set, "network", "none")
    text = qmicli(face.paths["qmi"], "--wds-start-network=apn=web", ok=False)
    assert "CallFailed" in text


def test_modems_behind_one_proxy(lab: Background) -> None:
    """The path decides which modem answers; qmicli wants it to be a character device."""
    modems = {f"/dev/{name}": Modem(ModemSpec(n)) for n, name in ((1, "null"), (2, "zero"))}
    proxy = QmiProxy(modems.get)
    try:
        lab.run(proxy.start())
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        pytest.skip("a qmi-proxy runs on this machine, and its socket name cannot be changed")
    try:
        for path, modem in modems.items():
            assert modem.imei in qmicli(path, "-p", "--dms-get-ids")
        assert "couldn't open" in qmicli("/dev/full", "-p", "--dms-get-ids", ok=False)
    finally:
        lab.call(proxy.stop)
