# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.signal. Answers are from field logs of EC25 and its kin."""

import pytest

from modemfarm.at.commands.signal import (
    DetailedSignal,
    ExtendedSignal,
    Signal,
    detailed_signal,
    extended_signal,
    signal,
)
from modemfarm.errors import AnswerUnreadableError


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("20,99", Signal(-73, None)),
        ("0,0", Signal(-113, 0)),
        ("31,7", Signal(-51, 7)),
        ("99,99", Signal(None, None)),
        ("199,99", Signal(None, None)),  # Quectel's TD-SCDMA range
    ],
)
def test_signal(answering, said, value):
    assert signal(answering({"AT+CSQ": f"+CSQ: {said}|OK"})) == value


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ('"NOSERVICE"', DetailedSignal(None)),
        ('"GSM",-73', DetailedSignal("GSM", -73)),
        ('"WCDMA",-76,-82,-5', DetailedSignal("WCDMA", -76, rscp_dbm=-82, ecio_db=-5)),
        ('"LTE",-65,-95,150,-12', DetailedSignal("LTE", -65, -95, -12, 10.0)),
        ('"LTE",-62,-87,111,-12', DetailedSignal("LTE", -62, -87, -12, 2.2)),
        ('"LTE",48,-74,250,-7', DetailedSignal("LTE", None, -74, -7, 30.0)),
        ('"LTE",-90,-32768,255,-32768', DetailedSignal("LTE", -90)),
        ('"eMTC",-62,-87,111,-12', DetailedSignal("EMTC")),
    ],
)
def test_detailed_signal(answering, said, value):
    assert detailed_signal(answering({"AT+QCSQ": f"+QCSQ: {said}|OK"})) == value


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("99,99,255,255,255,255", ExtendedSignal(None, None, None, None, None, None)),
        ("99,99,255,255,21,38", ExtendedSignal(None, None, None, None, -9.5, -103)),
        ("99,99,255,255,0,0", ExtendedSignal(None, None, None, None, -20.0, -141)),
        ("99,99,255,255,34,97", ExtendedSignal(None, None, None, None, -3.0, -44)),
        ("63,7,96,49,255,255", ExtendedSignal(-48, 7, -25, 0.0, None, None)),
        ("1,0,1,1,255,255", ExtendedSignal(-110, 0, -120, -24.0, None, None)),
    ],
)
def test_extended_signal(answering, said, value):
    assert extended_signal(answering({"AT+CESQ": f"+CESQ: {said}|OK"})) == value


@pytest.mark.parametrize("said", ["", "20", "x,99", "20,-1", "20,100", "\u0662,99"])
def test_unreadable_signal(answering, said):
    with pytest.raises(AnswerUnreadableError) as caught:
        signal(answering({"AT+CSQ": f"+CSQ: {said}|OK"}))
    assert caught.value.command == "AT+CSQ"


def test_a_name_is_needed(answering):
    with pytest.raises(AnswerUnreadableError):
        detailed_signal(answering({"AT+QCSQ": "+QCSQ: -62,-87,111,-12|OK"}))
