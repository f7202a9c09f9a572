# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.policy and the list of allowed commands."""

import ast
from pathlib import Path

import pytest

from modemfarm.at import never, policy
from modemfarm.at.allowed.table import FORMS
from modemfarm.at.permit import Role
from modemfarm.at.syntax import Kind, parse
from modemfarm.errors import CommandRefusedError

SOURCE = Path(__file__).parents[4] / "src"
MAKERS = {"modemfarm/at/policy.py", "modemfarm/at/lifecycle.py", "modemfarm/pin/unlock.py"}
READS = (
    "AT", "ATI", "AT+CGMI", "AT+CGMM", "AT+CGMR", "AT+CGSN", "AT+CIMI", "AT+CCID", "AT+QCCID",
    "AT+CPIN?", "AT+QPINC?", 'AT+QPINC="SC"', "AT+CFUN?", "AT+CSQ", "AT+QCSQ", "AT+CESQ",
    "AT+CREG?", "AT+CGREG?", "AT+CEREG?", "AT+COPS?", "AT+QNWINFO", 'AT+QENG="servingcell"',
    'AT+QENG="neighbourcell"', "AT+QSPN", "AT+CGDCONT?", "AT+CGPADDR", "AT+CGPADDR=1", "AT+CGACT?",
    "AT+CGATT?", 'AT+QCFG="usbnet"', 'AT+QCFG="usbcfg"', 'AT+QCFG="band"', 'AT+QCFG="nwscanmode"',
    'AT+QCFG="ims"', "AT+QGDCNT?", "AT+QAUGDCNT?", "AT+CPMS?", "AT+CNUM",
    "AT+CUSD?", "AT+CCLK?", "AT+QTEMP", "AT+CBC", "AT+CLCC", "AT+CIREG?",
)  # fmt: skip
OPERATOR = (
    "AT+COPS=?", "AT+COPS=0", "AT+COPS=3,2", "AT+CREG=2", "AT+CGREG=0", "AT+CEREG=1", "AT+CMEE=2",
    'AT+CUSD=1,"*100#",15', 'AT+CUSD=1,"*10#"', 'AT+CUSD=1,"*100*1#"', 'AT+CUSD=1,"#100#"',
    "AT+CUSD=2", "AT+CMGL=4", 'AT+CMGL="ALL"', "AT+CMGR=0",
)  # fmt: skip
ADMIN = (
    'AT+COPS=1,2,"26201"', 'AT+COPS=4,2,"262010",7', 'AT+CGDCONT=1,"IP","internet.t-mobile"',
    "AT+CGATT=0", "AT+CGACT=1,1", "AT+CTZU=3",
)  # fmt: skip
NOBODY = (
    "AT+CSQX", "AT+CS", "AT+CSQATZ", "AT+CSQ?", "AT+CSQ=1", "ATE0", "ATI9", "AT&V0", "AT+CREG=3",
    "AT+CREG=2,1", "AT+CREG=", "AT+CREG=02", 'AT+CREG="2"', "AT+COPS=", "AT+COPS=0,", "AT+COPS=2",
    "AT+COPS=0,0", 'AT+COPS=1,2,"2620"', "AT+COPS=1,2,26201", 'AT+COPS=1,0,"Lab"',
    'AT+COPS=1,2,"26201",9', 'AT+QCFG="USBNET"', "AT+QCFG=usbnet", 'AT+QCFG="usb net"',
    'AT+CUSD=1,"**21*112#"', 'AT+CUSD=1,"**04*1*2*2#"', 'AT+CUSD=1,"*21*112#"',
    'AT+CUSD=1,"*00#",15', 'AT+CUSD=1,"*05*1*2*2#"',
    'AT+CUSD=1,"##002#"', 'AT+CSCS="UCS2"', 'AT+CUSD=1,"002A0031003000300023"',
    'AT+CUSD=1,"*100"', 'AT+CUSD=1,"100#"', 'AT+CUSD=1,"1"', 'AT+CUSD=1,"*#"', 'AT+CUSD=1,"*1 0#"',
    'AT+CUSD=1,"*100#",0', 'AT+CGDCONT=1,"IP","a b"', 'AT+CGDCONT=1,"IP",""', "AT+CGDCONT=1",
    'AT+CGDCONT=0,"IP","a"', 'AT+CGDCONT=16,"IP","a"', 'AT+CGDCONT=1,"PPP","a"', "AT+CGACT=1",
    "AT+CGACT=2,1", "AT+CMEE=0", "AT+CMGR=255", "AT+CMGR=0,1", "AT+CPMS=?X", 'AT+CPMS="ME"',
    'AT+QENG="servingcell",1', 'AT+QGDCNT=0', 'AT+CCLK="26/01/01,00:00:00+00"', "AT+CTZU=2",
)  # fmt: skip


@pytest.mark.parametrize("text", READS)
@pytest.mark.parametrize("role", Role)
def test_everybody_may_ask(text: str, role: Role) -> None:
    permit = policy.permit(text, role)
    assert (permit.text, permit.shown, permit.reads) == (text, text, True)


@pytest.mark.parametrize("text", OPERATOR)
def test_operators_may(text: str) -> None:
    with pytest.raises(CommandRefusedError, match="not for the role viewer") as caught:
        policy.permit(text, Role.VIEWER)
    assert caught.value.remedy == "the role operator may send it"
    assert caught.value.command == text
    assert policy.permit(text, Role.OPERATOR).text == text
    assert policy.permit(text, Role.ADMIN).reads is (text == "AT+COPS=?")


@pytest.mark.parametrize("text", ADMIN)
def test_admins_may(text: str) -> None:
    for role in (Role.VIEWER, Role.OPERATOR):
        with pytest.raises(CommandRefusedError, match="not for the role"):
            policy.permit(text, role)
    assert not policy.permit(text, Role.ADMIN).reads


@pytest.mark.parametrize("text", NOBODY)
def test_nobody_may(text: str) -> None:
    for role in Role:
        with pytest.raises(CommandRefusedError) as caught:
            policy.permit(text, role)
        assert caught.value.remedy


def test_the_error_lists_what_is_allowed() -> None:
    with pytest.raises(CommandRefusedError) as caught:
        policy.permit("AT+CREG=7", Role.ADMIN)
    assert caught.value.remedy == "allowed: AT+CREG=<0-2>"


def test_what_was_compared_is_sent() -> None:
    assert policy.permit("at + c o p s = 3 , 2", Role.OPERATOR).text == "AT+COPS=3,2"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("AT+COPS=?", 185), ("AT+COPS=0", 185), ("AT+COPS?", 5), ('AT+CUSD=1,"*100#"', 125),
     ("AT+CGACT=1,1", 155), ("AT+CSQ", 5), ("AT+CPIN?", 10)],
)  # fmt: skip
def test_time_outs(text: str, seconds: float) -> None:
    assert policy.permit(text, Role.ADMIN).timeout == seconds
    assert policy.internal(text).timeout == seconds
    assert policy.internal(text, 0.5).timeout == 0.5


def test_no_form_is_on_the_never_list() -> None:
    """Each form with its plainest arguments; the never-list would make the row useless."""
    for form in FORMS:
        if form.kind is not Kind.WRITE:
            never.check(parse(form.shown))


def test_forms_are_unlike_each_other() -> None:
    shown = [form.shown for form in FORMS]
    assert len(set(shown)) == len(shown)
    assert all(form.purpose and form.limit.reason for form in FORMS)
    assert all(form.reads for form in FORMS if form.role is Role.VIEWER)


def test_description_grows_with_the_role() -> None:
    rows = [{row.command for row in policy.describe(role)} for role in Role]
    assert rows[0] < rows[1] < rows[2]
    assert 'AT+COPS=1,2,"<MCC MNC>"[,<0-7>]' in rows[2]
    scan = next(row for row in policy.describe(Role.OPERATOR) if row.command == "AT+COPS=?")
    assert (scan.role, scan.seconds, scan.purpose) == ("operator", 185, "scan for networks")


def test_a_permit_does_not_show_its_text() -> None:
    assert "text=" not in repr(policy.internal("AT"))


def test_nobody_else_makes_permits() -> None:
    makers = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Permit"
    }
    assert makers <= MAKERS
