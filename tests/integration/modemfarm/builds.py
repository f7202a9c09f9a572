# SPDX-License-Identifier: GPL-3.0-or-later
"""3proxy as the role makes it: its recipe, its scripts, and a second version to switch to."""

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import jinja2
import pytest

ROOT = Path(__file__).parents[3]
ROLE = ROOT / "roles/threeproxy"
RECIPE = ROLE / "files/build-3proxy.sh"
BUILD_S = 300
NOBODY = 65534


def archive():
    """$THREEPROXY_ARCHIVE; the test is skipped without it."""
    found = os.environ.get("THREEPROXY_ARCHIVE")
    if not found:
        pytest.skip("no 3proxy: set THREEPROXY_ARCHIVE to its source archive")
    return Path(found)


def compile_by_recipe(source, folder, uid=None):
    """Run the unprivileged half of build-3proxy in `folder`; the finished process."""
    drop = ("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups") if uid else ()
    return subprocess.run(
        (*drop, "sh", str(RECIPE), "--compile", str(source), str(folder)),
        capture_output=True, text=True, timeout=BUILD_S, check=False,
    )  # fmt: skip


def built(source):
    """The program that the recipe makes of `source`; kept below build/ by what it is made of."""
    digest = hashlib.sha256(RECIPE.read_bytes() + Path(source).read_bytes()).hexdigest()[:16]
    program = ROOT / f"build/test-3proxy-{digest}/bin/3proxy"
    if not program.exists():
        shutil.rmtree(program.parents[1], ignore_errors=True)
        work = program.parents[1].with_suffix(".new")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        done = compile_by_recipe(source, work)
        assert done.returncode == 0, done.stderr[-2000:]
        shutil.rmtree(work / "source")
        work.rename(program.parents[1])
    return program


def other_version(source, target):
    """The same source under another version, as an archive at `target`."""
    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for member in old:
            stream = old.extractfile(member) if member.isreg() else None
            content = stream.read() if stream is not None else None
            if content is not None and member.name.endswith("/src/version.h"):
                content = content.replace(b'"3proxy-1.0.0(', b'"3proxy-0.0.1(')
                member.size = len(content)
            new.addfile(member, None if content is None else io.BytesIO(content))
    return target


def script(name, program, folder):
    """A script of the role as a host has it, in `folder`; calls of others lead there, too."""
    text = (ROLE / f"templates/usr/libexec/modemfarm/{name}.j2").read_text()
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    path = folder / name
    path.write_text(
        environment.from_string(text)
        .render(ansible_managed="test", threeproxy_program=str(program))
        .replace("/usr/libexec/modemfarm/", f"{folder}/")
    )
    path.chmod(0o755)
    return path
