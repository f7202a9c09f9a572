# SPDX-License-Identifier: GPL-3.0-or-later
"""What the packaged engine cannot do. It is refused where it is asked for, never left out silently.

v2ray 4.34 takes any number of connections, limits no rate, and has one time-out for idle streams.
It compares passwords that its configuration has in the clear. Its log has no time of a connection,
no bytes and always the host. HTTP and CONNECT are one inbound that its rules cannot tell apart.
"""

from collections.abc import Mapping
from typing import Any

from ..errors import InvalidValueError

# Field -> the values that mean "as v2ray does it anyway"; any other one is refused.
_V2RAY_AS_IT_IS: dict[str, tuple[object, ...]] = {
    "users": ([],),
    "down_kbits": (0,),
    "up_kbits": (0,),
    "new_connections_per_minute": (0,),
    "max_connections": (),
    "connect_s": (),
    "dns_s": (),
    "idle_http_s": (),
    "log_hosts": (True,),
    "log_paths": (False,),
}


def refuse_what_engine_cannot(engine: str, document: Mapping[str, Any], where: str) -> None:
    """InvalidValueError for a value of `document` that the engine would not honour."""
    if engine != "v2ray":
        return
    for name, value in document.items():
        same = _V2RAY_AS_IT_IS.get(name)
        if same is not None and value not in same:
            kept = f"{same[0]!r}" if same else "nothing"
            raise InvalidValueError(
                f"{where}.{name}",
                value,
                f"{kept} with engine v2ray, which cannot do it (threeproxy can)",
            )
    protocols = document.get("protocols")
    if protocols is not None and ("http" in protocols) is not ("connect" in protocols):
        raise InvalidValueError(
            f"{where}.protocols", protocols,
            "http and connect together with engine v2ray, which cannot tell them apart",
        )  # fmt: skip
