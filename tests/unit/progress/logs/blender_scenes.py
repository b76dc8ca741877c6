"""Renders a tiny scene with the bpy of this Python, or in a Blender: the last two arguments are SCENE and DIRECTORY."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import bpy

scene_name, directory = sys.argv[-2:]
scene = bpy.context.scene
render = scene.render
render.engine = "CYCLES"
scene.cycles.samples = 2
if hasattr(scene.cycles, "use_denoising"):
    scene.cycles.use_denoising = False
render.resolution_x, render.resolution_y, render.resolution_percentage = 64, 36, 100
scene.frame_start, scene.frame_end = 1, 3
NEW = bpy.app.version >= (5, 0)


def still(kind, **more):
    if NEW:
        render.image_settings.media_type = "MULTI_LAYER_IMAGE" if "MULTI" in kind else "IMAGE"
    render.image_settings.file_format = kind
    for name, value in more.items():
        setattr(render.image_settings, name, value)
    render.filepath = f"{directory}/"


def movie():
    if NEW:
        render.image_settings.media_type = "VIDEO"
    else:
        render.image_settings.file_format = "FFMPEG"
    render.ffmpeg.format = "MPEG4"
    render.ffmpeg.codec = "H264"
    render.filepath = f"{directory}/film.mp4"


def stereo():
    still("PNG")
    render.use_multiview = True
    render.image_settings.views_format = "INDIVIDUAL"


def node():
    still("PNG")
    if NEW:
        tree = bpy.data.node_groups.new("c", "CompositorNodeTree")
        scene.compositing_node_group = tree
    else:
        scene.use_nodes = True
        tree = scene.node_tree
    layers = next((n for n in tree.nodes if n.type == "R_LAYERS"), None) or tree.nodes.new(
        "CompositorNodeRLayers"
    )
    out = tree.nodes.new("CompositorNodeOutputFile")
    if NEW:
        out.directory = f"{directory}/depth"
        out.file_name = "d_"
        out.format.media_type = "IMAGE"
        out.format.file_format = "PNG"
        out.file_output_items.new("RGBA", "Image")
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        group = tree.nodes.new("NodeGroupOutput")
        tree.links.new(layers.outputs[0], group.inputs[0])
    else:
        out.base_path = f"{directory}/depth"
        out.format.file_format = "PNG"
        out.file_slots[0].path = "d_"
    tree.links.new(layers.outputs["Image"], out.inputs[0])


def layers():
    still("PNG")
    scene.view_layers.new("Second")


def tiles():
    still("PNG")
    scene.frame_end = 1
    render.resolution_x, render.resolution_y = 192, 128
    if hasattr(scene.cycles, "tile_size"):
        scene.cycles.use_auto_tile, scene.cycles.tile_size = True, 64
    else:
        render.tile_x = render.tile_y = 64


def one_still():
    still("PNG")
    scene.frame_set(2)
    render.filepath = f"{directory}/still.png"


def crash():
    os.kill(os.getpid(), signal.SIGSEGV)


def killed():
    still("PNG")
    scene.frame_end = 9
    bpy.app.handlers.render_pre.append(lambda *_: crash() if scene.frame_current == 3 else None)


def killed_between():
    """Dies after the File Output node of frame 3 has saved, while it saves the frame itself."""
    node()
    os.mkfifo(f"{directory}/0003.png")  # writing to it waits for a reader
    depth = f"ls {directory}/depth 2>/dev/null | grep -q 0003"
    wait = f"until {depth}; do sleep 0.1; done; sleep 1; kill -SEGV {os.getpid()}"
    subprocess.Popen(["sh", "-c", wait])


def unsaved():
    still("PNG")

    def block(*_):
        if scene.frame_current == 2:
            Path(directory, "0002.png").mkdir(exist_ok=True)

    bpy.app.handlers.render_pre.append(block)


def full():
    """The directory is a file system of 8 KiB."""
    still("OPEN_EXR")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "none", directory], check=True)


def existing():
    still("PNG")
    render.use_overwrite = False
    Path(directory, "0002.png").write_bytes(b"there")


SCENES = {
    "images": lambda: still("PNG"),
    "exr": lambda: still("OPEN_EXR"),
    "movie": movie,
    "stereo": stereo,
    "layers": layers,
    "node": node,
    "tiles": tiles,
    "still": one_still,
    "existing": existing,
    "killed": killed,
    "killed-between": killed_between,
    "unsaved": unsaved,
    "full": full,
}
SCENES[scene_name]()
if scene_name == "still":
    bpy.ops.render.render(write_still=True)
else:
    bpy.ops.render.render(animation=True)
