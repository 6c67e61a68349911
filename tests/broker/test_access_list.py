"""The list of rights that the containers' broker uses, at a real mosquitto with that broker's own configuration."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from migpt_cli.checkout import ROOT
from migpt_shared.reference import acl
from tests.access_rights import REFUSED, USERS, Door, Listener, assert_everybody_keeps_to_their_topics, listening

_PASSWORD = "not-guessed"


def hashed(user: str, password: str) -> str:
    """A line of mosquitto's password file: PBKDF2 with SHA-512."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101)
    return f"{user}:$7$101${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def guarded_broker(program: Path, folder: Path, rights: str) -> Iterator[int]:
    """mosquitto as the container starts it, but for port and places; gives its port."""
    port = free_port()
    (folder / "passwords").write_text("".join(hashed(user, _PASSWORD) for user in USERS))
    (folder / "acl").write_text(rights)
    for name in ("passwords", "acl"):
        (folder / name).chmod(0o600)
    config = (ROOT / "mosquitto" / "container.conf").read_text() + (ROOT / "mosquitto" / "common.conf").read_text()
    config = config.replace("listener 1883", f"listener {port} 127.0.0.1")
    config = config.replace("/access/passwords", str(folder / "passwords")).replace("/tmp/acl", str(folder / "acl"))
    if os.geteuid() == 0:
        config += "\nuser root\n"
    (folder / "mosquitto.conf").write_text(config)
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen([program, "-c", folder / "mosquitto.conf"], stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 20
        while True:
            assert process.poll() is None, log.read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def door(user: str, port: int, password: str | None = _PASSWORD) -> Door:
    return Door(user, password, "127.0.0.1", port)


@contextmanager
def everybody(port: int) -> Iterator[dict[str, Listener]]:
    with ExitStack() as stack:
        yield {user: stack.enter_context(listening(door(user, port), "migpt/#")) for user in USERS}


def test_everybody_keeps_to_their_topics(mosquitto: Path, tmp_path: Path) -> None:
    with guarded_broker(mosquitto, tmp_path, (ROOT / "mosquitto" / "acl").read_text()) as port, everybody(port) as all_:
        assert_everybody_keeps_to_their_topics(all_)


def test_the_trial_notices_a_right_too_many(mosquitto: Path, tmp_path: Path) -> None:
    loose = re.sub(r"^user brain$", "user brain\ntopic write migpt/+/+/heard", acl(), flags=re.MULTILINE)
    with (
        guarded_broker(mosquitto, tmp_path, loose) as port,
        everybody(port) as all_,
        pytest.raises(AssertionError, match="brain wrote migpt/trial/trial/heard"),
    ):
        assert_everybody_keeps_to_their_topics(all_)


def test_only_home_assistant_and_the_bridge_use_its_topics(mosquitto: Path, tmp_path: Path) -> None:
    with guarded_broker(mosquitto, tmp_path, acl()) as port:
        for user in USERS:
            is_allowed = user in ("ha_bridge", "home_assistant")
            code = door(user, port).publish("homeassistant/device/migpt/config", "{}")
            assert (code != REFUSED) == is_allowed, f"{user} was answered {code:#x}"
        assert door("ha_bridge", port).publish("homeassistant/status", "online") == REFUSED


@pytest.mark.parametrize(("user", "password"), [("", None), ("brain", "wrong"), ("nobody", _PASSWORD)])
def test_nobody_comes_in_without_a_password(mosquitto: Path, tmp_path: Path, user: str, password: str | None) -> None:
    with guarded_broker(mosquitto, tmp_path, acl()) as port:
        assert door(user, port, password).knock() in (0x86, 0x87)
