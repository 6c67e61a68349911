"""`migpt classify`: what the brain would make of utterances, without a broker, a speaker or a language model."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from migpt_cli.configuration import read_settings
from migpt_cli.ending import ends_properly
from migpt_cli.intent_model import model_in
from migpt_cli.options import ConfigOption
from migpt_cli.outcome import EXIT_OK, say_out

if TYPE_CHECKING:
    from migpt_brain.control_phrases import ControlPhrases
    from migpt_brain.intent.model import IntentModel


@ends_properly
def classify(config: ConfigOption = None) -> int:
    from migpt_brain.control_phrases import ControlPhrases
    from migpt_brain.llm import preset_names

    settings = read_settings(config)
    controls = ControlPhrases(preset_names(settings.llm))
    model = model_in(settings.data_dir)
    for line in sys.stdin.buffer:
        say_out(_judged(line.decode("utf-8", "replace").strip(), controls, model))
    return EXIT_OK


def _judged(text: str, controls: ControlPhrases, model: IntentModel) -> str:
    """The answer to one line. Keywords are left out: they are the household's, not the utterance's."""
    from migpt_brain.decision_table import Reason
    from migpt_shared.spoken_form import normalise

    judgement = model.judge(text)
    label: str = judgement.label
    if not normalise(text):
        reason = Reason.NOTHING_SAID
    elif controls.find(text):
        label, reason = "control", Reason.CONTROL_PHRASE
    else:
        reason = {
            "llm": Reason.CLASSIFIED_LLM,
            "home": Reason.CLASSIFIED_HOME,
            "native": Reason.CLASSIFIED_NATIVE,
        }[judgement.label]
    answer = {"text": text, "label_pred": label, "p_llm": round(judgement.p_llm, 6), "reason": reason.value}
    return json.dumps(answer, ensure_ascii=False)
