# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile command lines, and what of them may reach a modem. Shares no code with the policy."""

import re

from hypothesis import strategies as st

GOOD = (
    "AT", "ATI", "AT&V", "AT+CGMI", "AT+CGSN", "AT+CIMI", "AT+QCCID", "AT+CPIN?", "AT+QPINC?",
    'AT+QPINC="SC"', "AT+CFUN?", "AT+CSQ", "AT+QCSQ", "AT+CESQ", "AT+CREG?", "AT+CEREG=?",
    "AT+COPS?", "AT+QNWINFO", 'AT+QENG="servingcell"', "AT+QSPN", "AT+CGDCONT?", "AT+CGPADDR=1",
    'AT+QCFG="usbnet"', 'AT+QCFG="usbcfg"', 'AT+QCFG="band"', "AT+QGDCNT?", "AT+CPMS?",
    "AT+CMGL=4", "AT+CNUM", "AT+CCLK?", "AT+QTEMP", "AT+CLCC", "AT+COPS=?", "AT+COPS=0",
    "AT+COPS=3,2", "AT+CREG=2", "AT+CEREG=1", "AT+CMEE=2", 'AT+CUSD=1,"*100#",15', "AT+CUSD=2",
    'AT+COPS=1,2,"26201"', 'AT+CGDCONT=2,"IP","internet.t-mobile"', "AT+CTZU=1", "AT+CTZR=0",
)  # fmt: skip
BAD = (
    'AT+EGMR=1,7,"867584030000017"', 'AT+QCFG="usbcfg",0x2C7C,0x0125,0,0,0,0,0,0,0',
    'AT+QCFG="usbnet",3', "AT+QFASTBOOT", "AT+QPRTPARA=3", "AT&F", "AT&W", "ATZ", "AT+QPOWD=0",
    "AT+CFUN=0", "AT+CFUN=4", "AT+CFUN=1,1", 'AT+CLCK="SC",1,"1234"', 'AT+CPWD="SC","1234","1"',
    'AT+CPIN="1234"', "AT+CPIN=1234", "AT+QRST=1", 'AT+QFOTADL="http://a/b"', "AT+QSECBOOT=1",
    'AT+QLINUXCMD="reboot"', 'AT+QFUPL="a",1', 'AT+QFDEL="*"', "ATD112", "ATA", "ATH", "ATO",
    "AT+CMGS=20", "AT+CMGW=20", "AT+CMSS=1", "AT+CMGD=1,4", 'AT+QADBKEY="a"', "AT+QDOWNLOAD=1",
    'AT+CRSM=214,28542,0,0,1,"00"', 'AT+CSIM=26,"0020000108"', 'AT+CPOL=1,2,"26201"',
    'AT+QMBNCFG="Deactivate"', 'AT+QNVFW="/nv/item",00', "ATS0=1", "ATE0V1", "ATV0", "ATQ1",
    "AT+IPR=300", "AT+CMUX=0", "A/", "+++", 'AT+CUSD=1,"**04*1*2*2#"', 'AT+CUSD=1,"##002#"',
)  # fmt: skip

_NAMES_RUN = (
    "CGMI|GMI|CGMM|GMM|CGMR|GMR|QGMR|CGSN|GSN|GCAP|CIMI|CCID|QCCID|CNUM|CSQ|QCSQ|CESQ|QNWINFO|QSPN"
    "|QLTS|CEER|CPAS|CLCC|CBC|QTEMP|QINISTAT|CGPADDR|CGCONTRDP"
)
_NAMES_READ = (
    "CFUN|CMEE|CPIN|QPINC|QINISTAT|QSIMSTAT|CREG|CGREG|CEREG|CIREG|COPS|CPOL|CGATT|CGACT|CGDCONT"
    "|CGEREP|QGDCNT|QAUGDCNT|CPMS|CMGF|CNMI|CSCA|CSCS|CUSD|CCLK|CTZU|CTZR|CEMODE|CLIP"
)
_VIEWER = (
    rf"|I|&V|\+({_NAMES_RUN})|\+({_NAMES_READ})\?"
    rf"|\+(?!COPS)({_NAMES_RUN}|{_NAMES_READ}|QCFG|QENG|QMBNCFG|QURCCFG|CMGR|CMGL)=\?"
    r'|\+QPINC="(SC|P2)"|\+QCFG="[a-z/]+"|\+QMBNCFG="List"|\+QURCCFG="urcport"'
    r'|\+QENG="(serving|neighbour)cell"|\+(CGPADDR|CGCONTRDP)=([1-9]|1[0-5])|\+QLTS=[0-2]'
)
_OPERATOR = (
    r'|\+CMGL=([0-4]|"(REC UNREAD|REC READ|STO UNSENT|STO SENT|ALL)")'
    r"|\+CMGR=(0|[1-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-4])"
    r"|\+COPS=(\?|0|3,[0-2])|\+C(G|E)?REG=[0-2]|\+CMEE=[12]|\+CUSD=2"
    r'|\+CUSD=1,"[*#](?!0[0-9]{1,2}[*#]|(21|3[01357]|43|6[1267]|7[567])[*#])(?!33[0-3][*#])'
    r'(?!35[13][*#]|300[*#]|75[0-4][*#]|59[1-4][*#])[0-9]+(\*[0-9]+)*#"(,15)?'
)
_ADMIN = (
    r'|\+COPS=[14],2,"[0-9]{5,6}"(,[0-7])?|\+CGATT=[01]|\+CGACT=[01],([1-9]|1[0-5])|\+CTZU=[013]'
    r'|\+CGDCONT=([1-9]|1[0-5]),"IP(V6|V4V6)?","[A-Za-z0-9][A-Za-z0-9._-]{0,99}"|\+CTZR=[0-2]'
    r"|\+QSIMSTAT=[01]|\+QAUGDCNT=[1-9][0-9]{1,4}"
)
MAY_REACH = {
    "viewer": re.compile(f"AT({_VIEWER})".encode()),
    "operator": re.compile(f"AT({_VIEWER}{_OPERATOR})".encode()),
    "admin": re.compile(f"AT({_VIEWER}{_OPERATOR}{_ADMIN})".encode()),
}

_PIECES = (
    ";", ";+", "\r", "\n", "\r\n", "\0", "\x1a", "\x1b", "\x08", "\x7f", "\t", " ", "  ", '"', '""',
    ",", "\\", "\\22", "+", "?", "=", "=?", "&", "A/", "+++", "Z", "&F", "H", "D112", "+CFUN=0",
    "\x85", "\xa0", "\u2028", "\u200b", "\ufeff", "\uff1b", "\uff1d", "\uff0b", "\u0661", "\uff11",
    "\u0410", "\u0421", "\xb2", "\u037e", "\U0001d7d8", "%", "$", "^", "*", "#", "'", "S0=1", "0x1",
)  # fmt: skip
_LOOK_ALIKES = str.maketrans(
    "ATCFUN=+;,1", "\u0410\u03a4\u0421\uff26\uff35\u039d\uff1d\uff0b;\uff0c1"
)
_line = st.sampled_from(GOOD + BAD)
_good = st.sampled_from(GOOD)
_bad = st.sampled_from(BAD)
_piece = st.sampled_from(_PIECES)


def _inserted(line: str, place: float, piece: str) -> str:
    cut = round(place * len(line))
    return line[:cut] + piece + line[cut:]


def _cut(line: str, start: float, length: int) -> str:
    cut = round(start * len(line))
    return line[:cut] + line[cut + length :]


def _spaced(line: str, gaps: list[int]) -> str:
    return "".join(
        char + " " * gap for char, gap in zip(line, gaps + [0] * len(line), strict=False)
    )


def _cased(line: str, bits: int) -> str:
    return "".join(c.lower() if bits >> n & 1 else c.upper() for n, c in enumerate(line))


def _padded(line: str, size: int, filler: str) -> str:
    return line + filler * size


_place = st.floats(0, 1)
_mutated = st.one_of(
    st.builds(_inserted, _line, _place, _piece),
    st.builds(_inserted, _line, _place, st.characters()),
    st.builds(lambda line, a, b: line + a + b, _line, _piece, _piece),
    st.builds(lambda piece, line: piece + line, _piece, _line),
    st.builds(_cut, _line, _place, st.integers(1, 4)),
    st.builds(_spaced, _line, st.lists(st.integers(0, 2), max_size=12)),
    st.builds(_cased, _line, st.integers(0, 2**24)),
    st.builds(_padded, _line, st.integers(300, 1500), st.sampled_from((" ", "0", "A", '"', ","))),
    st.builds(lambda line: line.translate(_LOOK_ALIKES), _line),
)
_joined = st.builds(
    lambda first, between, second, bare: first + between + (second[2:] if bare else second),
    _good, st.sampled_from((";", "", " ", "\r", "\n", "\r\n", ",", "\0", "\x1b", ";;", "\t")),
    _bad, st.booleans(),
)  # fmt: skip
_spliced = st.builds(
    lambda one, two, cut: one[: round(cut * len(one))] + two[round(cut * len(two)) :],
    _good,
    _bad,
    _place,
)
_swapped = st.builds(
    lambda line, name: re.sub(r"(?<=AT\+)[A-Z0-9]+", name[3:].split("=")[0].strip('?"'), line),
    _line, _good.filter(lambda text: text.startswith("AT+")),
)  # fmt: skip
_free = st.one_of(
    st.text(max_size=40),
    st.text(alphabet='AT+CFUNPIQG=?,;0123456789" \r', max_size=24).map(lambda text: f"AT{text}"),
    st.binary(max_size=20).map(lambda raw: raw.decode("latin-1")),
)
LINES = st.one_of(_mutated, _mutated, _joined, _spliced, _swapped, _free, _line)
