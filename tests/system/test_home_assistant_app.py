"""The Home Assistant app: its description, its sources, and its entry with a Supervisor that is made up."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import tomlkit
import yaml
from aiohttp import web

from migpt_cli.broker import PrivateBroker
from migpt_cli.checkout import ROOT
from migpt_cli.supervised import (
    Broker,
    NotSupervisedError,
    config_of,
    configuration_from,
    environment_for,
    home_assistant_environment,
)
from migpt_shared.editing import ConfigFile
from migpt_shared.settings import load_settings

APP = ROOT / "deploy" / "homeassistant" / "migpt"
OPTIONS = {
    "account": "1234567890",
    "login_by": "pass_token",
    "login_secret": "V1:made-up",
    "mode": "ai",
    "language": "en",
    "provider": "mine",
    "base_url": "http://127.0.0.1:9/v1",
    "model": "none",
    "api_key": "sk-made-up",
    "ai_keywords": ["小慧"],
}


def test_every_option_is_described_and_has_a_default_or_is_optional() -> None:
    config = yaml.safe_load((APP / "config.yaml").read_text())
    assert set(config["arch"]) == {"aarch64", "amd64"}
    assert "mqtt:need" in config["services"]
    for name, kind in config["schema"].items():
        is_optional = isinstance(kind, list) or kind.endswith("?")
        assert is_optional != (name in config["options"]), name
    assert set(OPTIONS) == set(config["schema"])
    for language in ("en", "zh-Hans"):
        words = yaml.safe_load((APP / "translations" / f"{language}.yaml").read_text())["configuration"]
        assert set(words) == set(config["schema"])


def test_options_become_a_configuration(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(config_of(OPTIONS), encoding="utf-8")
    settings = load_settings(file)
    household = settings.households["home"]
    assert household.pass_token is not None
    assert household.pass_token.get_secret_value() == "V1:made-up"
    assert household.password is None
    assert (settings.language, settings.routing.mode, settings.routing.ai_keywords) == ("en", "ai", ["小慧"])
    assert settings.llm.presets["mine"].model == "none"


@pytest.mark.parametrize("missing", ["account", "login_secret"])
def test_what_is_missing_is_said(missing: str) -> None:
    with pytest.raises(NotSupervisedError, match="Xiaomi ID"):
        config_of({**OPTIONS, missing: ""})


def test_the_broker_as_the_supervisor_tells_it() -> None:
    answer = {"host": "core-mosquitto", "port": "1883", "ssl": False, "username": "addons", "password": "p@ss/word:"}
    assert Broker.read(answer).url == "mqtt://addons:p%40ss%2Fword%3A@core-mosquitto:1883"
    assert Broker.read({**answer, "ssl": True, "port": 8883}).url.startswith("mqtts://")
    assert home_assistant_environment({"home": {}, "office": {}}, "http://supervisor", "t") == {}


@pytest.mark.parametrize("own", ["", "[households.home.home_assistant]\nsuggest_areas = false\n"])
def test_home_assistant_as_the_supervisor_tells_it(own: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config.toml"
    file.write_text(config_of(OPTIONS) + own, encoding="utf-8")
    households = tomlkit.parse(file.read_text(encoding="utf-8")).unwrap()["households"]
    for name, value in home_assistant_environment(households, "http://supervisor", "made-up").items():
        monkeypatch.setenv(name, value)
    settings = load_settings(file)
    section = settings.households["home"].home_assistant if own else settings.home_assistant
    assert section is not None
    assert (section.url, section.suggest_areas) == ("http://supervisor/core", not own)


def test_the_console_is_where_the_supervisor_looks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = yaml.safe_load((APP / "config.yaml").read_text())
    (tmp_path / "config.toml").write_text(config_of(OPTIONS), encoding="utf-8")
    for name, value in environment_for(Broker("core-mosquitto", 1883, "", "", has_tls=False), tmp_path).items():
        monkeypatch.setenv(name, value)
    console = load_settings(tmp_path / "config.toml").console
    assert config["ingress"] is True
    assert console.host == "0.0.0.0"  # noqa: S104
    assert (console.port, console.enabled) == (config["ingress_port"], True)
    assert console.trusted_proxies == ("172.30.32.2/32",)


def test_what_the_console_saves_stays_until_options_change(tmp_path: Path) -> None:
    config = configuration_from(OPTIONS, tmp_path)
    ConfigFile(config).change({("routing", "mode"): "native", ("llm", "presets", "mine", "api_key"): "sk-saved"})
    settings = load_settings(configuration_from(OPTIONS, tmp_path))
    key = settings.llm.presets["mine"].api_key
    assert settings.routing.mode == "native"
    assert key is not None
    assert key.get_secret_value() == "sk-saved"

    settings = load_settings(configuration_from({**OPTIONS, "api_key": "sk-optional"}, tmp_path))
    key = settings.llm.presets["mine"].api_key
    assert settings.routing.mode == "ai"
    assert key is not None
    assert key.get_secret_value() == "sk-optional"


def test_the_packed_folder_has_all_that_the_image_needs(tmp_path: Path) -> None:
    subprocess.run([ROOT / "deploy" / "homeassistant" / "pack", tmp_path / "apps"], check=True)
    source = tmp_path / "apps" / "migpt" / "source"
    members = {path.parent.relative_to(source).as_posix() for path in source.rglob("pyproject.toml")}
    assert members == {
        path.parent.relative_to(ROOT).as_posix()
        for path in (*ROOT.glob("*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml"))
    }
    for line in (APP / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY"):
            assert (tmp_path / "apps" / "migpt" / line.split()[1]).exists()
    assert not list(source.rglob("__pycache__"))
    again = subprocess.run([ROOT / "deploy" / "homeassistant" / "pack", tmp_path / "apps"], check=False)
    assert again.returncode == 1


class MadeUpSupervisor:
    """Answers what an app asks; `broker` None: there is no such service."""

    def __init__(self, broker: dict[str, Any] | None) -> None:
        self.broker = broker
        self.tokens: list[str] = []
        self.url = ""

    async def services(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers.get("Authorization", ""))
        if self.broker is None:
            return web.json_response({"result": "error", "message": "No service provided"}, status=400)
        return web.json_response({"result": "ok", "data": self.broker})


@pytest_asyncio.fixture
async def supervisor(broker: PrivateBroker) -> AsyncIterator[MadeUpSupervisor]:
    made_up = MadeUpSupervisor({"host": "127.0.0.1", "port": str(broker.port), "ssl": False, "protocol": "3.1.1"})
    app = web.Application()
    app.router.add_get("/services/mqtt", made_up.services)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made_up.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made_up
    finally:
        await runner.cleanup()


def environment(supervisor: MadeUpSupervisor, folder: Path) -> dict[str, str]:
    (folder / "options.json").write_text(json.dumps(OPTIONS))
    return {
        **os.environ,
        "SUPERVISOR_TOKEN": "made-up-token",
        "MIGPT_SUPERVISOR": supervisor.url,
        "MIGPT_SUPERVISED_OPTIONS": str(folder / "options.json"),
        "MIGPT_SUPERVISED_CONFIG": str(folder / "own" / "config.toml"),
        "MIGPT_MQTT__PREFIX": f"app{os.getpid()}",
        "MIGPT_LANGUAGE": "en",
    }


async def test_it_starts_with_what_the_supervisor_knows(supervisor: MadeUpSupervisor, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "migpt_cli.supervised",
        env=environment(supervisor, tmp_path), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said: list[str] = []
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            async for line in process.stdout:
                said.append(line.decode())
                if f"127.0.0.1:{supervisor.broker['port']}" in said[-1]:  # type: ignore[index]
                    break
            else:
                pytest.fail("".join(said))
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(30):
                said.append((await process.communicate())[0].decode())
    assert process.returncode == 0, "".join(said)
    assert supervisor.tokens == ["Bearer made-up-token"]
    assert "made-up" not in "".join(said)
    assert (tmp_path / "config.toml").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "migpt").is_dir()


async def test_without_a_broker_it_says_what_to_install(supervisor: MadeUpSupervisor, tmp_path: Path) -> None:
    supervisor.broker = None
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "migpt_cli.supervised",
        env=environment(supervisor, tmp_path), stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(30):
        said = (await process.communicate())[1].decode()
    assert process.returncode == 2
    assert "Mosquitto broker" in said
