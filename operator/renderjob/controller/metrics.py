"""Numbers about the operator, for Prometheus; never by RenderJob, whose names have no end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from renderjob.kube import Informer, WriteLimiter
from renderjob.manager import Budget

from .aside import Pulse


class Running(Protocol):
    """What is read off the operator while it runs."""

    pulse: Pulse
    budget: Budget
    limiter: WriteLimiter
    informers: Mapping[str, Informer[Any]]

    @property
    def leads(self) -> bool:
        """Whether this process decides."""

    @property
    def backlog(self) -> int:
        """RenderJobs that wait to be reconciled."""

    @property
    def known(self) -> Sized:
        """The ids of the RenderJobs that are known."""


class Metrics:
    """Counters that are written where something happens, and readings that are taken when somebody asks."""

    def __init__(self, runtime: Running) -> None:
        self.registry = CollectorRegistry()
        self.decisions = Counter(
            "renderjob_decisions", "Decisions made.", ["outcome"], registry=self.registry
        )
        self.events = Counter(
            "renderjob_events", "What decisions told of.", ["reason"], registry=self.registry
        )
        self.failures = Counter(
            "renderjob_failed_attempts", "Attempts that failed.", ["failure_class"], registry=self.registry
        )
        self.looks = Histogram(
            "renderjob_look_seconds",
            "What a look at a RenderJob takes of computing.",
            buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 30.0),
            registry=self.registry,
        )
        self.registry.register(_Readings(runtime))


class _Readings(Collector):
    """What can be read off at any time."""

    def __init__(self, runtime: Running) -> None:
        self._runtime = runtime

    def collect(self) -> Iterable[Metric]:
        """The numbers as they are now."""
        runtime = self._runtime
        yield GaugeMetricFamily("renderjob_leader", "1 while this process leads.", value=float(runtime.leads))
        yield GaugeMetricFamily(
            "renderjob_still_seconds", "Since the event loop last turned.", value=runtime.pulse.age()
        )
        yield GaugeMetricFamily(
            "renderjob_queue_depth", "RenderJobs that wait for a look.", value=runtime.backlog
        )
        yield GaugeMetricFamily("renderjob_jobs", "RenderJobs that are known.", value=len(runtime.known))
        yield GaugeMetricFamily(
            "renderjob_slowed_jobs",
            "RenderJobs that are looked at less often for what a look takes.",
            value=runtime.budget.slowed_jobs,
        )
        limiter = runtime.limiter
        yield GaugeMetricFamily(
            "renderjob_write_rate", "Writes a second that are allowed now.", value=limiter.rate
        )
        yield GaugeMetricFamily(
            "renderjob_writes_waiting", "Writes that wait for their turn.", value=limiter.waiting
        )
        yield CounterMetricFamily(
            "renderjob_throttles", "How often the API server had too much to do.", value=limiter.throttles
        )
        ages = GaugeMetricFamily(
            "renderjob_informer_age_seconds", "Since the API server was last heard.", labels=["resource"]
        )
        children = GaugeMetricFamily("renderjob_children", "Children that are known.", labels=["resource"])
        for name, informer in runtime.informers.items():
            ages.add_metric([name], informer.age())
            children.add_metric([name], len(informer))
        yield ages
        yield children
