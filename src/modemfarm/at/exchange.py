# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines in, an answer out: one command and what comes back until its final result. No I/O."""

import re

from .results import Final, parse_final
from .urc import BARE, WITH_BODY, names, shared_names

# The longest honest answer is a full message store (255 messages); a flood must not fill memory.
MAX_LINES = 1024
MIN_ECHO_TAIL = 3  # a shorter end of the command may be an answer

_ERRORS = frozenset(("+CME ERROR", "+CMS ERROR"))


class Exchange:
    """One command and what comes back.

    An answer line is bare (`867584030000017`) or carries the command's own name (`+CSQ: 20,99`).
    A line with another name, a known bare one, or one whose shape says so (see urc.py) came
    unasked and goes to `urcs`. With `wanted`, lines of the own name that do not match it from
    their start are unsolicited too. `expects_prompt`: the command asks for text with `> `.
    """

    def __init__(
        self, command: str, wanted: re.Pattern[str] | None = None, expects_prompt: bool = False
    ) -> None:
        self.command = command
        self.lines: list[str] = []
        self.urcs: list[str] = []
        self.final: Final | None = None
        self.final_line = ""
        self.overflow = 0  # lines beyond MAX_LINES, of either kind
        self.expects_prompt = expects_prompt
        self.prompted = False  # it asked, with a line end (a modem may do either)
        self._wanted = wanted
        self._names = names(command)
        self._watched = self._names | _ERRORS
        self._shared = shared_names(command)
        self._echo = command.upper()  # what of it has not come back yet
        self._body_follows = False

    def feed(self, line: str) -> bool:
        """Take one line; True when the command has ended. Later lines are unsolicited."""
        self.feed_all([line])
        return self.final is not None

    def feed_all(self, lines: list[str]) -> None:
        """Take lines as they come. Most are unsolicited, and those are told first and fast."""
        for line in lines:
            if line[:1] == "+":
                name, colon, _rest = line.partition(":")
                if colon and name not in self._watched and not line.endswith(self.command):
                    self._keep(self.urcs, line)
                    self._body_follows = name in WITH_BODY
                    continue
            self._take(line)

    def answer_prompt(self, text: str) -> None:
        """The modem asked for text and gets this one, which it may echo."""
        self.expects_prompt = False
        self._echo = text.upper()

    def _take(self, line: str) -> None:
        body, self._body_follows = self._body_follows, False
        if self.final is not None or self._is_news(line):
            self._keep(self.urcs, line)
        elif not self._is_echo(line):
            final = parse_final(line)
            if final is not None:
                self._end(final, line)
            elif self.expects_prompt and line == ">":
                self.prompted = True
            else:
                self._keep(self.urcs if body else self.lines, line)

    def _end(self, final: Final, line: str) -> None:
        self.final, self.final_line = final, line

    def _keep(self, where: list[str], line: str) -> None:
        if len(where) < MAX_LINES:
            where.append(line)
        else:
            self.overflow += 1

    def _is_news(self, line: str) -> bool:
        """Known bare lines, and lines of the own name in the shape of an unsolicited one."""
        if line in BARE:
            return True
        name, colon, rest = line.partition(":")
        if not colon or name not in self._names:
            return False
        if self._wanted is not None and not self._wanted.match(line):
            return True
        shape = self._shared.get(name)
        return shape is not None and shape.match(rest.strip()) is not None

    def _is_echo(self, line: str) -> bool:
        """The command coming back: whole, in parts, without its start, or after something else."""
        wanted, came = self._echo, line.upper()
        if not wanted:
            return False
        if came.endswith(wanted):
            self._echo = ""
            front = line[: len(line) - len(wanted)].strip()
            if front.startswith("+") and ":" in front:
                self._keep(self.urcs, front)  # an unsolicited line that lost its end
            return True
        if wanted.startswith(came):
            self._echo = wanted[len(came) :]
            return True
        lost = len(came) >= MIN_ECHO_TAIL and wanted.endswith(came) and not came.isdecimal()
        if lost:
            self._echo = ""
        return lost


class Probe(Exchange):
    """A question whose answer line has a name. Whatever comes before it is an older command's.

    `old`: names of older commands; their late answers are nobody's news either.
    """

    def __init__(self, command: str, old: frozenset[str] = frozenset()) -> None:
        super().__init__(command)
        self._watched |= old

    def _end(self, final: Final, line: str) -> None:
        answered = [line for line in self.lines if line.partition(":")[0] in self._names]
        refused = not final.ok and not self._echo  # with echo on it is known whose error it is
        self.lines = answered
        if answered or refused:
            super()._end(final, line)
