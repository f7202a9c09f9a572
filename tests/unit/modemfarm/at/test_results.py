# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.results: every number and text of the tables, and what they mean."""

import pytest

from modemfarm import errors
from modemfarm.at.result_meanings import CME_MEANINGS, CMS_MEANINGS
from modemfarm.at.result_texts import CME_ALIASES, CME_TEXTS, CMS_ALIASES, CMS_TEXTS
from modemfarm.at.results import MAX_REASON, Final, failure, parse_final

ALL = [("CME", *row) for row in CME_TEXTS.items()] + [("CMS", *row) for row in CMS_TEXTS.items()]
# It has the text of 22, so the verbose form gives 22; the meaning is the same.
TWINS = {("CMS", 211)}


@pytest.mark.parametrize(
    ("line", "final"),
    [
        ("OK", Final("ok")),
        ("ERROR", Final("error", None, "the modem gives no reason")),
        ("ABORTED", Final("aborted", None, "it was cut off")),
        ("+CME ERROR: 10", Final("cme", 10, "SIM not inserted")),
        ("+CME ERROR:10", Final("cme", 10, "SIM not inserted")),
        ("+CME ERROR: SIM not inserted", Final("cme", 10, "SIM not inserted")),
        ("+CME ERROR: sim pin required", Final("cme", 11, "sim pin required")),
        ("+cme error: SIM BUSY", Final("cme", 14, "SIM BUSY")),
        ("+CME ERROR: Network Time-out", Final("cme", 31, "Network Time-out")),
        ("+CMS ERROR: (U)SIM not inserted", Final("cms", 310, "(U)SIM not inserted")),
        ("+CME ERROR: 4242", Final("cme", 4242, "code 4242")),
        ("+CME ERROR: 99999999999", Final("cme", None, "99999999999")),
        ("+CME ERROR: \u0661\u0660", Final("cme", None, "\u0661\u0660")),
        ("+CME ERROR:", Final("cme", None, "the modem gives no reason")),
        ("+CMS ERROR: 321", Final("cms", 321, "invalid memory index")),
        ("+CMS ERROR: weird", Final("cms", None, "weird")),
        ("+CME ERROR: " + "x" * 4000, Final("cme", None, "x" * MAX_REASON)),
        ("OKAY", None),
        ("+CSQ: 1,2", None),
        ("ok", None),
        ("NO CARRIER", None),
        ("BUSY", None),
        ("CONNECT 150000000", None),
    ],
)
def test_final_results(line: str, final: Final | None) -> None:
    assert parse_final(line) == final


@pytest.mark.parametrize(("kind", "code", "text"), ALL)
def test_numbers_and_texts_are_one(kind: str, code: int, text: str) -> None:
    numeric, verbose = parse_final(f"+{kind} ERROR: {code}"), parse_final(f"+{kind} ERROR: {text}")
    assert numeric == Final(kind.lower(), code, text)
    assert verbose is not None
    assert verbose.code == code or (kind, code) in TWINS
    assert type(failure("AT", "ttyUSB3", numeric)) is type(failure("AT", "ttyUSB3", verbose))


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [("CME", *row) for row in CME_ALIASES.items()] + [("CMS", *row) for row in CMS_ALIASES.items()],
)
def test_other_names(kind: str, text: str, code: int) -> None:
    final = parse_final(f"+{kind} ERROR: {text}")
    assert final is not None
    assert final.code == code


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("ERROR", errors.UnexplainedFailureError),
        ("ABORTED", errors.UnexplainedFailureError),
        ("+CME ERROR: 100", errors.UnexplainedFailureError),
        ("+CME ERROR: 4242", errors.UnexplainedFailureError),
        ("+CME ERROR: weird", errors.UnexplainedFailureError),
        ("+CME ERROR: 3", errors.NotAllowedError),
        ("+CME ERROR: 4", errors.NotSupportedError),
        ("+CME ERROR: 5", errors.SimPinError),
        ("+CME ERROR: 10", errors.SimMissingError),
        ("+CME ERROR: SIM PIN required", errors.SimPinError),
        ("+CME ERROR: 12", errors.SimPukError),
        ("+CME ERROR: 13", errors.SimFailedError),
        ("+CME ERROR: 14", errors.SimBusyError),
        ("+CME ERROR: 16", errors.WrongPasswordError),
        ("+CME ERROR: 20", errors.StorageFullError),
        ("+CME ERROR: 30", errors.NoServiceError),
        ("+CME ERROR: 50", errors.BadParameterError),
        ("+CME ERROR: 185", errors.OutOfCallError),
        ("+CMS ERROR: 310", errors.SimMissingError),
        ("+CMS ERROR: 316", errors.SimPukError),
        ("+CMS ERROR: 321", errors.BadParameterError),
        ("+CMS ERROR: memory full", errors.StorageFullError),
        ("+CMS ERROR: 531", errors.StorageFullError),
        ("+CMS ERROR: 512", errors.SimBusyError),
        ("+CMS ERROR: 500", errors.UnexplainedFailureError),
    ],
)
def test_meanings(line: str, error: type[errors.CommandFailedError]) -> None:
    final = parse_final(line)
    assert final is not None
    found = failure("AT+X", "/dev/ttyUSB3", final)
    assert type(found) is error
    assert (found.code, found.command) == (final.code, "AT+X")
    assert found.message == f"AT+X failed on /dev/ttyUSB3: {final.text}"
    assert found.remedy


def test_only_known_numbers_have_meanings() -> None:
    assert set(CME_MEANINGS) <= set(CME_TEXTS)
    assert set(CMS_MEANINGS) <= set(CMS_TEXTS)


def test_trying_again_helps_only_where_it_can() -> None:
    transient = {
        code for code, m in CME_MEANINGS.items() if issubclass(m.error, errors.TransientError)
    }
    assert {14, 30, 31, 122} <= transient
    assert not transient & {3, 4, 10, 11, 12, 13, 16, 50, 127}
