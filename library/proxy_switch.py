#!/usr/bin/python
# Copyright: (c) 2026, the modemfarm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module proxy_switch: a thin face of modemfarm.proxy.switch."""

DOCUMENTATION = r"""
module: proxy_switch
short_description: Change the program of running 3proxy instances, one after another
version_added: "0.4.0"
description:
  - Asks the new program whether it takes the configuration of each instance, switches the link that
    the units start, and restarts each instance that still runs another program.
  - An instance has to do afterwards what it did before, which is seen by requests through its port.
    The first that does not ends the roll. The former program is put back behind the link and behind
    the instances that were restarted, and the task fails.
  - Instances that run the program already are not touched, so a run that was ended in the middle is
    finished by the next one.
options:
  program:
    description: The program to run.
    type: path
    required: true
  link:
    description: The link that the units start.
    type: path
    default: /usr/local/3proxy/sbin/3proxy
  settings:
    description: Settings of this host, for the targets that echo an address.
    type: path
    default: /etc/modemfarm/farm.json
attributes:
  check_mode:
    description: Says whether the link or an instance would be changed, and touches nothing.
    support: full
  diff_mode:
    description: Shows where the link leads before and after.
    support: full
author:
  - The modemfarm authors (@modemfarm)
"""

EXAMPLES = r"""
- name: Run version 1.0.0
  proxy_switch:
    program: /usr/local/3proxy/versions/1.0.0-d4348bac-2/3proxy
"""

RETURN = r"""
before:
  description: Where the link led; none where there was no link.
  returned: success
  type: str
  sample: /usr/local/3proxy/versions/0.9.9-11aa22bb-2/3proxy
after:
  description: Where it leads now
  returned: success
  type: str
  sample: /usr/local/3proxy/versions/1.0.0-d4348bac-2/3proxy
restarted:
  description: Units in the order in which they were restarted
  returned: success
  type: list
  elements: str
  sample: [3proxy@1.service]
error: {description: Class of the error, returned: failure, type: str, sample: ToolError}
remedy:
  description: What to do about it
  returned: failure
  type: str
  sample: see `journalctl -u 3proxy@2.service`
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.modemfarm.tasks.common import end
from ..module_utils.modemfarm.tasks.proxy import ARGUMENTS, run


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    end(module, run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
