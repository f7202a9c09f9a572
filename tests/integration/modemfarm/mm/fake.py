# SPDX-License-Identifier: GPL-3.0-or-later
"""A ModemManager of two modems: what of it the product uses, as its introspection describes it."""

from typing import Any

from .service import Refusal, Service

NAME = "org.freedesktop.ModemManager1"
ROOT = "/org/freedesktop/ModemManager1"
MODEM = f"{NAME}.Modem"
NETWORK = f"{MODEM}.Modem3gpp"
MESSAGING = f"{MODEM}.Messaging"
USSD = f"{NETWORK}.Ussd"
SMS = f"{NAME}.Sms"
ERROR = f"{NAME}.Error."
FIRST, SECOND = "867584030000017", "867584030000025"
IDLE, ACTIVE, USER_RESPONSE = 1, 2, 3


class FakeModemManager(Service):
    """`outbox` has what was sent; a test changes methods and properties to what it needs."""

    def __init__(self, path: str) -> None:
        self.outbox: list[dict[str, Any]] = []
        self._number = 0
        super().__init__(path, NAME)
        self.methods |= {
            (MESSAGING, "Create"): self.create,
            (MESSAGING, "Delete"): self.delete,
            (SMS, "Send"): self.send,
            (USSD, "Initiate"): self.initiate,
            (USSD, "Respond"): self.initiate,
            (USSD, "Cancel"): self.cancel,
            (NAME, "InhibitDevice"): self.inhibit,
        }
        self.add(0, FIRST, "1-1")
        self.add(1, SECOND, "1-2")

    def modem(self, number: int) -> str:
        """The path of a modem's object."""
        return f"{ROOT}/Modem/{number}"

    def add(self, number: int, imei: str, usb_path: str) -> None:
        """Show a registered modem."""
        self.objects[self.modem(number)] = {
            MODEM: {
                "Device": ("s", f"/sys/devices/platform/vhci_hcd.0/usb1/{usb_path}"),
                "EquipmentIdentifier": ("s", imei),
                "State": ("i", 8),
                "PrimaryPort": ("s", f"cdc-wdm{number}"),
                "AccessTechnologies": ("u", 1 << 14),
                "SignalQuality": ("(ub)", (71, True)),
                "Sim": ("o", f"{ROOT}/SIM/{number}"),
                "Bearers": ("ao", [f"{ROOT}/Bearer/{number}"]),
                "UnlockRetries": ("a{uu}", {2: 3}),
            },
            NETWORK: {
                "RegistrationState": ("u", 1),
                "OperatorCode": ("s", "26299"),
                "OperatorName": ("s", "Lab"),
            },
            MESSAGING: {"Messages": ("ao", [])},
            USSD: {
                "State": ("u", IDLE),
                "NetworkNotification": ("s", ""),
                "NetworkRequest": ("s", ""),
            },
        }
        self.objects[f"{ROOT}/SIM/{number}"] = {
            f"{NAME}.Sim": {
                "SimIdentifier": ("s", f"894902000000000000{number}"),
                "Imsi": ("s", f"26299000000000{number}"),
            }
        }
        self.objects[f"{ROOT}/Bearer/{number}"] = {
            f"{NAME}.Bearer": {
                "Connected": ("b", True),
                "Interface": ("s", f"wwan{number}"),
                "Properties": ("a{sv}", {"apn": ("s", "internet")}),
                "Ip4Config": (
                    "a{sv}",
                    {
                        "method": ("u", 2),
                        "address": ("s", f"100.64.0.1{number}"),
                        "prefix": ("u", 30),
                        "gateway": ("s", "100.64.0.9"),
                    },
                ),
                "Stats": ("a{sv}", {"rx-bytes": ("t", 2**33), "tx-bytes": ("t", 5)}),
            }
        }
        self.hidden |= {f"{ROOT}/SIM/{number}", f"{ROOT}/Bearer/{number}"}

    def add_sms(self, modem: int = 0, **properties: tuple[str, Any]) -> int:
        """A message of a modem; received unless the properties say other things."""
        number, self._number = self._number, self._number + 1
        path = f"{ROOT}/SMS/{number}"
        self.objects[path] = {
            SMS: {
                "State": ("u", 3),
                "PduType": ("u", 1),
                "Number": ("s", "+491510000002"),
                "Text": ("s", "hello"),
                "Data": ("ay", []),
                "SMSC": ("s", "+491710760000"),
                "Validity": ("(uv)", (0, ("b", False))),
                "Timestamp": ("s", "2026-01-31T12:00:00+01"),
                "DischargeTimestamp": ("s", ""),
                "DeliveryState": ("u", 0x100),
                "MessageReference": ("u", 0),
                "Storage": ("u", 2),
                **properties,
            }
        }
        self.hidden.add(path)
        self._list(self.modem(modem)).append(path)
        return number

    def messages(self, modem: int = 0) -> list[str]:
        """Paths of a modem's messages."""
        return list(self._list(self.modem(modem)))

    def _list(self, modem: str) -> list[str]:
        return self.properties(modem, MESSAGING)["Messages"][1]

    def create(self, path: str, wanted: dict[str, Any]) -> Any:
        number = self.add_sms(
            int(path.rpartition("/")[2]),
            State=("u", 0),
            PduType=("u", 2),
            Number=("s", wanted["number"]),
            Text=("s", wanted["text"]),
            Timestamp=("s", ""),
            Storage=("u", 0),
        )
        self.outbox.append(wanted)
        return "o", (f"{ROOT}/SMS/{number}",)

    def send(self, path: str) -> Any:
        self.properties(path, SMS).update(State=("u", 5), MessageReference=("u", len(self.outbox)))

    def delete(self, path: str, message: str) -> Any:
        if message not in self._list(path):
            raise Refusal(ERROR + "Core.NotFound")
        self._list(path).remove(message)
        del self.objects[message]

    def initiate(self, _: str, code: str) -> Any:
        return "s", (f"You said {code}; balance 9,99 €",)

    def cancel(self, path: str) -> Any:
        self.properties(path, USSD)["State"] = ("u", IDLE)

    def inhibit(self, _: str, device: str, on: bool) -> Any:
        """Uninhibited, the first modem has another number."""
        path = self.modem(0)
        if on:
            self.objects.pop(path)
        else:
            self.add(7, FIRST, device.rpartition("/")[2])
