"""How far one process of each kind goes: households per poller, turns a second per brain, and how lateness grows.

    .venv/bin/python -m bench.scaling pollers 10 20 40 80
    .venv/bin/python -m bench.scaling brains 1 8 32 128

Each prints a table row by row. The cloud is the simulator, in this process; on a machine with two cores it takes one of
them, so that the figures are a lower bound.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import time
from collections import defaultdict

from ulid import ULID

from bench.figures import median, percentile
from migpt_shared.bus import BrokerAddress, Cleared, Delivery, Malformed, MqttBus, Subscription
from migpt_shared.messages import Address, Heard, Presence, Sentence, SpeakerInfo, Speech, Turn
from migpt_simulator import RequestKind, SimulatedAccount, SimulatedHome, SimulatedSpeaker
from migpt_simulator.llm_behaviour import Behaviour, LlmControl
from tests.whole_system import ServiceProcess, WholeSystem

SPEAKERS_EACH = 2
MEASURED_S = 20.0
ANSWER = "好的。这是第一句回答，不长也不短。第二句说得再多一点，然后就结束了。"


def street(households: int) -> SimulatedHome:
    """So many accounts with two speakers each."""
    accounts = [str(1_000_000_000 + number) for number in range(households)]
    return SimulatedHome(
        latency_s=0.04,
        accounts=tuple(SimulatedAccount(account=account) for account in accounts),
        speakers=tuple(
            SimulatedSpeaker(
                slug=f"s{number}_{which}", name=f"音箱{number}-{which}", account=account,
                settings={"publish_delay_s": 0.0, "native_delay_s": 0.3},
            )
            for number, account in enumerate(accounts)
            for which in range(SPEAKERS_EACH)
        ),
    )  # fmt: skip


async def households_per_poller(households: int) -> str:
    """One poller that reads so many households' transcripts once a second each, as at idle."""
    settings = '\n[hearing]\nhot_for_s = 0\nwarm_for_s = 0\nnight_from = "03:00"\nnight_to = "03:00"\n'
    settings += "requests_per_day_first_speaker = 2000000\nrequests_per_day_further_speaker = 2000000\n"
    began = time.monotonic()
    async with WholeSystem(street(households), settings=settings, replicas=("poller",)) as system:
        ready_s = time.monotonic() - began
        await asyncio.sleep(5)
        poller, rooms = system.service("poller"), list(system.simulator.home.speakers.values())
        polls = system.simulator.home.requests.count(RequestKind.CONVERSATION)
        cpu_s, own_s, since = poller.cpu_s(), time.process_time(), time.monotonic()
        told: dict[str, float] = {}
        seen = len(system.watcher.deliveries)
        for number in itertools.count():
            if time.monotonic() - since > MEASURED_S:
                break
            text = f"第{number}个问题"
            random.choice(rooms).say(text)
            told[text] = time.monotonic()
            await asyncio.sleep(0.25)
        await asyncio.sleep(2)
        late = [
            delivery.arrived - at
            for delivery in system.watcher.deliveries[seen:]
            if isinstance(delivery.message, Heard) and (at := told.pop(delivery.message.text, None)) is not None
        ]
        seconds = time.monotonic() - since
        polls = system.simulator.home.requests.count(RequestKind.CONVERSATION) - polls
        share, own = (poller.cpu_s() - cpu_s) / seconds, (time.process_time() - own_s) / seconds
        return (
            f"| {households} | {polls / seconds:.0f} | {polls / seconds / len(rooms):.2f} | {100 * share:.0f} % | "
            f"{1000 * share * seconds / polls:.2f} ms | "
            f"{poller.rss_mb():.0f} MB | {median(late):.2f} s | {percentile(late, 0.95):.2f} s | {len(told)} | "
            f"{ready_s:.1f} s | {100 * own:.0f} % |"
        )


class Rooms:
    """Pollers and speaker services at once, as far as a brain can see: says questions, and reports all as spoken."""

    def __init__(self) -> None:
        self.ended: dict[str, asyncio.Future[Turn]] = {}
        self.first_sentence: dict[str, float] = {}
        self.bus: MqttBus | None = None

    def receive(self, delivery: Delivery) -> None:
        match delivery.message:
            case Sentence() as sentence if sentence.turn is not None:
                self.first_sentence.setdefault(sentence.turn, delivery.arrived)
                speech = Speech(
                    turn=sentence.turn, utterance=str(ULID()), take=sentence.take, seqs=[sentence.seq],
                    text=sentence.text, phase="spoken",
                )  # fmt: skip
                self.publish(speech, delivery.address)
            case Turn() as turn if not turn.is_open and turn.turn in self.ended:
                future = self.ended[turn.turn]
                if not future.done():
                    future.set_result(turn)

    def publish(self, message: Speech | Heard | SpeakerInfo, address: Address) -> None:
        if self.bus is not None:
            self.bus.publish(message, household=address.household, speaker=address.speaker)

    def malformed(self, malformed: Malformed) -> None:
        """The brain's messages are as they should be."""

    def cleared(self, cleared: Cleared) -> None:
        """Nothing is waited for."""

    def connected(self) -> None:
        """Publishing begins when the brain is there."""

    def disconnected(self) -> None:
        """The broker stays."""


async def converse(rooms: Rooms, address: Address, until: float, lateness: dict[str, list[float]]) -> None:
    """One question after the other without a pause."""
    number = 0
    while time.monotonic() < until:
        number += 1
        turn = str(ULID())
        over = rooms.ended[turn] = asyncio.get_running_loop().create_future()
        asked = time.monotonic()
        heard = Heard(turn=turn, id=turn, text=f"请问{address.speaker}第{number}个问题")
        # As pollers do: said again until somebody has it.
        for patience_s in (1.5, 2.5, 4.0, 4.0, 60.0):
            rooms.publish(heard, address)
            await asyncio.wait([over], timeout=patience_s)
            if over.done() or turn in rooms.first_sentence:
                break
        ended = await asyncio.wait_for(over, 60)
        del rooms.ended[turn]
        lateness[ended.phase].append(time.monotonic() - asked)
        if (first := rooms.first_sentence.pop(turn, None)) is not None:
            lateness["first sentence"].append(first - asked)


async def turns_per_brain(speakers: int, brains: int) -> str:
    """So many people talking at once, each asking again as soon as the answer is over."""
    addresses = [Address("home", f"room_{number}") for number in range(speakers)]
    async with WholeSystem(SimulatedHome(speakers=()), replicas=("brain",) * brains) as system:
        system.simulator.llm.control(
            LlmControl(default=Behaviour(answer=ANSWER, first_token_s=0.0, tokens_per_s=1e6, chars_per_token=8))
        )
        rooms = Rooms()
        kinds = (Sentence, Turn, Presence)
        rooms.bus = MqttBus(
            BrokerAddress.from_url(system.broker.url), prefix="migpt", src="speaker/bench",
            subscriptions=[Subscription(kind) for kind in kinds], receiver=rooms,
        )  # fmt: skip
        running = asyncio.create_task(rooms.bus.run(), name="rooms")
        try:
            await rooms.bus.wait_connected()
            for number, address in enumerate(addresses):
                info = SpeakerInfo(uid=f"{number:012x}", name=str(address), hardware="LX06", device_tail="0000")
                rooms.publish(info, address)
            system.addresses = lambda: addresses  # type: ignore[method-assign]
            await system.watcher.until(system.is_ready, 60, "the brains to own all")
            lateness: dict[str, list[float]] = defaultdict(list)
            cpu = {one: one.cpu_s() for one in system.services}
            since, own_s = time.monotonic(), time.process_time()
            until = since + MEASURED_S
            await asyncio.gather(*(converse(rooms, address, until, lateness) for address in addresses))
            seconds = time.monotonic() - since
            done, first = lateness["done"], lateness["first sentence"]
            failed = sum(len(times) for phase, times in lateness.items() if phase not in ("done", "first sentence"))
            return (
                f"| {speakers} | {brains} | {len(done) / seconds:.0f} | {failed} | {1000 * median(first):.0f} ms | "
                f"{1000 * percentile(first, 0.95):.0f} ms | {1000 * median(done):.0f} ms | {_load(cpu, seconds)} | "
                f"{1000 * sum(one.cpu_s() - cpu_s for one, cpu_s in cpu.items()) / len(done):.1f} ms | "
                f"{max(one.rss_mb() for one in system.services):.0f} MB | "
                f"{100 * (time.process_time() - own_s) / seconds:.0f} % |"
            )
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def _load(before: dict[ServiceProcess, float], seconds: float) -> str:
    shares = [100 * (one.cpu_s() - cpu_s) / seconds for one, cpu_s in before.items()]
    return " + ".join(f"{share:.0f} %" for share in shares)


_POLLERS = (
    "households", "requests/s", "per speaker", "poller's core", "processor time of a request", "memory",
    "heard after, median", "p95", "not heard", "ready after", "simulator's core",
)  # fmt: skip
_BRAINS = (
    "speakers talking", "brains", "turns/s", "not done", "first sentence after, median", "p95", "whole turn, median",
    "brains' cores", "processor time of a turn", "memory", "simulator's core",
)  # fmt: skip


async def main() -> None:
    parser = argparse.ArgumentParser(description="How far one process of each kind goes.")
    parser.add_argument("what", choices=("pollers", "brains"))
    parser.add_argument("sizes", type=int, nargs="+", help="households of one poller; speakers talking at once")
    parser.add_argument("--brains", type=int, default=1, help="how many brains share the speakers")
    arguments = parser.parse_args()
    columns = _POLLERS if arguments.what == "pollers" else _BRAINS
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for size in arguments.sizes:
        row = households_per_poller(size) if arguments.what == "pollers" else turns_per_brain(size, arguments.brains)
        print(await row, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
