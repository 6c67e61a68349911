"""The intent model: judged as scikit-learn would, reproducible, calibrated, and never taken from a stale file."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from migpt_brain.intent import model as model_module
from migpt_brain.intent.corpus import Corpus, load_corpus
from migpt_brain.intent.evaluation import Evaluation, evaluate
from migpt_brain.intent.features import grams_of
from migpt_brain.intent.model import IntentModel, TrainingFailedError, training_fingerprint
from migpt_brain.intent.model_file import TrainedModel
from migpt_brain.intent.training import Examples, Linear, Trained, train

CORPUS = load_corpus()
#: Enough of the corpus for what does not depend on its size.
SMALL = Corpus(CORPUS.templates[::6], CORPUS.slots)


@pytest.fixture(scope="module")
def small() -> Trained:
    return train(SMALL)


@pytest.fixture(scope="module")
def whole() -> Trained:
    return train(CORPUS)


@pytest.fixture(scope="module")
def evaluation(whole: Trained) -> Evaluation:
    return evaluate(whole.judged, lines=len(CORPUS.templates), threshold=whole.model.terms.threshold)


def test_it_judges_as_scikit_learn_does(small: Trained) -> None:
    utterances = tuple(SMALL.utterances())
    examples = Examples.of(utterances)
    linear = Linear.learn(examples, np.ones(len(utterances), dtype=bool))
    known = [examples.grams[place] for place in linear.known]
    model = IntentModel(small.model)
    unseen = [utterance.text for utterance in Corpus(CORPUS.templates[1::40], CORPUS.slots).utterances()]
    heard = [*(utterance.text for utterance in utterances[::50]), *unseen, "", "？！", "qqq"]
    matrix = np.array([[gram in grams for gram in known] for grams in map(grams_of, heard)], dtype=float)
    matrix /= np.sqrt(np.maximum(matrix.sum(axis=1, keepdims=True), 1))
    scores = small.model.terms.slope * linear.llm.decision_function(matrix) + small.model.terms.offset
    is_home = linear.home.predict(matrix)
    for text, score, home in zip(heard, scores, is_home, strict=True):
        judgement = model.judge(text)
        assert judgement.p_llm == pytest.approx(1 / (1 + math.exp(-score)), abs=1e-12)
        expected = "llm" if judgement.p_llm >= model.threshold else "home" if home else "native"
        assert judgement.label == expected == model.label(text)
        assert model.p_llm(text) == judgement.p_llm


def test_training_again_gives_the_same_model(small: Trained) -> None:
    assert train(SMALL).model == small.model


def test_judging_needs_no_learning_library(small: Trained, tmp_path: Path) -> None:
    small.model.write(tmp_path / "model.json")
    program = (
        "import sys; from pathlib import Path; from migpt_brain.intent.model import IntentModel;"
        f"model = IntentModel.load(Path({str(tmp_path / 'model.json')!r})); assert model.label('播放音乐');"
        "print({'sklearn', 'numpy', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_written_model_is_read_as_it_was(small: Trained, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "model.json"
    small.model.write(file)
    assert TrainedModel.read(file) == small.model
    assert [entry.name for entry in file.parent.iterdir()] == ["model.json"]
    loaded = IntentModel.load(file)
    assert loaded is not None
    assert loaded.p_llm("为什么天会黑") == IntentModel(small.model).p_llm("为什么天会黑")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04pickle",
        b"{}",
        b'{"fingerprint":"x","grams":["a"],"llm_weights":[],"llm_bias":0,"home_weights":[1],"home_bias":0,"slope":1}',
    ],
)
def test_a_broken_file_is_no_model(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    file.write_bytes(content)
    assert IntentModel.load(file) is None


def test_no_line_of_the_file_takes_long_to_parse(whole: Trained, tmp_path: Path) -> None:
    """Whoever reads it in a thread holds the interpreter for one line at a time."""
    whole.model.write(tmp_path / "model.json")
    lines = (tmp_path / "model.json").read_bytes().splitlines()
    assert len(lines) > 50
    assert max(map(len, lines)) < 20_000


def test_half_a_file_is_no_model(small: Trained, tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    small.model.write(file)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))
    assert IntentModel.load(file) is None
    file.write_bytes(b"".join(lines)[:-3])
    assert IntentModel.load(file) is None


def test_a_model_of_another_corpus_code_or_library_is_trained_anew(
    small: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "model.json"
    stale = small.model._replace(terms=small.model.terms.model_copy(update={"fingerprint": "of another time"}))
    trainings = []

    def train_now(path: Path) -> None:
        trainings.append(path)
        small.model.write(path)

    monkeypatch.setattr(model_module, "train_in_child", train_now)
    stale.write(file)
    assert IntentModel.load(file) is None
    IntentModel.load_or_train(file)
    IntentModel.load_or_train(file)
    assert trainings == [file]


def test_the_fingerprint_follows_the_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    before = training_fingerprint()
    assert training_fingerprint() == before
    monkeypatch.setattr("importlib.metadata.version", lambda package: "0.0")
    assert training_fingerprint() != before


def test_a_failed_training_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TrainingFailedError, match="file"):
        model_module.train_in_child(tmp_path / "file" / "model.json")


def test_unseen_lines_are_judged_well(evaluation: Evaluation) -> None:
    assert evaluation.accuracy >= 0.90
    assert evaluation.stolen <= 0.08
    assert all(domain.right >= 0.75 for domain in evaluation.domains)
    assert evaluation.confusion["home"]["home"] >= 0.75
    assert evaluation.confusion["native"]["home"] <= 0.03


def test_probabilities_hold_on_unseen_lines(evaluation: Evaluation) -> None:
    assert evaluation.calibration_error <= 0.03
    assert sum(one.share for one in evaluation.calibration) == pytest.approx(1)
    for one in evaluation.calibration:
        assert one.observed == pytest.approx(one.expected, abs=0.15)


def test_precision_falls_as_more_is_found(evaluation: Evaluation) -> None:
    recalls = [point.recall for point in evaluation.precision_recall]
    thresholds = [point.threshold for point in evaluation.precision_recall]
    assert recalls == sorted(recalls)
    assert thresholds == sorted(thresholds, reverse=True)
    assert evaluation.precision_recall[0].precision >= 0.97


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("小爱同学，今天天气怎么样？", "native"),
        ("嗯那个定一个明早六点二十的闹钟", "native"),
        ("再来一首他的歌", "native"),
        ("三百二十一乘以七等于多少", "native"),
        ("把客厅灯调成暖色", "home"),
        ("卧室空调别开那么低", "home"),
        ("次卧的窗户关好了没有", "home"),
        ("为什么天是蓝的", "llm"),
        ("帮我写一封给房东的信", "llm"),
        ("我跟同事闹矛盾了该怎么办", "llm"),
        ("空调滤网怎么拆下来洗", "llm"),
        ("", "native"),
    ],
)
def test_plain_cases(whole: Trained, text: str, label: str) -> None:
    assert IntentModel(whole.model).label(text) == label


def test_wording_that_is_not_heard_makes_no_difference(whole: Trained) -> None:
    model = IntentModel(whole.model)
    assert model.p_llm("为什么，天会 黑？") == model.p_llm("为什么天会黑")
    assert model.p_llm("定35分钟的闹钟") == model.p_llm("定7分钟的闹钟")


def test_it_is_quick(whole: Trained) -> None:
    model = IntentModel(whole.model)
    took = []
    for template in CORPUS.templates:
        started = time.perf_counter()
        model.judge(template.text)
        took.append(time.perf_counter() - started)
    assert sorted(took)[len(took) // 2] <= 0.001
