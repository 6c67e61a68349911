"""miservice-fork's own `micli`, unmodified, against the simulator under Xiaomi's real host names and with verified TLS.

It runs in a mount and network namespace of its own: /etc/hosts points the hosts to loopback, port 443 is free, and a
certificate authority made for the test is the only one trusted. Without the rights for that the test is skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from migpt_simulator import DEFAULT_ACCOUNT, DEFAULT_PASSWORD, SimulatedHome

pytestmark = pytest.mark.timeout(120)

_HOSTS = ("account.xiaomi.com", "api2.mina.mi.com", "sts.api.io.mi.com", "api.io.mi.com", "userprofile.mina.mi.com")
_MICLI = Path(sys.executable).with_name("micli")
_LIVING_ROOM, _BEDROOM = SimulatedHome().speakers
_KINDS_OF_NAMESPACE = (
    (["unshare", "-mn"], ["-m", "-n"]),  # as root
    (["unshare", "-Urmn"], ["-U", "--preserve-credentials", "-m", "-n"]),  # where users may make namespaces
)


@dataclass(frozen=True, slots=True)
class Namespace:
    """A running simulator and the way into its namespace."""

    pid: int
    enter: list[str]
    home: Path
    authority: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *command: str, **environment: str) -> str:
        """Output of a command inside; fails the test if it takes longer than 30 s."""
        clean = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        done = subprocess.run(
            ["nsenter", "-t", str(self.pid), *self.enter, *command],
            env={**clean, "HOME": str(self.home), "SSL_CERT_FILE": str(self.authority), **environment},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return done.stdout + done.stderr

    def micli(self, *arguments: str, did: str = _LIVING_ROOM.miot_did, password: str = DEFAULT_PASSWORD) -> str:
        secrets = {"MI_USER": DEFAULT_ACCOUNT, "MI_PASS": password, "MI_DID": did, "COLUMNS": "4000"}
        return self.run(str(_MICLI), *arguments, **secrets)

    def control(self, path: str, body: object = None, method: str = "") -> dict[str, object]:
        """Ask the simulator's control API from inside."""
        script = (
            "import json, sys, urllib.request as u\n"
            "path, body, method = sys.argv[1:]\n"
            "data = body.encode() if body != 'null' else None\n"
            "request = u.Request('https://api2.mina.mi.com/control' + path, data, method=method or None)\n"
            "print(u.urlopen(request, timeout=10).read().decode())\n"
        )
        answer = self.run(sys.executable, "-c", script, path, json.dumps(body), method)
        return dict(json.loads(answer))

    def events(self, kind: str) -> list[dict[str, object]]:
        rows = self.control("/journal")["events"]
        assert isinstance(rows, list)
        return [row for row in rows if row["event"] == kind]

    def wait_for(self, kind: str) -> dict[str, object]:
        """The first event of a kind, waited for at most 10 s."""
        since = 0
        for _ in range(50):
            answer = self.control(f"/journal?since={since}&wait_s=10")
            rows = answer["events"]
            assert isinstance(rows, list), answer
            assert rows, f"no {kind} came"
            for row in rows:
                if row["event"] == kind:
                    return dict(row)
            since = rows[-1]["seq"]
        raise AssertionError(f"no {kind} among 50 answers")


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=30)


def _certificates(folder: Path) -> None:
    """ca.pem, and a server certificate (server.pem, server.key) for all the hosts signed by it."""
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    ca_extensions = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
    _openssl(
        folder, "req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test CA",
        *ca_extensions,
    )  # fmt: skip
    _openssl(folder, "req", *new_key, "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={_HOSTS[0]}")
    names = ",".join(f"DNS:{host}" for host in _HOSTS)
    (folder / "extensions").write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
    _openssl(
        folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
        "-out", "server.pem", "-days", "2", "-extfile", "extensions",
    )  # fmt: skip


def _way_into_namespace(hosts: Path) -> tuple[list[str], list[str]]:
    missing = [tool for tool in ("unshare", "nsenter", "ip", "mount", "openssl") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"micli was NOT tried against the simulator: {', '.join(missing)} is missing")
    if not _MICLI.exists():
        pytest.skip("micli was NOT tried against the simulator: miservice-fork is not installed")
    trial = f"mount --bind {hosts} /etc/hosts && ip link set lo up"
    for make, enter in _KINDS_OF_NAMESPACE:
        if subprocess.run([*make, "sh", "-c", trial], capture_output=True, timeout=10, check=False).returncode == 0:
            return make, enter
    pytest.skip("micli was NOT tried against the simulator: no right to make a mount and network namespace")


@pytest.fixture
def namespace(tmp_path: Path) -> Iterator[Namespace]:
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {' '.join(_HOSTS)}\n")
    make, enter = _way_into_namespace(hosts)
    _certificates(tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    serve = [
        sys.executable,
        "-m",
        "migpt_simulator",
        "--port",
        "443",
        "--tls-cert",
        "server.pem",
        "--tls-key",
        "server.key",
    ]
    script = f'mount --bind {hosts} /etc/hosts && ip link set lo up && exec "$@"'
    simulator = subprocess.Popen(
        [*make, "sh", "-c", script, "sh", *serve],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert simulator.stdout is not None
        assert simulator.stderr is not None
        line = simulator.stdout.readline()
        assert line, simulator.stderr.read()
        assert json.loads(line)["xiaomi"] == "https://127.0.0.1:443"
        yield Namespace(simulator.pid, enter, home, tmp_path / "ca.pem")
    finally:
        simulator.terminate()
        assert simulator.wait(timeout=10) == 0
        for stream in (simulator.stdout, simulator.stderr):
            if stream is not None:
                stream.close()


def test_micli_logs_in_once_lists_and_speaks_by_mina_and_miot(namespace: Namespace) -> None:
    listed = namespace.micli("mina")
    assert "客厅小爱" in listed
    assert _LIVING_ROOM.device_id in listed
    assert (namespace.home / ".mi.token").exists()

    assert namespace.micli("message", "晚饭好了").strip() == ""
    spoken = namespace.wait_for("sound_ended")
    assert (spoken["speaker"], spoken["text"]) == ("living_room", "晚饭好了")

    assert json.loads(namespace.micli("5-1", "早上好")) == 0
    accepted = namespace.events("speech_accepted")[-1]
    assert (accepted["text"], accepted["path"]) == ("早上好", "miot")

    names = {row["name"]: row["did"] for row in json.loads(namespace.micli("list"))}
    assert names == {"客厅小爱": _LIVING_ROOM.miot_did, "卧室小爱": _BEDROOM.miot_did}

    logins = namespace.control(f"/accounts/{DEFAULT_ACCOUNT}")["logins"]
    # One password for MiNA; the second sid came from the stored passToken.
    assert logins == {"service_login": 1, "password": 1, "sts": 2}


def test_micli_meets_the_quirks_of_a_model(namespace: Namespace) -> None:
    # On L05C 5-1 is the wake-up, which takes no text; 5-3 speaks.
    assert json.loads(namespace.micli("5-1", "晚安", did=_BEDROOM.miot_did)) == -704220025
    assert json.loads(namespace.micli("5-3", "晚安", did=_BEDROOM.miot_did)) == 0
    assert namespace.wait_for("sound_ended")["text"] == "晚安"
    # MiNA's own text_to_speech succeeds there and nothing is heard.
    assert namespace.micli("message", "听不见", did=_BEDROOM.miot_did).strip() == ""
    assert namespace.events("speech_refused")[-1]["reason"] == "path_is_silent"
    # 5-5 lets LX06 act on a text aloud, 5-3 wakes it.
    assert json.loads(namespace.micli("5-5", "几点了", "#false")) == 0
    assert namespace.wait_for("native_ended")["cut_by"] is None
    assert json.loads(namespace.micli("5-3", "#NA")) == 0
    assert namespace.events("woken")


def test_micli_reads_and_sets_properties_and_plays_a_url(namespace: Namespace) -> None:
    assert json.loads(namespace.micli("2-1=#33")) == [0]
    assert json.loads(namespace.micli("2-1")) == [33]
    assert json.loads(namespace.micli("3-1")) == [None]  # LX06: playing state is not readable
    assert namespace.micli("play", "http://192.168.31.2/a.mp3").strip() == ""
    assert namespace.wait_for("media_started")["title"] == "http://192.168.31.2/a.mp3"
    assert namespace.micli("pause").strip() == ""  # micli's pause is a stop
    assert namespace.wait_for("media_ended")["cut_by"] == "stop"


def test_micli_sees_busy_offline_expired_and_refused_logins(namespace: Namespace) -> None:
    namespace.control("/speakers/living_room/busy", {"calls": 1})
    busy = namespace.micli("message", "忙")
    assert "3012" in busy
    assert "ROM端未响应" in busy
    namespace.control("/speakers/living_room/presence", {"is_online": False})
    assert json.loads(namespace.micli("5-1", "喂")) == -704042011
    assert "Timed out waiting" in namespace.micli("message", "喂")
    namespace.control("/speakers/living_room/presence", {"is_online": True})

    namespace.control(f"/accounts/{DEFAULT_ACCOUNT}/expire", {})
    assert "Auth error" in namespace.micli("message", "又好了")  # its own warning, then it logs in again
    assert namespace.wait_for("sound_started")["text"] == "又好了"

    (namespace.home / ".mi.token").unlink()
    assert "Login failed" in namespace.micli("mina", password="wrong")
    namespace.control(f"/accounts/{DEFAULT_ACCOUNT}", {"needs_captcha": True}, "PATCH")
    assert "87001" in namespace.micli("mina")
    namespace.control(f"/accounts/{DEFAULT_ACCOUNT}", {"needs_captcha": False, "needs_verification": True}, "PATCH")
    assert "KeyError: 'userId'" in namespace.micli("mina")
