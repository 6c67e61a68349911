"""Measures the whole chain on the simulator and writes a table: `python -m bench.answers [--share 0.1] [--write]`.

All services and mosquitto as processes, the simulator in this one. Conditions: 40 ms per cloud request, XiaoAI's own
answer 4 s, 0.3 s from an accepted TTS to sound, 0.2 s per character, a model with 0.3 s to the first token and 40
tokens per second of 1.5 characters, answers of six sentences and about 160 characters, questions at random phases.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.conversation import measure_conversation, measure_idle, measure_pacing
from bench.disturbances import measure_faults, measure_interruption, measure_storm
from bench.intent import measure_intent
from bench.resources import measure_first_word, measure_resources
from bench.table import Row, merged, table

RESULTS = Path(__file__).parent / "results.md"

SCENARIOS: dict[str, Callable[[float], Awaitable[list[Row]]]] = {
    "conversation": measure_conversation,
    "idle": measure_idle,
    "pacing": measure_pacing,
    "interruption": measure_interruption,
    "faults": measure_faults,
    "storm": measure_storm,
    "first_word": measure_first_word,
    "resources": measure_resources,
    "intent": measure_intent,
}


async def main() -> int:
    """Exit status 1 with --strict when something did not succeed every time. Times are only reported: machines are
    noisy, and on one that is starved even a status comes too late to be of use."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="part of the full number of questions, 0 to 1")
    parser.add_argument("--only", nargs="*", choices=list(SCENARIOS), help="these scenarios")
    parser.add_argument("--write", action="store_true", help=f"put the rows into {RESULTS.name}")
    parser.add_argument("--strict", action="store_true", help="exit 1 if a count is not whole; for a calm machine")
    arguments = parser.parse_args()
    rows: list[Row] = []
    for name, scenario in SCENARIOS.items():
        if arguments.only and name not in arguments.only:
            continue
        print(f"… {name}", flush=True)
        measured = await scenario(arguments.share)
        print(table(measured), flush=True)
        rows += measured
    if arguments.write:
        RESULTS.write_text(merged(RESULTS.read_text("utf-8") if RESULTS.exists() else "", rows), encoding="utf-8")
    return int(arguments.strict and any(row.is_count and not row.is_met for row in rows))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
