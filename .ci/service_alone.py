"""Installs one service from its own lock, and nothing else, and sees that every module of it can be imported and that
it starts, comes online at a broker, and stops cleanly.

    .venv/bin/python .ci/service_alone.py poller
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import aiomqtt

from migpt_cli.broker import PrivateBroker

ROOT = Path(__file__).resolve().parent.parent
ONLINE_WITHIN_S = 30.0
STOP_WITHIN_S = 10.0

IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
names = [module.name for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(f"{len(names)} modules imported")
"""

# Neither the cloud nor the model answers: a service has to come up and live on all the same.
CONFIG = """
data_dir = "{folder}/data"
[mqtt]
url = "{url}"
[households.home]
account = "1234567890"
password = "none"
[households.home.endpoints]
account = "http://127.0.0.1:9"
mina = "http://127.0.0.1:9"
conversation = "http://127.0.0.1:9"
miot = "http://127.0.0.1:9"
[llm]
preset = "closed"
[llm.presets.closed]
base_url = "http://127.0.0.1:9/v1"
model = "none"
[home_assistant]
url = "http://127.0.0.1:9"
token = "none"
[console]
port = 0
"""


def install(folder: Path, service: str) -> Path:
    """Makes an environment of the service's lock, the service and what it needs of shared; returns its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "install", "-qq"]
    lock = ROOT / "services" / service / "requirements.lock"
    subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True)
    members = [ROOT / "shared", ROOT / "services" / service]
    links = [part for member in members for part in ("-e", str(member))]
    subprocess.run([*pip, "--no-index", "--no-deps", "--no-build-isolation", *links], check=True)
    return python


async def start_and_stop(folder: Path, python: Path, service: str) -> None:
    """Raises when the service does not come online in time, or does not end with 0 when asked to stop."""
    async with PrivateBroker() as broker, aiomqtt.Client("127.0.0.1", broker.port) as client:
        config = folder / "config.toml"
        config.write_text(CONFIG.format(folder=folder, url=broker.url), encoding="utf-8")
        await client.subscribe(f"migpt/service/{service}/+", qos=1)
        process = await asyncio.create_subprocess_exec(python, "-m", f"migpt_{service}", "--config", config)
        try:
            async with asyncio.timeout(ONLINE_WITHIN_S):
                async for message in client.messages:
                    if b'"online"' in bytes(message.payload):
                        break
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(STOP_WITHIN_S):
                code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if code != 0:
        raise RuntimeError(f"{service} ended with {code} when asked to stop")


def main() -> None:
    service = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="migpt-alone-") as name:
        folder = Path(name)
        python = install(folder, service)
        subprocess.run([python, "-I", "-c", IMPORT_ALL, f"migpt_{service}"], check=True)
        asyncio.run(start_and_stop(folder, python, service))
    print(f"{service}: installed from its own lock, came online, stopped cleanly")


if __name__ == "__main__":
    main()
