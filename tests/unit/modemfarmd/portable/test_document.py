# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports as text: what is refused and how, and that the schema says the same as the reader."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from modemfarm.errors import InvalidValueError
from modemfarm.settings import FarmSettings
from modemfarmd.portable.difference import Change, Import, Registered, compute
from modemfarmd.portable.document import Entry, document_of, parse
from modemfarmd.portable.schema import SCHEMA
from modemfarmd.portable.text import read, write

from .bad import BAD, GOOD, MISFITS, ONE, THREE, TWO, changed

SETTINGS = FarmSettings.from_dict(
    {
        "version": 1, "host": "lab", "engine": "threeproxy", "lan_address": "192.168.1.100",
        "lan_interface": "lan0", "clients": ["192.168.1.0/24"], "nameservers": ["203.0.113.53"],
        "apn": "internet", "probe_url": "http://ip.lab.test/", "slots": 8,
    }
)  # fmt: skip
ROWS = (
    Registered(ONE, "lab", 1, None, True),
    Registered(TWO, "lab", 2, "iot.example", False),
    Registered(THREE, "elsewhere", 1, None, False),
)
# The schema has no word for these: who is twice, what fits this host, how the text is written.
BEYOND_THE_SCHEMA = {
    "another host", "an IMEI twice", "a slot twice", "a slot beyond this host",
    "another slot's port",
}  # fmt: skip


def load(raw: bytes, rows: tuple[Registered, ...] = ROWS, **options: bool) -> Import:
    return compute(parse(read(raw)), rows, SETTINGS, **options)


def test_the_good_file_changes_nothing_where_all_is_so() -> None:
    found = load(GOOD.encode())
    assert not found.changes
    assert (found.same, found.kept, found.remarks) == ((ONE, TWO), (), ())


@pytest.mark.parametrize("name", [*BAD, *MISFITS])
def test_a_bad_file_is_refused_with_field_value_and_what_is_allowed(name: str) -> None:
    raw, said, allowed = (BAD | MISFITS)[name]
    with pytest.raises(InvalidValueError) as error:
        load(raw)
    assert said in error.value.message
    assert error.value.remedy.startswith("allowed: ")
    assert allowed in error.value.remedy


def test_there_are_enough_bad_files() -> None:
    assert len(BAD) + len(MISFITS) >= 20


def _plain(raw: bytes) -> Any:
    """What the text holds for somebody who reads it with any YAML library."""
    return yaml.safe_load(raw)


@pytest.mark.parametrize("name", BAD)
def test_the_schema_refuses_what_the_reader_refuses(name: str) -> None:
    raw = BAD[name][0]
    try:
        read(raw)
    except InvalidValueError:
        return  # no document at all
    valid = jsonschema.Draft202012Validator(SCHEMA).is_valid(_plain(raw))
    assert valid is (name in BEYOND_THE_SCHEMA)


def test_the_schema_takes_what_is_exported() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    rows = [{"serial": ONE, "slot": 1, "proxy_port": 3128, "apn": None}]
    jsonschema.validate(document_of(rows, SETTINGS), SCHEMA)
    jsonschema.validate(_plain(GOOD.encode()), SCHEMA)


def test_the_schema_in_the_documents_is_this_one() -> None:
    path = Path(__file__).parents[4] / "docs/export.schema.json"
    assert json.loads(path.read_text()) == SCHEMA


def test_an_export_is_read_back_as_it_was() -> None:
    rows = [
        {
            "serial": TWO,
            "slot": 2,
            "proxy_port": 3129,
            "apn": "on",
        },  # a word that YAML takes for true
        {"serial": ONE, "slot": 1, "proxy_port": 3128, "apn": "1.2"},
    ]
    text = write(document_of(rows, SETTINGS), datetime(2026, 11, 30, tzinfo=UTC))
    assert text.startswith("# Configuration of a modem host, exported 2026-11-30T00:00:00+00:00")
    document = parse(read(text.encode()))
    assert document.modems == (Entry(ONE, 1, 3128, "1.2"), Entry(TWO, 2, 3129, "on"))


def test_what_is_new_and_what_changes() -> None:
    raw = GOOD + '- {serial: "867584030000041", slot: 5}\n'
    found = load(raw.replace("iot.example", "null").encode())
    assert [(entry.serial, entry.slot) for entry in found.add] == [("867584030000041", 5)]
    assert found.change == (Change(TWO, "apn", "iot.example", None),)
    assert found.same == (ONE,)


def test_an_apn_that_is_left_out_stays() -> None:
    assert not load(changed(", apn: iot.example", "")).changes


def test_an_unplugged_modem_may_move() -> None:
    found = load(changed("slot: 2, port: 3129", "slot: 7, port: 3134"))
    assert found.change == (Change(TWO, "slot", 2, 7),)


def test_who_is_not_named_stays() -> None:
    raw = changed(f'- {{serial: "{TWO}", slot: 2, port: 3129, apn: iot.example}}\n', "")
    assert load(raw).kept == (TWO,)


def test_another_host_is_taken_over_when_that_is_said() -> None:
    raw = changed("host: lab", "host: other")
    assert load(raw, other_host=True).same == (ONE, TWO)


def test_what_the_inventory_decides_is_told() -> None:
    assert load(changed("slots: 8", "slots: 9")).remarks == (
        "farm.slots is 9 there and 8 here; the inventory decides it",
    )
