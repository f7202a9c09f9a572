# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's complaints in plain words; lines a device could have forged are none."""

import json
from pathlib import Path

import pytest

from modemfarm.errors import InvalidValueError
from modemfarm.usbplan.journal import from_file, from_journal
from modemfarm.usbplan.kernel_log import Line, find_trouble, parse_line

# Messages as kernels 5.10 to 6.8 print them (drivers/usb/core, drivers/usb/host/xhci.c, cdc-wdm).
SAMPLES = [
    ("usb 1-1.3.4: can't set config #1, error -12", "1-1.3.4", -12, "ENOMEM"),
    ("usb 1-1.3.4: Not enough host controller resources for new device state.",
     "1-1.3.4", None, "controller full"),
    ("xhci_hcd 0000:00:14.0: Not enough host controller resources for new device state.",
     "0000:00:14.0", None, "controller full"),
    ("usb 2-3.3: Not enough bandwidth for new device state.", "2-3.3", None, "bandwidth full"),
    ("usb 2-3.3: can't set config #1, error -28", "2-3.3", -28, "ENOSPC"),
    ("usb 1-2: device descriptor read/64, error -71", "1-2", -71, "EPROTO"),
    ("usb 1-2: device not accepting address 5, error -71", "1-2", -71, "EPROTO"),
    ("usb 1-2: device descriptor read/all, error -110", "1-2", -110, "ETIMEDOUT"),
    ("usb 1-1-port2: unable to enumerate USB device", "1-1-port2", None, "port dead"),
    ("usb usb1-port3: Cannot enable. Maybe the USB cable is bad?", "usb1-port3", None, "port dead"),
    ("usb 1-1.4: rejected 1 configuration due to insufficient available bus power",
     "1-1.4", None, "too little power"),
    ("usb 1-1.1.1.1.1.1: Unsupported bus topology: hub nested too deep",
     "1-1.1.1.1.1.1", None, "too deep"),
    ("usb usb1-port2: over-current change #4", "usb1-port2", None, "over-current"),
    ("hub 1-1:1.0: over-current condition", "1-1:1.0", None, "over-current"),
    ("qmi_wwan 1-1.2:1.4: nonzero urb status received: -71", "1-1.2", -71, "EPROTO"),
    ("qmi_wwan 1-1.2:1.4: nonzero urb status received: -EPIPE", "1-1.2", None, "EPIPE"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "where", "code", "name"), SAMPLES)
def test_each_message_has_a_meaning(message, where, code, name):
    (found,) = find_trouble([Line(message)])
    assert (found.where, found.code, found.name, found.count) == (where, code, name, 1)
    assert found.meaning
    assert found.remedy


@pytest.mark.parametrize(
    "message",
    [
        "usb 1-1: Product: x usb 1-2: can't set config #1, error -12",
        "usb 1-1: Product: error -71",
        "usb 1-1: can't set config #1, error -12 and more",
        "usb 1-1: SerialNumber: device descriptor read/64, error -71",
        "usb 1-1: can't set config #1, error -12\nusb 1-2: x",
        "usb 1-1: new high-speed USB device number 5 using xhci_hcd",
        "usb 1-1: can't set config #1, error -99",
        "EXT4-fs error -12",
        "",
    ],
)
def test_what_is_no_trouble_or_may_be_forged(message):
    assert find_trouble([Line(message)]) == ()


@pytest.mark.parametrize(
    ("prefix", "at"),
    [
        ("[   12.345678] ", "12 s after boot"),
        ("Nov 30 10:00:00 host kernel: ", "Nov 30 10:00:00"),
        ("2026-11-30T10:00:00+0000 host kernel: ", "2026-11-30T10:00:00+0000"),
        ("<4>[   12.345678] ", "12 s after boot"),
        ("Nov 30 10:00:00 host kernel: [   12.345678] ", "Nov 30 10:00:00"),
        ("", None),
    ],
)
def test_the_usual_formats(prefix, at):
    line = parse_line(f"{prefix}{SAMPLES[0][0]}\n")
    assert line == Line(SAMPLES[0][0], at)


def test_counts_by_place_and_meaning_and_keeps_the_last():
    lines = [Line(f"usb 1-2: device descriptor read/64, error {code}", str(at))
             for at, code in enumerate((-71, -110, -71))]  # fmt: skip
    found = find_trouble([*lines, Line("usb 1-3: device descriptor read/64, error -71", "9")])
    assert [(one.where, one.code, one.count, one.last) for one in found] == [
        ("1-2", -71, 2, "2"), ("1-2", -110, 1, "1"), ("1-3", -71, 1, "9"),
    ]  # fmt: skip


def test_a_flood_is_bounded():
    lines = (Line(f"usb 1-{n}: can't set config #1, error -12") for n in range(5000))
    assert len(find_trouble(lines)) == 200


def test_a_file(tmp_path: Path):
    file = tmp_path / "dmesg"
    file.write_bytes(b"\xff\x00" * 5000 + b"\n[    1.0] " + SAMPLES[0][0].encode() + b"\n")
    log = from_file(file)
    assert [(one.where, one.code) for one in log.findings] == [("1-1.3.4", -12)]
    assert log.problem is None


def test_a_file_that_cannot_be_read(tmp_path: Path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(InvalidValueError) as told:
            from_file(path)
        assert told.value.field == "--kernel-log"


def _journal(tmp_path: Path, *entries: object, code: int = 0) -> tuple[str, ...]:
    said = tmp_path / "said"
    said.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return ("sh", "-c", f"cat {said}; exit {code}")


def test_the_journal(tmp_path: Path):
    stamp = {"__REALTIME_TIMESTAMP": "1767225600000000"}
    log = from_journal(
        _journal(
            tmp_path,
            {"MESSAGE": SAMPLES[0][0]} | stamp,
            {"MESSAGE": list(b"\xff\xfe")} | stamp,
            {"MESSAGE": "usb 1-1: Product: x\nusb 1-9: can't set config #1, error -12"} | stamp,
            {"MESSAGE": 7} | stamp,
            ["nonsense"],
        )
    )
    assert [(one.where, one.last) for one in log.findings] == [
        ("1-1.3.4", "2026-01-01T00:00:00+00:00")
    ]
    assert log.problem is None


@pytest.mark.parametrize("code", [0, 1])
def test_a_journal_that_says_nothing_is_no_good_news(tmp_path: Path, code: int):
    log = from_journal(_journal(tmp_path, code=code))
    assert log.problem is not None
    assert "run it as root" in log.problem


def test_no_journal_at_all():
    log = from_journal(("no-such-journalctl",))
    assert log.problem is not None
    assert "not installed" in log.problem
