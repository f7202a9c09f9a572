# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that stands still blocks nobody for long, whatever the caller is doing."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from modemfarmd.errors import DatabaseGoneError
from modemfarmd.registry import db
from modemfarmd.registry.db import Database, connect

LONGEST_S = 12.0  # 8 are meant; the machine may be busy


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def gone_in_time() -> Iterator[None]:
    began = time.monotonic()
    with pytest.raises(DatabaseGoneError):
        yield
    assert time.monotonic() - began < LONGEST_S


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with less waiting; one test has the real figures."""
    monkeypatch.setattr(db, "STATEMENT_TIMEOUT_S", 0.3)
    monkeypatch.setattr(db, "ANSWER_GRACE_S", 0.2)


def pid_of(database: Database) -> int:
    database.rows("schema_version")
    assert database.backend is not None
    return database.backend


def test_a_stopped_backend_and_the_next_call_is_well(database: Database) -> None:
    with stopped(pid_of(database)), gone_in_time():
        database.rows("schema_version")
    assert database.rows("schema_version")


@pytest.mark.usefixtures("short")
def test_a_backend_stopped_in_a_transaction_takes_nothing_half(database: Database) -> None:
    values = {"host": "lab", "version": "1"}
    with gone_in_time(), database.transaction():
        database.rows("see_host", values)
        with stopped(pid_of(database)):
            database.rows("see_host", values)
    assert database.rows("list_hosts") == []


@pytest.mark.usefixtures("short")
def test_a_backend_stopped_before_the_commit(database: Database) -> None:
    pid = pid_of(database)
    try:
        with gone_in_time(), database.transaction():
            database.rows("see_host", {"host": "lab", "version": "1"})
            os.kill(pid, signal.SIGSTOP)
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_stopped_postmaster_takes_no_new_connection(server: Any, dsn: str) -> None:
    with stopped(server.pid()), gone_in_time():
        connect(dsn)
    connect(dsn).close()


def test_a_network_that_swallows_everything(dsn: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, gone_in_time():
        connect(f"host=127.0.0.1 port={silent.getsockname()[1]} user=farm dbname=x")


@pytest.mark.usefixtures("short")
def test_a_slow_statement_is_told_by_the_server(database: Database) -> None:
    with gone_in_time():
        database._run("SELECT pg_sleep(60)")


@pytest.mark.usefixtures("short")
def test_others_go_on_meanwhile(open_database: Callable[[], Database]) -> None:
    stuck, well = open_database(), open_database()
    well.rows("schema_version")
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            stuck.rows("schema_version")
        except DatabaseGoneError as error:
            failures.append(error)

    with stopped(pid_of(stuck)):
        thread = threading.Thread(target=ask)
        thread.start()
        answered = 0
        while thread.is_alive():
            well.rows("schema_version")
            answered += 1
        thread.join()
    assert (len(failures), answered > 20) == (1, True)
