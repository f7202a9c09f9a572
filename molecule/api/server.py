# SPDX-License-Identifier: GPL-3.0-or-later
"""The container of the scenario roles, with what agent and API need in its image."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "roles"))

import container

container.PACKAGES += "python3-cryptography python3-serial python3-venv".split()
sys.exit(container.main())
