"""What Prometheus reads at /metrics."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from migpt_console.console import Console
from migpt_console.figures import percentile

_RECENTLY_S = 3600.0


def exposition(console: Console) -> tuple[bytes, str]:
    """Text and content type."""
    registry = CollectorRegistry()
    registry.register(_House(console))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _House:
    """Turns what the console knows into metrics, at the moment it is asked."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def collect(self) -> list[Metric]:
        return [*self._processes(), *self._speakers(), *self._turns()]

    def _processes(self) -> list[Metric]:
        console = self._console
        broker = GaugeMetricFamily("migpt_broker_connected", "The console is connected to the broker")
        broker.add_metric([], float(console.link.is_connected))
        up = GaugeMetricFamily("migpt_process_healthy", "A process is online, and well", labels=["service", "instance"])
        events = CounterMetricFamily(
            "migpt_events", "What a process has counted since its start", labels=["service", "instance", "kind"]
        )
        for process in console.house.living(time.monotonic()):
            up.add_metric([process.service, process.instance], float(process.presence.health.ok))
            for kind, number in process.presence.counters.items():
                events.add_metric([process.service, process.instance, kind], number)
        account = GaugeMetricFamily("migpt_account_ok", "Xiaomi accepts the login", labels=["household"])
        for household, state in console.house.accounts.items():
            account.add_metric([household], float(state.ok))
        return [broker, up, events, account]

    def _speakers(self) -> list[Metric]:
        labels = ["household", "speaker"]
        online = GaugeMetricFamily("migpt_speaker_online", "Xiaomi's cloud reaches the speaker", labels=labels)
        requests = GaugeMetricFamily("migpt_requests_today", "Transcript requests since midnight", labels=labels)
        budget = GaugeMetricFamily("migpt_requests_budget", "Transcript requests allowed per day", labels=labels)
        tokens = GaugeMetricFamily("migpt_tokens_today", "Tokens of language models since midnight", labels=labels)
        for speaker in self._console.house.sorted_speakers():
            where = [speaker.address.household, speaker.address.speaker]
            if speaker.hearing is not None:
                online.add_metric(where, float(bool(speaker.hearing.online)))
                requests.add_metric(where, speaker.hearing.requests_today)
                budget.add_metric(where, speaker.hearing.budget)
            if speaker.brain is not None:
                tokens.add_metric(where, speaker.brain.tokens_today)
        return [online, requests, budget, tokens]

    def _turns(self) -> list[Metric]:
        figures = self._console.figures
        turns = CounterMetricFamily("migpt_turns", "Turns that have ended", labels=["route", "phase"])
        for (route, phase), number in figures.turns.items():
            turns.add_metric([route, phase], number)
        stages = GaugeMetricFamily(
            "migpt_stage_seconds", "How long a stage of turns took in the last hour", labels=["stage", "quantile"]
        )
        since = time.time() - _RECENTLY_S
        for stage in figures.stages():
            took = [sample.took_ms for sample in figures.of(stage, since)]
            if took:
                for share in (0.5, 0.95):
                    stages.add_metric([stage, str(share)], percentile(took, share) / 1000)
        return [turns, stages]
