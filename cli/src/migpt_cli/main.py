"""The `migpt` command line. Each command has its own module, which imports what it needs when it runs."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from migpt_cli.ask_command import ask
from migpt_cli.backup_command import backup, restore
from migpt_cli.classify_command import classify
from migpt_cli.config_command import config_app
from migpt_cli.console_command import console
from migpt_cli.containers_command import ps, scale
from migpt_cli.corrections_command import corrections_app
from migpt_cli.demo_command import demo
from migpt_cli.doctor_command import doctor
from migpt_cli.history_command import export, history
from migpt_cli.households_command import households_app
from migpt_cli.install_command import install
from migpt_cli.login_command import login
from migpt_cli.menu_command import menu
from migpt_cli.messages_command import messages
from migpt_cli.outcome import EXIT_CODES
from migpt_cli.package_command import package
from migpt_cli.say_command import say
from migpt_cli.service_command import service_app
from migpt_cli.shell_command import shell
from migpt_cli.speakers_command import speakers
from migpt_cli.status_command import status
from migpt_cli.testing import run_tests
from migpt_cli.train_command import train
from migpt_cli.up_command import up
from migpt_cli.watch_command import watch
from migpt_cli.wording import help_language, words
from migpt_shared.language import Phrase

_ABOUT = words(
    "小爱音箱 × 大模型：通过 MQTT 协作的微服务。", "XiaoAI speakers × language models: microservices over MQTT."
)

app = typer.Typer(
    name="migpt",
    help=_ABOUT,
    epilog=EXIT_CODES.in_(help_language()),
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def root() -> None:
    """Only there so that the command's name is needed even if there is just one."""


# Options are pytest's, --help among them.
@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    help=words(
        "准备并运行全部测试；其余参数原样交给 pytest。", "Prepare and run all tests; further arguments are pytest's."
    ),
)
def test(context: typer.Context) -> None:
    raise typer.Exit(run_tests(context.args))


_COMMANDS: tuple[tuple[Callable[..., None], Phrase], ...] = (
    (
        demo,
        Phrase(
            zh="演示：模拟音箱、剧本大模型，不需要账号和密钥。",
            en="A demo with simulated speakers and a scripted model; no account, no key.",
        ),
    ),
    (up, Phrase(zh="启动全部服务（不用 Docker）。", en="Start all services, without Docker.")),
    (
        login,
        Phrase(
            zh="登录小米账号：扫码、passToken 或密码；最后让音箱说句话。",
            en="Log in to Xiaomi by QR code, passToken or password; a speaker says hello at the end.",
        ),
    ),
    (say, Phrase(zh="让音箱说一句话。", en="Speak a text through a speaker.")),
    (
        ask,
        Phrase(
            zh="像对音箱说话一样提问，边生成边显示回答。",
            en="Ask as if it had been said; prints the answer as it comes.",
        ),
    ),
    (
        shell,
        Phrase(
            zh="交互式控制台：一行一句，命令之外都是提问。",
            en="An interactive console: line by line; what is no command is asked.",
        ),
    ),
    (watch, Phrase(zh="实时观看每一轮对话。", en="Watch every turn as it happens.")),
    (status, Phrase(zh="服务、账号和音箱的状态。", en="Services, accounts and speakers at a glance.")),
    (
        history,
        Phrase(zh="查看过去的对话（网页控制台记录的）。", en="Past turns, as the console has kept them."),
    ),
    (export, Phrase(zh="导出过去的对话：CSV 或 JSON。", en="Past turns as CSV or JSON lines.")),
    (
        doctor,
        Phrase(
            zh="检查配置、服务、账号、每台音箱、大模型和 Home Assistant。",
            en="Check configuration, services, accounts, every speaker, models and Home Assistant.",
        ),
    ),
    (speakers, Phrase(zh="列出所有音箱和它们的状态。", en="List the speakers and how they are.")),
    (ps, Phrase(zh="容器的健康、重启、内存（docker compose）。", en="Health, restarts and memory of the containers.")),
    (
        scale,
        Phrase(
            zh="每个服务运行几个副本，如 poller=3 brain=2（docker compose）。",
            en="How many replicas of each service, such as poller=3 brain=2 (docker compose).",
        ),
    ),
    (
        classify,
        Phrase(
            zh="判断每句话由谁回答：标准输入一行一句，输出一行一个 JSON。",
            en="Judge who each utterance is for: one a line on stdin, one JSON object a line out.",
        ),
    ),
    (
        train,
        Phrase(zh="重新训练意图模型并显示评估结果。", en="Train the intent model anew and show how good it is."),
    ),
    (backup, Phrase(zh="把配置、登录、记忆备份到一个文件。", en="Configuration, logins and memory into one file.")),
    (restore, Phrase(zh="从备份恢复。", en="Put a backup back.")),
    (console, Phrase(zh="在浏览器里打开网页控制台。", en="Open the web console in the browser.")),
    (menu, Phrase(zh="用数字选择常用命令（migpt.bat 的菜单）。", en="Choose by number; the menu of migpt.bat.")),
    (install, Phrase(zh="准备好环境和 mosquitto。", en="Get the environment and mosquitto ready.")),
    (
        package,
        Phrase(
            zh="做便携包：拷到另一台电脑，带库或不带库。",
            en="A portable archive for another computer, with packages or without.",
        ),
    ),
    (messages, Phrase(zh="消息手册：主题、字段、示例。", en="The message reference: topics, fields, examples.")),
)


def _add_commands() -> None:
    for command, about in _COMMANDS:
        app.command(help=about.in_(help_language()))(command)
    app.add_typer(config_app, name="config")
    app.add_typer(corrections_app, name="corrections")
    app.add_typer(households_app, name="households")
    app.add_typer(service_app, name="service")


def _translate_help() -> None:
    """Typer's own headings, for a help page in Chinese."""
    from typer import rich_utils

    rich_utils.OPTIONS_PANEL_TITLE = "选项"
    rich_utils.ARGUMENTS_PANEL_TITLE = "参数"
    rich_utils.COMMANDS_PANEL_TITLE = "命令"
    rich_utils.ERRORS_PANEL_TITLE = "用法错误"


def main() -> None:
    """The entry point of the command."""
    _add_commands()
    asks_for_help = len(sys.argv) < 2 or not {"-h", "--help"}.isdisjoint(sys.argv)
    if asks_for_help and help_language() == "zh":
        _translate_help()
    app(prog_name="migpt")
