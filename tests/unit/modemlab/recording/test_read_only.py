# SPDX-License-Identifier: GPL-3.0-or-later
"""The closed list."""

import pytest

from modemlab.recording.read_only import ALLOWED, COMMANDS, chosen, seconds

SETS = ("=0", "=1", "=2", "=3", "=4")


def test_a_file_of_commands() -> None:
    assert chosen("# all\nat+csq  # signal\n\nAT+COPS=?\n") == ["AT+CSQ", "AT+COPS=?"]


@pytest.mark.parametrize(
    "line", ["AT+CFUN=0", "AT+CSQ;+CFUN=0", "AT+CMGL=4", 'AT+CUSD=1,"*100#"', "AT+CPIN=1234", "ATZ"]
)
def test_others_are_refused_with_their_line(line: str) -> None:
    with pytest.raises(ValueError, match="line 2: command is") as caught:
        chosen(f"AT\n{line}\n")
    assert "AT+CGSN" in str(caught.value)


def test_an_empty_file() -> None:
    with pytest.raises(ValueError, match="no command: at least one is needed"):
        chosen("# nothing\n")


def test_nothing_on_the_list_sets_anything() -> None:
    """A write has a value behind its `=`; a quoted name alone is a question of AT+Q… commands."""
    for command in ALLOWED.values():
        _, equals, value = command.partition("=")
        assert not equals or value == "?" or (value[0] == value[-1] == '"' and "," not in value)
        assert ";" not in command


def test_a_scan_may_take_its_three_minutes() -> None:
    assert seconds("AT+COPS=?") > 180
    assert "AT+COPS=?" not in COMMANDS
