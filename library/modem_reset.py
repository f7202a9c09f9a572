#!/usr/bin/python
# Copyright: (c) 2026, the modemfarm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module modem_reset: a thin face of modemfarm.reset.steps."""

DOCUMENTATION = r"""
module: modem_reset
short_description: Take one step of the repair ladder on a modem
version_added: "0.2.0"
description:
  - Acts on one modem and waits, with a cap, until it is there again. No other modem is disturbed;
    ModemManager is never restarted.
  - Waits for another run that works on the modem, and is refused while an operator holds it. What a
    step has switched off is switched on again also when the step is ended in the middle.
  - The farm's agent brings the bearer and the proxy back when the modem is there.
options:
  modem:
    description: IMEI, or USB path such as C(1-1.4).
    type: str
    required: true
  step:
    description:
      - V(reconnect) takes the bearer down and up through NetworkManager.
      - V(proxy) restarts the modem's proxy, and no other one, and sees its port answer.
      - V(radio) switches the radio off for 4 s and waits for registration.
      - V(reprobe) has ModemManager let go of the modem and look at it anew.
      - V(reset) restarts the modem with AT+CFUN=1,1.
      - V(usb) has the kernel let go of the device and take it anew, for one that answers nothing.
      - V(hub-power) switches its hub port off for 5 s with uhubctl. It is refused unless the farm
        allows it (farm_hub_power of the role farm) and the hub switches that port alone.
    type: str
    choices: [reconnect, proxy, radio, reprobe, reset, usb, hub-power]
    required: true
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
    description: Finds the modem and touches nothing.
    support: full
  diff_mode:
    description: A step has evidence from before and after instead.
    support: none
author:
  - The modemfarm authors (@modemfarm)
"""

EXAMPLES = r"""
- name: Restart a modem that has hung itself up
  modem_reset:
    modem: "867584030000017"
    step: reset
"""

RETURN = r"""
modem: {description: IMEI of the modem, returned: always, type: str, sample: "867584030000017"}
step: {description: The step, returned: always, type: str, sample: reset}
seconds: {description: How long it took, returned: success, type: float, sample: 14.2}
before:
  description: What the modem looked like before the step; C(port) is about its proxy.
  returned: success, and failure of a step that had begun
  type: dict
  sample: {usb_path: 1-1, devnum: "7", registration: searching, rssi_dbm: -97, port: null}
after:
  description: What it looked like after the step.
  returned: success
  type: dict
  sample: {usb_path: 1-1, devnum: "8", registration: home, rssi_dbm: -71, port: null}
correlation:
  description: Id of the rows in the modem's log
  returned: success
  type: str
  sample: 5f0c9a7be1d24c36
error: {description: Class of the error, returned: failure, type: str, sample: CommandTimeoutError}
command: {description: What failed, returned: failure, type: str, sample: step reset}
remedy:
  description: What to do about it
  returned: failure
  type: str
  sample: power-cycle its hub port
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.modemfarm.tasks.common import end
from ..module_utils.modemfarm.tasks.reset import ARGUMENTS, run


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    end(module, run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
