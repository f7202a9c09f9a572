# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter source_digest: same content, same digest; anything odd is refused."""

import importlib.util
import io
import tarfile
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError

SOURCE = Path(__file__).parents[3] / "filter_plugins/threeproxy_archive.py"


@pytest.fixture(scope="module")
def digest():
    spec = importlib.util.spec_from_file_location("threeproxy_archive", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.FilterModule().filters()["source_digest"]


FILES = [("a", b"one", 0o644), ("src/b.c", b"two", 0o644), ("configure", b"#!", 0o755)]


def pack(path, files=FILES, top="3proxy-1.0.0", level=9, mtime=0, extra=()):
    with tarfile.open(path, "w:gz", compresslevel=level) as archive:
        for name, content, mode in files:
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size, member.mode, member.mtime = len(content), mode, mtime
            archive.addfile(member, io.BytesIO(content))
        for member in extra:
            archive.addfile(member)
    return str(path)


def test_packing_does_not_matter(digest, tmp_path):
    one = digest(pack(tmp_path / "1.tgz"))
    folder = tarfile.TarInfo("x/src")
    folder.type = tarfile.DIRTYPE
    files = [(name, content, mode | 0o020) for name, content, mode in FILES[::-1]]
    two = digest(pack(tmp_path / "2.tgz", files, top="x", level=1, mtime=99, extra=[folder]))
    assert one == two
    assert len(one) == 64


@pytest.mark.parametrize(
    "files",
    [
        [("a", b"onE", 0o644), *FILES[1:]],
        [("a", b"one", 0o755), *FILES[1:]],
        [("A", b"one", 0o644), *FILES[1:]],
        FILES[1:],
        [*FILES, ("new", b"", 0o644)],
    ],
)
def test_content_does(digest, tmp_path, files):
    assert digest(pack(tmp_path / "1.tgz")) != digest(pack(tmp_path / "2.tgz", files))


def odd(name, kind, target=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    "member",
    [
        odd("3proxy-1.0.0/link", tarfile.SYMTYPE, "/etc/passwd"),
        odd("3proxy-1.0.0/hard", tarfile.LNKTYPE, "3proxy-1.0.0/a"),
        odd("3proxy-1.0.0/node", tarfile.CHRTYPE),
        odd("3proxy-1.0.0/pipe", tarfile.FIFOTYPE),
        odd("3proxy-1.0.0/../../etc/x", tarfile.REGTYPE),
        odd("/etc/x", tarfile.REGTYPE),
        odd("other/x", tarfile.REGTYPE),
        odd("3proxy-1.0.0/a", tarfile.REGTYPE),
        odd("3proxy-1.0.0", tarfile.REGTYPE),
        odd("3proxy-1.0.0/a\nb", tarfile.REGTYPE),
    ],
)
def test_odd_members_are_refused(digest, tmp_path, member):
    with pytest.raises(AnsibleFilterError, match="refused"):
        digest(pack(tmp_path / "1.tgz", extra=[member]))


def test_rubbish_and_nothing(digest, tmp_path):
    with pytest.raises(AnsibleFilterError, match="cannot read"):
        digest(str(tmp_path / "none.tgz"))
    (tmp_path / "bad.tgz").write_bytes(b"x" * 100)
    with pytest.raises(AnsibleFilterError, match="cannot read"):
        digest(str(tmp_path / "bad.tgz"))
    cut = Path(pack(tmp_path / "cut.tgz", [("a", b"x" * 5000, 0o644)]))
    cut.write_bytes(cut.read_bytes()[:60])
    with pytest.raises(AnsibleFilterError, match="cannot read"):
        digest(str(cut))
    with pytest.raises(AnsibleFilterError, match="no file"):
        digest(pack(tmp_path / "empty.tgz", []))
