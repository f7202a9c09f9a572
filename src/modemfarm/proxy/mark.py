# SPDX-License-Identifier: GPL-3.0-or-later
"""The last line of a 3proxy configuration: a name that only a process knows which took all of it.

3proxy has no answer to "which configuration do you have?". A reload that fails half-way leaves the
port open and the resolvers gone (measured, 1.0.0), so an open port proves nothing. The name is made
from the lines before it and stands for 127.0.0.1, which every configuration of the farm denies. A
request for it never leaves the host, whatever the modem does: 403 says that the process has read
this very file to its end and that its resolver works; 502 says that it has not.
"""

import hashlib
import re
from collections.abc import Iterable

DOMAIN = "modemfarm.invalid"  # RFC 6761: .invalid is in nobody's DNS
_LINE = re.compile(rf"^nsrecord ([0-9a-f]{{16}}\.{re.escape(DOMAIN)}) 127\.0\.0\.1$", re.MULTILINE)
# Denied by a list, or not asked for further without a user's name: the name was known either way.
KNOWN = frozenset(("403", "407"))


def line_after(lines: Iterable[str]) -> str:
    """The line to add at the end of `lines`."""
    digest = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()[:16]
    return f"nsrecord {digest}.{DOMAIN} 127.0.0.1"


def name_in(text: str) -> str | None:
    """The name in a configuration; None for one from before there were marks."""
    found = _LINE.findall(text)
    return found[-1] if found else None
