# SPDX-License-Identifier: GPL-3.0-or-later
"""The closed table: names, roles, and the second try of a query."""

import pytest

from modemfarm.at.permit import Role
from modemfarm.errors import (
    AnswerUnreadableError,
    CommandRefusedError,
    InvalidValueError,
    NotSupportedError,
    OutOfCallError,
)
from modemfarm.qmi.queries import QUERIES, SCAN_TIMEOUT_S, ask, find
from modemfarm.record import Record

DEVICE = "/dev/cdc-wdm0"
BEARER = "[/dev/cdc-wdm0] Data bearer technology (current): 'lte'\n"


class Modem:
    """Answers by action; an error is raised."""

    def __init__(self, **answers: str | Exception) -> None:
        self.answers = {name.replace("_", "-"): answer for name, answer in answers.items()}
        self.asked: list[tuple[str, float]] = []

    def __call__(self, device: str, action: str, observer: object, timeout: float) -> str:
        assert device == DEVICE
        self.asked.append((action, timeout))
        answer = self.answers[action]
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_both_spellings_are_one_query() -> None:
    assert find("signal-info") is find("nas-get-signal-info")
    assert find("uim-get-slot-status") is QUERIES["slot-status"]
    assert find("wds-get-data-bearer-technology") is QUERIES["data-bearer-technology"]


@pytest.mark.parametrize(
    "name",
    ["", "signal_info", "--nas-get-signal-info", "dms-set-operating-mode", "dms-get-ids\n",
     "uim-verify-pin=PIN1,1234", "SIGNAL-INFO", None, 7, ["signal-info"]],
)  # fmt: skip
def test_other_names_are_refused_with_the_allowed(name: object) -> None:
    with pytest.raises(InvalidValueError, match="signal-info, system-info"):
        find(name)


def test_everything_in_the_table_reads() -> None:
    actions = [action for query in QUERIES.values() for action, _ in query.attempts]
    assert all("-get-" in action or action == "nas-network-scan" for action in actions)


def test_a_scan_is_for_operators_and_takes_long() -> None:
    modem, records = Modem(nas_network_scan="[/dev/cdc-wdm0] Successfully scanned networks\n"), []
    with pytest.raises(CommandRefusedError):
        ask(DEVICE, "network-scan", records.append, Role.VIEWER, speak=modem)
    assert modem.asked == []
    assert [(r.command, r.outcome) for r in records] == [("network-scan", "refused")]
    assert isinstance(records[0], Record)
    assert ask(DEVICE, "network-scan", role=Role.OPERATOR, speak=modem).networks == ()
    assert modem.asked == [("nas-network-scan", SCAN_TIMEOUT_S)]


def test_viewers_read_the_rest() -> None:
    assert {query.name for query in QUERIES.values() if query.role is not Role.VIEWER} == {
        "network-scan"
    }


def test_a_modem_without_the_first_action_is_asked_the_second() -> None:
    modem = Modem(
        wds_get_current_data_bearer_technology=NotSupportedError("no", "no", 94),
        wds_get_data_bearer_technology=BEARER,
    )
    assert ask(DEVICE, "data-bearer-technology", speak=modem).technologies == ("lte",)
    assert len(modem.asked) == 2


def test_another_error_of_the_first_action_is_the_answer() -> None:
    modem = Modem(wds_get_current_data_bearer_technology=OutOfCallError("no", "no", 15))
    with pytest.raises(OutOfCallError):
        ask(DEVICE, "data-bearer-technology", speak=modem)


def test_an_unreadable_answer_says_to_what() -> None:
    with pytest.raises(AnswerUnreadableError) as caught:
        ask(DEVICE, "ids", speak=Modem(dms_get_ids="what?"))
    assert caught.value.command == "dms-get-ids"
