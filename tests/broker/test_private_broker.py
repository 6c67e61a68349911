"""The private mosquitto: it starts, it says clearly why it cannot, and it never outlives its owner."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiomqtt
import psutil
import pytest

from migpt_cli.broker import PrivateBroker
from migpt_cli.problem import ProblemError


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _client(broker: PrivateBroker) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", broker.port, protocol=aiomqtt.ProtocolVersion.V5)


async def _fails(broker: PrivateBroker) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        await broker.start()
    return caught.value


async def test_delivers_and_ends_with_the_context(broker: PrivateBroker, topic_prefix: str) -> None:
    async with _client(broker) as client:
        await client.subscribe(f"{topic_prefix}/#", qos=1)
        await client.publish(f"{topic_prefix}/a", "晚饭好了", qos=1)
        message = await asyncio.wait_for(anext(aiter(client.messages)), 5)
    assert message.payload == "晚饭好了".encode()


async def test_is_ready_when_started_and_gone_when_stopped(mosquitto: Path) -> None:
    async with PrivateBroker(mosquitto) as broker:
        assert broker.url == f"mqtt://127.0.0.1:{broker.port}"
        assert _accepts(broker.port)
        process = psutil.Process(broker.pid)
        watcher = process.children()
    assert not process.is_running()
    _, alive = psutil.wait_procs(watcher, timeout=5)
    assert alive == []
    assert not _accepts(broker.port)


async def test_takes_two_thousand_messages_while_a_subscriber_is_busy(broker: PrivateBroker, topic_prefix: str) -> None:
    """mosquitto's own default keeps a thousand and drops the rest without a word."""
    async with _client(broker) as slow, _client(broker) as sender:
        await slow.subscribe(f"{topic_prefix}/n", qos=1)
        reader = slow._client.socket()
        assert reader is not None
        asyncio.get_running_loop().remove_reader(reader.fileno())  # busy: reads nothing
        for number in range(2000):
            await sender.publish(f"{topic_prefix}/n", str(number), qos=1)
        asyncio.get_running_loop().add_reader(reader.fileno(), slow._client.loop_read)
        got = [await asyncio.wait_for(anext(aiter(slow.messages)), 10) for _ in range(2000)]
    assert [int(message.payload) for message in got] == list(range(2000))


async def test_a_killed_broker_comes_back_on_its_port(mosquitto: Path) -> None:
    async with PrivateBroker(mosquitto) as broker:
        port, first = broker.port, broker.pid
        ended = asyncio.create_task(broker.wait())
        os.kill(first, signal.SIGKILL)
        await asyncio.wait_for(ended, 5)
        await broker.kill()
        await broker.start()
        assert (broker.port, broker.pid != first) == (port, True)
        async with _client(broker):
            pass


async def test_a_port_in_use_is_named(mosquitto: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        problem = await _fails(PrivateBroker(mosquitto, port=port))
    assert str(port) in problem.in_("zh")
    assert "in use" in str(problem)


async def test_a_lost_race_for_a_port_is_run_again(mosquitto: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other, socket.socket() as free:
        other.bind(("127.0.0.1", 0))
        other.listen()
        free.bind(("127.0.0.1", 0))
        taken, good = other.getsockname()[1], free.getsockname()[1]
        free.close()
        answers = iter([taken, good])
        monkeypatch.setattr("migpt_cli.broker.free_port", lambda: next(answers))
        async with PrivateBroker(mosquitto) as broker:
            assert broker.port == good


async def test_a_refused_configuration_is_told_in_mosquittos_words(
    mosquitto: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mosquitto").mkdir()
    (tmp_path / "mosquitto" / "common.conf").write_text("no_such_option true\n")
    monkeypatch.setattr("migpt_cli.broker.ROOT", tmp_path)
    problem = await _fails(PrivateBroker(mosquitto))
    assert "no_such_option" in str(problem)


async def test_a_program_that_never_gets_ready_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\necho 1: waiting for nothing\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setattr("migpt_cli.broker._START_LIMIT_S", 0.3)
    broker = PrivateBroker(program)
    problem = await _fails(broker)
    assert "waiting for nothing" in str(problem)
    with pytest.raises(RuntimeError):
        _ = broker.pid


async def test_a_missing_mosquitto_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migpt_cli.broker.find_mosquitto", lambda: None)
    assert "apt install mosquitto" in (await _fails(PrivateBroker())).in_("zh")


_OWNER = """
import asyncio, sys
from pathlib import Path
from migpt_cli.broker import PrivateBroker

async def main():
    async with PrivateBroker(Path(sys.argv[1])) as broker:
        print(broker.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_does_not_outlive_its_owner(mosquitto: Path, how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(mosquitto)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as owner:
        assert owner.stdout is not None
        process = psutil.Process(int(owner.stdout.readline()))
        family = [process, *process.children()]
        folder = Path(process.cmdline()[-1]).parent
        assert folder.is_dir()
        owner.send_signal(how)
        try:
            owner.wait(10)
        finally:
            owner.kill()
        _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []
    assert not folder.exists()


async def test_starts_fast_enough_for_a_test_of_its_own(mosquitto: Path) -> None:
    began = time.monotonic()
    async with PrivateBroker(mosquitto):
        pass
    assert time.monotonic() - began < 3
