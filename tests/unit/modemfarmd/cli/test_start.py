# SPDX-License-Identifier: GPL-3.0-or-later
"""How the program starts and ends: what it loads, `list` by both ways, one line for a mistake."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modemfarm.snapshot import ModemRecord, Snapshot, write_snapshot
from modemfarmd.cli import listing
from modemfarmd.cli.verbs import VERBS

LESS = 0.85  # of the CPU that Typer takes; measured 0.55. `make bench` has the goal of 150 ms


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    settings = {
        "version": 1, "host": "lab", "engine": "threeproxy", "lan_address": "192.168.1.100",
        "lan_interface": "lan0", "clients": ["192.168.1.0/24"], "nameservers": ["203.0.113.53"],
        "apn": "internet", "probe_url": "http://ip.lab.test/", "database": f"host={tmp_path}",
    }  # fmt: skip
    (tmp_path / "farm.json").write_text(json.dumps(settings))
    records = tuple(
        ModemRecord(f"8675840300{n:05d}", n, f"1-{n}", present=True) for n in range(1, 31)
    )
    write_snapshot(Snapshot("lab", records), tmp_path / "modems.json")
    return os.environ | {
        "PYTHONPATH": "src",
        "MODEMFARM_SETTINGS": str(tmp_path / "farm.json"),
        "MODEMFARM_SNAPSHOT": str(tmp_path / "modems.json"),
    }


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "modemfarmd.cli.main", *words],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("words", [("list",), ("list", "--json")])
def test_list_says_the_same_by_the_short_and_the_long_way(
    environment: dict[str, str], words: tuple[str, ...]
) -> None:
    short = run(environment, *words)
    long = run(environment, "--settings", environment["MODEMFARM_SETTINGS"], *words)
    assert (short.returncode, short.stdout, short.stderr) == (0, long.stdout, long.stderr)
    assert short.stdout.count("86758403000") == 30


@pytest.mark.parametrize(
    "words", [(), ("list", "--help"), ("--debug", "list"), ("show", "1"), ("list", "--jsn")]
)
def test_other_words_go_the_long_way(words: tuple[str, ...]) -> None:
    assert listing.quick(words, {}) is False


def test_the_short_way_costs_less(environment: dict[str, str]) -> None:
    """CPU, in turn, and the best of each: other programs have the machine as well."""
    long_way = ("--snapshot", environment["MODEMFARM_SNAPSHOT"], "list")
    pairs = [(_cpu(environment, "list"), _cpu(environment, *long_way)) for _ in range(5)]
    short, long = (min(side) for side in zip(*pairs, strict=True))
    assert short <= LESS * long, pairs


def _cpu(environment: dict[str, str], *words: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run(environment, *words).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


HEAVY = ("ansible", "ansible_runner", "cryptography", "psycopg2", "pyudev", "yaml")


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_named_without_what_only_its_work_needs(verb: str) -> None:
    """Help of each verb: nothing heavy, and no other verb's module but those that it shares."""
    script = (
        "import sys\nfrom modemfarmd.cli.verbs import Verbs, app\nimport typer\n"
        f"typer.main.get_command(app).get_command(None, {verb!r})\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": "src"},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == "[]\n"


def test_the_short_way_loads_no_typer(environment: dict[str, str]) -> None:
    script = (
        "import sys\nfrom modemfarmd.cli.main import main\n"
        "sys.argv = ['modemfarm', 'list', '--json']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'typer', 'pydantic', 'rich', 'click'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True,
        check=True, timeout=60,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1] == "[]"


BROKEN = """
import sys
from modemfarmd.cli import main, source
def broken(*_): raise RuntimeError("\\x1b[31mnobody has thought of this")
source.modem_rows = broken
sys.argv = ["modemfarm", *sys.argv[1:]]
main.main()
"""


def broken(environment: dict[str, str], *words: str, **more: str) -> Any:
    return subprocess.run(
        [sys.executable, "-c", BROKEN, *words], env=environment | more,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("words", [("list",), ("show", "867584030000001"), ("export",)])
def test_a_mistake_of_ours_is_one_line(environment: dict[str, str], words: tuple[str, ...]) -> None:
    done = broken(environment, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "modemfarm: a mistake in this program: RuntimeError: \\x1b[31mnobody has thought of this;"
        " `modemfarm --debug ...` shows where\n"
    )


@pytest.mark.parametrize(
    ("words", "more"), [(("--debug", "list"), {}), (("list",), {"MODEMFARM_DEBUG": "1"})]
)
def test_debug_shows_where(
    environment: dict[str, str], words: tuple[str, ...], more: dict[str, str]
) -> None:
    done = broken(environment, *words, **more)
    assert done.returncode == 1
    assert "Traceback (most recent call last)" in done.stderr
    assert "in broken" in done.stderr


def test_debug_shows_where_an_expected_error_comes_from(environment: dict[str, str]) -> None:
    plain, debug = run(environment, "show", "12"), run(environment, "--debug", "show", "12")
    assert (plain.returncode, debug.returncode) == (2, 2)
    assert "Traceback" not in plain.stderr
    assert "check_serial" in debug.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",), ("list", "--nonsense"), ("list", "too", "much"), ("show",), ("--nonsense",),
        ("show", "12"), ("hold", "867584030000001"), ("hold", "867584030000001", "--for", "x",
        "--reason", "y"), ("logs", "867584030000001", "-n", "many"), ("sms",), ("import",),
        ("import", "/no/such"), ("export", "nonsense"), ("doctor", "--skip", "x"), ("doctor", "x"),
        ("usb-plan", "--sysfs", "/no/such"), ("at",), ("qmi", "867584030000001"), ("forget", "1"),
        ("--settings", "/no/such", "show", "867584030000001"),
    ],
)  # fmt: skip
def test_misuse_is_exit_2_without_a_traceback(
    environment: dict[str, str], words: tuple[str, ...]
) -> None:
    done = run(environment, *words)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert done.stderr
