# SPDX-License-Identifier: GPL-3.0-or-later
"""Missing Debian packages: named, installed where we may, else one command to run."""

from pathlib import Path

import pytest

from modemlab.host import tools
from modemlab.host.errors import MissingTools


def test_missing_programs_and_files_name_their_packages(tmp_path: Path) -> None:
    programs = {"sh": "dash", "no-such-program": "some-package", "nor-this": "some-package"}
    files = {str(tmp_path): "there", str(tmp_path / "x"): "keyring"}
    assert tools.missing_packages(programs, files) == ["keyring", "some-package"]


def test_without_rights_the_one_command_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "install_command", lambda packages: None)
    with pytest.raises(MissingTools, match=r"run: sudo apt-get install .* mmdebstrap"):
        tools.ensure(["mmdebstrap"], tmp_path / "log")
