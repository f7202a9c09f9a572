# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.identity."""

import pytest

from modemfarm.at.commands.identity import (
    Identity,
    Product,
    ccid,
    iccid,
    identify,
    imei,
    imsi,
    manufacturer,
    product,
)
from modemfarm.errors import AnswerUnreadableError

ANSWERS = {
    "AT+CGSN": "867584030000017|OK",
    "AT+QCCID": "+QCCID: 89490200001234567890|OK",
    "AT+CIMI": "262011234567890|OK",
    "AT+CGMM": "EC25|OK",
    "AT+CGMR": "EC25EUXGAR08A01M1G|OK",
}
ATI = "Quectel|EC25|Revision: EC25EUXGAR08A01M1G|OK"


def test_identify(answering):
    assert identify(answering(ANSWERS)) == Identity(
        "867584030000017", "89490200001234567890", "262011234567890", "EC25", "EC25EUXGAR08A01M1G"
    )


def test_identify_without_a_sim(answering):
    refusals = {"AT+QCCID": "+CME ERROR: 10", "AT+CIMI": "+CME ERROR: SIM not inserted"}
    found = identify(answering(ANSWERS | refusals))
    assert (found.iccid, found.imsi) == (None, None)


@pytest.mark.parametrize("said", [ATI, f"+QIND: csq,20,99|{ATI}", f"rubbish|{ATI}"])
def test_product(answering, said):
    assert product(answering({"ATI": said})) == Product("Quectel", "EC25", "EC25EUXGAR08A01M1G")


@pytest.mark.parametrize(
    "said", ["OK", "Quectel|EC25|OK", "EC25|Revision: X|OK", "a|b|Revision:|OK"]
)
def test_half_a_product(answering, said):
    with pytest.raises(AnswerUnreadableError) as caught:
        product(answering({"ATI": said}))
    assert caught.value.command == "ATI"


@pytest.mark.parametrize("said", ["867584030000017", '"867584030000017"', "+CGSN: 867584030000017"])
def test_imei(answering, said):
    assert imei(answering({"AT+CGSN": f"{said}|OK"})) == "867584030000017"


@pytest.mark.parametrize(
    "said",
    [
        "+QCCID: 8949020000123456789F",
        "+QCCID: 8949020000123456789",
        '+QCCID: "8949020000123456789"',
    ],
)
def test_iccid(answering, said):
    assert iccid(answering({"AT+QCCID": f"{said}|OK"})) == "8949020000123456789"


def test_the_other_name_of_the_iccid(answering):
    assert ccid(answering({"AT+CCID": "+CCID: 8949020000123456789F|OK"})) == "8949020000123456789"
    assert ccid(answering({"AT+CCID": "ERROR"})) is None


@pytest.mark.parametrize(
    "said", ["OK", "no|OK", "86758403000001\u0667|OK", "867584030000017123|OK"]
)
def test_unreadable_imei(answering, said):
    with pytest.raises(AnswerUnreadableError, match=r"AT\+CGSN") as caught:
        imei(answering({"AT+CGSN": said}))
    assert caught.value.command == "AT+CGSN"


def test_nothing_said(answering):
    with pytest.raises(AnswerUnreadableError, match="nothing"):
        identify(answering(ANSWERS | {"AT+CGMM": "OK"}))


def test_hostile_names(answering):
    assert manufacturer(answering({"AT+CGMI": "Quec\u202etel" + "x" * 900 + "|OK"})).startswith(
        "Quectelxx"
    )
    assert imsi(answering({"AT+CIMI": "262011234567890|OK"})) == "262011234567890"
