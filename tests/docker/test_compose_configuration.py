"""What a person configures reaches each container that may know it, and no other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.compose_project import SERVICES, ComposeProject, configuration_folder

pytestmark = pytest.mark.timeout(300)

CONFIG = """
[households.home]
account = "1234567890"
[households.home.endpoints]
account = "http://127.0.0.1:9"
mina = "http://127.0.0.1:9"
conversation = "http://127.0.0.1:9"
miot = "http://127.0.0.1:9"
[mqtt]
url = "mqtt://127.0.0.1:9"
[llm]
preset = "mine"
[llm.presets.mine]
base_url = "http://127.0.0.1:9/v1"
model = "none"
"""
SECRETS = {
    "xiaomi.toml": '[households.home]\npassword_file = "secrets/xiaomi_password"\n',
    "xiaomi_password": "not-guessed\n",
    "llm.toml": '[llm.presets.mine]\napi_key = "sk-not-guessed"\n',
    "home_assistant.toml": '[home_assistant]\nurl = "http://127.0.0.1:9"\ntoken = "not-guessed"\n',
}
KNOWN = {
    "poller": {"xiaomi.toml", "xiaomi_password"},
    "speaker": {"xiaomi.toml", "xiaomi_password"},
    "brain": {"llm.toml"},
    "ha_bridge": {"home_assistant.toml"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = configuration_folder(tmp_path_factory.mktemp("checkout"))
    (folder / "config.toml").write_text(CONFIG)
    (folder / "secrets").mkdir()
    for name, content in SECRETS.items():
        (folder / "secrets" / name).write_text(content)
        (folder / "secrets" / name).chmod(0o600)
    (folder / "config.toml").chmod(0o600)
    return folder


@pytest.fixture(scope="module")
def home(images: ComposeProject, folder: Path) -> Iterator[ComposeProject]:
    project = images.with_folder(folder)
    try:
        project.up()
        yield project
    finally:
        project.down()


def test_each_container_gets_its_own_secrets_only(home: ComposeProject) -> None:
    for service in SERVICES:
        files = home.files(service, "/config")
        assert files == {"config.toml", "mqtt_url", *(f"secrets/{name}" for name in KNOWN[service])}, service
        url = home.compose("exec", "-T", service, "cat", "/config/mqtt_url").strip()
        assert url == f"mqtt://{service}:{home.password(service)}@mosquitto:1883"
    assert len({home.password(service) for service in SERVICES}) == len(SERVICES)


def test_secrets_are_in_no_log_and_no_image_setting(home: ComposeProject) -> None:
    secrets = [home.password(service) for service in SERVICES] + ["not-guessed"]
    for service in (*SERVICES, "keeper", "mosquitto"):
        shown = home.logs(service) + home.docker("inspect", home.container(service))
        assert not [secret for secret in secrets if secret in shown], service


def test_a_change_reaches_the_running_services(home: ComposeProject, folder: Path) -> None:
    new = folder / "config.toml.new"
    new.write_text(CONFIG.replace('"none"', '"other"'))
    new.chmod(0o600)
    os.replace(new, folder / "config.toml")  # as editors do
    (folder / "secrets" / "llm.toml").unlink()
    home.until(lambda: "settings_changed" in home.logs("brain"), 20, "the brain to see it")
    home.until(lambda: "secrets/llm.toml" not in home.files("brain", "/config"), 20, "the secret to be gone")
    home.until(lambda: "settings_changed" in home.logs("poller"), 20, "the poller to see it")


def test_data_outlives_the_containers(home: ComposeProject) -> None:
    home.compose("exec", "-T", "brain", "sh", "-c", "echo kept > /data/kept")
    home.compose("exec", "-T", "poller", "sh", "-c", "echo kept > /data/xiaomi/kept")
    before = home.password("brain")
    home.compose("down", "-t", "3")
    home.up()
    assert home.compose("exec", "-T", "brain", "cat", "/data/kept") == "kept\n"
    assert home.compose("exec", "-T", "speaker", "cat", "/data/xiaomi/kept") == "kept\n"
    assert home.password("brain") == before


def test_a_backup_brings_everything_back(home: ComposeProject, tmp_path: Path) -> None:
    home.compose("exec", "-T", "brain", "sh", "-c", "mkdir -p /data/brain && echo kept > /data/brain/mine")
    home.compose("exec", "-T", "poller", "sh", "-c", "echo token > /data/xiaomi/another.json")
    before = home.password("brain")
    archive = tmp_path / "backup.tar.gz"
    home.stream(("run", "--rm", "-T", "backup"), into=archive)
    home.compose("down", "-v", "-t", "3")
    home.stream(("run", "--rm", "-T", "restore"), out_of=archive)
    home.up()
    assert home.compose("exec", "-T", "brain", "cat", "/data/brain/mine") == "kept\n"
    assert home.compose("exec", "-T", "speaker", "cat", "/data/xiaomi/another.json") == "token\n"
    assert home.password("brain") == before


def test_a_clean_stop_ends_with_0(home: ComposeProject) -> None:
    home.compose("stop", *SERVICES)
    for service in SERVICES:
        assert home.inspect(service, "{{.State.ExitCode}}") == "0", home.logs(service)


def test_another_broker_by_one_variable(images: ComposeProject, folder: Path, home: ComposeProject) -> None:
    home.down()
    elsewhere = images.with_folder(folder, MIGPT_MQTT_URL="mqtt://me:secret@192.0.2.1")
    try:
        elsewhere.up("keeper", "mosquitto")
        elsewhere.compose("up", "-d", "--no-build", "poller")
        assert elsewhere.compose("exec", "-T", "poller", "cat", "/config/mqtt_url").strip() == (
            "mqtt://me:secret@192.0.2.1"
        )
        assert "another broker is used" in elsewhere.logs("mosquitto")
    finally:
        elsewhere.down()


def test_without_a_configuration_it_says_what_to_do(images: ComposeProject, tmp_path: Path) -> None:
    empty = images.with_folder(configuration_folder(tmp_path))
    try:
        empty.compose("up", "-d", "--no-build", "keeper")
        empty.until(lambda: "copy config.example.toml" in empty.logs("keeper"), 20, "words")
        assert not (tmp_path / "config.toml").exists()
        (tmp_path / "config.toml").write_text(CONFIG)
        empty.until(lambda: "handed out the configuration" in empty.logs("keeper"), 20, "it to go on")
    finally:
        empty.down()
