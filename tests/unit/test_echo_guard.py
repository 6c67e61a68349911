"""What we said ourselves is not heard as a question."""

from migpt_poller.echo_guard import EchoGuard


def test_our_own_words_are_swallowed_once() -> None:
    guard = EchoGuard()
    guard.sent("u1", "因为大气会散射阳光。", 0.0)
    assert guard.swallows("因为大气会散射阳光", 5.0)
    assert not guard.swallows("因为大气会散射阳光", 6.0)


def test_other_words_are_heard() -> None:
    guard = EchoGuard()
    guard.sent("u1", "因为大气会散射阳光。", 0.0)
    assert not guard.swallows("为什么天是蓝的", 1.0)
    assert not guard.swallows("大气", 1.0)


def test_after_15_s_equal_words_are_a_persons() -> None:
    guard = EchoGuard()
    guard.sent("u1", "你好", 0.0)
    assert not guard.swallows("你好", 15.0)


def test_a_long_speech_is_guarded_until_15_s_after_its_end() -> None:
    guard = EchoGuard()
    for at in (0.0, 0.3, 24.0):  # requested, speaking, spoken
        guard.sent("u1", "很长的一段话", at)
        assert not guard.swallows("别的", at)
    # 24 s lay between two signs of it, so the last one began a sending anew
    assert guard.swallows("很长的一段话", 38.9)


def test_the_phases_of_one_sending_swallow_one_utterance_only() -> None:
    guard = EchoGuard()
    guard.sent("u1", "播放音乐", 0.0)
    assert guard.swallows("播放音乐", 1.0)
    guard.sent("u1", "播放音乐", 2.0)
    assert not guard.swallows("播放音乐", 3.0)


def test_two_sendings_swallow_two() -> None:
    guard = EchoGuard()
    guard.sent("a", "开灯", 0.0)
    guard.sent("b", "开灯", 1.0)
    assert [guard.swallows("开灯", at) for at in (2.0, 3.0, 4.0)] == [True, True, False]


def test_what_failed_to_be_spoken_cannot_be_heard() -> None:
    guard = EchoGuard()
    guard.sent("u1", "你好", 0.0)
    guard.was_not_said("u1")
    assert not guard.swallows("你好", 1.0)


def test_punctuation_alone_guards_against_nothing() -> None:
    guard = EchoGuard()
    guard.sent("u1", "……", 0.0)
    assert not guard.swallows("。", 1.0)
