"""What routes, phases and sources of turns are called."""

from __future__ import annotations

from migpt_shared.language import Phrase

ROUTES = {
    "llm": Phrase(zh="大模型", en="model"),
    "home": Phrase(zh="智能家居", en="Home Assistant"),
    "native": Phrase(zh="小爱", en="XiaoAI"),
    "control": Phrase(zh="口令", en="control"),
}
PHASES = {
    "heard": Phrase(zh="听到", en="heard"),
    "accepted": Phrase(zh="接手", en="accepted"),
    "thinking": Phrase(zh="思考中", en="thinking"),
    "speaking": Phrase(zh="正在说", en="speaking"),
    "done": Phrase(zh="完成", en="done"),
    "cancelled": Phrase(zh="已取消", en="cancelled"),
    "failed": Phrase(zh="失败", en="failed"),
}
SOURCES = {
    "speaker": Phrase(zh="对音箱说的", en="said to the speaker"),
    "mqtt": Phrase(zh="来自 MQTT", en="from MQTT"),
    "console": Phrase(zh="来自控制台", en="from the console"),
    "api": Phrase(zh="来自接口", en="from the API"),
    "ha": Phrase(zh="来自 Home Assistant", en="from Home Assistant"),
}
PROBABILITY = Phrase(zh="AI 概率 {percent}%", en="AI {percent}%")
STOP = Phrase(zh="停止", en="Stop")
TO_AI = Phrase(zh="该 AI 答", en="AI should have")
TO_XIAOAI = Phrase(zh="该小爱答", en="XiaoAI should have")
FORGET = Phrase(zh="忘掉", en="Forget")
TOTAL = Phrase(zh="到第一声 {seconds} 秒", en="{seconds} s to the first sound")
TIMES = Phrase(zh="各段耗时", en="Where the time went")
WAITING = Phrase(zh="等待第一句…", en="waiting for the first sentence…")
