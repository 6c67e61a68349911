"""What each way in which a login may fail means, and what to do about it; pure."""

from __future__ import annotations

from migpt_shared.language import Language, Phrase
from migpt_shared.xiaomi import (
    CaptchaNeeded,
    CloudRefused,
    CloudUnreachable,
    ConsentNeeded,
    LoginCoolingDown,
    LoginRejected,
    MalformedAnswer,
    StoreUnusable,
    VerificationNeeded,
    XiaomiError,
)
from migpt_shared.xiaomi.identity import WrongCodeError
from migpt_shared.xiaomi.sign_in import QrExpiredError, WrongAccountError

#: The first that fits; `{error}` is the error's own text, which is English.
_MEANINGS: tuple[tuple[type[XiaomiError], Phrase], ...] = (
    (QrExpiredError, Phrase(zh="二维码过期了：没有及时扫码并确认。", en="{error}")),
    (
        WrongAccountError,
        Phrase(
            zh="登录的账号和配置里的不是同一个。请换成配置的账号，或把配置里的 account 改对（数字小米 ID）。{error}",
            en="{error}",
        ),
    ),
    (WrongCodeError, Phrase(zh="验证码不对，请看最新的一条，或重新发送。", en="{error}")),
    (CaptchaNeeded, Phrase(zh="小米要求输入图片里的验证码。", en="Xiaomi wants the code in a picture.")),
    (
        ConsentNeeded,
        Phrase(
            zh="小米要求先同意“个人数据跨境传输”：用浏览器登录 https://account.xiaomi.com，同意后再来一次。",
            en="{error}",
        ),
    ),
    (
        VerificationNeeded,
        Phrase(zh="小米要求用短信或邮件验证码确认这次登录。", en="Xiaomi wants this login confirmed by a code."),
    ),
    (
        LoginCoolingDown,
        Phrase(zh="刚才登录失败过，为免锁号先等 {retry_in_s:.0f} 秒。{error}", en="{error}"),
    ),
    (
        LoginRejected,
        Phrase(
            zh="小米没有接受。账号要用数字小米 ID；密码没错的话，多半是不信任这里的网络：改用扫码或 passToken。"
            "（{error}）",
            en="{error}",
        ),
    ),
    (CloudUnreachable, Phrase(zh="连不上小米：检查网络，过一会儿再试。（{error}）", en="{error}")),
    (
        StoreUnusable,
        Phrase(zh="令牌文件写不了：请检查 data_dir 的权限。（{error}）", en="{error}"),
    ),
    (CloudRefused, Phrase(zh="小米拒绝了：{error}", en="{error}")),
    (
        MalformedAnswer,
        Phrase(
            zh="小米的回答看不懂（可能被网络劫持，或页面变了）：换一种方式再试。（{error}）",
            en="Xiaomi's answer makes no sense ({error}); try another way.",
        ),
    ),
)
_OTHER = Phrase(zh="登录失败：{error}", en="the login failed: {error}")


def meaning_of(error: XiaomiError, language: Language) -> str:
    """What the failure means, in words that name what to do."""
    phrase = next((phrase for kind, phrase in _MEANINGS if isinstance(error, kind)), _OTHER)
    retry_in_s = error.retry_in_s if isinstance(error, LoginCoolingDown) else 0.0
    return phrase.in_(language, error=error, retry_in_s=retry_in_s)
