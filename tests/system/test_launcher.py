"""`./migpt` for real: a tiny checkout with one package, from nothing to a running command, without a network."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the launcher for Windows is migpt.bat")

# A build backend of its own, as the real one would have to come from an index.
BACKEND = """
import base64, hashlib, os, zipfile
def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "migpt_cli-1-py3-none-any.whl"
    info = "migpt_cli-1.dist-info"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("migpt_cli.pth", os.path.join(os.getcwd(), "src"))
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: migpt-cli\\nVersion: 1\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""
COMMAND = """
import json, os, signal, sys, demo
print(json.dumps({"arguments": sys.argv[1:], "demo": demo.__file__, "own": __file__, "cwd": os.getcwd()}), flush=True)
if sys.argv[1:] == ["wait"]:
    signal.pause()
sys.exit(7)
"""


def make_wheel(folder: Path, name: str) -> str:
    """Writes a package of one module; returns its line in a lock."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-1-py3-none-any.whl"
    info = f"{name}-1.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return f"{name}==1 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Checkout:
    """A checkout that needs nothing but the wheels in a folder."""

    def __init__(self, root: Path, wheels: Path) -> None:
        self.root = root
        self.wheels = wheels
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "MIGPT_"))},
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheels),
            "MIGPT_LANGUAGE": "en",
        }

    def start(self, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / "migpt", *arguments],
            cwd=cwd or self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start_making(self) -> subprocess.Popen[str]:
        """Starts and returns when it has said that it begins to make the environment."""
        process = self.start("x")
        assert process.stderr is not None
        process.stderr.readline()
        return process

    def run(self, *arguments: str, cwd: Path | None = None) -> tuple[int, str, str]:
        process = self.start(*arguments, cwd=cwd)
        out, err = process.communicate(timeout=110)
        return process.returncode, out, err

    def leftovers(self) -> set[str]:
        return {path.name for path in self.root.glob(".venv*")}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout whose environment was made by its first start."""
    base = tmp_path_factory.mktemp("launcher")
    checkout = Checkout(base / "checkout", base / "wheels")
    (checkout.root / "cli" / "src" / "migpt_cli").mkdir(parents=True)
    shutil.copy(ROOT / "migpt", checkout.root)
    for name in ("bootstrap.py", "build_environment.py", "build_progress.py"):
        shutil.copy(ROOT / "cli" / name, checkout.root / "cli")
    (checkout.root / "cli" / "backend.py").write_text(BACKEND)
    (checkout.root / "cli" / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "migpt-cli"\nversion = "1"\n'
    )
    (checkout.root / "cli" / "src" / "migpt_cli" / "__main__.py").write_text(COMMAND)
    (checkout.root / "requirements.lock").write_text(make_wheel(checkout.wheels, "demo"))
    (checkout.root / "requirements-test.lock").write_text(make_wheel(checkout.wheels, "tools"))
    code, out, err = checkout.run("say", "你好 世界")
    assert code == 7, err
    assert json.loads(out)["arguments"] == ["say", "你好 世界"]
    assert "the environment is ready" in err
    return checkout


@pytest.fixture
def checkout(made: Checkout, tmp_path: Path) -> Checkout:
    """A copy for a test of its own; like every moved checkout it begins with installing its own package again."""
    shutil.copytree(made.root, tmp_path / "checkout", symlinks=True)
    return Checkout(tmp_path / "checkout", made.wheels)


def test_once_made_it_only_runs(made: Checkout, tmp_path: Path) -> None:
    code, out, err = made.run("--help", "a b", "", cwd=tmp_path)
    said = json.loads(out)
    assert (code, err) == (7, "")
    assert said["arguments"] == ["--help", "a b", ""]
    assert said["cwd"] == str(tmp_path)
    assert said["demo"].startswith(str(made.root / ".venv" / "lib"))
    assert made.leftovers() == {".venv", ".venv.lock"}


def test_a_file_in_the_working_directory_stands_in_for_nothing(made: Checkout, tmp_path: Path) -> None:
    for name in ("json.py", "demo.py", "migpt_cli.py"):
        (tmp_path / name).write_text("raise SystemExit('the wrong file')")
    assert made.run("x", cwd=tmp_path)[0] == 7


def test_it_works_through_a_link(made: Checkout, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "one").symlink_to("two")
    (tmp_path / "bin" / "two").symlink_to(made.root / "migpt")
    assert subprocess.run([tmp_path / "bin" / "one"], env=made.environment, capture_output=True).returncode == 7


def test_signals_reach_the_command(made: Checkout) -> None:
    process = made.start("wait")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == -signal.SIGTERM
    process.communicate()


def test_a_moved_checkout_works_without_a_network(checkout: Checkout) -> None:
    checkout.environment["PIP_FIND_LINKS"] = ""
    code, out, err = checkout.run("x")
    assert code == 7, err
    assert json.loads(out)["own"].startswith(str(checkout.root))
    script = (checkout.root / ".venv" / "bin" / "pip").read_text()
    assert str(checkout.root) in script
    assert checkout.run("x")[2] == ""


def test_test_tools_come_with_the_first_test(checkout: Checkout) -> None:
    python = checkout.root / ".venv" / "bin" / "python"
    checkout.run("x")
    assert subprocess.run([python, "-c", "import tools"], capture_output=True).returncode == 1
    assert "installing test tools" in checkout.run("test")[2]
    assert subprocess.run([python, "-c", "import tools"]).returncode == 0
    assert checkout.run("test")[2] == ""


def test_a_failed_update_leaves_the_old_environment_and_says_why(checkout: Checkout) -> None:
    checkout.run("x")
    lock = checkout.root / "requirements.lock"
    before = lock.read_text()
    lock.write_text("demo==1 --hash=sha256:" + "0" * 64 + "\n")
    code, out, err = checkout.run("x")
    assert (code, out) == (1, "")
    assert "DO NOT MATCH THE HASHES" in err
    assert "Check the network" in err
    assert checkout.leftovers() == {".venv", ".venv.lock"}
    lock.write_text(before)
    assert checkout.run("x")[::2] == (7, "")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_making_leaves_nothing_behind(checkout: Checkout, how: signal.Signals) -> None:
    shutil.rmtree(checkout.root / ".venv")
    process = checkout.start_making()
    process.send_signal(how)
    process.communicate(timeout=20)
    assert process.returncode == 128 + how
    assert checkout.leftovers() == {".venv.lock"}


def test_after_a_killed_making_it_is_made_anew(checkout: Checkout) -> None:
    shutil.rmtree(checkout.root / ".venv")
    process = checkout.start_making()
    process.kill()
    process.communicate()
    assert ".venv" not in checkout.leftovers()
    assert checkout.run("x")[0] == 7
    assert checkout.leftovers() == {".venv", ".venv.lock"}


def test_of_two_starts_at_once_one_makes_it_and_the_other_waits(checkout: Checkout) -> None:
    shutil.rmtree(checkout.root / ".venv")
    first = checkout.start_making()
    second = checkout.start("two")
    errors = second.communicate(timeout=110)[1], first.communicate(timeout=110)[1]
    assert (first.returncode, second.returncode) == (7, 7)
    assert "waiting" in errors[0]
    assert "installing" not in errors[0]
    assert "the environment is ready" in errors[1]


def test_an_unwritable_checkout_is_told(checkout: Checkout) -> None:
    shutil.rmtree(checkout.root / ".venv")
    (checkout.root / ".venv.lock").unlink()
    (checkout.root / ".venv.lock").mkdir()  # as good as unwritable, for root too
    code, _, err = checkout.run("x")
    assert code == 1
    assert "cannot write the environment" in err
    assert "Traceback" not in err


def test_without_a_python_it_says_what_to_install(made: Checkout, tmp_path: Path) -> None:
    (tmp_path / "checkout" / "cli").mkdir(parents=True)
    shutil.copy(made.root / "migpt", tmp_path / "checkout")
    old = tmp_path / "bin" / "python3"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\nexit 1\n")  # too old
    old.chmod(0o755)
    environment = {"PATH": str(old.parent)}
    done = subprocess.run(["/bin/sh", tmp_path / "checkout" / "migpt"], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "apt install python3 python3-venv" in done.stderr
    old.write_text(f'#!/bin/sh\nexec {sys.executable} -c "print(1)"\n')
    assert subprocess.run(["/bin/sh", tmp_path / "checkout" / "migpt"], env=environment).returncode == 0


def test_a_package_that_brings_its_wheels_needs_no_index(made: Checkout, tmp_path: Path) -> None:
    portable = Checkout(tmp_path / "portable", made.wheels)
    shutil.copytree(made.root, portable.root, ignore=shutil.ignore_patterns(".venv*", "__pycache__"))
    shutil.copytree(made.wheels, portable.root / "wheels")
    del portable.environment["PIP_FIND_LINKS"]
    code, out, err = portable.run("x")
    assert code == 7, err
    assert json.loads(out)["arguments"] == ["x"]


def test_wheels_for_another_machine_are_no_obstacle(made: Checkout, tmp_path: Path) -> None:
    portable = Checkout(tmp_path / "portable", made.wheels)
    shutil.copytree(made.root, portable.root, ignore=shutil.ignore_patterns(".venv*", "__pycache__"))
    (portable.root / "wheels").mkdir()
    portable.environment["PIP_FIND_LINKS"] = ""
    code, _, err = portable.run("x")
    assert "do not fit here" in err
    assert code == 1
