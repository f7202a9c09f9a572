# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the engine itself whether it takes a configuration, before the file becomes the live one.

One script does it for the unit (`ExecStartPre=+`, `ExecReload=+`) and for us, so they cannot
differ: /usr/libexec/modemfarm/proxy-check, a /bin/sh script installed by the roles (a Python start
would cost each instance a second on a slow host). Ours runs as a transient unit of systemd: it
needs a network namespace, which the sandbox of the apply helper does not give. What it has to do:

    proxy-check FILE     exit 0: every line is accepted; else one line of reason on stderr, exit 1

- the engine follows from the suffix: `.cfg` 3proxy, `.json` v2ray (`v2ray -test -config FILE`);
- refuse an empty file, a 3proxy file without a line `auto ...` and one with a command that is not
  in `threeproxy.COMMANDS` (a comment starts with `#` in the first column);
- 3proxy has no test mode and ends with 0 for a bad file: copy the file, append a line
  `modemfarm_sentinel`, run 3proxy on the copy under `unshare -n` (it would share the live port by
  SO_REUSEPORT otherwise) with a time-out and stdin from /dev/null. The parser stops at the first
  line it does not know, so `Unknown command: 'modemfarm_sentinel' line N` for the last line N, and
  nothing else, says that all others are good.
"""

from pathlib import Path

SCRIPT = Path("/usr/libexec/modemfarm/proxy-check")
TIMEOUT_S = 15  # v2ray needs 2 s to load under emulation; 3proxy 30 ms


def command(path: Path) -> tuple[str, ...]:
    """The command that checks `path`; it needs root."""
    return (str(SCRIPT), str(path))
