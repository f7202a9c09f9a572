# SPDX-License-Identifier: GPL-3.0-or-later
"""The number of modems that a lab may be asked for."""

import pytest

from modemlab.host.errors import LabError
from modemlab.host.up import MAX_MODEMS, cap_for, check_modems


@pytest.mark.parametrize("count", [0, -1, MAX_MODEMS + 1])
def test_numbers_outside_the_slots_are_refused(count: int) -> None:
    with pytest.raises(LabError, match=f"MODEMS={count}: allowed are 1 to {MAX_MODEMS}"):
        check_modems(count)


def test_more_modems_never_get_less_time() -> None:
    caps = [cap_for(count) for count in range(1, MAX_MODEMS + 1)]
    assert caps == sorted(caps)
