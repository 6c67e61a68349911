"""Health for whoever looks after the process from outside: a file that is written anew as long as the service is well.

    python -m migpt_shared.health_file [FILE]      exit 0: well; 1: not, with the reason on stdout

This is what a container's health check runs, so nothing heavy is imported here.
"""

import os
import sys
import time
from pathlib import Path

#: Where a container has it.
VARIABLE = "MIGPT_HEALTH_FILE"
#: The file is written every 5 s; two may be missed on a busy machine.
STALE_AFTER_S = 15.0


def report(file: Path, problem: str) -> None:
    """Say now that the process is well (`problem` empty), or what is wrong. Raises OSError.

    The file is small enough to be written at once; whoever reads it in between sees the former or an empty one.
    """
    file.write_text(problem, encoding="utf-8")


def trouble(file: Path, now: float) -> str | None:
    """What is wrong with the process that writes the file; None: nothing. `now`: seconds of the wall clock.

    A process that is stuck, stopped or dead writes no more: an old file is trouble by itself.
    """
    try:
        age_s = now - file.stat().st_mtime
        problem = file.read_text(encoding="utf-8")
    except OSError as error:
        return f"not started yet: {file}: {error.strerror}"
    if age_s > STALE_AFTER_S:
        return f"no sign of life for {age_s:.0f} s"
    return problem or None


def main() -> int:
    name = sys.argv[1] if len(sys.argv) > 1 else os.environ.get(VARIABLE, "")
    if not name:
        sys.stdout.write(f"name the file, or set {VARIABLE}\n")
        return 1
    problem = trouble(Path(name), time.time())
    sys.stdout.write(f"{problem or 'well'}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
