"""`python -m migpt_speaker --config FILE`: the speaker service as a process."""

from migpt_shared.entry import service_main

if __name__ == "__main__":
    service_main("speaker", "migpt_speaker.service:SpeakerService")
