"""The entry point of a service process: `python -m migpt_<service> --config FILE`."""

from __future__ import annotations

import argparse
import asyncio
import os
import pkgutil
import signal
import sys
from pathlib import Path

if "rich" not in sys.modules:
    # structlog loads it, where it is installed, for coloured tracebacks: 4 MB (measured) that no service needs.
    sys.modules["rich"] = None  # type: ignore[assignment]

import structlog

from migpt_shared.health_file import VARIABLE as HEALTH_FILE
from migpt_shared.logs import set_up_logs
from migpt_shared.runner import ServiceHost, mqtt_bus
from migpt_shared.settings import Settings, SettingsError, load_settings
from migpt_shared.surroundings import EXIT_UNUSABLE, check_data_dir

log = structlog.get_logger(__name__)


def service_main(name: str, service: str) -> None:
    """Load the settings, set up logs and serve until SIGTERM or SIGINT. Exits 0 after a clean stop.

    `service`: the class as `module:Class`. It is imported here, so that this module comes first (see above).
    """
    parser = argparse.ArgumentParser(prog=f"migpt-{name}", description=f"The {name} service of migpt-mqtt.")
    parser.add_argument(
        "--config", type=Path, default=os.environ.get("MIGPT_CONFIG"), help="config.toml (or MIGPT_CONFIG)"
    )
    parser.add_argument(
        "--health",
        type=Path,
        default=os.environ.get(HEALTH_FILE),
        metavar="FILE",
        help=f"report there that all is well (or {HEALTH_FILE}); `python -m migpt_shared.health_file` reads it",
    )
    arguments = parser.parse_args()
    # Tokens, conversations and cursors are nobody else's business on this machine.
    os.umask(0o077)
    try:
        settings = load_settings(arguments.config)
        check_data_dir(settings.data_dir)
        make_bus = mqtt_bus(settings)
    except (SettingsError, ValueError) as error:
        for problem in str(error).splitlines():
            sys.stderr.write(f"migpt-{name}: {problem}\n")
        sys.exit(EXIT_UNUSABLE)

    def set_up(settings: Settings) -> None:
        set_up_logs(service=name, level=settings.log_level, log_format=settings.log_format, secrets=settings.secrets())

    set_up(settings)

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            try:
                loop.add_signal_handler(number, stop.set)
            except NotImplementedError:  # Windows
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
        make_service = pkgutil.resolve_name(service)
        host = ServiceHost(
            make_service,
            name,
            settings,
            make_bus,
            config=arguments.config,
            health=arguments.health,
            on_settings=set_up,
        )
        await host.run(stop)

    try:
        asyncio.run(serve())
    except Exception:
        log.exception("service_died")
        sys.exit(1)
