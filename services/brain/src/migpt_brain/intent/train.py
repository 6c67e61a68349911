"""`python -m migpt_brain.intent.train --out FILE`: trains the intent model and writes it; a process of its own.

What scikit-learn needs of memory and start-up time stays in this process.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pydantic import TypeAdapter

from migpt_brain.intent.corpus import load_corpus
from migpt_brain.intent.evaluation import evaluate
from migpt_brain.intent.training import Taught, train

_TAUGHT = TypeAdapter(Taught)


def main() -> None:
    """Trains, writes the model and, if asked for, the evaluation as JSON."""
    parser = argparse.ArgumentParser(description="Trains the intent model from the corpus of this package.")
    parser.add_argument("--out", type=Path, required=True, help="where the model is written")
    parser.add_argument("--report", type=Path, help="where the evaluation is written")
    parser.add_argument(
        "--corrections", type=Path, help='what people taught, a line each: {"text": "", "target": "llm"}'
    )
    options = parser.parse_args()
    corpus = load_corpus()
    lines = options.corrections.read_bytes().splitlines() if options.corrections else []
    trained = train(corpus, [_TAUGHT.validate_json(line) for line in lines])
    if options.report is not None:
        evaluation = evaluate(trained.judged, lines=len(corpus.templates), threshold=trained.model.terms.threshold)
        options.report.write_text(evaluation.model_dump_json(), encoding="utf-8")
    trained.model.write(options.out)


if __name__ == "__main__":
    main()
