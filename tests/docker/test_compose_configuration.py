"""What a person configures reaches each container that may know it, and no other."""

from __future__ import annotations

import os
import urllib.error
import urllib.parse
import urllib.request
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
    "console": {"xiaomi.toml", "xiaomi_password", "llm.toml", "home_assistant.toml"},
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


SAVE = """
import pathlib
from migpt_shared.editing import ConfigFile
preset = ("llm", "presets", "mine")
ConfigFile(pathlib.Path("/config/config.toml")).change(
    {(*preset, "model"): "from-the-console", (*preset, "api_key"): "sk-from-the-console", ("routing", "mode"): "native"}
)
"""


def save_in_the_console(home: ComposeProject, script: str = SAVE) -> None:
    """What its pages do when a person saves."""
    home.compose("exec", "-T", "console", "python", "-c", script)


def test_what_the_console_saves_reaches_files_and_services(home: ComposeProject, folder: Path) -> None:
    config, secret = folder / "config.toml", folder / "secrets" / "llm.toml"
    config.write_text("# mine\n" + CONFIG)
    secret.unlink(missing_ok=True)
    config.chmod(0o640)
    if os.getuid() == 0:
        os.chown(config, 12345, 12346)
    before, owner = config.read_text(), (config.stat().st_uid, config.stat().st_gid)
    home.until(lambda: read(home, "console", "config.toml") == before, 20, "the console to be given the file")
    home.until(lambda: "secrets/llm.toml" not in home.files("console", "/config"), 20, "the secret to be gone")

    seen = home.logs("brain").count("settings_changed")
    save_in_the_console(home)
    home.until(lambda: "from-the-console" in config.read_text() and secret.exists(), 20, "the files")
    home.until(lambda: read(home, "brain", "secrets/llm.toml") == secret.read_text(), 20, "the brain's secret")
    home.until(lambda: home.logs("brain").count("settings_changed") > seen, 20, "the brain to see it")
    assert read(home, "brain", "config.toml") == read(home, "poller", "config.toml") == config.read_text()
    assert config.read_text().startswith("# mine\n")
    assert 'mode = "native"' in config.read_text()
    assert "sk-from-the-console" in secret.read_text()
    assert "sk-" not in config.read_text()
    assert "secrets/llm.toml" not in home.files("poller", "/config")
    for file, mode in ((config, 0o640), (secret, 0o600)):
        assert (file.stat().st_uid, file.stat().st_gid) == owner
        assert file.stat().st_mode & 0o777 == mode
    assert before in [one.read_text() for one in (folder / "backups").glob("config-*.toml")]


def test_the_console_can_put_nothing_else_into_the_checkout(home: ComposeProject, folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "backups" not in path.parts}
    tricks = """
import os, pathlib
config = pathlib.Path("/config")
(config / "docker-compose.yml").write_text("mine")
(config / "secrets/llm").write_text("no name of a file with settings")
(config / "secrets/other.toml").write_text("mine")
(config / "secrets/xiaomi_more.toml").symlink_to("/passwords/brain")
(config / "secrets/llm_more.toml").write_text("#" * 400_000)
for trick in (lambda: (config / "secrets").rename("/config/elsewhere"), lambda: os.listdir("/config/.keeper"),
              lambda: (config / ".keeper").rename("/config/mine")):
    try:
        trick()
    except PermissionError:
        continue
    raise SystemExit("that should not work")
"""
    save_in_the_console(home, tricks)
    home.until(lambda: "secrets/llm_more.toml is not taken over" in home.logs("keeper"), 20, "the keeper to refuse")
    save_in_the_console(home, SAVE.replace('"from-the-console"', '"saved-after-that"'))
    config = folder / "config.toml"
    home.until(lambda: "saved-after-that" in config.read_text(), 20, "the keeper to go on")
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "backups" not in path.parts}
    assert {path for path in after if after[path] != before.get(path)} == {config}
    save_in_the_console(home, "import pathlib as p\n[f.unlink() for f in p.Path('/config/secrets').glob('*_more*')]")


def test_a_person_goes_before_the_console_when_both_save(home: ComposeProject, folder: Path) -> None:
    config = folder / "config.toml"
    keeper = home.pid("keeper")
    home.docker("pause", home.container("keeper"))
    try:
        config.write_text(CONFIG.replace('"none"', '"by-hand"'))
        save_in_the_console(home)
    finally:
        home.docker("unpause", home.container("keeper"))
    home.until(lambda: read(home, "console", "config.toml") == config.read_text(), 20, "the console to be told")
    assert '"by-hand"' in config.read_text()
    assert "the file has been changed meanwhile" in home.logs("keeper")
    assert home.pid("keeper") == keeper


def test_the_page_is_at_this_machine_and_wants_a_code_first(home: ComposeProject) -> None:
    assert home.compose("port", "console", "5001").startswith("127.0.0.1:")
    url = f"http://127.0.0.1:{home.port('console', 5001)}"
    with urllib.request.build_opener().open(f"{url}/enter", timeout=20) as answer:
        assert 'name="code"' in answer.read().decode()
    code = home.logs("console").partition('"code": "')[2].partition('"')[0]
    assert code, home.logs("console")
    password = "made-up-password"

    def enter(with_code: str) -> tuple[int, str]:
        form = urllib.parse.urlencode({"password": password, "again": password, "code": with_code}).encode()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        try:
            with browser.open(f"{url}/enter?to=/settings", form, timeout=20) as page:
                return page.status, page.url
        except urllib.error.HTTPError as refused:
            return refused.code, ""

    assert enter("00000000")[0] == 403
    assert enter(code) == (200, f"{url}/settings")


def read(home: ComposeProject, service: str, name: str) -> str:
    """A file that a service was given; empty when it has none."""
    return home.compose("exec", "-T", service, "cat", f"/config/{name}", check=False)


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
