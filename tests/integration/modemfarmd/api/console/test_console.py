# SPDX-License-Identifier: GPL-3.0-or-later
"""The console in a browser, over a real database: what it shows, and what a click does."""

import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ..world import PASSWORD
from . import seed
from .conftest import Open, Site

FIRST, SECOND = seed.serial(1), seed.serial(2)
SOON_MS = 2_000


def row(page: Page, serial: str) -> Any:
    return page.locator(f'[data-serial="{serial}"]')


def chip(page: Page, serial: str) -> Any:
    return row(page, serial).locator(".chip").first


def test_the_list_shows_every_modem_and_what_is_hostile_as_text(site: Site, open_as: Open) -> None:
    page = open_as("victor")
    expect(page.locator("[data-serial]")).to_have_count(seed.COUNT)
    first = row(page, FIRST)
    expect(first).to_contain_text("Vodafone.de")
    expect(first).to_contain_text("-62 dBm")
    expect(first).to_contain_text("10.65.3.1")
    expect(first).to_contain_text("127.0.0.1:3128")
    expect(first.locator("svg.curve polyline")).to_have_count(1)
    expect(row(page, seed.serial(5)).locator("svg.curve polyline")).to_have_count(2)
    hostile = row(page, seed.serial(29))
    expect(hostile).to_contain_text("<img src=x onerror=alert(1)>\\x1b[31m\\u202eevil")
    expect(hostile).to_contain_text("{{ 7*7 }}")
    expect(hostile.locator("img")).to_have_count(0)
    expect(row(page, seed.serial(27))).to_contain_text("no signal")


def test_what_was_not_heard_of_for_long_is_not_shown_as_live(site: Site, open_as: Open) -> None:
    page = open_as("victor")
    old = row(page, seed.serial(seed.COUNT))
    expect(old).to_contain_text("was serving")
    expect(old).to_contain_text("stale")
    expect(row(page, FIRST)).not_to_contain_text("stale")
    site.run("UPDATE hosts SET last_seen = now() - interval '1 hour'")
    expect(row(page, FIRST)).to_contain_text("the agent of lab says nothing", timeout=20_000)
    site.alive()
    expect(row(page, FIRST)).not_to_contain_text("stale", timeout=20_000)


def test_a_change_is_there_in_two_seconds_without_loading_anew(site: Site, open_as: Open) -> None:
    page = open_as("victor")
    page.evaluate("window.sameDocument = true")
    for state, status in (("failed", "error"), ("serving", "online")):
        site.run(
            "UPDATE modems SET state = %s, status = %s WHERE serial = %s",
            state, status, SECOND,
        )  # fmt: skip
        began = time.monotonic()
        expect(chip(page, SECOND)).to_contain_text(state, timeout=SOON_MS)
        assert time.monotonic() - began < SOON_MS / 1000
    site.run("INSERT INTO modems (serial, host, slot, proxy_port, present)"
             " VALUES ('867584039999999', 'lab', 32, 3159, true)")  # fmt: skip
    expect(row(page, "867584039999999")).to_be_visible(timeout=SOON_MS)
    site.run("DELETE FROM modems WHERE serial = '867584039999999'")
    expect(row(page, "867584039999999")).to_have_count(0, timeout=SOON_MS)
    assert page.evaluate("window.sameDocument") is True


def test_filters_search_and_sort(site: Site, open_as: Open) -> None:
    page = open_as("victor")
    page.get_by_label("Search by IMEI, operator").fill("telekom 0000012")
    expect(page.locator("[data-serial]")).to_have_count(1)
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_text("Only what needs a look").click()
    expect(page.locator(".count")).to_have_text("12 of 30 modems")
    head = page.get_by_role("columnheader", name="State")
    head.focus()
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("[data-serial]").first).to_contain_text("failed")


def test_a_bulk_action_is_an_operation_and_audited_for_each_modem(
    site: Site, open_as: Open
) -> None:
    page = open_as("olga")
    site.asked.clear()
    for serial in (FIRST, SECOND):
        page.get_by_label(f"Select modem {serial}").click()
    expect(page.get_by_text("2 modems selected")).to_be_visible()
    page.get_by_role("button", name="Restart…").click()
    site.gate.clear()
    page.get_by_role("button", name="Restart", exact=True).click()
    expect(page.get_by_text("0 of 2 ended")).to_be_visible()
    site.gate.set()
    expect(page.get_by_text("2 of 2 ended, 2 of them well")).to_be_visible()
    assert {(a["verb"], a["serial"], a["by"]) for a in site.asked} == {
        ("restart", FIRST, "api:olga"), ("restart", SECOND, "api:olga"),
    }  # fmt: skip
    for serial in (FIRST, SECOND):
        done = site.rows("SELECT * FROM operations WHERE serial = %s", serial)
        assert [(d["action"], d["actor"], d["state"]) for d in done] == [
            ("restart", "api:olga", "done")
        ]
        told = site.rows("SELECT * FROM audit WHERE serial = %s ORDER BY id", serial)
        assert [(t["outcome"], t["address"]) for t in told] == [
            ("begun", "127.0.0.1"), ("done", "127.0.0.1"),
        ]  # fmt: skip
        assert {t["correlation"] for t in told} == {done[0]["correlation"]}


def test_a_viewer_cannot_act(site: Site, open_as: Open) -> None:
    page = open_as("victor")
    expect(page.locator("[data-serial]")).to_have_count(seed.COUNT)
    expect(page.get_by_role("checkbox")).to_have_count(0)
    before = site.rows("SELECT count(*) AS n FROM operations")[0]["n"]
    page.goto(f"{site.url}/console/modem/{FIRST}")
    expect(page.get_by_role("button", name="Restart…")).to_have_count(0)
    page.get_by_label("AT command").fill("AT+CFUN=1,1")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("AT+CFUN is never sent").first).to_be_visible()
    assert site.rows("SELECT count(*) AS n FROM operations")[0]["n"] == before
    refused = site.rows("SELECT * FROM audit WHERE actor = 'api:victor' AND outcome = 'refused'")
    assert [r["action"] for r in refused] == ["command"]
    for path in ("users", "audit"):
        page.goto(f"{site.url}/console/{path}")
        expect(page.get_by_role("alert").filter(has_text="for admins")).to_be_visible()


def test_a_modems_page_shows_its_past_and_takes_a_command(site: Site, open_as: Open) -> None:
    page = open_as("alice", f"/console/modem/{FIRST}")
    expect(page.get_by_text("EC25EUXGAR08A05M1G")).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()
    page.get_by_label("AT command").fill("AT+QCSQ")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text('+QCSQ: "LTE",71').first).to_be_visible()
    expect(page.locator("img")).to_have_count(0)
    page.get_by_role("tab", name="Repairs").click()
    expect(page.get_by_text("three proofs in a row failed")).to_be_visible()
    expect(page.get_by_text('"proofs": ["timeout", "timeout", "refused"]')).to_be_visible()
    page.get_by_role("tab", name="Addresses").click()
    expect(page.get_by_text("10.9.8.1", exact=True)).to_be_visible()


def test_an_admin_adds_a_user_who_is_checked_by_the_api(site: Site, open_as: Open) -> None:
    page = open_as("alice", "/console/users")
    page.get_by_role("button", name="Add a user…").click()
    page.get_by_label("Name").fill("Nobody At All")
    page.get_by_label("Password (12").fill(PASSWORD)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="name is")).to_be_visible()
    page.get_by_label("Name").fill("nina")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("nina", exact=True)).to_be_visible()
    added = site.rows("SELECT * FROM audit WHERE action = 'user-added'")
    assert [(a["actor"], a["detail"]["user"]) for a in added] == [("api:alice", "nina")]
    page.goto(f"{site.url}/console/audit")
    expect(page.get_by_text("user-added").first).to_be_visible()


def test_a_page_ends_with_its_log_in(site: Site, open_as: Open) -> None:
    page = open_as("victor")
    site.run("UPDATE sessions SET ended_at = now(), ended_why = 'test' WHERE ended_at IS NULL")
    page.wait_for_url("**/console/login*")
    page.goto(f"{site.url}/console/")
    expect(page.locator("#username")).to_be_visible()


def test_logging_out(site: Site, open_as: Open) -> None:
    page = open_as("victor")
    page.get_by_role("button", name="Log out victor").click()
    expect(page.locator("#username")).to_be_visible()
    assert page.context.cookies() == []
    ended = site.rows("SELECT * FROM sessions ORDER BY created_at DESC LIMIT 1")[0]
    assert ended["ended_why"] == "log-out"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_screen(
    site: Site, open_as: Open, width: int, scheme: str
) -> None:
    page = open_as("alice", viewport={"width": width, "height": 800}, color_scheme=scheme)
    expect(page.locator("[data-serial]")).to_have_count(seed.COUNT)
    dark = page.evaluate("document.body.classList.contains('body--dark')")
    assert dark is (scheme == "dark")
    for path in ("", f"modem/{FIRST}", "farm", "users", "audit", "settings"):
        page.goto(f"{site.url}/console/{path}")
        page.wait_for_selector(".farm-live.live")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
