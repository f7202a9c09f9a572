# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory of the farm's processes on the lab host: PSS, which counts shared pages once."""

from ..host.lab import Lab

# Runs as root in the guest: the main process and its descendants of each unit, in MiB.
SCRIPT = """
import pathlib, subprocess, sys
for unit in sys.argv[1:]:
    name = subprocess.run(["systemctl", "show", "-P", "ControlGroup", unit],
                          capture_output=True, text=True).stdout.strip()
    total = 0
    for procs in pathlib.Path("/sys/fs/cgroup" + name).rglob("cgroup.procs") if name else ():
        for pid in procs.read_text().split():
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    print(unit, round(total / 1024, 2))
"""


def pss(lab: Lab, units: list[str]) -> dict[str, float]:
    """PSS of each systemd unit in MiB; 0 for one that does not run."""
    text = lab.guest.run(
        ["sudo", "python3", "-", *units], stdin=SCRIPT.encode(), timeout=60
    ).stdout.decode()
    return {unit: float(size) for unit, size in (line.split() for line in text.splitlines())}
