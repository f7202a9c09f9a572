#!/usr/bin/python
# Copyright: (c) 2026, the modemfarm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module modem_settings: a thin face of modemfarm.tasks.settings."""

DOCUMENTATION = r"""
module: modem_settings
short_description: Check settings of a modem host before they are written
version_added: "0.1.0"
description:
  - Reads settings as the programs of the host will, and refuses what they would refuse.
  - Policies that modems have of their own are checked together with them.
options:
  settings:
    description: What farm.json is to hold.
    type: dict
    required: true
  modems:
    description: Rows of the registered modems; C(serial) and C(policy) of each are looked at.
    type: list
    elements: dict
    default: []
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
- name: Check settings
  modem_settings:
    settings:
      version: 1
      host: farm1
      engine: threeproxy
      lan_address: 192.168.1.100
      lan_interface: lan0
      clients: [192.168.1.0/24]
      nameservers: [9.9.9.9]
      apn: internet
      probe_url: http://ip.example/
      policy: {down_kbits: 20000}
"""

RETURN = r"""
msg:
  description: Which value is refused, and what is allowed.
  returned: failure
  type: str
  sample: "farm_policy.down_kbits is 3; allowed: an integer from 8 to 1000000, or 0 for no limit"
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.modemfarm.tasks.settings import ARGUMENTS, run


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    result = run(module.params)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
