# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.signal."""

from modemfarm.at.commands.signal import Signal, signal


def test_signal(answering):
    assert signal(answering({"AT+CSQ": "+CSQ: 20,99|OK"})) == Signal(-73, None)
    assert signal(answering({"AT+CSQ": "+CSQ: 99,99|OK"})) == Signal(None, None)
