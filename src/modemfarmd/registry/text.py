# SPDX-License-Identifier: GPL-3.0-or-later
"""What PostgreSQL takes: neither text nor jsonb holds NUL or lone surrogates, which modems send."""

from __future__ import annotations

from typing import Any

import psycopg2.extras

TEXT_LIMIT = 16_384  # characters of a modem's reply worth keeping


def storable(text: str | None) -> str | None:
    """The text with what PostgreSQL refuses spelled out; a reply without end is cut."""
    return None if text is None else _clean(text)


def as_json(document: object) -> psycopg2.extras.Json | None:
    """A document for a jsonb column, its texts made storable at every depth; None stays NULL."""
    return None if document is None else psycopg2.extras.Json(_storable_document(document))


def _storable_document(value: Any) -> Any:
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, dict):
        return {_clean(str(key)): _storable_document(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_storable_document(one) for one in value]
    return value


def _clean(text: str) -> str:
    text = text[:TEXT_LIMIT].replace("\x00", "\\x00")
    return text.encode("utf-8", "backslashreplace").decode()
