# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes about what is switched off: written whole, read with suspicion, settled once."""

import json
import stat

import pytest

from modemfarm.errors import InvalidValueError, PermanentError, ToolError
from modemfarm.undo import Note, Undo, authorize, pending, settle

A, B = "867584030000017", "867584030000025"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "undo"


def actions(done):
    return lambda: {
        step: lambda serial, path, step=step: done.append((step, serial, path))
        for step in ("radio", "usb", "hub-power")
    }


@pytest.mark.parametrize("step", ["radio", "usb", "hub-power"])
def test_a_note_is_settled_once(folder, step):
    done = []
    Note(A, Undo(step, "1-1.4"), folder)
    assert stat.S_IMODE((folder / A).stat().st_mode) == 0o600
    assert pending(folder) == [A]
    assert settle(A, folder, actions(done)) == Undo(step, "1-1.4")
    assert settle(A, folder, actions(done)) is None
    assert done == [(step, A, "1-1.4")]
    assert pending(folder) == []


def test_a_step_that_has_ended_leaves_nothing(folder):
    note = Note(A, Undo("radio", "1-1"), folder)
    note.remove()
    note.remove()
    assert pending(folder) == []
    Note(None, Undo("radio", "1-1"), folder / "never").remove()
    assert not (folder / "never").exists()


def test_what_could_not_be_undone_stays(folder):
    Note(A, Undo("radio", "1-1"), folder)

    def fails(*_):
        raise ToolError("the port is silent", "x")

    with pytest.raises(ToolError):
        settle(A, folder, lambda: {"radio": fails})
    assert pending(folder) == [A]


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", '{"step": "radio"}', '{"step": "reboot", "usb_path": "1-1"}',
        '{"step": "usb", "usb_path": "../../1-1"}', '{"step": ["usb"], "usb_path": "1-1"}',
    ],
)  # fmt: skip
def test_a_torn_or_forged_note_does_nothing(folder, text):
    folder.mkdir()
    (folder / A).write_text(text)
    done = []
    assert settle(A, folder, actions(done)) is None
    assert done == []
    assert pending(folder) == []


def test_a_folder_of_somebody_else_is_not_believed(folder, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / A).write_text(json.dumps({"step": "usb", "usb_path": "1-1"}))
    folder.symlink_to(tmp_path / "theirs")
    done = []
    with pytest.raises(PermanentError, match="not a directory of root"):
        settle(A, folder, actions(done))
    with pytest.raises(PermanentError, match="not a directory of root"):
        Note(A, Undo("usb", "1-1"), folder)
    assert done == []


def test_other_names_are_none_of_ours(folder):
    folder.mkdir()
    for name in (B, ".new-x", "README", "12345"):
        (folder / name).write_text("{}")
    assert pending(folder) == [B]
    assert pending(folder / "none") == []


def test_authorize(tmp_path):
    device = tmp_path / "sys/bus/usb/devices/1-1"
    authorize("1-1", "1", tmp_path)  # it is gone: as good as done
    device.mkdir(parents=True)
    (device / "authorized").write_text("1")
    authorize("1-1", "0", tmp_path)
    assert (device / "authorized").read_text() == "0"
    with pytest.raises(InvalidValueError):
        authorize("../1-1", "1", tmp_path)
    (device / "authorized").unlink()
    (device / "authorized").mkdir()
    with pytest.raises(ToolError, match="cannot write 1"):
        authorize("1-1", "1", tmp_path)
