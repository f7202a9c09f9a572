# SPDX-License-Identifier: GPL-3.0-or-later
"""The parser of qmicli's text form."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modemfarm.qmi.text import MAX_NODES, MAX_VALUE, Node, parse

PIECES = (
    "[/dev/cdc-wdm0] ", "\t", "\t\t", "    ", "\n", "\n", "\r\n", ":", ": ", "'", "[0]",
    "Slot [1]:", "Network [0]:", "MCC: '262'", "Application ID:", "A0:00:00", "\x00", "\x1b[2J",
    "\u2028", "\u0661", "Physical slot 1:", "LTE:", "RSSI: '-70 dBm'", "]", "\u00e9", "\ud800",
)  # fmt: skip


def test_names_values_and_notes() -> None:
    tree = parse(
        "[/dev/cdc-wdm0] Got it:\n\tMode: 'online'\n\t3GPP offset: '60' minutes\n\tX: y z\n"
    )
    assert [(n.name, n.value, n.note) for n in tree.children] == [
        ("Mode", "online", ""),
        ("3GPP offset", "60", "minutes"),
        ("X", "y z", ""),
    ]


def test_a_value_on_the_title_line() -> None:
    assert parse("[/dev/cdc-wdm0] Connection status: 'connected'\n").find(
        "Connection status"
    ) == Node("Connection status", None, "connected")


def test_tabs_nest_below_headings_and_below_values(recorded: Callable[[str], str]) -> None:
    tree = parse(recorded("uim-get-card-status"))
    assert [n.name for n in tree.children] == ["Provisioning applications", "Slot"]
    slot = tree.children[1]
    assert slot.index == 1
    assert [n.name for n in slot.children] == ["Card state", "UPIN state", "Application"]
    assert [n.name for n in slot.children[1].children] == ["UPIN retries", "UPUK retries"]


def test_a_line_without_a_name_is_its_headings_value(recorded: Callable[[str], str]) -> None:
    node = parse(recorded("uim-get-card-status")).find("Application ID")
    assert node is not None
    assert node.value == "A0:00:00:00:87:10:02:FF:49:FF:05:89"


def test_an_empty_dump_glues_the_next_line_to_its_heading(recorded: Callable[[str], str]) -> None:
    """libqmi prints no line end for an empty application id."""
    tree = parse(recorded("uim-get-card-status.libqmi-1.16"))
    node = tree.find("Personalization state")
    assert node is not None
    assert node.value == "unknown"


def test_list_items_have_an_index_and_no_name(recorded: Callable[[str], str]) -> None:
    node = parse(recorded("nas-get-serving-system")).find("Radio interfaces")
    assert node is not None
    assert [(n.name, n.index, n.value) for n in node.children] == [("", 0, "lte")]


def test_aligned_names_are_not_nested(recorded: Callable[[str], str]) -> None:
    tree = parse(recorded("wds-get-current-settings"))
    assert [n.name for n in tree.children] == [
        "IP Family", "IPv4 address", "IPv4 subnet mask", "IPv4 gateway address",
        "IPv4 primary DNS", "MTU",
    ]  # fmt: skip


def test_aligned_values_belong_to_the_heading_before(recorded: Callable[[str], str]) -> None:
    (slot,) = parse(recorded("uim-get-slot-status")).children
    assert (slot.name, slot.index) == ("Physical slot", 1)
    assert [n.name for n in slot.children] == [
        "Card status",
        "Slot status",
        "Logical slot",
        "ICCID",
    ]


def test_the_first_of_a_name_is_found_so_nothing_can_be_put_before_it() -> None:
    """A network calls itself something with line ends; qmicli prints it as it is."""
    tree = parse(
        "[/dev/cdc-wdm0] Successfully got serving system:\n\tRegistration state: 'registered'\n"
        "\tCurrent PLMN:\n\t\tDescription: 'x'\n\tRegistration state: 'denied''\n"
    )
    node = tree.find("Registration state")
    assert node is not None
    assert node.value == "registered"


def test_control_characters_and_length_do_not_get_through() -> None:
    node = parse(f"\tName: 'a\x1b[2Jb{'c' * 500}'").children[0]
    assert node.value is not None
    assert node.value.startswith("a[2Jb")
    assert len(node.value) == MAX_VALUE


def test_a_flood_of_lines_is_bounded() -> None:
    assert len(list(parse("\ta: b\n" * (3 * MAX_NODES)).walk())) == MAX_NODES


def check(text: str) -> None:
    for node in parse(text).walk():
        assert len(node.name) <= MAX_VALUE
        assert node.value is None or len(node.value) <= MAX_VALUE
        assert "\x1b" not in f"{node.name}{node.value}{node.note}"


@settings(max_examples=2000)
@given(st.text(max_size=400))
def test_no_text_breaks_it(text: str) -> None:
    check(text)


@settings(max_examples=3000)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_no_pieces_break_it(text: str) -> None:
    check(text)


@pytest.mark.parametrize("depth", [50, 4000])
def test_a_staircase_does_not_overflow(depth: int) -> None:
    text = "".join("\t" * n + "a:\n" for n in range(depth))
    assert len(list(parse(text).walk())) == depth
