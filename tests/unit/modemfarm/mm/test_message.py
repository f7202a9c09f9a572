# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.mm.message: messages from properties, and the report that belongs to one."""

import contextlib
import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemfarm.errors import AnswerUnreadableError
from modemfarm.mm.message import Sms, parse_sms, report_of, sms_id, sms_path

RECEIVED = {
    "State": 3,
    "PduType": 1,
    "Number": "+491510000002",
    "Text": "Grüße",
    "Data": [],
    "SMSC": "+491710760000",
    "Validity": (0, False),
    "Timestamp": "2026-01-31T12:00:00+02:00",
    "DischargeTimestamp": "",
    "DeliveryState": 0x100,
    "MessageReference": 0,
    "Storage": 2,
}
REPORT = RECEIVED | {
    "PduType": 3,
    "Text": "",
    "DeliveryState": 0,
    "DischargeTimestamp": "2026-01-31T12:00:03+02",
    "MessageReference": 7,
}


def test_a_received_message():
    assert parse_sms(4, RECEIVED) == Sms(
        id=4,
        state="received",
        type="deliver",
        number="+491510000002",
        text="Grüße",
        timestamp=datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=2))),
        storage="me",
        smsc="+491710760000",
    )


def test_a_delivery_report():
    found = parse_sms(5, REPORT)
    assert (found.type, found.delivery, found.reference) == ("status-report", "delivered", 7)
    assert found.discharged == datetime(2026, 1, 31, 12, 0, 3, tzinfo=timezone(timedelta(hours=2)))
    json.dumps(found.as_dict())
    assert found.as_dict()["discharged"] == "2026-01-31T12:00:03+02:00"


@pytest.mark.parametrize(
    ("state", "word"),
    [(0x01, "delivered"), (0x20, "still trying"), (0x46, "failed"), (0x65, "given up"),
     (0x100, None), (0x305, None)],
)  # fmt: skip
def test_delivery_states(state, word):
    assert parse_sms(5, REPORT | {"DeliveryState": state}).delivery == word


def test_a_message_of_which_parts_are_missing():
    found = parse_sms(1, {"State": 2, "PduType": 1, "Number": "+49151", "Text": ""})
    assert (found.state, found.text) == ("receiving", None)


def test_a_binary_message_is_shown_as_hex():
    assert parse_sms(1, RECEIVED | {"Text": "", "Data": [0, 255]}).data == "00ff"


@pytest.mark.parametrize("time", ["", "yesterday", "2026-02-31T00:00:00+00", "2026-01-31T12:00:00"])
def test_a_time_that_is_none(time):
    assert parse_sms(1, RECEIVED | {"Timestamp": time}).timestamp is None


@pytest.mark.parametrize("change", [{"State": "x"}, {"Data": [300]}, {"PduType": None}])
def test_what_does_not_fit(change):
    with pytest.raises(AnswerUnreadableError, match="message 9"):
        parse_sms(9, RECEIVED | change)


PLAIN = st.one_of(st.integers(-5, 2**33), st.text(max_size=9), st.booleans(), st.none())


@given(st.dictionaries(st.sampled_from(sorted(RECEIVED)), PLAIN))
def test_anything_ends_in_a_message_or_an_error(properties):
    with contextlib.suppress(AnswerUnreadableError):
        json.dumps(parse_sms(1, properties).as_dict())


def test_paths():
    assert sms_path(12) == "/org/freedesktop/ModemManager1/SMS/12"
    assert sms_id(sms_path(12)) == 12
    for bad in ("/org/freedesktop/ModemManager1/SMS/", "/x/SMS/1", sms_path(1) + "/2", "5", None):
        with pytest.raises(AnswerUnreadableError):
            sms_id(bad)


def report(number, reference, id_=1, type_="status-report"):
    return Sms(id=id_, state="received", type=type_, number=number, reference=reference)


def test_the_report_of_a_message():
    messages = [
        report("+491510000002", 7, 3),
        report("+491510000002", 7, 9),
        report("+491510000003", 7, 10),
        report("+491510000002", 8, 11),
        report("+491510000002", 7, 12, "submit"),
    ]
    found = report_of(messages, "01510000002", 7)
    assert found is not None
    assert found.id == 9
    assert report_of(messages, "+491510000002", 9) is None
    assert report_of([report(None, 7)], "+491510000002", 7) is None
