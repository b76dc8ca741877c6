"""Regular expressions that users write: in RE2, so that no line takes longer than in proportion to its length.

Python's own ``re`` tries ways to match one after the other, and a line of thirty characters can keep it for hours.
RE2 follows all ways at once. It has no lookaround and no backreferences for that, and it refuses what would become
too large a program; each is refused with a sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Any, Final

import re2

LENGTH_LIMIT: Final = 1024
"""Characters of an expression."""
SIZE_LIMIT: Final = 1000
"""Instructions of an expression's program. A line costs at worst its length times this: some 5 ms."""
LINE_LIMIT: Final = 1000
"""Characters of a line that an expression is tried on."""
COUNT_LIMIT: Final = 1000
"""RE2's own limit of a counted repetition."""

SYNTAX: Final = "https://github.com/google/re2/wiki/Syntax"

_MEMORY = 1 << 18  # bytes that one expression may take, its cache of states included
_KEPT = 64  # compiled expressions; re2 itself keeps 128, so the two come to 50 MB at worst
_LITERAL = re.compile(r"\\Q.*?(?:\\E|\Z)|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]", re.DOTALL)
_BEGINS_GROUP = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")

_HINTS: Final = (
    (re.compile(r"\(\?<?[=!]"), "RE2 has no lookaround; match the words around it, too"),
    (
        re.compile(r"\\[1-9]|\\[gk][<{]|\(\?P="),
        "RE2 has no backreferences; write what is repeated a second time",
    ),
    (
        re.compile(r"\(\?>|[*+?}]\+"),
        "RE2 has no atomic groups and no possessive repetitions, and needs none; leave out the > or the second +",
    ),
    (re.compile(r"\(\?\("), "RE2 has no conditions; write both cases with | between them"),
    (re.compile(r"\(\?#"), "RE2 has no comments inside an expression; leave it out"),
    (re.compile(r"\(\?[a-zA-Z]*[aLux]"), "the flags of RE2 are i, m, s and U, as in (?i)"),
    (re.compile(r"\\Z"), "write $ or \\z for the end of the line"),
    (re.compile(r"\\[uUN]"), "write the character itself, or its number as in \\x{e9}"),
)
_TOO_LARGE = "repeat less often, or with * or + in place of a count"


class ExpressionError(ValueError):
    """An expression that cannot be used; the message says why, and what is accepted."""


class Expression:
    """A compiled expression; make it with `expression` or `capturing`, which remember."""

    __slots__ = ("_compiled", "names", "size", "text")

    def __init__(self, text: str, *, captures: bool) -> None:
        """Compile it, with its named groups, or without them; raises ExpressionError."""
        self.text = text
        self._compiled = _compiled(_checked(text), text, captures=captures)
        groups = self._compiled.groupindex
        self.names = tuple(name.decode() for name in sorted(groups, key=groups.__getitem__))
        """Of its named groups."""
        self.size: int = self._compiled.programsize
        """Instructions: how much a line costs at worst, beside other expressions."""

    def found(self, line: str) -> bool:
        """Whether a line has it, within its first LINE_LIMIT characters."""
        return self._compiled.search(_bytes(line)) is not None

    def groups(self, line: str) -> dict[str, str] | None:
        """What the named groups hold of the first match in a line, without those that took no part; None: no match."""
        match = self._compiled.search(_bytes(line))
        if match is None:
            return None
        held = ((name, match[name.encode()]) for name in self.names)
        return {name: value.decode("utf-8", "replace") for name, value in held if value is not None}


@lru_cache(maxsize=_KEPT)
def expression(text: str) -> Expression:
    """Return an expression that finds whether a line has it; raises ExpressionError with a sentence."""
    return Expression(text, captures=False)


@lru_cache(maxsize=_KEPT)
def capturing(text: str) -> Expression:
    """Return an expression whose named groups are wanted; raises ExpressionError with a sentence."""
    return Expression(text, captures=True)


def _bytes(line: str) -> bytes:
    # A lone surrogate has no bytes in UTF-8, and no expression can name it.
    return line[:LINE_LIMIT].encode("utf-8", "replace")


def _checked(text: str) -> bytes:
    if len(text) > LENGTH_LIMIT:
        raise ExpressionError(f"has {len(text)} characters; at most {LENGTH_LIMIT} are accepted")
    try:
        raw = text.encode()
    except UnicodeEncodeError as error:
        lone = text[error.start].encode("unicode_escape").decode()
        raise ExpressionError(f"has {lone}, half of a character; write the whole character") from None
    syntax = _LITERAL.sub("", text)
    # RE2 takes these as plain characters, which is never meant.
    for counts in re.findall(r"\{([0-9]{9,}(?:,[0-9]*)?|[0-9]+,[0-9]{9,}|,[0-9]+)\}", syntax):
        wanted = "write {0" + counts + "}" if counts[0] == "," else f"counts go up to {COUNT_LIMIT}"
        raise ExpressionError(f"has the repetition {{{_short(counts)}}}, which RE2 does not know; {wanted}")
    names = Counter(_BEGINS_GROUP.findall(syntax))
    twice = next((name for name, times in names.items() if times > 1), None)
    if twice is not None:
        raise ExpressionError(
            f"names two groups {twice!r}; give one group both cases, as in (?P<{twice}>…|…), or drop a name"
        )
    return raw


def _compiled(raw: bytes, text: str, *, captures: bool) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = not captures
    options.max_mem = _MEMORY
    try:
        compiled = re2.compile(raw, options)
    except re2.error as error:
        raise ExpressionError(_why(error, text)) from None
    if compiled.programsize > SIZE_LIMIT:
        raise ExpressionError(
            f"is too large: it comes to {compiled.programsize} steps, and {SIZE_LIMIT} are accepted; {_smaller(text)}"
        )
    return compiled


def _why(error: Exception, text: str) -> str:
    raw = error.args[0] if error.args else ""
    words = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    if "too large" in words:
        return f"is too large for RE2; {_smaller(text)}"
    if "repetition size" in words:
        return (
            f"must be an expression of RE2: {_short(words)}; counts go up to {COUNT_LIMIT}, also multiplied "
            "with those of the repetitions around them"
        )
    syntax = _LITERAL.sub(lambda each: each[0] if each[0][0] == "\\" and each[0][1] != "\\" else "", text)
    hint = next((hint for sign, hint in _HINTS if sign.search(syntax)), f"see {SYNTAX}")
    return f"must be an expression of RE2: {_short(words)}; {hint}"


def _smaller(text: str) -> str:
    return (
        f"{_TOO_LARGE}, and [A-Za-z] in place of \\pL and its like"
        if re.search(r"\\[pP]", text)
        else _TOO_LARGE
    )


def _short(words: str) -> str:
    return words if len(words) <= 60 else f"{words[:60]}…"
