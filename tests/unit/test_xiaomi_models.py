"""The table of what each hardware can do."""

import pytest

from migpt_shared.xiaomi import Action, SilentValues, SpeakPath, known_hardware, model_of


def test_hardware_nobody_described_gets_what_most_have() -> None:
    model = model_of("ZZ99")
    assert (model.hardware, model.speak_path) == ("ZZ99", SpeakPath.MINA)
    assert (model.play_text, model.wake_up, model.execute_text) == (Action(5, 1), Action(5, 3), Action(5, 5))
    assert model.pause_is_effective
    assert model.has_usable_status
    assert model.can_be_silenced
    assert model.has_history


@pytest.mark.parametrize("hardware", known_hardware())
def test_every_row_can_do_what_it_claims(hardware: str) -> None:
    model = model_of(hardware)
    assert model.hardware == hardware
    assert model.name
    assert model.speak_path is SpeakPath.MINA or model.play_text is not None
    assert not model.wake_up_takes_text or model.wake_up is not None
    actions = [action for action in (model.play_text, model.wake_up, model.execute_text) if action]
    assert len(set(actions)) == len(actions)
    assert len({action.siid for action in actions}) <= 1


@pytest.mark.parametrize(
    ("hardware", "play_text", "wake_up", "execute_text"),
    [
        ("LX06", (5, 1), (5, 3), (5, 5)),
        ("L05C", (5, 3), (5, 1), (5, 4)),
        ("LX04", (5, 1), (5, 2), (5, 4)),
        ("L09A", (3, 1), (3, 2), (3, 5)),
        ("L17A", (7, 3), (7, 1), (7, 4)),
        ("OH2", (5, 3), (5, 1), None),
        ("M01", None, None, None),
    ],
)
def test_actions(hardware: str, play_text: object, wake_up: object, execute_text: object) -> None:
    model = model_of(hardware)
    assert (model.play_text, model.wake_up, model.execute_text) == (play_text, wake_up, execute_text)


def test_quirks_that_users_report() -> None:
    assert model_of("L05C").speak_path is SpeakPath.MIOT
    assert not model_of("L05B").can_be_silenced
    assert not model_of("LX04").has_usable_status
    assert model_of("LX04").execute_silent == SilentValues(silent=0, spoken=1)
    assert model_of("LX06").execute_silent == SilentValues(silent=True, spoken=False)
    assert model_of("L06A").wake_up_takes_text
    assert not model_of("L07A").wake_up_takes_text
    assert not model_of("OH2P").pause_is_effective
    assert model_of("X08E").needs_play_music
    assert not model_of("M01").has_history
