# SPDX-License-Identifier: GPL-3.0-or-later
"""One function in a thread, with its result or FarmError.

concurrent.futures does more, but importing it costs as much as a probe takes (it loads logging).
"""

import threading
from collections.abc import Callable

from ..errors import FarmError, ToolError


class Background:
    """Runs `function` at once; `ended` is called from its thread when it is over."""

    def __init__(self, function: Callable[[], str], ended: Callable[[], object]) -> None:
        self._function = function
        self._ended = ended
        self._over = False
        self._value: str | None = None
        self._error: FarmError | None = None
        # A probe ends by its own deadline; a run that fails otherwise must not wait for it.
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def done(self) -> bool:
        """True when there is a result, or an error."""
        return self._over

    def result(self) -> str:
        """The result; raises its FarmError. Waits when it is not done."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        if self._value is None:
            raise ToolError("a thread ended without a result", "report this with the log")
        return self._value

    def _run(self) -> None:
        try:
            self._value = self._function()
        except FarmError as error:
            self._error = error
        except OSError as error:
            self._error = ToolError(str(error), "see the journal of this host")
        finally:
            self._over = True
            self._ended()
