# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page says when the server, the network or the database is away, and that it recovers."""

import signal
from typing import Any

from playwright.sync_api import expect

from . import seed
from .conftest import Open, Site

SAYS_MS = 25_000  # silence counts after 12 s; the rest is a busy machine's
BACK_MS = 90_000


def test_a_server_that_ends_is_told_at_once_and_the_page_comes_back(
    site: Site, open_as: Open
) -> None:
    page = open_as("olga")
    port = site.program.port
    site.program.end()
    expect(page.locator(".farm-banner.lost")).to_contain_text("Connection to the farm lost")
    expect(page.locator(".farm-live")).to_have_text("Offline")
    assert page.evaluate("document.body.classList.contains('farm-not-live')")
    site.start(port=port)
    expect(page.locator(".farm-live.live")).to_be_visible(timeout=BACK_MS)
    expect(page.locator(".farm-banner")).to_be_hidden()
    expect(page.locator("[data-serial]")).to_have_count(seed.COUNT)


def test_a_server_that_only_says_nothing_is_told_as_well(site: Site, open_as: Open) -> None:
    page = open_as("olga")
    site.program.process.send_signal(signal.SIGSTOP)
    try:
        expect(page.locator(".farm-banner.lost")).to_be_visible(timeout=SAYS_MS)
    finally:
        site.program.process.send_signal(signal.SIGCONT)
    expect(page.locator(".farm-live.live")).to_be_visible(timeout=BACK_MS)


def test_a_database_that_is_away_makes_the_page_stale(
    site: Site, open_as: Open, server: Any
) -> None:
    page = open_as("olga")
    server.stop()
    try:
        expect(page.locator(".farm-banner.stale")).to_contain_text(
            "Not live: the database does not answer", timeout=SAYS_MS
        )
        expect(page.locator(".farm-live")).to_have_text("Stale")
    finally:
        server.start()
        site.owner.close()
    expect(page.locator(".farm-live.live")).to_be_visible(timeout=BACK_MS)
