# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.snapshot: written whole, read with suspicion."""

import json
import os
import stat
from datetime import UTC, datetime

import pytest

from modemfarm.errors import InvalidValueError, SnapshotError
from modemfarm.hold import Hold
from modemfarm.snapshot import MAX_BYTES, ModemRecord, Snapshot, read_snapshot, write_snapshot

A, B = "867584030000017", "867584030000025"
ROW = {"serial": A, "slot": 1, "usb_path": "1-1", "iccid": None, "apn": None, "present": True}


def document(*rows):
    return {"version": 1, "host": "lab", "modems": list(rows)}


def test_round_trip_ordered_by_slot(tmp_path):
    path = tmp_path / "modems.json"
    records = (ModemRecord(B, 2, "1-2", "89490200001234567890", "web", True), ModemRecord(A, 1))
    write_snapshot(Snapshot("lab", records), path)
    assert read_snapshot(path) == Snapshot("lab", records[::-1])
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [p.name for p in tmp_path.iterdir()] == ["modems.json"]


def test_a_hold_is_kept_and_a_file_without_one_is_read(tmp_path):
    path = tmp_path / "modems.json"
    hold = Hold(datetime(2026, 1, 31, 13, 0, tzinfo=UTC), "anna", "antenna work")
    write_snapshot(Snapshot("lab", (ModemRecord(A, 1, hold=hold), ModemRecord(B, 2))), path)
    first, second = read_snapshot(path).modems
    assert (first.hold, second.hold) == (hold, None)
    assert json.loads(path.read_text())["modems"][0]["hold"]["until"] == "2026-01-31T13:00:00Z"
    path.write_text(json.dumps(document(ROW)))
    assert read_snapshot(path).modems[0].hold is None


def test_the_folder_is_on_the_disk_before_it_returns(tmp_path, monkeypatch):
    real, synced = os.fsync, []

    def fsync(handle):
        synced.append(stat.S_ISDIR(os.fstat(handle).st_mode))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    write_snapshot(Snapshot("lab", ()), tmp_path / "modems.json")
    assert synced == [False, True]


def test_nothing_is_written_that_cannot_be_read(tmp_path):
    path = tmp_path / "modems.json"
    path.write_text("old")
    with pytest.raises(InvalidValueError):
        write_snapshot(Snapshot("lab", (ModemRecord("x", 1),)), path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["modems.json"]


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"version": 2, "host": "lab", "modems": []},
        {"version": 1, "host": "", "modems": []},
        {"version": 1, "host": "lab", "modems": {}},
        document("row"),
        document(ROW | {"serial": "12"}),
        document(ROW | {"serial": 867584030000017}),
        document(ROW | {"slot": 0}),
        document(ROW | {"slot": True}),
        document(ROW | {"usb_path": "../1-1"}),
        document(ROW | {"apn": "x\ny"}),
        document(ROW | {"policy": []}),
        document(ROW | {"policy": {"clients": ["0.0.0.0/0\n"]}}),
        document(ROW | {"policy": {"listen": "1.2.3"}}),
        document(ROW | {"iccid": "x"}),
        document(ROW | {"present": "yes"}),
        document(ROW | {"extra": 1}),
        document(ROW | {"hold": "yes"}),
        document(ROW | {"hold": {"until": "2026-01-31T13:00:00", "by": "a", "reason": "b"}}),
        document(ROW, ROW | {"serial": B}),
        document(ROW, ROW | {"slot": 2}),
        document(ROW, ROW | {"slot": 2, "serial": B}),
    ],
)
def test_refused(tmp_path, content):
    path = tmp_path / "modems.json"
    path.write_text(json.dumps(content))
    with pytest.raises(SnapshotError, match=r"modems\.json: "):
        read_snapshot(path)


def test_two_modems_may_have_been_at_one_place(tmp_path):
    path = tmp_path / "modems.json"
    gone = ROW | {"serial": B, "slot": 2, "present": False}
    path.write_text(json.dumps(document(ROW, gone)))
    assert len(read_snapshot(path).modems) == 2


@pytest.mark.parametrize("raw", [b"{", b"\xff\xfe", b"[" * 100_000, b" " * (MAX_BYTES + 1)])
def test_rubbish_is_refused(tmp_path, raw):
    path = tmp_path / "modems.json"
    path.write_bytes(raw)
    with pytest.raises(SnapshotError):
        read_snapshot(path)


def test_no_file(tmp_path):
    with pytest.raises(SnapshotError, match="modemfarm-agent"):
        read_snapshot(tmp_path / "modems.json")


def test_select():
    snapshot = Snapshot("lab", (ModemRecord(A, 1), ModemRecord(B, 2)))
    assert snapshot.select([]) == (snapshot.modems, ())
    assert snapshot.select([B, B]) == ((ModemRecord(B, 2),), ())
    assert snapshot.select(["867584030000033", A]) == ((ModemRecord(A, 1),), ("867584030000033",))
    with pytest.raises(InvalidValueError):
        snapshot.select(["A"])
