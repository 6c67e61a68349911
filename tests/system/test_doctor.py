"""`migpt doctor` on a healthy household, and on one with each part broken in turn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from migpt_simulator import Fault, RequestKind, SimulatedHome, SimulatedSpeaker
from migpt_simulator.journal import SoundCut, SoundStarted
from migpt_simulator.llm_behaviour import Behaviour, LlmControl
from tests.system.cli_up import CLI, clean_environment
from tests.whole_system import WholeSystem

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITHIN_S = 90.0
MODEL = Behaviour(first_token_s=0.05, tokens_per_s=200)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system() -> AsyncIterator[WholeSystem]:
    home = SimulatedHome(
        latency_s=0.01,
        speakers=(
            SimulatedSpeaker(slug="living_room", name="客厅小爱", hardware="LX06", settings={"seconds_per_char": 0.1}),
            SimulatedSpeaker(slug="bedroom", name="卧室小爱", hardware="LX06", settings={"seconds_per_char": 0.1}),
        ),
    )
    async with WholeSystem(home, settings="\n[console]\nenabled = false\n") as running:
        running.simulator.llm.control(LlmControl(default=MODEL))
        yield running


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a doctor said, for scripts."""

    code: int
    reports: list[dict[str, str]]
    errors: str

    def of(self, area: str, verdict: str | None = None) -> list[str]:
        return [one["text"] for one in self.reports if one["area"] == area and verdict in (None, one["verdict"])]

    @property
    def bad(self) -> list[str]:
        return [f"{one['area']} {one['subject']}: {one['text']}" for one in self.reports if one["verdict"] == "bad"]


async def doctor(config: Path, *arguments: str) -> Diagnosis:
    process = await asyncio.create_subprocess_exec(
        *CLI, "doctor", "--json", "--config", str(config), *arguments, env=clean_environment(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert process.returncode is not None
    told = json.loads(out)
    assert told["ok"] == (process.returncode == 0)
    return Diagnosis(process.returncode, told["reports"], err.decode())


def sounds(system: WholeSystem) -> int:
    return sum(len(speaker.journal.of(SoundStarted)) for speaker in system.simulator.home.speakers.values())


async def test_a_healthy_household_in_silence(system: WholeSystem) -> None:
    before = sounds(system)
    said = await doctor(system.config)
    assert said.code == 0, said.bad
    assert said.of("broker", "good")
    assert len(said.of("services", "good")) == 3
    assert len(said.of("account", "good")) == 2
    assert len([text for text in said.of("speaker", "good") if "没有出声试过" in text]) == 6
    assert any("第一个词用了" in text for text in said.of("model", "good"))
    assert sounds(system) == before


async def test_aloud_each_speaker_speaks_and_is_silenced(system: WholeSystem) -> None:
    said = await doctor(system.config, "--speak")
    assert said.code == 0, said.bad
    assert len([text for text in said.of("speaker", "good") if "可以朗读" in text]) == 2
    assert len([text for text in said.of("speaker", "good") if "后安静" in text]) == 2
    for slug in ("living_room", "bedroom"):
        journal = system.simulator.home.speaker(slug).journal
        assert journal.of(SoundStarted)
        assert journal.of(SoundCut)


async def test_for_people(system: WholeSystem) -> None:
    process = await asyncio.create_subprocess_exec(
        *CLI, "doctor", "-c", str(system.config), env=clean_environment(), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)
    text = out.decode()
    assert process.returncode == 0, text
    for words in ("消息服务器\n  ✓", "音箱  home/living_room（客厅小爱）", "一切正常。", "--speak"):
        assert words in text, text


async def test_a_model_that_refuses_the_key(system: WholeSystem) -> None:
    system.simulator.llm.control(LlmControl(default=Behaviour(status=401)))
    try:
        said = await doctor(system.config)
    finally:
        system.simulator.llm.control(LlmControl(reset=True, default=MODEL))
    assert said.code == 1
    assert len(said.bad) == 1
    assert "密钥" in said.of("model", "bad")[0]


async def test_a_speaker_that_is_offline(system: WholeSystem) -> None:
    bedroom = system.simulator.home.speaker("bedroom")
    bedroom.set_online(is_online=False)
    try:
        said = await doctor(system.config)
    finally:
        bedroom.set_online(is_online=True)
    assert said.code == 1
    assert ["bedroom" in bad and "不在线" in bad for bad in said.bad] == [True]


async def test_a_transcript_that_cannot_be_read(system: WholeSystem) -> None:
    system.simulator.home.configure_faults(html=1.0)
    try:
        said = await doctor(system.config)
    finally:
        system.simulator.home.configure_faults(html=0.0)
    assert said.code == 1
    assert any(
        "看不懂" in text or "对话记录" in text for text in [*said.of("account", "bad"), *said.of("speaker", "bad")]
    )


async def test_a_service_that_is_gone(system: WholeSystem) -> None:
    brain = system.service("brain")
    await brain.stop()
    try:
        said = await doctor(system.config)
    finally:
        await brain.start()
        await system.watcher.until(system.is_ready, 30, "every speaker to have its owners")
    assert said.code == 1
    assert "brain 没有运行（./migpt up）" in said.of("services", "bad")
    assert any("brain" in text for text in said.of("speaker", "bad"))


async def test_without_a_broker_the_rest_is_examined_all_the_same(system: WholeSystem) -> None:
    config = system.folder / "no-broker.toml"
    config.write_text(system.config_text().replace(system.broker.url, "mqtt://127.0.0.1:9"), encoding="utf-8")
    said = await doctor(config)
    assert said.code == 1
    assert [bad.partition(" ")[0] for bad in said.bad] == ["broker"]
    assert said.of("speaker", "good")
    assert said.of("model", "good")


async def test_a_configuration_that_does_not_load(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('language = "fr"\nnonsense = 1\n', encoding="utf-8")
    said = await doctor(config)
    assert said.code == 1
    assert len(said.of("config", "bad")) == 2


async def test_nothing_is_configured_and_nothing_runs(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("", encoding="utf-8")
    said = await doctor(config)
    assert said.code == 1
    assert said.of("config", "bad")
    assert "./migpt up" in said.of("broker", "bad")[0]
    assert said.of("model", "bad")


async def test_a_speaker_that_the_account_does_not_have(system: WholeSystem) -> None:
    config = system.folder / "absent.toml"
    config.write_text(
        system.config_text() + '\n[households.home.speakers.attic]\nname = "阁楼小爱"\n', encoding="utf-8"
    )
    said = await doctor(config)
    assert said.code == 1
    assert ["attic" in bad for bad in said.bad] == [True]


async def test_a_login_that_is_refused(system: WholeSystem) -> None:
    config = system.folder / "other" / "config.toml"
    config.parent.mkdir()
    config.write_text(system.config_text().replace("simulated-password", "wrong"), encoding="utf-8")
    said = await doctor(config)
    assert said.code == 1
    assert any("小米没有接受" in text for text in said.of("account", "bad"))
    assert "wrong" not in json.dumps(said.reports, ensure_ascii=False) + said.errors


@asynccontextmanager
async def home_assistant(status: int, content: object) -> AsyncIterator[str]:
    """A server that answers like Home Assistant's configuration page; its address."""

    async def answer(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer made-up-token"
        return web.json_response(content, status=status)

    app = web.Application()
    app.router.add_get("/api/config", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "content", "verdict", "words"),
    [
        (200, {"version": "2026.11.1", "location_name": "家"}, "good", "2026.11.1"),
        (401, {}, "bad", "令牌不对"),
        (200, ["other"], "bad", "不像 Home Assistant"),
        (404, {}, "bad", "404"),
    ],
)
async def test_home_assistant(system: WholeSystem, status: int, content: object, verdict: str, words: str) -> None:
    async with home_assistant(status, content) as url:
        config = system.folder / "home.toml"
        section = f'\n[home_assistant]\nurl = "{url}"\ntoken = "made-up-token"\n'
        config.write_text(system.config_text() + section, encoding="utf-8")
        said = await doctor(config)
    assert words in said.of("home", verdict)[0]
    assert (said.code == 0) == (verdict == "good")
    assert any("ha_bridge" in text for text in said.of("services", "warning"))


async def test_a_home_assistant_that_is_not_there(system: WholeSystem) -> None:
    config = system.folder / "away.toml"
    section = '\n[home_assistant]\nurl = "http://127.0.0.1:9"\ntoken = "made-up-token"\n'
    config.write_text(system.config_text() + section, encoding="utf-8")
    said = await doctor(config)
    assert (said.code, len(said.of("home", "bad"))) == (1, 1)
    assert "made-up-token" not in json.dumps(said.reports) + said.errors


async def test_a_cloud_that_refuses_speech_is_found_out_aloud(system: WholeSystem) -> None:
    system.simulator.home.faults.script(Fault.BUSY, count=2, kind=RequestKind.SPEAK, speaker="bedroom")
    said = await doctor(system.config, "--speak")
    assert said.code == 1
    assert any("bedroom" in bad and "两条通道都不能朗读" in bad for bad in said.bad)
