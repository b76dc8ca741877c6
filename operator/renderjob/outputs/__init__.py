"""Outputs: where frames lie. What is there, what is wanting, and what attempts left that is moved there."""

from .damage import Check, Damage
from .disk import DENIED, FULL, remedy, told, why_not_writable
from .ended import Ended, Found, unmoved
from .fenced import Fence, look_fenced
from .lacking import Wanted, what_is_missing
from .look import Asked, Doubtful, Look, look, parse_answer, present_of
from .own import close, left_over, remove, sweep
from .store import STORES, FileStore, OutputStore, open_store
from .verify import Verification, path_of, verify_files, verify_frames
from .written import RunningAttempt, WrittenFiles, look_at_running, parse_written, written_answer

__all__ = [
    "DENIED",
    "FULL",
    "STORES",
    "Asked",
    "Check",
    "Damage",
    "Doubtful",
    "Ended",
    "Fence",
    "FileStore",
    "Found",
    "Look",
    "OutputStore",
    "RunningAttempt",
    "Verification",
    "Wanted",
    "WrittenFiles",
    "close",
    "left_over",
    "look",
    "look_at_running",
    "look_fenced",
    "open_store",
    "parse_answer",
    "parse_written",
    "path_of",
    "present_of",
    "remedy",
    "remove",
    "sweep",
    "told",
    "unmoved",
    "verify_files",
    "verify_frames",
    "what_is_missing",
    "why_not_writable",
    "written_answer",
]
