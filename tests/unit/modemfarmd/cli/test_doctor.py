# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm doctor` as a shell sees it: text, JSON, exit codes, and what it refuses."""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modemfarmd.cli import main as cli
from modemfarmd.doctor import look as looking
from modemfarmd.doctor.facts import Facts
from modemfarmd.doctor.judge import CHECKS

from ..doctor.healthy import ONE, batch, healthy

Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Shell:
    monkeypatch.setenv("MODEMFARM_SETTINGS", str(tmp_path / "none.json"))
    monkeypatch.setenv("MODEMFARM_SNAPSHOT", str(tmp_path / "none.json"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    def run(*words: str, facts: Facts | None = None) -> tuple[int, str, str]:
        if facts is not None:
            monkeypatch.setattr(looking, "look", lambda *_: facts)
        monkeypatch.setattr(sys, "argv", ["modemfarm", "doctor", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return run


def test_nothing_is_wrong(shell: Shell) -> None:
    code, out, err = shell(facts=healthy())
    assert (code, out, err) == (0, f"{len(CHECKS)} checks: nothing is wrong\n", "")


def test_a_fault_is_told_with_what_to_do(shell: Shell) -> None:
    facts = replace(healthy(), batch=batch(changed=["rule"]))
    code, out, _ = shell(facts=facts)
    assert code == 2
    first, second, last = out.splitlines()
    assert first.startswith(f"FAULT    modem-rule  {ONE}: its policy routing rules are missing")
    assert second.startswith(f"         do: sudo modemfarm apply {ONE}")
    assert last == f"{len(CHECKS)} checks: 1 faults, 0 warnings"


def test_a_warning_is_exit_1_and_may_be_left_out(shell: Shell) -> None:
    facts = replace(healthy(), clock=replace(healthy().clock, synchronised=False))
    assert shell(facts=facts)[0] == 1
    code, out, _ = shell("--skip", "clock", facts=facts)
    assert (code, out) == (0, f"{len(CHECKS) - 1} checks: nothing is wrong\n")


def test_json(shell: Shell) -> None:
    facts = replace(healthy(), batch=batch(changed=["guard"]))
    code, out, _ = shell("--json", facts=facts)
    said = json.loads(out)
    assert code == 2
    assert said["checked"] == [check.name for check in CHECKS]
    (finding,) = said["findings"]
    assert finding.keys() == {"check", "severity", "about", "cause", "remedy"}
    assert (finding["check"], finding["severity"]) == ("modem-guard", "fault")


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_hostile_words_reach_no_terminal(shell: Shell, words: tuple[str, ...]) -> None:
    facts = replace(healthy(), batch=batch(state="failed", reason="\x1b]0;x\x07\u202eno\nSIM"))
    code, out, _ = shell(*words, facts=facts)
    assert code == 2
    assert all(char.isprintable() or char == "\n" for char in out)


def test_the_list_needs_no_rights_and_looks_at_nothing(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(looking, "look", None)
    code, out, _ = shell("--list", "--json")
    assert code == 0
    assert [row["check"] for row in json.loads(out)] == [check.name for check in CHECKS]


def test_bad_usage(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = shell("--skip", "nonsense", facts=healthy())
    assert (code, out) == (2, "")
    assert "--skip is 'nonsense'; allowed: agent-backlog, " in err
    monkeypatch.setattr(os, "geteuid", lambda: 12345678)
    code, out, err = shell(facts=healthy())
    assert (code, out) == (2, "")
    assert "12345678" in err
    assert "sudo modemfarm doctor" in err


def test_a_host_that_is_none_is_told_and_not_a_traceback(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests' own machine, looked at for real: no farm is there."""
    code, out, err = shell("--no-requests", "--json")
    found = {finding["check"] for finding in json.loads(out)["findings"]}
    assert code == 2
    assert {"settings", "snapshot"} <= found
    assert "Traceback" not in err
