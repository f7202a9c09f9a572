# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask the engine itself whether it takes a configuration, before the file becomes the live one.

One script does it for the unit (`ExecStartPre=+`, `ExecReload=+`) and for us, so they cannot
differ: /usr/libexec/modemfarm/proxy-check, a /bin/sh script installed by the roles (a Python start
would cost each instance a second on a slow host). What it has to do:

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

import subprocess
from pathlib import Path

from ..errors import ConfigRefusedError, MissingPartError, ToolError

SCRIPT = Path("/usr/libexec/modemfarm/proxy-check")
CHECK_TIMEOUT_S = 15  # v2ray needs 2 s to load under emulation; 3proxy 30 ms


def check_file(path: Path, script: Path = SCRIPT) -> None:
    """Raise ConfigRefusedError with the engine's words when it would not take `path`."""
    try:
        done = subprocess.run(
            [str(script), str(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=CHECK_TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise MissingPartError(f"{script} is not there", "run the role of the proxy") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"{script} did not work: {error}", "run it by hand") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = said[-1][:200] if said else f"exit code {done.returncode}"
        raise ConfigRefusedError(
            f"the engine refuses the new configuration: {reason}",
            "the old one stays in use; report this with the output of the check",
        )
