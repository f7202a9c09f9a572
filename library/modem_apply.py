#!/usr/bin/python
# Copyright: (c) 2026, the modemfarm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module modem_apply: a thin face of modemfarm.apply.batch."""

DOCUMENTATION = r"""
module: modem_apply
short_description: Make this host serve its modems as the registry says
version_added: "0.1.0"
description:
  - Converges identity links, routing rules, guard, proxy, NetworkManager profile and bearer
    for a batch of modems in one call, and proves each by a request through its proxy port.
  - A modem that fails does not stop the others; see the state of each. A modem that another run
    works on is waited for, and a modem that an operator holds is left alone.
  - What all modems need (the guard, the rules that answer unreachable) is loaded again first where
    it is gone.
options:
  serials:
    description: IMEIs of the modems to converge. All modems of the registry when empty.
    type: list
    elements: str
    default: []
  settings:
    description: Settings of this host.
    type: path
    default: /etc/modemfarm/farm.json
  snapshot:
    description: Snapshot of the registry.
    type: path
    default: /var/lib/modemfarm/modems.json
  wait:
    description: >-
      Seconds the whole batch may wait for busy modems, ModemManager, registration and bearers.
    type: int
    default: 45
  prove:
    description: >-
      Ask for an address through each port. Without it nothing goes through the modems, and who
      listens on a port has to do.
    type: bool
    default: true
attributes:
  check_mode:
    description: Predicts the changes and touches nothing.
    support: full
  diff_mode:
    description: Shows files, rules and set elements before and after.
    support: full
author:
  - The modemfarm authors (@modemfarm)
"""

EXAMPLES = r"""
- name: Converge all modems of the host
  modem_apply:

- name: Converge two modems that were just plugged in
  modem_apply:
    serials: ["867584030000017", "867584030000025"]
    wait: 60

- name: See what differs from the registry, without a request through the modems
  modem_apply:
    prove: false
  check_mode: true
"""

RETURN = r"""
host:
  description: What all modems need and the host had lost; loaded again outside of check mode.
  returned: success
  type: list
  elements: str
  sample: [guard, rule 2999]
modems:
  description: One row per modem.
  returned: success
  type: list
  elements: dict
  contains:
    serial: {description: IMEI, type: str, sample: "867584030000017"}
    slot: {description: Slot or null for an unknown modem, type: int, sample: 1}
    port: {description: Proxy port, type: int, sample: 3128}
    state:
      description: >-
        One of serving, degraded (it serves with an older configuration), offline, waiting, failed,
        held (by an operator)
      type: str
      sample: serving
    reason: {description: Why it is not serving, type: str, sample: no SIM}
    remedy: {description: What to do about it, type: str, sample: insert a SIM card}
    interface: {description: Network interface, type: str, sample: wwan0}
    wan_address: {description: Address seen outside, type: str, sample: 10.64.1.2}
    changed:
      description: >-
        What was changed, of undo, link, guard, rule, route, proxy, profile, bearer, reprobe
      type: list
      elements: str
      sample: [guard]
    steps: {description: Seconds spent by step, type: dict, sample: {bearer: 1.6}}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.modemfarm.apply.arguments import ARGUMENTS, run


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    result = run(module.params, module.check_mode)
    if result.get("failed"):
        module.fail_json(**{name: value for name, value in result.items() if name != "failed"})
    module.exit_json(**result)


if __name__ == "__main__":
    main()
