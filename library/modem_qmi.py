#!/usr/bin/python
# Copyright: (c) 2026, the modemfarm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module modem_qmi: a thin face of modemfarm.qmi."""

DOCUMENTATION = r"""
module: modem_qmi
short_description: Ask a modem over QMI
version_added: "0.2.0"
description:
  - Asks through qmicli and qmi-proxy, so ModemManager goes on working at the same time.
  - Only questions of a closed list; none of them changes anything.
options:
  modem:
    description: IMEI, or USB path such as C(1-1.4).
    type: str
    required: true
  queries:
    description:
      - Names such as V(signal-info) or qmicli's own V(nas-get-signal-info).
        A wrong one is answered with the list.
    type: list
    elements: str
    required: true
  role:
    description: Who asks; a network scan stops the data meanwhile and needs an operator.
    type: str
    choices: [viewer, operator, admin]
    default: viewer
  correlation:
    description: Id that the rows in the modem's log carry. A random one when empty.
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
- name: Signal and traffic
  modem_qmi:
    modem: "867584030000017"
    queries: [signal-info, packet-statistics]
"""

RETURN = r"""
modem: {description: IMEI of the modem, returned: always, type: str, sample: "867584030000017"}
answers:
  description: One value per query, by the name that was asked with.
  returned: success
  type: dict
  sample: {signal-info: {lte: {rsrp_dbm: -98, rsrq_db: -10, rssi_dbm: -70, snr_db: 13.2}}}
correlation:
  description: Id of the rows in the modem's log
  returned: success
  type: str
  sample: 5f0c9a7be1d24c36
error: {description: Class of the error, returned: failure, type: str, sample: OutOfCallError}
command: {description: What failed, returned: failure, type: str, sample: wds-get-current-settings}
remedy: {description: What to do about it, returned: failure, type: str, sample: connect the modem}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.modemfarm.tasks.common import end
from ..module_utils.modemfarm.tasks.qmi import ARGUMENTS, run


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    end(module, run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
