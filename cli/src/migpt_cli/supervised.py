"""The entry of the Home Assistant app: `migpt up` with what the Supervisor knows.

The broker and the way to Home Assistant come from the Supervisor's API, the rest from the app's options, or from a
config.toml in the app's folder.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import tomlkit

from migpt_shared.private_file import write_private
from migpt_shared.surroundings import EXIT_UNUSABLE

HOUSEHOLD = "home"
#: Where the Supervisor puts things in the container of an app.
OPTIONS = Path("/data/options.json")
OWN_CONFIG = Path("/config/config.toml")
#: Who asks for pages on behalf of Home Assistant's users; ports as in the app's config.yaml.
_INGRESS, _INGRESS_PORT = "172.30.32.2/32", 5001
_TIMEOUT_S = 20.0


class NotSupervisedError(Exception):
    """What the Supervisor gives is missing. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Broker:
    """What the Supervisor's `mqtt` service says."""

    host: str
    port: int
    username: str
    password: str
    has_tls: bool

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Broker:
        """From the answer of `GET /services/mqtt`; its port is a string there. Raises KeyError, ValueError."""
        return cls(
            host=str(answer["host"]),
            port=int(answer["port"]),
            username=str(answer.get("username") or ""),
            password=str(answer.get("password") or ""),
            has_tls=bool(answer.get("ssl")),
        )

    @property
    def url(self) -> str:
        scheme = "mqtts" if self.has_tls else "mqtt"
        user = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@" if self.username else ""
        return f"{scheme}://{user}{self.host}:{self.port}"


def config_of(options: Mapping[str, Any]) -> str:
    """The app's options as a config.toml. Raises NotSupervisedError when what nobody can guess is missing."""
    account, secret = str(options.get("account") or ""), str(options.get("login_secret") or "")
    if not account or not secret:
        raise NotSupervisedError(
            "请在“配置”里填写小米 ID 和 passToken（或密码）。 "
            "Fill in the Xiaomi ID and passToken (or password) in the configuration tab."
        )
    provider = str(options.get("provider") or "deepseek")
    preset = {key: options[key] for key in ("api_key", "base_url", "model") if options.get(key)}
    routing: dict[str, Any] = {"mode": options.get("mode", "auto")}
    if keywords := [word for word in options.get("ai_keywords") or [] if word]:
        routing["ai_keywords"] = keywords
    return tomlkit.dumps(
        {
            "language": options.get("language", "zh"),
            "households": {
                HOUSEHOLD: {
                    "account": account,
                    "password" if options.get("login_by") == "password" else "pass_token": secret,
                }
            },
            "routing": routing,
            "llm": {"preset": provider, "presets": {provider: preset}},
        }
    )


def environment_for(broker: Broker, data: Path) -> dict[str, str]:
    """What goes before every file: where data is kept, which broker is used, and where the console is reached."""
    return {
        "MIGPT_MQTT__URL": broker.url,
        "MIGPT_DATA_DIR": str(data / "migpt"),
        "MIGPT_LOG_FORMAT": "text",
        "MIGPT_CONSOLE__HOST": "0.0.0.0",  # noqa: S104 - of the container; the Supervisor asks from outside
        "MIGPT_CONSOLE__PORT": str(_INGRESS_PORT),
        "MIGPT_CONSOLE__TRUSTED_PROXIES": json.dumps([_INGRESS]),
    }


def configuration_from(options: Mapping[str, Any], data: Path) -> Path:
    """The configuration that options have become, and what the console has made of it since.

    Other options than the last time begin anew. Raises NotSupervisedError, OSError.
    """
    config, last = data / "config.toml", data / "options.toml"
    text = config_of(options)
    if not config.is_file() or not last.is_file() or last.read_text(encoding="utf-8") != text:
        # Secrets that the console has saved would go before those in the options.
        for saved in (data / "secrets").glob("*.toml"):
            saved.unlink()
        write_private(config, text)
        write_private(last, text)
    return config


def home_assistant_environment(
    households: Mapping[str, Mapping[str, Any]], supervisor: str, token: str
) -> dict[str, str]:
    """The way to Home Assistant through the Supervisor, for the one home that this can only be."""
    if len(households) != 1:
        return {}
    [(name, household)] = households.items()
    # Both a section of its own and one for everybody would be refused.
    section = f"HOUSEHOLDS__{name.upper()}__HOME_ASSISTANT" if "home_assistant" in household else "HOME_ASSISTANT"
    return {f"MIGPT_{section}__URL": f"{supervisor}/core", f"MIGPT_{section}__TOKEN": token}


def ask_supervisor(supervisor: str, token: str, path: str) -> dict[str, Any]:
    """The `data` of an answer of the Supervisor. Raises NotSupervisedError."""
    request = urllib.request.Request(f"{supervisor}{path}", headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - the Supervisor's address
            data: dict[str, Any] = json.load(answer)["data"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotSupervisedError(
            f"没有从 Supervisor 得到 {path}：请安装并启动 Mosquitto broker。 "
            f"The Supervisor did not tell {path} ({error}): install and start the Mosquitto broker app."
        ) from error
    return data


def prepare(options: Path, own_config: Path, data: Path, supervisor: str, token: str) -> tuple[Path, dict[str, str]]:
    """The configuration to use and the environment to use it with. Raises NotSupervisedError, OSError."""
    try:
        broker = Broker.read(ask_supervisor(supervisor, token, "/services/mqtt"))
    except (KeyError, ValueError) as error:
        raise NotSupervisedError(f"the Supervisor's answer about the broker is odd: {error}") from error
    environment = environment_for(broker, data)
    (data / "migpt").mkdir(mode=0o700, exist_ok=True)
    if own_config.is_file():
        config = own_config
    else:
        config = configuration_from(json.loads(options.read_text(encoding="utf-8")), data)
    households = tomlkit.parse(config.read_text(encoding="utf-8")).unwrap().get("households", {})
    return config, environment | home_assistant_environment(households, supervisor, token)


def main() -> int:
    os.umask(0o077)
    options = Path(os.environ.get("MIGPT_SUPERVISED_OPTIONS", OPTIONS))
    own_config = Path(os.environ.get("MIGPT_SUPERVISED_CONFIG", OWN_CONFIG))
    supervisor = os.environ.get("MIGPT_SUPERVISOR", "http://supervisor")
    token = os.environ.get("SUPERVISOR_TOKEN", "")
    try:
        config, environment = prepare(options, own_config, options.parent, supervisor, token)
    except (NotSupervisedError, OSError, ValueError) as error:
        sys.stderr.write(f"migpt: {error}\n")
        return EXIT_UNUSABLE
    command = [sys.executable, "-P", "-m", "migpt_cli", "up", "--config", str(config)]
    return os.execve(sys.executable, command, {**os.environ, **environment})  # noqa: S606 - our own command takes our place


if __name__ == "__main__":
    sys.exit(main())
