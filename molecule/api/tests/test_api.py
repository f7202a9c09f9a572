# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: S101 - these are tests
"""The API as role api leaves it, asked from the server itself; nothing here is shared with it."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host as Remote

URL = "https://192.168.1.100:8443"
ASK = """
import json, ssl, sys, urllib.error, urllib.request
method, url, token, body = sys.argv[1:]
context = ssl.create_default_context(cafile="/etc/modemfarm/tls/ca.pem")
headers = {"Authorization": "Bearer " + token} if token else {}
headers |= {"Content-Type": "application/json"} if body else {}
data = body.encode() if body else None
request = urllib.request.Request(url, data, headers, method=method)
try:
    answer = urllib.request.urlopen(request, timeout=20, context=context)
except urllib.error.HTTPError as error:
    answer = error
print(json.dumps([answer.status, answer.read().decode()]))
"""
STRANGER = """
import socket
with socket.create_connection(("192.168.1.100", 8443), 10, ("127.0.0.9", 0)) as stranger:
    stranger.settimeout(10)
    try:
        print(len(stranger.recv(10)))
    except ConnectionResetError:
        print(0)
"""


@pytest.fixture(scope="module")
def ask(host: Remote) -> Callable[..., tuple[int, str]]:
    def run(method: str, path: str, token: str = "", body: Any = None) -> tuple[int, str]:
        text = "" if body is None else json.dumps(body)
        said = host.check_output(
            "sudo python3 -c %s %s %s %s %s", ASK, method, URL + path, token, text
        )
        status, content = json.loads(said)
        return int(status), str(content)

    return run


@pytest.fixture(scope="module")
def token(host: Remote, ask: Callable[..., tuple[int, str]]) -> str:
    """Of the first admin, whose password was shown by the play and is another now."""
    said = host.check_output("sudo modemfarm user change admin --random-password --json")
    body = {"username": "admin", "password": json.loads(said)["password"]}
    status, content = ask("POST", "/api/auth/token", "", body)
    assert status == 200, content
    return str(json.loads(content)["access_token"])


def test_it_serves_by_the_own_ca(ask: Callable[..., tuple[int, str]], token: str) -> None:
    assert ask("GET", "/api/health") == (200, '{"status":"ok"}')
    for path in ("/api/modems", "/metrics", "/api/audit"):
        assert ask("GET", path)[0] == 401
        assert ask("GET", path, token)[0] == 200
    assert ask("POST", "/api/auth/ticket", token)[0] == 200
    metrics = ask("GET", "/metrics", token)[1]
    assert "modemfarm_database_up 1.0" in metrics
    assert "modemfarm_agent_up 1.0" in metrics


def test_there_is_one_admin(host: Remote) -> None:
    rows = json.loads(host.check_output("sudo modemfarm user list --json"))
    assert [(row["name"], row["role"]) for row in rows] == [("admin", "admin")]
    assert json.loads(host.check_output("sudo modemfarm audit verify --json"))["whole"] is True


def test_it_listens_at_the_lan_address_only(host: Remote) -> None:
    lines = host.check_output("sudo ss -Hltnp").splitlines()
    # `modemfarm-api` is a script, so ss shows the name of its process's thread.
    found = {line.split()[3] for line in lines if line.split()[3].endswith(":8443")}
    assert found == {"192.168.1.100:8443"}
    assert host.check_output("sudo python3 -c %s", STRANGER) == "0"


def test_it_is_sandboxed(host: Remote) -> None:
    said = host.check_output("sudo systemd-analyze security --no-pager modemfarm-api.service")
    found = re.search(r"exposure level for modemfarm-api\.service: ([0-9.]+)", said)
    assert found, said
    assert float(found[1]) <= 2.0, said
    show = host.check_output("systemctl show -P User -P ActiveState modemfarm-api.service")
    assert set(show.split()) == {"modemfarm-api", "active"}


def test_keys_are_where_they_belong(host: Remote) -> None:
    names = "ca/ca.key api.key api.pem ca.pem".split()
    paths = " ".join(f"/etc/modemfarm/tls/{name}" for name in names)
    said = host.check_output(f"sudo stat -c '%a %U %G' {paths}").splitlines()
    assert said == ["600 root root", "640 root modemfarm-api", "644 root root", "644 root root"]
    assert host.check_output("sudo stat -c '%a %U' /var/lib/modemfarm-api") == "700 modemfarm-api"
    assert host.run("sudo -u modemfarm-api cat /etc/modemfarm/tls/ca/ca.key").rc != 0
