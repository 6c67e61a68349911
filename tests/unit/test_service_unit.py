"""The systemd unit of `migpt up`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from migpt_cli.service_unit import unit_for


def test_a_unit_of_the_system_names_its_user() -> None:
    unit = unit_for(Path("/srv/migpt"), Path("/srv/migpt/config.toml"), home=Path("/root"), user="pi")
    assert unit.path == Path("/etc/systemd/system/migpt.service")
    assert "User=pi" in unit.text.splitlines()
    assert "WantedBy=multi-user.target" in unit.text
    assert "ExecStart=/srv/migpt/migpt up --config /srv/migpt/config.toml" in unit.text.splitlines()


def test_a_unit_of_a_user() -> None:
    unit = unit_for(Path("/home/pi/migpt"), Path("/home/pi/config.toml"), home=Path("/home/pi"), user=None)
    assert unit.path == Path("/home/pi/.config/systemd/user/migpt.service")
    assert "User=" not in unit.text
    assert "WantedBy=default.target" in unit.text


def test_odd_paths_stay_one_word() -> None:
    unit = unit_for(Path("/srv/my 100% $HOME"), Path('/srv/a"b.toml'), home=Path("/root"), user="pi")
    line = next(line for line in unit.text.splitlines() if line.startswith("ExecStart="))
    assert line == 'ExecStart=/srv/my\\x20100%%\\x20$$HOME/migpt up --config /srv/a\\"b.toml'
    with pytest.raises(ValueError, match="cannot name"):
        unit_for(Path("/srv/a\nb"), Path("/x"), home=Path("/root"), user="pi")


def test_systemd_finds_nothing_to_complain_of(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    checkout = tmp_path / "a checkout"
    checkout.mkdir()
    (checkout / "migpt").write_text("#!/bin/sh\n")
    (checkout / "migpt").chmod(0o755)
    unit = unit_for(checkout, checkout / "config.toml", home=tmp_path, user="root")
    (tmp_path / "migpt.service").write_text(unit.text)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "migpt.service"], capture_output=True, text=True, check=False
    )
    complaints = [line for line in done.stderr.splitlines() if "migpt.service" in line]
    assert not complaints
