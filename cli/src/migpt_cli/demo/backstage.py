"""The simulated cloud for a demo in containers: `python -m migpt_cli.demo.backstage --folder /demo --host simulator`.

It puts the configuration that leads to it into the folder when it is ready, and takes it away when it ends.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import tempfile
from pathlib import Path

from migpt_cli.demo.scenery import config_file, home_file
from migpt_shared.language import Language
from migpt_simulator import Simulator, load_home


async def serve(folder: Path, host: str, port: int, language: Language) -> None:
    """Serve until SIGTERM or SIGINT. `host`: the name by which the services reach this container."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as home:
        home.write(home_file(language))
        home.flush()
        description = load_home(Path(home.name))
    config = folder / "config.toml"
    async with Simulator(description, host="0.0.0.0", port=port):  # noqa: S104 - in a container, for its neighbours
        base = f"http://{host}:{port}"
        text = config_file(language, xiaomi_url=base, llm_url=f"{base}/v1", mqtt_url=None, console_port=5001)
        config.write_text(text, encoding="utf-8")
        try:
            await stop.wait()
        finally:
            config.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="The simulated cloud for a demo in containers.")
    parser.add_argument("--folder", type=Path, required=True, help="where the services' configuration is put")
    parser.add_argument("--host", required=True, help="the name by which the services reach this one")
    parser.add_argument("--port", type=int, default=9001)
    arguments = parser.parse_args()
    language: Language = "en" if os.environ.get("MIGPT_LANGUAGE") == "en" else "zh"
    asyncio.run(serve(arguments.folder, arguments.host, arguments.port, language))


if __name__ == "__main__":
    main()
