"""The API against everything that its own document allows, and much that it does not."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.console.console_process import API_KEY, ConsoleHouse
from tests.whole_system import SERVICES


async def test_schemathesis_finds_no_surprise(tmp_path: Path) -> None:
    async with ConsoleHouse(
        answer="好的。", replicas=(*SERVICES, "console"), console="requests_per_minute=100000"
    ) as house:
        await house.until_known()
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{house.url}/v1/openapi.json",
            "--header",
            f"Authorization: Bearer {API_KEY}",
            "--max-examples",
            "25",
            "--phases",
            "examples,coverage,fuzzing",
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
            "--seed",
            "1",
            "--max-failures",
            "3",
            "--no-color",
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(), 100)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, output.decode()[-6000:]
