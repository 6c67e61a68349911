"""Where the checkout is that this command line runs from."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
