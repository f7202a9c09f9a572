# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that the role builds: hardened, libc alone, the same each time, from good source."""

import io
import os
import shutil
import subprocess
import tarfile

import pytest

from .builds import NOBODY, archive, compile_by_recipe

READELF = shutil.which("readelf")
pytestmark = pytest.mark.skipif(
    READELF is None or shutil.which("gcc") is None, reason="needs readelf and gcc"
)


def readelf(program, *options):
    return subprocess.run(
        (READELF, "--wide", *options, str(program)), capture_output=True, text=True, check=True
    ).stdout


def unprivileged():
    return NOBODY if os.geteuid() == 0 else None


def readable(source, folder):
    """A copy of the archive that the user of the build may read."""
    copy = folder / "source.tar.gz"
    shutil.copyfile(source, copy)
    copy.chmod(0o644)
    return copy


def test_the_program_is_hardened(threeproxy_built):
    header, segments = readelf(threeproxy_built, "--file-header"), readelf(threeproxy_built, "-l")
    dynamic, symbols = readelf(threeproxy_built, "-d"), readelf(threeproxy_built, "--dyn-syms")
    assert "DYN (Position-Independent Executable" in header  # not EXEC
    assert "PIE" in dynamic
    assert "BIND_NOW" in dynamic  # with the next: the whole table of functions is read-only
    assert "GNU_RELRO" in segments
    (stack,) = [line for line in segments.splitlines() if "GNU_STACK" in line]
    assert stack.split()[-2] == "RW"  # not RWE
    assert "__stack_chk_fail" in symbols
    assert "__fprintf_chk" in symbols  # _FORTIFY_SOURCE
    assert ".symtab" not in readelf(threeproxy_built, "--sections")
    assert not [line for line in dynamic.splitlines() if "RPATH" in line or "RUNPATH" in line]


def test_the_program_needs_nothing_but_libc(threeproxy_built):
    lines = readelf(threeproxy_built, "-d").splitlines()
    needed = [line.split("[")[1].rstrip("]") for line in lines if "(NEEDED)" in line]
    assert needed == ["libc.so.6"]


def test_optional_libraries_that_are_there_do_not_get_in(
    threeproxy_built, open_folder, monkeypatch
):
    """As nobody, in another folder, with flags in the environment and an OpenSSL that is found."""
    include = open_folder / "include/openssl"
    include.mkdir(parents=True)
    (include / "ssl.h").write_text("#define SSL_IS_HERE 1\n")
    (open_folder / "lib").mkdir()
    for name in ("ssl", "crypto"):
        subprocess.run(
            ("gcc", "-shared", "-x", "c", "/dev/null", "-o", f"{open_folder}/lib/lib{name}.so"),
            check=True,
        )
    monkeypatch.setenv("CPATH", str(open_folder / "include"))
    monkeypatch.setenv("LIBRARY_PATH", str(open_folder / "lib"))
    monkeypatch.setenv("OPENSSL_CHECK", "true")
    monkeypatch.setenv("CFLAGS", "-O0 -DWITH_SSL")
    work = open_folder / "work"
    work.mkdir()
    if os.geteuid() == 0:
        os.chown(work, NOBODY, NOBODY)
    done = compile_by_recipe(readable(archive(), open_folder), work, unprivileged())
    assert done.returncode == 0, done.stderr[-2000:]
    assert (work / "bin/3proxy").read_bytes() == threeproxy_built.read_bytes()
    assert (work / "bin/3proxy").stat().st_uid == (NOBODY if os.geteuid() == 0 else os.geteuid())
    assert [path.name for path in (work / "bin").iterdir()] == ["3proxy"]


def odd(name, kind=tarfile.REGTYPE, target="", size=0):
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, target, size
    return member, io.BytesIO(b"x" * size)


ODD = {
    "symlink": odd("3proxy-1.0.0/src/x.h", tarfile.SYMTYPE, "/etc/passwd"),
    "hard link": odd("3proxy-1.0.0/src/x.h", tarfile.LNKTYPE, "3proxy-1.0.0/Makefile"),
    "device": odd("3proxy-1.0.0/null", tarfile.CHRTYPE),
    "block device": odd("3proxy-1.0.0/disk", tarfile.BLKTYPE),
    "fifo": odd("3proxy-1.0.0/pipe", tarfile.FIFOTYPE),
    "way out": odd("3proxy-1.0.0/../../escaped", size=3),
    "way out in the middle": odd("3proxy-1.0.0/a/../../../escaped", size=3),
    "absolute": odd("/tmp/escaped", size=3),  # noqa: S108
}


@pytest.mark.parametrize("member", ODD.values(), ids=ODD)
def test_the_build_itself_refuses_an_odd_archive_before_it_unpacks(open_folder, member):
    """The second lock: the first one is the preflight, on the machine that runs Ansible."""
    source = open_folder / "odd.tar.gz"
    with tarfile.open(source, "w:gz") as packed:
        packed.addfile(*odd("3proxy-1.0.0/Makefile.Linux", size=3))
        packed.addfile(*member)
    source.chmod(0o644)
    work = open_folder / "work"
    work.mkdir()
    if os.geteuid() == 0:
        os.chown(work, NOBODY, NOBODY)
    done = compile_by_recipe(source, work, unprivileged())
    assert done.returncode == 3
    assert "build-3proxy: " in done.stderr
    assert sorted(path.name for path in work.rglob("*")) == ["bin", "source"]
    assert not (open_folder / "escaped").exists()
