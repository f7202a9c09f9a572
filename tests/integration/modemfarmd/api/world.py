# SPDX-License-Identifier: GPL-3.0-or-later
"""The API over a real PostgreSQL, as the role that it has on a host; the agent is a stand-in."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from modemfarm.at.permit import Role
from modemfarm.errors import FarmError
from modemfarm.settings import FarmSettings
from modemfarmd.api.accounts.passwords import Passwords
from modemfarmd.api.app import make_app
from modemfarmd.api.audit import Audit
from modemfarmd.api.parts import Parts, make_parts
from modemfarmd.api.settings import ApiSettings
from modemfarmd.registry.chain import Head
from modemfarmd.registry.db import Database
from modemfarmd.registry.logs import LogBook
from modemfarmd.registry.model import Event, LogLine, Observation
from modemfarmd.registry.modems import Host, Registry
from modemfarmd.registry.pool import Pool
from modemfarmd.registry.users import TokenBook, UserBook

PASSWORD = "correct horse battery"
PASSWORDS = Passwords(memory_kib=8, passes=1)
HASH = PASSWORDS.hash(PASSWORD)
ROLES = ("viewer", "operator", "admin")


def serial(number: int) -> str:
    return f"8675840300000{number:02d}"


class FakeAgent:
    """Remembers what it was asked; `error` is raised instead of an answer, `gate` holds it up."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.error: FarmError | None = None
        self.gate = threading.Event()
        self.gate.set()

    def hold(self, serial: str, until: datetime, reason: str, by: str) -> dict[str, Any]:
        self._take("hold", serial, until, reason, by)
        return {"serial": serial, "hold": {"until": until.isoformat(), "by": by, "reason": reason}}

    def release(self, serial: str, by: str) -> dict[str, Any]:
        self._take("release", serial, by)
        return {"serial": serial, "hold": None}

    def command(
        self, serial: str, command: str, role: Role, by: str, correlation: str
    ) -> dict[str, Any]:
        self._take("command", serial, command, role, by, correlation)
        return {"command": command, "lines": ["+QCSQ: \"LTE\",71"], "result": "OK", "error": None,
                "milliseconds": 12.5}  # fmt: skip

    def restart(self, serial: str, step: str, by: str, correlation: str) -> dict[str, Any]:
        self._take("restart", serial, step, by, correlation)
        return {"serial": serial, "step": step, "seconds": 21.0}

    def _take(self, *asked: Any) -> None:
        assert self.gate.wait(30)
        self.asked.append(asked)
        if self.error is not None:
            raise self.error


class World:
    """An app, callers of all kinds, and some modems. `now` may be moved."""

    def __init__(self, dsn: str, owner_dsn: str, folder: Path, **changes: Any) -> None:
        self.farm = FarmSettings.from_dict({
            "version": 1, "host": "lab", "engine": "threeproxy", "lan_address": "192.168.1.100",
            "lan_interface": "lan0", "clients": ["192.168.1.0/24"], "nameservers": ["9.9.9.9"],
            "apn": "internet", "probe_url": "http://probe.example/", "database": dsn,
        })  # fmt: skip
        folder.mkdir(mode=0o700, exist_ok=True)
        self.settings = ApiSettings(
            folder / "cert.pem", folder / "key.pem", state=folder, **changes
        )
        self.ahead = timedelta()
        self.agent = FakeAgent()
        self.heads: list[Head] = []
        self.owner = Database(owner_dsn)
        self.parts = self.make_parts()
        self.app = make_app(self.parts)
        self.client = TestClient(self.app, raise_server_exceptions=False)
        self.headers: dict[str, dict[str, str]] = {}

    def make_parts(self) -> Parts:
        audit = Audit(Pool(self.farm.database, "modemfarm-api"), self.heads.append)
        return make_parts(
            self.farm, self.settings, agent=self.agent, passwords=PASSWORDS, audit=audit,
            now=self.now,
        )  # fmt: skip

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def close(self) -> None:
        self.parts.live.close()
        self.parts.actions.close()
        self.parts.pool.close()
        self.parts.audit._pool.close()
        self.owner.close()

    # What is there.

    def modem(self, number: int, host: str = "lab", **observed: Any) -> str:
        registry = Registry(self.owner, Host(host, 32, 3127))
        seen = {"present": True, "usb_path": f"1-{number}"} | observed
        registry.upsert(Observation(serial(number), **seen))
        return serial(number)

    def event(self, number: int | None, kind: str = "plugged", **detail: Any) -> None:
        found = None if number is None else serial(number)
        Registry(self.owner, Host("lab", 32, 3127)).add_events([Event(kind, found, detail)])

    def log(self, number: int, command: str, answer: str = "OK") -> None:
        line = LogLine(serial(number), "at", command, answer, "ok", 1.0, "agent", None)
        LogBook(self.owner, "lab").add([line])

    # Who asks.

    def user(self, name: str, role: str = "viewer", modems: list[str] | None = None) -> None:
        UserBook(self.owner).add(name, HASH, role, modems)

    def log_in(self, name: str, password: str = PASSWORD) -> dict[str, Any]:
        body = {"username": name, "password": password}
        answer = self.client.post("/api/auth/token", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def person(
        self, name: str, role: str = "viewer", modems: list[str] | None = None
    ) -> dict[str, str]:
        """The headers of a new user who has logged in."""
        self.user(name, role, modems)
        return bearer(self.log_in(name)["access_token"])

    def program(
        self, name: str, role: str = "viewer", modems: list[str] | None = None
    ) -> dict[str, str]:
        from modemfarmd.api.accounts.secrets import new_api

        secret = new_api()
        expires = self.now() + timedelta(days=1)
        TokenBook(self.owner).add(secret.id, name, secret.hash, role, modems, "test", expires)
        return bearer(secret.text)

    # What is in the tables.

    def rows(self, statement: str) -> list[dict[str, Any]]:
        with self.owner._cursor() as cursor:
            cursor.execute(statement)
            return [dict(row) for row in cursor.fetchall()]

    def audited(self) -> list[tuple[str, str, str]]:
        rows = self.rows("SELECT actor, action, outcome FROM audit ORDER BY id")
        return [(row["actor"], row["action"], row["outcome"]) for row in rows]

    def statement(self, text: str) -> None:
        self.owner._run(text)


Make = Callable[..., World]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
