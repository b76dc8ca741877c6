"""docs/settings.md: what can be set about the operator, and the numbers that it gives."""

from __future__ import annotations

from enum import Enum
from types import SimpleNamespace
from typing import Any, get_args

import typer
from markdown import GENERATED, code, table
from prometheus_client import Counter
from pydantic.fields import FieldInfo

from renderjob.cli.main import app
from renderjob.controller.aside import Pulse
from renderjob.controller.metrics import Metrics
from renderjob.controller.settings import ENV_PREFIX, Settings
from renderjob.manager import Budget

_WORDS = {int: "integer", float: "number", bool: "true or false", str: "text"}


def page() -> str:
    """The whole page."""
    flags = _flags()
    rows = [
        [
            code(f"{ENV_PREFIX}{name.upper()}"),
            flags.get(name, ""),
            _type(field),
            _default(field),
            _meaning(field),
        ]
        for name, field in Settings.model_fields.items()
    ]
    parts = [
        "# The operator's settings",
        "The operator takes environment variables, and for some of them flags, which win. In a cluster the variables "
        "belong into an overlay of the Deployment: [installing](install.md#settings) has an example. None is needed.",
        table(["Variable", "Flag", "Type", "Default", "Meaning"], rows),
        "## Metrics",
        "Every replica answers on `/metrics` at its port for health. Only the one that leads counts anything, so sums "
        "of counters over the replicas are right; what is known, each of them knows. No metric has a RenderJob's name "
        "in it: names have no end.",
        table(["Metric", "Type", "Labels", "Meaning"], _metrics()),
    ]
    return "\n\n".join([GENERATED, *parts]) + "\n"


def _flags() -> dict[str, str]:
    """How a setting is written as a flag of `renderjob operator`."""
    command: Any = typer.main.get_command(app)
    options = command.commands["operator"].params
    return {p.name: code(max((*p.opts, *p.secondary_opts)[: len(p.opts)], key=len)) for p in options}


def _type(field: FieldInfo) -> str:
    kinds = [kind for kind in get_args(field.annotation) or (field.annotation,) if kind is not type(None)]
    if isinstance(kinds[0], type) and issubclass(kinds[0], Enum):
        return ", ".join(code(choice.value) for choice in kinds[0])
    return _WORDS[kinds[0]]


def _default(field: FieldInfo) -> str:
    default = field.default.value if isinstance(field.default, Enum) else field.default
    return code(str(default).lower() if isinstance(default, bool) else default)


def _meaning(field: FieldInfo) -> str:
    assert field.description is not None
    return field.description


def _metrics() -> list[list[str]]:
    """What a process says that knows nothing yet."""

    class Informer:
        def age(self) -> float:
            return 0.0

        def __len__(self) -> int:
            return 0

    limiter = SimpleNamespace(rate=0.0, waiting=0, throttles=0)
    runtime: Any = SimpleNamespace(
        leads=False,
        backlog=0,
        known=set(),
        limiter=limiter,
        informers={"jobs": Informer()},
        pulse=Pulse(),
        budget=Budget(),
    )
    metrics = Metrics(runtime)
    counters = [value for value in vars(metrics).values() if isinstance(value, Counter)]
    labels = {counter._name: counter._labelnames for counter in counters}
    rows = []
    for metric in metrics.registry.collect():
        names = labels.get(metric.name) or sorted(
            {name for sample in metric.samples for name in sample.labels}
        )
        shown = f"{metric.name}_total" if metric.type == "counter" else metric.name
        rows.append([code(shown), metric.type, ", ".join(map(code, names)), metric.documentation])
    return rows
