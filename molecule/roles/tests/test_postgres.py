# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: S101 - these are tests
"""PostgreSQL after dev-sec's baseline, and who really gets in."""

from collections.abc import Callable

import pytest
from testinfra.host import Host as Remote

from modemlab.baseline import postgres
from modemlab.baseline.control import Verdict
from modemlab.baseline.host import Host

ASK = "psql -XAtd {database} -U {role} -c 'SELECT current_user'"


def test_postgres_baseline(state: Host, expect: Callable[..., Verdict]) -> None:
    verdict = expect(state, "postgres", postgres.CONTROLS)
    assert len(verdict.kept) >= 20


@pytest.mark.parametrize(
    ("user", "role", "gets_in"),
    [
        ("root", "modemfarm_migrate", True),
        ("modemfarm", "modemfarm", True),
        ("postgres", "postgres", True),
        ("modemfarm", "modemfarm_migrate", False),
        ("admin", "modemfarm", False),
        ("admin", "admin", False),
    ],
)
def test_who_is_let_into_the_registry(host: Remote, user: str, role: str, gets_in: bool) -> None:
    ask = ASK.format(database="modemfarm", role=role)
    done = host.run(f"cd / && sudo runuser -u {user} -- {ask}")
    assert (done.rc == 0) == gets_in, done.stderr
    assert done.stdout.strip() == (role if gets_in else "")


def test_somebody_elses_role_gets_into_somebody_elses_database_only(
    host: Remote, root: Callable[[str], str]
) -> None:
    as_postgres = "cd / && runuser -u postgres --"
    root(f"{as_postgres} createuser admin && {as_postgres} createdb --owner admin shop")
    try:
        shop = host.run(ASK.format(database="shop", role="admin"))
        ours = host.run(ASK.format(database="modemfarm", role="admin"))
    finally:
        root(f"{as_postgres} dropdb shop && {as_postgres} dropuser admin")
    assert shop.stdout.strip() == "admin", shop.stderr
    assert ours.rc != 0
    assert "reject" in ours.stderr
