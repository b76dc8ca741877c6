"""How far a chunk is, read from what its renderer prints anyway. Pure: no files, no clock, no threads."""

from renderjob.progress.expression import ExpressionError, expression
from renderjob.progress.parser import ChunkContext, LineParser, Update
from renderjob.progress.pattern import PatternError, check_pattern
from renderjob.progress.reader import ProgressReader
from renderjob.progress.registry import PARSER_NAMES, make_reader

__all__ = [
    "PARSER_NAMES",
    "ChunkContext",
    "ExpressionError",
    "LineParser",
    "PatternError",
    "ProgressReader",
    "Update",
    "check_pattern",
    "expression",
    "make_reader",
]
