"""Outputs: where frames lie. What is there, what is wanting, and what attempts left that is moved there."""

from .damage import Check, Damage
from .disk import DENIED, FULL, told, why_not_writable
from .fenced import Fence, look_fenced
from .handles import Held
from .lacking import Wanted, what_is_missing
from .look import Asked, Doubtful, Look, look, parse_answer, present_of
from .publish import Rank, Ranking, publish
from .store import STORES, FileStore, OutputStore, open_store
from .survey import Survey, survey
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
    "Fence",
    "FileStore",
    "Held",
    "Look",
    "OutputStore",
    "Rank",
    "Ranking",
    "RunningAttempt",
    "Survey",
    "Verification",
    "Wanted",
    "WrittenFiles",
    "look",
    "look_at_running",
    "look_fenced",
    "open_store",
    "parse_answer",
    "parse_written",
    "path_of",
    "present_of",
    "publish",
    "survey",
    "told",
    "verify_files",
    "verify_frames",
    "what_is_missing",
    "why_not_writable",
    "written_answer",
]
