#!/usr/bin/python
# Copyright: (c) 2026, the modemfarm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module modem_egress: a thin face of modemfarm.egress."""

DOCUMENTATION = r"""
module: modem_egress
short_description: See by which interface the traffic of each modem's proxy leaves
version_added: "0.1.0"
description:
  - Asks through the port of each modem for places that belong to documentation, so that nobody
    else sends there, and counts these packets on all interfaces as they leave the host.
  - Knows nothing of rules, tables and the guard, and finds a modem's own interface in sysfs.
  - TCP, UDP (where the proxy relays it), DNS and IPv6 (which must not leave at all). Needs root.
  - A modem that an operator holds is not asked.
options:
  serials:
    description: IMEIs of the modems to ask. All modems of the registry when empty.
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
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: full
  diff_mode:
    description: Nothing is changed.
    support: none
author:
  - The modemfarm authors (@modemfarm)
"""

EXAMPLES = r"""
- name: See by which interface each modem's traffic leaves
  modem_egress:
  register: egress
"""

RETURN = r"""
modems:
  description: One row per modem.
  returned: success
  type: list
  elements: dict
  contains:
    serial: {description: IMEI, type: str, sample: "867584030000017"}
    slot: {description: Slot, type: int, sample: 1}
    interface: {description: Network interface by USB, type: str, sample: wwan0}
    sent:
      description: Packets by kind and interface.
      type: dict
      sample: {tcp: {wwan0: 2}, udp: {}, dns: {wwan0: 1}, ipv6: {}}
    problems: {description: What is wrong, type: list, elements: str, sample: []}
held:
  description: IMEIs that were not asked because an operator holds them.
  returned: success
  type: list
  elements: str
  sample: []
problems:
  description: What is wrong with all of them, in words.
  returned: success
  type: list
  elements: str
  sample: []
table:
  description: Lines to print.
  returned: success
  type: list
  elements: str
  sample: ["modem  slot  interface  tcp  udp  dns  ipv6"]
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.modemfarm.tasks.common import end
from ..module_utils.modemfarm.tasks.egress import ARGUMENTS, run


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    end(module, run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
