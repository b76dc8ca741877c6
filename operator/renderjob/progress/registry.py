"""Which parsers there are. A new one is a file of its own and one line here."""

from collections.abc import Callable, Mapping

from renderjob.progress.blender import BlenderParser
from renderjob.progress.ffmpeg import FFmpegParser
from renderjob.progress.openjd import OpenJDParser
from renderjob.progress.parser import ChunkContext, LineParser
from renderjob.progress.pattern import PatternParser, check_pattern
from renderjob.progress.reader import ProgressReader

_PARSERS: Mapping[str, Callable[[ChunkContext], LineParser]] = {
    "Blender": BlenderParser,
    "FFmpeg": FFmpegParser,
    "OpenJD": OpenJDParser,
}

PARSER_NAMES = ("Auto", *_PARSERS, "None")


def make_reader(
    context: ChunkContext, parser_name: str | None = None, pattern: str | None = None
) -> ProgressReader:
    """Return a reader for one attempt's log.

    ``parser_name`` is one of PARSER_NAMES: ``Auto`` (also for None) reads every renderer known here, ``None``
    (the word) reads none. ``pattern`` adds a user's expression to it. Raises ValueError for an unknown name
    and PatternError for a pattern that cannot be used.
    """
    name = parser_name or "Auto"
    if name not in PARSER_NAMES:
        raise ValueError(f"The progress parser {name!r} is not known; accepted: {', '.join(PARSER_NAMES)}.")
    chosen = list(_PARSERS) if name == "Auto" else [name] if name in _PARSERS else []
    parsers = [_PARSERS[each](context) for each in chosen]
    if pattern is not None:
        parsers.append(PatternParser(context, check_pattern(pattern)))
    return ProgressReader(context, parsers)
