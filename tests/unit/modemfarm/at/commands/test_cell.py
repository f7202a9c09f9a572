# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.at.commands.cell. Lines are from field logs of Quectel modems, cell ids changed."""

import pytest

from modemfarm.at.commands.cell import (
    GsmCell,
    LteCell,
    NeighbourCell,
    NetworkInfo,
    ServiceState,
    ServingCell,
    WcdmaCell,
    neighbour_cells,
    network_info,
    serving_cell,
)
from modemfarm.errors import AnswerUnreadableError

SERVING = 'AT+QENG="servingcell"'
LTE = LteCell(
    "FDD", "262", "01", 0x1A2D001, 301, 1300, 3, 20.0, 20.0, 0x54F6, -95, -9, -67, 15
)  # fmt: skip


@pytest.mark.parametrize(
    ("said", "value"),
    [
        (
            '"FDD LTE","26201","LTE BAND 3",1300',
            NetworkInfo("FDD LTE", "26201", "LTE BAND 3", 1300),
        ),
        ('"HSPA+","26202","WCDMA 900",3037', NetworkInfo("HSPA+", "26202", "WCDMA 900", 3037)),
        ("No Service", NetworkInfo(None, None, None, None)),
    ],
)
def test_network_info(answering, said, value):
    assert network_info(answering({"AT+QNWINFO": f"+QNWINFO: {said}|OK"})) == value


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ('"SEARCH"', ServingCell(ServiceState.SEARCH, None)),
        (
            '"NOCONN","LTE","FDD",262,01,1A2D001,301,1300,3,5,5,54F6,-95,-9,-67,15,25',
            ServingCell(ServiceState.NOCONN, LTE),
        ),
        (
            '"CONNECT","LTE","FDD",262,01,1A2D001,301,1300,3,5,5,54F6,-95,-9,-67,15,-,-,-,-',
            ServingCell(ServiceState.CONNECT, LTE),
        ),
        (
            '"LIMSRV","LTE","TDD",460,00,-,-,40936,41,5,5,-,-97,-10,-67,-3276,26',
            ServingCell(
                ServiceState.LIMSRV,
                LteCell("TDD", "460", "00", None, None, 40936, 41, 20.0, 20.0, None, -97, -10, -67,
                        None),
            ),
        ),
        (
            '"NOCONN","WCDMA",440,10,75,6FE0090,10736,58,0,-78,-3,-,-,-,-,-',
            ServingCell(
                ServiceState.NOCONN, WcdmaCell("440", "10", 0x75, 0x6FE0090, 10736, 58, -78, -3)
            ),
        ),
        (
            '"NOCONN","GSM",460,00,247C,1327,35,82,-,-52,255,255,0,53,179,1,-,-,-,-,-,-,-,-,-,"-"',
            ServingCell(ServiceState.NOCONN, GsmCell("460", "00", 0x247C, 0x1327, 35, 82, -52)),
        ),
        ('"NOCONN","NR5G-SA","TDD",460,01', ServingCell(ServiceState.NOCONN, None)),
        ('"NOCELL"', ServingCell(ServiceState.OTHER, None)),
    ],
)  # fmt: skip
def test_serving_cell(answering, said, value):
    for gap in (" ", ""):
        session = answering({SERVING: f'+QENG:{gap}"servingcell",{said}|OK'})
        assert serving_cell(session) == value


def test_levels_of_older_firmwares(answering):
    line = '+QENG: "servingcell","NOCONN","GSM",460,00,247C,1327,35,82,-,48,255|OK'
    assert serving_cell(answering({SERVING: line})).cell.rx_dbm == -62


@pytest.mark.parametrize(
    ("said", "value"),
    [
        (
            '"neighbourcell intra","LTE",1300,396,-13,-92,-70,0,-,-,-,-,-',
            NeighbourCell("intra", "LTE", 1300, 396, -92, -13, -70),
        ),
        (
            '"neighbourcell inter","LTE",37900,-,-,-,-,-,-,0,22,6',
            NeighbourCell("inter", "LTE", 37900),
        ),
        (
            '"neighbourcell","LTE",1650,12,-95,-11,20',
            NeighbourCell(None, "LTE", 1650, 12, -95, -11),
        ),
        ('"neighbourcell","WCDMA",10713,5,62,60,-,-', NeighbourCell(None, "WCDMA", 10713)),
        (
            '"neighbourcell","GSM",460,00,24A5,1241,33,614,-83,22,146,0,0',
            NeighbourCell(None, "GSM", 614),
        ),
    ],
)
def test_neighbours(answering, said, value):
    session = answering({'AT+QENG="neighbourcell"': f"+QENG: {said}|OK"})
    assert neighbour_cells(session) == (value,)


def test_no_neighbour(answering):
    assert neighbour_cells(answering({'AT+QENG="neighbourcell"': "OK"})) == ()


@pytest.mark.parametrize("said", ["", '"servingcell"', '"neighbourcell","NOCONN"', "x,y"])
def test_unreadable_cell(answering, said):
    with pytest.raises(AnswerUnreadableError) as caught:
        serving_cell(answering({SERVING: f"+QENG: {said}|OK"}))
    assert caught.value.command == SERVING
