# SPDX-License-Identifier: GPL-3.0-or-later
import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from modemlab.commands.fields import FieldError
from modemlab.commands.server import LINE_MAX, ControlServer
from modemlab.modem.errors import LabError


async def echo(request: dict[str, Any]) -> dict[str, Any]:
    """Give the request back, or raise what it asks for."""
    errors = {
        "field": FieldError("port", 1, "2"),
        "lab": LabError("no port"),
        "os": OSError(16, "Device or resource busy"),
    }
    if request.get("raise") in errors:
        raise errors[request["raise"]]
    return {"echo": request}


def answer(line: bytes) -> dict[str, Any]:
    return asyncio.run(ControlServer(Path("unused"), echo).answer(line))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b'{"verb": "x"}', {"ok": True, "echo": {"verb": "x"}}),
        (b'{"raise": "field"}', {"ok": False, "error": "port is 1: allowed is 2"}),
        (b'{"raise": "lab"}', {"ok": False, "error": "no port"}),
        (b'{"raise": "os"}', {"ok": False, "error": "[Errno 16] Device or resource busy"}),
        (b"[1]", {"ok": False, "error": "request is [1]: allowed is a JSON object"}),
    ],
)
def test_answers(line: bytes, expected: dict[str, Any]) -> None:
    assert answer(line) == expected


@pytest.mark.parametrize("line", [b"", b"{", b"\xff\xfe", b"plug 3", b"[" * 100000])
def test_what_is_no_json_is_refused(line: bytes) -> None:
    got = answer(line)
    assert got["ok"] is False
    assert "JSON object" in got["error"]


def test_one_connection_serves_many_requests_and_a_too_long_one_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"

    async def go() -> None:
        server = ControlServer(path, echo)
        await server.start()
        try:
            assert stat.S_IMODE(path.stat().st_mode) == 0o660
            reader, writer = await asyncio.open_unix_connection(str(path))
            for number in range(3):
                writer.write(json.dumps({"n": number}).encode() + b"\n")
                assert json.loads(await reader.readline())["echo"] == {"n": number}
            writer.write(b"x" * (LINE_MAX + 10) + b"\n")
            assert json.loads(await reader.readline())["ok"] is False
            assert await reader.read() == b""
            writer.close()
        finally:
            await server.stop()
        assert not path.exists()

    asyncio.run(go())


def test_a_socket_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    path.touch()

    async def go() -> None:
        server = ControlServer(path, echo)
        await server.start()
        await server.stop()

    asyncio.run(go())
    assert not path.exists()
