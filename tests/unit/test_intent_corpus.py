"""The corpus of the intent model: well written, varied, and free of the utterances that it is measured with."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from migpt_brain.intent.corpus import LABELS, Corpus, CorpusError, Label, Template, load_corpus
from migpt_shared.spoken_form import normalise

ROOT = Path(__file__).resolve().parents[2]
CORPUS = load_corpus()
UTTERANCES = tuple(CORPUS.utterances())


def corpus_of(*lines: str, label: Label = "native", **slots: tuple[str, ...]) -> Corpus:
    return Corpus(tuple(Template(label, "some", line) for line in lines), slots)


def texts(corpus: Corpus) -> set[str]:
    return {utterance.text for utterance in corpus.utterances()}


def test_alternatives_and_blanks_are_filled() -> None:
    assert texts(corpus_of("(开|关)灯(吧|)")) == {"开灯", "关灯", "开灯吧", "关灯吧"}
    assert texts(corpus_of("听{谁}的歌", 谁=("甲", "乙"))) == {"听甲的歌", "听乙的歌"}
    assert texts(corpus_of("(放{谁}|停)", 谁=("甲", "乙"))) == {"放甲", "放乙", "停"}
    assert texts(corpus_of("几点了，现在？")) == {"几点了现在"}


def test_a_line_weighs_by_its_forms_and_not_by_its_fillings() -> None:
    one, many = corpus_of("几点了"), corpus_of("听{谁}的歌", 谁=tuple("甲乙丙丁"))
    assert sum(utterance.weight for utterance in one.utterances()) == pytest.approx(1)
    assert sum(utterance.weight for utterance in many.utterances()) == pytest.approx(2)


def test_filling_is_deterministic_and_independent_of_other_lines() -> None:
    assert tuple(load_corpus().utterances()) == UTTERANCES
    template = CORPUS.templates[100]
    alone = Corpus((template,), CORPUS.slots)
    assert [one.text for one in alone.utterances()] == [one.text for one in UTTERANCES if one.template == template]


@pytest.mark.parametrize("line", ["(开|关灯", "开|关灯", "开灯)", "{谁", "((开|关)灯|几点)"])
def test_a_line_with_wrong_brackets_is_told(line: str) -> None:
    with pytest.raises(CorpusError, match="native/some"):
        texts(corpus_of(line, 谁=("甲",)))


def test_an_unknown_blank_is_told() -> None:
    with pytest.raises(CorpusError, match="歌手"):
        texts(corpus_of("听{歌手}"))


def test_the_corpus_is_varied() -> None:
    """Alternatives count as lines of their own: that many different wordings, whatever fills their blanks."""
    forms = Counter(utterance.template.label for utterance in UTTERANCES)
    assert set(forms) == set(LABELS)
    assert forms["native"] + forms["home"] >= 5000
    assert forms["llm"] >= 5000
    lines = Counter(template.label for template in CORPUS.templates)
    assert lines["native"] + lines["home"] >= 700
    assert lines["llm"] >= 400
    domains = {(template.label, template.domain) for template in CORPUS.templates}
    assert len(domains) >= 19


def test_no_line_is_there_twice() -> None:
    repeated = [line for line, count in Counter(template.text for template in CORPUS.templates).items() if count > 1]
    assert not repeated


def test_every_slot_is_used_and_has_no_repeated_value() -> None:
    lines = "\n".join(template.text for template in CORPUS.templates)
    for name, values in CORPUS.slots.items():
        assert f"{{{name}}}" in lines, name
        assert len(values) == len(set(values)), (name, [value for value in values if values.count(value) > 1])
        assert all(normalise(value) for value in values), name


def test_no_sentence_has_two_labels() -> None:
    labels = defaultdict(set)
    for utterance in UTTERANCES:
        labels[utterance.text].add(utterance.template.label)
    assert not [text for text, found in labels.items() if len(found) > 1]


def test_what_the_model_is_measured_with_is_not_learnt() -> None:
    """Looks for the measuring data in MIGPT_INTENT_DATA, else beside the checkout."""
    folder = Path(os.environ.get("MIGPT_INTENT_DATA") or ROOT.parent / "shared" / "intent")
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        pytest.skip(f"no measuring data: {folder} has no *.jsonl; set MIGPT_INTENT_DATA to their folder")
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines() if line]
    measured = {normalise(row["text"]) for row in rows}
    assert not {utterance.text for utterance in UTTERANCES} & measured
