"""`python -m migpt_poller --config FILE`: the poller service as a process."""

from migpt_shared.entry import service_main

if __name__ == "__main__":
    service_main("poller", "migpt_poller.service:PollerService")
