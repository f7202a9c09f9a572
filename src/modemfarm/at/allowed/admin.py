# SPDX-License-Identifier: GPL-3.0-or-later
"""What an admin may send: settings.

Not here: bands, scan mode, IMS and composition, which modem_config sets and checks afterwards
(`lifecycle` makes the commands), restarts (modem_reset), PINs (agent_sim_pins).
"""

from ..fields import Field, apn, number, plmn, words
from ..grammar import Form
from ..permit import Role
from ..syntax import Kind

_ON_OFF = number(0, 1)
_CONTEXT = number(1, 15)
_NUMERIC = number(2, 2)  # the network is named by its code
_TECHNOLOGY = number(0, 7)  # 27.007 section 7.3: 0 GSM, 2 UTRAN, 7 E-UTRAN


def _sets(name: str, purpose: str, *fields: Field, needed: int | None = None) -> Form:
    return Form(
        name, Kind.WRITE, Role.ADMIN, purpose, fields,
        len(fields) if needed is None else needed, reads=False,
    )  # fmt: skip


ADMIN: tuple[Form, ...] = (
    _sets("+COPS", "this network and no other",
          number(1, 1), _NUMERIC, plmn(), _TECHNOLOGY, needed=3),
    _sets("+COPS", "this network, else any",
          number(4, 4), _NUMERIC, plmn(), _TECHNOLOGY, needed=3),
    _sets("+CGDCONT", "access point of a bearer",
          _CONTEXT, words("IP", "IPV6", "IPV4V6"), apn()),
    _sets("+CGATT", "attach or detach data", _ON_OFF),
    _sets("+CGACT", "bearer up or down", _ON_OFF, _CONTEXT),
    _sets("+CTZU", "whether the network sets the clock", number(0, 1)),
    _sets("+CTZU", "the network sets the clock to local time", number(3, 3)),
    _sets("+CTZR", "reports of the time zone", number(0, 2)),
    _sets("+QSIMSTAT", "reports of the SIM's insertion", _ON_OFF),
    _sets("+QAUGDCNT", "seconds between saves of the byte counters", number(30, 65535)),
)  # fmt: skip
