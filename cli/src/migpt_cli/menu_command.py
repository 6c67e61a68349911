"""`migpt menu`: the commands that most people need, to be chosen by a number; what migpt.bat shows."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

from migpt_cli.ending import ends_properly
from migpt_cli.outcome import EXIT_OK, say_err, say_out
from migpt_cli.wording import help_language
from migpt_shared.language import Phrase

_TITLE = Phrase(zh="小爱音箱 × 大模型", en="XiaoAI speakers × language models")
_CHOOSE = Phrase(zh="请选择（0–{last}）：", en="Choose (0-{last}): ")
_NO_CHOICE = Phrase(zh="没有这一项。", en="there is no such item.")
_ENDED = Phrase(zh="（退出码 {code}）", en="(exit code {code})")
_LEAVE = Phrase(zh="离开", en="leave")


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the menu, and the command that it runs."""

    name: Phrase
    command: tuple[str, ...]
    has_own_window: bool = False
    """on Windows: goes on while the menu is used"""


ITEMS = (
    Item(Phrase(zh="启动", en="start"), ("up",), has_own_window=True),
    Item(Phrase(zh="登录小米账号（扫码）", en="log in to Xiaomi (QR code)"), ("login",)),
    Item(Phrase(zh="设置（在浏览器里打开控制台）", en="settings (the console in the browser)"), ("console",)),
    Item(Phrase(zh="检查哪里有问题", en="find out what is wrong"), ("doctor",)),
    Item(Phrase(zh="对音箱说话", en="talk to the speakers"), ("shell",)),
    Item(Phrase(zh="演示：模拟音箱，不需要账号", en="demo with simulated speakers, no account"), ("demo",)),
    Item(Phrase(zh="安装或修复（环境和 mosquitto）", en="install or repair (environment and mosquitto)"), ("install",)),
    Item(Phrase(zh="做便携包：带所需的库", en="portable package with all packages"), ("package", "--with-packages")),
    Item(Phrase(zh="做便携包：不带库", en="portable package without packages"), ("package",)),
)


@ends_properly
def menu() -> int:
    language = help_language()
    while True:
        say_out(f"\n{_TITLE.in_(language)}")
        for number, item in enumerate(ITEMS, 1):
            say_out(f"  {number}  {item.name.in_(language)}")
        say_out(f"  0  {_LEAVE.in_(language)}")
        sys.stdout.write(_CHOOSE.in_(language, last=len(ITEMS)))
        sys.stdout.flush()
        line = sys.stdin.readline()
        answer = line.strip()
        if not line or answer == "0":
            return EXIT_OK
        if not answer.isdecimal() or int(answer) > len(ITEMS):
            say_err(_NO_CHOICE.in_(language))
            continue
        code = _run(ITEMS[int(answer) - 1])
        if code:
            say_err(_ENDED.in_(language, code=code))


def _run(item: Item) -> int:
    """Run the command, and wait for its end unless it has a window of its own."""
    command = [sys.executable, "-P", "-m", "migpt_cli", *item.command]
    if sys.platform == "win32" and item.has_own_window:
        subprocess.Popen(command, creationflags=subprocess.CREATE_NEW_CONSOLE)  # noqa: S603 - our own command
        return 0
    try:
        return subprocess.call(command)  # noqa: S603 - as above
    except KeyboardInterrupt:
        return 0  # Ctrl+C ended the command, not the menu
