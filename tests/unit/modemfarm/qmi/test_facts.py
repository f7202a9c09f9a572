# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts from one modem: failures of single queries are reasons."""

import json
from collections.abc import Callable

import pytest

from modemfarm.errors import (
    CommandTimeoutError,
    FarmError,
    InvalidValueError,
    NotPermittedError,
    OutOfCallError,
    PortGoneError,
)
from modemfarm.qmi.facts import SECTIONS, facts

DEVICE = "/dev/cdc-wdm0"


@pytest.fixture
def modem(recorded: Callable[[str], str]) -> Callable[..., Callable[..., str]]:
    """`modem(failing)`: answers from the recorded texts, and errors for some actions."""

    def make(failing: dict[str, FarmError] | None = None) -> Callable[..., str]:
        def speak(device: str, action: str, observer: object, timeout: float) -> str:
            asked.append(action)
            if action in (failing or {}):
                raise (failing or {})[action]
            return recorded(action)

        asked: list[str] = []
        speak.asked = asked  # type: ignore[attr-defined]
        return speak

    return make


def test_all_sections_as_plain_values(modem) -> None:
    found = facts(DEVICE, speak=modem())
    assert found["reasons"] == {}
    assert set(found) == {*SECTIONS, "reasons"}
    assert found["ids"]["serial"] == "867584030000058"
    assert found["serving_system"]["technologies"] == ["lte"]
    assert json.loads(json.dumps(found)) == found


def test_no_bearer_is_a_reason_and_the_rest_is_there(modem) -> None:
    no_call = OutOfCallError("out of call", "connect it", 15)
    found = facts(DEVICE, speak=modem({"wds-get-current-settings": no_call}))
    assert found["settings"] is None
    assert found["signal"]["rsrp_dbm"] == -97
    assert list(found["reasons"]) == ["settings"]
    assert found["reasons"]["settings"] == {
        "error": "OutOfCallError", "message": "out of call", "remedy": "connect it", "modem": None,
        "command": None, "code": 15,
    }  # fmt: skip


@pytest.mark.parametrize("kind", [CommandTimeoutError, PortGoneError, NotPermittedError])
def test_a_modem_that_is_gone_silent_or_forbidden_is_not_asked_again(
    modem, kind: type[FarmError]
) -> None:
    speak = modem({"uim-get-card-status": kind("no", "wait")})
    found = facts(DEVICE, speak=speak)
    assert speak.asked == ["dms-get-ids", "dms-get-operating-mode", "uim-get-card-status"]
    assert found["ids"] is not None
    assert set(found["reasons"]) == set(SECTIONS) - {"ids", "operating_mode"}


def test_a_bad_device_is_misuse(modem) -> None:
    with pytest.raises(InvalidValueError):
        facts("--help", speak=modem())
