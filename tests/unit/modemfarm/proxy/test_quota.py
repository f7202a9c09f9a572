# SPDX-License-Identifier: GPL-3.0-or-later
"""When a volume is used up, and what limits go together."""

import pytest

from modemfarm.errors import InvalidValueError
from modemfarm.proxy.policy import complete
from modemfarm.proxy.quota import Limits, Standing, Used, check_state, standing

from .test_policy import settings

LIMITS = Limits(soft_day_mb=8, hard_day_mb=10, hard_month_mb=100)


@pytest.mark.parametrize(
    ("used", "state", "over"),
    [
        (Used(), None, ()),
        (Used(7_999_999, 7_999_999), None, ()),
        (Used(8_000_000, 8_000_000), "soft", ("soft_day_mb",)),
        (Used(9_999_999, 9_999_999), "soft", ("soft_day_mb",)),
        (Used(10_000_000, 10_000_000), "hard", ("soft_day_mb", "hard_day_mb")),
        (Used(0, 100_000_000), "hard", ("hard_month_mb",)),
        (Used(8_000_000, 100_000_000), "hard", ("soft_day_mb", "hard_month_mb")),
    ],
)
def test_a_limit_is_used_up_at_its_very_number(used, state, over):
    assert standing(LIMITS, used) == Standing(state, over)


def test_without_limits_nothing_is_used_up():
    assert standing(Limits(), Used(10**18, 10**18)) == Standing()


def test_the_modems_own_counts_over_the_farms():
    farm, own = {"soft_day_mb": 5, "hard_day_mb": 9, "down_kbits": 8}, {"hard_day_mb": 0}
    assert Limits.of(farm, own) == Limits(soft_day_mb=5)


@pytest.mark.parametrize("period", ["day", "month"])
def test_a_soft_limit_beyond_the_hard_one_is_refused(period):
    own = {f"soft_{period}_mb": 6, f"hard_{period}_mb": 5}
    with pytest.raises(InvalidValueError, match=rf"policy.soft_{period}_mb is 6") as caught:
        complete(settings(), own)
    assert f"at most hard_{period}_mb, which is 5" in caught.value.remedy
    complete(settings(), {f"soft_{period}_mb": 5, f"hard_{period}_mb": 5})
    with pytest.raises(InvalidValueError):  # one of them is the farm's
        complete(settings(policy={f"hard_{period}_mb": 5}), {f"soft_{period}_mb": 6})


def test_both_engines_have_quotas():
    assert complete(settings(engine="v2ray"), {"hard_day_mb": 5}).hard_day_mb == 5


@pytest.mark.parametrize("value", ["open", "", None, 1])
def test_other_states_are_refused(value):
    with pytest.raises(InvalidValueError, match="soft or hard"):
        check_state(value)
