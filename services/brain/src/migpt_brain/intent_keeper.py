"""Which intent model is in use: the one that learnt from the corpus, or one that learnt from corrections too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import structlog

from migpt_brain.corrections import Correction, Corrections, by_household
from migpt_brain.intent_builder import Builder, BuildFailedError, Built, fingerprint
from migpt_brain.store import StoreUnavailableError
from migpt_shared.messages import Address, Target

log = structlog.get_logger(__name__)

#: So often the store is looked at for what others changed: the command line, another brain. Seconds.
LOOK_EVERY_S = 3.0
#: After a failed training the same one is not tried again before this, seconds.
RETRY_AFTER_S = 60.0


class IntentKeeper:
    """The labels that people gave, and the model that has learnt them. Labels count at once, word for word.

    `swapped` is called with each model that comes into use.
    """

    def __init__(self, store: Corrections, builder: Builder, swapped: Callable[[Built], None]) -> None:
        self._store = store
        self._builder = builder
        self._swapped = swapped
        self._labels: Mapping[str, Mapping[str, Target]] = {}
        self._changed = asyncio.Event()
        self._base: Built | None = None
        self._used: Built | None = None
        self._settled: str | None = None
        """fingerprint of the corrections for which nothing is left to do"""
        self._learnt: frozenset[tuple[str, Target]] = frozenset()
        """the labels that the model in use has learnt"""
        self._not_before = 0.0

    @property
    def used(self) -> Built | None:
        """The model in use; None before the first."""
        return self._used

    def labels(self, household: str) -> Mapping[str, Target]:
        """Who answers which words (normalised) in a household."""
        return self._labels.get(household, {})

    async def correct(self, address: Address, text: str, target: Target) -> Correction:
        """Keep a label. Raises ValueError (no label can be made of it) or StoreUnavailableError (not kept)."""
        correction = self._store.make(address, text, target)
        await self._store.keep(correction)
        mine = {**self.labels(address.household), correction.said: target}
        self._labels = {**self._labels, address.household: mine}
        log.info("corrected", speaker=str(address), text=text, target=target)
        self._changed.set()
        return correction

    async def run(self) -> None:
        """Follow the corrections until cancelled."""
        while True:
            self._changed.clear()
            try:
                corrections = await self._store.all()
            except StoreUnavailableError as error:
                log.warning("corrections_not_read", reason=str(error))
            else:
                self._labels = by_household(corrections)
                if time.monotonic() >= self._not_before:
                    await self._follow(corrections)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._changed.wait()

    async def _follow(self, corrections: tuple[Correction, ...]) -> None:
        """Have the model learn what is new."""
        mark = fingerprint(corrections)
        if mark == self._settled:
            return
        try:
            if self._base is None:
                self._base = await self._builder.build(())
                self._use(self._base, ())
            await self._try(self._base, corrections)
            self._settled = mark
        except BuildFailedError as error:
            self._not_before = time.monotonic() + RETRY_AFTER_S
            log.warning("intent_model_not_made", reason=str(error), tried_again_in_s=RETRY_AFTER_S)

    async def _try(self, base: Built, corrections: tuple[Correction, ...]) -> None:
        learnt = await self._builder.build(corrections) if corrections else base
        if learnt.is_no_worse_than(base):
            self._use(learnt, corrections)
            return
        # Word for word the corrections hold all the same.
        log.warning("corrections_not_learnt", reason="the model would be worse", cost=learnt.cost, before=base.cost)
        if not self._learnt <= _labels_of(corrections):
            self._use(base, ())  # the model in use has learnt what was taken back

    def _use(self, built: Built, corrections: tuple[Correction, ...]) -> None:
        self._learnt = _labels_of(corrections)
        if self._used is not None and self._used.version == built.version:
            return
        self._used = built
        log.info("intent_model", version=built.version, corrections=built.corrections, cost=round(built.cost, 4))
        self._swapped(built)


def _labels_of(corrections: tuple[Correction, ...]) -> frozenset[tuple[str, Target]]:
    return frozenset((correction.said, correction.target) for correction in corrections)
