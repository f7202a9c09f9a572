# SPDX-License-Identifier: GPL-3.0-or-later
"""A session without a port: a table of answers, `|` between lines."""

import pytest

from modemfarm.at.framing import Exchange
from modemfarm.at.session import AtSession, Reply
from modemfarm.errors import CommandFailedError


class TableSession(AtSession):
    """Answers from a table, parted into answer and unsolicited lines as a real session does."""

    def __init__(self, answers):
        super().__init__("/dev/lab")
        self.answers = dict(answers)
        self.seen = []

    def send(self, permit):
        self.seen.append(permit.text)
        exchange = Exchange(permit.text)
        for line in self.answers.get(permit.text, "ERROR").split("|"):
            if line:
                exchange.feed(line)
        if not exchange.final.ok:
            code = exchange.final.code
            raise CommandFailedError(f"{permit.shown} failed: {exchange.final.text}", "-", code)
        return Reply(permit.text, tuple(exchange.lines), 0.0)


@pytest.fixture
def answering():
    """`answering({"AT+CSQ": "+CSQ: 20,99|OK"})`: a session that gives these answers."""
    return TableSession
