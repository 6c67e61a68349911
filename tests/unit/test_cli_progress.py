"""What `migpt up` tells while everything starts."""

from __future__ import annotations

import time

import pytest

from migpt_cli.directory import Directory
from migpt_cli.up.progress import Progress
from migpt_shared.bus import Delivery
from migpt_shared.messages import Account, BrainState, HearingState, Message, SpeakerInfo, SpeechState
from migpt_shared.settings import HouseholdSettings, Settings

PLACES = {"household": "home", "speaker": "living_room"}
INFO = SpeakerInfo(uid="0123456789ab", name="客厅小爱", hardware="LX06", area="客厅", device_tail="1a2b")


@pytest.fixture
def progress() -> Progress:
    return Progress(Settings(language="zh", households={"home": HouseholdSettings(account="1")}))


def learn(directory: Directory, message: Message, **places: str) -> None:
    assert directory.take(Delivery(message, places or PLACES, retained=True, arrived=time.monotonic()))


def test_the_start_is_told_step_by_step_and_each_step_once(progress: Progress) -> None:
    directory = Directory()
    assert progress.news(directory) == []
    assert progress.waiting_for(directory, is_connected=False) == "连接消息服务器"
    assert progress.waiting_for(directory, is_connected=True) == "登录小米账号"
    learn(directory, Account(ok=True), household="home")
    assert [(note.mark, note.text) for note in progress.news(directory)] == [("good", "小米账号 home：已登录")]
    assert progress.waiting_for(directory, is_connected=True) == "寻找音箱"
    learn(directory, INFO)
    assert "客厅小爱（LX06）" in progress.news(directory)[0].text
    assert progress.waiting_for(directory, is_connected=True) == "服务正在接管音箱"
    learn(directory, HearingState(owner="poller/1", online=True))
    learn(directory, BrainState(owner="brain/1"))
    assert progress.news(directory) == []
    learn(directory, SpeechState(owner="speaker/1"))
    [ready] = progress.news(directory)
    assert ready.mark == "ready"
    assert "请" in ready.text
    assert progress.is_ready
    assert progress.news(directory) == []


def test_a_rejected_login_says_why_and_a_later_one_that_works_too(progress: Progress) -> None:
    directory = Directory()
    learn(directory, Account(ok=False, needs_login=True, reason="密码不对，请检查 password"), household="home")
    assert [(note.mark, "密码不对" in note.text) for note in progress.news(directory)] == [("bad", True)]
    assert progress.news(directory) == []
    learn(directory, Account(ok=True), household="home")
    assert [note.mark for note in progress.news(directory)] == ["good"]


def test_a_speaker_that_goes_offline_and_comes_back_is_told(progress: Progress) -> None:
    directory = Directory()
    learn(directory, INFO)
    learn(directory, HearingState(owner="poller/1", online=True))
    progress.news(directory)
    learn(directory, HearingState(owner="poller/1", online=False))
    assert [note.mark for note in progress.news(directory)] == ["bad"]
    learn(directory, HearingState(owner="poller/1", online=True))
    assert [note.mark for note in progress.news(directory)] == ["good"]


def test_it_is_not_ready_while_a_household_has_no_speaker() -> None:
    households = {name: HouseholdSettings(account="1") for name in ("home", "grandma")}
    progress, directory = Progress(Settings(households=households)), Directory()
    for message in (INFO, HearingState(owner="p/1"), BrainState(owner="b/1"), SpeechState(owner="s/1")):
        learn(directory, message)
    progress.news(directory)
    assert not progress.is_ready
