"""What Argo CD is told of RenderJobs: its Lua, run as Argo CD runs it, on every state that a job can be in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lupa.lua51
import pytest
import yaml

from renderjob.api import State
from renderjob.core.conditions import conditions
from renderjob.core.outcome import Outcome

Object = dict[str, Any]

ROOT = Path(__file__).parents[3]
DATA = yaml.safe_load((ROOT / "manifests/components/argocd/argocd-cm.yaml").read_text())["data"]
HEALTH = DATA["resource.customizations.health.renderjob.dev_RenderJob"]
ACTIONS = yaml.safe_load(DATA["resource.customizations.actions.renderjob.dev_RenderJob"])


def lua(script: str, thing: Object) -> Any:
    """What a script returns that gets a resource as `obj`; in Lua 5.1, without a library that Argo CD lacks."""
    runtime = lupa.lua51.LuaRuntime(register_eval=False, register_builtins=False)
    for name in ("os", "io", "package", "debug"):
        runtime.globals()[name] = None
    runtime.globals()["obj"] = runtime.table_from(thing, recursive=True)
    return plain(runtime.execute(script))


def plain(value: Any) -> Any:
    """A table as a dict."""
    return {k: plain(v) for k, v in value.items()} if lupa.lua51.lua_type(value) == "table" else value


def job(status: Object | None = None, **spec: Any) -> Object:
    """A RenderJob in its second generation."""
    thing: Object = {"metadata": {"name": "shot", "generation": 2}, "spec": {"frames": "1-4", **spec}}
    return thing if status is None else {**thing, "status": status}


def seen(state: State, *, stalled: bool = False, generation: int = 2, **fields: Any) -> Object:
    """The status of a job in this state."""
    outcome = Outcome(state, "Why", "in a sentence", stalled=stalled)
    row = conditions((), outcome, generation, datetime.now(UTC))
    return {
        "observedGeneration": generation,
        "state": state.value,
        "progress": 41,
        "frames": {"completed": "1-2", "failed": ""},
        "conditions": [condition.to_wire() for condition in row],
        **fields,
    }


@pytest.mark.parametrize(
    ("status", "health"),
    [
        (None, "Progressing"),
        ({"observedGeneration": -1}, "Progressing"),
        (seen(State.COMPLETED, generation=1), "Progressing"),
        (seen(State.PENDING), "Progressing"),
        (seen(State.PENDING, stalled=True), "Degraded"),
        (seen(State.RUNNING), "Progressing"),
        (seen(State.RUNNING, stalled=True), "Degraded"),
        (seen(State.MERGING), "Progressing"),
        (seen(State.SUSPENDED), "Suspended"),
        (seen(State.COMPLETED), "Healthy"),
        (seen(State.FAILED), "Degraded"),
        (seen(State.CANCELLED), "Degraded"),
    ],
)
def test_health(status: Object | None, health: str):
    assert lua(HEALTH, job(status))["status"] == health


def test_health_says_why_and_how_far_it_is():
    assert lua(HEALTH, job(seen(State.RUNNING)))["message"] == "41 %, in a sentence"
    assert lua(HEALTH, job(seen(State.FAILED)))["message"] == "Why: in a sentence"


def can(thing: Object) -> set[str]:
    """The actions that Argo CD offers."""
    offered: Mapping[str, Object] = lua(ACTIONS["discovery.lua"], thing)
    assert offered.keys() == {action["name"] for action in ACTIONS["definitions"]}
    assert {type(action["disabled"]) for action in offered.values()} == {bool}
    return {name for name, action in offered.items() if not action["disabled"]}


def test_actions_are_offered_where_they_do_something():
    assert can(job()) == {"suspend", "cancel"}
    assert can(job(seen(State.RUNNING))) == {"suspend", "cancel"}
    assert can(job(seen(State.RUNNING, frames={"failed": "3"}))) == {"suspend", "cancel", "retry"}
    assert can(job(seen(State.SUSPENDED), suspend=True)) == {"resume", "cancel"}
    assert can(job(seen(State.CANCELLED), cancel=True)) == {"resume"}
    assert can(job(seen(State.FAILED))) == {"retry"}
    assert can(job(seen(State.COMPLETED))) == set()
    waits = {"frames": "Ends", "approval": "Required"}
    assert can(job(seen(State.SUSPENDED), preview=waits)) == {"suspend", "cancel", "approve"}
    assert "approve" not in can(job(seen(State.RUNNING), preview={**waits, "approved": True}))


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("suspend", {}, {"suspend": True}),
        ("resume", {"cancel": True}, {"suspend": False, "cancel": False}),
        ("cancel", {}, {"cancel": True}),
        ("retry", {"suspend": True}, {"retry": 1, "suspend": False, "cancel": False}),
        ("retry", {"retry": 3}, {"retry": 4, "suspend": False, "cancel": False}),
        ("approve", {"preview": {"frames": "Ends"}}, {"preview": {"frames": "Ends", "approved": True}}),
    ],
)
def test_an_action_sets_its_fields_and_no_other(name: str, before: Object, after: Object):
    script = next(a["action.lua"] for a in ACTIONS["definitions"] if a["name"] == name)
    assert lua(script, job(**before))["spec"] == {"frames": "1-4", **after}
