#!/usr/bin/python
# Copyright: (c) 2026, the modemfarm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module modem_info: a thin face of modemfarm.info."""

DOCUMENTATION = r"""
module: modem_info
short_description: List the EC25 modems on the USB of this host
version_added: "0.1.0"
description:
  - Reads sysfs, so ports are joined to their modem by USB path and interface number.
  - Asks each modem who it is over its own AT port when that port is free.
options:
  identity:
    description: Ask the modems for IMEI, ICCID, IMSI, model and revision.
    type: bool
    default: true
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: full
author:
  - The modemfarm authors (@modemfarm)
"""

EXAMPLES = r"""
- name: See which modems are plugged in
  modem_info:
  register: found
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
    error: {description: Why a modem could not be asked, type: str, sample: null}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.modemfarm.info import modem_facts


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"identity": {"type": "bool", "default": True}},
        supports_check_mode=True,
    )
    module.exit_json(changed=False, modems=modem_facts(module.params["identity"]))


if __name__ == "__main__":
    main()
