#!/usr/bin/python
# Copyright: (c) 2026, the modemfarm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module modem_config: a thin face of modemfarm.config.apply."""

DOCUMENTATION = r"""
module: modem_config
short_description: Make a modem's own settings what they should be
version_added: "0.2.0"
description:
  - Reads each setting, writes what differs, and reads it back. What is not named stays as it is.
  - A PIN is sent at most once for each SIM and PIN, ever, and never when fewer than 3 tries are
    left or their number is unknown. A PUK is never sent.
  - The composition comes last because it restarts the modem; one modem of a host at a time, and
    the task ends only when the modem has come back in its new shape.
options:
  modem:
    description: IMEI, or USB path such as C(1-1.4).
    type: str
    required: true
  apn:
    description: Access point name of context 1.
    type: str
  pdp_type:
    description: IP version of context 1; only together with O(apn). The present one when left out.
    type: str
    choices: [IP, IPV6, IPV4V6]
  operator:
    description: V(automatic), or MCC and MNC as 5 or 6 digits. The modem registers anew.
    type: str
  scan_mode:
    description: The radio technologies to look for.
    type: str
    choices: [automatic, gsm, wcdma, lte]
  lte_bands:
    description: LTE bands to use, of those that an EC25-EUX has.
    type: list
    elements: int
  composition:
    description: What the modem shows on USB. The farm works with V(qmi).
    type: str
    choices: [qmi, ecm, mbim, rndis]
  pin:
    description: PIN of the SIM, sent only when the SIM asks for it. Keep it in a vault.
    type: str
  ignore_hold:
    description: >-
      Work on a modem that an operator holds ("hands off"). For the operator who placed the hold.
    type: bool
    default: false
  correlation:
    description: Id that the rows in the modem's log carry. A random one when empty.
    type: str
    default: ""
attributes:
  check_mode:
    description: Reads everything and writes nothing.
    support: full
  diff_mode:
    description: Shows each setting before and after.
    support: full
author:
  - The modemfarm authors (@modemfarm)
"""

EXAMPLES = r"""
- name: Access point, and LTE only
  modem_config:
    modem: "867584030000017"
    apn: internet.example
    scan_mode: lte

- name: Bring a modem that was delivered as MBIM into the shape the farm uses
  modem_config:
    modem: 1-1.4
    composition: qmi
"""

RETURN = r"""
modem: {description: IMEI of the modem, returned: always, type: str, sample: "867584030000017"}
changes:
  description: One row per setting that differed.
  returned: success
  type: list
  elements: dict
  sample: [{name: scan_mode, before: automatic, after: lte}]
correlation:
  description: Id of the rows in the modem's log
  returned: success
  type: str
  sample: 5f0c9a7be1d24c36
error: {description: Class of the error, returned: failure, type: str, sample: PinPolicyError}
command: {description: What failed, returned: failure, type: str, sample: set scan_mode}
remedy: {description: What to do about it, returned: failure, type: str, sample: look at modem_info}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.modemfarm.tasks.common import end
from ..module_utils.modemfarm.tasks.config import ARGUMENTS, run


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    end(module, run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
