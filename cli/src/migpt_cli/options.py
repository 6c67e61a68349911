"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from migpt_cli.wording import words

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE",
        help=words("配置文件（默认 MIGPT_CONFIG 或 ./config.toml）", "config file (MIGPT_CONFIG, or ./config.toml)"),
    ),
]  # fmt: skip
SpeakerOption = Annotated[
    str | None,
    typer.Option(
        "--speaker", "-s", metavar="SPEAKER",
        help=words(
            "哪台音箱：household/speaker、音箱名、房间，或 all；只有一台时可省略",
            "which speaker: household/speaker, its name, its area, or all; may be left out if there is only one",
        ),
    ),
]  # fmt: skip
JsonOption = Annotated[bool, typer.Option("--json", help=words("输出 JSON，供脚本使用", "print JSON, for scripts"))]
