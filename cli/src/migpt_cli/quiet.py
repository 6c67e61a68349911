"""Commands speak to people; the log of the parts that they use is meant for services."""

from __future__ import annotations

import logging

import structlog


def quiet_logs() -> None:
    """Keep the log to what is critical, for the rest of this process."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
