"""The simulator's control API, and the simulator as a process."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from migpt_simulator import DEFAULT_ACCOUNT, RequestKind, SimulatedHome, Simulator
from tests.contract.simulated_client import running


async def test_an_utterance_is_said_and_its_journal_awaited() -> None:
    async with running() as client:
        said = await client.send(
            "POST",
            "/control/speakers/living_room/say",
            body={
                "text": "几点了",
                "native": {"kind": "LLM", "text": "三点", "duration_s": 0.1},
                "publish_delay_s": 0.05,
                "native_delay_s": 0.02,
            },
        )
        visible_at = said.json()["visible_at"]
        kinds: list[object] = []
        since = 0
        while "record_visible" not in kinds or "native_ended" not in kinds:
            answer = (await client.send("GET", f"/control/journal?since={since}&wait_s=5&speaker=living_room")).json()
            events = answer["events"]
            assert isinstance(events, list)
            assert events, f"nothing after {kinds}"
            kinds += [event["event"] for event in events]
            since = int(str(answer["next"]))
            assert all(event["speaker"] == "living_room" for event in events)
        assert kinds == ["question_said", "native_started", "record_visible", "native_ended"]
        rows = (await client.send("GET", "/control/journal")).json()["events"]
        assert isinstance(rows, list)
        assert [row["at"] for row in rows if row["event"] == "record_visible"] == [visible_at]


async def test_a_long_poll_ends_without_an_event() -> None:
    async with running() as client:
        began = time.monotonic()
        answer = (await client.send("GET", "/control/journal?since=7&wait_s=0.1")).json()
        assert (answer["events"], answer["next"]) == ([], 7)
        assert 0.1 <= time.monotonic() - began < 2


async def test_everything_can_be_changed_and_reset() -> None:
    async with running() as client:
        home = client.sim.home
        speaker = "/control/speakers/bedroom"
        changed = await client.send("PATCH", speaker, body={"seconds_per_char": 0.05, "new_speech": "queues"})
        assert changed.json()["slug"] == "bedroom"
        assert home.speaker("bedroom").behaviour.seconds_per_char == 0.05
        await client.send("POST", f"{speaker}/presence", body={"is_online": False})
        assert not home.speaker("bedroom").is_online
        await client.send("POST", f"{speaker}/busy", body={"calls": 2, "only": ["speak"]})
        await client.send("PATCH", "/control/home", body={"latency_s": 0.01, "clock_skew_s": 60})
        assert (home.latency_s, home.clock.skew_s) == (0.01, 60.0)
        await client.send("PATCH", "/control/faults", body={"busy": 0.5})
        await client.send("POST", "/control/faults/script", body={"fault": "html", "kind": "device_list", "count": 3})
        account = f"/control/accounts/{DEFAULT_ACCOUNT}"
        await client.send("PATCH", account, body={"needs_captcha": True})
        assert home.account().state.behaviour.needs_captcha
        token = (await client.send("POST", f"{account}/pass_token")).json()["pass_token"]
        assert str(token).startswith("V1:")
        expired = await client.send("POST", f"{account}/expire", body={"pass_tokens": True})
        assert expired.json() == {"service_tokens": 0, "pass_tokens": 1}
        assert (await client.send("POST", f"{account}/scan_qr")).json() == {"scanned": False}
        await client.send("GET", "/longPolling/loginUrl?sid=micoapi")
        assert (await client.send("POST", "/control/qr_codes/expire")).json() == {"qr_codes": 1}
        assert (await client.send("POST", f"{account}/scan_qr")).json() == {"scanned": False}

        await client.send("POST", "/control/reset", body={})
        state = (await client.send("GET", "/control/home")).json()
        assert state["faults"] == home.spec.faults.model_dump()
        assert (home.clock.skew_s, home.account().state.behaviour.needs_captcha) == (0.0, False)
        assert home.speaker("bedroom").is_online
        assert (await client.send("GET", "/control/journal")).json()["events"] == []
        assert await client.mina().device_list()


async def test_requests_and_logins_are_counted() -> None:
    async with running() as client:
        await client.mina().device_list()
        counts = (await client.send("GET", "/control/requests/counts")).json()["counts"]
        assert counts == {"service_login": 1, "password": 1, "sts": 1, "device_list": 1}
        listed = (await client.send("GET", "/control/requests?kind=device_list")).json()["requests"]
        assert isinstance(listed, list)
        assert (listed[0]["path"], listed[0]["account"]) == ("/admin/v2/device_list", DEFAULT_ACCOUNT)
        state = (await client.send("GET", f"/control/accounts/{DEFAULT_ACCOUNT}")).json()
        assert state["logins"] == {"service_login": 0, "password": 1, "sts": 1}
        await client.send("POST", "/control/reset", body={"logins_too": True})
        assert client.sim.home.requests.count() == 0
        assert client.sim.home.requests.count(RequestKind.PASSWORD) == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("POST", "/speakers/nowhere/say", {"text": "x"}, 404, "living_room"),
        ("POST", "/speakers/bedroom/say", {"txt": "x"}, 400, "text"),
        ("POST", "/speakers/bedroom/busy", {}, 400, "how many"),
        ("PATCH", "/speakers/bedroom", {"speed": 1}, 400, "speed"),
        ("PATCH", "/speakers/bedroom", [1], 400, "object"),
        ("PATCH", "/faults", {"busy": 2}, 400, "busy"),
        ("POST", "/faults/script", {"fault": "busy", "kind": "conversation"}, 400, "cannot go wrong"),
        ("POST", "/faults/script", {"fault": "html", "speaker": "nowhere"}, 404, "nowhere"),
        ("PATCH", "/accounts/1", {}, 404, DEFAULT_ACCOUNT),
        ("GET", "/journal?since=x", None, 400, "since"),
    ],
)
async def test_wrong_input_is_answered_in_words(method: str, path: str, body: object, status: int, says: str) -> None:
    async with running() as client:
        answer = await client.send(method, f"/control{path}", body=body)
        assert answer.status == status
        assert says in str(answer.json()["error"])


async def _start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "migpt_simulator",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_the_process_says_where_it_is_and_ends_on_sigterm(tmp_path: Path) -> None:
    home = tmp_path / "home.toml"
    home.write_text('[speakers.study]\nname = "书房小爱"\n', encoding="utf-8")
    process = await _start("--port", "0", "--home", str(home))
    try:
        assert process.stdout is not None
        addresses = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
        assert set(addresses) == {"xiaomi", "llm", "control"}
        async with aiohttp.ClientSession() as session, session.get(f"{addresses['control']}/home") as answer:
            state = await answer.json()
        assert [speaker["name"] for speaker in state["speakers"]] == ["书房小爱"]
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_a_taken_port_and_a_bad_home_file_are_one_line_and_status_1(tmp_path: Path) -> None:
    async with Simulator(SimulatedHome()) as sim:
        port = sim.url.rsplit(":", 1)[1]
        bad = tmp_path / "home.toml"
        bad.write_text("seed = 'x'")
        for arguments, says in ((("--port", port), f":{port}"), (("--home", str(bad)), "home.toml: seed")):
            process = await _start(*arguments)
            _out, err = await asyncio.wait_for(process.communicate(), 20)
            assert process.returncode == 1
            assert says in err.decode()
            assert len(err.decode().splitlines()) == 1
