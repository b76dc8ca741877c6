"""pydantic's errors as sentences about the manifest's own fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from .accepted import accepted
from .errors import Problem
from .fields import Schema, known
from .suggest import closest, for_missing, for_unknown
from .values import Path, dotted, shown

_OWN = re.compile(r"([A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*|\[[0-9]+\])*): (.*)", re.DOTALL)
_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9]*|[0-9]+")


def problems_of(error: ValidationError, prefix: Path = ()) -> list[tuple[Path, Problem]]:
    """The problems that a RenderJob's ValidationError tells of, each with its place, in the document's order.

    `prefix` is where in the document the RenderJob stands.
    """
    found: dict[tuple[Path, str], tuple[Path, Problem]] = {}
    for details in error.errors(include_url=False):
        path, problem = _problem(details, prefix)
        # The branches of a union tell of one place one after the other.
        found.setdefault(
            (path, "" if problem.message.startswith("accepted") else problem.message), (path, problem)
        )
    return list(found.values())


def _problem(details: Any, prefix: Path) -> tuple[Path, Problem]:
    kind, loc, value = details["type"], tuple(details["loc"]), details.get("input")
    if kind == "extra_forbidden":
        path, _ = known(loc, last_unknown=True)
        return path, Problem(dotted((*prefix, *path)), "unknown field", suggestion=for_unknown(path))
    path, schema = known(loc, last_unknown=False)
    place = dotted((*prefix, *path))
    if kind == "missing":
        return path, Problem(
            place, f"missing; accepted: {accepted(schema)}", suggestion=for_missing(path, value)
        )
    if kind == "value_error":
        return _own(path, prefix, str(details["ctx"]["error"]), value)
    if kind == "json_invalid":
        return (), Problem(
            dotted(prefix), "holds half of a surrogate pair (\\ud800 to \\udfff); accepted: whole characters"
        )
    return path, _refused(place, schema, value)


def _own(path: Path, prefix: Path, sentence: str, value: object) -> tuple[Path, Problem]:
    """A sentence of ours; where it begins with a field below the place, it is moved there."""
    matched = _OWN.fullmatch(sentence)
    if matched and isinstance(value, Mapping):
        below: Path = tuple(int(token) if token.isdigit() else token for token in _TOKEN.findall(matched[1]))
        if known((*path, *below), last_unknown=False)[0] == (*path, *below):
            path, sentence = (*path, *below), matched[2]
    found = "" if isinstance(value, Mapping | list) else _without_type(value)
    return path, Problem(dotted((*prefix, *path)), sentence, found=found)


def _without_type(value: object) -> str:
    return shown(value).removesuffix(" (a string)")


def _refused(place: str, schema: Schema | None, value: object) -> Problem:
    suggestion = _quoting(schema, value) or _meant(schema, value)
    return Problem(place, f"accepted: {accepted(schema)}", found=shown(value), suggestion=suggestion)


def _meant(schema: Schema | None, value: object) -> str:
    """`did you mean Forward?`, where a word stands for one of a few."""
    words = [str(word) for word in (schema or {}).get("enum", ())]
    close = closest(value, words) if isinstance(value, str) else None
    return f"did you mean {close}?" if close else ""


def _quoting(schema: Schema | None, value: object) -> str:
    """`quote it: "12"`, where a number or a truth value stands for a string."""
    if schema is None or schema.get("type") != "string" or not isinstance(value, bool | int | float):
        return ""
    return f'quote it: "{str(value).lower() if isinstance(value, bool) else value}"'
