"""What the page `/enter` looks like and says."""

from __future__ import annotations

from migpt_shared.language import Phrase

FIRST = Phrase(
    zh="第一次打开控制台：请设一个密码（至少 {least} 个字符）。以后用它登录。",
    en="This is the first visit: choose a password of at least {least} characters. It lets you in from now on.",
)
LATER = Phrase(zh="请输入控制台密码", en="Enter the console's password")
PASSWORD = Phrase(zh="密码", en="Password")
AGAIN = Phrase(zh="再输一次", en="Once more")
CODE = Phrase(zh="设置码（在服务的日志里：console_setup_code）", en="Setup code (in the log: console_setup_code)")
SET = Phrase(zh="设置密码", en="Set password")
ENTER = Phrase(zh="登录", en="Log in")
WRONG = Phrase(zh="密码不对", en="That is not the password")
WRONG_CODE = Phrase(zh="设置码不对，请看服务的日志", en="That is not the setup code; it stands in the log")
NOT_THE_SAME = Phrase(zh="两次输入的密码不一样", en="The two passwords differ")
TOO_SHORT = Phrase(zh="密码太短，至少 {least} 个字符", en="Too short: at least {least} characters")
TOO_LONG = Phrase(zh="密码太长", en="Too long")
SLOWLY = Phrase(zh="试得太多了，请等 {seconds} 秒", en="Too many tries; wait {seconds} s")

PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>migpt</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<style>
:root {{ --ground:#f4f5f9; --card:#fff; --text:#1d2233; --dim:#667; --line:#d5d8e4; --accent:#4456d6; --bad:#c0262d }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ground:#12141c; --card:#1c1f2b; --text:#e8eaf3; --dim:#9aa0b5; --line:#343a4e;
    --accent:#8b9bff; --bad:#ff8a8a }}
}}
* {{ box-sizing:border-box }}
body {{ margin:0; min-height:100vh; display:grid; place-items:center; background:var(--ground); color:var(--text);
  font:16px/1.6 system-ui,"PingFang SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif }}
form {{ width:min(24rem,calc(100vw - 2rem)); padding:2rem; border-radius:16px; background:var(--card);
  box-shadow:0 10px 40px #0002 }}
h1 {{ margin:0 0 .25rem; font-size:1.6rem }}
p {{ margin:0 0 1rem; color:var(--dim) }} p[role=alert] {{ color:var(--bad); font-weight:600 }}
label {{ display:block; margin-bottom:1rem; font-size:.9rem; color:var(--dim) }}
input {{ display:block; width:100%; margin-top:.25rem; padding:.7rem .8rem; border:1px solid var(--line);
  border-radius:10px; background:transparent; color:var(--text); font:inherit }}
input:focus {{ outline:2px solid var(--accent); border-color:transparent }}
button {{ width:100%; padding:.75rem; border:0; border-radius:10px; background:var(--accent); color:#fff;
  font:inherit; font-weight:600; cursor:pointer }}
@media (prefers-color-scheme: dark) {{ button {{ color:#12141c }} }}
</style></head><body>
<form method="post" action="{prefix}/enter{to}"><h1>migpt</h1><p>{about}</p>{problem}{fields}
<button type="submit">{button}</button></form></body></html>
"""
