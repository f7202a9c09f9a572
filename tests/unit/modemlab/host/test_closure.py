# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module of ours needs on the other side: also behind relative and inner imports."""

from pathlib import Path

from modemlab.host.closure import closure

SRC = Path(__file__).parents[4] / "src"
OURS = "ansible.module_utils.ours"


def names(module: Path, *folders: Path) -> list[str]:
    return [name for name, _, _ in closure(module, tuple(str(folder) for folder in folders))]


def test_relative_and_inner_imports_are_followed(tmp_path: Path) -> None:
    files = {
        "library/it.py": "import json\nfrom ..module_utils.ours.tasks.one import run\n",
        "src/ours/__init__.py": "",
        "src/ours/tasks/__init__.py": "",
        "src/ours/tasks/one.py": "from ..two import deep\n\ndef run():\n    from . import three\n",
        "src/ours/tasks/three.py": "",
        "src/ours/two/__init__.py": "from .four import deep\n",
        "src/ours/two/four.py": "deep = 1\n",
        "src/ours/unused.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert names(tmp_path / "library/it.py", tmp_path / "src") == [
        OURS, f"{OURS}.tasks", f"{OURS}.tasks.one", f"{OURS}.tasks.three", f"{OURS}.two",
        f"{OURS}.two.four",
    ]  # fmt: skip


def test_every_module_of_ours_finds_our_package() -> None:
    for module in (SRC.parent / "library").glob("*.py"):
        found = names(module, SRC)
        assert any(name.startswith("ansible.module_utils.modemfarm.") for name in found)
