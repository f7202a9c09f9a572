# SPDX-License-Identifier: GPL-3.0-or-later
"""Manual and completion say what the program does: they are made of its verbs."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from modemfarmd.cli.build import COMPLETION, MANUAL, build
from modemfarmd.cli.manual import manual
from modemfarmd.cli.tree import Parameter, Verb, read_tree, walk
from modemfarmd.cli.verbs import VERBS


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("usr-local")
    build(folder)
    return folder


def complete(made: Path, *words: str) -> set[str]:
    """What bash offers for the last of `words`."""
    script = f"""
        source {made / COMPLETION}
        COMP_WORDS=({" ".join(f"'{word}'" for word in words)})
        COMP_CWORD={len(words) - 1}
        _modemfarm
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(
        [bash, "--norc", "-u", "-c", script], capture_output=True, text=True, cwd=made, check=True
    )
    assert done.stderr == ""
    return set(done.stdout.split())


def test_every_verb_is_offered(made: Path) -> None:
    assert complete(made, "modemfarm", "") == {
        *VERBS, "--settings", "--snapshot", "--debug", "--help",
    }  # fmt: skip
    assert complete(made, "modemfarm", "rel") == {"release"}


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("doctor", "--"), {"--json", "--requests", "--no-requests", "--skip", "--list", "--help"}),
        (("sms", "867584030000017", "re"), {"read"}),
        (("sms", "867584030000017", "list", "--j"), {"--json"}),
        (("--settings", "x", "list", "--"), {"--json", "--help"}),
        (("import", "--d"), {"--dry-run"}),
    ],
)
def test_options_are_those_of_the_verb(
    made: Path, words: tuple[str, ...], offered: set[str]
) -> None:
    assert complete(made, "modemfarm", *words) == offered


def test_files_are_offered_where_a_file_is_wanted(made: Path) -> None:
    assert complete(made, "modemfarm", "import", "sh") == {"share"}
    assert complete(made, "modemfarm", "export", "--output", "sh") == {"share"}
    assert complete(made, "modemfarm", "show", "sh") == set()


def test_the_manual_names_every_verb_and_option(made: Path) -> None:
    text = (made / MANUAL).read_text().replace("\\-", "-")
    for verb in walk(read_tree()):
        if len(verb.words) > 1:
            assert f'.SS "{" ".join(verb.words[1:])}"' in text
        for parameter in verb.parameters:
            assert parameter.names[0] in text


def test_man_shows_the_manual_without_a_complaint(made: Path) -> None:
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tascii", str(made / MANUAL)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    shown = re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout)
    assert "modemfarm export" in shown
    assert "as `export` wrote it" in " ".join(shown.split()).lower()


def test_words_that_roff_would_take_for_its_own() -> None:
    option = Parameter(("--x",), True, "X", ".TH and 'so\\n", False, False)
    text = manual(Verb(("modemfarm",), "All.", (option,)), "1")
    assert "\n\\&.TH and 'so\\en\n" in text


def test_modes_are_for_all_to_read(made: Path) -> None:
    for name in (MANUAL, COMPLETION):
        assert (made / name).stat().st_mode & 0o777 == 0o644
