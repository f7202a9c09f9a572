# SPDX-License-Identifier: GPL-3.0-or-later
"""Modems on pseudo terminals and what surrounds a whole agent."""

import json
import os
import shutil
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modemfarmd.agent.wiring import Agent
from modemfarmd.apply.job import Job, Outcome
from modemfarmd.registry.modems import Registry

WAIT_S = 15.0


def serial(number: int) -> str:
    return f"86758403{number:07d}"


class PtyModem(threading.Thread):
    """Answers AT commands from a table on a pseudo terminal."""

    def __init__(self, number: int, operator: str = "Lab One") -> None:
        super().__init__(daemon=True)
        self.answers = {
            "AT": [],
            "AT+CMEE?": ["+CMEE: 2"],
            "AT+CMEE=1": [],
            "AT+CMEE=2": [],
            "AT+CGSN": [serial(number)],
            "AT+CGMM": ["EC25"],
            "AT+CGMR": ["EC25EUXGAR08A05M1G"],
            "AT+QCCID": [f"+QCCID: 894900000000000{number:04d}"],
            "AT+CIMI": [f"26201{number:010d}"],
            "AT+CSQ": ["+CSQ: 20,0"],
            "AT+CEREG?": ["+CEREG: 0,1"],
            "AT+COPS?": [f'+COPS: 0,0,"{operator}",7'],
        }
        self.silent = False
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        self.path = os.ttyname(self._far)
        self.start()

    def run(self) -> None:
        line = b""
        while True:
            try:
                data = os.read(self._near, 256)
            except OSError:
                return
            for byte in data:
                if byte == 13:
                    self._answer(line.decode())
                    line = b""
                else:
                    line += bytes([byte])

    def _answer(self, command: str) -> None:
        if self.silent:
            return
        lines = self.answers.get(command)
        text = "ERROR" if lines is None else "\r\n\r\n".join([*lines, "OK"])
        os.write(self._near, f"\r\n{text}\r\n".encode())

    def close(self) -> None:
        os.close(self._far)


class World:
    """A root with sysfs and dev, where modems are plugged in, and what surrounds the agent."""

    def __init__(self, root: Path, make_modem: Callable[..., Path], registry: Registry) -> None:
        self.root, self.registry = root, registry
        self._make_modem = make_modem
        self._devnum = 1
        self.applied: list[list[str]] = []
        self.repaired: list[tuple[str, str]] = []
        self.states: dict[str, str] = {}
        self.looked = 0
        self.gate = threading.Event()  # applies end while it is set
        self.gate.set()
        self.agent: Agent | None = None
        (root / "dev").mkdir(exist_ok=True)
        (root / "spool").mkdir()

    def plug(self, path: str, index: int, modem: PtyModem) -> None:
        real = self._make_modem(path, index)
        self._devnum += 1
        (real / "devnum").write_text(f"{self._devnum}\n")
        node = self.root / f"dev/ttyUSB{4 * index + 3}"
        node.unlink(missing_ok=True)
        node.symlink_to(modem.path)
        self._tell(path)

    def unplug(self, path: str) -> None:
        devices = self.root / "sys/bus/usb/devices"
        real = (devices / path).resolve()
        for link in devices.glob(f"{path}*"):
            link.unlink()
        shutil.rmtree(real)
        self._tell(path)

    def _tell(self, path: str) -> None:
        if self.agent is not None:
            self.agent.name_path(path)

    def run_job(self, job: Job) -> Outcome:
        """In place of Ansible: what the snapshot says, as modem_apply would return it."""
        if job.playbook == "repair.yml":
            return self._repair(job.variables["modem_serial"], job.variables["modem_step"])
        serials = job.variables["modem_serials"]
        if "drift" in job.playbook:
            self.looked += 1
            return Outcome(0, "successful", [])
        self.applied.append(serials)
        assert self.gate.wait(4 * WAIT_S)
        return Outcome(0, "successful", [self._row(s) for s in serials])

    def _repair(self, serial_: str, step: str) -> Outcome:
        self.repaired.append((serial_, step))
        looked = {"registration": "home"}
        taken = {"step": step, "seconds": 1.0, "before": looked, "after": looked, "error": None}
        return Outcome(0, "successful", repair=taken)

    def _row(self, serial_: str) -> dict[str, Any]:
        records = json.loads((self.root / "modems.json").read_text())["modems"]
        record = next(record for record in records if record["serial"] == serial_)
        state = self.states.get(serial_, "serving") if record["present"] else "offline"
        address = f"10.64.{record['slot']}.2" if state == "serving" else None
        return {
            "serial": serial_, "slot": record["slot"], "state": state, "reason": None,
            "remedy": None, "interface": None, "wan_address": address, "changed": [], "steps": {},
        }  # fmt: skip

    def rows(self) -> dict[str, dict[str, Any]]:
        return {row["serial"]: row for row in self.registry.modems()}

    def until(self, reached: Callable[[dict[str, dict[str, Any]]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + WAIT_S
        while not reached(rows := self.rows()):
            assert time.monotonic() < deadline, f"not reached: {rows}"
            time.sleep(0.05)
        return rows
