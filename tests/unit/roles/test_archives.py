# SPDX-License-Identifier: GPL-3.0-or-later
"""A source archive that is not the pinned one, or holds what no source holds, ends the preflight.

Nothing of it is on the host by then, and nothing is unpacked anywhere.
"""

from __future__ import annotations

import io
import shutil
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from .ansible_runs import ROOT, failures, run_playbook
from .test_preflight import GOOD, LAN, PATH

pytestmark = pytest.mark.skipif(
    any(shutil.which(tool, path=PATH) is None for tool in ("ip", "dpkg")),
    reason="the checks read this machine by ip and dpkg-query",
)
TOP = "3proxy-1.0.0"
PLAIN = (f"{TOP}/README", tarfile.REGTYPE, "", b"hello")
ARCHIVES: dict[str, tuple[tuple[str, bytes, str, bytes], str]] = {
    "symlink": ((f"{TOP}/src", tarfile.SYMTYPE, "/etc", b""), "is not a plain file"),
    "hard-link": ((f"{TOP}/x", tarfile.LNKTYPE, f"{TOP}/README", b""), "is not a plain file"),
    "device": ((f"{TOP}/null", tarfile.CHRTYPE, "", b""), "is not a plain file"),
    "block-device": ((f"{TOP}/disk", tarfile.BLKTYPE, "", b""), "is not a plain file"),
    "way-out": ((f"{TOP}/../../escaped", tarfile.REGTYPE, "", b"x"), "leaves the archive"),
    "absolute": (("/tmp/escaped", tarfile.REGTYPE, "", b"x"), "leaves the archive"),  # noqa: S108
    "one-byte": ((f"{TOP}/NEW", tarfile.REGTYPE, "", b"!"), "with checksum"),
}


def _pack(path: Path, *members: tuple[str, bytes, str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as packed:
        for name, kind, target, content in members:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname, entry.size = kind, target, len(content)
            packed.addfile(entry, io.BytesIO(content))
    return path


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run with one host for each archive; all are given the digest of the good one."""
    folder = tmp_path_factory.mktemp("archives")
    good = _pack(folder / "good.tar.gz", PLAIN)
    sys.path.insert(0, str(ROOT / "filter_plugins"))
    try:
        from threeproxy_archive import source_digest
    finally:
        sys.path.pop(0)
    pin = {"threeproxy_source_sha256": source_digest(str(good))}
    files = {
        name: _pack(folder / f"{name}.tar.gz", PLAIN, odd) for name, (odd, _) in ARCHIVES.items()
    }
    hosts = {
        name: GOOD | pin | {"threeproxy_archive": str(path)}
        for name, path in {"good": good, **files}.items()
    }
    extra = {"farm_host_addresses": [LAN], "threeproxy_built": False}
    playbook = Path(__file__).parent / "preflight.yml"
    return run_playbook(playbook, hosts, extra, tmp_path_factory.mktemp("run"))


@pytest.mark.parametrize("name", ARCHIVES)
def test_it_is_refused_by_name_and_reason(result: dict[str, Any], name: str) -> None:
    message = failures(result).get(name, "not refused")
    assert f"{name}.tar.gz" in message
    assert ARCHIVES[name][1] in message


def test_the_good_one_passes_and_nothing_is_changed(result: dict[str, Any]) -> None:
    assert "good" not in failures(result)
    assert {stats["changed"] for stats in result["stats"].values()} == {0}
    assert not Path("/tmp/escaped").exists()  # noqa: S108
