# SPDX-License-Identifier: GPL-3.0-or-later
"""The faces in library/: arguments in, documented results out, errors as fail_json."""

import importlib
import json

import pytest
import yaml
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args

NAMES = ("apply", "at", "config", "egress", "info", "qmi", "reset", "settings", "sms")
MODULES = [*(f"modem_{name}" for name in NAMES), "proxy_switch"]


def load(name):
    return importlib.import_module(f"ansible.modules.{name}")


def run(name, capsys, **arguments):
    with patch_module_args(arguments), pytest.raises(SystemExit):
        load(name).main()
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", MODULES)
def test_documentation_matches_the_arguments(name, monkeypatch):
    module = load(name)
    seen = {}

    class Stop(Exception):
        pass

    def fake(*, argument_spec, supports_check_mode):
        seen.update(argument_spec)
        assert supports_check_mode is True
        raise Stop

    monkeypatch.setattr(module, "AnsibleModule", fake)
    with pytest.raises(Stop):
        module.main()
    options = yaml.safe_load(module.DOCUMENTATION)["options"]
    assert set(options) == set(seen)
    for option, spec in seen.items():
        assert options[option]["type"] == spec["type"]
        for field in ("default", "choices", "elements", "required"):
            assert options[option].get(field) == spec.get(field), (option, field)
    (example, *_) = yaml.safe_load(module.EXAMPLES)
    assert set(example[name] or {}) <= set(options)
    returned = yaml.safe_load(module.RETURN)
    assert all(value["description"] and value["returned"] for value in returned.values())


def test_apply_fails_with_a_remedy(capsys, tmp_path):
    result = run("modem_apply", capsys, settings=str(tmp_path / "farm.json"))
    assert result["failed"] is True
    assert "farm.json" in result["msg"]
    assert result["remedy"] == "run the role farm on this host"


@pytest.mark.parametrize("wait", [-1, 601])
def test_apply_refuses_a_wait_without_bounds(capsys, wait):
    assert "allowed: 0 to 600" in run("modem_apply", capsys, wait=wait)["msg"]


def test_apply_returns_what_the_batch_says(capsys, monkeypatch):
    load("modem_apply")
    calls = []

    class Result:
        def as_dict(self):
            return {"changed": True, "diff": [], "modems": [{"serial": "867584030000017"}]}

    def fake(*args, **kwargs):
        calls.append((args, kwargs))
        return Result()

    arguments = importlib.import_module("ansible.module_utils.modemfarm.apply.arguments")
    monkeypatch.setattr(arguments, "apply_batch", fake)
    result = run("modem_apply", capsys, serials=["867584030000017"], _ansible_check_mode=True)
    assert (result["changed"], result["modems"]) == (True, [{"serial": "867584030000017"}])
    (args, kwargs) = calls[0]
    assert args == (
        ["867584030000017"], "/etc/modemfarm/farm.json", "/var/lib/modemfarm/modems.json",
    )  # fmt: skip
    assert kwargs == {"wait": 45, "check_mode": True, "prove": True}


def test_info_documents_every_field(capsys, monkeypatch, tmp_path, make_modem):
    module = load("modem_info")
    make_modem("1-3", 2)
    here = importlib.import_module("ansible.module_utils.modemfarm.tasks.common").Here
    real, host = module.run, here(tmp_path, tmp_path, tmp_path / "spool")
    monkeypatch.setattr(module, "run", lambda params, check_mode: real(params, check_mode, host))
    (row,) = run("modem_info", capsys)["modems"]
    assert set(row) == set(yaml.safe_load(module.RETURN)["modems"]["contains"])
    assert (row["usb_path"], row["at_port"], row["serial"]) == ("1-3", "ttyUSB11", None)
    assert "ttyUSB11 is not there" in row["error"]
    (row,) = run("modem_info", capsys, gather=["none"])["modems"]
    assert row["error"] is None


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("modem_at", {"commands": ["AT"]}),
        ("modem_qmi", {"queries": ["ids"]}),
        ("modem_sms", {"action": "list"}),
        ("modem_config", {"apn": "internet"}),
        ("modem_reset", {"step": "reset"}),
    ],
)
def test_a_bad_name_fails_with_class_and_remedy(name, arguments, capsys):
    result = run(name, capsys, modem="12345", **arguments)
    assert (result["failed"], result["error"]) == (True, "InvalidValueError")
    assert "15 ASCII digits" in result["remedy"]


def test_a_pin_is_never_in_the_result(capsys):
    result = run("modem_config", capsys, modem="12345", pin="4711")
    assert "4711" not in json.dumps(result)


def test_nothing_of_ours_is_imported_absolutely():
    assert basic is not None
    sources = [load(name).__file__ for name in MODULES]
    for source in sources:
        with open(source, encoding="utf-8") as stream:  # noqa: PTH123
            assert "import modemfarm" not in stream.read()
