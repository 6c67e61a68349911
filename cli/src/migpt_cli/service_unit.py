"""The systemd unit that keeps `migpt up` running: its text, and where it goes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NAME = "migpt.service"

_UNIT = """\
[Unit]
Description=migpt-mqtt: XiaoAI speakers answered by a language model
Wants=network-online.target
After=network-online.target mosquitto.service

[Service]
Type=exec
ExecStart={checkout_quoted}/migpt up --config {config_quoted}
WorkingDirectory={checkout}
Environment=MIGPT_LOG_FORMAT=json MIGPT_NO_INSTALL=1
Restart=on-failure
RestartSec=5
# A configuration that cannot be used does not get better by trying again: `systemctl status` says what is wrong.
RestartPreventExitStatus=2
# The services take their leave within 5 s each, side by side.
TimeoutStopSec=20
KillMode=mixed
UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
{user}
[Install]
WantedBy={target}
"""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit file and where it belongs."""

    path: Path
    text: str
    is_for_all: bool
    """of the system, started at boot; else of one user, started with the first login or by lingering"""


def unit_for(checkout: Path, config: Path, *, home: Path, user: str | None) -> Unit:
    """The unit. `user`: who runs it as a unit of the system; None: a unit of the calling user.

    Raises ValueError when a path has a character that a unit file cannot hold.
    """
    for path in (checkout, config):
        if any(character in str(path) for character in "\n\r\0"):
            raise ValueError(f"a unit file cannot name {path!r}")
    text = _UNIT.format(
        checkout=_escaped(checkout),
        checkout_quoted=_quotable(checkout),
        config_quoted=_quotable(config),
        user=f"User={user}\n" if user else "",
        target="multi-user.target" if user else "default.target",
    )
    folder = Path("/etc/systemd/system") if user else home / ".config" / "systemd" / "user"
    return Unit(folder / NAME, text, is_for_all=user is not None)


def _escaped(path: Path) -> str:
    """Percent signs begin specifiers."""
    return str(path).replace("%", "%%")


def _quotable(path: Path) -> str:
    """For a command line, where also white space, quotes, backslashes and dollars mean something."""
    replaced = _escaped(path).replace("\\", "\\\\").replace('"', '\\"').replace("'", "\\'").replace("$", "$$")
    return replaced.replace(" ", "\\x20").replace("\t", "\\x09")
