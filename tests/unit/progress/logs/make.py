"""Makes the logs beside it anew: `python make.py NAME COMMAND…`; the README here says what NAME and COMMAND are.

Each scene is rendered by a process of its own, whose standard output and error go to one file, as a pod's do. What is
kept is shortened, and names no directory of the machine.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
BLENDER = (
    "images", "exr", "movie", "stereo", "layers", "node", "tiles", "still", "existing",
    "killed", "killed-between", "unsaved", "full",
)  # fmt: skip
SEQUENCE = ["-f", "lavfi", "-i", "testsrc=s=64x36:r=24:d=1", "-start_number", "1001", "{out}/%04d.png"]
LONG = ["-re", "-f", "lavfi", "-i", "testsrc=s=64x36:r=24:d=2"]
FFMPEG = {
    "images": SEQUENCE,
    "level": ["-loglevel", "repeat+level+info", *SEQUENCE],
    "verbose": ["-loglevel", "level+verbose", "-stats", *SEQUENCE],
    "movie": ["-f", "lavfi", "-i", "testsrc=s=64x36:r=24:d=1", "-pix_fmt", "yuv420p", "{out}/film.mp4"],
    "progress": ["-nostats", "-progress", "pipe:1", *LONG, "-start_number", "1001", "{out}/%04d.png"],
    "period": ["-stats_period", "0.4", *LONG, "-start_number", "1001", "{out}/%04d.png"],
    "two": [*SEQUENCE, "-map", "0:v", "{out}/film.mp4"],
    "killed": [
        "-re",
        "-f",
        "lavfi",
        "-i",
        "testsrc=s=64x36:r=24:d=60",
        "-start_number",
        "1001",
        "{out}/%04d.png",
    ],
    "unsaved": [*SEQUENCE[:-1], "{out}/missing/%04d.png"],
}
JUNK = re.compile(
    r"^  |numa|[Nn]um[Pp]y|Traceback|^(Runtime|Import|Attribute)Error"
    r"|^(If you are|some module|downgrade|We expect|A module)"
    r"|^versions of|Color management|built with|configuration:"
    r"|lib(av|sw|post)|unfreed|Deprecation|Read prefs|ALSA|^AL lib"
)
REPEATED = re.compile(
    r"Fra:.*\| (Updating|Loading|Synchronizing|Initializing|Waiting|Building|Preparing|Reading|Denoising|Applying)"
)
KEPT_OF_REPEATED = 3


def shortened(text: str, directory: str) -> str:
    """A log without what is of this machine, and without most of the lines that tell of one thing again and again."""
    kept, repeated = [], 0
    text = text.replace(directory, "/renders").replace(str(HERE), "/scenes")
    for line in re.split(r"(?<=[\n\r])", text):
        if JUNK.search(line) or (not line.strip() and kept and not kept[-1].strip()):
            continue
        repeated = repeated + 1 if REPEATED.search(line) else 0
        if repeated <= KEPT_OF_REPEATED:
            kept.append(line)
    return "".join(kept)


def run(name: str, scene: str, command: list[str], seconds: float) -> None:
    """Render a scene, and keep its log."""
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory, "log")
        (out := Path(directory, "out")).mkdir()
        with log.open("wb") as file:
            words = [word.replace("{out}", str(out)) for word in command]
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
        subprocess.run(["umount", out], check=False, stderr=subprocess.DEVNULL)
        text = log.read_bytes().decode("utf-8", "replace")
        (HERE / f"{name}-{scene}.txt").write_bytes(shortened(text, str(out)).encode())
        print(name, scene, "exit code", code)


def main() -> None:
    name, *command = sys.argv[1:]
    if name.startswith("blender"):
        for scene in BLENDER:
            run(name, scene, [*command, scene, "{out}"], 120)
    else:
        for scene, arguments in FFMPEG.items():
            run(name, scene, [*command, "-hide_banner", *arguments], 3 if scene == "killed" else 60)


if __name__ == "__main__":
    main()
