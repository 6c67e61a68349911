"""`python -m migpt_poller --config FILE`: the poller as a process."""

from __future__ import annotations

import sys

if "rich" not in sys.modules:
    # structlog would load it, where it is installed, for coloured tracebacks: 4 MB (measured) that no service needs.
    sys.modules["rich"] = None  # type: ignore[assignment]

from migpt_poller.service import PollerService
from migpt_shared.entry import service_main


def main() -> None:
    """Run the poller until SIGTERM or SIGINT."""
    service_main(PollerService.name, PollerService)


if __name__ == "__main__":
    main()
