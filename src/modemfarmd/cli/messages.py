# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm sms` and `modemfarm ussd`, through ModemManager; a slow message holds up nobody else.

What strangers wrote reaches a terminal escaped only. Exit codes as everywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modemfarm.errors import InvalidValueError

if TYPE_CHECKING:
    from modemfarm.mm.access import Access

KIND = "cli"
MAX_TEXT = 10_000  # characters; ten parts are 1,530, and what is longer is refused
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Modem = Annotated[str, typer.Argument(help="IMEI or USB path.")]
Id = Annotated[int, typer.Argument(help="Id of the message, as the list shows it.")]
sms = typer.Typer(
    help="Send, list, read and delete the messages of a modem.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@sms.callback()
def of_modem(ctx: typer.Context, modem: Modem) -> None:
    """Send, list, read and delete the messages of a modem."""
    ctx.obj = modem


@sms.command()
def send(
    ctx: typer.Context,
    number: Annotated[str, typer.Argument(help="3 to 15 digits, a + before them or not.")],
    text: Annotated[str, typer.Argument(help="1 to 10 parts; - reads it from standard input.")],
    delivery_report: Annotated[
        bool, typer.Option("--delivery-report", help="Let the network say when it arrived.")
    ] = False,
    validity: Annotated[
        int | None, typer.Option(help="Minutes for which the network keeps trying.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Send a message; back when the network has taken all its parts."""
    from modemfarm.mm.sms import check_message
    from modemfarm.mm.sms import send as send_sms

    if text == "-":  # whoever may list processes sees what stands in a command line
        text = sys.stdin.read(MAX_TEXT + 1).removesuffix("\n")
    check_message(number, text, validity)
    with _access(ctx.obj) as access:
        sent = send_sms(access, number, text, delivery_report, validity)
    _show(sent.as_dict(), as_json)


@sms.command("list")
def list_(ctx: typer.Context, as_json: Json = False) -> None:
    """All messages that the modem and its SIM hold."""
    from modemfarm.mm.sms import list_ as list_sms

    from .output import show_json, show_table

    with _access(ctx.obj) as access:
        rows = [message.as_dict() for message in list_sms(access)]
    if as_json:
        show_json(rows)
        return
    columns = ("id", "state", "type", "number", "timestamp", "delivery", "text")
    show_table(columns, [[row[name] for name in columns] for row in rows])


@sms.command()
def read(ctx: typer.Context, number: Id, as_json: Json = False) -> None:
    """One message, whole."""
    from modemfarm.mm.sms import read as read_sms

    with _access(ctx.obj) as access:
        found = read_sms(access, number).as_dict()
    if as_json:
        _show(found, as_json)
        return
    text = found.pop("text") or ""  # a field is cut to fit into a line
    _show(found, as_json)
    _show_lines(text)


@sms.command()
def delete(ctx: typer.Context, number: Id, as_json: Json = False) -> None:
    """Delete one message, all its parts."""
    from modemfarm.mm.sms import delete as delete_sms

    with _access(ctx.obj) as access:
        delete_sms(access, number)
    _show({"deleted": number}, as_json)


def ussd(
    modem: Modem,
    code: Annotated[str | None, typer.Argument(help="Such as *100#.")] = None,
    answer: Annotated[
        list[str] | None, typer.Option("--answer", help="For a menu, once for each question.")
    ] = None,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="End an open session, whoever began it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Ask the carrier, for a balance for example. No session stays open."""
    from modemfarm.mm import ussd as service

    if cancel == (code is not None):
        raise InvalidValueError("CODE", code, "a code, or --cancel without one")
    if code is not None:
        service.check_dialogue(code, answer or [])
    with _access(modem) as access:
        if code is None:
            service.cancel(access)
            _show({"cancelled": access.serial}, as_json)
            return
        answers = service.dialogue(access, code, answer or [])
    _show_answers([one.as_dict() for one in answers], as_json)


@contextmanager
def _access(modem: str) -> Iterator[Access]:
    """The modem, with all that is said noted in its log."""
    from modemfarm.tasks.common import Here, conversation
    from modemfarm.tasks.sms import access_to

    here = Here(kind=KIND)
    with conversation(modem, "", here) as (contact, spool):
        yield access_to(contact, spool, here)
        if spool.problem:
            sys.stderr.write(f"modemfarm: nothing is kept in the modem's log: {spool.problem}\n")


def _show(row: dict[str, Any], as_json: bool) -> None:
    from .output import show_fields, show_json

    (show_json if as_json else show_fields)(row)


def _show_answers(answers: list[dict[str, Any]], as_json: bool) -> None:
    """As JSON the last answer with all before it; for people each answer's lines."""
    from .output import show_json

    if as_json:
        show_json({**answers[-1], "answers": answers})
        return
    for one in answers:
        _show_lines(one["text"])


def _show_lines(text: str) -> None:
    from ..text import printable

    for line in text.split("\n"):
        sys.stdout.write(printable(line) + "\n")
