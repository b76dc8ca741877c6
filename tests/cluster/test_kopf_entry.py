"""The operator started by kopf's own command renders as well."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from harness import ControlPlane
from harness.waiting import patient, until
from support.jobs import manifest

OPERATOR = Path(__file__).parents[2] / "operator"


def test_kopf_run_renders_and_ends_on_a_signal(control_plane: ControlPlane, namespace: str, tmp_path: Path):
    log = (tmp_path / "kopf.log").open("wb")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "KUBECONFIG": str(control_plane.kubeconfig),
        "PYTHONPATH": str(OPERATOR),
        "RENDERJOB_NAMESPACE": namespace,
        "RENDERJOB_LEADER_ELECT": "false",
        "RENDERJOB_HEALTH_PORT": "0",
    }
    command = [sys.executable, "-m", "kopf", "run", "--standalone", "--namespace", namespace]
    kopf = subprocess.Popen(
        [*command, "-m", "renderjob.controller.kopf_entry"], env=environment, stdout=log, stderr=log
    )
    try:
        job = manifest("shot", frames="1-6", chunks={"size": 2}, parallelism=3)
        job["spec"]["template"]["spec"]["containers"][0]["image"] = "none"
        control_plane.apply(job | {"metadata": {"name": "shot", "namespace": namespace}})

        def state() -> str:
            assert kopf.poll() is None, (tmp_path / "kopf.log").read_text()[-2000:]
            found = control_plane.get("renderjobs", "shot", namespace)
            return str(found.get("status", {}).get("state", ""))

        until(lambda: state() == "Completed", "for the job to be complete")
        kopf.send_signal(signal.SIGTERM)
        assert kopf.wait(patient()) == 0
    finally:
        kopf.kill()
        kopf.wait()
        log.close()
