# SPDX-License-Identifier: GPL-3.0-or-later
"""A session without a port: a table of answers, `|` between lines."""

import re

import pytest

from modemfarm.at.results import failure, parse_final
from modemfarm.at.session import AtSession, Reply

NAME = re.compile(r"\+[A-Z]+(?=[:=?]|$)")


class TableSession(AtSession):
    """Answers from a table; lines of another command's name are left out as a session does."""

    def __init__(self, answers):
        super().__init__("/dev/lab")
        self.answers = dict(answers)
        self.seen = []

    def send(self, permit):
        self.seen.append(permit.text)
        *lines, last = self.answers.get(permit.text, "ERROR").split("|")
        final = parse_final(last)
        if not final.ok:
            raise failure(permit.shown, self.device, final)
        names = NAME.findall(permit.text)
        kept = [line for line in lines if NAME.findall(line)[:1] in ([], names)]
        return Reply(permit.text, tuple(kept), 0.0)


@pytest.fixture
def answering():
    """`answering({"AT+CSQ": "+CSQ: 20,99|OK"})`: a session that gives these answers."""
    return TableSession
