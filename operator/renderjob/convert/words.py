"""Commands: a line becomes the words that Helios makes of it; dollars survive Kubernetes' expansion."""

from __future__ import annotations

import re

from .errors import ConvertError

_SPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What JavaScript takes for white space."""

_DOLLARS = re.compile(r"\$+")


def words_of(command: str, place: str) -> list[str]:
    """The program and arguments of a command line, as Helios splits it.

    Helios starts programs without a shell, in all of its adapters: words end at white space, single and double
    quotes hold a word together, a backslash keeps the next character (between quotes of either kind, too), and
    every other character, such as `&`, `;`, `*` or `$`, is plain: a composition may be a URL.

    Raises:
        ConvertError: it is empty, or a quote is not closed.
    """
    if "\0" in command:
        raise ConvertError(f"{place}: holds a NUL character, which no program can be given")
    words = _split(command, place)
    if not words:
        raise ConvertError(f"{place}: empty; accepted: a command")
    if not words[0]:
        raise ConvertError(f"{place}: found {command!r}: the program's name is empty; accepted: a command")
    return words


def _split(command: str, place: str) -> list[str]:
    words: list[str] = []
    word: str | None = None
    quote, escape = "", False
    for character in command.strip(_SPACE):
        if not quote and not escape and character in _SPACE:
            words += [] if word is None else [word]
            word = None
        elif not escape and character == "\\":
            escape = True
        elif not escape and character in (quote or "'\""):
            quote, word = ("" if quote else character), word or ""
        else:
            word, escape = (word or "") + character, False
    if quote:
        raise ConvertError(
            f"{place}: found {command!r}: the quotation that begins with {quote} is not closed; "
            f"for a {quote} that is part of a word, write \\{quote}"
        )
    return words if word is None else [*words, word]


def escaped(text: str, before_reference: bool = False) -> str:
    """`text` so that Kubernetes' expansion gives it back; `before_reference` says that a `$(NAME)` follows.

    A dollar needs a second one only where it would begin a reference or an escape.
    """

    def doubled(match: re.Match[str]) -> str:
        run, rest = match[0], text[match.end() :]
        follows = rest.startswith("(") or (before_reference and not rest)
        return run * 2 if len(run) > 1 or follows else run

    return _DOLLARS.sub(doubled, text)
