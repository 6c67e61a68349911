"""`python -m migpt_console --config FILE`: the console as a process."""

from migpt_shared.entry import service_main

if __name__ == "__main__":
    service_main("console", "migpt_console.service:ConsoleService")
