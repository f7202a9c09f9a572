# SPDX-License-Identifier: GPL-3.0-or-later
"""`modemfarm-api [FARM [API]]`: serves the API until SIGTERM. Exit 2 for what cannot be used."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import ssl
import sys
import threading
from dataclasses import replace
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from modemfarm.errors import FarmError, InvalidValueError, MissingPartError, SettingsError
from modemfarm.settings import DEFAULT_PATH as FARM
from modemfarm.settings import FarmSettings

from .. import logs
from .app import make_app
from .housekeeping import Housekeeping
from .limits import LARGEST
from .listener import listen
from .parts import Parts, make_parts
from .settings import DEFAULT_PATH as API
from .settings import ApiSettings

CONNECTIONS = 1_000
GRACE_S = 10


def main() -> None:
    """Entry point of modemfarm-api."""
    if len(sys.argv) > 3 or any(word.startswith("-") for word in sys.argv[1:]):
        sys.stderr.write("usage: modemfarm-api [FARM [API]]\n")
        sys.exit(2)
    logs.setup(os.environ.get("MODEMFARM_LOG", "INFO"))
    paths = [Path(word) for word in sys.argv[1:]] + [FARM, API][len(sys.argv) - 1 :]
    try:
        farm, settings = FarmSettings.load(paths[0]), ApiSettings.load(paths[1])
        settings.check_with(farm)
    except (SettingsError, InvalidValueError) as error:
        sys.stderr.write(f"modemfarm-api: {error}\n")
        sys.exit(2)
    try:
        serve(make_parts(farm, settings))
    except FarmError as error:
        sys.stderr.write(f"modemfarm-api: {error}\n")
        sys.exit(1)


def serve(parts: Parts) -> None:
    """Serve until a signal ends it. FarmError when that cannot begin."""
    farm, settings = parts.farm, parts.settings
    parts.tokens.ready()
    context = tls(settings)
    address = str(farm.lan_address)
    listener = listen(address, settings.port, lambda peer: settings.admits(peer, farm))
    parts = replace(parts, turned_away=lambda: listener.turned_away)
    config = uvicorn.Config(
        _site(parts),
        ssl_context_factory=lambda *_: context,
        ssl_certfile=str(settings.certificate),
        ssl_keyfile=str(settings.private_key),
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=GRACE_S,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        lifespan="on",
        http="h11",  # NiceGUI brings another, which our limits were not tried with
        ws="websockets-sansio",
        ws_max_size=LARGEST,
        ws_per_message_deflate=False,  # it costs 30 kB of memory for each of them
    )
    stop = threading.Event()
    housekeeping = Housekeeping(parts, stop)
    housekeeping.start()
    logging.getLogger("modemfarm.api").info("serving at https://%s:%d", address, settings.port)
    # uvicorn ends at these, puts our handlers back and raises the signal once more.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        asyncio.run(uvicorn.Server(config).serve([listener]))
    finally:
        stop.set()
        parts.live.close()
        parts.actions.close()
        parts.pool.close()


def _site(parts: Parts) -> ASGIApp:
    app = make_app(parts)
    if not parts.settings.console:
        return app
    try:
        from ..console.site import with_console  # it takes a second, and 20 MB
    except ModuleNotFoundError as error:
        raise MissingPartError(
            f"the console needs the Python package {error.name}",
            "install the extra `console`, or set console to false in the API's settings",
        ) from error
    return with_console(app, parts)


def tls(settings: ApiSettings) -> ssl.SSLContext:
    """The server's side of TLS 1.2 and 1.3. SettingsError for files that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    try:
        context.load_cert_chain(settings.certificate, settings.private_key)
    except OSError as error:  # SSLError is one
        raise SettingsError(
            f"certificate {settings.certificate} with key {settings.private_key}: {error}",
            "run the role api, or give it a certificate and the key that belongs to it",
        ) from error
    return context


if __name__ == "__main__":
    main()
