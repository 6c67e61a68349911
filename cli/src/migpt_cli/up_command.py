"""`migpt up`: the real thing without Docker."""

from __future__ import annotations

import asyncio

from migpt_cli.configuration import config_path, read_settings
from migpt_cli.ending import ends_properly
from migpt_cli.options import ConfigOption
from migpt_cli.outcome import ConfigUnusableError
from migpt_cli.wording import help_language


@ends_properly
def up(config: ConfigOption = None) -> int:
    from migpt_cli.config_findings import surroundings_problems
    from migpt_cli.up.running import run_up

    settings = read_settings(config)
    problems = surroundings_problems(settings)
    if problems:
        raise ConfigUnusableError(tuple(problem.in_(help_language()) for problem in problems))
    return asyncio.run(run_up(settings, config_path(config).absolute()))
