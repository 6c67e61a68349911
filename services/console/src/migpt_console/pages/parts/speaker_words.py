"""What stands on the card of a speaker."""

from __future__ import annotations

from migpt_shared.language import Phrase

ONLINE = Phrase(zh="在线", en="online")
OFFLINE = Phrase(zh="离线", en="offline")
UNKNOWN = Phrase(zh="未知", en="unknown")
ACTIVITIES = {
    "idle": Phrase(zh="安静", en="quiet"),
    "speaking": Phrase(zh="正在说话", en="speaking"),
    "muted": Phrase(zh="静音", en="muted"),
}
WAITING = Phrase(zh="，还有 {count} 句", en=", {count} waiting")
VOLUME = Phrase(zh="音量", en="Volume")
AI = Phrase(zh="AI 回答", en="AI answers")
MODE = Phrase(zh="模式", en="Mode")
MODES = {
    "auto": Phrase(zh="自动（关键词和意图模型）", en="auto (keywords, intent model)"),
    "ai": Phrase(zh="全部交给大模型", en="all to the model"),
    "native": Phrase(zh="只认关键词", en="keywords only"),
}
PRESET = Phrase(zh="大模型", en="Model")
PERSONA = Phrase(zh="人设", en="Persona")
SAY = Phrase(zh="让它说…", en="Let it say…")
SAY_IT = Phrase(zh="说", en="Say")
TEST = Phrase(zh="试音", en="Test")
TEST_SENTENCE = Phrase(zh="你好，我是{name}，声音正常。", en="Hello, I am {name}, and you can hear me.")
STOP = Phrase(zh="停止", en="Stop")
WAKE = Phrase(zh="唤醒", en="Wake")
DOCTOR = Phrase(zh="体检", en="Doctor")
DOCTOR_TITLE = Phrase(zh="体检：{name}", en="Doctor: {name}")
DOCTOR_ABOUT = Phrase(
    zh="会让音箱说两句话（约 5 秒），第二句会被打断。", en="The speaker will say two sentences; the second is cut off."
)
DOCTOR_RUNNING = Phrase(zh="检查中…", en="examining…")
DOCTOR_DONE = Phrase(zh="检查完了", en="done")
CLOSE = Phrase(zh="关闭", en="Close")
NO_CONFIG = Phrase(zh="控制台的配置里没有家庭 {name}", en="The console's configuration has no household {name}")
RATE = Phrase(zh="语速 {rate} 字/秒", en="{rate} characters/s")
PROFILE = Phrase(zh="{path} 通道，{status}", en="by {path}, {status}")
STATUS_GOOD = Phrase(zh="状态可靠", en="status reliable")
STATUS_BAD = Phrase(zh="按字数估计结束", en="end estimated")
INTERVAL = Phrase(zh="每 {interval} 秒查一次", en="read every {interval} s")
DELAY = Phrase(zh="记录延迟 {delay} 秒", en="transcript {delay} s late")
BUDGET = Phrase(zh="今日请求 {used} / {budget}", en="requests today {used} / {budget}")
LAST_HEARD = Phrase(zh="最后听到：{text}", en="last heard: {text}")
TOKENS = Phrase(zh="今日 {tokens} token", en="{tokens} tokens today")
UNSERVED = Phrase(zh="没有服务：{names}", en="not served by: {names}")
