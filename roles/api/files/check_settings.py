# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the API's settings on the machine that runs Ansible, by the code that reads them later.

Standard input: {farm, api, certificate, private_key}; the last two are files of this machine, or
"". Says what is wrong and ends with 1.
"""

import json
import ssl
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src"))

from modemfarm.errors import FarmError, InvalidValueError
from modemfarm.settings import FarmSettings
from modemfarmd.api.settings import ApiSettings


def main() -> None:
    """See the module's text."""
    said = json.load(sys.stdin)
    try:
        settings = ApiSettings.from_dict(said["api"])
        settings.check_with(FarmSettings.from_dict(said["farm"]))
        check_given(said["certificate"], said["private_key"])
    except FarmError as error:
        sys.exit(f"api settings: {error}")


def check_given(certificate: str, key: str) -> None:
    """Both or neither, and they belong together. InvalidValueError."""
    if not certificate and not key:
        return
    for name, value in (("api_certificate", certificate), ("api_private_key", key)):
        if not Path(value).is_file():
            raise InvalidValueError(name, value, "a file on the machine that runs Ansible")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, lambda: "")
    except (OSError, ValueError) as error:
        raise InvalidValueError(
            "api_certificate", certificate, f"PEM that belongs to api_private_key ({error})"
        ) from error


main()
