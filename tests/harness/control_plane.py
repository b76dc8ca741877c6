"""ControlPlane: a real one, as processes on loopback in a temporary directory."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import yaml

from . import components
from .api import Api, ApiError
from .audit import Request, read_audit
from .binaries import find_binaries
from .components import Profile
from .configuration import write_configuration, write_kubeconfig
from .container_logs import LOGS, LOGS_PATH, container_lines, logs_of
from .identity import Identity
from .kubectl import KubectlError, kubectl
from .layout import ADMIN, Layout
from .processes import Processes
from .waiting import Deadline
from .watchdog import NAME as WATCHDOG

TRIES = 3
"""Starts, when a port that was free is not any more."""

Manifest = str | Mapping[str, Any] | Iterable[Mapping[str, Any]]


class ControlPlaneError(Exception):
    """A program does not start; the message holds the end of its log."""


class ControlPlane:
    """A running control plane, known by its directory alone: any process may attach to it and stop it."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.processes = Processes(layout.directory)
        self.api = Api(layout.server, layout.tokens[ADMIN], layout.authority)

    # ---- life ----------------------------------------------------------------

    @classmethod
    def start(
        cls,
        profile: Profile = "fast",
        *,
        nodes: int = 3,
        directory: Path | None = None,
        owner: int | None = None,
        watched: bool = True,
    ) -> Self:
        """Start one and wait until its API server is ready and its nodes are made.

        Args:
            profile: `fast`, or `stock` with the rate limits that a cluster comes with.
            nodes: how many nodes to begin with.
            directory: where; a new temporary directory if None.
            owner: pid of the process whose end, however it comes, is the control plane's; this one if None.
            watched: False leaves it running until `stop`.

        Raises:
            MissingBinariesError: with what to do about it.
            ControlPlaneError: a program does not start.
        """
        binaries = find_binaries()
        own = directory is None
        directory = directory or Path(tempfile.mkdtemp(prefix="renderjob-control-plane-"))
        for attempt in range(1, TRIES + 1):
            one = cls(Layout.new(directory, profile, binaries))
            try:
                if watched:
                    one._watch(owner or os.getpid())
                one._start()
                one.add_nodes(nodes)
                return one
            except BaseException as error:
                one.stop()
                # A port may have been taken since it was found free.
                if not (own and attempt < TRIES and "address already in use" in str(error)):
                    raise
                directory.mkdir(mode=0o700)
        raise AssertionError("unreachable")

    @classmethod
    def attach(cls, directory: Path) -> Self:
        """The one that runs in a directory.

        Raises:
            FileNotFoundError: there is none.
        """
        return cls(Layout.load(directory))

    def stop(self) -> None:
        """End all of its processes and remove its directory."""
        names = self.processes.names()
        self.processes.end(name for name in names if name != WATCHDOG)
        shutil.rmtree(self.layout.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether all of its programs run."""
        names = self.processes.names()
        return bool(names) and all(self.processes.find(name) for name in names)

    def _watch(self, owner: int) -> None:
        told = [str(self.layout.directory), *str(Identity.of(owner)).split()]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        self.processes.start(WATCHDOG, [sys.executable, "-m", f"{__package__}.watchdog", *told], environment)

    def _start(self) -> None:
        write_configuration(self.layout)
        self.layout.save()
        self._run("etcd", components.etcd(self.layout))
        etcd = Api(self.layout.etcd)
        self._until(lambda: etcd("GET", "/health").get("health") == "true", "etcd")
        self.start_apiserver()
        self._run("kube-controller-manager", components.controller_manager(self.layout))
        self._run("kube-scheduler", components.scheduler(self.layout))
        self.api("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", LOGS)
        self._run("kwok", components.kwok(self.layout))

    def _run(self, name: str, command: list[str]) -> None:
        # Nothing of the user's own reaches them: kwok reads a file in HOME, clients read KUBECONFIG.
        home = self.layout.file("home")
        home.mkdir(exist_ok=True)
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(home)}
        self.processes.start(name, command, environment)

    def _until(self, condition: Callable[[], object], name: str) -> None:
        """Wait for a program to answer.

        Raises:
            ControlPlaneError: it ends, or does not answer in time.
        """
        deadline = Deadline()
        while True:
            with contextlib.suppress(OSError, ApiError, KubectlError):
                if condition():
                    return
            late = deadline.over
            if late or self.processes.find(name) is None:
                what = f"did not become ready in {deadline.waited:.0f} s" if late else "ended"
                raise ControlPlaneError(f"{name} {what}:\n{self.processes.last_words(name)}")
            time.sleep(0.03)

    # ---- faults --------------------------------------------------------------

    def stop_apiserver(self) -> None:
        """Kill the API server; all connections to it break."""
        self.processes.end(["kube-apiserver"])

    def start_apiserver(self) -> None:
        """Start the API server, at its old port, and wait until it is ready."""
        self._run("kube-apiserver", components.apiserver(self.layout))
        self._until(self._ready, "kube-apiserver")

    def restart_apiserver(self) -> None:
        """Kill the API server and start it again at the same port."""
        self.stop_apiserver()
        self.start_apiserver()

    def compact(self) -> None:
        """Forget the past: a watch or a page from before now is answered with 410 Gone.

        etcd is compacted, and the API server restarted, since it would serve the past from its cache.
        """
        etcd = Api(self.layout.etcd)
        key = {"key": "MA==", "keys_only": True, "count_only": True}
        revision = etcd("POST", "/v3/kv/range", key)["header"]["revision"]
        self.stop_apiserver()
        etcd("POST", "/v3/kv/compaction", {"revision": revision, "physical": True})
        self.start_apiserver()

    def _ready(self) -> bool:
        self.api("GET", "/readyz")
        return True

    # ---- nodes ---------------------------------------------------------------

    def add_nodes(
        self, count: int, *, cpu: str = "64", memory: str = "256Gi", pods: str = "500", **labels: str
    ) -> list[str]:
        """Make nodes, named node-1, node-2 and so on after those that there are; kwok makes them ready."""
        taken = {node["metadata"]["name"] for node in self.api("GET", "/api/v1/nodes")["items"]}
        free = (name for number in range(1, 100_000) if (name := f"node-{number}") not in taken)
        names = [next(free) for _ in range(count)]
        room = {"cpu": cpu, "memory": memory, "pods": pods}
        for name in names:
            node = {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **labels}},
                "status": {"capacity": room, "allocatable": room},
            }
            self.api("POST", "/api/v1/nodes", node)
        return names

    def delete_node(self, name: str) -> None:
        """Take a node away; the pod garbage collector ends its pods after about a minute."""
        self.api("DELETE", f"/api/v1/nodes/{name}")

    # ---- use -----------------------------------------------------------------

    @property
    def kubeconfig(self) -> Path:
        """Of a user who may do everything."""
        return self.layout.kubeconfig(ADMIN)

    def create_namespace(self, name: str) -> None:
        """Make a namespace and wait for its default service account, without which no pod can be made."""
        self.api("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        self._until(lambda: self.api("GET", account), "kube-controller-manager")

    def kubeconfig_for(self, namespace: str, serviceaccount: str) -> Path:
        """A kubeconfig with a new token of a service account, good for an hour.

        Raises:
            ApiError: there is no such service account.
        """
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{serviceaccount}/token"
        ask = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        token = self.api("POST", path, ask)["status"]["token"]
        file = self.layout.file(f"{namespace}-{serviceaccount}-{uuid.uuid4().hex[:8]}.kubeconfig")
        write_kubeconfig(self.layout, file, serviceaccount, token, namespace)
        return file

    def kubectl(self, *arguments: str, input: str | None = None, kubeconfig: Path | None = None) -> str:  # noqa: A002
        """What kubectl prints, as the admin or with another kubeconfig.

        Raises:
            KubectlError: it fails; the message holds what it said.
        """
        cache = self.layout.file("kubectl-cache")
        program = self.layout.binary("kubectl")
        return kubectl(program, kubeconfig or self.kubeconfig, cache, *arguments, text=input)

    def apply(self, manifest: Manifest, *arguments: str) -> str:
        """`kubectl apply` of a manifest's text, of an object, or of several."""
        if not isinstance(manifest, str):
            documents = [manifest] if isinstance(manifest, Mapping) else list(manifest)
            manifest = "\n---\n".join(json.dumps(document) for document in documents)
        return self.kubectl("apply", "-f", "-", *arguments, input=manifest)

    def get(self, kind: str, name: str = "", namespace: str = "default") -> dict[str, Any]:
        """An object, or a list, as `kubectl get -o json` gives it."""
        found: dict[str, Any] = json.loads(
            self.kubectl("get", kind, *filter(None, [name]), "-n", namespace, "-o", "json")
        )
        return found

    def print_log(self, namespace: str, text: str) -> None:
        """Let every container of a namespace print more lines, for `kubectl logs`.

        A log that is followed goes on after the end of its pod, until the reader hangs up.
        """
        file = self.layout.file(f"{namespace}.container.log")
        if not file.exists():
            file.touch()
            self.api("POST", LOGS_PATH, logs_of(namespace, file))
        with file.open("a") as log:
            log.writelines(container_lines(text))

    def audit(self, user: str | None = None, since: str = "", *, agent: str | None = None) -> list[Request]:
        """The requests that were answered before this call.

        Args:
            user: of this user; a service account is `system:serviceaccount:NAMESPACE:NAME`.
            since: received after this mark, which `audit_mark` gave.
            agent: with this in their User-Agent.
        """
        self._marked()
        return [
            request
            for request in read_audit(self.layout.audit_log)
            if (user is None or request.user == user)
            and request.received > since
            and (agent is None or agent in request.agent)
        ]

    def audit_mark(self) -> str:
        """Now, on the API server's clock, to count from."""
        return self._marked()

    def _marked(self) -> str:
        """Make a request that is known by its query, and wait for its line."""
        mark = f"/version?mark={uuid.uuid4().hex}"
        self.api("GET", mark)
        found: list[str] = []

        def written() -> bool:
            found.extend(r.received for r in read_audit(self.layout.audit_log) if r.uri == mark)
            return bool(found)

        self._until(written, "kube-apiserver")
        return found[0]

    def crd(self, file: Path) -> None:
        """Apply a CustomResourceDefinition and wait until it is served and can be explained."""
        definition = yaml.safe_load(file.read_text())
        self.apply(definition, "--server-side")
        spec, version = definition["spec"], definition["spec"]["versions"][0]["name"]
        served = f"/apis/{spec['group']}/{version}/{spec['names']['plural']}"
        self._until(lambda: self.api("GET", f"{served}?limit=1"), "kube-apiserver")
        # What kubectl learns of it, from discovery and OpenAPI, is there a moment later.
        self._until(lambda: self.kubectl("explain", definition["metadata"]["name"]), "kube-apiserver")
