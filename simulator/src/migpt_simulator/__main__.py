"""`python -m migpt_simulator`: the simulator as a process. Prints one line of JSON with its addresses when ready."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from .home import HomeFileError, SimulatedHome, load_home
from .server import Simulator


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="migpt_simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port; 0 takes a free one (default)")
    parser.add_argument("--home", type=Path, metavar="FILE.toml", help="accounts and speakers; see the README")
    parser.add_argument("--tls-cert", type=Path, metavar="PEM", help="certificate chain: serve HTTPS")
    parser.add_argument("--tls-key", type=Path, metavar="PEM", help="its private key")
    arguments = parser.parse_args()
    if (arguments.tls_cert is None) != (arguments.tls_key is None):
        parser.error("--tls-cert and --tls-key go together")
    return arguments


async def _serve(arguments: argparse.Namespace) -> None:
    home = load_home(arguments.home) if arguments.home else SimulatedHome()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Simulator(
        home, host=arguments.host, port=arguments.port, tls_cert=arguments.tls_cert, tls_key=arguments.tls_key
    ) as simulator:
        addresses = {"xiaomi": simulator.url, "llm": simulator.llm_url, "control": simulator.control_url}
        sys.stdout.write(json.dumps(addresses) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> int:
    """Serve until SIGINT or SIGTERM; 0 then, 1 with one line on stderr if it cannot start."""
    arguments = _arguments()
    try:
        asyncio.run(_serve(arguments))
    except HomeFileError as err:
        sys.stderr.write(f"{err}\n")
        return 1
    except OSError as err:
        sys.stderr.write(f"cannot serve on {arguments.host}:{arguments.port}: {err.strerror or err}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
