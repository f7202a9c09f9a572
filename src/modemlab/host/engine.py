# SPDX-License-Identifier: GPL-3.0-or-later
"""Which proxy engine the lab host gets, and why.

3proxy's source is in no package registry. In order: the archive that THREEPROXY_ARCHIVE names, one
fetched earlier, one fetched now from its public release; where all fail, the packaged engine.
"""

import hashlib
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .errors import LabError

FETCH_S = 15  # a host without that network says so at once; a silent one is given up on
ARCHIVE_VARIABLE = "THREEPROXY_ARCHIVE"


@dataclass(frozen=True)
class Engine:
    """`variables` are what the inventory gets; `reason` is one line for people."""

    name: str
    label: str
    reason: str
    variables: dict[str, str]
    digest: str


def choose(project: Path, cache: Path) -> Engine:
    """Decide; raises LabError when THREEPROXY_ARCHIVE names no file."""
    pin = yaml.safe_load((project / "roles/threeproxy/defaults/main.yml").read_text())
    given = os.environ.get(ARCHIVE_VARIABLE, "")
    if given:
        path = Path(given).expanduser().resolve()
        if not path.is_file():
            raise LabError(
                f"{ARCHIVE_VARIABLE}={given!r} is no file; allowed: a 3proxy source .tar.gz"
            )
        return threeproxy(path, pin, f"source archive {path.name} ({ARCHIVE_VARIABLE})")
    cached = cache / f"3proxy-{pin['threeproxy_version']}.tar.gz"
    if cached.is_file():
        return threeproxy(cached, pin, "source archive fetched earlier")
    problem = fetch(pin, cached)
    if problem is None:
        return threeproxy(cached, pin, "source archive fetched from its public release")
    return Engine(
        "v2ray",
        "v2ray (packaged)",
        f"the 3proxy source could not be fetched ({problem}) and {ARCHIVE_VARIABLE} is not set",
        {"proxy_engine": "v2ray"},
        "packaged",
    )


def threeproxy(path: Path, pin: dict[str, Any], reason: str) -> Engine:
    """The engine of choice from the archive at `path`; the role checks its digest."""
    return Engine(
        "threeproxy",
        f"3proxy {pin['threeproxy_version']}",
        reason,
        {
            "proxy_engine": "threeproxy",
            "threeproxy_source": "archive",
            "threeproxy_archive": str(path),
        },
        hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def fetch(pin: dict[str, Any], target: Path) -> str | None:
    """Fetch the pinned release into `target`; returns why not, or None when it is there."""
    url = str(pin["threeproxy_release_url"]).replace(
        "{{ threeproxy_version }}", str(pin["threeproxy_version"])
    )
    if not url.startswith("https://"):
        raise LabError(f"threeproxy_release_url {url!r}: allowed is an https:// address")
    try:
        with urllib.request.urlopen(url, timeout=FETCH_S) as answer:  # noqa: S310 - https only
            content = bytes(answer.read())
    except (OSError, urllib.error.URLError) as error:
        return str(getattr(error, "reason", error))
    found = hashlib.sha256(content).hexdigest()
    if found != pin["threeproxy_release_sha256"]:
        return f"its sha256 is {found}, pinned is {pin['threeproxy_release_sha256']}"
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_bytes(content)
    part.rename(target)
    return None
