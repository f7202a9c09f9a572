# Copyright: modemfarm contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saves modem_apply its module process where Ansible runs on the modem host itself.

The agent's runs use connection `local` and the interpreter that Ansible itself runs in, with the
same package installed: there the batch is applied in this process. From an admin host it is the
ordinary module, shipped and run on the target. docs/adr/0003 has the figures.
"""

import sys
from pathlib import Path

from ansible.plugins.action import ActionBase

try:
    from modemfarm.apply.arguments import ARGUMENTS, run
except ImportError:  # an admin host that has the collection only
    run = None


class ActionModule(ActionBase):
    """In process when nothing separates us from the target, else the module."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        if run is None or not self._is_here(task_vars or {}):
            result.update(self._execute_module(task_vars=task_vars))
            return result
        _, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        result.update(run(arguments, self._play_context.check_mode))
        return result

    def _is_here(self, task_vars):
        interpreter = task_vars.get("ansible_python_interpreter")
        return (
            self._connection.transport == "local"
            and self._connection.become is None
            and isinstance(interpreter, str)
            # Not resolved: two virtual environments may share one interpreter.
            and Path(interpreter).absolute().parent.resolve()
            == Path(sys.executable).parent.resolve()
        )
