# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gets what of the console without a browser's manners."""

import asyncio
import re
import ssl
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import httpx2
import pytest
import websockets

from ..test_serving import Program, certificate
from ..world import PASSWORD, World
from .conftest import Site


def client(site: Site) -> httpx2.Client:
    return httpx2.Client(base_url=site.url, verify=False, timeout=30)


def log_in(
    site: Site, found: httpx2.Client, name: str = "victor", password: str = PASSWORD,
    wanted: str = "", origin: str | None = None,
) -> httpx2.Response:  # fmt: skip
    body = urlencode({"username": name, "password": password, "next": wanted})
    headers = {"content-type": "application/x-www-form-urlencoded", "origin": origin or site.url}
    return found.post("/console/login", content=body, headers=headers)


@pytest.mark.parametrize(
    "path",
    ["/console/alive", "/console/users", "/console/_nicegui_ws/socket.io/",
     "/console/farm", "/console/_nicegui/0/static/nicegui.js", "/console/favicon.ico"],
)  # fmt: skip
def test_without_a_log_in_there_is_only_its_page(site: Site, path: str) -> None:
    with client(site) as found:
        assert found.get(path).status_code == 401
        answer = found.get(path, headers={"accept": "text/html"})
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/console/login?next=%2Fconsole%2F")


def test_the_log_in_page_runs_nothing_and_the_cookie_is_as_safe_as_they_are(site: Site) -> None:
    with client(site) as found:
        page = found.get("/console/login")
        assert page.status_code == 200
        assert "script-src" not in page.headers["content-security-policy"]
        assert "default-src 'none'" in page.headers["content-security-policy"]
        answer = log_in(site, found, wanted="/console/farm")
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/farm")
        cookie = answer.headers["set-cookie"]
    assert re.match(r"__Host-modemfarm=mfc_[\w-]{43}; Path=/; Secure; HttpOnly; SameSite=Strict",
                    cookie)  # fmt: skip
    secret = cookie.partition("=")[2].partition(";")[0]
    with client(site) as found:  # neither is it a token of the API
        bearer = {"authorization": f"Bearer {secret}"}
        assert found.get("/api/modems", headers=bearer).status_code == 401
        assert found.post("/api/auth/refresh", json={"refresh_token": secret}).status_code == 401
    assert site.rows("SELECT count(*) AS n FROM refresh_tokens WHERE hash = %s",
                     secret.encode())[0]["n"] == 0  # fmt: skip


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/api/modems", "/console/../api",
     "javascript:alert(1)", "/console/login"],
)  # fmt: skip
def test_a_log_in_leads_to_no_other_place(site: Site, wanted: str) -> None:
    with client(site) as found:
        assert log_in(site, found, wanted=wanted).headers["location"] == "/console/"


def test_a_wrong_password_and_what_is_no_name(site: Site) -> None:
    with client(site) as found:
        answers = [log_in(site, found, *who) for who in (
            ("victor", "wrong"), ("nobody", PASSWORD), ("<b>'\"", PASSWORD), ("", ""),
        )]  # fmt: skip
    assert [a.status_code for a in answers] == [401] * 4
    assert all("User name or password are wrong" in a.text for a in answers)
    assert all("<b>" not in a.text and "set-cookie" not in a.headers for a in answers)
    site.run("DELETE FROM login_failures")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1"])
def test_another_site_can_neither_log_in_nor_out_nor_open_a_socket(site: Site, origin: str) -> None:
    with client(site) as found:
        assert log_in(site, found, origin=origin).status_code == 403
        log_in(site, found)
        assert found.post("/console/logout", headers={"origin": origin}).status_code == 403
        assert found.get("/console/alive").status_code == 204
        cookie = "; ".join(f"{name}={value}" for name, value in found.cookies.items())
    assert _opened(site, {"Origin": origin, "Cookie": cookie}) == 403
    assert _opened(site, {"Origin": site.url}) == 403
    assert _opened(site, {"Origin": site.url, "Cookie": cookie}) == 101


def test_without_the_console_there_is_none(world: World, tmp_path) -> None:  # type: ignore[no-untyped-def]
    certificate(tmp_path)
    program = Program(tmp_path, world.farm.database, console=False)
    try:
        program.wait()
        assert program.get("/api/health").status_code == 200
        assert program.get("/console/").status_code == 404
        assert program.get("/").status_code == 404
    finally:
        program.end()


def _opened(site: Site, headers: dict[str, str]) -> int:
    """In a thread of its own: Playwright's loop runs in this one, wherever a browser was used."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(lambda: asyncio.run(_socket(site, headers))).result()


async def _socket(site: Site, headers: dict[str, str]) -> int:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    url = (
        site.url.replace("https", "wss")
        + "/console/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    )
    try:
        async with websockets.connect(url, ssl=context, additional_headers=headers):
            return 101
    except websockets.InvalidStatus as error:
        return error.response.status_code
