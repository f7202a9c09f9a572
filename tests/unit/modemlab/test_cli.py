# SPDX-License-Identifier: GPL-3.0-or-later
"""modemlab.cli: what the lab's verbs print without a running lab."""

from typer.testing import CliRunner

from modemlab.cli import app
from modemlab.modem.faults import FAULTS


def test_faults_names_each_with_the_values_it_takes() -> None:
    done = CliRunner().invoke(app, ["faults"])
    assert done.exit_code == 0
    for name, fault in FAULTS.items():
        assert name in done.output
        assert fault.allowed in done.output
