"""What is wrong with the settings, in words for the person who wrote them."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails


class SettingsError(Exception):
    """The settings cannot be used. `problems` holds one line each; no line holds a value, as it may be a secret."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def problems_of(error: ValidationError) -> list[str]:
    """One line per problem: the key as it stands in the file, then what is wrong with it."""
    details = error.errors(include_url=False, include_input=False)
    return [_line(problem) for problem in details]


def _line(problem: ErrorDetails) -> str:
    key = ".".join(str(step) for step in problem["loc"]) or "config"
    context = problem.get("ctx", {})
    match problem["type"]:
        case "missing":
            words = "缺少这一项 is missing"
        case "extra_forbidden":
            words = "没有这个设置 there is no such setting; check the spelling"
        case "literal_error":
            words = f"只能是 must be {context.get('expected', '')}"
        case "int_parsing" | "int_type" | "int_from_float":
            words = "必须是整数 must be a whole number"
        case "float_parsing" | "float_type":
            words = "必须是数字 must be a number"
        case "bool_parsing" | "bool_type":
            words = "必须是 must be true / false"
        case "string_type":
            words = "必须是文字 must be text in quotes"
        case "dict_type" | "model_type" | "model_attributes_type":
            words = "必须是一个小节 must be a section with keys"
        case "list_type":
            words = "必须是列表 must be a list in [ ]"
        case "greater_than_equal":
            words = f"不能小于 must be at least {context.get('ge')}"
        case "greater_than":
            words = f"必须大于 must be greater than {context.get('gt')}"
        case "less_than_equal":
            words = f"不能大于 must be at most {context.get('le')}"
        case "less_than":
            words = f"必须小于 must be less than {context.get('lt')}"
        case "string_too_short":
            words = "不能为空 must not be empty"
        case _:
            words = problem["msg"].removeprefix("Value error, ")
    return f"{key}: {words}"
