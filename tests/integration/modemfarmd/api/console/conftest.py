# SPDX-License-Identifier: GPL-3.0-or-later
"""The program with its console over thirty seeded modems, an agent's socket, and a browser.

The browser is Debian's chromium; playwright brings none. Without it these tests fail: `make tools`
installs it.
"""

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from modemfarmd.line.server import LineServer, listen
from modemfarmd.registry.db import Database
from modemfarmd.registry.users import UserBook

from ..test_serving import HERE, Program, certificate
from ..world import HASH, PASSWORD
from . import seed

QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WAIT_MS = 90_000  # a machine that is busy with other tests loads a page in many seconds
TABLES = (
    "signal_samples sims locations repairs hosts audit operations login_failures api_tokens"
    " refresh_tokens sessions users holds bearers modem_logs events modems"
).split()


@dataclass
class Site:
    """A farm with a console. `asked`: what its agent was asked for."""

    folder: Path
    dsn: str
    owner: Database
    asked: list[dict[str, Any]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    program: Program = field(init=False)

    @property
    def url(self) -> str:
        return f"https://{HERE}:{self.program.port}"

    def start(self, **changes: Any) -> None:
        self.program = Program(
            self.folder, self.dsn, agent=str(self.folder / "agent.sock"), console=True, **changes
        )
        self.program.wait()

    def answer(self, document: dict[str, Any], _: object) -> dict[str, Any]:
        """As modemfarm-agent."""
        self.asked.append(document)
        assert self.gate.wait(60)
        if document["verb"] == "restart":
            return {"serial": document["serial"], "step": document["step"], "seconds": 21.0}
        if document["verb"] == "command":
            return {"command": document["command"], "lines": ["+QCSQ: \"LTE\",71", seed.HOSTILE],
                    "result": "OK", "error": None, "milliseconds": 12.5}  # fmt: skip
        return {"serial": document["serial"], "hold": None}

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        with self.owner._cursor() as cursor:
            cursor.execute(statement, values or None)
            return [dict(row) for row in cursor.fetchall()]

    def run(self, statement: str, *values: object) -> None:
        seed.run(self.owner, statement, *values)

    def alive(self) -> None:
        """Signs of life of agent and modems, ahead of time for a slow browser."""
        ahead = "now() + interval '10 minutes'"
        self.run(f"UPDATE hosts SET last_seen = {ahead}")  # noqa: S608 - ours
        self.run(
            f"UPDATE modems SET last_seen = {ahead} WHERE present AND serial <> %s",  # noqa: S608
            seed.serial(seed.COUNT),
        )


@pytest.fixture(scope="module")
def site(owner_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for a module. Users alice (admin), olga (operator), victor (viewer)."""
    folder = Path(tmp_path_factory.mktemp("site"))
    folder.chmod(0o700)
    certificate(folder)
    owner = Database(owner_dsn)
    for table in TABLES:
        seed.run(owner, f"DELETE FROM {table}")  # noqa: S608 - names of ours
    seed.seed(owner)
    for name, role in (("alice", "admin"), ("olga", "operator"), ("victor", "viewer")):
        UserBook(owner).add(name, HASH, role, None)
    found = Site(folder, psycopg2.extensions.make_dsn(owner_dsn, user="modemfarm_api"), owner)
    found.gate.set()
    stop = threading.Event()
    agent = LineServer(listen(folder / "agent.sock", "nobody"), found.answer, lambda _: None, stop)
    agent.start()
    found.start()
    try:
        yield found
    finally:
        stop.set()
        found.program.end()
        owner.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium with a profile of its own.

    For a module: until it ends Playwright's loop runs in this thread, and no asyncio.run does.
    """
    path = shutil.which("chromium")
    assert path is not None, "chromium is not installed: make tools"
    with sync_playwright() as player:
        expect.set_options(timeout=WAIT_MS)
        found = player.chromium.launch(executable_path=path, args=QUIET)
        yield found
        found.close()


Open = Callable[..., Page]


@pytest.fixture
def open_as(site: Site, browser: Browser) -> Iterator[Open]:
    """Log in and give the page; what a page does wrong fails the test."""
    wrong: list[str] = []
    with contextlib.ExitStack() as stack:

        def opened(name: str, path: str = "/console/", **options: Any) -> Page:
            site.alive()
            options = {"viewport": {"width": 1280, "height": 800}} | options
            context = browser.new_context(ignore_https_errors=True, **options)
            stack.callback(context.close)
            context.set_default_timeout(WAIT_MS)
            page = context.new_page()
            page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
            page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
            page.on("request", lambda asked: wrong.extend(_foreign(asked.url, site.url)))
            page.goto(f"{site.url}{path}")
            page.fill("#username", name)
            page.fill("#password", PASSWORD)
            page.click("button")
            page.wait_for_selector(".farm-live.live")
            return page

        yield opened
    assert wrong == []


def _foreign(url: str, ours: str) -> list[str]:
    """The console needs nothing of anybody else."""
    known = (f"{ours}/", ours.replace("https", "wss") + "/", "data:", "blob:")
    return [] if url.startswith(known) else [f"asked for {url}"]
