# SPDX-License-Identifier: GPL-3.0-or-later
"""Every question of READS to the virtual modem."""

import json

import pytest

from modemfarm.at.reads import READS, Needs
from modemfarm.errors import (
    SimMissingError,
)
from modemfarm.plain import as_plain

WITHOUT_A_SIM = {"imsi", "iccid", "ccid"}  # these say None then


@pytest.mark.parametrize("name", READS)
def test_every_question_has_an_answer(bench, name):
    value = bench.read(name)
    assert json.loads(json.dumps(as_plain(value))) == as_plain(value)


@pytest.mark.parametrize("name", READS)
def test_every_question_without_a_sim(bench, name):
    bench.fault("sim", "missing")
    try:
        value = bench.read(name)
    except SimMissingError:
        assert READS[name].needs is Needs.SIM
    else:
        assert (value is None) == (name in WITHOUT_A_SIM)


@pytest.mark.parametrize("name", READS)
def test_every_question_with_news_inside_the_answer(bench, name):
    quiet = as_plain(bench.read(name))
    bench.fault("urc_in_answer", "on")
    assert type(as_plain(bench.read(name))) is type(quiet)
