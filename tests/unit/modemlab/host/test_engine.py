# SPDX-License-Identifier: GPL-3.0-or-later
"""Which engine the lab gets, and that it says why."""

import hashlib
import io
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from modemlab.host import engine
from modemlab.host.errors import LabError

ARCHIVE = b"not really a tarball"
PIN = hashlib.sha256(ARCHIVE).hexdigest()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    defaults = tmp_path / "roles/threeproxy/defaults/main.yml"
    defaults.parent.mkdir(parents=True)
    defaults.write_text(
        "threeproxy_version: 1.0.0\n"
        "threeproxy_release_url: https://example.invalid/{{ threeproxy_version }}.tar.gz\n"
        f"threeproxy_release_sha256: {PIN}\n"
    )
    monkeypatch.delenv(engine.ARCHIVE_VARIABLE, raising=False)
    return tmp_path


def answer(monkeypatch: pytest.MonkeyPatch, content: bytes | None) -> list[str]:
    asked: list[str] = []

    def urlopen(url: str, timeout: float) -> io.BytesIO:
        asked.append(url)
        if content is None:
            raise urllib.error.URLError("no such name")
        return io.BytesIO(content)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return asked


def test_a_given_archive_wins(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = project / "mine.tar.gz"
    given.write_bytes(ARCHIVE)
    monkeypatch.setenv(engine.ARCHIVE_VARIABLE, str(given))
    found = engine.choose(project, project / "cache")
    assert found.label == "3proxy 1.0.0"
    assert found.variables["threeproxy_archive"] == str(given)
    assert "THREEPROXY_ARCHIVE" in found.reason


def test_a_given_archive_that_is_no_file_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(engine.ARCHIVE_VARIABLE, "/nowhere/x.tar.gz")
    with pytest.raises(LabError, match=r"THREEPROXY_ARCHIVE='/nowhere/x.tar.gz'.*allowed"):
        engine.choose(project, project / "cache")


def test_the_release_is_fetched_once_and_kept(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer(monkeypatch, ARCHIVE)
    for _ in range(2):
        assert engine.choose(project, project / "cache").name == "threeproxy"
    assert asked == ["https://example.invalid/1.0.0.tar.gz"]


def test_without_network_the_packaged_engine_and_the_reason(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, None)
    found = engine.choose(project, project / "cache")
    assert found.variables == {"proxy_engine": "v2ray"}
    assert "no such name" in found.reason


def test_a_release_with_another_checksum_is_not_used(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, ARCHIVE + b"!")
    found = engine.choose(project, project / "cache")
    assert found.name == "v2ray"
    assert PIN in found.reason
    assert not list((project / "cache").glob("*"))
