"""The example's scene: a brass ring, glass and lacquer spheres, a light and a camera that go round them.

Everything that moves is a function of the frame number alone (drivers, not key frames or physics), and the
sampling seed is fixed: a frame has the same pixels whether it is rendered alone or in any range.
"""

import math

import bpy

LOOP = 48  # frames of one turn: frame 49 looks like frame 1
SIZE = (320, 180)  # pixels
SAMPLES = 8

WARM, COOL, ROSE = (1.0, 0.62, 0.28), (0.22, 0.5, 1.0), (1.0, 0.2, 0.42)


def build():
    """Replace whatever is loaded with the example's scene and return it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    _settings(scene)
    _world(scene)
    _floor()
    _ring()
    _spheres(scene)
    _lights(scene)
    _camera(scene)
    return scene


def _settings(scene):
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = SAMPLES
    scene.cycles.use_adaptive_sampling = False
    scene.cycles.use_denoising = True
    scene.cycles.seed = 7
    scene.cycles.max_bounces = 6
    scene.cycles.caustics_reflective = False
    scene.cycles.sample_clamp_indirect = 3
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    scene.render.resolution_percentage = 100
    scene.render.fps = 24
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGB"
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Punchy"
    scene.view_settings.exposure = 0.7
    scene.frame_start, scene.frame_end = 1, LOOP


def _world(scene):
    world = bpy.data.worlds.new("dusk")
    world.use_nodes = True
    background = world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = (0.035, 0.05, 0.11, 1)
    background.inputs["Strength"].default_value = 0.6
    scene.world = world


def _material(name, colour, roughness, *, metallic=0.0, transmission=0.0, coat=0.0):
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    inputs = material.node_tree.nodes["Principled BSDF"].inputs
    inputs["Base Color"].default_value = (*colour, 1)
    inputs["Roughness"].default_value = roughness
    inputs["Metallic"].default_value = metallic
    inputs["Transmission Weight"].default_value = transmission
    inputs["Coat Weight"].default_value = coat
    return material


def _turning(item, turns, axis=2, phase=0.0):
    """Turn ``item`` so many times per loop, from the frame number."""
    driver = item.driver_add("rotation_euler", axis).driver
    driver.type = "SCRIPTED"
    driver.expression = f"{phase:.6f} + (frame - 1) * {turns * math.tau / LOOP:.9f}"


def _pivot(scene, name, turns, phase=0.0):
    pivot = bpy.data.objects.new(name, None)
    scene.collection.objects.link(pivot)
    _turning(pivot, turns, phase=phase)
    return pivot


def _floor():
    bpy.ops.mesh.primitive_circle_add(vertices=96, radius=40, fill_type="NGON", location=(0, 0, -1.0))
    floor = bpy.context.object
    floor.data.materials.append(_material("floor", (0.03, 0.035, 0.05), 0.22))


def _ring():
    bpy.ops.mesh.primitive_torus_add(
        major_radius=1.25, minor_radius=0.16, major_segments=160, minor_segments=48, location=(0, 0, 0.55)
    )
    ring = bpy.context.object
    ring.data.shade_smooth()
    ring.data.materials.append(_material("brass", (0.95, 0.62, 0.25), 0.18, metallic=1.0))
    ring.rotation_euler = (math.radians(62), 0, 0)
    _turning(ring, -1, phase=0.5)


def _sphere(radius, place, material, parent=None):
    # Not a UV sphere: Blender sums the normals round its poles in an order that changes from run to run.
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=5, radius=radius, location=place)
    sphere = bpy.context.object
    sphere.data.shade_smooth()
    sphere.data.materials.append(material)
    sphere.parent = parent
    return sphere


def _spheres(scene):
    _sphere(0.62, (0, 0, 0.55), _material("pearl", (0.9, 0.88, 0.85), 0.3, coat=1.0))
    orbit = _pivot(scene, "orbit", -1)
    lacquer = {"red": (0.7, 0.02, 0.05), "teal": (0.0, 0.32, 0.36), "gold": (0.85, 0.42, 0.04)}
    places = [(0.42, 0.1), (0.34, 2.3), (0.28, 4.0)]
    for (name, colour), (radius, angle) in zip(lacquer.items(), places, strict=True):
        place = (2.25 * math.cos(angle), 2.25 * math.sin(angle), radius - 1.0)
        _sphere(radius, place, _material(name, colour, 0.12, coat=1.0), orbit)
    glass = _material("glass", (0.85, 0.95, 1.0), 0.0, transmission=1.0)
    _sphere(0.36, (2.1 * math.cos(5.3), 2.1 * math.sin(5.3), -0.64), glass, orbit)


def _area(scene, name, *, place, colour, watts, size, parent=None):
    light = bpy.data.lights.new(name, "AREA")
    light.energy, light.color, light.size = watts, colour, size
    lamp = bpy.data.objects.new(name, light)
    lamp.location = place
    lamp.parent = parent
    scene.collection.objects.link(lamp)
    _look_at_centre(lamp)


def _lights(scene):
    sun = _pivot(scene, "sun", 1)
    _area(scene, "key", place=(3.0, -2.6, 4.2), colour=WARM, watts=420, size=1.6, parent=sun)
    _area(scene, "rim", place=(-4.2, 3.2, 2.6), colour=COOL, watts=520, size=2.2)
    _area(scene, "fill", place=(-3.4, -3.8, 1.2), colour=ROSE, watts=130, size=2.0)


def _camera(scene):
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.data.lens = 37
    camera.location = (0, -7.6, 2.2)
    camera.parent = _pivot(scene, "dolly", 1, phase=0.3)
    scene.collection.objects.link(camera)
    _look_at_centre(camera, height=0.15)
    scene.camera = camera


def _look_at_centre(item, height=0.3):
    """Keep ``item`` pointed at the middle of the scene wherever its parent takes it."""
    target = bpy.data.objects.get(f"aim {height}") or bpy.data.objects.new(f"aim {height}", None)
    target.location = (0, 0, height)
    aim = item.constraints.new("TRACK_TO")
    aim.target, aim.track_axis, aim.up_axis = target, "TRACK_NEGATIVE_Z", "UP_Y"
