"""What stands on the page 登录, and what each failure of a login means."""

from __future__ import annotations

from migpt_shared.language import Phrase

NO_HOUSEHOLD = Phrase(zh="还没有配置小米账号。", en="No Xiaomi account is configured yet.")
TO_SETTINGS = Phrase(zh="去设置里添加", en="Add one in the settings")
ACCOUNT = Phrase(zh="小米账号 {household}（{account}）", en="Xiaomi account {household} ({account})")
GOOD = Phrase(zh="已登录", en="logged in")
BAD = Phrase(zh="没有登录", en="not logged in")
UNKNOWN = Phrase(zh="还不知道（poller 在运行吗？）", en="not known yet (does the poller run?)")
CAPTCHA = Phrase(
    zh="需要图形验证码：用下面的密码登录来填写", en="A captcha is wanted: log in by password below to solve it"
)
VERIFICATION = Phrase(
    zh="需要短信或邮件验证：用下面的密码登录来完成，或改用扫码",
    en="A code by SMS or mail is wanted: log in by password below, or by QR code",
)
AGES = Phrase(
    zh="登录凭据已用 {days:.1f} 天，服务令牌 {hours:.1f} 小时",
    en="passToken {days:.1f} days old, service token {hours:.1f} h",
)
ENDS_SOON = Phrase(
    zh="登录凭据通常一个月左右失效，建议现在重新登录一次。",
    en="A passToken usually lasts about a month; log in again soon.",
)
AGAIN = Phrase(zh="让服务再试一次", en="Let the services try again")
AGAIN_SENT = Phrase(zh="已通知服务重新登录", en="The services were told")

HOUSEHOLD = Phrase(zh="登录哪个家庭", en="Household")
BY_QR = Phrase(zh="扫码（推荐）", en="QR code (best)")
BY_TOKEN = Phrase(zh="粘贴 passToken", en="Paste passToken")
BY_PASSWORD = Phrase(zh="密码", en="Password")

QR_ABOUT = Phrase(
    zh="用手机上的米家 App 扫描二维码并确认。二维码 5 分钟内有效。",
    en="Scan the code with the Mi Home app and confirm. It is valid for five minutes.",
)
SHOW_QR = Phrase(zh="显示二维码", en="Show QR code")
WAITING_FOR_SCAN = Phrase(zh="等待扫码…", en="waiting for the scan…")
TOKEN_ABOUT = Phrase(
    zh="在电脑浏览器登录 account.xiaomi.com，按 F12 → 应用 → Cookie，复制名为 passToken 的值。",
    en="Log in at account.xiaomi.com in a browser, press F12, and copy the cookie named passToken.",
)
LOG_IN = Phrase(zh="登录", en="Log in")
PASSWORD_ABOUT = Phrase(
    zh="账号是 {account}。密码只用于这一次登录，不会保存。新设备常常需要验证码。",
    en="The account is {account}. The password is used for this login only and not kept. Codes are often asked for.",
)
PASSWORD = Phrase(zh="小米账号的密码", en="Password of the Xiaomi account")
CAPTCHA_ABOUT = Phrase(zh="小米要求图形验证码，请输入图中的字：", en="Xiaomi wants a captcha; type what you see:")
CAPTCHA_FIELD = Phrase(zh="图中的字", en="What the picture shows")
OTHER_PICTURE = Phrase(zh="换一张", en="Another picture")
VERIFY_ABOUT = Phrase(zh="小米要求验证身份，把验证码发到：", en="Xiaomi wants to verify you; send a code to:")
WAYS = {"phone": Phrase(zh="手机短信", en="phone (SMS)"), "email": Phrase(zh="邮箱", en="mail")}
CODE_SENT = Phrase(zh="验证码已发送", en="The code was sent")
CODE_FIELD = Phrase(zh="收到的验证码", en="The code")
CONFIRM = Phrase(zh="确认", en="Confirm")

DONE = Phrase(zh="登录成功，正在通知服务…", en="Logged in; telling the services…")
SERVICES_GOOD = Phrase(
    zh="服务已经登录。选一台音箱打个招呼：", en="The services are logged in. Let a speaker say hello:"
)
SERVICES_LATE = Phrase(
    zh="登录已保存，但服务还没有回应。它们在运行吗？", en="The login is kept, but no service has answered. Do they run?"
)
HELLO = Phrase(zh="打个招呼", en="Say hello")
HELLO_TEXT = Phrase(zh="你好，登录成功，我可以说话了。", en="Hello, the login worked, and I can speak.")
HELLO_SENT = Phrase(
    zh="听到了吗？没有的话请到“音箱”页体检。", en="Did you hear it? If not, see the doctor on the page Speakers."
)

QR_EXPIRED = Phrase(zh="二维码过期了，请重新显示。", en="The code has expired; show a new one.")
WRONG_ACCOUNT = Phrase(
    zh="扫码的账号是 {got}，但这个家庭配置的是 {wanted}。请换账号扫码，或在设置里修改小米 ID。",
    en="You logged in as {got}, but this household is {wanted}. Use that account, or change the ID in the settings.",
)
REJECTED = Phrase(
    zh="小米不接受：{reason} 密码正确却被拒绝时，多半是小米不信任这个网络，请改用扫码。",
    en="Xiaomi refuses: {reason} If the password is right, Xiaomi distrusts this network: use the QR code.",
)
TOKEN_REJECTED = Phrase(
    zh="小米不接受这个 passToken：可能复制不全、已失效，或属于另一个账号。",
    en="Xiaomi does not accept this passToken: incomplete, too old, or of another account.",
)
CODE_REJECTED = Phrase(zh="验证码不对或已过期，请重新发送。", en="That code is wrong or too old; send a new one.")
CAPTCHA_WRONG = Phrase(zh="验证码不对，换一张再试。", en="That was not what the picture shows; here is another.")
CONSENT = Phrase(
    zh="小米要求先同意一个数据授权页面：请在浏览器登录 account.xiaomi.com 同意后再来。",
    en="Xiaomi wants your consent first: log in at account.xiaomi.com in a browser and accept.",
)
UNREACHABLE = Phrase(zh="连不上小米：{reason}", en="Xiaomi cannot be reached: {reason}")
OTHER = Phrase(zh="登录没有成功：{reason}", en="The login failed: {reason}")
