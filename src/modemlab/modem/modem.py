# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual modem: one state, asked by AT and QMI, seen through a USB or pty face."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace

from modemlab.at.engine import AtEngine
from modemlab.carrier.sms_centre import SmsCentre
from modemlab.modem.bearers import Bearers, Session
from modemlab.modem.clock import Clock, LoopClock
from modemlab.modem.config import ModuleConfig
from modemlab.modem.contexts import Contexts
from modemlab.modem.errors import CallFailedError
from modemlab.modem.faults import Faults
from modemlab.modem.messages import Event, Message, MessageStore
from modemlab.modem.networks import Networks
from modemlab.modem.radio import Radio, Signal
from modemlab.modem.short_messages import ShortMessages
from modemlab.modem.sim import Sim, SimState
from modemlab.modem.spec import (
    COMPOSITIONS,
    LEAVE_SECONDS,
    ModemSpec,
    Operator,
    Wan,
    Wan6,
    default_wan,
)
from modemlab.modem.traffic import Traffic
from modemlab.modem.ussd import Ussd
from modemlab.qmi.engine import QmiEngine


@dataclass
class Counters:
    """What went through since the modem was made; "up" is from the host to the carrier."""

    up_packets: int = 0
    up_bytes: int = 0
    down_packets: int = 0
    down_bytes: int = 0
    lost_packets: int = 0
    at_commands: int = 0
    qmi_requests: int = 0
    power_cycles: int = 0
    destructive: int = 0  # commands that can cost a real modem its ports, IMEI or firmware

    def since(self, earlier: "Counters") -> "Counters":
        """What went through since `earlier`."""
        pairs = {f.name: getattr(self, f.name) - getattr(earlier, f.name) for f in fields(self)}
        return Counters(**pairs)


class Modem:
    """One EC25-EUX. It is made powered, registered and idle; `power_cycle` boots it anew.

    Outward hooks, set by faces and carrier: `on_at[channel]`, `on_qmi`, `on_packet` (a raw IP
    packet for the host), `uplink` (a raw IP packet for the carrier), `on_vanish` (leave the bus),
    `on_reboot` (leave the bus and come back after `spec.reboot_seconds`).
    """

    def __init__(self, spec: ModemSpec, clock: Clock | None = None) -> None:
        self.spec = spec
        self.clock: Clock = clock or LoopClock()
        self.wan: Wan = spec.wan or default_wan(spec.number)
        self.ipv6: Wan6 | None = spec.ipv6
        self.dns = spec.dns
        self.operator: Operator = spec.operator
        self.contexts: Contexts = Contexts("IPV4V6" if spec.ipv6 else "IP", "internet")
        self.config: ModuleConfig = ModuleConfig(COMPOSITIONS.index(spec.composition))
        self.networks: Networks = Networks(self)
        self.traffic: Traffic = Traffic(self)
        self.port: int | None = None
        self.plugged = False
        self.counters: Counters = Counters()
        self._call_began: Counters = Counters()
        self.faults: Faults = Faults(on_change=self._fault_changed)
        self.sim: Sim = Sim(spec.pin, spec.puk, on_change=self._sim_changed)
        self.radio: Radio = Radio(spec.number, self.clock, spec.registration_seconds,
                           on_change=self._registration_changed)  # fmt: skip
        self.bearers: Bearers = Bearers(on_change=self._bearer_changed)
        self.messages: MessageStore = MessageStore(on_change=self._message_changed)
        self.short_messages: ShortMessages = ShortMessages(self)
        self.ussd: Ussd = Ussd(self.msisdn)
        self.uplink: Callable[[bytes], None] | None = None
        self.on_packet: Callable[[bytes], None] | None = None
        self.on_at: dict[int, Callable[[bytes], None]] = {}
        self.on_qmi: Callable[[bytes], None] | None = None
        self.on_vanish: Callable[[], None] | None = None
        self.on_reboot: Callable[[], None] | None = None
        self.at_engine: AtEngine = AtEngine(self)
        self.qmi_engine: QmiEngine = QmiEngine(self)

    @property
    def number(self) -> int:
        return self.spec.number

    @property
    def imei(self) -> str:
        return self.spec.imei

    @property
    def iccid(self) -> str:
        return self.spec.iccid

    @property
    def imsi(self) -> str:
        return self.spec.imsi

    @property
    def msisdn(self) -> str:
        """The SIM's own number in international form."""
        return f"+49151{self.number:07d}"

    @property
    def apn(self) -> str:
        """The APN of the data context."""
        return self.contexts.apn

    @property
    def usb_serial(self) -> str:
        """The USB serial number of the next plug."""
        fault = self.faults.usb_serial
        return self.spec.usb_serial if fault is None else fault

    @property
    def composition(self) -> str:
        """The USB composition of the next plug: the fault, else what AT+QCFG="usbnet" stores."""
        return self.faults.composition or COMPOSITIONS[self.config.usbnet]

    @property
    def connected(self) -> bool:
        """Whether an IPv4 bearer is up."""
        return self.bearers.up(4)

    @property
    def call_counters(self) -> Counters:
        """What went through since the running call, or the last one, began."""
        return self.counters.since(self._call_began)

    @property
    def signal(self) -> Signal:
        return self.radio.signal

    def at(self, channel: int, data: bytes) -> None:
        """Bytes from the host for AT channel 2 or 3; answers come by `on_at[channel]`."""
        self.at_engine.feed(channel, data)

    def qmi(self, frame: bytes, reply: Callable[[bytes], None] | None = None) -> None:
        """One QMUX frame from the host; the answer goes to `reply` or `on_qmi`."""
        self.qmi_engine.handle(frame, reply)

    def send_qmi(self, frame: bytes) -> None:
        """Give a frame (an indication, or an answer without its own way back) to the face."""
        if self.on_qmi is not None:
            self.on_qmi(frame)

    def from_host(self, packet: bytes) -> None:
        """A raw IP packet of the host; it reaches the carrier only with the bearer up."""
        counters = self.counters
        if not self._carries(packet) or self.uplink is None:
            counters.lost_packets += 1
            return
        counters.up_packets += 1
        counters.up_bytes += len(packet)
        self.uplink(packet)

    def downlink(self, packet: bytes) -> None:
        """A raw IP packet of the carrier; it reaches the host only with the bearer up."""
        counters = self.counters
        if not self._carries(packet) or self.on_packet is None:
            counters.lost_packets += 1
            return
        counters.down_packets += 1
        counters.down_bytes += len(packet)
        self.on_packet(packet)

    def join(self, centre: SmsCentre) -> None:
        """Send and receive short messages through a centre that other modems use as well."""
        self.short_messages.join(centre)

    def take_message(self, tpdu: bytes) -> bool:
        """A short message of the carrier's centre; False when away or full."""
        return self.short_messages.take(tpdu)

    def start_session(self, client: int, family: int, apn: str) -> Session:
        """Bring a bearer up. Raises CallFailedError unregistered or for a family we lack."""
        if not self.radio.registration.registered:
            raise CallFailedError("not registered")
        if family == 6 and self.ipv6 is None:
            raise CallFailedError("only IPv4 is allowed")
        if apn:
            self.contexts.set_apn(apn)
        if not self.bearers.sessions:
            self._call_began = replace(self.counters)
        return self.bearers.start(client, family, self.apn)

    def change_wan(self, wan: Wan, *, drop: bool = True) -> None:
        """Give the modem another address. `drop` ends the sessions as most carriers do; without
        it the change is silent, and only asking for the current settings shows it."""
        self.wan = wan
        if drop:
            self.bearers.stop_all()

    def vanish(self) -> None:
        """Leave the bus for good, if the present face can."""
        if self.on_vanish is not None:
            self.on_vanish()

    def reboot(self) -> None:
        """Leave the bus and come back; without a face that can, boot in place."""
        if self.on_reboot is not None:
            self.on_reboot()
        else:
            self.power_cycle()

    def leave_soon(self, how: Callable[[], None]) -> None:
        """`vanish` or `reboot`, once the answer to the command that asked for it is out."""
        self.clock.later(LEAVE_SECONDS, how)

    def power_cycle(self) -> None:
        """Boot: no clients, no sessions, PIN wanted again, registration from the start."""
        self.counters.power_cycles += 1
        self.bearers.sessions.clear()
        self._forget_services()
        self.qmi_engine.reset()
        self.at_engine.reset()
        self.sim.power_cycle()
        self.config.power_cycle()
        self.traffic.power_cycle()
        self.radio.sim_ready = self.sim.state is SimState.READY
        self.radio.restart()
        self.at_engine.booted()

    def power_off(self) -> None:
        """Unplugged: whatever was running is gone, no timer and no way to the host is left."""
        self.plugged, self.port = False, None
        self.on_at.clear()
        self.on_qmi = self.on_packet = self.on_vanish = self.on_reboot = None
        self.bearers.sessions.clear()
        self._forget_services()
        self.qmi_engine.reset()
        self.at_engine.reset()
        self.traffic.power_off()
        self.radio.stop()

    def snapshot(self) -> dict[str, object]:
        """The modem as JSON-ready values, for `modemfarm lab list`."""
        return {
            "number": self.number,
            "imei": self.imei,
            "iccid": self.iccid,
            "imsi": self.imsi,
            "usb_serial": self.usb_serial,
            "composition": self.composition,
            "port": self.port,
            "plugged": self.plugged,
            "connected": self.connected,
            "wan": asdict(self.wan),
            "ipv6": asdict(self.ipv6) if self.ipv6 else None,
            "operator": self.operator.name,
            "registration": self.radio.registration.name.lower(),
            "sim": self.sim.state.value,
            "signal": asdict(self.signal),
            "faults": self.faults.active(),
            "counters": asdict(self.counters) | {"pin_attempts": self.sim.pin_attempts},
            "commands": self.at_engine.commands,
        }

    def _carries(self, packet: bytes) -> bool:
        """Whether a session of the packet's IP version is up and data is not dead."""
        if not packet or self.faults.data_dead:
            return False
        return self.bearers.up(packet[0] >> 4)

    def _forget_services(self) -> None:
        """What is being sent and what a menu waits for end with the power."""
        self.short_messages.reset()
        self.ussd.cancel()

    def _fault_changed(self, name: str) -> None:
        if name == "sim":
            self.sim.set_fault(self.faults.sim)
        elif name == "network":
            self.radio.network = self.faults.network
            self.radio.update()
        elif name == "sms":
            self.messages.full = self.faults.sms == "full"
            self.short_messages.back()
        elif name == "urc_flood":
            self.at_engine.flood_changed()
        elif name == "garbage":
            self.at_engine.garbage_changed()

    def _sim_changed(self) -> None:
        self.qmi_engine.sim_changed()
        self.at_engine.sim_changed()
        self.radio.sim_ready = self.sim.state is SimState.READY
        self.radio.update()

    def _registration_changed(self) -> None:
        if not self.radio.registration.registered:
            self.bearers.stop_all()
        self.qmi_engine.registration_changed()
        self.at_engine.registration_changed()
        self.short_messages.back()

    def _message_changed(self, event: Event, _message: Message) -> None:
        if event is Event.DELETED:
            self.short_messages.back()

    def _bearer_changed(self, session: Session, up: bool) -> None:
        self.qmi_engine.bearer_changed(session, up)
