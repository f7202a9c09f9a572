# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawings and tables of the pages are those that the code makes now."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modemlab.docs import packet_guard, unit_order
from modemlab.docs.parts import SECTIONS, drawings, filled, names_in, wanted

from .pages import DOCS, PAGES, ROOT

AGAIN = "`make docs` makes it anew"


def test_every_made_file_is_current() -> None:
    old = [
        str(path.relative_to(ROOT))
        for path, text in wanted(ROOT)
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    assert old == [], AGAIN


def test_every_section_is_in_a_page_and_every_drawing_shown() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert set(names_in(text)) == SECTIONS.keys()
    assert {path.name for path in (DOCS / "diagrams").iterdir()} == drawings(ROOT).keys()
    assert all(f"diagrams/{name})" in text for name in drawings(ROOT))


def test_a_page_that_differs_is_seen() -> None:
    page = (DOCS / "qmi.md").read_text(encoding="utf-8")
    assert filled(page) == page
    assert filled(page.replace("packet-statistics` |", "packet-stats` |")) == page


def test_a_section_that_nobody_makes_is_an_error() -> None:
    with pytest.raises(KeyError):
        filled("<!-- made: no-such -->\n<!-- end -->")


def test_the_guard_is_read_as_it_is() -> None:
    chains = {chain.name: chain for chain in packet_guard.read(ROOT)}
    text = (ROOT / packet_guard.TEMPLATE).read_text(encoding="utf-8")
    assert chains.keys() == set(re.findall(r"^    chain (\w+) \{$", text, re.MULTILINE))
    assert chains["output"].hook == "hook output, priority filter"
    assert chains["output"].goes == ("uplink",)
    assert set(chains["input"].goes) == {"from_modem", "to_proxy"}
    assert chains["from_modem"].ends == ("accept", "drop")


def test_units_are_read_from_the_roles(tmp_path: Path) -> None:
    folder = tmp_path / "roles/one/templates/etc/systemd/system"
    folder.mkdir(parents=True)
    (folder / "b.service.j2").write_text("[Unit]\nAfter=a.service\nRequires=a.service\n")
    (folder / "c@.service.j2").write_text("[Unit]\nBefore=b.service\n[Service]\nAfter=no.service\n")
    edges, needs = unit_order._edges(tmp_path)
    assert edges == {("a.service", "b.service"), ("c@.service", "b.service")}
    assert needs == {("a.service", "b.service")}
    text = str(unit_order.draw(tmp_path))
    assert text.count("<rect") == 1 + 3
    assert "no.service" not in text
