"""`python -m migpt_brain --config FILE`."""

from migpt_brain.brain_service import BrainService
from migpt_shared.entry import service_main

if __name__ == "__main__":
    service_main(BrainService.name, BrainService)
