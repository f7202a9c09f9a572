# SPDX-License-Identifier: GPL-3.0-or-later
"""The written configurations in the real engines: what is served, and what is refused."""

import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

from modemfarm.apply.plan import listens, render_config
from modemfarm.apply.probe import ProbeError, answers
from modemfarm.apply.sockets import describe_holders, read_listeners
from modemfarm.proxy.plan import proxy_plan
from modemfarm.reset.instance import REFUSED_URL

from .conftest import inside

LISTEN_CAP_S = 10
LAN = "192.168.1.100"
CONNECT, BIND, UDP = 1, 2, 3
REFUSED = {"1", "2", "4", "5", "7", "8", "closed"}


def config_text(settings, slot):
    return render_config(settings, proxy_plan(settings, slot))


def start(net, program, suffix, folder):
    """Run an engine for slot 1 as its uid and wait for its port."""
    slot = net.settings.slot(1)
    path = folder / f"1.{suffix}"
    path.write_text(config_text(net.settings, slot))
    drop = ("setpriv", f"--reuid={slot.uid}", f"--regid={slot.uid}", "--clear-groups")
    process = subprocess.Popen(
        ("ip", "netns", "exec", net.host, *drop, *program, str(path)),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + LISTEN_CAP_S
    while f":{slot.port} " not in net.sh(net.host, "ss", "-Hltn"):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def stop(process):
    process.kill()
    process.wait(10)


def reachable(tmp_path_factory):
    """A folder that the uid of a slot may read."""
    folder = tmp_path_factory.mktemp("px")
    for parent in (folder, folder.parent, folder.parent.parent):
        parent.chmod(0o755)
    return folder


@pytest.fixture
def served(farm, threeproxy, tmp_path_factory):
    """3proxy in slot 1, with a program and a folder that its uid may read."""
    net, _ = farm
    folder = reachable(tmp_path_factory)
    program = shutil.copy(threeproxy, folder / "3proxy")
    process = start(net, (program,), "cfg", folder)
    yield net
    stop(process)


@pytest.fixture
def served_v2ray(farm, tmp_path_factory):
    """v2ray in slot 1."""
    program = shutil.which("v2ray")
    if program is None:
        pytest.skip("v2ray is not installed")
    net, _ = farm
    net.settings = dataclasses.replace(net.settings, engine="v2ray")
    folder = reachable(tmp_path_factory)
    process = start(net, (program, "-config"), "json", folder)
    yield net
    stop(process)


def http(net, where, namespace=None):
    return net.tool(namespace or net.lan, "get", LAN, 3128, where)


def socks(net, port, command, kind, address, target):
    return net.tool(net.lan, "socks", LAN, port, command, kind, address, target)


PRIVATE = ["127.0.0.1:3128", "192.168.1.100:3128", "192.168.1.50:80", "10.64.1.1:80",
           "10.64.2.1:80", "169.254.169.254:80", "private.lab.test:3128",
           "203.0.113.10:25", "203.0.113.10:465", "203.0.113.10:587"]  # fmt: skip


def test_3proxy_serves_through_its_modem(served):
    assert http(served, "203.0.113.10:80") == "200 one 10.64.1.2"
    assert http(served, "ip.lab.test:80") == "200 one 10.64.1.2"
    assert http(served, "203.0.113.10:80", served.host) == "200 one 10.64.1.2"
    assert socks(served, 3128, CONNECT, "4", "203.0.113.10", 80) == "0"
    assert socks(served, 3128, CONNECT, "n", "ip.lab.test", 80) == "0"


@pytest.mark.parametrize("where", PRIVATE)
def test_3proxy_refuses_private_targets_and_mail(served, where):
    assert http(served, where).split()[0] == "403"


@pytest.mark.parametrize(
    ("command", "kind", "address"),
    [
        (BIND, "4", "203.0.113.10"),
        (UDP, "4", "203.0.113.10"),
        (CONNECT, "6", "::ffff:127.0.0.1"),
        (CONNECT, "6", "2001:db8::10"),
        (CONNECT, "4", "127.0.0.1"),
        (CONNECT, "n", "private.lab.test"),
    ],
)
def test_3proxy_refuses_what_opens_ports_or_goes_around(served, command, kind, address):
    assert socks(served, 3128, command, kind, address, 80) in REFUSED


def test_3proxy_refuses_strangers(served):
    served.sh(served.host, "ip", "address", "add", "192.168.7.1/24", "dev", "lan0")
    served.sh(served.lan, "ip", "address", "add", "192.168.7.2/24", "dev", "p-lan0")
    served.sh(served.lan, "ip", "route", "add", "192.168.1.100/32", "dev", "p-lan0",
              "src", "192.168.7.2")  # fmt: skip
    assert http(served, "203.0.113.10:80").split()[0] == "403"


def test_3proxy_is_cut_off_with_its_modem_and_comes_back_by_itself(served):
    served.sh(served.host, "ip", "link", "set", "wwan0", "down")
    assert http(served, "203.0.113.10:80").split()[0] in ("502", "503", "500")
    assert http(served, "ip.lab.test:80").split()[0] in ("502", "503", "500")
    served.sh(served.host, "ip", "link", "set", "wwan0", "up")
    served.route(1001, "wwan0", "10.64.1.1")
    assert http(served, "203.0.113.10:80") == "200 one 10.64.1.2"


def test_v2ray_serves_through_its_modem(served_v2ray):
    net = served_v2ray
    assert http(net, "203.0.113.10:80") == "200 one 10.64.1.2"
    assert http(net, "ip.lab.test:80") == "200 one 10.64.1.2"
    assert http(net, "203.0.113.10:80", net.host) == "200 one 10.64.1.2"
    assert socks(net, 4128, CONNECT, "4", "203.0.113.10", 80) == "0"


@pytest.mark.parametrize("where", PRIVATE)
def test_v2ray_refuses_private_targets_and_mail(served_v2ray, where):
    assert "200" not in http(served_v2ray, where)


def test_v2ray_is_cut_off_with_its_modem(served_v2ray):
    net = served_v2ray
    net.sh(net.host, "ip", "link", "set", "wwan0", "down")
    assert "200" not in http(net, "203.0.113.10:80")


def asked(net):
    """What the farm's own look at port 3128 says."""
    with inside(net.host):
        return answers(net.settings.lan_address, 3128, REFUSED_URL, time.monotonic())


def listening(net):
    with inside(net.host):
        return listens(read_listeners(), net.settings.lan_address, net.settings.slot(1))


def test_a_proxy_answers_for_itself_also_without_data(served):
    """What the repair step `proxy` proves does not depend on the modem."""
    assert listening(served)
    assert asked(served) == "answers"
    served.sh(served.host, "ip", "link", "set", "wwan0", "down")
    began = time.monotonic()
    assert asked(served) == "answers"
    assert time.monotonic() - began < 3


def test_v2ray_answers_for_itself_also_without_data(served_v2ray):
    served_v2ray.sh(served_v2ray.host, "ip", "link", "set", "wwan0", "down")
    assert listening(served_v2ray)
    assert asked(served_v2ray) == "answers"


def test_a_stopped_proxy_is_found_though_the_kernel_takes_connections(
    farm, threeproxy, tmp_path_factory, monkeypatch
):
    monkeypatch.setattr("modemfarm.apply.probe.REQUEST_TIMEOUT_S", 1.0)
    net, _ = farm
    folder = reachable(tmp_path_factory)
    process = start(net, (shutil.copy(threeproxy, folder / "3proxy"),), "cfg", folder)
    try:
        process.send_signal(signal.SIGSTOP)
        assert listening(net)
        with pytest.raises(ProbeError, match="no answer within"):
            asked(net)
        # 3proxy takes SIGCONT for its own command "pause" and gives its ports up: only a restart
        # of the instance mends it.
        process.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + LISTEN_CAP_S
        while listening(net):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert process.poll() is None
    finally:
        stop(process)


def test_a_deaf_proxy_lives_and_does_not_listen(farm, threeproxy, tmp_path_factory):
    """With a foreign process on its port 3proxy stays alive: its state proves nothing."""
    net, _ = farm
    folder = reachable(tmp_path_factory)
    program = shutil.copy(threeproxy, folder / "3proxy")
    with inside(net.host):
        foreign = socket.create_server((LAN, 3128))
    with foreign:
        path = folder / "1.cfg"
        path.write_text(config_text(net.settings, net.settings.slot(1)))
        process = subprocess.Popen(
            ("ip", "netns", "exec", net.host, "setpriv", "--reuid=61001", "--regid=61001",
             "--clear-groups", program, str(path)),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            time.sleep(1.0)  # it would listen after 20 ms; nothing tells that it never will
            assert process.poll() is None
            assert not listening(net)
            with inside(net.host):
                found = read_listeners()
            strangers = [item for item in found if item.port == 3128]
            assert f"pid {os.getpid()} " in describe_holders(strangers)[3128]
        finally:
            stop(process)
