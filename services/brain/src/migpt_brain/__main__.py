"""`python -m migpt_brain --config FILE`: the brain service as a process."""

from migpt_shared.entry import service_main

if __name__ == "__main__":
    service_main("brain", "migpt_brain.brain_service:BrainService")
