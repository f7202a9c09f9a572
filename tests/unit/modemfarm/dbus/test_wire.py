# SPDX-License-Identifier: GPL-3.0-or-later
"""modemfarm.dbus.wire: round trips, both byte orders, and hostile bytes."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemfarm.dbus import wire
from modemfarm.dbus.wire import Message, Reader, WireError, Writer

TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=20)
VALUES = {
    "y": st.integers(0, 255),
    "b": st.booleans(),
    "n": st.integers(-(2**15), 2**15 - 1),
    "i": st.integers(-(2**31), 2**31 - 1),
    "u": st.integers(0, 2**32 - 1),
    "t": st.integers(0, 2**64 - 1),
    "d": st.floats(allow_nan=False),
    "s": TEXT,
    "as": st.lists(TEXT, max_size=4),
    "ay": st.lists(st.integers(0, 255), max_size=9),
    "(su)": st.tuples(TEXT, st.integers(0, 99)),
    "a(su)": st.lists(st.tuples(TEXT, st.integers(0, 99)), max_size=4),
    "a{us}": st.dictionaries(st.integers(0, 99), TEXT, max_size=4),
    "aas": st.lists(st.lists(TEXT, max_size=3), max_size=3),
    "a{s(ib)}": st.dictionaries(TEXT, st.tuples(st.integers(0, 9), st.booleans()), max_size=3),
}
SIGNED = st.lists(st.sampled_from(sorted(VALUES)), max_size=5).flatmap(
    lambda parts: st.tuples(st.just("".join(parts)), st.tuples(*(VALUES[part] for part in parts)))
)


@given(SIGNED)
def test_round_trip(case):
    signature, values = case
    data = wire.encode(wire.CALL, 7, {wire.PATH: "/a", wire.MEMBER: "M"}, signature, values, 2)
    assert wire.message_length(data[:16]) == len(data)
    message = wire.decode(data)
    assert (message.kind, message.serial, message.flags) == (wire.CALL, 7, 2)
    assert (message.get(wire.PATH), message.get(wire.MEMBER)) == ("/a", "M")
    assert message.values() == list(values)


@given(SIGNED)
def test_variants_give_what_is_in_them(case):
    signature, values = case
    for type_, value in zip(wire.parse_signature(signature), values, strict=True):
        one = _text(type_)
        writer = Writer()
        writer.write("v", [(one, value)])
        assert Reader(bytes(writer.data)).read("v") == [value]


def _text(type_):
    inner = "".join(_text(item) for item in type_.inner)
    return {"(": f"({inner})", "{": f"{{{inner}}}"}.get(type_.code, type_.code + inner)


def test_a_message_as_the_specification_lays_it_out():
    data = wire.encode(wire.CALL, 1, {wire.PATH: "/", wire.MEMBER: "Hi"}, "u", (5,))
    assert data == (
        b"l\x01\x00\x01\x04\0\0\0\x01\0\0\0\x27\0\0\0"
        b"\x01\x01o\0\x01\0\0\0/\0\0\0\0\0\0\0"
        b"\x03\x01s\0\x02\0\0\0Hi\0\0\0\0\0\0"
        b"\x08\x01g\0\x01u\0\0"
        b"\x05\0\0\0"
    )


def test_big_endian_is_read():
    body = struct.pack(">I", 9) + struct.pack(">I", 2) + b"ab\0"
    assert Reader(body, ">").read("us") == [9, "ab"]


@given(st.binary(max_size=300), st.sampled_from(["s", "as", "v", "a{sv}", "a(sv)", "g", "aas"]))
def test_hostile_bytes_end_in_an_error_or_a_value(data, signature):
    with contextlib.suppress(WireError):
        Reader(data).read(signature)
    with contextlib.suppress(WireError):
        wire.message_length((data + bytes(16))[:16])
    with contextlib.suppress(WireError):
        wire.decode(b"l" + data + bytes(16))


@pytest.mark.parametrize("bad", ["a", "(", "()", "{s}", "{sss}", "z", "(s", "a" * 100 + "s"])
def test_bad_signatures(bad):
    with pytest.raises(WireError):
        wire.parse_signature(bad)


def test_a_deep_variant_is_refused():
    data = b"\x01v\0" * 5000
    with pytest.raises(WireError):
        Reader(data).read("v")


def test_lengths_are_bounded():
    with pytest.raises(WireError, match="a message of"):
        wire.message_length(b"l\x01\0\x01" + struct.pack("<III", 2**31, 1, 0))
    with pytest.raises(WireError, match="not a D-Bus"):
        wire.message_length(b"HTTP/1.1 200 OK\r\n"[:16])
    with pytest.raises(WireError, match="values for"):
        Writer().write("ss", ["one"])


OBJECTS = {
    "/a": {
        "x.Skip": {"NaN": ("d", float("nan")), "Map": ("a{uv}", {1: ("s", "deep")})},
        "x.Take": {"State": ("i", -1), "Ports": ("a(su)", [("wwan0", 2)])},
    },
    "/b": {},
    "/c": {"x.Take": {}},
}


def managed(objects):
    data = wire.encode(wire.RETURN, 1, {}, "a{oa{sa{sv}}}", (objects,))
    return wire.decode(data)


def test_managed_objects_steps_over_what_nobody_wants():
    found = wire.managed_objects(managed(OBJECTS), {"x.Take"}.__contains__)
    assert found == {
        "/a": {"x.Take": {"State": -1, "Ports": [("wwan0", 2)]}},
        "/b": {},
        "/c": {"x.Take": {}},
    }


def test_managed_objects_of_something_else():
    other = wire.decode(wire.encode(wire.RETURN, 1, {}, "s", ("x",)))
    with pytest.raises(WireError, match="GetManagedObjects answered"):
        wire.managed_objects(other, bool)
    cut = Message(wire.RETURN, fields={wire.SIGNATURE: "a{oa{sa{sv}}}"}, body=b"\xff" * 8)
    with pytest.raises(WireError):
        wire.managed_objects(cut, bool)


@pytest.mark.parametrize(
    ("signature", "value"),
    [
        ("s", "a\0b"),
        ("s", "\ud800"),
        ("s", 5),
        ("u", -1),
        ("u", "5"),
        ("as", 5),
        ("(su)", ("one",)),
        ("a{sv}", {"text": ("s", "\udfff")}),
        ("v", ("s", "a\0b")),
        ("v", None),
        ("v", ("", 1)),
    ],
)
def test_values_that_do_not_fit_are_not_written(signature, value):
    with pytest.raises(WireError):
        Writer().write(signature, [value])


def test_arguments_of_a_dictionary_with_variants_in_variants():
    arguments = {"number": ("s", "+49"), "validity": ("(uv)", (1, ("u", 60))), "report": ("b", 1)}
    writer = Writer()
    writer.write("a{sv}", [arguments])
    (read,) = Reader(bytes(writer.data)).read("a{sv}")
    assert read == {"number": "+49", "validity": (1, 60), "report": True}
