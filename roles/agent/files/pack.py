# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack what the agent needs on a modem host, so that the host needs no internet.

Runs on the machine that runs Ansible. Makes two archives below the cache, each named by a hash of
what went into it, unless they are there already, and prints
`{"wheels": {"key", "path"}, "project": {"key", "path"}}`:
the locked wheels for the host's Python, and the project's own wheel with its apply plays.
"""

import argparse
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

# glibc of the supported distributions is 2.36 at least; 2.17 is the oldest tag in use.
GLIBC_MINORS = range(17, 37)
SETUPTOOLS_MAJOR = 77  # pyproject.toml asks for it
SHARE = Path(__file__).parent / "share"
PLAYS = ("drift.yml", "modem.yml", "repair.yml")
PLUGINS = ("library", "action_plugins")
LOCK = Path("requirements/host.lock")


def main() -> int:
    """Parse the arguments, make what is missing, print where it is. 1 = a tool failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--python", required=True, help="version of the host's Python, as 3.11")
    parser.add_argument("--machine", required=True, help="the host's processor, as x86_64")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    try:
        packed = {
            "wheels": wheels(options.project, options.cache, options.python, options.machine),
            "project": project(options.project, options.cache),
        }
    except (OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"pack: {error}\n{getattr(error, 'stderr', None) or ''}")
        return 1
    sys.stdout.write(json.dumps(packed) + "\n")
    return 0


def wheels(root: Path, cache: Path, python: str, machine: str) -> dict[str, str]:
    """Fetch the locked wheels for `python` on `machine`; hashes are checked by pip."""
    lock = root / LOCK
    key = f"{python}-{machine}-{_digest([lock], root)}"

    def fill(work: Path) -> None:
        folder = work / "wheels"
        folder.mkdir()
        shutil.copy(lock, folder / "host.lock")
        abi = "cp" + python.replace(".", "")
        _pip(
            ["download", "--require-hashes", "--no-deps", "--only-binary=:all:"]
            + [f"--python-version={python}", "--implementation=cp"]
            + [f"--abi={name}" for name in (abi, "abi3", "none")]
            + [f"--platform={name}_{machine}" for name in _platforms()]
            + [f"--requirement={lock}", f"--dest={folder}"]
        )

    return _packed(cache / f"wheels-{key}.tar", key, fill)


def project(root: Path, cache: Path) -> dict[str, str]:
    """Build the project's wheel and put it together with what the apply plays need."""
    sources = sorted(
        path
        for top in (root / "src", *(root / name for name in PLUGINS), SHARE)
        for path in top.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".egg-info" not in str(path)
    )
    metadata = [root / name for name in ("pyproject.toml", "README.md", "LICENSE")]
    plays = [root / "playbooks" / name for name in PLAYS]
    key = _digest([*metadata, *plays, *sources, Path(__file__)], root)

    def fill(work: Path) -> None:
        folder = work / "project"
        tree = work / "tree"  # a build in the checkout would leave its traces there
        tree.mkdir()
        for path in metadata:
            shutil.copy(path, tree)
        _copy(root / "src", tree / "src")
        _pip(["wheel", "--no-deps", *_isolation(), f"--wheel-dir={folder}", str(tree)])
        share = folder / "share"
        _copy(SHARE, share)
        for name in PLUGINS:
            _copy(root / name, share / name)
        _copy(root / "src" / "modemfarm", share / "src" / "modemfarm")
        (share / "playbooks").mkdir()
        for path in plays:
            shutil.copy(path, share / "playbooks")

    return _packed(cache / f"project-{key}.tar", key, fill)


def _packed(path: Path, key: str, fill: Callable[[Path], None]) -> dict[str, str]:
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=path.parent) as name:
            work = Path(name)
            fill(work)
            shutil.rmtree(work / "tree", ignore_errors=True)
            archive = work / "archive"
            with tarfile.open(archive, "w") as tar:
                for entry in sorted(work.iterdir()):
                    if entry != archive:
                        tar.add(entry, entry.name, filter=_anonymous)
            archive.replace(path)
    return {"key": key, "path": str(path)}


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))


def _digest(paths: list[Path], root: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        name = path.relative_to(root) if path.is_relative_to(root) else path.name
        digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


def _platforms() -> list[str]:
    return [*(f"manylinux_2_{minor}" for minor in reversed(GLIBC_MINORS)), "manylinux2014"]


def _isolation() -> list[str]:
    """Use the setuptools that is there, if it will do: the build then needs no network."""
    try:
        version = importlib.metadata.version("setuptools")
    except importlib.metadata.PackageNotFoundError:
        return []
    enough = int(version.partition(".")[0]) >= SETUPTOOLS_MAJOR
    return ["--no-build-isolation"] if enough else []


def _pip(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    # SOURCE_DATE_EPOCH: the same source gives the same wheel; 1980 is as far as zip goes back.
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "315532800"}
    subprocess.run(command, check=True, capture_output=True, text=True, env=environment)


if __name__ == "__main__":
    sys.exit(main())
