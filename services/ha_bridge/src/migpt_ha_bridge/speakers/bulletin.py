"""What should stand on the broker and what does: the retained states, and the discovery messages; pure.

Both take what the broker shows and what is wanted, and give out what has to be published.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from migpt_ha_bridge.speakers.discovery import Payload, components_of, encoded, own_payload, unit_of
from migpt_ha_bridge.speakers.paths import Paths

IsGone = Callable[[str], bool]
"""Whether a speaker, by its name in topics, is certainly not one of the household's any more."""

#: Home Assistant must have taken in a component's removal before the payload without it comes, seconds.
REMOVAL_S = 2.0


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to publish, retained. An empty payload takes down what stands there."""

    topic: str
    payload: bytes
    expires_s: float | None = None
    is_default: bool = False
    """only where nothing stands"""


class StateBulletin:
    """The retained states of one household's devices."""

    def __init__(self) -> None:
        self._wanted: dict[str, Notice] = {}
        self._permitted: frozenset[str] = frozenset()
        self._units: frozenset[str] = frozenset()
        self._standing: dict[str, bytes] = {}
        self._changed: set[str] = set()

    def permit(self, topics: frozenset[str]) -> None:
        """Only these topics are in use: what stands elsewhere is taken down, if it is of no speaker that may come."""
        self._permitted = topics
        self._units = frozenset(topic.split("/")[2] for topic in topics)
        self._changed |= self._wanted.keys() | self._standing.keys()

    def put(self, topic: str, text: str, *, expires_s: float | None = None, is_default: bool = False) -> None:
        """What the topic should say. A topic never put says on what it said before, in an earlier run; one that is put
        by default only if it said something.
        """
        notice = Notice(topic, text.encode(), expires_s, is_default)
        if is_default and topic in self._wanted:
            return
        if self._wanted.get(topic) != notice:
            self._wanted[topic] = notice
            self._changed.add(topic)

    def forget(self, unit_prefix: str) -> None:
        """Nothing is known any more below this topic."""
        for topic in [topic for topic in self._wanted if topic.startswith(unit_prefix)]:
            del self._wanted[topic]
            self._changed.add(topic)

    def seen(self, topic: str, payload: bytes) -> None:
        """The broker kept this from before."""
        self._standing[topic] = payload
        self._changed.add(topic)

    def lost_sight(self) -> None:
        """The connection is gone, and with it perhaps what the broker kept."""
        self._standing.clear()
        self._changed |= self._wanted.keys()

    def say_again(self, topics_with: str = "") -> None:
        """Publish anew what is known, of topics with this beginning, though it stands there."""
        for topic in [topic for topic in self._wanted if topic.startswith(topics_with)]:
            self._standing.pop(topic, None)
            self._changed.add(topic)

    def settle(self, is_gone: IsGone) -> list[Notice]:
        """What has to be published now; it then counts as standing."""
        notices = [notice for topic in sorted(self._changed) if (notice := self._due(topic, is_gone)) is not None]
        self._changed.clear()
        for notice in notices:
            if notice.payload:
                self._standing[notice.topic] = notice.payload
            else:
                self._standing.pop(notice.topic, None)
        return notices

    def _due(self, topic: str, is_gone: IsGone) -> Notice | None:
        standing, wanted = self._standing.get(topic), self._wanted.get(topic)
        if topic not in self._permitted:
            is_in_use = topic.split("/")[2] in self._units
            return Notice(topic, b"") if standing is not None and (is_in_use or is_gone(topic.split("/")[2])) else None
        if wanted is None or wanted.payload == standing or (wanted.is_default and standing is not None):
            return None
        return wanted


class DiscoveryBulletin:
    """The discovery messages of one household. Times are monotonic seconds."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._wanted: dict[str, Payload] = {}
        self._standing: dict[str, Payload] = {}
        self._stale: set[str] = set()
        self._removing: dict[str, float] = {}
        self._taken_down: Counter[str] = Counter()
        self._deleted: set[str] = set()

    @property
    def deleted_by_user(self) -> frozenset[str]:
        """Topics of devices that a person has deleted in Home Assistant."""
        return frozenset(self._deleted)

    def want(self, payloads: Mapping[str, Payload]) -> None:
        """The discovery messages that there should be, by topic."""
        self._wanted = dict(payloads)
        self._deleted &= self._wanted.keys()

    def seen(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Something arrived on a discovery topic, of us or of anybody."""
        if payload:
            own = own_payload(payload, self._paths)
            if retained and own is not None:
                self._standing[topic] = own
        elif self._taken_down[topic]:
            self._taken_down[topic] -= 1
        elif topic in self._wanted:
            # Home Assistant empties the topic when its user deletes the device. Who published it at once would see
            # it deleted in vain; it comes back when Home Assistant, or the bridge, starts anew.
            self._deleted.add(topic)
            self._standing.pop(topic, None)

    def lost_sight(self) -> None:
        """The connection is gone, and with it perhaps what the broker kept."""
        self._standing.clear()
        self._removing.clear()
        self._taken_down.clear()

    def say_again(self) -> None:
        """Publish all messages anew: Home Assistant has started, and a deleted device may come back."""
        self._deleted.clear()
        self._stale = set(self._wanted)

    def due_at(self) -> float | None:
        """When to settle again at the latest; None: when something changes."""
        return min(self._removing.values(), default=None)

    def settle(self, now: float, is_gone: IsGone) -> list[Notice]:
        """What has to be published now; it then counts as standing."""
        unwanted = sorted(self._standing.keys() - self._wanted.keys())
        in_use = {unit_of(payload) for payload in self._wanted.values()}
        notices = [
            self._take_down(topic)
            for topic in unwanted
            if (unit := unit_of(self._standing[topic])) in in_use or is_gone(unit)
        ]
        for topic, wanted in self._wanted.items():
            if topic not in self._deleted and (payload := self._due(topic, wanted, now)) is not None:
                self._standing[topic] = payload
                self._stale.discard(topic)
                notices.append(Notice(topic, encoded(payload)))
        return notices

    def _take_down(self, topic: str) -> Notice:
        del self._standing[topic]
        self._removing.pop(topic, None)
        self._taken_down[topic] += 1
        return Notice(topic, b"")

    def _due(self, topic: str, wanted: Payload, now: float) -> Payload | None:
        standing = self._standing.get(topic)
        if standing is None:
            self._removing.pop(topic, None)
            return wanted
        removed = _removed(standing, wanted)
        if removed and topic not in self._removing:
            # A component that is merely left out stays: it has to be named once more, as nothing but its platform.
            self._removing[topic] = now + REMOVAL_S
            return _with_removals(wanted, removed)
        if removed and now < self._removing[topic]:
            return None
        self._removing.pop(topic, None)
        return wanted if standing != wanted or topic in self._stale else None


def _removed(standing: Payload, wanted: Payload) -> dict[str, str]:
    """Components that stand there and are not wanted, or not of that platform."""
    kept = components_of(wanted)
    return {key: platform for key, platform in components_of(standing).items() if kept.get(key) != platform}


def _with_removals(wanted: Payload, removed: Mapping[str, str]) -> Payload:
    components = wanted["components"]
    assert isinstance(components, dict)  # noqa: S101 - made by us
    removals = {key: {"platform": platform} for key, platform in removed.items()}
    return {**wanted, "components": {**components, **removals}}
