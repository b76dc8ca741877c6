"""Frames and videos: verified, probed, merged and shown with ffmpeg; the same on a laptop and in a Job."""

from .answer import MergeAnswer, parse_merge_answer
from .codecs import CODECS, check_target
from .concat import concat_videos
from .contact_sheet import contact_sheet
from .errors import BadInputsError, FFmpegNotFoundError, MediaError, MergeError
from .fenced import Fence, look_fenced
from .ffmpeg import find_ffmpeg, run_ffmpeg
from .handles import Held
from .hashes import frame_hashes
from .look import Doubtful, Look, look, parse_answer
from .merge import MergeRequest, merge
from .preview import Preview
from .probe import AudioParameters, StreamParameters, count_frames, probe_video
from .publish import Rank, publish
from .result import MergeResult, frame_rate
from .sequence import merge_sequence
from .survey import Survey, survey
from .verify import Verification, verify_files, verify_frames

__all__ = [
    "CODECS",
    "AudioParameters",
    "BadInputsError",
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
    "StreamParameters",
    "Survey",
    "Verification",
    "check_target",
    "concat_videos",
    "contact_sheet",
    "count_frames",
    "find_ffmpeg",
    "frame_hashes",
    "frame_rate",
    "look",
    "look_fenced",
    "merge",
    "merge_sequence",
    "parse_answer",
    "parse_merge_answer",
    "probe_video",
    "publish",
    "run_ffmpeg",
    "survey",
    "verify_files",
    "verify_frames",
]
