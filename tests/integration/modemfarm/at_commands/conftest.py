# SPDX-License-Identifier: GPL-3.0-or-later
"""One virtual modem on a pty and a session on its port."""

from collections import deque

import pytest

from modemfarm.at.reads import READS
from modemfarm.at.session import AtSession
from modemlab.faces.background import Background
from modemlab.modem.spec import ModemSpec

SPEC = ModemSpec(17, registration_seconds=0, reboot_seconds=0.05)


class Bench:
    """One plugged modem and a session on its port of interface 03."""

    def __init__(self, lab, session, modem, news):
        self.lab, self.session, self.modem, self.news = lab, session, modem, news

    def read(self, name):
        return READS[name](self.session)

    def fault(self, name, value):
        self.lab.call(self.modem.faults.set, name, value)

    def connect(self):
        self.lab.call(self.modem.start_session, 1, 4, "internet")

    def sent(self):
        return self.modem.counters.at_commands


@pytest.fixture
def bench(tmp_path):
    with Background() as lab:
        modem, face = lab.pty(SPEC)
        news = deque(maxlen=100)
        with AtSession(face.paths["at3"], on_urc=news.append, lock_dir=tmp_path) as session:
            session.sync()
            yield Bench(lab, session, modem, news)
