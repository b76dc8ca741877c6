"""Frames: sets of frame numbers, the language users name them in, and the files they are written to.

Pure: nothing here reads a file, a clock or the network.
"""

from renderjob.frames.expression import FrameExpressionError, parse_expression
from renderjob.frames.filepattern import FilePattern, FilePatternError
from renderjob.frames.frameset import EMPTY, FrameSet
from renderjob.frames.runs import Run

__all__ = [
    "EMPTY",
    "FilePattern",
    "FilePatternError",
    "FrameExpressionError",
    "FrameSet",
    "Run",
    "parse_expression",
]
