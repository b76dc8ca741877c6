"""What ffmpeg may open: files that hold pictures or sound themselves, and nothing that names other files.

A renderer chooses what is in its files. A playlist (HLS, DASH), a list of files (concat) or a script (AviSynth)
under the name of a chunk's video would make whoever merges read another file, or an address, in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

PROTOCOLS: Final = "file"
"""Nothing comes from the network, or from another process."""

_PICTURES: Final = (
    *("bmp", "cri", "dds", "dpx", "exr", "gem", "gif", "hdr", "j2k", "jpeg", "jpegls", "jpegxl", "jpegxs"),
    *("pam", "pbm", "pcx", "pfm", "pgm", "pgmyuv", "pgx", "phm", "photocd", "pictor", "png", "ppm", "psd"),
    *("qdraw", "qoi", "sgi", "sunrast", "tiff", "vbn", "webp", "xbm", "xpm", "xwd"),
)
_VIDEOS: Final = (
    *(
        "apng",
        "asf",
        "av1",
        "avi",
        "dirac",
        "dnxhd",
        "dv",
        "evc",
        "fits",
        "flv",
        "gif",
        "h263",
        "h264",
        "hevc",
    ),
    *("ico", "ivf", "jpegxl_anim", "m4v", "matroska", "mjpeg", "mjpeg_2000", "mov", "mpeg", "mpegts"),
    *("mpegvideo", "mxf", "nut", "obu", "ogg", "rm", "swf", "vc1", "vvc", "webm", "yuv4mpegpipe"),
)
_SOUNDS: Final = (
    *("aac", "ac3", "aiff", "alaw", "amr", "au", "caf", "dts", "eac3", "flac", "mp3", "mulaw", "truehd"),
    *("tta", "voc", "w64", "wav", "wv"),
)

FORMATS: Final = ",".join(("image2", *(f"{name}_pipe" for name in _PICTURES), *_VIDEOS, *_SOUNDS))
"""The demuxers that read what is in a file, by ffmpeg's names; one that a build does not know does no harm."""

_LAVFI: Final = "lavfi"
"""Made by ffmpeg itself: asked for by whoever wrote the manifest, never by a file."""


def guarded(args: Sequence[str]) -> list[str]:
    """Ffmpeg's arguments, with each input held to what it may open.

    An input whose format is named (`-f concat`) is of that format whatever its file holds, so what it names is
    ours; what its files hold is not.
    """
    held: list[str] = []
    begin = 0
    for at, argument in enumerate(args):
        if argument != "-i" or at < begin:
            continue
        options = args[begin:at]
        held += options
        named = [value for option, value in pairwise(options) if option == "-f"]
        if named[-1:] != [_LAVFI]:
            formats = ",".join((FORMATS, *named[-1:]))
            held += ["-protocol_whitelist", PROTOCOLS, "-format_whitelist", formats]
        held += args[at : at + 2]
        begin = at + 2
    return [*held, *args[begin:]]
