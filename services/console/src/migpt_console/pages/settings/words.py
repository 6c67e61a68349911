"""What stands on the page 设置, the names of settings aside."""

from __future__ import annotations

from migpt_shared.language import Phrase

TABS: dict[str, tuple[Phrase, str]] = {
    "basics": (Phrase(zh="基本设置", en="Basics"), "tune"),
    "api": (Phrase(zh="API设置", en="Models"), "auto_awesome"),
    "home": (Phrase(zh="HomeAssistant", en="Home Assistant"), "home"),
    "voice": (Phrase(zh="听与说", en="Hearing, speaking"), "graphic_eq"),
    "console": (Phrase(zh="控制台与接口", en="Console, API"), "web"),
    "advanced": (Phrase(zh="高级", en="Advanced"), "code"),
}
SECTIONS: dict[str, Phrase] = {
    "general": Phrase(zh="通用", en="General"),
    "routing": Phrase(zh="谁来回答", en="Who answers"),
    "llm": Phrase(zh="大模型通用设置", en="All models"),
    "hearing": Phrase(zh="听", en="Hearing"),
    "speech": Phrase(zh="说", en="Speaking"),
    "home_assistant": Phrase(zh="Home Assistant", en="Home Assistant"),
    "console": Phrase(zh="控制台与 OpenAI 接口", en="Console and OpenAI-compatible API"),
}
NO_FILE = Phrase(zh="没有配置文件，设置不能修改。", en="There is no configuration file, so nothing can be changed.")
SAVE = Phrase(zh="保存", en="Save")
SAVED = Phrase(zh="已保存，立即生效", en="Saved; it takes effect now")
NOTHING_CHANGED = Phrase(zh="没有改动", en="Nothing has changed")
RESET = Phrase(zh="重置为默认", en="Back to defaults")
RESET_SURE = Phrase(
    zh="“{name}”的设置全部恢复为默认值？旧的配置会留一份备份。",
    en="Put all of “{name}” back to its defaults? A backup is kept.",
)
RESET_DONE = Phrase(zh="已恢复默认", en="Back to defaults")
YES = Phrase(zh="确定", en="Yes")
CANCEL = Phrase(zh="取消", en="Cancel")
IS_SET = Phrase(zh="已设置（留空则不变）", en="set (empty: unchanged)")
IS_NOT_SET = Phrase(zh="未设置", en="not set")
CHANGED_MEANWHILE = Phrase(
    zh="文件刚被别人改过，请重新载入再改。", en="Somebody else has changed the file; load it again first."
)
CANNOT_WRITE = Phrase(zh="无法写入：{reason}", en="It cannot be written: {reason}")
DEFAULT = Phrase(zh="默认", en="default")

HOUSEHOLD = Phrase(zh="小米账号：{name}", en="Xiaomi account: {name}")
SPEAKER = Phrase(zh="音箱 {name}", en="Speaker {name}")
ALL_SPEAKERS = Phrase(
    zh="没有列出音箱时使用账号下的全部音箱。", en="Without any speaker listed, all speakers of the account are used."
)
ADD_HOUSEHOLD = Phrase(zh="添加小米账号", en="Add a Xiaomi account")
ADD_SPEAKER = Phrase(zh="添加音箱", en="Add a speaker")
NAME_OF_HOUSEHOLD = Phrase(zh="名字（a-z、0-9、_）", en="Name (a-z, 0-9, _)")
XIAOMI_ID = Phrase(zh="小米 ID（数字）", en="Xiaomi ID (digits)")
SPEAKER_NAME = Phrase(zh="米家里的名字", en="Its name in Xiaomi's app")
ADD = Phrase(zh="添加", en="Add")
REMOVE = Phrase(zh="删除", en="Remove")
REMOVE_SURE = Phrase(zh="删除“{name}”？旧的配置会留一份备份。", en="Remove “{name}”? A backup is kept.")

IN_USE = Phrase(zh="使用中", en="in use")
USE = Phrase(zh="使用", en="Use")
TEST = Phrase(zh="测试", en="Test")
TESTING = Phrase(zh="等待第一个词…", en="waiting for the first word…")
FIRST_TOKEN = Phrase(
    zh="第一个词 {first:.2f} 秒，全部 {whole:.2f} 秒", en="first word {first:.2f} s, all {whole:.2f} s"
)
NO_WORD = Phrase(zh="没有回答", en="no answer came")
TRIAL_QUESTION = Phrase(zh="用一句话打个招呼。", en="Greet me in one sentence.")
FETCH_MODELS = Phrase(zh="获取模型列表", en="Fetch models")
MODELS_FOUND = Phrase(zh="找到 {count} 个模型", en="{count} models found")
ADD_PRESET = Phrase(zh="添加大模型", en="Add a model")
PRESET_NAME = Phrase(zh="名字（已知服务商可直接选）", en="Name (a known provider, or any)")
EDIT = Phrase(zh="修改", en="Edit")
NOT_CONFIGURED = Phrase(zh="不能使用：{reason}", en="cannot be used: {reason}")

CHANGE_PASSWORD = Phrase(zh="修改控制台密码", en="Change the console's password")
OLD_PASSWORD = Phrase(zh="现在的密码", en="Present password")
NEW_PASSWORD = Phrase(zh="新密码（至少 {least} 个字符）", en="New password (at least {least} characters)")
WRONG_PASSWORD = Phrase(zh="现在的密码不对", en="That is not the present password")

HOME_TEST = Phrase(zh="测试连接", en="Test")
HOME_WORKS = Phrase(
    zh="连接正常：Home Assistant {version}，{location}", en="It works: Home Assistant {version}, {location}"
)
HOME_REFUSED = Phrase(zh="Home Assistant 不接受这个 token（401）", en="Home Assistant refuses the token (401)")
HOME_ANSWERED = Phrase(zh="Home Assistant 回答了 {status}", en="Home Assistant answered {status}")
HOME_UNREACHABLE = Phrase(zh="连不上：{reason}", en="It cannot be reached: {reason}")
HOME_MISSING = Phrase(zh="先填写地址和 token 并保存", en="Enter URL and token, and save, first")

EDITOR_ABOUT = Phrase(
    zh="整个 config.toml。密码和密钥显示为 {mask}，不动它就保持原样；注释会保留。",
    en="All of config.toml. Passwords and keys are shown as {mask} and stay as they are; so do comments.",
)
CHECK = Phrase(zh="检查", en="Check")
CHECKED = Phrase(zh="没有问题", en="No problems")
RELOAD = Phrase(zh="重新载入", en="Load again")
