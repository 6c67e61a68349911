"""`migpt train`: trains the intent model anew and shows how good it is on sentences that it has not learnt from."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migpt_cli.configuration import read_settings
from migpt_cli.ending import ends_properly
from migpt_cli.intent_model import corrections_of, models_of, train_in
from migpt_cli.options import ConfigOption
from migpt_cli.outcome import EXIT_OK, CommandFailedError
from migpt_cli.unit_chart import UnitChart
from migpt_cli.wording import help_language, words
from migpt_shared.language import Phrase

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from migpt_brain.intent.evaluation import Evaluation
    from migpt_shared.settings import Settings

_BAR_WIDTH = 40
#: Only the upper half of the recalls is listed; the picture shows all.
_LISTED_RECALLS = 21
_SUMMARY = Phrase(
    zh="语料 {lines} 行，展开 {sentences} 句；以下是按行交叉验证的结果（每句都由没见过这一行的模型判断）。\n"
    "大模型与其他分得对：{accuracy:.1%}；指令被大模型抢走：{stolen:.1%}；问题漏给小爱：{missed:.1%}；"
    "概率误差：{calibration_error:.3f}；阈值：{threshold:.2f}",
    en="{lines} corpus lines, {sentences} sentences; cross-validated by line (each sentence is judged by a model that "
    "has not seen its line).\nlanguage model or not, right: {accuracy:.1%}; commands stolen: {stolen:.1%}; questions "
    "left to XiaoAI: {missed:.1%}; calibration error: {calibration_error:.3f}; threshold: {threshold:.2f}",
)
_DOMAINS = Phrase(zh="按领域", en="By domain")
_DOMAIN_COLUMNS = (
    Phrase(zh="类别", en="label"),
    Phrase(zh="领域", en="domain"),
    Phrase(zh="句数", en="sentences"),
    Phrase(zh="正确率", en="right"),
)
_CONFUSION = Phrase(zh="判断（行：应为；列：判为）", en="Judgements (row: true, column: judged)")
_EXPECTED_AXIS = Phrase(zh="预测概率", en="expected")
_OBSERVED_AXIS = Phrase(zh="实际比例", en="observed")
_CALIBRATION_TITLE = Phrase(zh="概率是否可信（对角线：完全可信）", en="Calibration (on the diagonal it is perfect)")
_LEARNT = Phrase(
    zh="已学会 {count} 条纠正，代价 {before:.4f} → {after:.4f}",
    en="{count} corrections learnt, cost {before:.4f} → {after:.4f}",
)
_NOT_LEARNT = Phrase(
    zh="{count} 条纠正只逐字生效：学会它们会让模型变差（代价 {before:.4f} → {after:.4f}）",
    en="{count} corrections hold word for word only: learning them would make the model worse "
    "(cost {before:.4f} → {after:.4f})",
)
_NOT_WRITTEN = Phrase(zh="图片写不进 {folder}：{reason}", en="the pictures cannot be written to {folder}: {reason}")
_PRECISION = Phrase(zh="大模型一类：找全多少时有多准", en="For the language model: precision by recall")
_PRECISION_COLUMNS = (
    Phrase(zh="找全", en="recall"),
    Phrase(zh="阈值", en="threshold"),
    Phrase(zh="准确", en="precision"),
)
_CALIBRATION = Phrase(
    zh="概率是否可信（█ 实际比例，│ 预测概率）", en="Do the probabilities hold (█ observed, │ expected)"
)
_CALIBRATION_COLUMNS = (
    Phrase(zh="预测", en="expected"),
    Phrase(zh="实际", en="observed"),
    Phrase(zh="占比", en="share"),
)


PicturesOption = Annotated[
    Path | None,
    typer.Option(
        "--pictures", metavar="DIR", help=words("把两张图存成 SVG", "write the two pictures as SVG into this folder")
    ),
]


@ends_properly
def train(config: ConfigOption = None, pictures: PicturesOption = None) -> int:
    from rich.console import Console

    from migpt_brain.intent.evaluation import Evaluation

    settings = read_settings(config)
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "evaluation.json")
        train_in(settings.data_dir, report)
        evaluation = Evaluation.model_validate_json(report.read_bytes())
    console.print(_SUMMARY.in_(help_language(), **evaluation.model_dump()), highlight=False, soft_wrap=True)
    for table in (_domains(evaluation), _confusion(evaluation), _precision(evaluation), _calibration(evaluation)):
        console.print(table)
    charts = {"precision-recall": _precision_chart(evaluation), "calibration": _calibration_chart(evaluation)}
    for chart in charts.values():
        console.print(chart.title, style="bold")
        console.print("\n".join(chart.lines()), highlight=False, markup=False, soft_wrap=True)
    if pictures is not None:
        _write(charts, pictures)
    _tell_corrections(settings, console)
    return EXIT_OK


def _write(charts: dict[str, UnitChart], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, chart in charts.items():
            (folder / f"{name}.svg").write_text(chart.svg(), encoding="utf-8")
    except OSError as error:
        raise CommandFailedError(_NOT_WRITTEN, folder=folder, reason=error.strerror) from error


def _tell_corrections(settings: Settings, console: Console) -> None:
    """Learn what people corrected as well, and say what came of it."""
    corrections = corrections_of(settings)
    models = models_of(settings, corrections)
    if models.learnt is None:
        return
    verdict = _LEARNT if models.used is models.learnt else _NOT_LEARNT
    told = {"count": len(corrections), "before": models.base.cost, "after": models.learnt.cost}
    console.print(verdict.in_(help_language(), **told), highlight=False, soft_wrap=True)


def _table(title: Phrase, columns: tuple[str, ...], *, left: int) -> Table:
    """An empty table; the first `left` columns hold words, the others numbers."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title.in_(help_language()), box=SIMPLE_HEAD, title_justify="left", title_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index < left or not column else "right", no_wrap=True)
    return table


def _named(columns: tuple[Phrase, ...], *, with_bar: bool) -> tuple[str, ...]:
    return (*(column.in_(help_language()) for column in columns), *([""] if with_bar else []))


def _bar(length: float, mark: float | None = None) -> str:
    """A bar for a share of 0 to 1, with a mark at another."""
    cells = list("█" * round(length * _BAR_WIDTH) + "·" * (_BAR_WIDTH - round(length * _BAR_WIDTH)))
    if mark is not None:
        cells[min(int(mark * _BAR_WIDTH), _BAR_WIDTH - 1)] = "│"
    return "".join(cells)


def _domains(evaluation: Evaluation) -> Table:
    table = _table(_DOMAINS, _named(_DOMAIN_COLUMNS, with_bar=True), left=2)
    for domain in evaluation.domains:
        table.add_row(domain.label, domain.domain, str(domain.sentences), f"{domain.right:.1%}", _bar(domain.right))
    return table


def _confusion(evaluation: Evaluation) -> Table:
    table = _table(_CONFUSION, ("", *evaluation.confusion), left=1)
    for truth, answers in evaluation.confusion.items():
        table.add_row(truth, *(f"{answers[label]:.1%}" for label in evaluation.confusion))
    return table


def _precision_chart(evaluation: Evaluation) -> UnitChart:
    points = tuple((point.recall, point.precision) for point in evaluation.precision_recall)
    language = help_language()
    recall, _, precision = (column.in_(language) for column in _PRECISION_COLUMNS)
    return UnitChart(_PRECISION.in_(language), recall, precision, points, lowest=0.5)


def _calibration_chart(evaluation: Evaluation) -> UnitChart:
    points = tuple((one.expected, one.observed) for one in evaluation.calibration)
    language = help_language()
    axes = _EXPECTED_AXIS.in_(language), _OBSERVED_AXIS.in_(language)
    return UnitChart(_CALIBRATION_TITLE.in_(language), *axes, points, diagonal=True)


def _precision(evaluation: Evaluation) -> Table:
    table = _table(_PRECISION, _named(_PRECISION_COLUMNS, with_bar=True), left=0)
    for point in evaluation.precision_recall[-_LISTED_RECALLS::2]:
        table.add_row(f"{point.recall:.0%}", f"{point.threshold:.2f}", f"{point.precision:.1%}", _bar(point.precision))
    return table


def _calibration(evaluation: Evaluation) -> Table:
    table = _table(_CALIBRATION, _named(_CALIBRATION_COLUMNS, with_bar=True), left=0)
    for one in evaluation.calibration:
        table.add_row(
            f"{one.expected:.2f}", f"{one.observed:.2f}", f"{one.share:.0%}", _bar(one.observed, one.expected)
        )
    return table
