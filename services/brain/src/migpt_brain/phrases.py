"""What the brain says of itself, in both languages."""

from __future__ import annotations

from migpt_shared.language import Language, Phrase
from migpt_shared.messages import HomeCode

AI_ON = Phrase(zh="AI 已打开。", en="AI is on.")
AI_OFF = Phrase(zh="AI 已关闭，以后由小爱回答。", en="AI is off. XiaoAI answers from now on.")
MODE_AUTO = Phrase(zh="已换成自动模式。", en="Automatic mode.")
MODE_AI = Phrase(zh="高级对话已打开，请直接说。", en="Advanced conversation is on. Just talk.")
MODE_NATIVE = Phrase(zh="高级对话已关闭。", en="Advanced conversation is off.")
PRESET_CHOSEN = Phrase(zh="已换成{name}。", en="Switched to {name}.")
PRESET_WITHOUT_KEY = Phrase(zh="{name}还没有配置密钥。", en="There is no key for {name} yet.")
PRESETS_ARE = Phrase(zh="可以用的模型有：{names}。", en="The models are: {names}.")
PRESET_UNKNOWN = Phrase(zh="没有叫{name}的模型。", en="There is no model called {name}.")
FORGOT_LAST = Phrase(zh="刚才那句已经忘掉。", en="I forgot the last exchange.")
FORGOT_CONVERSATION = Phrase(zh="对话已清空。", en="The conversation is cleared.")
CORRECTED_LLM = Phrase(zh="好，以后这句由我来答。", en="All right, I will answer that from now on.")
CORRECTED_NATIVE = Phrase(zh="好，以后这句留给小爱。", en="All right, I leave that to XiaoAI from now on.")
NOTHING_TO_CORRECT = Phrase(zh="我不记得上一句是什么。", en="I don't remember what was said before.")
NOT_CORRECTED = Phrase(zh="抱歉，我没能记下来。", en="Sorry, I could not write that down.")
NO_SUCH_CHOICE = Phrase(zh="没听出来是哪一个。", en="That was none of the choices.")
REST_IS_MISSING = Phrase(zh="后面的内容没有取到。", en="The rest of the answer is missing.")
ANSWER_WAS_LOST = Phrase(zh="抱歉，刚才的回答中断了，请再问一次。", en="Sorry, that answer was lost. Please ask again.")
SOMETHING_WENT_WRONG = Phrase(
    zh="抱歉，我这里出了点问题，请再说一次。", en="Sorry, something went wrong. Please say it again."
)
HOME_DID_NOT_ANSWER = Phrase(zh="家居系统没有回应。", en="The home system did not answer.")
HOME_NOTHING_DONE = Phrase(zh="没有执行任何操作，请换个说法再试。", en="Nothing was done. Please say it another way.")
HOME_NOT_MANAGED = Phrase(
    zh="抱歉，没能办成，请换个说法再试。", en="Sorry, I could not manage it. Please say it another way."
)
HOME_DECLINED = Phrase(zh="好的，不执行了。", en="All right, I will not do it.")
HOME_DONE = Phrase(zh="好的。", en="Done.")

_HOME_TROUBLES: dict[str, Phrase] = {
    "not_authorised": Phrase(
        zh="Home Assistant 的访问令牌没有填写或已失效，请更新。",
        en="The access token of Home Assistant is missing or invalid. Please renew it.",
    ),
    "slow": Phrase(zh="Home Assistant 太久没有回应。", en="Home Assistant took too long to answer."),
}
_HOME_UNREACHABLE = Phrase(zh="连不上 Home Assistant，请稍后再试。", en="Home Assistant cannot be reached right now.")


def home_trouble(code: HomeCode, language: Language) -> str:
    """Why the home cannot be asked at all."""
    return _HOME_TROUBLES.get(code, _HOME_UNREACHABLE).in_(language)
