#!/usr/bin/python
# Copyright: (c) 2026, the modemfarm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module modem_at: a thin face of modemfarm.dialogue."""

DOCUMENTATION = r"""
module: modem_at
short_description: Send AT commands to a modem
version_added: "0.2.0"
description:
  - Sends commands over the AT port that is the farm's own, so ModemManager's is not disturbed.
  - All commands are checked against the role's grammar before the first one is sent.
    What could lock a SIM, cost money or ruin a modem is refused for every role.
  - The modem confirms its IMEI before it gets a command.
options:
  modem:
    description: IMEI, or USB path such as C(1-1.4).
    type: str
    required: true
  commands:
    description: AT commands, sent in this order. One that the modem refuses does not stop the next.
    type: list
    elements: str
    required: true
  role:
    description: What may be sent; viewers read, operators do what is safe, admins change settings.
    type: str
    choices: [viewer, operator, admin]
    default: viewer
  wait:
    description: Seconds to wait for the port while another program holds it.
    type: int
    default: 10
  correlation:
    description: Id that the rows in the modem's log carry. A random one when empty.
    type: str
    default: ""
attributes:
  check_mode:
    description: Sends what only reads, and tells what else would be sent.
    support: full
  diff_mode:
    description: A command has no before and after.
    support: none
author:
  - The modemfarm authors (@modemfarm)
"""

EXAMPLES = r"""
- name: Ask for signal and serving cell
  modem_at:
    modem: "867584030000017"
    commands: ["AT+QCSQ", 'AT+QENG="servingcell"']
  register: radio

- name: Look for an operator by itself again
  modem_at:
    modem: "867584030000017"
    commands: ["AT+COPS=0"]
    role: operator
"""

RETURN = r"""
modem:
  description: IMEI or USB path as asked for
  returned: always
  type: str
  sample: "867584030000017"
answers:
  description: One row per command that was sent, in order.
  returned: always
  type: list
  elements: dict
  contains:
    command: {description: The command, type: str, sample: AT+CSQ}
    lines: {description: Lines of the answer, type: list, elements: str, sample: ["+CSQ: 20,99"]}
    result: {description: OK or ERROR, type: str, sample: OK}
    error: {description: Fields of the error where the modem refused, type: dict, sample: {}}
    milliseconds: {description: How long it took, type: float, sample: 12.5}
skipped_commands:
  description: What check mode did not send.
  returned: in check mode
  type: list
  elements: str
  sample: [AT+COPS=0]
correlation:
  description: Id of the rows in the modem's log
  returned: always
  type: str
  sample: 5f0c9a7be1d24c36
error: {description: Class of the error, returned: failure, type: str, sample: CommandRefusedError}
command: {description: The command that failed, returned: failure, type: str, sample: AT+CFUN=0}
remedy: {description: What to do about it, returned: failure, type: str, sample: use modem_reset}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.modemfarm.tasks.at import ARGUMENTS, run
from ..module_utils.modemfarm.tasks.common import end


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    end(module, run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
