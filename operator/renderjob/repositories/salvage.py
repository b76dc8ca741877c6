"""A status that can't be read: what of it can is kept, so that nothing rendered is lost.

Only this program writes a status, and reads what it wrote; but another version of it, or another program, may have
written this one. It is taken apart field by field, and entry by entry where it has lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from renderjob.api import RenderJobStatus
from renderjob.api.status import MAX_RANGES
from renderjob.core import unreadable_in
from renderjob.frames import FrameSet

Object = dict[str, Any]
Path = tuple[str | int, ...]
Found = tuple[Path, str]

ROUNDS: Final = 8
"""Times that what can't be read is taken out: what is left may show more."""
LEVELS: Final = 10
"""Of a status; what is deeper is no part of one."""
SKIPPED: Final = 100_000
"""Ids of attempts that are passed over where the next can't be told: none may be used twice."""

LONGEST: Final = 1024
"""Characters of all that is told of a job's problems."""
MOST: Final = 5
"""Problems that are told; of the others, how many there are."""


def salvage(raw: object) -> tuple[RenderJobStatus, list[str]]:
    """The status, and what of it can't be read, a sentence each; none when all of it can."""
    if raw is None:
        return RenderJobStatus(), []
    status, found = _read(raw)
    if status is not None and not found:
        return status, []
    problems: list[str] = []
    left: Object = _copied(dict(raw), LEVELS) if isinstance(raw, Mapping) else {}
    for _ in range(ROUNDS):
        problems += [f"status.{_dotted(path)}: {why}" for path, why in found]
        for path, _ in found:
            if not _kept_in_part(left, path):
                _take_out(left, path)
        status, found = _read(left)
        if status is not None and not found:
            return _after(status, raw), problems
    return _after(RenderJobStatus(), raw), problems


def _read(raw: object) -> tuple[RenderJobStatus | None, list[Found]]:
    """The status, and where it can't be read: from the last place on, for what is taken out moves what follows."""
    status: RenderJobStatus | None = None
    try:
        status = RenderJobStatus.model_validate(raw)
        found = unreadable_in(status)
    except ValidationError as error:
        found = [(_place(e), e["msg"]) for e in error.errors(include_url=False, include_input=False)]
    except Exception as error:
        # No model turns it into a place: nothing of it is kept.
        found = [((), f"{type(error).__name__}: {error}")]
    places = dict(reversed(found))
    return status, sorted(
        places.items(), key=lambda item: [(isinstance(t, str), t) for t in item[0]], reverse=True
    )


def _copied(value: Any, levels: int) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner, levels - 1) for key, inner in value.items()} if levels else None
    if isinstance(value, list):
        return [_copied(inner, levels - 1) for inner in value] if levels else None
    return value


def _kept_in_part(left: Object, path: Path) -> bool:
    """Whether something could be kept of frames that are rendered, or given up."""
    if path not in (("frames", "completed"), ("frames", "failed")):
        return False
    ledger, name = left.get("frames"), str(path[1])
    text = ledger.get(name) if isinstance(ledger, dict) else None
    if not isinstance(ledger, dict) or not isinstance(text, str):
        return False
    kept = _readable(text)
    if not kept or kept == text:
        return False
    ledger[name] = kept
    return True


def _readable(text: str) -> str:
    """Of a range string the ranges that can be read, as many as fit."""
    sets = []
    for part in text.split(",")[:MAX_RANGES]:
        try:
            sets.append(FrameSet.parse(part))
        except Exception:  # noqa: S112 (what this one says is lost, the others are not)
            continue
    while len(kept := str(FrameSet.union_of(sets))) > MAX_RANGES:
        sets = sets[: len(sets) * 3 // 4]
    return kept


def _after(status: RenderJobStatus, raw: object) -> RenderJobStatus:
    """The same, with an id for the next attempt that none has had, whatever was taken out."""
    raw = raw if isinstance(raw, Mapping) else {}
    told = raw.get("nextAttempt")
    asked = told if isinstance(told, int) and not isinstance(told, bool) else 0
    used = max((_id(text) for text in _list(raw.get("inFlight"))), default=0)
    if status.next_attempt > used and status.next_attempt == asked:
        return status
    return status.model_copy(update={"next_attempt": max(used, status.next_attempt) + SKIPPED})


def _id(text: object) -> int:
    digits = text.split(" ", 1)[0] if isinstance(text, str) else ""
    return int(digits) if digits.isdecimal() and len(digits) < 16 else 0


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _place(error: Any) -> Path:
    """What has to go; where a field is missing, what it is missing in."""
    path: Path = tuple(error["loc"])
    return path[:-1] if error["type"] == "missing" else path


def _take_out(root: Object, path: Path) -> None:
    """Remove what is at a path; of what has no such place, the whole around it."""
    if not path and isinstance(root, dict):
        root.clear()
    around: Any = root
    for token in path[:-1]:
        inner = _at(around, token)
        if not isinstance(inner, dict | list):
            _remove(around, token)
            return
        around = inner
    if path:
        _remove(around, path[-1])


def _at(value: Any, token: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(str(token))
    if isinstance(value, list) and isinstance(token, int) and token < len(value):
        return value[token]
    return None


def _remove(value: Any, token: str | int) -> None:
    if isinstance(value, dict):
        value.pop(str(token), None)
    elif isinstance(value, list) and isinstance(token, int) and token < len(value):
        del value[token]


def _dotted(path: Path) -> str:
    return "".join(f"[{t}]" if isinstance(t, int) else f".{t}" for t in path).lstrip(".") or "status"


def shown(problems: list[str]) -> str:
    """Problems in one text that is not too long."""
    text = "; ".join(problems[:MOST])
    more = f"; and {len(problems) - MOST} more" if len(problems) > MOST else ""
    room = LONGEST - len(more)
    return (text if len(text) <= room else f"{text[: room - 1]}…") + more
