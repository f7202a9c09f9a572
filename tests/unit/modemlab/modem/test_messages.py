# SPDX-License-Identifier: GPL-3.0-or-later
import pytest

from modemlab.modem.errors import NoSuchMessageError, StorageFullError
from modemlab.modem.messages import ME, MT, SM, Event, Message, MessageStore, Status

TPDU = bytes.fromhex("0100")


def test_the_lowest_free_place_is_taken() -> None:
    store = MessageStore()
    indexes = [store.add(ME, Status.UNREAD, TPDU).index for _ in range(3)]
    store.delete(ME, 1)
    assert indexes == [0, 1, 2]
    assert store.add(ME, Status.UNREAD, TPDU).index == 1
    assert store.add(SM, Status.UNREAD, TPDU).index == 0


def test_storages_are_apart_and_mt_is_me() -> None:
    store = MessageStore()
    store.add(SM, Status.UNREAD, TPDU)
    message = store.add(MT, Status.READ, TPDU, b"\x01\x81")
    assert message == Message(ME, 0, Status.READ, TPDU, b"\x01\x81")
    assert message.pdu == b"\x01\x81\x01\x00"
    assert store.get(MT, 0) == message
    assert (store.used(ME), store.size(ME), store.used(SM), store.size(SM)) == (1, 255, 1, 23)


def test_lists_are_by_index_and_status() -> None:
    store = MessageStore()
    for status in (Status.UNREAD, Status.SENT, Status.UNREAD):
        store.add(ME, status, TPDU)
    assert [message.index for message in store.list(ME)] == [0, 1, 2]
    assert [message.index for message in store.list(ME, Status.UNREAD)] == [0, 2]
    assert store.list(SM) == []


def test_changes_are_told_once() -> None:
    store, told = MessageStore(), []
    store.on_change = lambda event, message: told.append((event, message.index, message.status))
    store.add(ME, Status.UNREAD, TPDU)
    store.set_status(ME, 0, Status.READ)
    store.set_status(ME, 0, Status.READ)
    store.delete(ME, 0)
    assert told == [
        (Event.ADDED, 0, Status.UNREAD),
        (Event.CHANGED, 0, Status.READ),
        (Event.DELETED, 0, Status.READ),
    ]


def test_a_full_storage_takes_nothing() -> None:
    store = MessageStore(sizes={ME: 2, SM: 1})
    store.add(ME, Status.UNREAD, TPDU)
    store.add(ME, Status.UNREAD, TPDU)
    with pytest.raises(StorageFullError, match="ME is full"):
        store.add(ME, Status.UNREAD, TPDU)
    store.delete(ME, 0)
    assert store.has_room(ME)
    store.full = True
    assert not store.has_room(ME)
    assert store.used(ME) == 2


@pytest.mark.parametrize("act", ["get", "delete"])
def test_an_empty_place_is_an_error(act: str) -> None:
    with pytest.raises(NoSuchMessageError, match="SM has no message 5"):
        getattr(MessageStore(), act)(SM, 5)


def test_clearing_by_status() -> None:
    store = MessageStore()
    for status in (Status.UNREAD, Status.READ, Status.SENT):
        store.add(ME, status, TPDU)
    store.clear(ME, Status.READ, Status.SENT)
    assert [message.status for message in store.list(ME)] == [Status.UNREAD]
    store.clear(ME)
    assert store.list(ME) == []
