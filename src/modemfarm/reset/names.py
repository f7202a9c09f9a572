# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of the repair ladder's steps, for those who only pass them on."""

# What the farm may do by itself, cheapest first.
LADDER = ("reconnect", "proxy", "radio", "reset", "usb", "hub-power")
# reprobe is for a person: ModemManager's view of a modem is mended, nothing of the modem itself.
STEPS = ("reconnect", "proxy", "radio", "reprobe", "reset", "usb", "hub-power")
