"""What an examination finds, in words for the person who stands beside the speaker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from migpt_shared.language import Language, Phrase

Subject = Literal["login", "online", "speech", "status", "stop", "transcript"]
Verdict = Literal["good", "warning", "bad"]

SUBJECTS: dict[Subject, Phrase] = {
    "login": Phrase(zh="登录", en="Login"),
    "online": Phrase(zh="在线", en="Online"),
    "speech": Phrase(zh="朗读", en="Speech"),
    "status": Phrase(zh="播放状态", en="Playing status"),
    "stop": Phrase(zh="打断", en="Silence"),
    "transcript": Phrase(zh="对话记录", en="Transcript"),
}

LOGGED_IN = Phrase(zh="小米云接受登录，用了 {took} 毫秒", en="Xiaomi accepts the login; it took {took} ms")
NOT_LOGGED_IN = Phrase(zh="小米云不可用：{reason}", en="Xiaomi's cloud cannot be used: {reason}")
UNKNOWN_DEVICE = Phrase(zh="账号下没有这台音箱了", en="the account no longer has this speaker")
ONLINE = Phrase(zh="音箱在线（{hardware}）", en="the speaker is online ({hardware})")
OFFLINE = Phrase(
    zh="小米云说音箱不在线：检查电源和网络，能用小爱说话后再试",
    en="Xiaomi says that the speaker is offline: check power and network until XiaoAI itself answers",
)
SPEAKS = Phrase(zh="{path} 通道可以朗读，小米云用了 {took} 毫秒", en="it speaks by {path}; the cloud took {took} ms")
SPEAKS_OTHERWISE = Phrase(
    zh="默认的 {path} 通道不行（{reason}），{other} 通道可以；服务会自动改用它",
    en="{path}, the usual way, fails ({reason}), but {other} works; the services change over by themselves",
)
MUTE = Phrase(zh="两条通道都不能朗读：{reason}", en="it speaks by neither way: {reason}")
WOULD_SPEAK = Phrase(zh="按型号走 {path} 通道（没有出声试过）", en="by its model it speaks by {path} (not tried aloud)")
STATUS_READ = Phrase(
    zh="能查到播放状态，用了 {took} 毫秒（朗读时准不准，没有出声试过）",
    en="its playing status can be read in {took} ms (whether it holds while speaking was not tried aloud)",
)
EMPTY_STATUS = Phrase(
    zh="播放状态是空的，服务按字数估计结束时间",
    en="its playing status is empty; the services estimate the end by the length of the text",
)
WOULD_STOP = Phrase(zh="按型号用 {how} 打断（没有出声试过）", en="by its model {how} silences it (not tried aloud)")
SEES_SPEECH = Phrase(
    zh="朗读开始 {lag} 毫秒后能看到“正在播放”，结束时间可以测量",
    en="it says “playing” {lag} ms after speech was asked for, so its end can be measured",
)
SEES_NOTHING = Phrase(
    zh="朗读时看不到“正在播放”，服务按字数估计结束时间",
    en="it does not say “playing” while it speaks; the services estimate the end by the length of the text",
)
UNRELIABLE = Phrase(
    zh="这个型号的播放状态不可靠，服务按字数估计结束时间",
    en="this model's playing status is not reliable; the services estimate the end by the length of the text",
)
NO_STATUS = Phrase(zh="查不到播放状态：{reason}", en="the playing status cannot be read: {reason}")
FALLS_SILENT = Phrase(zh="用 {how} 打断，{took} 毫秒后安静", en="silent {took} ms after {how}")
TALKS_ON = Phrase(
    zh="用 {how} 打断后，状态仍然是“正在播放”：打断可能无效", en="it still says “playing” after {how}: it may talk on"
)
STOP_ACCEPTED = Phrase(
    zh="小米云接受了 {how}，但这个型号的状态看不出是否安静了",
    en="{how} was accepted; this model's status does not show more",
)
STOP_REFUSED = Phrase(zh="打断失败：{reason}", en="it could not be silenced: {reason}")
TRANSCRIPT_READ = Phrase(zh="能读到对话记录，用了 {took} 毫秒", en="the transcript can be read; it took {took} ms")
TRANSCRIPT_LATE = Phrase(
    zh="能读到对话记录，用了 {took} 毫秒；说完后平均 {delay} 秒出现",
    en="the transcript can be read in {took} ms; utterances appear in it after {delay} s (median)",
)
TRANSCRIPT_VERY_LATE = Phrase(
    zh="对话记录平均晚 {delay} 秒才出现，小爱会先抢答；这由小米云决定",
    en="utterances appear after {delay} s (median), so XiaoAI answers first; that is Xiaomi's doing",
)
TRANSCRIPT_UNREADABLE = Phrase(zh="读不到对话记录：{reason}", en="the transcript cannot be read: {reason}")

GREETING = Phrase(zh="你好，我在检查这台音箱。", en="Hello, I am examining this speaker.")
LONG_SPEECH = Phrase(
    zh="下面是一段比较长的话，说到一半会被打断。如果你听到了这一句的结尾，那么打断没有起作用，请告诉我们。",
    en="This is a rather long sentence that will be cut off half-way. If you can hear its end, cutting did not work.",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of the examination."""

    subject: Subject
    verdict: Verdict
    phrase: Phrase
    values: dict[str, object] = field(default_factory=dict)

    def in_(self, language: Language) -> str:
        return self.phrase.in_(language, **self.values)
