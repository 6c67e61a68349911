"""XiaoAI's refusals are told from what it does and knows."""

from __future__ import annotations

import pytest

from migpt_brain.intent.refusals import is_refusal

REFUSALS = [
    "我不太明白你的意思",
    "我不太明白，可以换个说法吗？",
    "抱歉，我没听懂。",
    "这个我还没学会呢",
    "我还没有学会这个技能，正在努力学习中",
    "不好意思，这个问题我还在学习",
    "小爱正在学习，等我学会了再告诉你",
    "不知道怎么回答你，换个问题吧",
    "这个问题难倒我了",
    "你的问题太难了，我要去补补课",
    "我没听清楚，再说一遍好吗",
    "暂时不支持这个功能",
    "抱歉，这个功能我暂时不支持",
    "哎呀，这个我还不会",
    "这个我不知道，你可以问我别的",
    "没有找到相关的内容",
    "没有查到相关信息，你可以换个问法",
    "超出我的能力范围啦",
    "这题我答不上来",
    "我好像走神了，再说一遍吧",
    "网络开小差了，请稍后再试",
    "服务器繁忙，稍后再试",
    "我还不能理解这句话",
    "听不懂，我们聊点别的吧",
    "对不起，我无法回答这个问题",
    "这个我也不太清楚呢",
    "我没理解你的意思",
    "没太听懂你说的，请说得具体一点",
    "小爱还没学过这个呢",
    "这个问题有点深奥，我回去研究研究",
    "Sorry, I didn't catch that.",
    "I don't understand, please try again.",
    "I'm still learning.",
]

ANSWERS = [
    "",
    "好的",
    "好的，已打开客厅灯",
    "已为你关闭空调",
    "好的，空调已经调到26度",
    "正在播放周杰伦的晴天",
    "好的，已设置明天早上七点的闹钟",
    "北京今天晴，最高气温26度，最低气温15度，不用带伞",
    "现在是下午三点二十分",
    "35乘以16等于560",
    "好嘞，这就为你播放",
    "音量已经调到百分之五十",
    "窗帘打开了",
    "没问题，十分钟后提醒你关火",
    "你今天没有设置闹钟",
    "明天没有雨，可以放心出门",
    "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。",
    "小明问老师：我不知道怎么回答这道题，老师说那就别回答。后来大家都笑了，因为老师自己也不会，最后全班同学一起去问校长，校长说他当年也没学会。",
    "学习是一件快乐的事情",
    "孔子说：知之为知之，不知为不知，是知也。",
    "天空是蓝色的，是因为大气散射了太阳光里的蓝光",
    "扫地机器人开始清扫了",
    "灯没有打开，已经帮你打开了",
    "已为您取消，稍后再来找我哦",
    "祝你学习进步",
    "电视打开了，想看什么可以问我",
    "好的，已为你打开学习模式",
    "正在为你播放歌曲不知道",
    "你好呀，很高兴见到你",
    "OK, the light is on.",
]


@pytest.mark.parametrize("answer", REFUSALS)
def test_refusals_are_recognised(answer: str) -> None:
    assert is_refusal(answer)


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers_and_done_commands_are_not(answer: str) -> None:
    assert not is_refusal(answer)


@pytest.mark.parametrize("device", ["客厅灯", "空调", "窗帘", "扫地机器人", "热水器", "学习灯", "插座"])
@pytest.mark.parametrize(
    "said", ["好的，已打开{}", "{}已关闭", "已帮你打开{}", "好的，{}打开了", "正在打开{}", "好的，{}调好了"]
)
def test_an_obeyed_device_command_is_never_a_refusal(device: str, said: str) -> None:
    assert not is_refusal(said.format(device))
