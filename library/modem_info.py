#!/usr/bin/python
# Copyright: (c) 2026, the modemfarm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module modem_info: a thin face of modemfarm.info."""

DOCUMENTATION = r"""
module: modem_info
short_description: Gather facts of the EC25 modems on the USB of a host
version_added: "0.1.0"
description:
  - Reads sysfs, so ports are joined to their modem by USB path and interface number.
  - Asks all modems at once, over the farm's own AT port and over QMI beside ModemManager.
  - A modem that cannot be asked has a reason in its row, and the others go on.
options:
  modems:
    description: IMEIs or USB paths. All modems of the host when empty.
    type: list
    elements: str
    default: []
  gather:
    description:
      - What to ask for. V(none) asks nothing and shows what sysfs knows, V(all) is everything.
      - V(qmi) is what qmicli says, the others come by AT.
    type: list
    elements: str
    choices:
      - identity
      - sim
      - signal
      - cells
      - network
      - bearer
      - config
      - hardware
      - messages
      - voice
      - qmi
      - all
      - none
    default: [identity, sim, signal, network]
  correlation:
    description: Id that the rows in the modems' logs carry. A random one when empty.
    type: str
    default: ""
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
- name: See which modems are plugged in
  modem_info:
  register: found

- name: Everything about one of them
  modem_info:
    modems: ["867584030000017"]
    gather: [all]
"""

RETURN = r"""
modems:
  description: One row per modem, ordered by USB path.
  returned: success
  type: list
  elements: dict
  contains:
    usb_path: {description: sysfs name of the USB device, type: str, sample: 1-1.4}
    composition: {description: "qmi, ecm, mbim, rndis or unknown", type: str, sample: qmi}
    ports: {description: ttys by USB interface number, type: dict, sample: {"3": ttyUSB3}}
    at_port: {description: The AT port the farm uses, type: str, sample: ttyUSB3}
    cdc_wdm: {description: QMI control device, type: str, sample: cdc-wdm0}
    interface: {description: Network interface, type: str, sample: wwan0}
    serial: {description: IMEI, type: str, sample: "867584030000017"}
    iccid: {description: SIM, type: str, sample: "89490200001234567890"}
    imsi: {description: Subscriber, type: str, sample: "262011234567890"}
    model: {description: Model, type: str, sample: EC25}
    revision: {description: Firmware, type: str, sample: EC25EUXGAR08A01M1G}
    product: {description: Product string of the USB device, type: str, sample: EC25-EUX}
    usb_serial: {description: Serial string of the USB device, type: str, sample: ""}
    at:
      description: Answers by name; their fields carry their units.
      type: dict
      sample: {detailed_signal: {technology: LTE, rsrp_dbm: -97, rsrq_db: -10, sinr_db: 13.4}}
    qmi:
      description: What qmicli says, by section; null for one that could not be read.
      type: dict
      sample: {settings: {address: 10.64.1.2, prefix: 30, mtu: 1500}}
    errors:
      description: Why a single answer is missing, by its name.
      type: dict
      sample: {own_numbers: SIM not inserted}
    error: {description: Why the modem could not be asked, type: str, sample: null}
correlation:
  description: Id of the rows in the modems' logs
  returned: success
  type: str
  sample: 5f0c9a7be1d24c36
error: {description: Class of the error, returned: failure, type: str, sample: InvalidValueError}
remedy:
  description: What to do about it
  returned: failure
  type: str
  sample: "allowed: identity, sim"
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.modemfarm.tasks.common import end
from ..module_utils.modemfarm.tasks.info import ARGUMENTS, run


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    end(module, run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
