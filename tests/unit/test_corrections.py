"""Labels that people give: kept, replaced, taken back; and which model is used once they are learnt."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from migpt_brain import intent_keeper
from migpt_brain.corrections import LONGEST, Correction, Corrections, by_household
from migpt_brain.intent_builder import TOLERANCE, BuildFailedError, Built, ChildBuilder, fingerprint
from migpt_brain.intent_keeper import IntentKeeper
from migpt_brain.store import StoreUnavailableError
from migpt_shared.messages import Address

LIVING = Address("home", "living_room")
AWAY = Address("away", "kitchen")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Corrections]:
    async with Corrections(Corrections.default_url(tmp_path), clock=Clock()) as opened:
        yield opened


def said(corrections: Sequence[Correction]) -> list[tuple[str, str]]:
    return [(correction.text, correction.target) for correction in corrections]


async def test_they_are_kept_newest_first_and_survive(tmp_path: Path) -> None:
    async with Corrections(Corrections.default_url(tmp_path), clock=Clock()) as store:
        await store.keep(store.make(LIVING, "讲个笑话", "llm"))
        await store.keep(store.make(LIVING, "今天星期几", "native"))
    async with Corrections(Corrections.default_url(tmp_path)) as again:
        assert said(await again.all()) == [("今天星期几", "native"), ("讲个笑话", "llm")]
    assert (tmp_path / "brain" / "corrections.db").exists()


async def test_of_the_same_words_the_last_label_counts(store: Corrections) -> None:
    await store.keep(store.make(LIVING, "讲个笑话", "llm"))
    await store.keep(store.make(LIVING, "讲个 笑话！", "native"))
    await store.keep(store.make(AWAY, "讲个笑话", "llm"))
    assert said(await store.all()) == [("讲个笑话", "llm"), ("讲个 笑话！", "native")]
    assert by_household(await store.all()) == {"home": {"讲个笑话": "native"}, "away": {"讲个笑话": "llm"}}


async def test_undo_takes_back_the_newest_or_those_words(store: Corrections) -> None:
    for text in ("一", "二", "三"):
        await store.keep(store.make(LIVING, text, "llm"))
    assert said(await store.undo()) == [("三", "llm")]
    assert said(await store.undo("一。")) == [("一", "llm")]
    assert await store.undo("没有这句") == ()
    assert said(await store.all()) == [("二", "llm")]
    await store.undo()
    assert await store.undo() == ()


@pytest.mark.parametrize("text", ["", "。。。", "长" * (LONGEST + 1)])
async def test_what_cannot_be_corrected(store: Corrections, text: str) -> None:
    with pytest.raises(ValueError, match="corrected"):
        store.make(LIVING, text, "llm")


async def test_quotes_and_emoji_are_words_like_others(store: Corrections) -> None:
    nasty = "'); DROP TABLE correction; -- 😀\n你好"
    await store.keep(store.make(LIVING, nasty, "native"))
    assert said(await store.all()) == [(nasty, "native")]


async def test_two_stores_on_one_file(tmp_path: Path, store: Corrections) -> None:
    async with Corrections(Corrections.default_url(tmp_path)) as other:
        await asyncio.gather(
            *(store.keep(store.make(LIVING, f"甲{number}", "llm")) for number in range(20)),
            *(other.keep(other.make(LIVING, f"乙{number}", "native")) for number in range(20)),
        )
        assert len(await store.all()) == 40


async def test_a_store_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "brain").write_text("not a folder")
    with pytest.raises(StoreUnavailableError, match=r"data_dir or llm\.memory_url"):
        async with Corrections(Corrections.default_url(tmp_path)):
            pass


def test_the_fingerprint_goes_by_the_labels_alone() -> None:
    def label(name: str, text: str, target: str = "llm") -> Correction:
        return Correction(name, 1, "home", "a", text, "llm" if target == "llm" else "native")

    assert fingerprint([label("1", "甲"), label("2", "乙")]) == fingerprint([label("3", "乙。"), label("4", "甲")])
    assert fingerprint([label("1", "甲")]) != fingerprint([label("1", "甲", "native")])
    assert fingerprint([label("1", "甲")]) != fingerprint([])


# which model is used


@dataclass
class Model:
    threshold: float = 0.5

    def p_llm(self, text: str) -> float:
        return 0.1

    def label(self, text: str) -> str:
        return "native"


@dataclass
class Workshop:
    """Makes models that cost what the test wants."""

    costs: dict[int, float] = field(default_factory=dict)
    failures: int = 0
    asked: list[list[str]] = field(default_factory=list)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def build(self, corrections: Sequence[Correction]) -> Built:
        self.asked.append([correction.text for correction in corrections])
        self.was_asked.set()
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise BuildFailedError("no disk")
        number = len(corrections)
        return Built(Model(), f"v-{fingerprint(corrections)}", self.costs.get(number, 0.05), number)


@dataclass
class Bench:
    keeper: IntentKeeper
    workshop: Workshop
    used: list[int]
    changed: asyncio.Event

    async def uses(self, *numbers: int) -> None:
        async with asyncio.timeout(5):
            while self.used != list(numbers):
                self.changed.clear()
                await self.changed.wait()

    async def asked(self, times: int) -> None:
        async with asyncio.timeout(5):
            while len(self.workshop.asked) < times:
                self.workshop.was_asked.clear()
                await self.workshop.was_asked.wait()


@pytest_asyncio.fixture
async def bench(store: Corrections, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(intent_keeper, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(intent_keeper, "RETRY_AFTER_S", 0.1)
    used: list[int] = []
    workshop = Workshop()

    changed = asyncio.Event()

    def swapped(built: Built) -> None:
        used.append(built.corrections)
        changed.set()

    keeper = IntentKeeper(store, workshop, swapped)
    running = asyncio.create_task(keeper.run())
    yield Bench(keeper, workshop, used, changed)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_correction_counts_at_once_and_is_learnt_then(bench: Bench) -> None:
    await bench.uses(0)
    await bench.keeper.correct(LIVING, "讲个笑话", "llm")
    assert bench.keeper.labels("home") == {"讲个笑话": "llm"}
    assert bench.keeper.labels("away") == {}
    await bench.uses(0, 1)
    assert bench.keeper.used is not None
    assert bench.keeper.used.corrections == 1


async def test_nothing_is_trained_twice(bench: Bench) -> None:
    await bench.uses(0)
    await bench.keeper.correct(LIVING, "讲个笑话", "llm")
    await bench.uses(0, 1)
    await asyncio.sleep(0.3)
    assert bench.workshop.asked == [[], ["讲个笑话"]]


async def test_a_worse_model_is_not_used(bench: Bench) -> None:
    bench.workshop.costs = {1: 0.06}
    await bench.uses(0)
    await bench.keeper.correct(LIVING, "讲个笑话", "llm")
    await bench.asked(2)
    await bench.keeper.correct(LIVING, "今天星期几", "native")
    await bench.uses(0, 2)
    assert bench.keeper.labels("home") == {"讲个笑话": "llm", "今天星期几": "native"}


async def test_what_others_take_back_is_unlearnt(bench: Bench, store: Corrections) -> None:
    await bench.uses(0)
    await bench.keeper.correct(LIVING, "讲个笑话", "llm")
    await bench.uses(0, 1)
    await store.undo()
    await bench.uses(0, 1, 0)
    assert bench.keeper.labels("home") == {}


async def test_a_model_that_learnt_what_was_taken_back_goes_even_if_the_next_is_worse(
    bench: Bench, store: Corrections
) -> None:
    bench.workshop.costs = {1: 0.5}
    await bench.uses(0)
    await store.keep(store.make(LIVING, "甲", "llm"))
    await bench.asked(2)
    await store.keep(store.make(LIVING, "乙", "llm"))
    await bench.uses(0, 2)
    await store.undo()
    await bench.uses(0, 2, 0)


async def test_a_training_that_failed_is_tried_again(bench: Bench) -> None:
    await bench.uses(0)
    bench.workshop.failures = 2
    await bench.keeper.correct(LIVING, "讲个笑话", "llm")
    await bench.uses(0, 1)
    assert len(bench.workshop.asked) == 4


async def test_without_any_model_corrections_count_all_the_same(bench: Bench) -> None:
    bench.workshop.failures = 10_000
    await bench.keeper.correct(LIVING, "讲个笑话", "llm")
    assert bench.keeper.labels("home") == {"讲个笑话": "llm"}
    await bench.asked(1)
    assert bench.keeper.used is None


# the real trainer


@pytest.mark.timeout(300)
async def test_the_trainer_learns_corrections_and_keeps_what_it_made(tmp_path: Path) -> None:
    builder = ChildBuilder(tmp_path)
    base = await builder.build(())
    assert base.corrections == 0
    text = next(text for text in ("讲个笑话", "放一首歌", "今天天气怎么样") if base.model.p_llm(text) < 0.3)
    taught = [Correction(str(number), number, "home", "a", text, "llm") for number in range(1)]
    learnt = await builder.build(taught)
    assert learnt.corrections == 1
    assert learnt.version != base.version
    assert learnt.model.p_llm(text) > base.model.p_llm(text) + 0.1
    assert learnt.cost == pytest.approx(base.cost, abs=TOLERANCE)
    made = {file: file.stat().st_mtime_ns for file in (tmp_path / "intent").iterdir()}
    assert (await ChildBuilder(tmp_path).build(taught)).version == learnt.version
    assert (await ChildBuilder(tmp_path).build(())).version == base.version
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "intent").iterdir()} == made, "nothing was made anew"


async def test_a_trainer_that_is_cancelled_leaves_no_process(tmp_path: Path) -> None:
    others = _children()
    building = asyncio.create_task(ChildBuilder(tmp_path).build(()))
    while not (trainers := _children() - others):
        await asyncio.sleep(0.01)
    building.cancel()
    await asyncio.gather(building, return_exceptions=True)
    assert not trainers & _children()


async def test_a_folder_that_cannot_be_written_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "intent").write_text("not a folder")
    with pytest.raises(BuildFailedError):
        await ChildBuilder(tmp_path).build(())


def _children() -> frozenset[str]:
    return frozenset(Path("/proc/self/task", str(os.getpid()), "children").read_text().split())
