# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client may say on a WebSocket, checked as strictly as bodies are."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from ..models import MOST, SerialText, Strict
from .change import TOPICS

Topic = Literal[TOPICS]  # type: ignore[valid-type]
Kind = Annotated[str, Field(pattern=r"^[a-z][a-z-]{1,40}$")]

MOST_REASON = 120  # bytes; a close frame has room for 123


class BadMessageError(ValueError):
    """Its text fits into a close frame."""


class Resume(Strict):
    """Where an earlier connection ended."""

    epoch: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    seq: Annotated[int, Field(ge=0, lt=2**53)]


class Subscribe(Strict):
    """The first message: what is wanted. What is left out means all that the caller may see."""

    type: Literal["subscribe"]
    topics: Annotated[list[Topic], Field(min_length=1, max_length=len(TOPICS))] | None = None
    serials: Annotated[list[SerialText], Field(max_length=MOST)] | None = None
    kinds: Annotated[list[Kind], Field(max_length=100)] | None = None
    resume: Resume | None = None


class Renew(Strict):
    """A ticket of a younger token of the same caller: the connection lives as long as that."""

    type: Literal["renew"]
    ticket: Annotated[str, Field(max_length=100)]


class Alive(Strict):
    """An answer to a heartbeat. Nobody has to send it."""

    type: Literal["alive"]


_M = TypeVar("_M")
_FIRST: TypeAdapter[Subscribe] = TypeAdapter(Subscribe)
_LATER: TypeAdapter[Renew | Alive] = TypeAdapter(
    Annotated[Renew | Alive, Field(discriminator="type")]
)


def first(text: str | None) -> Subscribe:
    """The subscription. BadMessageError."""
    return _read(_FIRST, text)


def later(text: str | None) -> Renew | Alive:
    """Any message after it. BadMessageError."""
    return _read(_LATER, text)


def _read(adapter: TypeAdapter[_M], text: str | None) -> _M:
    if text is None:
        raise BadMessageError("send text, not bytes")
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        found = error.errors()[0]
        place = ".".join(str(part) for part in found["loc"]) or "message"
        said = f"{place}: {found['msg']}".encode("ascii", "replace")
        raise BadMessageError(said[:MOST_REASON].decode()) from error
