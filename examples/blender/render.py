"""Render a range of the example's frames with the ``bpy`` wheel, as ``blender -b -s … -e … -j … -a`` would.

    python render.py --start 1 --end 6 --step 1 --output /renders/blender/####

Blender's own log lines go to standard output, where RenderJob reads the progress. Every frame of the range
is rendered, also those whose files are there already: what is still missing is RenderJob's to know.
"""

import argparse
import sys
from pathlib import Path

import bpy
import scene as example  # beside this file, where Python looks first


def main() -> int:
    """Return 0 when every frame is written, 1 when Blender gave up."""
    parser = argparse.ArgumentParser(description="Render frames of the example scene.")
    parser.add_argument("--start", type=int, required=True, help="first frame")
    parser.add_argument("--end", type=int, required=True, help="last frame, rendered too")
    parser.add_argument("--step", type=int, default=1, help="every nth frame (default 1)")
    parser.add_argument("--output", required=True, help="path of the frames, #### stands for the number")
    asked = parser.parse_args()
    if asked.step < 1 or asked.end < asked.start:
        parser.error("--end must not lie before --start, and --step must be 1 or more")

    scene = example.build()
    scene.frame_start, scene.frame_end, scene.frame_step = asked.start, asked.end, asked.step
    scene.render.filepath = str(Path(asked.output).absolute())
    scene.render.use_overwrite, scene.render.use_placeholder = True, False
    try:
        result = bpy.ops.render.render(animation=True)
    except RuntimeError as error:  # how bpy tells of a file that cannot be written
        print(error, file=sys.stderr)
        return 1
    return 0 if result == {"FINISHED"} else 1


if __name__ == "__main__":
    sys.exit(main())
