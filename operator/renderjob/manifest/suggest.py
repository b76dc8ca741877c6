"""What a misspelt or misplaced field was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from .fields import homes, names_at
from .values import Path, dotted


def plain(name: str) -> str:
    """A name without what spellings differ in: target_duration and targetDuration are one."""
    return name.replace("_", "").replace("-", "").lower()


def closest(word: str, words: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The one of some words that another is most like, however it is spelt."""
    spelt = {plain(each): each for each in words}
    close = get_close_matches(plain(word), spelt, n=1, cutoff=cutoff)
    return spelt[close[0]] if close else None


def for_unknown(path: Path) -> str:
    """A suggestion for a field that does not exist; empty where there is no likely one."""
    *parent, name = path
    siblings = names_at(tuple(parent))
    spelt = {plain(sibling): sibling for sibling in siblings}
    if plain(str(name)) in spelt:
        return f"did you mean {spelt[plain(str(name))]}?"
    if one_letter_off := closest(str(name), siblings, cutoff=0.9):
        return f"did you mean {one_letter_off}?"
    elsewhere = homes()
    # A field of this very name elsewhere is a better guess than one here that is only like it.
    places = _places(elsewhere.get(str(name), ()), dotted(tuple(parent)))
    if places:
        return f"{name} belongs under {places}"
    close = get_close_matches(plain(str(name)), spelt, n=1)
    if close:
        return f"did you mean {spelt[close[0]]}?"
    others = {plain(other): other for other in elsewhere}
    close = get_close_matches(plain(str(name)), others, n=1, cutoff=0.8)
    if close:
        other = others[close[0]]
        return f"did you mean {other} under {_places(elsewhere[other], '')}?"
    return f"accepted here: {', '.join(siblings)}" if 0 < len(siblings) <= 12 else ""


def for_missing(path: Path, parent: object) -> str:
    """A suggestion for an absent field: what belongs in it may stand a level too high, or it is misspelt."""
    *above, name = path
    place = dotted(tuple(above))
    siblings = names_at(tuple(above))
    if not isinstance(parent, Mapping):
        return ""
    strangers = [str(key) for key in parent if key not in siblings]
    inside = names_at(path)
    high = [key for key in strangers if key in inside]
    if high:
        return f"{', '.join(high)} belongs under {dotted(path)}, not under {place or 'the document'}"
    spelt = [key for key in strangers if plain(key) == plain(str(name))]
    close = spelt or get_close_matches(str(name), strangers, n=1)
    return f"did you mean {name} where {close[0]} stands?" if close else ""


def _places(paths: tuple[str, ...], here: str) -> str:
    """The likeliest places, without the one where the field stands."""
    written = [path for path in paths if path != here]
    depth = min((path.count(".") for path in written), default=0)
    return " or ".join([path for path in written if path.count(".") == depth][:3])
