"""Pictures and videos: decoded, probed, merged and shown with ffmpeg; the same on a laptop and in a Job."""

from .answer import MergeAnswer, parse_merge_answer
from .codecs import CODECS, check_target
from .concat import concat_videos
from .contact_sheet import contact_sheet
from .decoding import can_be_decoded, damaged
from .errors import BadInputsError, FFmpegNotFoundError, MediaError, MergeError
from .ffmpeg import find_ffmpeg, run_ffmpeg
from .hashes import frame_hashes
from .merge import MergeRequest, merge
from .preview import Preview
from .probe import AudioParameters, StreamParameters, count_frames, probe_video
from .result import MergeResult, frame_rate
from .sequence import merge_sequence

__all__ = [
    "CODECS",
    "AudioParameters",
    "BadInputsError",
    "FFmpegNotFoundError",
    "MediaError",
    "MergeAnswer",
    "MergeError",
    "MergeRequest",
    "MergeResult",
    "Preview",
    "StreamParameters",
    "can_be_decoded",
    "check_target",
    "concat_videos",
    "contact_sheet",
    "count_frames",
    "damaged",
    "find_ffmpeg",
    "frame_hashes",
    "frame_rate",
    "merge",
    "merge_sequence",
    "parse_merge_answer",
    "probe_video",
    "run_ffmpeg",
]
