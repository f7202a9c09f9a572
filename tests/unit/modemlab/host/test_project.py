# SPDX-License-Identifier: GPL-3.0-or-later
"""The hash that decides whether a cached image or state still fits."""

from pathlib import Path

from modemlab.host import project


def test_every_named_input_exists() -> None:
    missing = [name for name in project.SITE_INPUTS if not (project.root() / name).exists()]
    assert missing == []


def test_the_digest_follows_content_names_and_strings(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    first = project.digest([tmp_path], "x")
    assert project.digest([tmp_path], "x") == first
    assert project.digest([tmp_path], "y") != first
    (tmp_path / "a").write_text("2")
    second = project.digest([tmp_path], "x")
    (tmp_path / "a").rename(tmp_path / "b")
    assert len({first, second, project.digest([tmp_path], "x")}) == 3


def test_byte_code_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    first = project.digest([tmp_path])
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("1")
    assert project.digest([tmp_path]) == first
