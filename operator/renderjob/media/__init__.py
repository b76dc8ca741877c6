"""Frames and videos: verified, probed, merged and shown with ffmpeg; the same on a laptop and in a Job."""

from .answer import MergeAnswer, parse_merge_answer
from .codecs import CODECS, check_target
from .concat import concat_videos
from .contact_sheet import contact_sheet
from .decoding import Damage, can_be_decoded, damaged
from .disk import DENIED, FULL, told, why_not_writable
from .errors import BadInputsError, FFmpegNotFoundError, MediaError, MergeError
from .fenced import Fence, look_fenced
from .ffmpeg import find_ffmpeg, run_ffmpeg
from .handles import Held
from .hashes import frame_hashes
from .lacking import Wanted, what_is_missing
from .look import Doubtful, Look, look, parse_answer, present_of
from .merge import MergeRequest, merge
from .preview import Preview
from .probe import AudioParameters, StreamParameters, count_frames, probe_video
from .publish import Rank, publish
from .result import MergeResult, frame_rate
from .sequence import merge_sequence
from .survey import Survey, survey
from .verify import Verification, verify_files, verify_frames
from .written import RunningAttempt, WrittenFiles, look_at_running, parse_written, written_answer

__all__ = [
    "CODECS",
    "DENIED",
    "FULL",
    "AudioParameters",
    "BadInputsError",
    "Damage",
    "Doubtful",
    "FFmpegNotFoundError",
    "Fence",
    "Held",
    "Look",
    "MediaError",
    "MergeAnswer",
    "MergeError",
    "MergeRequest",
    "MergeResult",
    "Preview",
    "Rank",
    "RunningAttempt",
    "StreamParameters",
    "Survey",
    "Verification",
    "Wanted",
    "WrittenFiles",
    "can_be_decoded",
    "check_target",
    "concat_videos",
    "contact_sheet",
    "count_frames",
    "damaged",
    "find_ffmpeg",
    "frame_hashes",
    "frame_rate",
    "look",
    "look_at_running",
    "look_fenced",
    "merge",
    "merge_sequence",
    "parse_answer",
    "parse_merge_answer",
    "parse_written",
    "present_of",
    "probe_video",
    "publish",
    "run_ffmpeg",
    "survey",
    "told",
    "verify_files",
    "verify_frames",
    "what_is_missing",
    "why_not_writable",
    "written_answer",
]
