# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.function."""

import pytest

from modemfarm.at.commands.function import Function, function


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ("0", Function.MINIMUM),
        ("1", Function.FULL),
        ("4", Function.AIRPLANE),
        ("7", Function.OTHER),
    ],
)
def test_function(answering, said, level):
    assert function(answering({"AT+CFUN?": f"+CFUN: {said}|OK"})) is level
