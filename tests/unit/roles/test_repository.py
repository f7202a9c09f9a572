# SPDX-License-Identifier: GPL-3.0-or-later
"""Upstream's apt repository: the key is the announced one, and apt takes nothing else by it."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
import yaml

from .ansible_runs import ROOT

ROLE, PARTS = ROOT / "roles/threeproxy", ("defaults", "vars")
KEY = ROLE / "files/3proxy-release-key.asc"
FINGERPRINT = "FC12214499FCC7BA1CFF6CDC0312384E3A73940B"  # upstream's README.md and SECURITY.md
TOOLS = ("apt-get", "apt-cache", "gpg", "gpgconf")
missing = [tool for tool in TOOLS if shutil.which(tool) is None]
needs_apt = pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def test_the_key_is_upstreams() -> None:
    """By the standard (RFC 4880, 12.2), with no program's help: SHA-1 over the first packet."""
    body = KEY.read_text().split("\n\n", 1)[1].split("\n=", 1)[0]
    data = base64.b64decode(body)
    assert data[0] in (0x98, 0x99)  # an old-format public-key packet, its length in 1 or 2 bytes
    size = 1 if data[0] == 0x98 else 2
    length = int.from_bytes(data[1 : 1 + size], "big")
    packet = data[1 + size : 1 + size + length]
    assert packet[0] == 4
    digest = hashlib.sha1(b"\x99" + length.to_bytes(2, "big") + packet, usedforsecurity=False)
    assert digest.hexdigest().upper() == FINGERPRINT


@pytest.fixture(scope="module")
def keyring() -> Iterator[Path]:
    """A home of gpg with two keys: `ours` and `stranger`."""
    with tempfile.TemporaryDirectory(prefix="gpg") as name:  # a socket's path is short
        home = Path(name)
        for user in ("ours", "stranger"):
            _gpg(home, "--quick-generate-key", user, "ed25519", "sign", "never")
        yield home
        subprocess.run(
            ("gpgconf", "--kill", "gpg-agent"), env=_environment(home), check=True, timeout=30
        )


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "GNUPGHOME": str(home), "LC_ALL": "C.UTF-8"}


def _gpg(home: Path, *words: str) -> bytes:
    command = ("gpg", "--batch", "--yes", "--passphrase", "", "--pinentry-mode", "loopback", *words)
    done = subprocess.run(
        command, env=_environment(home), capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Repository:
    """A repository with one package, and an apt that knows nothing but it."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.home = folder, home
        text = (ROLE / "templates/etc/apt/sources.list.d/3proxy.sources.j2").read_text()
        defaults = {name: yaml.safe_load((ROLE / name / "main.yml").read_text()) for name in PARTS}
        environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
        template = environment.from_string(text)
        self.source = template.render(
            ansible_managed="test",
            threeproxy_apt_uri=defaults["vars"]["threeproxy_apt_uri"],
            threeproxy_apt_suite=defaults["defaults"]["threeproxy_apt_suite"],
        )
        self.index = folder / "repo/dists/current/main/binary-amd64/Packages"
        self.index.parent.mkdir(parents=True)
        self.index.write_text(
            "Package: 3proxy\nVersion: 9.9\nArchitecture: amd64\nFilename: x.deb\nSize: 1\n"
            f"SHA256: {'0' * 64}\n"
        )
        for name in ("state/lists/partial", "cache/archives/partial", "etc/apt.conf.d"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()

    def sign(self, user: str | None) -> None:
        """Write Release, and InRelease signed by `user`."""
        content = self.index.read_bytes()
        top = self.folder / "repo/dists/current"
        (top / "Release").write_text(
            "Origin: test\nSuite: current\nCodename: current\nArchitectures: amd64\n"
            "Components: main\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n"
            f" {hashlib.sha256(content).hexdigest()} {len(content)} main/binary-amd64/Packages\n"
        )
        if user is not None:
            target = str(top / "InRelease")
            _gpg(self.home, "-u", user, "--clearsign", "-o", target, str(top / "Release"))

    def apt(self, key: Path | str, *words: str) -> tuple[int, str]:
        """apt with the file that the role writes; only its two places are moved."""
        text = self.source.replace("https://3proxy.org/repo/deb", f"file:{self.folder}/repo")
        text = text.replace("/etc/apt/keyrings/3proxy.asc", str(key))
        assert f"{self.folder}/repo" in text
        assert str(key) in text
        (self.folder / "3proxy.sources").write_text(text)
        options = {
            "Dir::Etc": self.folder / "etc", "Dir::State": self.folder / "state",
            "Dir::State::status": self.folder / "status", "Dir::Cache": self.folder / "cache",
            "Dir::Etc::sourcelist": self.folder / "3proxy.sources",
            "APT::Architecture": "amd64", "APT::Architectures": "amd64",
            "APT::Sandbox::User": "", "Acquire::Languages": "none", "APT::Color": "0",
        }  # fmt: skip
        flags = [f"-o{name}={value}" for name, value in options.items()]
        done = subprocess.run(
            (words[0], *flags, *words[1:]),
            env=_environment(self.home), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def offers(self, key: Path | str) -> bool:
        """Whether apt would install the package."""
        return "Candidate: 9.9" in self.apt(key, "apt-cache", "policy", "3proxy")[1]


@pytest.fixture
def repository(keyring: Path, tmp_path: Path) -> Repository:
    return Repository(tmp_path, keyring)


def _export(repository: Repository) -> Path:
    path = repository.folder / "ours.asc"
    path.write_bytes(_gpg(repository.home, "--armor", "--export", "ours"))
    return path


@needs_apt
def test_what_the_key_has_signed_is_taken(repository: Repository) -> None:
    """The control: the refusals below are not for another reason."""
    key = _export(repository)
    repository.sign("ours")
    assert repository.apt(key, "apt-get", "update")[0] == 0
    assert repository.offers(key)


@needs_apt
@pytest.mark.parametrize("signer", ["stranger", None])
def test_what_another_key_or_nobody_has_signed_is_refused(
    repository: Repository, signer: str | None
) -> None:
    repository.sign(signer)
    for key in (_export(repository), KEY):
        code, said = repository.apt(key, "apt-get", "update")
        assert code != 0, said
        assert "not signed" in said
        assert not repository.offers(key)


@needs_apt
def test_an_index_that_was_changed_after_signing_is_refused(repository: Repository) -> None:
    key = _export(repository)
    repository.sign("ours")
    repository.index.write_text(repository.index.read_text().replace("x.deb", "y.deb"))
    code, said = repository.apt(key, "apt-get", "update")
    assert (code, "Hash Sum mismatch" in said) == (100, True), said
    assert not repository.offers(key)
