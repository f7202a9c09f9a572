# SPDX-License-Identifier: GPL-3.0-or-later
"""Import files that are wrong, each in one way, and what is said of them.

They are refused before a database is asked (unit) and leave it as it was (integration).
"""

from __future__ import annotations

ONE, TWO, THREE = "867584030000017", "867584030000025", "867584030000033"
GOOD = f"""\
version: 1
host: lab
farm: {{apn: internet, port_base: 3127, slots: 8}}
modems:
- {{serial: "{ONE}", slot: 1, port: 3128, apn: null}}
- {{serial: "{TWO}", slot: 2, port: 3129, apn: iot.example}}
"""


def changed(before: str, after: str) -> bytes:
    """The good file with one thing in it changed; the thing must be there."""
    assert before in GOOD, before
    return GOOD.replace(before, after, 1).encode()


# name: (content, what the message says of field and value, what of the allowed)
BAD: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "the document is None", "version, host, farm, modems"),
    "no YAML": (b"modems: [", "line ", "as `modemfarm export` writes it"),
    "no text": (b"\xff\xfe\x00", "the file is 'bytes at 0'", "UTF-8"),
    "control characters": (GOOD.encode() + b"\x00", "the file is ", "as `modemfarm export`"),
    "a list": (b"- 1\n", "the document is [1]", "a mapping with version"),
    "two documents": (GOOD.encode() + b"---\nx: 1\n", "line ", "as `modemfarm export`"),
    "too long": (b"#" * 1_000_001, "the length is '1000001 bytes'", "at most 1000000"),
    "a tag": (b"!!python/object/apply:os.system [x]\n", "line 1", "without tags"),
    "an alias": (b"version: &a 1\nhost: *a\n", "line 1", "without & and *"),
    "nested without end": (b"[" * 5000, "line 1", "at most 20 levels"),
    "a key twice": (changed("host: lab", "host: lab\nhost: lab"), "'host'", "each key once"),
    "a key that is a list": (b"? [1]\n: 2\n", "line 1", "a word as the key"),
    "an unknown field": (changed("version: 1", "version: 1\nports: 1"), "'ports'", "version, host"),
    "no version": (changed("version: 1\n", ""), "version is None", "1"),
    "a newer version": (changed("version: 1", "version: 2"), "version is 2", "1"),
    "a version that is no number": (changed("version: 1", "version: true"), "version is True", "1"),
    "no host": (changed("host: lab\n", ""), "host is None", "name of a modem host"),
    "a host that is a number": (changed("host: lab", "host: 7"), "host is 7", "name of a modem"),
    "another host": (changed("host: lab", "host: other"), "host is 'other'", "lab, or --other"),
    "no modems": (b"version: 1\nhost: lab\n", "modems is None", "a list of modems"),
    "modems by name": (b"version: 1\nhost: lab\nmodems: {a: 1}\n", "modems is {", "a list"),
    "a modem that is a word": (b"version: 1\nhost: lab\nmodems: [x]\n", "modems[0] is 'x'", "slot"),
    "an unknown field of a modem": (changed("apn: null", "apm: null"), "'apm'", "serial, slot"),
    "an IMEI without quotes": (changed(f'"{ONE}"', ONE), f"modems[0].serial is {ONE}", "in quotes"),
    "an IMEI that is short": (changed(ONE, ONE[1:]), "modems[0].serial is '6758", "15 ASCII"),
    "an IMEI of other digits": (
        changed(ONE, "\u0661" * 15), "modems[0].serial is", "15 ASCII digits",
    ),
    "an IMEI twice": (changed(TWO, ONE), f"modems[1].serial is '{ONE}'", "no modem before it"),
    "no slot": (changed("slot: 1, ", ""), "modems[0].slot is None", "1 to 120"),
    "slot 0": (changed("slot: 1,", "slot: 0,"), "modems[0].slot is 0", "1 to 120"),
    "a slot beyond all hosts": (changed("slot: 2", "slot: 121"), "modems[1].slot is 121", "to 120"),
    "a slot beyond this host": (
        changed("slot: 2, port: 3129", "slot: 9"), "modems[1].slot is 9", "1 to 8, or raise",
    ),
    "a slot that is a word": (changed("slot: 1,", "slot: one,"), "modems[0].slot is 'one'", "1 to"),
    "a slot that is a truth": (changed("slot: 1,", "slot: yes,"), "modems[0].slot is True", "1 to"),
    "a slot twice": (changed("slot: 2, port: 3129", "slot: 1"), "modems[1].slot is 1", "before it"),
    "another slot's port": (changed("port: 3129", "port: 3130"), "modems[1].port is 3130", "3129"),
    "a port below all": (changed("port: 3129", "port: 80"), "modems[1].port is 80", "1024 to"),
    "an APN with a space": (changed("iot.example", '"iot x"'), "modems[1].apn is 'iot x'", "1 to"),
    "an APN with a line": (changed("iot.example", '"a\\nb"'), "modems[1].apn is 'a\\nb'", "1 to"),
    "an empty APN": (changed("iot.example", '""'), "modems[1].apn is ''", "1 to 100 letters"),
    "an APN that is a number": (changed("iot.example", "12"), "modems[1].apn is 12", "letters"),
    "a farm of words": (changed("slots: 8", "slots: many"), "farm.slots is 'many'", "1 to 120"),
    "a farm that is a list": (
        changed("{apn: internet, port_base: 3127, slots: 8}", "[1]"), "farm is [1]", "apn, port",
    ),
}  # fmt: skip
# What only the registry knows: file, and what is said.
MISFITS: dict[str, tuple[bytes, str, str]] = {
    "a slot that another modem has": (
        changed(TWO, "867584030000099"), "modems[1].slot is 2", f"{TWO}, which the file does",
    ),
    "a modem of another host": (
        changed(TWO, THREE), f"modems[1].serial is '{THREE}'", "elsewhere has it",
    ),
    "a plugged modem's slot": (
        changed("slot: 1, port: 3128", "slot: 3"), "modems[0].slot is 3", "1 while the modem",
    ),
}  # fmt: skip
