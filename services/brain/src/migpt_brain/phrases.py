"""What the brain says of itself, in both languages."""

from __future__ import annotations

from migpt_shared.language import Phrase

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
REST_IS_MISSING = Phrase(zh="后面的内容没有取到。", en="The rest of the answer is missing.")
ANSWER_WAS_LOST = Phrase(zh="抱歉，刚才的回答中断了，请再问一次。", en="Sorry, that answer was lost. Please ask again.")
SOMETHING_WENT_WRONG = Phrase(
    zh="抱歉，我这里出了点问题，请再说一次。", en="Sorry, something went wrong. Please say it again."
)
HOME_DID_NOT_ANSWER = Phrase(zh="家居系统没有回应。", en="The home system did not answer.")
HOME_DONE = Phrase(zh="好的。", en="Done.")
