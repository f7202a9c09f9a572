# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens that do not count (RFC 8725): each is refused, and the one they were made from is not."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from modemfarmd.api.accounts.keys import OVERLAP, Key

from .world import World, bearer


def b64(data: bytes | dict[str, Any]) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Forger:
    """A good token, and the same with something wrong."""

    def __init__(self, world: World) -> None:
        world.user("alice", "admin")
        self.good: str = world.log_in("alice")["access_token"]
        self.key: Key = world.parts.tokens._keys.signing()
        self.header = jwt.get_unverified_header(self.good)
        self.claims = jwt.decode(self.good, options={"verify_signature": False})

    def claim(self, **changes: Any) -> str:
        """Signed with the right key; a claim that is None is left out."""
        return self.sign(self.claims | changes, self.header)

    def head(self, **changes: Any) -> str:
        return self.sign(self.claims, self.header | changes)

    def sign(self, claims: dict[str, Any], header: dict[str, Any]) -> str:
        left = [{k: v for k, v in part.items() if v is not None} for part in (header, claims)]
        return self.seal(f"{b64(left[0])}.{b64(left[1])}")

    def seal(self, text: str) -> str:
        return f"{text}.{b64(self.key.private.sign(text.encode()))}"

    def raw(self, header: str, claims: str) -> str:
        return self.seal(f"{b64(header.encode())}.{b64(claims.encode())}")

    def by_hmac(self, secret: bytes) -> str:
        """HS256 with our public key as the secret: the confusion of RFC 8725, 2.1."""
        text = f"{b64(self.header | {'alg': 'HS256'})}.{b64(self.claims)}"
        return f"{text}.{b64(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"

    def bad(self) -> dict[str, str]:
        now, good = self.claims["iat"], self.good
        head, body, signature = good.split(".")
        public = self.key.public
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        other = Ed25519PrivateKey.generate()
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(other.public_key().public_bytes_raw())}
        signed = f"{b64(self.header | {'jwk': jwk})}.{body}"
        stranger = b64(other.sign(f"{head}.{body}".encode()))
        text = json.dumps(self.claims)
        return {
            "no signature, alg none": f"{b64(self.header | {'alg': 'none'})}.{body}.",
            "alg NoNe": f"{b64(self.header | {'alg': 'NoNe'})}.{body}.",
            "alg none, signed": self.head(alg="none"),
            "HS256 with the public key, PEM": self.by_hmac(pem),
            "HS256 with the public key, raw": self.by_hmac(public.public_bytes_raw()),
            "alg ES256": self.head(alg="ES256"),
            "alg missing": self.head(alg=None),
            "signature empty": f"{head}.{body}.",
            "signature cut": good[:-4],
            "signature of another": f"{head}.{body}.{stranger}",
            "one bit of the signature": f"{head}.{body}.{_flip(signature)}",
            "claims changed": f"{head}.{b64(self.claims | {'sub': 'root'})}.{signature}",
            "expired": self.claim(iat=now - 3600, nbf=now - 3600, exp=now - 2700),
            "exp missing": self.claim(exp=None),
            "exp a text": self.claim(exp=str(now + 900)),
            "exp true": self.claim(exp=True),
            "exp huge": self.claim(exp=10**30),
            "exp far away": self.claim(exp=now + 10**6),
            "not yet": self.claim(nbf=now + 600),
            "issued in the future": self.claim(iat=now + 600, exp=now + 900),
            "iss of another host": self.claim(iss="modemfarm:other"),
            "iss missing": self.claim(iss=None),
            "aud of another": self.claim(aud="other"),
            "aud a list with ours": self.claim(aud=["modemfarm-api", "other"]),
            "aud missing": self.claim(aud=None),
            "typ JWT": self.head(typ="JWT"),
            "typ missing": self.head(typ=None),
            "typ of a refresh token": self.head(typ="rt+jwt"),
            "kid unknown": self.head(kid="0" * 16),
            "kid a path": self.head(kid="../../../../dev/null"),
            "kid SQL": self.head(kid="x' UNION SELECT 'k' --"),
            "kid a number": self.head(kid=7),
            "kid missing": self.head(kid=None),
            "jku": self.head(jku="https://evil.example/keys.json"),
            "x5u": self.head(x5u="https://evil.example/cert.pem"),
            "jwk of the forger": f"{signed}.{b64(other.sign(signed.encode()))}",
            "crit": self.head(crit=["exp"]),
            "zip": self.head(zip="DEF"),
            "a name twice in the header": self.raw(
                '{"alg":"none",' + json.dumps(self.header)[1:], text
            ),
            "a claim twice": self.raw(json.dumps(self.header), '{"sub":"root",' + text[1:]),
            "a claim more": self.claim(role="admin"),
            "sub of another": self.claim(sub="root"),
            "sid unknown": self.claim(sid="0" * 32),
            "sid no text": self.claim(sid=["x"]),
            "no JSON": self.raw("{", "{}"),
            "a list": self.raw("[]", "[]"),
            "deep": self.raw("[" * 1500, "{}"),
            "no UTF-8": f"{b64(bytes([255, 254]))}.{body}.{signature}",
            "two parts": f"{head}.{body}",
            "five parts": "a.b.c.d.e",
            "nothing": "",
            "too long": good + "A" * 3000,
            "not ASCII": "ä.ö.ü",
            "padding": f"{head}==.{body}.{signature}==",
            "a refresh token": "mfr_" + "A" * 43,
            "an API token": "mfa_" + "0" * 16 + "_" + "A" * 43,
        }  # fmt: skip


def _flip(signature: str) -> str:
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[10] ^= 1
    return b64(bytes(raw))


def test_bad_tokens_are_refused_and_the_good_one_is_not(world: World) -> None:
    forger = Forger(world)
    bad = forger.bad()
    answers = {}
    for name, token in bad.items():
        header = {"Authorization": f"Bearer {token}".encode()}
        answers[name] = world.client.get("/api/modems", headers=header)
    assert {name: a.status_code for name, a in answers.items() if a.status_code != 401} == {}
    assert len(bad) >= 50
    for answer in answers.values():
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
    assert world.client.get("/api/modems", headers=bearer(forger.good)).status_code == 200
    same = forger.sign(forger.claims, forger.header)  # the forger can make good ones as well
    assert world.client.get("/api/modems", headers=bearer(same)).status_code == 200


@pytest.mark.parametrize("scheme", ["Basic", "Token", "bearer2", ""])
def test_other_schemes_are_no_tokens(world: World, scheme: str) -> None:
    token = Forger(world).good
    answer = world.client.get("/api/modems", headers={"Authorization": f"{scheme} {token}".strip()})
    assert answer.status_code == 401


def test_a_token_in_the_address_is_no_token(world: World) -> None:
    token = Forger(world).good
    assert world.client.get(f"/api/modems?access_token={token}").status_code == 401


def test_a_token_ends_after_its_time(world: World) -> None:
    token = bearer(Forger(world).good)
    world.ahead = timedelta(minutes=14)
    assert world.client.get("/api/me", headers=token).status_code == 200
    world.ahead = timedelta(minutes=16)
    assert world.client.get("/api/me", headers=token).status_code == 401


def codes(world: World, *tokens: dict[str, str]) -> list[int]:
    return [world.client.get("/api/me", headers=token).status_code for token in tokens]


def test_keys_are_rotated_with_an_overlap_and_revoked_without(world: World) -> None:
    keys = world.parts.tokens._keys
    first = bearer(Forger(world).good)
    elsewhere = world.make_parts().tokens._keys  # another process: the CLI
    elsewhere.rotate()
    second = bearer(world.log_in("alice")["access_token"])
    assert jwt.get_unverified_header(second["Authorization"][7:])["kid"] == keys.signing().kid
    assert [world.client.get("/api/me", headers=t).status_code for t in (first, second)] == [
        200,
        200,
    ]
    world.ahead = OVERLAP - timedelta(minutes=6)
    assert world.client.get("/api/me", headers=second).status_code == 200
    world.ahead = OVERLAP
    assert keys.find(jwt.get_unverified_header(first["Authorization"][7:])["kid"]) is None
    world.ahead = timedelta()
    elsewhere.revoke()
    assert [world.client.get("/api/me", headers=t).status_code for t in (first, second)] == [
        401,
        401,
    ]
    assert (world.settings.state / "token-keys.json").stat().st_mode & 0o777 == 0o600


def test_a_new_key_signs_after_a_month(world: World) -> None:
    keys = world.parts.tokens._keys
    first = keys.signing()
    world.ahead = timedelta(days=29)
    assert keys.signing() == first
    world.ahead = timedelta(days=30)
    assert keys.signing().kid != first.kid
