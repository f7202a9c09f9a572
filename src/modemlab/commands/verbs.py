# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs of the lab's control socket."""

import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from modemlab.carrier.addresses import MAX_MODEM
from modemlab.carrier.knock import KNOCK_MAX, knock
from modemlab.carrier.network import Carrier
from modemlab.commands import fields as f
from modemlab.commands.fields import Field, FieldError, RequestError, parse_fields
from modemlab.commands.messages import deliver, stored
from modemlab.farm import MAX_MODEMS, Farm, wan6_of, wan_of
from modemlab.lan import Lan
from modemlab.modem.spec import COMPOSITIONS, Operator
from modemlab.request import DEFAULT_TIMEOUT_S, METHODS, Client
from modemlab.watch import Watch

VERSION = 1  # of the protocol
# Fields of `add` that are fields of ModemSpec and left to it when they are not given
ADD_OPTIONS = ("dns", "registration_seconds", "reboot_seconds", "scan_seconds", "recording",
               "replay_scale")  # fmt: skip
IP_URL = "http://ip.lab.test/"
Result = dict[str, Any]
Handler = Callable[[Result], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb with its fields and what carries it out."""

    fields: tuple[Field, ...]
    handler: Handler


_MODEM = Field("modem", f.modems, required=True)
_WAN = Field("wan", f.optional(f.interface4))
_GATEWAY = Field("gateway", f.optional(f.address4))
_IPV6 = Field("ipv6", f.optional(f.interface6))
_METHOD = Field("method", f.choice(*METHODS), "http")
_TIMEOUT = Field("timeout", f.seconds(0.05, 300), DEFAULT_TIMEOUT_S)


class Verbs:
    """Carries requests out on the lab's parts."""

    def __init__(self, farm: Farm, carrier: Carrier, lan: Lan) -> None:
        self._farm, self._carrier, self._lan = farm, carrier, lan
        self._client = Client(lan.inside, lan.plan.client, lan.plan.host)
        self._watch: Watch | None = None
        self._start = time.monotonic()
        self.table: dict[str, Verb] = {
            "hello": Verb((), self._hello),
            "add": Verb(
                (
                    Field("n", f.optional(f.integer(1, MAX_MODEM))),
                    Field("count", f.integer(1, MAX_MODEMS), 1),
                    Field("usb_serial", f.text(126), ""),
                    _WAN,
                    _GATEWAY,
                    Field("wan_step", f.integer(0, 65535), 0),
                    _IPV6,
                    Field("dns", f.addresses),
                    Field("composition", f.choice(*COMPOSITIONS), "qmi"),
                    Field("imei", f.text(15), ""),
                    Field("iccid", f.text(20), ""),
                    Field("operator", f.optional(f.text(200))),
                    Field("registration_seconds", f.optional(f.seconds(0, 600))),
                    Field("reboot_seconds", f.optional(f.seconds(0, 600))),
                    Field("scan_seconds", f.optional(f.seconds(0, 600))),
                    Field("recording", f.optional(f.recording)),
                    Field("replay_scale", f.optional(f.number(0, 100))),
                    Field("faults", f.mapping, {}),
                ),
                self._add,
            ),
            "remove": Verb((_MODEM,), self._remove),
            "plug": Verb((_MODEM, Field("port", f.optional(f.integer(0, 999)))), self._plug),
            "unplug": Verb((_MODEM,), self._unplug),
            "fault": Verb(
                (
                    _MODEM,
                    Field("name", f.text(40), required=True),
                    Field("value", f.anything, True),
                ),
                self._fault,
            ),
            "set": Verb((_MODEM, _WAN, _GATEWAY, _IPV6, Field("drop", f.boolean, True)), self._set),
            "list": Verb((Field("modem", f.modems),), self._list),
            "sms": Verb(
                (
                    Field("modem", f.integer(1, MAX_MODEM), required=True),
                    Field("sender", f.text(20), required=True),
                    Field("text", f.message, required=True),
                ),
                self._sms,
            ),
            "messages": Verb((Field("modem", f.modems),), self._messages),
            "counters": Verb((Field("modem", f.modems),), self._counters),
            "reset-counters": Verb((), self._reset_counters),
            "dns": Verb(
                (
                    Field("name", f.text(253), required=True),
                    Field("addresses", f.addresses, required=True),
                ),
                self._dns,
            ),
            "request": Verb(
                (
                    Field("port", f.integer(1, 65535), required=True),
                    Field("url", f.text(2000), IP_URL),
                    _METHOD,
                    _TIMEOUT,
                ),
                self._request,
            ),
            "knock": Verb(
                (
                    Field("modem", f.integer(1, MAX_MODEM), required=True),
                    Field("ports", f.numbers(1, 65535), required=True),
                    Field("timeout", f.seconds(0.05, 60), 2.0),
                ),
                self._knock,
            ),
            "watch-start": Verb(
                (
                    Field("ports", f.watched, required=True),
                    Field("interval", f.seconds(0.1, 3600), 1.0),
                    Field("url", f.text(2000), IP_URL),
                    _METHOD,
                    _TIMEOUT,
                ),
                self._watch_start,
            ),
            "watch-report": Verb((), self._watch_report),
            "watch-stop": Verb((), self._watch_stop),
        }

    async def run(self, request: Result) -> Result:
        """Carry one request out. Raises RequestError, OSError, LabError or NetnsError."""
        verb = self.table.get(str(request.get("verb")))
        if verb is None:
            raise FieldError("verb", request.get("verb"), ", ".join(self.table))
        given = {name: value for name, value in request.items() if name != "verb"}
        return await verb.handler(parse_fields(verb.fields, given))

    async def close(self) -> None:
        """End a running watch."""
        if self._watch is not None:
            await self._watch.stop()
            self._watch = None

    async def _hello(self, _: Result) -> Result:
        return {
            "version": VERSION,
            "modems": len(self._farm),
            "plugged": self._farm.plugged,
            "pid": os.getpid(),
            "uptime": round(time.monotonic() - self._start, 3),
            "watching": self._watch is not None,
        }

    async def _add(self, v: Result) -> Result:
        base: Result = {name: v[name] for name in ("usb_serial", "composition", "imei", "iccid")}
        if v["recording"] is not None and v["count"] > 1:
            raise FieldError("count", v["count"], "1 with a recording, which is of one modem")
        for name in ADD_OPTIONS:
            if v[name] is not None:
                base[name] = v[name]
        if v["operator"] is not None:
            base["operator"] = Operator(name=v["operator"])
        if v["ipv6"] is not None:
            base["ipv6"] = wan6_of(v["ipv6"])
        specs = [{**base, **_wan_spec(v, index)} for index in range(v["count"])]
        made = self._farm.add(v["n"], specs)
        try:
            for name, value in v["faults"].items():
                self._farm.fault(made, name, value)
        except RequestError:
            await self._farm.remove(made)
            raise
        return {"added": made}

    async def _remove(self, v: Result) -> Result:
        chosen = self._farm.select(v["modem"])
        await self._farm.remove(chosen)
        return {"removed": chosen}

    async def _plug(self, v: Result) -> Result:
        start = time.monotonic()
        ports = await self._farm.plug(self._farm.select(v["modem"]), v["port"])
        taken = round(time.monotonic() - start, 3)
        return {"ports": {str(n): port for n, port in ports.items()}, "seconds": taken}

    async def _unplug(self, v: Result) -> Result:
        return {"unplugged": await self._farm.unplug(self._farm.select(v["modem"]))}

    async def _fault(self, v: Result) -> Result:
        chosen = self._farm.select(v["modem"])
        self._farm.fault(chosen, v["name"], v["value"])
        return {"modems": self._farm.snapshots(chosen)}

    async def _set(self, v: Result) -> Result:
        names = ("wan", "gateway", "ipv6", "operator")
        if all(v[name] is None for name in names):
            raise FieldError("set", "nothing", f"at least one of {', '.join(names)}")
        chosen = self._farm.select(v["modem"])
        for number in chosen:
            self._farm.readdress(number, v["wan"], v["ipv6"], gateway=v["gateway"], drop=v["drop"])
        return {"modems": self._farm.snapshots(chosen)}

    async def _list(self, v: Result) -> Result:
        return {"modems": self._farm.snapshots(v["modem"])}

    async def _sms(self, v: Result) -> Result:
        modem = self._farm.get(v["modem"])
        return {"parts": deliver(self._farm.sms_centre, modem, v["sender"], v["text"])}

    async def _messages(self, v: Result) -> Result:
        chosen = {n: self._farm.get(n) for n in self._farm.select(v["modem"])}
        centre = self._farm.sms_centre
        return {"modems": {str(n): stored(centre, modem) for n, modem in chosen.items()}}

    async def _counters(self, v: Result) -> Result:
        chosen = self._farm.select(v["modem"])
        found = self._carrier.counters()
        return {"modems": {str(n): found[n] for n in chosen}, "lan": self._lan.counters()}

    async def _reset_counters(self, _: Result) -> Result:
        self._carrier.reset_counters()
        self._lan.reset_counters()
        return {}

    async def _dns(self, v: Result) -> Result:
        self._carrier.zone.set(v["name"], v["addresses"])
        return {"names": {name: list(found) for name, found in self._carrier.zone.names.items()}}

    async def _request(self, v: Result) -> Result:
        answer = await self._client.request(v["port"], v["url"], v["method"], v["timeout"])
        return {"answer": answer.as_dict()}

    async def _knock(self, v: Result) -> Result:
        if len(v["ports"]) > KNOCK_MAX:
            raise FieldError("ports", len(v["ports"]), f"up to {KNOCK_MAX} ports")
        self._farm.get(v["modem"])
        found = await knock(self._carrier.inside, v["modem"], v["ports"], v["timeout"])
        return {"ports": {str(port): state for port, state in found.items()}}

    async def _watch_start(self, v: Result) -> Result:
        if self._watch is not None:
            raise FieldError("watch-start", "a watch is running", "watch-stop first")
        url, method, timeout = v["url"], v["method"], v["timeout"]
        self._watch = Watch(
            lambda port: self._client.request(port, url, method, timeout),
            v["ports"],
            v["interval"],
        )
        return {"watching": [str(port) for port in v["ports"]]}

    def _running(self) -> Watch:
        if self._watch is None:
            raise FieldError("watch", "none is running", "watch-start first")
        return self._watch

    async def _watch_report(self, _: Result) -> Result:
        return {"report": self._running().report()}

    async def _watch_stop(self, _: Result) -> Result:
        watch, self._watch = self._running(), None
        return {"report": await watch.stop()}


def _wan_spec(v: Result, index: int) -> Result:
    """The `wan` of the modem at `index` of a batch, moved on by `wan_step` each."""
    if v["wan"] is None:
        if v["gateway"] is not None or v["wan_step"]:
            raise FieldError("wan", None, "an address, when gateway or wan_step is given")
        return {}
    address, prefix = v["wan"]
    moved = str(IPv4Address(address) + index * v["wan_step"])
    return {"wan": wan_of((moved, prefix), v["gateway"])}
