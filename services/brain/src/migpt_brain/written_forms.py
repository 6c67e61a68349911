"""What written marks become when they are spoken: tables the cleaner goes by."""

from __future__ import annotations

from migpt_shared.language import Phrase


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: In the cleaned text: what came before it and was not spoken yet is not part of the answer.
DISCARD = "\x18"

CODE_NOTICE = Phrase(zh="代码略。", en="The code is left out.")
URL_NOTICE = Phrase(zh="链接", en="link")
RANGE = Phrase(zh="到", en=" to ")
LESS = Phrase(zh="小于", en=" less than ")
GREATER = Phrase(zh="大于", en=" greater than ")
OR_EQUAL = Phrase(zh="等于", en=" or equal to ")
PAUSE = Phrase(zh="，", en=", ")
POWERS = {"2": Phrase(zh="的平方", en=" squared"), "3": Phrase(zh="的立方", en=" cubed")}
POWER = Phrase(zh="的{exponent}次方", en=" to the power of {exponent}")

#: Elements whose content is never spoken: reasoning and calls of tools.
THOUGHT_ELEMENTS = _words("think thinking thought thoughts reasoning reflection scratchpad")
UNSPOKEN_ELEMENTS = THOUGHT_ELEMENTS | _words(
    "tool_call tool_calls tool_use tool_response tool_result tool_results function function_call function_calls "
    "function_response invoke script style"
)
#: Elements that end a line of text.
BLOCK_ELEMENTS = _words("br p div li ul ol tr table h1 h2 h3 h4 h5 h6 hr blockquote pre section article")
#: Elements (of HTML, and those that models wrap their answers in) that leave no trace in speech.
INLINE_ELEMENTS = _words(
    "a abbr b big cite code del details dfn em font i img input ins kbd label mark q rp rt ruby s samp small span "
    "strike strong sub summary sup td th thead tbody tfoot time tt u var video audio source svg path html head body "
    "title meta link nav main header footer figure figcaption center button form option select answer final output "
    "response result final_answer"
)
KNOWN_ELEMENTS = UNSPOKEN_ELEMENTS | BLOCK_ELEMENTS | INLINE_ELEMENTS

#: LaTeX commands that are written for the layout only.
SILENT_LATEX = _words(
    "frac dfrac tfrac left right big Big bigg Bigg text textbf textit mathrm mathbf mathit mathbb mathcal mathsf "
    "operatorname displaystyle boxed quad qquad begin end limits nolimits overline underline hat bar vec"
)
LATEX_WORDS = {
    "times": Phrase(zh="×", en="×"),
    "cdot": Phrase(zh="×", en="×"),
    "ast": Phrase(zh="×", en="×"),
    "div": Phrase(zh="÷", en="÷"),
    "pm": Phrase(zh="±", en="±"),
    "le": Phrase(zh="小于等于", en=" less than or equal to "),
    "leq": Phrase(zh="小于等于", en=" less than or equal to "),
    "lt": LESS,
    "ge": Phrase(zh="大于等于", en=" greater than or equal to "),
    "geq": Phrase(zh="大于等于", en=" greater than or equal to "),
    "gt": GREATER,
    "ne": Phrase(zh="不等于", en=" not equal to "),
    "neq": Phrase(zh="不等于", en=" not equal to "),
    "approx": Phrase(zh="约等于", en=" approximately equals "),
    "pi": Phrase(zh="π", en=" pi "),
    "sqrt": Phrase(zh="根号", en=" square root of "),
    "circ": Phrase(zh="度", en=" degrees"),
    "infty": Phrase(zh="无穷大", en=" infinity "),
    "angle": Phrase(zh="角", en=" angle "),
    "triangle": Phrase(zh="三角形", en=" triangle "),
    "degree": Phrase(zh="度", en=" degrees"),
    "to": PAUSE,
    "rightarrow": PAUSE,
    "Rightarrow": PAUSE,
    "implies": PAUSE,
    "ldots": Phrase(zh="…", en="…"),
    "dots": Phrase(zh="…", en="…"),
    "cdots": Phrase(zh="…", en="…"),
}

#: Double quotes of all kinds: a speaker stumbles over some of them and speaks none. Single ones see the cleaner.
QUOTES = '"“”„‟«»「」『』〝〞＂'

#: Pictures: emoji, dingbats, geometric shapes, private use, and the invisible marks that combine them, as ranges of a
#: regular expression's character class. Letter-like signs such as ℃ and № and circled digits are not in it.
PICTURES = (
    "\u2122\u2139\u2300-\u23ff\u2500-\u25ff\u2600-\u2775\u2794-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\u20e3\ufe00-\ufe0f\ufff9-\uffff\ue000-\uf8ff©®"
    "\U0001f000-\U0001f0ff\U0001f10d-\U0001f10f\U0001f16c-\U0001f16f\U0001f18e\U0001f1e6-\U0001f1ff"
    "\U0001f201-\U0001faff\U000e0000-\U0010ffff"
)
#: Control characters (but tab and newline), zero-width and direction marks, halves of surrogate pairs.
INVISIBLE = (
    "\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
)
ARROWS = "←-⇿⟵-⟿"
