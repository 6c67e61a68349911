"""Turns what a language model writes into what a speaker can say, while it is still being written.

Markdown, HTML, LaTeX, emoji, URLs, reasoning and tool calls go or are put in words; every other letter and digit stays,
in order. The result never depends on how the stream is cut: a construct is acted on only when no continuation could
change what it means, until then it is held back. Ordinary text is never held back.
"""

from __future__ import annotations

import json
import re

from migpt_brain import marks
from migpt_brain import written_forms as forms
from migpt_shared.language import Language

_PUNCTUATION = "，。！？、；：,.!?;:…"
#: Where ordinary text ends: a mark, a doubled punctuation mark, or what is or may become a URL.
_SPECIAL = re.compile(
    rf"[\n\u2028\u2029\x85`<\[\]!{{{re.escape(''.join(marks.RULES))}{forms.ARROWS}{forms.PICTURES}{forms.INVISIBLE}]"
    rf"|([{_PUNCTUATION}])\1"
    r"|[hH](?:[tT][tT][pP][sS]?:(?://|/?\Z)|[tT]{0,2}\Z|[tT]{2}[pP][sS]?\Z)|[wW](?:[wW][wW]\.|[wW]{0,2}\Z)"
)
_UNSPOKEN = re.compile(f"[{forms.PICTURES}{forms.INVISIBLE}]+")
_REPEATED = re.compile(rf"([{_PUNCTUATION}])\1+")

_URL_OPENING = re.compile(r"(?i:https?://|www\.)")
_URL_REST = re.compile(r"[A-Za-z0-9\-._~:/?#@!$&'+,;=%|]*")
_URL_NOT_AT_END = ".,;:!?'~_|&"

#: The longest run of marks that a line may begin with, and the part of it that is markdown's.
_LINE_MARKS = re.compile(r"[ \t\r\u3000#>*+\-_=|:•·●▪◦○■◆]*")
_LINE_PREFIX = re.compile(r"[ \t\r\u3000]*(?:(?:>|#{1,6}[ \t]|[-*+•·●▪◦○■◆][ \t\u3000])[ \t\u3000]*)*")

_FENCE = re.compile(r"(`{3,}|~{3,})[^`\n]{0,1000}\n")
_FENCE_BEGUN = re.compile(r"(?:`{3,}|~{3,})[^`\n]{0,1000}`*\Z|~~\Z")
_CODE_SPAN = re.compile(r"(`{3,})([^`\n]{1,1000})\1")
_BACKTICKS = re.compile(r"`+")

_LINK_LIMIT = 2048
_LINK = re.compile(r"\]\(([^()\n]*(?:\([^()\n]*\)[^()\n]*)*)\)")
_LINK_TARGET = re.compile(
    r"\s*(?:|[<#/?].*|\.{1,2}/.*|[A-Za-z][A-Za-z0-9+.-]*:\S.*"
    r"|[A-Za-z0-9_%-]*[A-Za-z][!-~]*[./@#][!-~]*(?:\s+[\"'].*)?)\s*"
)
_LINK_END = re.compile(r"\)|(?=\n)")
_NOT_IN_URL = re.compile(r"(?=[^!-~])")
_IMAGE = re.compile(r"\[[^\[\]\n]{0,300}\]\(")
_IMAGE_BEGUN = re.compile(r"\[[^\[\]\n]{0,300}\]?\Z")
_CHECKBOX = re.compile(r"\[[ xX✓✔]?\](?!\() ?")
_FOOTNOTE = re.compile(r"\[(?:\^[\w-]{1,20}|citation:[0-9]{1,3})\]:?")
_CITATION = re.compile(r"\[[0-9]{1,3}\](?!\()")
_BRACKET_BEGUN = re.compile(r"\[(?:[ xX✓✔]|\^[\w-]{0,20}|[0-9]{1,3}|c[a-z]{0,7}(?::[0-9]{0,3})?)?\]?\Z")

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9_-]{0,30})( *(?:[=/]| [A-Za-z_:@])[^<>\n]{0,500}| *)>")
_TAG_BEGUN = re.compile(
    r"<(?:/?(?:([A-Za-z][A-Za-z0-9_-]{0,30})( *(?:[=/]| [A-Za-z_:@])[^<>\n]{0,500}| *))?|!-?|![dD][^<>\n]{0,60})\Z"
)
_DOCTYPE = re.compile(r"<![dD][^<>\n]{0,60}>")
_ADDRESS_TAG = re.compile(
    r"<(?:(?i:(?:https?|ftp)://|www\.)[^<>\s]{0,2000}|(?:mailto:)?([A-Za-z0-9.+_-]{1,64}@[A-Za-z0-9.-]{1,200}))>"
)
_ADDRESS_TAG_BEGUN = re.compile(
    r"<(?:(?i:(?:https?|ftp):/?|(?:(?:https?|ftp)://|www\.)[^<>\s]{0,2000})"
    r"|(?:mailto:)?[A-Za-z0-9.+_-]{0,64}(?:@[A-Za-z0-9.-]{0,200})?)\Z"
)
_MODEL_TOKEN = re.compile(r"<[|｜]([^<>|｜\n]{1,60})[|｜]>")
_MODEL_TOKEN_BEGUN = re.compile(r"<[|｜][^<>|｜\n]{0,60}[|｜]?\Z")

_CALL_LIMIT = 4000
_CALL = re.compile(r'\{\s*"(?:name|tool|tool_name|function|action|arguments|parameters|tool_calls)"\s*:')
_CALL_BEGUN = re.compile(r'\{\s*(?:"[a-z_]{0,12}(?:"\s*)?)?\Z')
_JSON = json.JSONDecoder()

#: The end of something unspoken is recognised across pieces when it is no longer than this.
_END_MARK_LIMIT = 80


class Cleaner:
    """Cleans one answer. Feed it as it comes; call `finish` once.

    What it gives out holds no markup; "\\n" ends a line, and `written_forms.DISCARD` says that what came before it was
    the model's reasoning (an end of reasoning was met that had no beginning) and is not to be spoken.
    """

    def __init__(self, language: Language = "zh") -> None:
        self._language = language
        self._held = ""
        self._given: list[str] = []
        self._before = "\n\n"
        self._line_begins = True
        self._unspoken_until: re.Pattern[str] | None = None
        self._notice_given = False

    def feed(self, text: str) -> str:
        """The clean text that is certain by now, possibly empty."""
        is_between_words = not (self._held or self._line_begins or self._unspoken_until)
        if is_between_words and text and not _SPECIAL.search(text) and text[0] != self._before[-1]:
            self._before = text if len(text) > 1 else self._before[-1] + text
            return text
        self._read(self._held + text)
        return self._take()

    def finish(self) -> str:
        """The rest. Reasoning, tool calls and code that were never closed stay unspoken."""
        if not self._unspoken_until:
            self._read(self._held + "\n")
        self._held = ""
        return self._take().rstrip("\n")

    def _take(self) -> str:
        given = "".join(self._given)
        self._given.clear()
        return given

    def _read(self, text: str) -> None:
        at, end = 0, len(text)
        while at < end:
            step: int | None
            if self._unspoken_until:
                step = self._skip(self._unspoken_until, text, at)
            elif self._line_begins:
                step = self._begin_line(text, at)
            else:
                special = _SPECIAL.search(text, at)
                ordinary_end = special.start() if special else end
                self._give(text[at:ordinary_end])
                step = self._act_on_mark(text, ordinary_end) if special else end
                at = ordinary_end
            if step is None:
                break
            at = step
        self._held = text[at:]

    def _give(self, text: str) -> None:
        if text and text[0] == self._before[-1] and text[0] in _PUNCTUATION:
            text = text.lstrip(text[0])
        if text:
            self._given.append(text)
            self._before = (self._before + text)[-2:]

    def _give_newline(self) -> None:
        if self._before[-1] != "\n":
            self._give("\n")
        self._line_begins = True

    def _begin_line(self, text: str, at: int) -> int | None:
        run = _LINE_MARKS.match(text, at)
        run_end = run.end() if run else at
        if run_end == len(text):
            return None
        if text[run_end] == "\n":  # a rule, the ruler of a table, an underline of a heading, or nothing
            return run_end + 1
        self._line_begins = False
        prefix = _LINE_PREFIX.match(text, at, run_end)
        return prefix.end() if prefix else at

    def _skip(self, ending: re.Pattern[str], text: str, at: int) -> int | None:
        match = ending.search(text, at)
        if not match:
            return None if len(text) - at <= _END_MARK_LIMIT else len(text) - _END_MARK_LIMIT
        self._unspoken_until = None
        self._line_begins = self._before[-1] == "\n"
        return match.end()

    def _act_on_mark(self, text: str, at: int) -> int | None:
        """Where reading goes on after the mark at `at`; None when what follows must be known first."""
        mark = text[at]
        if rule := marks.RULES.get(mark):
            if mark == "~" and self._before[-1] == "\n" and text.startswith("~~", at):
                fence = self._open_fence(text, at)
                if fence != at:
                    return fence
            spoken = rule(self._before, text, at, self._language)
            if spoken is None:
                return None
            self._give(spoken.text)
            return spoken.end
        match mark:
            case "\n" | "\u2028" | "\u2029" | "\x85":
                self._give_newline()
                return at + 1
            case "`":
                return self._backticks(text, at)
            case "<":
                return self._angle(text, at)
            case "[":
                return self._open_bracket(text, at)
            case "]":
                return self._close_bracket(text, at)
            case "!":
                return self._exclamation(text, at)
            case "{":
                return self._brace(text, at)
            case "h" | "H" | "w" | "W":
                return self._url(text, at)
        if unspoken := _UNSPOKEN.match(text, at):
            return unspoken.end()
        if repeated := _REPEATED.match(text, at):
            self._give(mark)
            return repeated.end()
        self._give(marks.pause(self._before, self._language))  # an arrow
        return at + 1

    def _url(self, text: str, at: int) -> int | None:
        opening = _URL_OPENING.match(text, at)
        if not opening:
            return None
        if text[at] in "wW" and self._before[-1].isascii() and self._before[-1].isalnum():
            self._give(text[at])
            return at + 1
        rest = _URL_REST.match(text, opening.end(), at + _LINK_LIMIT)
        end = rest.end() if rest else opening.end()
        if end == at + _LINK_LIMIT:
            self._unspoken_until = _NOT_IN_URL
        elif end == len(text):
            return None
        end = at + len(text[at:end].rstrip(_URL_NOT_AT_END))
        if end <= opening.end():
            self._give(opening[0].rstrip(":/"))
            return opening.end()
        self._give(forms.URL_NOTICE.in_(self._language))
        return end

    def _backticks(self, text: str, at: int) -> int | None:
        run = _BACKTICKS.match(text, at)
        run_end = run.end() if run else at + 1
        if run_end == len(text):
            return None
        if run_end - at < 3:
            return run_end
        if span := _CODE_SPAN.match(text, at):
            inner = Cleaner(self._language)
            self._give(inner.feed(span[2]) + inner.finish())
            return span.end()
        fence = self._open_fence(text, at)
        return run_end if fence == at else fence

    def _open_fence(self, text: str, at: int) -> int | None:
        """The end of the line that opens a block of code; `at` when it opens none."""
        fence = _FENCE.match(text, at)
        if not fence:
            return None if _FENCE_BEGUN.match(text, at) else at
        self._give_newline()
        if not self._notice_given:
            self._give(forms.CODE_NOTICE.in_(self._language) + "\n")
            self._notice_given = True
        self._unspoken_until = re.compile(rf"\n[ \t]{{0,40}}{fence[1]}")
        return fence.end() - 1

    def _open_bracket(self, text: str, at: int) -> int | None:
        before = self._before[-1]
        if before == "\n" and (checkbox := _CHECKBOX.match(text, at)):
            return checkbox.end() if checkbox.end() < len(text) else None
        if footnote := _FOOTNOTE.match(text, at):
            return footnote.end() if footnote.end() < len(text) else None
        if not (before.isspace() or (before.isascii() and before.isalnum())) and (cited := _CITATION.match(text, at)):
            return cited.end() if cited.end() < len(text) else None
        return None if _BRACKET_BEGUN.match(text, at) else at + 1

    def _close_bracket(self, text: str, at: int) -> int | None:
        if at + 1 == len(text):
            return None
        if text[at + 1] != "(":
            return at + 1
        if not text[at + 2 : at + 3].isascii():
            self._give("(")
            return at + 2
        if link := _LINK.match(text, at, at + _LINK_LIMIT):
            if _LINK_TARGET.fullmatch(link[1]):
                return link.end()
        elif text.find("\n", at, at + _LINK_LIMIT) < 0:
            if len(text) - at < _LINK_LIMIT:
                return None
            self._unspoken_until = _LINK_END
            return at + 2
        self._give("(")
        return at + 2

    def _exclamation(self, text: str, at: int) -> int | None:
        # After an English word no image is looked for, so that "Sure!" need not wait for what follows.
        if not (self._before[-1].isascii() and self._before[-1].isalnum()):
            if at + 1 == len(text):
                return None
            if image := _IMAGE.match(text, at + 1):
                self._unspoken_until = _LINK_END
                return image.end()
            if _IMAGE_BEGUN.match(text, at + 1):
                return None
        self._give("!")
        return at + 1

    def _brace(self, text: str, at: int) -> int | None:
        if self._before[-1] != "\n":
            return at + 1
        if _CALL_BEGUN.match(text, at):
            return None
        if not _CALL.match(text, at):
            return at + 1
        try:
            _, end = _JSON.raw_decode(text[at : at + _CALL_LIMIT])
        except json.JSONDecodeError:
            return None if len(text) - at < _CALL_LIMIT else at + 1
        return at + end

    def _angle(self, text: str, at: int) -> int | None:
        if token := _MODEL_TOKEN.match(text, at):
            return self._model_token(token)
        if address := _ADDRESS_TAG.match(text, at):
            self._give(address[1] or forms.URL_NOTICE.in_(self._language))
            return address.end()
        if text.startswith("<!--", at):
            self._unspoken_until = re.compile("-->")
            return at + 4
        if doctype := _DOCTYPE.match(text, at):
            return doctype.end()
        if tag := _TAG.match(text, at):
            end = self._tag(tag)
            if end is not None:
                return end
        elif begun := _TAG_BEGUN.match(text, at):
            if not (begun[2] or "").strip() or begun[1].lower() in forms.KNOWN_ELEMENTS:
                return None
        elif _MODEL_TOKEN_BEGUN.match(text, at) or _ADDRESS_TAG_BEGUN.match(text, at):
            return None
        less = marks.less(self._before, text, at, self._language)
        if less is None:
            return None
        self._give(less.text)
        return less.end

    def _tag(self, tag: re.Match[str]) -> int | None:
        """The end of an HTML or model's tag, acted on; None when it is none."""
        is_closing, name = bool(tag[1]), tag[2].lower()
        if name in forms.UNSPOKEN_ELEMENTS:
            if not (is_closing or tag[3].endswith("/")):
                self._unspoken_until = re.compile(rf"(?i:</{name}\s*>)")
            elif name in forms.THOUGHT_ELEMENTS:
                self._given.append(forms.DISCARD)
                self._before = "\n\n"
                self._line_begins = True
        elif name in forms.BLOCK_ELEMENTS:
            self._give_newline()
        elif name not in forms.KNOWN_ELEMENTS:
            if tag[3].strip():
                return None
            self._give(f" {tag[2]} ")
        return tag.end()

    def _model_token(self, token: re.Match[str]) -> int:
        """Drops a token such as `<|im_end|>`, and what stands between those that begin and end a call or a thought."""
        name = token[1].lower()
        if re.search("tool|func|th(?:ink|ought)", name):
            closing = name.replace("begin", "end").replace("start", "end")
            if closing != name:
                self._unspoken_until = re.compile(rf"(?i:<[|｜]{re.escape(closing)}[|｜]>)")
        return token.end()
