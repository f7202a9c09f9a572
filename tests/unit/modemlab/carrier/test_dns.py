# SPDX-License-Identifier: GPL-3.0-or-later
import random
import struct

import pytest

from modemlab.carrier.dns import (
    AAAA,
    NOERROR,
    NXDOMAIN,
    A,
    DnsError,
    Zone,
    encode_query,
    parse_answer,
    parse_query,
)

V4, V6 = "203.0.113.10", "2001:db8:53::10"


def ask(zone: Zone, name: str, kind: int = A) -> tuple[int, list[str]]:
    ident, code, found = parse_answer(zone.answer(parse_query(encode_query(77, name, kind))))
    assert ident == 77
    return code, found


@pytest.fixture
def zone() -> Zone:
    return Zone({"*.lab.test": (V4, V6), "one.example": (V4,)})


def test_a_query_is_read_as_it_was_written() -> None:
    query = parse_query(encode_query(0xBEEF, "IP.Lab.Test.", AAAA))
    assert (query.ident, query.name, query.kind, query.recursion) == (
        0xBEEF,
        "ip.lab.test",
        AAAA,
        True,
    )


def test_the_answer_repeats_the_question_in_its_letter_case(zone: Zone) -> None:
    data = encode_query(1, "iP.LAB.test")
    assert zone.answer(parse_query(data))[12 : len(data)] == data[12:]


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("ip.lab.test", A, (NOERROR, [V4])),
        ("ip.lab.test", AAAA, (NOERROR, [V6])),
        ("a.b.lab.test", A, (NOERROR, [V4])),
        ("v6.lab.test", A, (NOERROR, [])),
        ("v6.lab.test", AAAA, (NOERROR, [V6])),
        ("v4.lab.test", AAAA, (NOERROR, [])),
        ("one.example", A, (NOERROR, [V4])),
        ("one.example", AAAA, (NOERROR, [])),
        ("ip.lab.test", 15, (NOERROR, [])),
        ("lab.test", A, (NXDOMAIN, [])),
        ("x.one.example", A, (NXDOMAIN, [])),
        ("notlab.test", A, (NXDOMAIN, [])),
    ],
)
def test_zone(zone: Zone, name: str, kind: int, expected: tuple[int, list[str]]) -> None:
    assert ask(zone, name, kind) == expected


def test_names_can_be_set_and_removed(zone: Zone) -> None:
    zone.set("New.Example.", (V6,))
    assert ask(zone, "new.example", AAAA) == (NOERROR, [V6])
    zone.set("new.example", ())
    assert ask(zone, "new.example", AAAA) == (NXDOMAIN, [])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(11),
        bytes(12),  # no question
        struct.pack(">6H", 1, 0x8180, 1, 0, 0, 0) + b"\1a\0\0\1\0\1",  # an answer
        struct.pack(">6H", 1, 0x2800, 1, 0, 0, 0) + b"\1a\0\0\1\0\1",  # an update
        struct.pack(">6H", 1, 0, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1",  # a pointer to itself
        encode_query(1, "ip.lab.test")[:-1],
        encode_query(1, "ip.lab.test")[:-6],
    ],
)
def test_what_is_no_query_is_refused(data: bytes) -> None:
    with pytest.raises(DnsError):
        parse_query(data)


def test_no_bytes_make_the_parser_fall_over() -> None:
    rng = random.Random(5)  # noqa: S311 - repeatable test data
    good = encode_query(1, "some.longer.name.lab.test")
    for _ in range(5000):
        data = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            query = parse_query(bytes(data[: rng.randint(0, len(data))]))
        except DnsError:
            continue
        assert Zone().answer(query)[:2] == bytes(data[:2])


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64])
def test_names_that_cannot_be_sent_are_refused(name: str) -> None:
    with pytest.raises(DnsError):
        encode_query(1, name)
