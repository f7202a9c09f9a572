# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm lab …`: the virtual modems and the lab host from the admin side."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from .host.errors import LabError
from .host.lab import Lab
from .modem.errors import LabError as ModemError

app = typer.Typer(
    help="The lab: virtual EC25-EUX modems under real drivers in a virtual host.",
    no_args_is_help=True,
)
Name = Annotated[str, typer.Option("--name", envvar="MODEMFARM_LAB", help="Which lab.")]
Suite = Annotated[str, typer.Option("--suite", envvar="LAB_SUITE", help="bookworm or trixie.")]
Count = Annotated[int, typer.Option("--modems", envvar="MODEMS", help="How many modems.")]
Numbers = Annotated[list[int], typer.Argument(help="Modem numbers as `lab list` shows them.")]
Json = Annotated[bool, typer.Option("--json", help="Print the daemon's answer.")]


@contextmanager
def told() -> Iterator[None]:
    """Turn a LabError, of the host or of a modem, into one line and exit code 1."""
    try:
        yield
    except (LabError, ModemError) as error:
        typer.echo(f"modemfarm lab: {error}", err=True)
        raise typer.Exit(1) from None


def ask(lab: str, verb: str, **fields: Any) -> dict[str, Any]:
    """Ask the daemon of the lab called `lab`; fields that are None are left out."""
    with told():
        return Lab(lab).control(verb, **{k: v for k, v in fields.items() if v is not None})
    raise AssertionError  # told() does not swallow


def show(answer: Any) -> None:
    """Print `answer` as JSON."""
    typer.echo(json.dumps(answer, indent=1))


@app.command()
def demo(
    modems: Count = 4,
    suite: Suite = "bookworm",
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not use a saved state.")] = False,
) -> None:
    """Build everything, run site.yml, show the farm, unplug and replug one modem."""
    from . import demo as script

    with told():
        script.run(modems, suite, fresh=fresh)


@app.command()
def up(
    modems: Count = 4,
    suite: Suite = "bookworm",
    name: Name = "demo",
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not use a saved state.")] = False,
) -> None:
    """Bring a lab up: installed, with modems that serve."""
    from .host.progress import Progress
    from .host.up import bring_up

    with told():
        bring_up(Lab(name, suite), modems, Progress(), fresh=fresh)


@app.command()
def down(name: Name = "demo") -> None:
    """End the lab host."""
    with told():
        Lab(name).stop()


@app.command("list")
def list_modems(name: Name = "demo", as_json: Json = False) -> None:
    """The virtual modems and what they are doing."""
    modems = ask(name, "list")["modems"]
    if as_json:
        show(modems)
        return
    for modem in modems:
        place = f"USB port {modem['port']}" if modem["plugged"] else "unplugged"
        faults = ", ".join(f"{k}={v}" for k, v in modem["faults"].items()) or "no fault"
        typer.echo(
            f"{modem['number']:3}  {modem['imei']}  {place:13}"
            f"  {'connected' if modem['connected'] else '-':10}"
            f"  {modem['wan']['address']:16} {faults}"
        )


@app.command()
def plug(
    modem: Numbers,
    port: Annotated[int | None, typer.Option("--port", help="Port of the virtual hub.")] = None,
    name: Name = "demo",
) -> None:
    """Plug modems in, all at once."""
    show(ask(name, "plug", modem=modem, port=port))


@app.command()
def unplug(modem: Numbers, name: Name = "demo") -> None:
    """Pull modems out."""
    show(ask(name, "unplug", modem=modem))


@app.command()
def add(
    count: Annotated[int, typer.Option("--count")] = 1,
    usb_serial: Annotated[
        str, typer.Option("--usb-serial", help="iSerial; empty as on many.")
    ] = "",
    composition: Annotated[str, typer.Option("--composition")] = "qmi",
    wan: Annotated[str | None, typer.Option("--wan", help="address/prefix")] = None,
    recording: Annotated[
        Path | None, typer.Option("--recording", help="Play this recording back; see `record`.")
    ] = None,
    name: Name = "demo",
) -> None:
    """Make new virtual modems (unplugged)."""
    from .recording.recorder import for_daemon

    with told():
        text = None if recording is None else for_daemon(recording)
    show(
        ask(
            name,
            "add",
            count=count,
            usb_serial=usb_serial,
            composition=composition,
            wan=wan,
            recording=text,
        )
    )


@app.command()
def record(
    device: Annotated[str, typer.Argument(help="AT port of a real modem, as /dev/ttyUSB2.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file; else it is printed.")
    ] = None,
    commands: Annotated[
        Path | None, typer.Option("--commands", help="One a line; only questions are allowed.")
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0, max=3600, help="Then listen for so long.")
    ] = 0.0,
    hide: Annotated[
        bool, typer.Option("--anonymise/--no-anonymise", help="Replace IMEI, IMSI, ICCID, numbers.")
    ] = True,
) -> None:
    """Write down what a real modem answers; `lab add --recording` plays it back."""
    from .recording.recorder import run

    with told():
        text = run(device, output, commands, seconds, hide=hide, told=_progress)
    if text:
        typer.echo(text, nl=False)


def _progress(command: str) -> None:
    typer.echo(command, err=True)


@app.command()
def fault(
    modem: int,
    fault_name: Annotated[str, typer.Argument(metavar="NAME", help="See `lab faults`.")],
    value: Annotated[str, typer.Argument(help="JSON; false ends the fault.")] = "true",
    name: Name = "demo",
) -> None:
    """Give a modem a fault, or end it."""
    try:
        parsed = json.loads(value)
    except ValueError:
        parsed = value
    show(ask(name, "fault", modem=modem, name=fault_name, value=parsed)["modems"])


@app.command()
def faults() -> None:
    """The faults that a virtual modem can have."""
    from .modem.faults import FAULTS

    for name, known in FAULTS.items():
        typer.echo(f"{name:14} {known.description}\n{'':14} value: {known.allowed}")


@app.command()
def sms(
    modem: int,
    sender: Annotated[str, typer.Argument(help="A number, or a name of up to 11 characters.")],
    text: str,
    name: Name = "demo",
) -> None:
    """Deliver a short message to a modem from outside; long ones in parts, as the carrier does."""
    show(ask(name, "sms", modem=modem, sender=sender, text=text))


@app.command()
def messages(
    modem: Annotated[list[int] | None, typer.Argument(help="Modem numbers; all if none.")] = None,
    name: Name = "demo",
) -> None:
    """What modems have stored, and how many messages wait for them."""
    show(ask(name, "messages", modem=modem or None)["modems"])


@app.command()
def request(
    port: int,
    url: Annotated[str, typer.Argument()] = "http://ip.lab.test/",
    method: Annotated[str, typer.Option("--method", help="http or socks5")] = "http",
    timeout: Annotated[float, typer.Option("--timeout")] = 5.0,
    name: Name = "demo",
) -> None:
    """A LAN client's request through a proxy port; exit code 1 when it fails."""
    answer = ask(name, "request", port=port, url=url, method=method, timeout=timeout)["answer"]
    show(answer)
    raise typer.Exit(0 if answer["status"] == 200 else 1)


@app.command()
def counters(name: Name = "demo") -> None:
    """What the carrier and the LAN trap have counted, by modem."""
    show(ask(name, "counters"))


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def ssh(context: typer.Context, name: Name = "demo") -> None:
    """A shell in the lab host, or one command there."""
    with told():
        lab = Lab(name)
        lab.need_running()
        # One word is a line for the shell there, as with ssh; several stay the words they are.
        words = context.args if len(context.args) < 2 else [shlex.join(context.args)]
        sys.exit(subprocess.run([*lab.guest.ssh(), *words], check=False).returncode)


@app.command()
def site(
    arguments: Annotated[list[str] | None, typer.Argument()] = None, name: Name = "demo"
) -> None:
    """Run playbooks/site.yml against the lab host; arguments go to ansible-playbook."""
    from .host.progress import Progress

    with told():
        lab = Lab(name)
        lab.need_running()
        recap = lab.site(Progress(), *(arguments or []))
        typer.echo(f"ok={recap.ok} changed={recap.changed} failed={recap.failed}")
