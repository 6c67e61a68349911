"""What the settings are called in Chinese. English shows the key and its description from the settings class."""

from __future__ import annotations

from migpt_shared.editing import Path

CHINESE: dict[str, str] = {
    "language": "语言",
    "log_level": "日志级别",
    "account": "小米 ID（数字，不是手机号）",
    "password": "密码",
    "pass_token": "passToken（浏览器登录小米后的 cookie）",
    "device_id": "设备 ID（deviceID）",
    "name": "米家里的名字",
    "area": "房间",
    "stand_in": "替补音箱（这台不应答时由它来说）",
    "mode": "模式",
    "ai": "AI 开关（新音箱的初始值）",
    "ai_keywords": "AI 关键词（以它开头的话交给大模型）",
    "home_keywords": "智能家居关键词（以它开头的话交给 Home Assistant）",
    "keyword_position": "关键词位置",
    "llm_threshold": "判断为适合大模型的概率从多少起交给它（空：由意图模型定）",
    "follow_up_s": "大模型答完后多少秒内，“为什么呢”这样的话算接着问",
    "confirm_s": "等“确认”等多少秒",
    "rescue": "小爱答不上来时由大模型接着回答",
    "preset": "使用的大模型",
    "fallbacks": "备用大模型（依次）",
    "system_prompt": "系统提示词",
    "personas": "人设（每行：名字 = 提示词）",
    "streaming": "边写边说",
    "temperature": "温度",
    "max_tokens": "回答最长（token）",
    "proxy": "代理",
    "first_token_deadline_s": "多少秒没有第一个词就问备用",
    "answer_deadline_s": "多少秒没有回答就说明失败",
    "whole_answer_deadline_s": "不边写边说时最多等多少秒",
    "stall_deadline_s": "回答中断多少秒算失败",
    "memory_tokens": "记忆长度（token）",
    "memory_minutes": "记忆多少分钟",
    "retention_days": "对话保存多少天",
    "memory_url": "对话数据库地址（空：SQLite）",
    "provider": "服务商（空：与名字相同）",
    "base_url": "接口地址（base_url）",
    "model": "模型",
    "api_key": "密钥",
    "thinking": "允许先思考（会安静几秒）",
    "url": "地址",
    "token": "长期访问令牌",
    "agent_id": "对话代理（空：默认）",
    "confirm_domains": "操作前要口头确认的设备种类",
    "device_mapping": "设备映射（每行：说法 = 实体）",
    "discovery": "音箱出现在 Home Assistant 里",
    "discovery_prefix": "MQTT 发现前缀",
    "birth_topic": "Home Assistant 启动消息的主题",
    "suggest_areas": "建议音箱所在区域",
    "console_url": "家里的浏览器打开本控制台的地址（空：不显示链接）",
    "leave_out": "不要的实体（实体 ID 的最后一段）",
    "hot_interval_s": "刚说完话时，每几秒查一次",
    "warm_interval_s": "之后一段时间，每几秒查一次",
    "idle_interval_s": "没人说话时，每几秒查一次",
    "night_interval_s": "夜里，每几秒查一次",
    "hot_for_s": "“刚说完话”持续几秒",
    "warm_for_s": "“之后一段时间”持续几秒",
    "quiet_after_s": "安静多少秒后按夜里的间隔",
    "night_from": "夜里从",
    "night_to": "夜里到",
    "night_after_s": "夜里安静多少秒后放慢",
    "requests_per_day_first_speaker": "每天请求数（第一台）",
    "requests_per_day_further_speaker": "每天请求数（其余每台）",
    "history_limit": "每次取几条记录",
    "presence_every_s": "每几秒查一次音箱是否在线",
    "answer_on": "由哪些音箱一起回答（空：被问的那台）",
    "max_chars": "一次朗读最长（字）",
    "assumed_seconds_per_character": "测量前假定的语速（秒/字）",
    "retry_delays_s": "音箱拒绝时的重试间隔（秒，逗号分隔）",
    "resume_media": "说完后继续播放音乐",
    "enabled": "随 ./migpt up 启动",
    "host": "监听地址（0.0.0.0：局域网可访问；重启后生效）",
    "port": "端口（重启后生效）",
    "requests_per_minute": "接口每分钟请求上限",
    "cors_origins": "允许跨域的网页地址",
    "trusted_proxies": "可信的反向代理",
    "history_days": "历史保存多少天（0：不保存）",
}

#: The same word means something else in some sections.
_ELSEWHERE: dict[Path, str] = {
    ("console", "api_key"): "接口密钥（Bearer）",
    ("home_assistant", "url"): "Home Assistant 地址",
}

CHOICES: dict[str, str] = {
    "zh": "中文",
    "en": "English",
    "quiet": "安静（只有警告）",
    "normal": "正常",
    "debug": "调试（含完整对话）",
    "auto": "自动",
    "native": "只认关键词",
    "start": "开头",
    "anywhere": "任何位置",
}


def chinese_name(path: Path) -> str:
    """The name of a setting; its key where it has none."""
    return _ELSEWHERE.get(path) or CHINESE.get(path[-1], path[-1])


def chinese_choice(path: Path, choice: str) -> str:
    """The name of one of a setting's values."""
    if path == ("routing", "mode") and choice == "ai":
        return "全部交给大模型"
    return CHOICES.get(choice, choice)
