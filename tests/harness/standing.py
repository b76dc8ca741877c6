"""A control plane that stays, for a developer's kubectl: one for each user of the machine."""

from __future__ import annotations

import shutil
from pathlib import Path

from platformdirs import user_state_path

from .components import Profile
from .control_plane import ControlPlane

CRDS = Path(__file__).parents[2] / "crds"


def place() -> Path:
    """Its directory."""
    return user_state_path("renderjob") / "control-plane"


def up(profile: Profile = "fast", nodes: int = 3) -> ControlPlane:
    """Start it, with nodes and the CRD, unless it runs."""
    if (plane := running()) is not None:
        return plane
    down()
    place().mkdir(parents=True, mode=0o700)
    plane = ControlPlane.start(profile, nodes=nodes, directory=place(), watched=False)
    for file in sorted(CRDS.glob("*.renderjob.dev.yaml")):
        plane.crd(file)
    return plane


def running() -> ControlPlane | None:
    """The one that runs, if one does."""
    try:
        plane = ControlPlane.attach(place())
    except FileNotFoundError:
        return None
    return plane if plane.running else None


def down() -> bool:
    """End it and remove its directory; False when there was none."""
    try:
        ControlPlane.attach(place()).stop()
    except FileNotFoundError:
        shutil.rmtree(place(), ignore_errors=True)
        return False
    return True
