"""Commands: a line becomes words where no shell is needed; dollars survive Kubernetes' expansion."""

from __future__ import annotations

import re
import shlex

from .errors import ConvertError

# Whatever a shell gives a meaning, quoted or not: to run a shell too often is harmless.
_SHELL = re.compile(r"[|&;<>()$`*?\[\]{}~#!\n\r]")
_BUILTINS = frozenset(
    re.findall(
        r"\S+",
        ". : alias break case cd command continue eval exec exit export for if read readonly return set"
        " shift source time times trap type ulimit umask unalias unset until wait while",
    )
)
_DOLLARS = re.compile(r"\$+")


def words_of(command: str, place: str) -> list[str]:
    """The program and arguments of a command line; `sh -c` where it needs a shell.

    Raises:
        ConvertError: it is empty, or a quote is not closed.
    """
    if "\0" in command:
        raise ConvertError(f"{place}: holds a NUL character, which no program can be given")
    if _SHELL.search(command):
        return ["sh", "-c", command]
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConvertError(f"{place}: found {command!r}: {str(error).lower()}") from None
    if not words:
        raise ConvertError(f"{place}: empty; accepted: a command")
    if words[0] in _BUILTINS or "=" in words[0] or not words[0]:
        return ["sh", "-c", command]
    return words


def escaped(text: str, before_reference: bool = False) -> str:
    """`text` so that Kubernetes' expansion gives it back; `before_reference` says that a `$(NAME)` follows.

    A dollar needs a second one only where it would begin a reference or an escape.
    """

    def doubled(match: re.Match[str]) -> str:
        run, rest = match[0], text[match.end() :]
        follows = rest.startswith("(") or (before_reference and not rest)
        return run * 2 if len(run) > 1 or follows else run

    return _DOLLARS.sub(doubled, text)
