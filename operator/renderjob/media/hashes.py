"""A hash of every decoded frame: two videos show the same when the lists are equal."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .ffmpeg import run_ffmpeg


def frame_hashes(path: Path) -> list[str]:
    """The MD5 of each decoded frame of a video's first video stream, in order of display.

    Raises:
        MergeError: ffmpeg cannot decode the file; with its last words.
    """
    with tempfile.TemporaryDirectory(prefix="renderjob-") as directory:
        listing = Path(directory, "frames.md5")
        source = ["-i", str(path.absolute()), "-map", "0:v:0", "-fps_mode", "passthrough"]
        run_ffmpeg(["-xerror", *source, "-f", "framemd5", str(listing)])
        lines = listing.read_text(encoding="ascii").splitlines()
    return [line.rsplit(",", 1)[1].strip() for line in lines if line and not line.startswith("#")]
