# SPDX-License-Identifier: GPL-3.0-or-later
"""The log-in page: plain HTML without a script, and what its form does."""

from __future__ import annotations

import re
from html import escape
from importlib import resources
from string import Template
from urllib.parse import parse_qs

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from modemfarm.errors import FarmError

from ..api.accounts.log_in import LogIns
from ..api.models import LogIn
from ..api.parts import Parts
from ..api.problem import as_problem
from . import places
from .session import new_cookie, no_cookie

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
_NEXT = re.compile(r"/console(/[A-Za-z0-9/_-]*)?(\?[A-Za-z0-9=&_-]*)?\Z")
_WRONG = "User name or password are wrong."
MOST = 4096  # bytes of the form


class LogInPage:
    """GET shows the form, POST takes it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def show(self, request: Request) -> Response:
        """The empty form."""
        return self._page(request.query_params.get("next", ""), "", "", 200)

    async def take(self, request: Request) -> Response:
        """A cookie and the page that was wanted, or the form with what was wrong."""
        body = await request.body()
        if len(body) > MOST:
            return self._page("", "", "The form is too long.", 413)
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=8)
        name, password, wanted = (
            fields.get(key, [""])[0] for key in ("username", "password", "next")
        )
        try:
            LogIn(username=name, password=password)
        except ValidationError:
            return self._page(wanted, name, _WRONG, 401)
        try:
            cookie = await run_in_threadpool(self._begin, name, password, request)
        except FarmError as error:
            found = as_problem(error)
            text = _WRONG if found.status == 401 else f"{found.message}: {found.remedy}"
            return self._page(wanted, name, text, found.status, found.headers)
        return RedirectResponse(_safe(wanted), 303, {"Set-Cookie": cookie})

    async def end(self, request: Request) -> Response:
        """Log out, and back to the form."""
        caller = request.state.caller
        await run_in_threadpool(LogIns(self._parts).end, caller)
        return RedirectResponse(places.LOG_IN, 303, {"Set-Cookie": no_cookie()})

    def _begin(self, name: str, password: str, request: Request) -> str:
        granted = LogIns(self._parts).begin(name, password, request)
        session = self._parts.tokens.read(granted["access_token"]).session
        return new_cookie(self._parts, session)

    def _page(
        self, wanted: str, name: str, problem: str, status: int,
        headers: dict[str, str] | None = None,
    ) -> Response:  # fmt: skip
        shown = "" if not problem else f'<p role="alert" class="problem">{escape(problem)}</p>'
        text = _template().substitute(
            host=escape(self._parts.farm.host), action=places.LOG_IN, problem=shown,
            next=escape(_safe(wanted)), name=escape(name[:32]),
        )  # fmt: skip
        kept = {k: v for k, v in (headers or {}).items() if k != "WWW-Authenticate"}
        return HTMLResponse(text, status, kept | {"Content-Security-Policy": _POLICY})


def _safe(wanted: str) -> str:
    """A page of ours; anything else becomes the first page."""
    return wanted if _NEXT.match(wanted) and wanted != places.LOG_IN else f"{places.ROOT}/"


def _template() -> Template:
    folder = resources.files(__package__) / "static"
    return Template((folder / "login.html").read_text(encoding="utf-8"))
