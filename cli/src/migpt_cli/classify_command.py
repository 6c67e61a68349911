"""`migpt classify`: what the brain would make of utterances, without a broker, a speaker or a language model."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from migpt_cli.configuration import read_settings
from migpt_cli.ending import ends_properly
from migpt_cli.intent_model import corrections_of, models_of
from migpt_cli.options import ConfigOption
from migpt_cli.outcome import EXIT_OK, say_out
from migpt_cli.wording import words

if TYPE_CHECKING:
    from migpt_brain.routing import Router, RoutingContext
    from migpt_shared.messages import Target
    from migpt_shared.settings import Settings

KeywordsOption = Annotated[
    bool,
    typer.Option(
        "--keywords",
        help=words("按配置里的关键词判断（小周…、帮我…）", "let the configured keywords decide as well"),
    ),
]


@ends_properly
def classify(config: ConfigOption = None, keywords: KeywordsOption = False) -> int:
    settings = read_settings(config)
    corrections = corrections_of(settings)
    labels = {correction.said: correction.target for correction in reversed(corrections)}
    model = models_of(settings, corrections).used.model
    router, context = _router(settings, with_keywords=keywords), _context(labels)
    router.classifier = model
    for line in sys.stdin.buffer:
        text = line.decode("utf-8", "replace").strip()
        decision = router.route(text, context)
        p_llm = model.p_llm(text) if decision.p_llm is None else decision.p_llm
        answer = {"text": text, "label_pred": decision.route, "p_llm": round(p_llm, 6), "reason": decision.reason.value}
        say_out(json.dumps(answer, ensure_ascii=False))
    return EXIT_OK


def _router(settings: Settings, *, with_keywords: bool) -> Router:
    """Keywords are left out unless they are asked for: they are the household's, not the utterance's."""
    from migpt_brain.routing import Router

    none: list[str] = []
    routing = settings.routing
    if not with_keywords:
        routing = routing.model_copy(update={"ai_keywords": none, "home_keywords": none})
    return Router.of(routing, settings.llm)


def _context(corrections: dict[str, Target]) -> RoutingContext:
    """A speaker in mode auto, in a home with Home Assistant, where nothing was said before."""
    from migpt_brain.routing import RoutingContext

    return RoutingContext(mode="auto", ai_on=True, home_connected=True, corrections=corrections)
