# SPDX-License-Identifier: GPL-3.0-or-later
"""Traceability names what exists and agrees with the state; every risk of the plan is answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .pages import DOCS, PAGES, ROOT, name_of

SHORT = {"F/": "tests/acceptance/faults/", "A/": "tests/acceptance/", "I/": "tests/integration/",
         "U/": "tests/unit/"}  # fmt: skip
STATE = (DOCS / "state.md").read_text(encoding="utf-8")
TRACE = (DOCS / "traceability.md").read_text(encoding="utf-8")
TOPS = ("tests/", "src/", "roles/", "playbooks/", "molecule/", "library/", "docs/", "inventories/",
        "collections/", "filter_plugins/", "monitoring/")  # fmt: skip
YOURS = "inventories/mysite"  # what a user makes


def slug(heading: str) -> str:
    return re.sub(r"[^\w\s-]", "", heading).strip().lower().replace(" ", "-")


def under(title: str) -> set[str]:
    """Anchors of the headings below a section of the state."""
    part = STATE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return {slug(found) for found in re.findall(r"^### (.+)$", part, re.MULTILINE)}


def rows() -> Iterator[list[str]]:
    """[statement, where, shown by, status] of every statement."""
    for line in TRACE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[3] not in ("status", "---"):
            yield cells


def missing(name: str) -> str | None:
    """What is not there of `folder/file.py` or `folder/file.py::test`."""
    for short, whole in SHORT.items():
        if name.startswith(short):
            name = whole + name.removeprefix(short)
    path, _, test = name.partition("::")
    if not (ROOT / path).exists():
        return path
    if test and not re.search(rf"^(async )?def {test}\w*\(", (ROOT / path).read_text(), re.M):
        return name
    return None


def test_files_and_tests_named_in_traceability_exist() -> None:
    found = list(rows())
    assert len(found) > 100
    named = [name for row in found for cell in row[1:3] for name in re.findall(r"`([^`]+)`", cell)]
    assert [name for name in named if missing(name)] == []


def test_what_is_missing_would_be_seen() -> None:
    assert missing("U/docs/test_pages.py::test_no_such") is not None
    assert missing("U/docs/no_such.py") is not None
    assert missing("U/docs/test_pages.py::test_what_is_missing_would_be_seen") is None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_of_the_repository_in_running_text_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    names = [name for name in re.findall(r"`([\w./@:-]+)`", text) if name.startswith(TOPS)]
    assert [name for name in names if missing(name) and not name.startswith(YOURS)] == []


def test_traceability_agrees_with_the_state() -> None:
    for statement, where, shown, status in rows():
        links = set(re.findall(r"\(state\.md#([\w-]+)\)", status))
        if status == "done" or status.startswith("otherwise: "):
            assert where, statement
            assert shown, statement
        elif status.startswith("in part: "):
            assert links and links <= under("In part"), statement  # noqa: PT018
        else:
            assert status.startswith("not yet: "), statement
            assert links and links <= under("Not there yet"), statement  # noqa: PT018


def test_what_other_pages_call_missing_is_missing_in_the_state() -> None:
    """A page that says "not there yet" links to the state; the heading is below the right part."""
    told = under("In part") | under("Not there yet")
    for page in PAGES:
        if page.name not in ("state.md", "traceability.md"):
            for anchor in re.findall(r"\(state\.md#([\w-]+)\)", page.read_text(encoding="utf-8")):
                assert anchor in told, f"{name_of(page)}: {anchor}"


def test_every_risk_and_question_is_answered() -> None:
    text = (DOCS / "validated.md").read_text(encoding="utf-8")
    risks = re.findall(r"^\| (\d+) \| (.+) \| (.+) \| (.+) \|$", text, re.MULTILINE)
    assert [int(row[0]) for row in risks] == list(range(1, 36))
    questions = re.findall(r"^### (\d)\. ", text, re.MULTILINE)
    assert questions == list("1234567")


def test_every_document_of_the_plan_has_a_page() -> None:
    assert {"at-commands.md", "qmi.md", "scaling.md", "security.md", "proxy-examples.md",
            "engine.md", "validated.md"} <= {page.name for page in PAGES}  # fmt: skip
