# SPDX-License-Identifier: GPL-3.0-or-later
"""Client of the lab's control socket.

`python3 -m modemlab.control VERB key=value …` or `… --json '{"verb": …}'` prints the answer as
JSON; the exit code is 0 for ok, 1 for a refused request, 2 when there was no answer.
"""

import argparse
import json
import re
import socket
import sys
from pathlib import Path
from typing import Any

SOCKET = Path("/run/modemlab.sock")
TIMEOUT_S = 330.0  # longer than the longest request: 300 s
Object = dict[str, Any]


class ControlError(RuntimeError):
    """The daemon could not be asked, or did not answer with a JSON object."""


def call(
    request: dict[str, Any], path: Path = SOCKET, timeout: float = TIMEOUT_S
) -> dict[str, Any]:
    """Send one request ({"verb": …, …}) and give back the answer. Raises ControlError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(path))
        except OSError as error:
            raise ControlError(f"{path}: {error.strerror or error}") from error
        try:
            return exchange(connection, request, timeout)
        except ControlError as error:
            raise ControlError(f"{path}: {error}") from error


def exchange(connection: socket.socket, request: dict[str, Any], timeout: float) -> dict[str, Any]:
    """Send one request over `connection` and give back the answer. Raises ControlError."""
    verb = request.get("verb")
    connection.settimeout(timeout)
    try:
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as stream:
            line = stream.readline()
        answer = json.loads(line)
    except OSError as error:
        raise ControlError(f"{verb}: {error.strerror or error}") from error
    except ValueError as error:
        raise ControlError(f"no answer to {verb!r}") from error
    if not isinstance(answer, dict):
        raise ControlError(f"the answer to {verb!r} is no JSON object")
    return answer


def parse_value(text: str) -> Any:
    """A field from the command line: JSON where it is unmistakable, else the text itself."""
    if re.fullmatch(r"true|false|null|-?(0|[1-9][0-9]*)(\.[0-9]+)?", text) or text[:1] in '[{"':
        try:
            return json.loads(text) if text else text
        except ValueError:
            return text
    return text


def build_request(verb: str | None, pairs: list[str], given: str | None) -> Object:
    """The request of a command line. Raises ValueError."""
    if given is not None:
        if verb or pairs:
            raise ValueError("--json takes the whole request: no VERB beside it")
        request = json.loads(given)
        if not isinstance(request, dict):
            raise ValueError("--json takes a JSON object")
        return request
    if not verb:
        raise ValueError("a VERB or --json is needed")
    request = {"verb": verb}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise ValueError(f"{pair!r} is not key=value")
        request[name] = parse_value(value)
    return request


def main(arguments: list[str] | None = None) -> int:
    """Command line entry. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="modemlab.control", description=__doc__)
    parser.add_argument("verb", nargs="?", metavar="VERB")
    parser.add_argument("pairs", nargs="*", metavar="key=value")
    parser.add_argument("--json", dest="given", metavar="OBJECT")
    parser.add_argument("--socket", type=Path, default=SOCKET)
    parser.add_argument("--timeout", type=float, default=TIMEOUT_S, metavar="SECONDS")
    options = parser.parse_args(arguments)
    try:
        request = build_request(options.verb, options.pairs, options.given)
        answer = call(request, options.socket, options.timeout)
    except (ControlError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(answer, indent=1) + "\n")
    return 0 if answer.get("ok") is True else 1


if __name__ == "__main__":
    sys.exit(main())
