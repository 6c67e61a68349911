"""The console's words on the bus: commands with their results, asks with their replies, asks of Home Assistant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from migpt_shared.bus import Bus, Delivery
from migpt_shared.messages import Address, Ask, Command, HomeAnswer, HomeAsk, Message, Reply, Result

#: As long as the owner of a speaker may take to say what became of a command, seconds.
RESULT_WITHIN_S = 5.0
#: Longest silence between two sentences of a reply, seconds; the brain keeps the providers' shorter deadlines.
REPLY_WITHIN_S = 60.0
_HOME_WITHIN_S = 20.0


class NobodyAnsweredError(Exception):
    """No result came: the service that owns the speaker is not there."""


class CommandRefusedError(Exception):
    """The owner of the speaker says that it was not done; the text says why."""


class Link:
    """Sends, and matches what comes back by the id of what was sent."""

    def __init__(self, bus: Bus, src: str) -> None:
        self._bus = bus
        self.src = src
        self._results: dict[str, asyncio.Future[Result]] = {}
        self._replies: dict[str, asyncio.Queue[Reply]] = {}
        self._homes: dict[str, asyncio.Future[HomeAnswer]] = {}

    @property
    def is_connected(self) -> bool:
        return self._bus.is_connected

    def receive(self, delivery: Delivery) -> None:
        """A result, reply or answer of Home Assistant; those that nobody here waits for are ignored."""
        match delivery.message:
            case Result(request=str(request)) as result:
                if (waiting := self._results.get(request)) and not waiting.done():
                    waiting.set_result(result)
            case Reply() as reply:
                if queue := self._replies.get(delivery.places["request"]):
                    queue.put_nowait(reply)
            case HomeAnswer() as answer:
                if (home := self._homes.get(answer.request)) and not home.done():
                    home.set_result(answer)
            case _:
                pass

    def publish(self, message: Message, **places: str) -> None:
        """Send without waiting for anything."""
        self._bus.publish(message, **places)

    async def command(self, command: Command, household: str, speaker: str) -> Result:
        """Send a command and wait for the first result. Raises NobodyAnsweredError, CommandRefusedError."""
        waiting: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._results[command.id] = waiting
        try:
            self._bus.publish(command, household=household, speaker=speaker)
            async with asyncio.timeout(RESULT_WITHIN_S):
                result = await waiting
        except TimeoutError:
            raise NobodyAnsweredError(f"no service answers for {household}/{speaker}") from None
        finally:
            del self._results[command.id]
        if not result.ok:
            raise CommandRefusedError(result.error or "it was not done")
        return result

    async def replies(self, ask: Ask, address: Address) -> AsyncGenerator[Reply, None]:
        """Ask without speaking; the sentences as they come, the last with `end`.

        Raises NobodyAnsweredError when no brain takes the question, and CommandRefusedError when it refuses.
        """
        queue: asyncio.Queue[Reply] = asyncio.Queue()
        self._replies[ask.id] = queue
        try:
            await self.command(ask, address.household, address.speaker)
            while True:
                try:
                    async with asyncio.timeout(REPLY_WITHIN_S):
                        reply = await queue.get()
                except TimeoutError:
                    raise NobodyAnsweredError("the answer stopped coming") from None
                yield reply
                if reply.end:
                    return
        finally:
            del self._replies[ask.id]

    async def ask_home(self, household: str, text: str, speaker: str) -> HomeAnswer:
        """What Home Assistant's conversation agent says. Raises NobodyAnsweredError."""
        ask = HomeAsk(text=text, speaker=speaker)
        waiting: asyncio.Future[HomeAnswer] = asyncio.get_running_loop().create_future()
        self._homes[ask.id] = waiting
        try:
            self._bus.publish(ask, household=household)
            async with asyncio.timeout(_HOME_WITHIN_S):
                return await waiting
        except TimeoutError:
            raise NobodyAnsweredError("Home Assistant did not answer") from None
        finally:
            del self._homes[ask.id]
