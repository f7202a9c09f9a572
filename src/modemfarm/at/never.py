# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that nobody may send, not even our own code: they destroy, lock, cost or cut off.

A second line behind the allow-list, which has none of them: it also guards what our own code makes.
The few that the farm does need are made in `lifecycle` and `pin`, from typed values.
Names: Quectel EC2x AT commands manual and its file, FTP, HTTP, TCP and GNSS companions; fieldwork.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import CommandRefusedError
from .syntax import Command, Kind

_ASKING = frozenset((Kind.READ, Kind.TEST))
# Names whose one-argument form is a question (EC2x QCFG manual); with a value it is a setting.
QCFG_READS = (
    "airplanecontrol", "band", "diversity", "gprsattach", "hsdpacat", "hsupacat", "ims",
    "ledmode", "nwscanmode", "nwscanseq", "pdp/duplicatechk", "roamservice", "rrc", "sgsn", "msc",
    "servicedomain", "thermal/modem", "urc/delay", "usbcfg", "usbid", "usbnet", "volte/disable",
)  # fmt: skip


@dataclass(frozen=True)
class Never:
    """Why a name is refused, what to use instead, and what of it may be asked all the same.

    `asking` are harmless forms, `reads` the single quoted arguments that make a write a question.
    """

    why: str
    instead: str = "there is no need for it in a farm"
    asking: frozenset[Kind] = frozenset()
    reads: frozenset[str] = frozenset()

    def spares(self, command: Command) -> bool:
        """True for the harmless use of the name."""
        if command.kind in self.asking:
            return True
        values = command.arguments
        return len(values) == 1 and values[0].quoted and values[0].value in self.reads


def _same(names: str, why: str, instead: str = "", asking: Iterable[Kind] = ()) -> dict[str, Never]:
    """One reason for several names."""
    rule = Never(why, instead or Never.instead, frozenset(asking))
    return dict.fromkeys(names.split(), rule)


_FIRMWARE = _same(
    "+QFASTBOOT +QDOWNLOAD +QFOTADL +QFUMO +QFUMOCFG +QSECBOOT +QSECBOOTCFG +QNAND",
    "it leaves or rewrites the firmware and can end as a brick",
    "flash a modem on a bench, with Quectel's own tool",
)
_IDENTITY = _same(
    "+EGMR +QNVR +QNVW +QNVFR +QNVFW +QNVRST +QPRTPARA +QRST +QSIMLOCK +QODM +QFCT +QFCTTX +QFCTRX"
    " +QFTCMD +QRFTESTMODE +QRFTEST +QRXFTM +QIIC +QACDBDEL +QACDBLOAD",
    "it changes identity, calibration or stored parameters that a reset does not bring back",
)
_SYSTEM = _same(
    "+QLINUXCMD +QADBKEY +QDIAGPORT +QLPING +QLWWANUP +QLWWANDOWN +QWIFI",
    "it opens the system inside the modem",
)
_FILES = _same(
    "+QFUPL +QFDEL +QFOPEN +QFWRITE +QFREAD +QFDWL +QFMOV +QFTUCAT +QFCLOSE +QFSEEK",
    "it changes files inside the modem",
)
_DEFAULTS = _same("&F &W Z", "it replaces the settings of the port or of the modem by others")
_POWER = _same(
    "+QPOWD +CPOF +QSCLK +QPSM +QLPMCFG",
    "the modem would be off, or asleep, until somebody goes there",
    "modem_reset restarts a modem",
)
_SIM = _same(
    "+CSIM +CRSM +CGLA +CCHO +CCHC +CLCK +CPWD +CPIN2 +QDSIM +QUIMSLOT +QSIMVOL +QSIMDET +CPBW"
    " +QFPLMNCFG +QECCNUM",
    "it can write to the SIM or spend a PIN try",
    "use modem_qmi to read the SIM; PINs are the farm's setting agent_sim_pins",
)
_MONEY = _same(
    "D A H +CMGS +CMGC +CMSS +CMGW +QCMGS +CMMS +CCFC +CHLD +CHUP +QHUP +VTS +CHLDS +QCHLDIPMPTY"
    " +QSMSSEND +ECALL +QECALL",
    "it calls, sends or ends something that is billed",
    "modem_sms sends messages",
)
_MESSAGES = _same("+CMGD +CNMA", "it loses messages", "modem_sms deletes messages")
_DATA = _same(
    "+CMUX +CGDATA +PPP O +QIACT +QIDEACT +QICSGP +QIOPEN +QISEND +QNETDEVCTL +QHTTPGET +QHTTPPOST"
    " +QFTPOPEN +QSMTPPUT +QMMSEND +QMTOPEN +QSSLOPEN +QPING +QNTP",
    "it takes the port from commands, or makes traffic past the farm's routing",
    "the modem's own proxy carries traffic",
)
_PORT = _same("S +IPR +ICF +IFC", "the port would not be understood any more")
_NETWORK = _same(
    "+QNWLOCK +QOPS +QOPSCFG", "it binds the modem to one cell, or makes it search for minutes"
)
_KEPT = {
    "+CFUN": Never("it takes the modem out of the network", "modem_reset does it", _ASKING),
    "+CPIN": Never(
        "a wrong PIN locks the SIM", "set agent_sim_pins; the agent enters a PIN once", _ASKING
    ),
    "+CPOL": Never("it writes to the SIM", asking=_ASKING),
    "+CSCA": Never("without the carrier's number no message is sent", asking=_ASKING),
    "+QCFG": Never(
        "a wrong value can take the modem off the bus for good",
        "modem_config changes bands, scan mode, IMS and composition",
        frozenset((Kind.TEST,)),
        frozenset(QCFG_READS),
    ),
    "+QMBNCFG": Never(
        "it changes the carrier's profile in the modem",
        asking=frozenset((Kind.TEST,)),
        reads=frozenset(("List",)),
    ),
    "+QURCCFG": Never(
        "ModemManager would hear nothing any more", asking=_ASKING, reads=frozenset(("urcport",))
    ),
}
NEVER: dict[str, Never] = {
    **_FIRMWARE, **_IDENTITY, **_SYSTEM, **_FILES, **_DEFAULTS, **_POWER, **_SIM, **_MONEY,
    **_MESSAGES, **_DATA, **_PORT, **_NETWORK, **_KEPT,
}  # fmt: skip
# Answers as numbers, or none at all: whoever speaks next on this port waits in vain.
_MUTE = frozenset(("ATV", "ATV0", "ATQ1"))


def check(command: Command) -> None:
    """CommandRefusedError when the command is one of these, in whatever spelling it came."""
    rule = NEVER.get(command.name)
    if command.text in _MUTE:
        rule = NEVER["S"]
    if rule is not None and not rule.spares(command):
        raise CommandRefusedError(
            f"AT{command.name} is never sent like this: {rule.why}", rule.instead
        )
