"""What stands on the page 健康."""

from __future__ import annotations

from migpt_shared.language import Phrase

BROKER = Phrase(zh="消息服务器", en="Broker")
CONNECTED = Phrase(zh="已连接", en="connected")
AWAY = Phrase(zh="断开", en="away")
ACCOUNT = Phrase(zh="小米账号 {name}", en="Xiaomi account {name}")
GOOD = Phrase(zh="正常", en="good")
HOME = Phrase(zh="Home Assistant {name}", en="Home Assistant {name}")
PRESET = Phrase(zh="大模型 {name}", en="Model {name}")
USABLE = Phrase(zh="可用，启动以来失败 {failed} 次", en="usable; {failed} failures since the start")
NO_FAILURES = Phrase(zh="可用", en="usable")
HISTORY = Phrase(zh="历史", en="History")
REQUESTS = Phrase(zh="请求预算 {name}", en="Request budget {name}")
OF_BUDGET = Phrase(zh="{used} / {budget}（{percent}%）", en="{used} / {budget} ({percent}%)")

PROCESSES = Phrase(zh="服务", en="Services")
NO_PROCESSES = Phrase(zh="没有服务在线", en="No service is online")
RUNS_FOR = Phrase(zh="运行 {time}", en="for {time}")

LATENCY = Phrase(zh="各段耗时", en="Where the time goes")
STAGE = Phrase(zh="哪一段", en="Stage")
NO_FIGURES = Phrase(zh="控制台启动以来还没有对话。", en="No turn since the console was started.")
SUMMARY = Phrase(
    zh="{count} 次对话：中位数 {p50}，95% 在 {p95} 以内", en="{count} turns: median {p50}, 95% within {p95}"
)
STAGES = {
    "heard": Phrase(zh="听到", en="heard"),
    "route decided": Phrase(zh="决定谁来答", en="route decided"),
    "first token": Phrase(zh="大模型第一个词", en="first token"),
    "first sentence cut": Phrase(zh="第一句成形", en="first sentence cut"),
    "TTS requested": Phrase(zh="请求朗读", en="TTS requested"),
    "heard to first sound": Phrase(zh="从听到到第一声", en="heard to first sound"),
}

LINES = Phrase(zh="日志", en="Log")
LEVEL = Phrase(zh="日志级别", en="Log level")
LEVELS = {
    "quiet": Phrase(zh="安静", en="quiet"),
    "normal": Phrase(zh="正常", en="normal"),
    "debug": Phrase(zh="调试", en="debug"),
}
LEVEL_SET = Phrase(zh="日志级别已改", en="Log level changed")
FILTER = Phrase(zh="过滤", en="Filter")
TROUBLE_ONLY = Phrase(zh="只看警告和错误", en="Warnings and errors only")
NO_LINES = Phrase(
    zh="没有日志文件。只有 ./migpt up 会把日志收集到这里；用 Docker 时请看 docker compose logs。",
    en="There is no log file: only ./migpt up collects the lines here; with Docker, see docker compose logs.",
)
