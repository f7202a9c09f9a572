# SPDX-License-Identifier: GPL-3.0-or-later
"""Which faults have been seen green on the lab host; `make test` takes its third from these.

A new test runs in `make faults` (or by name) until somebody has seen it hold; then it comes here.
"""

import re

import pytest

PROVEN = frozenset(
    """
    test_what_is_broken_is_seen_and_seen_as_mended
    test_a_trial_fails_when_a_neighbour_is_disturbed
    test_a_trial_fails_when_an_invariant_breaks
    test_f1_unplugged_in_the_middle_of_a_command
    test_f2_unplugged_while_it_is_applied
    test_f17_no_network_is_no_reason_for_a_reset
    test_f18_the_carrier_gives_another_address
    test_f19_two_modems_with_one_address
    test_f21_dead_data_is_reconnected_not_reset
    test_f22_two_modems_come_back_in_each_others_place
    test_f27_a_modem_restarts_by_itself
    test_f28_modemmanager_goes_and_comes[kill]
    test_f30_postgresql_is_away
    test_f36_killed_at_any_moment[modemfarm-agent]
    test_f37_a_second_agent_goes_away
    test_f43_a_proxy_that_hangs_is_restarted_alone
    test_f44_a_destroyed_configuration[corrupt]
    test_f45_flushed_by_hand[guard]
    test_a_broken_probe_target_repairs_nothing
    test_a_fault_of_all_at_once_is_one_alarm_and_no_reset
    """.split()
)


def is_proven(item: pytest.Item) -> bool:
    """Whether the test, or its variant (its name without the seed), is in the list."""
    variant = re.sub(r"\[\d+-", "[", item.name)
    return getattr(item, "originalname", item.name) in PROVEN or variant in PROVEN
