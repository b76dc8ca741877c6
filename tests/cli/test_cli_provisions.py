"""What a cluster would give a pod, on a laptop: given by an option, made, or named in a line before the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

SECRET = {"name": "LICENSE", "valueFrom": {"secretKeyRef": {"name": "licenses", "key": "foundry"}}}
OPTIONAL = {"name": "CFG", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k", "optional": True}}}


def shot(
    farm, *, container: dict[str, Any] | None = None, pod: dict[str, Any] | None = None, script: str = "true"
) -> str:
    """A manifest whose renderer notes its environment in `env` before it renders."""
    file = farm.write(
        command=farm.renderer(before=f"env > env; {script}"),
        frames="1-2",
        chunks={"size": 1},
        retries={"perChunk": 0, "onFailure": "Stop"},
    )
    data = yaml.safe_load(Path(file).read_text())
    spec = data["spec"]["template"]["spec"]
    spec["containers"][0] |= container or {}
    spec |= pod or {}
    Path(file).write_text(yaml.safe_dump(data))
    return file


def environment(farm) -> dict[str, str]:
    lines = (farm.home / "env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def mount(name: str, path: str, **source: Any) -> dict[str, Any]:
    return {
        "container": {"volumeMounts": [{"name": name, "mountPath": path}]},
        "pod": {"volumes": [{"name": name, **source}]},
    }


def test_a_variable_of_a_secret_is_refused_until_it_is_given(farm):
    file = shot(farm, container={"env": [SECRET, OPTIONAL]})
    done = farm("run", file)
    assert done.code == 4
    assert (
        "the variable LICENSE is the key foundry of the Secret licenses: give it with --env LICENSE=VALUE"
        in done.err
    )
    assert "CFG" not in done.err  # it is optional
    assert not farm.begun()
    assert farm.job() == {}  # what is refused is not remembered either

    done = farm("run", file, "--env", "LICENSE=5280@host")
    assert done.code == 0, done.err
    assert environment(farm)["LICENSE"] == "5280@host"
    assert "CFG" not in environment(farm)
    assert "the variable CFG is the key k of the ConfigMap c: it is optional and left out" in done.out


def test_a_file_stands_for_a_secret_and_is_read_again_by_the_next_run(farm):
    (farm.home / "licenses.env").write_text("# ours\nexport foundry='5280@a b'\n")
    file = shot(farm, container={"env": [SECRET]})
    assert farm("run", file, "--env-file", "licenses=licenses.env").code == 0
    assert environment(farm)["LICENSE"] == "5280@a b"

    (farm.home / "licenses.env").write_text("foundry=new\n")
    (farm.home / "out" / "0002.png").unlink()
    done = farm("run", "shot")
    assert done.code == 0, done.err
    assert environment(farm)["LICENSE"] == "new"
    assert "5280@a b" not in str(farm.job())  # the store remembers the file, not what was in it


def test_all_variables_of_a_source_come_from_a_file_with_its_prefix(farm, monkeypatch):
    monkeypatch.setenv("MINE", "from here")
    (farm.home / "ocio.env").write_text("OCIO=/c.ocio\nMINE\n")
    source = {"envFrom": [{"prefix": "P_", "configMapRef": {"name": "ocio"}}, {"secretRef": {"name": "t"}}]}
    file = shot(farm, container=source)
    done = farm("run", file, "--env-file", "ocio=ocio.env")
    assert done.code == 4
    assert "the variables of the Secret t (envFrom): give them with --env-file t=FILE" in done.err
    assert "ocio" not in done.err

    assert (
        farm("run", file, "--env-file", "ocio=ocio.env", "--env-file", "t=ocio.env", "-e", "MINE").code == 0
    )
    found = environment(farm)
    assert (found["P_OCIO"], found["OCIO"], found["P_MINE"], found["MINE"]) == (
        "/c.ocio",
        "/c.ocio",
        "from here",
        "from here",
    )


def test_what_the_manifest_sets_by_value_wins(farm):
    file = shot(farm, container={"env": [{"name": "THREADS", "value": "8"}]})
    assert farm("run", file, "--env", "THREADS=4", "--env", "MORE=1").code == 0
    assert (environment(farm)["THREADS"], environment(farm)["MORE"]) == ("8", "1")


def test_fields_of_the_pod_and_its_resources_are_worked_out(farm):
    def ref(name: str, kind: str, **wanted: str) -> dict[str, Any]:
        return {"name": name, "valueFrom": {kind: wanted}}

    variables = [
        ref("JOB", "fieldRef", fieldPath="metadata.name"),
        ref("NODE", "fieldRef", fieldPath="spec.nodeName"),
        ref("CPUS", "resourceFieldRef", resource="limits.cpu"),
        ref("MEM", "resourceFieldRef", resource="limits.memory", divisor="1Mi"),
        {"name": "ARGS", "value": "--threads $(CPUS)"},
    ]
    limits = {"cpu": "1500m", "memory": "2Gi"}
    file = shot(farm, container={"env": variables, "resources": {"limits": limits}})
    assert farm("run", file).code == 0
    found = environment(farm)
    assert (found["JOB"], found["CPUS"], found["MEM"], found["ARGS"]) == ("shot", "2", "2048", "--threads 2")
    assert found["NODE"]


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ({"secret": {"secretName": "licenses"}}, "the Secret licenses at /nowhere/lic"),
        ({"configMap": {"name": "cfg"}}, "the ConfigMap cfg at /nowhere/lic"),
        ({"projected": {"sources": []}}, "the volume v (projected) at /nowhere/lic"),
    ],
)
def test_files_of_a_secret_are_refused_until_they_are_mapped(farm, source, title):
    file = shot(farm, **mount("v", "/nowhere/lic", **source), script="cat /nowhere/lic/key > key")
    done = farm("run", file)
    assert done.code == 4
    assert f"{title}: --mount /nowhere/lic=DIR says where its files lie here" in done.err

    (farm.home / "lic").mkdir()
    (farm.home / "lic" / "key").write_text("k")
    assert farm("run", file, "--mount", "/nowhere/lic=lic").code == 0
    assert (farm.home / "key").read_text() == "k"


def test_a_volume_that_is_not_here_is_told_and_does_not_stop_the_run(farm):
    done = farm("run", shot(farm, **mount("scenes", "/nowhere/s", persistentVolumeClaim={"claimName": "s"})))
    assert done.code == 0, done.err
    assert (
        "the volume scenes (persistentVolumeClaim) at /nowhere/s: there is no /nowhere/s on this machine"
        in done.out
    )


def test_an_empty_volume_is_a_directory_of_the_attempt_that_goes_with_it(farm):
    script = "[ -e /nowhere/cache/old ] && exit 9; echo x > /nowhere/cache/old; ls -d /nowhere/cache >> dirs"
    file = shot(farm, **mount("cache", "/nowhere/cache", emptyDir={}), script=script)
    done = farm("run", file, "--parallelism", "1")
    assert done.code == 0, done.err + done.out
    directories = set((farm.home / "dirs").read_text().split())
    assert directories
    assert not any(Path(directory).exists() for directory in directories)


def test_containers_that_are_not_run_here_are_named(farm):
    file = shot(farm, pod={"initContainers": [{"name": "fetch", "image": "x"}]})
    data = yaml.safe_load(Path(file).read_text())
    data["spec"]["template"]["spec"]["containers"].append({"name": "agent", "image": "x"})
    Path(file).write_text(yaml.safe_dump(data))
    out = farm("run", file).out
    assert "the init container fetch: is not run here" in out
    assert "the container agent: is not run here" in out


def test_a_mount_that_the_manifest_names_nowhere_is_told(farm):
    (farm.home / "s").mkdir()
    done = farm("run", farm.write(), "--mount", "/scense=s")
    assert done.code == 0
    assert (
        f"--mount /scense={farm.home / 's'} has no effect: the manifest names no /scense; it names out"
        in done.out
    )


def test_a_variable_or_a_file_of_variables_that_gives_nothing_is_told(farm):
    (farm.home / "v.env").write_text("A=1\n")
    reference = {"configMapKeyRef": {"name": "ocio", "key": "A"}}
    file = shot(farm, container={"env": [{"name": "A", "valueFrom": reference}]})
    given = ["--env-file", "ocio=v.env", "--env-file", "oico=v.env", "--env", "NOWHERE_SET"]
    done = farm("run", file, *given)
    assert done.code == 0
    words = "has no effect: no variable of the manifest is taken from a Secret or ConfigMap oico; they are taken from"
    assert f"{words} ocio" in done.out
    assert "--env NOWHERE_SET has no effect: no variable NOWHERE_SET is set here" in done.out
    assert "ocio=" not in done.out


def test_the_source_of_a_mount_is_not_made_and_the_place_for_frames_is(farm):
    file = farm.write(output={"path": "/renders/shot", "file": "####.png"})
    done = farm("run", file, "--mount", "/renders=r", "--mount", "/scenes=s")
    assert done.code == 2
    assert f"--mount /scenes={farm.home / 's'}: there is no {farm.home / 's'}" in done.err
    assert not (farm.home / "s").exists()

    (farm.home / "s").mkdir()
    assert farm("run", file, "--mount", "/renders=r", "--mount", "/scenes=s").code == 0
    assert (farm.home / "r" / "shot" / "0001.png").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--env", "=x"], "'=x' is no variable: write --env NAME=VALUE"),
        (["--env-file", "none.env"], "there is no file none.env: write --env-file FILE"),
        (["--env-file", "s=none.env"], "there is no file none.env"),
    ],
)
def test_options_that_are_wrong_are_told(farm, options, sentence):
    done = farm("run", farm.write(), *options)
    assert done.code == 2
    assert sentence in " ".join(done.err.replace("│", " ").split())
