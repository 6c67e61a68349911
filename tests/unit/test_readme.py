"""What the READMEs and the guide of the code say is there: figures, commands, links, settings, topics, providers."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from migpt_cli import main as command_line
from migpt_cli.checkout import ROOT
from migpt_shared.messages import DEFAULT_PREFIX, Command, decode, place_of
from migpt_shared.providers.known import known_providers
from migpt_shared.settings import load_settings

READMES = ("README.md", "README.zh-CN.md")
PAGES = (*READMES, "docs/architecture.md", "simulator/README.md", "simulator/LLM.md")
CONFIGURED = (*READMES, "docs/architecture.md")
ROOMS = (
    "shared/src/migpt_shared",
    "services/poller/src/migpt_poller",
    "services/brain/src/migpt_brain",
    "services/speaker/src/migpt_speaker",
    "services/ha_bridge/src/migpt_ha_bridge",
    "services/console/src/migpt_console",
    "cli/src/migpt_cli",
)
RESULTS = ROOT / "bench" / "results.md"
NOT_MEASURED = "The table is written by `python -m bench.answers --write`.\n"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_INLINE = re.compile(r"`(\./migpt [^`\n]*)`")


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return [body for kind, body in _FENCE.findall(text_of(page)) if kind == language]


def lines(page: str, program: str) -> list[list[str]]:
    """The words of every line of a shell block that calls the program."""
    calls = [line for block in blocks(page, "sh") for line in block.splitlines() if line.startswith(program)]
    return [shlex.split(call, comments=True) for call in calls]


def migpt_calls(page: str) -> Iterator[list[str]]:
    yield from (words[1:] for words in lines(page, "./migpt "))
    yield from (shlex.split(call)[1:] for call in _INLINE.findall(text_of(page)))


@cache
def command_group() -> typer.core.TyperGroup:
    """The command line as `migpt` builds it; called once, as building adds the commands to the application."""
    command_line._add_commands()
    group = typer.main.get_command(command_line.app)
    assert isinstance(group, typer.core.TyperGroup)
    return group


def parse(words: list[str]) -> None:
    """Read a command line as far as its options and arguments, without running it. Raises on what is not there."""
    command: Any = command_group()
    while isinstance(command, typer.core.TyperGroup):
        name, *words = words
        assert name in command.commands, f"no such command: {name}"
        command = command.commands[name]
    # A command without anything stands for itself, whatever it needs.
    command.make_context(name, words, resilient_parsing=not words)


@pytest.mark.parametrize("page", READMES)
def test_the_figures_are_those_of_the_bench(page: str) -> None:
    expected = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else NOT_MEASURED
    shown = re.findall(r"^<!-- results -->\n(.*?)^<!-- /results -->$", text_of(page), re.MULTILINE | re.DOTALL)
    assert shown == [expected]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_exists_with_its_options(page: str) -> None:
    calls = list(migpt_calls(page))
    if page in READMES:
        assert {words[0] for words in calls} >= {"demo", "up", "test", "say", "ask", "watch", "speakers", "config"}
    for words in calls:
        parse(words)


@pytest.mark.parametrize("words", [["dance"], ["say", "--loudly", "x"], ["config", "chek"]])
def test_a_command_that_is_not_there_is_noticed(words: list[str]) -> None:
    with pytest.raises(Exception, match=r"(?i)no such"):
        parse(words)


def anchors(file: Path) -> set[str]:
    """The anchors that the headings of a page have where it is shown."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_somewhere(page: str) -> None:
    for path, anchor in _LINK.findall(text_of(page)):
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), f"{page} links to {path}"
        assert not anchor or anchor in anchors(target), f"{page} links to {path}#{anchor}"


def test_the_room_guide_names_modules_that_exist() -> None:
    rooms = re.findall(r"^\| modules[^\n]*\n\|---.*\n((?:\|.*\n)+)", text_of("docs/architecture.md"), re.MULTILINE)
    assert len(rooms) == len(ROOMS)
    for room, rows in zip(ROOMS, rooms, strict=True):
        named = [name for row in rows.splitlines() for name in re.findall(r"`([a-z_/]+)`", row.split("|")[1])]
        assert len(named) > 10
        assert [name for name in named if not (ROOT / room / f"{name}.py").is_file()] == []


@pytest.mark.parametrize(
    ("page", "number"), [(page, n) for page in CONFIGURED for n in range(len(blocks(page, "toml")))]
)
def test_every_piece_of_configuration_loads(
    page: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("MIGPT_")]:
        monkeypatch.delenv(name)
    config = tmp_path / "config.toml"
    config.write_text(blocks(page, "toml")[number], encoding="utf-8")
    load_settings(config)


@pytest.mark.parametrize("page", READMES)
def test_every_line_for_mosquitto_pub_is_a_command_that_is_understood(page: str) -> None:
    calls = lines(page, "mosquitto_pub ")
    assert len(calls) >= 5
    for words in calls:
        place = place_of(DEFAULT_PREFIX, words[words.index("-t") + 1])
        assert place is not None, words
        payload = words[words.index("-m") + 1].encode() if "-m" in words else b""
        assert isinstance(decode(place.kind, payload), Command)


@pytest.mark.parametrize("page", READMES)
def test_the_providers_are_those_that_are_shipped(page: str) -> None:
    rows = [line.split(" | ") for line in text_of(page).splitlines() if re.match(r"\| .+ \| `\w+` \| `", line)]
    shown = {row[1].strip("`"): (row[2].strip("`"), row[3].removesuffix(" |")) for row in rows}
    assert list(shown) == list(known_providers())
    for name, provider in known_providers().items():
        model, key = shown[name]
        assert model == provider.model
        assert key == provider.key_page or not provider.key_page


def test_both_languages_have_the_same_parts() -> None:
    """Sections, tables, examples: what one reader is told the other is told as well."""

    def parts(page: str) -> tuple[list[int], list[str], list[int]]:
        text = text_of(page)
        without_code = _FENCE.sub("", text)
        headings = [len(marks) for marks in re.findall(r"^(#+) ", without_code, re.MULTILINE)]
        tables = [len(table.splitlines()) for table in re.findall(r"(?:^\|.*\n)+", without_code, re.MULTILINE)]
        return headings, [kind for kind, _ in _FENCE.findall(text)], tables

    assert parts(READMES[0]) == parts(READMES[1])
