# SPDX-License-Identifier: GPL-3.0-or-later
"""The site builds strictly, and needs nothing from elsewhere to be read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .pages import DOCS, ROOT

LOADS = re.compile(r'<(?:script|img|link|iframe)[^>]+(?:src|href)="((?:https?:)?//[^"]+)"')


def build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=root, capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site. Links, anchors and pages that no menu has are errors: mkdocs.yml says so."""
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_there(site: Path) -> None:
    pages = {str(path.relative_to(DOCS).with_suffix(".html")) for path in DOCS.rglob("*.md")}
    assert pages <= {str(path.relative_to(site)) for path in site.rglob("*.html")}


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert LOADS.findall(text) == [], page.name
        assert 'class="mermaid"' not in text  # the theme would fetch its program
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", sheet.read_text(encoding="utf-8"))


def test_drawings_are_in_the_site(site: Path) -> None:
    assert 'src="diagrams/states.svg"' in (site / "architecture.html").read_text(encoding="utf-8")
    assert (site / "diagrams/guard.svg").is_file()


def test_a_dead_link_and_a_dead_anchor_stop_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("nav:")
    assert settings[1] == "nav:"  # of validation: what follows is cut and given here
    validation = "nav:" + settings[2].partition("\nnav:\n")[0]
    text = settings[0] + validation + "\nnav: [index.md]\n"
    (tmp_path / "mkdocs.yml").write_text(text, encoding="utf-8")
    page = tmp_path / "docs/index.md"
    page.write_text("[a](no.md) [b](index.md#no) [c](#yes)\n\n## yes\n", encoding="utf-8")
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode == 1
    assert "no.md" in done.stderr
    assert "#no" in done.stderr
    assert "#yes" not in done.stderr
