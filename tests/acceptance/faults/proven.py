# SPDX-License-Identifier: GPL-3.0-or-later
"""Which faults have been seen green on the lab host; `make test` takes its third from these.

A new test runs in `make faults` (or by name) until somebody has seen it hold; then it comes here.
Two that hold, thirty at once (F3, F4) and the whole ladder (F6), take five minutes each: too long
for a third of a day.
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
    test_f5_plugged_and_pulled_200_times_in_a_minute
    test_f6_f9_a_port_that_says_nothing_or_too_much
    test_f10_another_program_has_the_port
    test_f12_a_wrong_pin_is_tried_once
    test_f13_few_tries_are_left_to_a_person
    test_f14_a_puk_is_never_sent
    test_f15_a_sim_is_pulled_while_it_serves
    test_f16_sims_are_swapped_between_two_modems
    test_f17_no_network_is_no_reason_for_a_reset
    test_f18_the_carrier_gives_another_address
    test_f19_two_modems_with_one_address
    test_f20_the_carriers_subnet_is_the_lans
    test_f21_dead_data_is_reconnected_not_reset
    test_f22_two_modems_come_back_in_each_others_place
    test_f24_one_imei_twice
    test_f25_the_data_port_comes_late
    test_f27_a_modem_restarts_by_itself
    test_f28_modemmanager_goes_and_comes
    test_f29_without_modemmanager
    test_f30_postgresql_is_away
    test_f31_postgresql_is_killed_in_mid_transaction
    test_f32_f33_the_disk_is_full
    test_f34_no_connection_is_left
    test_f35_notifications_that_lie
    test_f36_killed_at_any_moment
    test_f37_a_second_agent_goes_away
    test_f41_a_foreign_process_on_the_port
    test_f42_a_proxy_that_dies_again_and_again
    test_f43_a_proxy_that_hangs_is_restarted_alone
    test_f44_a_destroyed_configuration
    test_f45_flushed_by_hand
    test_f46_the_clock_jumps
    test_f49_f52_power_is_cut_and_all_boots_at_once
    test_f51_a_proxy_out_of_memory
    test_a_broken_probe_target_repairs_nothing
    test_both_probe_targets_down_repair_nothing
    test_a_fault_of_all_at_once_is_one_alarm_and_no_reset
    """.split()
)


def is_proven(item: pytest.Item) -> bool:
    """Whether the test, or its variant (its name without the seed), is in the list."""
    variant = re.sub(r"\[\d+-", "[", item.name)
    return getattr(item, "originalname", item.name) in PROVEN or variant in PROVEN
