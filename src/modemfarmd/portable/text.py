# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain YAML there and back: no tags, no aliases, no key twice, and not without end."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from typing import Any

import yaml

from modemfarm.errors import InvalidValueError

MAX_BYTES = 1_000_000  # 120 modems need 10 kB
DEEPEST = 20
WHAT = "a document as `modemfarm export` writes it"


class _Loader(yaml.SafeLoader):
    """Refuses what a configuration has no use for."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        place = f"line {event.start_mark.line + 1}"
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise InvalidValueError(place, f"*{event.anchor}", "plain YAML without & and *")
        if getattr(event, "tag", None) is not None:
            raise InvalidValueError(place, event.tag, "plain YAML without tags")
        self.depth += 1
        if self.depth > DEEPEST:
            raise InvalidValueError(place, "...", f"at most {DEEPEST} levels")
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise InvalidValueError(_line(key), "a key", "a word as the key")
            if key.value in seen:
                raise InvalidValueError(_line(key), key.value, "each key once")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _line(node: Any) -> str:
    return f"line {node.start_mark.line + 1}"


def read(raw: bytes) -> object:
    """The values in a document; InvalidValueError for what is no plain YAML."""
    if len(raw) > MAX_BYTES:
        raise InvalidValueError("the length", f"{len(raw)} bytes", f"at most {MAX_BYTES} bytes")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidValueError("the file", f"bytes at {error.start}", "text in UTF-8") from error
    try:
        loader = _Loader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}" if mark else "the file"
        raise InvalidValueError(place, error.problem, WHAT) from error
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidValueError("the file", str(error), WHAT) from error


def write(document: dict[str, Any], now: datetime) -> str:
    """The document as text, with a word on what it is."""
    body = yaml.safe_dump(document, sort_keys=False, allow_unicode=False)
    stamp = now.isoformat(timespec="seconds")
    return (
        f"# Configuration of a modem host, exported {stamp}. What may be in it: docs/export.md\n"
        f"{body}"
    )
