# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding a modem by IMEI or USB path, with all its ports."""

import pytest

from modemfarm.contact import Contact, find_contact
from modemfarm.errors import InvalidValueError, PortGoneError

A, B = "867584030000017", "867584030000025"


def note(root, usb_path, serial):
    folder = root / "run/modemfarm/udev"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / usb_path).write_text(f"MODEMFARM_SERIAL={serial}\n")


def nobody(contact: Contact) -> None:
    raise AssertionError(f"{contact.name} was asked")


def test_the_noted_imei_is_found_without_asking(tmp_path, make_modem):
    make_modem("1-1", 0)
    make_modem("1-2", 7)
    note(tmp_path, "1-1", A)
    note(tmp_path, "1-2", B)
    found = find_contact(B, tmp_path, nobody)
    assert (found.serial, found.usb.path) == (B, "1-2")
    assert found.at_ports == (str(tmp_path / "dev/ttyUSB31"),)
    assert found.qmi_port == str(tmp_path / "dev/cdc-wdm7")


def test_modems_that_nobody_has_noted_are_asked(tmp_path, make_modem):
    make_modem("1-1", 0)
    make_modem("1-2", 1)
    note(tmp_path, "1-1", A)
    asked = []

    def ask(contact):
        asked.append(contact.usb.path)
        return B

    assert find_contact(B, tmp_path, ask).usb.path == "1-2"
    assert asked == ["1-2"]


def test_by_usb_path_the_imei_comes_with_it(tmp_path, make_modem):
    make_modem("1-1.4", 0)
    assert find_contact("1-1.4", tmp_path, lambda contact: A).serial == A
    assert find_contact("1-1.4", tmp_path, lambda contact: None).serial is None


@pytest.mark.parametrize("wanted", [B, "1-9"])
def test_an_unknown_modem_is_told_who_is_there(tmp_path, make_modem, wanted):
    make_modem("1-1", 0)
    note(tmp_path, "1-1", A)
    with pytest.raises(InvalidValueError, match="modem is") as caught:
        find_contact(wanted, tmp_path, nobody)
    assert f"{A} at 1-1" in caught.value.remedy


@pytest.mark.parametrize(
    "wanted", ["", "86758403000001", "1-1/../..", "1-1\n", "\uff1867584030000017"]
)
def test_what_is_neither_imei_nor_path_is_refused(tmp_path, wanted):
    with pytest.raises(InvalidValueError, match="modem is"):
        find_contact(wanted, tmp_path, nobody)


def test_a_damaged_note_counts_as_none(tmp_path, make_modem):
    make_modem("1-1", 0)
    note(tmp_path, "1-1", f"{A}\nLD_PRELOAD=x")
    assert find_contact(A, tmp_path, lambda contact: A).usb.path == "1-1"


def test_other_compositions_have_at_ports_to_try_and_no_qmi(tmp_path, make_modem):
    make_modem("1-1", 0, data_driver="cdc_ether", data_class=("02", "06", "00"))
    found = find_contact("1-1", tmp_path, lambda contact: A)
    assert [port.rsplit("/", 1)[1] for port in found.at_ports] == [
        "ttyUSB3", "ttyUSB2", "ttyUSB1", "ttyUSB0",
    ]  # fmt: skip
    with pytest.raises(PortGoneError, match="composition ecm") as caught:
        _ = found.qmi_port
    assert caught.value.modem == A


def test_a_modem_without_ports_says_so(tmp_path, make_modem):
    make_modem("1-1", 0, bound=False)
    with pytest.raises(PortGoneError, match="has no AT port"):
        _ = find_contact("1-1", tmp_path, lambda contact: A).at_ports


def test_another_modem_in_its_place_is_not_taken_for_it(tmp_path, make_modem):
    make_modem("1-1", 0)
    note(tmp_path, "1-1", A)
    contact = find_contact(A, tmp_path, nobody)
    contact.expect(A)
    with pytest.raises(PortGoneError, match=f"modem {A} has left USB path 1-1; {B} is there now"):
        contact.expect(B)
    Contact(None, contact.usb, contact.devices).expect(B)  # nobody was expected
