# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of our package a module of library/ needs on the other side.

mitogen finds them by absolute imports at the top of a module only. Ours are relative, as a
collection wants them, and some are inside of functions.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

PREFIX = "ansible.module_utils"
MODULE = "ansible.modules.it"  # `..module_utils` in a module of library/ is relative to this


def closure(module: Path, search_path: tuple[str, ...]) -> list[tuple[str, str, bool]]:
    """(name, path, whether it is a package) of all files that `module` may import."""
    found: dict[str, tuple[Path, bool]] = {}
    waiting = [(MODULE, module, False)]
    while waiting:
        name, path, is_package = waiting.pop()
        for wanted in _imports(name, path, is_package):
            if wanted in found or not wanted.startswith(f"{PREFIX}."):
                continue
            place = _place(wanted.removeprefix(f"{PREFIX}."), search_path)
            if place is not None:
                found[wanted] = place
                waiting.append((wanted, *place))
    return sorted((name, str(path), package) for name, (path, package) in found.items())


def _imports(name: str, path: Path, is_package: bool) -> Iterator[str]:
    """Absolute names of what the file imports, and of the packages above each."""
    inside = name if is_package else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = inside.split(".")[: len(inside.split(".")) - (node.level - 1)]
            stem = ".".join(
                [*(base if node.level else []), *([node.module] if node.module else [])]
            )
            names = [stem, *(f"{stem}.{alias.name}" for alias in node.names)]
        else:
            continue
        for found in names:
            parts = found.split(".")
            yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _place(name: str, search_path: tuple[str, ...]) -> tuple[Path, bool] | None:
    relative = Path(*name.split("."))
    for folder in search_path:
        package = Path(folder) / relative / "__init__.py"
        if package.is_file():
            return package, True
        single = (Path(folder) / relative).with_suffix(".py")
        if single.is_file():
            return single, False
    return None
