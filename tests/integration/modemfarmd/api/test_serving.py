# SPDX-License-Identifier: GPL-3.0-or-later
"""The program itself: TLS only, on its address only, deaf to strangers, and it ends when told."""

import contextlib
import datetime
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from .world import PASSWORD, World

HERE = "127.0.0.1"  # stands for the LAN address
START_S = 180  # three seconds of work, and longer where other tests want the processor
CLIENT, STRANGER = "127.0.0.2", "127.0.0.3"


def certificate(folder: Path) -> None:
    """A certificate for HERE that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "farm")])
    now = datetime.datetime.now(datetime.UTC)
    found = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(HERE))]), False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(found.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def free_port() -> int:
    """One below the ephemeral ones that nobody has now."""
    for port in range(20_000 + os.getpid() % 5000, 32_000):
        with socket.socket() as probe:
            if probe.connect_ex((HERE, port)) != 0:
                return port
    raise AssertionError("no port is free")


class Program:
    """modemfarm-api with settings of its own."""

    def __init__(self, folder: Path, database: str, **changes: Any) -> None:
        self.port: int = changes.get("port", free_port())
        self.folder = folder
        farm = {
            "version": 1, "host": "lab", "engine": "threeproxy", "lan_address": HERE,
            "lan_interface": "lo", "clients": ["127.0.0.0/8"], "nameservers": ["9.9.9.9"],
            "apn": "internet", "probe_url": "http://probe.example/", "database": database,
        }  # fmt: skip
        api = {
            "version": 1, "certificate": str(folder / "cert.pem"), "port": self.port,
            "private_key": str(folder / "key.pem"), "state": str(folder),
            "clients": [f"{CLIENT}/32"], "console": False,
        } | changes  # fmt: skip
        for name, document in (("farm.json", farm), ("api.json", api)):
            (folder / name).write_text(json.dumps(document))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "modemfarmd.api.main",
             folder / "farm.json", folder / "api.json"],
            stderr=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip

    def wait(self) -> None:
        """Until it listens."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((HERE, self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(self.end())

    def get(self, path: str, source: str = HERE) -> httpx2.Response:
        context = ssl.create_default_context(cafile=str(self.folder / "cert.pem"))
        transport = httpx2.HTTPTransport(verify=context, local_address=source)
        with httpx2.Client(transport=transport, timeout=20) as client:
            return client.get(f"https://{HERE}:{self.port}{path}")

    def end(self) -> str:
        """Tell it to end; what it said."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=30)
        return said


@pytest.fixture
def program(world: World, tmp_path: Path) -> Iterator[Program]:
    certificate(tmp_path)
    found = Program(tmp_path, world.farm.database)
    try:
        found.wait()
        yield found
    finally:
        found.end()


def test_it_serves_clients_over_tls_and_nobody_else(program: Program, world: World) -> None:
    for source in (HERE, CLIENT):
        assert program.get("/api/health", source).json() == {"status": "ok"}
    assert program.get("/api/modems", CLIENT).status_code == 401
    with (
        contextlib.suppress(ConnectionResetError),  # it may come before `connect` is back
        socket.create_connection((HERE, program.port), 10, (STRANGER, 0)) as stranger,
    ):
        stranger.settimeout(10)
        assert stranger.recv(100) == b""
    with socket.create_connection((HERE, program.port), 10) as plain:
        plain.settimeout(10)
        plain.sendall(b"GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            said = plain.recv(100)
        except ConnectionResetError:
            said = b""
        assert b"HTTP" not in said
        assert b"status" not in said
    said = program.end()
    assert program.process.returncode == 0, said
    assert f"serving at https://{HERE}:{program.port}" in said
    assert f"{STRANGER} is not among api_clients" in said


def test_it_listens_on_its_address_only_and_not_with_old_tls(program: Program) -> None:
    with socket.socket() as other:
        assert other.connect_ex((CLIENT, program.port)) != 0
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection((HERE, program.port), 10) as plain,
        pytest.raises((ssl.SSLError, ConnectionResetError)),
    ):
        old.wrap_socket(plain)


def test_a_socket_over_tls_whose_ticket_is_in_no_log(program: Program, world: World) -> None:
    world.user("alice")
    context = ssl.create_default_context(cafile=str(program.folder / "cert.pem"))
    base = f"{HERE}:{program.port}"
    with httpx2.Client(transport=httpx2.HTTPTransport(verify=context), timeout=20) as client:
        granted = client.post(
            f"https://{base}/api/auth/token", json={"username": "alice", "password": PASSWORD}
        ).json()
        headers = {"Authorization": f"Bearer {granted['access_token']}"}
        ticket = client.post(f"https://{base}/api/auth/ticket", headers=headers).json()["ticket"]
    offered = ["modemfarm.1", f"ticket.{ticket}"]
    world.modem(1)
    with connect(
        f"wss://{base}/api/ws", ssl=context, subprotocols=offered, origin=f"https://{base}",
        proxy=None,
    ) as live:  # fmt: skip
        live.send(json.dumps({"type": "subscribe", "topics": ["modems"]}))
        assert json.loads(live.recv(20))["type"] == "hello"
        assert len(json.loads(live.recv(20))["items"]) == 1
        program.process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed):
            live.recv(20)
        assert live.close_code == 1012
    said = program.end()
    assert program.process.returncode == 0, said
    assert ticket not in said


def test_the_heads_go_to_the_journal(program: Program, world: World) -> None:
    world.person("alice")
    program.end()
    found = Program(program.folder, world.farm.database)
    found.wait()
    found.get("/api/health")
    said = found.end()
    assert f"<6>modemfarm.audit: {world.heads[-1]}" in said.splitlines()


@pytest.mark.parametrize(
    ("changes", "code", "part"),
    [
        ({"port": 80}, 2, "port is 80"), ({"clients": ["192.168.1.1/24"]}, 2, "clients is"),
        ({"origins": ["*"]}, 2, "origins is '*'"), ({"nonsense": 1}, 2, "field name is"),
        ({"private_key": "/nonexistent"}, 1, "certificate"), ({"version": 2}, 2, "version is 2"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used(
    world: World, tmp_path: Path, changes: dict[str, Any], code: int, part: str
) -> None:
    certificate(tmp_path)
    found = Program(tmp_path, world.farm.database, **changes)
    found.process.wait(60)
    said = found.end()
    assert (found.process.returncode, part in said) == (code, True), said
