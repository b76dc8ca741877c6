"""The volume `renders` of a namespace, and a pod that looks into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from .cluster import IMAGE, PATIENCE, Place, raw_kubectl

ROOT = Path(__file__).parents[2]

POD = "volume"

# Where a volume is a directory of the node, fsGroup does nothing for it: root opens it, once.
_SCRIPT = "import os, time; os.chmod('/renders', 0o2777); open('/tmp/open', 'w'); time.sleep(1e6)"


def create_volume(place: Place) -> None:
    """Claim what the examples claim, and have a pod keep it open."""
    place.apply(yaml.safe_load((ROOT / "examples" / "volume.yaml").read_text()), _pod())
    place.kubectl("wait", f"pod/{POD}", "--for=condition=Ready", f"--timeout={PATIENCE:.0f}s")


def _pod() -> dict[str, Any]:
    container = {
        "name": POD,
        "image": IMAGE,
        "command": ["python", "-c", _SCRIPT],
        "securityContext": {"runAsUser": 0},
        "readinessProbe": {
            "exec": {"command": ["python", "-c", "open('/tmp/open')"]},
            "periodSeconds": 1,
            "timeoutSeconds": 5,
        },
        "volumeMounts": [{"name": "renders", "mountPath": "/renders"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": POD},
        "spec": {
            "containers": [container],
            "terminationGracePeriodSeconds": 0,
            "volumes": [{"name": "renders", "persistentVolumeClaim": {"claimName": "renders"}}],
        },
    }


def run(place: Place, *command: str) -> str:
    """Run a command beside the volume; what it prints."""
    return place.kubectl("exec", POD, "--", *command)


def fetch(place: Place, path: str, target: Path) -> Path:
    """Copy a file of the volume to this machine."""
    script = f"import shutil, sys; shutil.copyfileobj(open({path!r}, 'rb'), sys.stdout.buffer)"
    target.write_bytes(raw_kubectl("--namespace", place.namespace, "exec", POD, "--", "python", "-c", script))
    return target


def digests(place: Place, directory: str, suffix: str = "") -> dict[str, str]:
    """The SHA-256 of each file of a directory, by name."""
    script = (
        "import hashlib, json, pathlib; print(json.dumps({f.name: hashlib.sha256(f.read_bytes()).hexdigest() "
        f"for f in sorted(pathlib.Path({directory!r}).glob('*{suffix}'))}}))"
    )
    found: dict[str, str] = json.loads(run(place, "python", "-c", script))
    return found
