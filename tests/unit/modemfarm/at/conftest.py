# SPDX-License-Identifier: GPL-3.0-or-later
"""A session without a port: a table of answers, `|` between lines."""

import re
from collections import deque

import pytest

from modemfarm.at.results import failure, parse_final
from modemfarm.at.session import AtSession, Reply
from modemfarm.errors import PortGoneError

NAME = re.compile(r"\+[A-Z0-9]+(?=[:=?]|$)")


class TableSession(AtSession):
    """Answers from a table; lines of another command's name are left out as a session does.

    `then` are more answers that a command puts into the table, `news` unsolicited lines for
    each look at the port. A port that has no more news is gone.
    """

    def __init__(self, answers, then=None, news=()):
        super().__init__("/dev/lab")
        self.answers = dict(answers)
        self.then = then or {}
        self.news = list(news)
        self.seen = []
        self.heard = deque(maxlen=50)

    def send(self, permit, wanted=None):
        self.seen.append(permit.text)
        *lines, last = self.answers.get(permit.text, "ERROR").split("|")
        self.answers.update(self.then.get(permit.text, {}))
        final = parse_final(last)
        if not final.ok:
            raise failure(permit.shown, self.device, final)
        names = NAME.findall(permit.text)
        kept = [line for line in lines if NAME.findall(line)[:1] in ([], names)]
        return Reply(permit.text, tuple(kept), 0.0)

    def pump(self, seconds=0.0):
        if not self.news:
            raise PortGoneError("/dev/lab vanished", "-")
        found = self.news.pop(0)
        if isinstance(found, dict):
            self.answers.update(found)
        else:
            self.heard.append(found)


@pytest.fixture
def answering():
    """`answering({"AT+CSQ": "+CSQ: 20,99|OK"})`: a session that gives these answers."""
    return TableSession


@pytest.fixture
def answers():
    """What a healthy EC25 says to every question of READS, from the manual and the field."""
    return {
        "AT": "OK",
        "ATI": "Quectel|EC25|Revision: EC25EUXGAR08A01M1G|OK",
        "AT+CGMI": "Quectel|OK",
        "AT+CGMM": "EC25|OK",
        "AT+CGMR": "EC25EUXGAR08A01M1G|OK",
        "AT+CGSN": "867584030000017|OK",
        "AT+CIMI": "262011234567890|OK",
        "AT+QCCID": "+QCCID: 8949020000123456789F|OK",
        "AT+CCID": "+CCID: 8949020000123456789F|OK",
        "AT+CPIN?": "+CPIN: READY|OK",
        "AT+QPINC?": '+QPINC: "SC",3,10|+QPINC: "P2",3,10|OK',
        "AT+CNUM": '+CNUM: ,"+491510000017",145|OK',
        "AT+CFUN?": "+CFUN: 1|OK",
        "AT+CSQ": "+CSQ: 20,99|OK",
        "AT+QCSQ": '+QCSQ: "LTE",-65,-95,150,-12|OK',
        "AT+CESQ": "+CESQ: 99,99,255,255,21,38|OK",
        "AT+CREG?": '+CREG: 2,1,"54F6","1A2D001",7|OK',
        "AT+CGREG?": "+CGREG: 0,1|OK",
        "AT+CEREG?": '+CEREG: 2,1,"54F6","1A2D001",7|OK',
        "AT+COPS?": '+COPS: 0,0,"Lab <1>",7|OK',
        "AT+COPS=?": '+COPS: (2,"Lab <1>","Lab","26201",7),(3,"B","B","26202",2),,(0-4),(0-2)|OK',
        "AT+QSPN": '+QSPN: "Lab <1>","Lab","",0,"26201"|OK',
        "AT+QNWINFO": '+QNWINFO: "FDD LTE","26201","LTE BAND 3",1300|OK',
        'AT+QENG="servingcell"': '+QENG: "servingcell","NOCONN","LTE","FDD",262,01,1A2D001,301,'
        "1300,3,5,5,54F6,-95,-9,-67,15,25|OK",
        'AT+QENG="neighbourcell"': '+QENG: "neighbourcell intra","LTE",1300,396,-13,-92,-70,0,-,-|'
        '+QENG: "neighbourcell inter","LTE",3350,-,-,-,-,-,0,22,6|OK',
        "AT+CGDCONT?": '+CGDCONT: 1,"IPV4V6","internet","0.0.0.0",0,0,0,0|OK',
        "AT+CGPADDR": '+CGPADDR: 1,"10.64.0.17","42.2.9.176.0.0.0.0.0.0.0.0.0.0.0.1"|OK',
        "AT+CGACT?": "+CGACT: 1,1|+CGACT: 2,0|OK",
        "AT+QGDCNT?": "+QGDCNT: 12345,678901|OK",
        "AT+QAUGDCNT?": "+QAUGDCNT: 60|OK",
        'AT+QCFG="usbnet"': '+QCFG: "usbnet",0|OK',
        'AT+QCFG="usbcfg"': '+QCFG: "usbcfg",0x2C7C,0x0125,1,1,1,1,1,0,0|OK',
        'AT+QCFG="band"': '+QCFG: "band",0x93,0x1e200000095,0x0|OK',
        'AT+QCFG="nwscanmode"': '+QCFG: "nwscanmode",0|OK',
        'AT+QCFG="nwscanseq"': '+QCFG: "nwscanseq",0403010205|OK',
        'AT+QCFG="ims"': '+QCFG: "ims",0,1|OK',
        "AT+CIREG?": "+CIREG: 0,1|OK",
        "AT+CPMS?": '+CPMS: "ME",1,255,"ME",1,255,"ME",1,255|OK',
        "AT+CMGL=4": "+CMGL: 0,1,,30|07911326040000F0040B911346610089F6|OK",
        "AT+CCLK?": '+CCLK: "25/11/25,09:55:00+04"|OK',
        "AT+QTEMP": "+QTEMP: 34,33,33|OK",
        "AT+CBC": "+CBC: 0,0,3841|OK",
        "AT+CLCC": '+CLCC: 1,0,0,1,0,"",128|OK',
    }
