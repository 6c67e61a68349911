"""`migpt ps` and `migpt scale`: the containers of the compose file."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from migpt_cli.ending import ends_properly
from migpt_cli.options import JsonOption
from migpt_cli.outcome import EXIT_FAILED, EXIT_OK, say_err, say_out
from migpt_cli.wording import help_language, words
from migpt_shared.language import Phrase

if TYPE_CHECKING:
    from migpt_cli.containers.project import Container

ProjectOption = Annotated[
    str,
    typer.Option("--project", "-p", metavar="NAME", help=words("docker compose 项目名", "docker compose project name")),
]

_HEAD = Phrase(
    zh="容器                 状态        健康        重启  内存（MB）",
    en="container            state       health   restarts  memory (MB)",
)


@ends_properly
def ps(
    logs: Annotated[
        int,
        typer.Option("--logs", min=0, max=1000, metavar="N", help=words("每个容器最后几行日志", "last lines of each")),
    ] = 0,
    project: ProjectOption = "migpt",
    as_json: JsonOption = False,
) -> int:
    from migpt_cli.containers.project import open_project

    with open_project(project) as opened:
        containers = opened.containers(lines=logs)
    if as_json:
        say_out(json.dumps([asdict(one) for one in containers], ensure_ascii=False, indent=2))
    else:
        _show(containers)
    return EXIT_OK if all(one.is_well for one in containers) else EXIT_FAILED


@ends_properly
def scale(
    replicas: Annotated[
        list[str],
        typer.Argument(metavar="SERVICE=NUMBER…", help=words("如 poller=3 brain=2", "as in poller=3 brain=2")),
    ],
    project: ProjectOption = "migpt",
) -> int:
    from migpt_cli.checkout import ROOT
    from migpt_cli.containers.project import open_project
    from migpt_cli.containers.scaling import scale as scale_to
    from migpt_cli.containers.scaling import wanted_replicas

    wanted = wanted_replicas(replicas)
    with open_project(project) as opened:
        _show(scale_to(opened, ROOT, wanted))
    return EXIT_OK


def _show(containers: list[Container]) -> None:
    say_out(_HEAD.in_(help_language()))
    for one in containers:
        memory = "–" if one.memory_mb is None else f"{one.memory_mb:.0f} / {one.memory_limit_mb:.0f}"
        name = f"{one.service}-{one.number}"
        say_out(f"{name:20} {one.state:11} {one.health or '–':10} {one.restarts:4}  {memory}")
        if one.problem:
            say_err(f"  {name}: {one.problem}")
        for line in one.last_lines:
            say_out(f"  {line}")
