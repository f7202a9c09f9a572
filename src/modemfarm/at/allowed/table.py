# SPDX-License-Identifier: GPL-3.0-or-later
"""All forms that may be sent, by name and kind. Whoever is not in here is refused."""

from collections.abc import Mapping

from ..grammar import Form, tests
from ..syntax import Kind
from .admin import ADMIN
from .operator import OPERATOR
from .viewer import VIEWER

_SCANS = ("+COPS",)  # its test form is a scan of three minutes and has a row of its own
_STATED = (*VIEWER, *OPERATOR, *ADMIN)
FORMS: tuple[Form, ...] = (
    *_STATED,
    *tests(form for form in _STATED if form.name not in _SCANS),
)


def _index() -> Mapping[tuple[str, Kind], tuple[Form, ...]]:
    found: dict[tuple[str, Kind], tuple[Form, ...]] = {}
    for form in FORMS:
        key = form.name, form.kind
        found[key] = (*found.get(key, ()), form)
    return found


BY_NAME = _index()
