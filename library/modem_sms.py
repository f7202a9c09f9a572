#!/usr/bin/python
# Copyright: (c) 2026, the modemfarm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module modem_sms: a thin face of modemfarm.mm.sms."""

DOCUMENTATION = r"""
module: modem_sms
short_description: Send, list, read and delete short messages
version_added: "0.2.0"
description:
  - Goes through ModemManager, which splits and joins long messages and picks the alphabet.
  - Waits in a queue of its own, so a slow message never holds up the modem's health checks.
options:
  modem:
    description: IMEI, or USB path such as C(1-1.4).
    type: str
    required: true
  action:
    description: What to do. V(send) is not repeatable, each run sends a message.
    type: str
    choices: [list, read, send, delete]
    default: list
  number:
    description: Number to send to, 3 to 15 digits with or without a plus sign.
    type: str
  text:
    description: Text to send, 1 to 10 parts. It is in no log.
    type: str
  delivery_report:
    description: Ask the network to say when the message was delivered.
    type: bool
    default: false
  validity:
    description: Minutes for which the network keeps trying, 5 to 635040.
    type: int
  id:
    description: Id of the message to read or delete, as the list shows it.
    type: int
  correlation:
    description: Id that the rows in the modem's log carry. A random one when empty.
    type: str
    default: ""
attributes:
  check_mode:
    description: Checks number and text and tells the cost; sends and deletes nothing.
    support: full
  diff_mode:
    description: A message has no before and after.
    support: none
author:
  - The modemfarm authors (@modemfarm)
"""

EXAMPLES = r"""
- name: See what has come in
  modem_sms:
    modem: "867584030000017"
  register: inbox

- name: Send a message and ask for a report
  modem_sms:
    modem: "867584030000017"
    action: send
    number: "+491511234567"
    text: Server room is too warm
    delivery_report: true
"""

RETURN = r"""
modem: {description: IMEI of the modem, returned: always, type: str, sample: "867584030000017"}
messages:
  description: Messages as ModemManager keeps them.
  returned: with action list or read
  type: list
  elements: dict
  sample: [{id: 3, state: received, type: deliver, number: "+491511234567", text: hello}]
sent:
  description: The message that the network has taken.
  returned: with action send, not in check mode
  type: dict
  sample: {id: 4, number: "+491511234567", parts: 1, encoding: gsm7, state: sent, reference: 17}
cost:
  description: Encoding, units and parts of the text.
  returned: with action send
  type: dict
  sample: {encoding: gsm7, units: 23, parts: 1}
correlation:
  description: Id of the rows in the modem's log
  returned: success
  type: str
  sample: 5f0c9a7be1d24c36
error: {description: Class of the error, returned: failure, type: str, sample: NoServiceError}
command: {description: What failed, returned: failure, type: str, sample: send +491511234567}
remedy: {description: What to do about it, returned: failure, type: str, sample: look at the signal}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.modemfarm.tasks.common import end
from ..module_utils.modemfarm.tasks.sms import ARGUMENTS, run


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    end(module, run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
