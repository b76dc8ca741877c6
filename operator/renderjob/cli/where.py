"""Where a command looks for jobs: the store of this machine, or a cluster."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from renderjob.executors.local import Store

BACKEND = "RENDERJOB_BACKEND"
"""With this variable set to `cluster`, every command speaks of the cluster; with `local`, of this machine."""

PLUGIN = "kubectl renderjob"
"""How the program is called as a plugin of kubectl, where it speaks of the cluster."""

WORLDS = """\
\b
Local, or in a cluster:
  renderjob …            jobs of this machine (`run` is for here, `submit` for a cluster)
  renderjob … --cluster  jobs of the cluster that kubectl speaks to; --context and
                         --kubeconfig, or RENDERJOB_BACKEND=cluster, mean it, too
  kubectl renderjob …    the same, as a plugin of kubectl; --local means this machine
"""


@dataclass(frozen=True)
class Where:
    """Which jobs are meant."""

    cluster: bool = False
    namespace: str | None = None
    """None: of a cluster, the one that the kubeconfig's context names; here, all."""
    everywhere: bool = False
    """All namespaces."""
    directory: Path | None = None
    """Of the store; None: the user's."""
    kubeconfig: str | None = None
    context: str | None = None
    program: str = "renderjob"
    """How this program was called."""

    @property
    def store(self) -> Store:
        """The local store."""
        from renderjob.executors.local import Store

        return Store(self.directory.absolute()) if self.directory is not None else Store.default()


_OPTIONS: dict[str, Any] = {
    "namespace": Annotated[
        str | None,
        typer.Option(
            "--namespace",
            "-n",
            metavar="NAMESPACE",
            help="In a cluster: instead of the kubeconfig's. Here: only jobs of this one.",
        ),
    ],
    "cluster": Annotated[
        bool | None,
        typer.Option("--cluster/--local", help="Jobs of a cluster, or of this machine.", show_default=False),
    ],
    "context": Annotated[
        str | None, typer.Option("--context", metavar="NAME", help="Which cluster of the kubeconfig.")
    ],
    "kubeconfig": Annotated[
        str | None,
        typer.Option("--kubeconfig", metavar="FILE", help="Else $KUBECONFIG, ~/.kube/config, or in-cluster."),
    ],
    "store": Annotated[
        Path | None,
        typer.Option(
            "--store",
            metavar="DIR",
            envvar="RENDERJOB_STORE",
            help="Where local jobs and their logs are kept; else in your directory for state.",
            show_envvar=True,
        ),
    ],
}

_EVERYWHERE: dict[str, Any] = {
    "all_namespaces": Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="Of all namespaces, and show which.")
    ],
}


_CONTEXT = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)


def located(
    *, to_cluster: bool = False, many: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options that say where; it gets what they mean as its parameter `where`.

    Args:
        to_cluster: it speaks of a cluster unless `--local` says otherwise.
        many: it shows many jobs, so there is `--all-namespaces`.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        options = _OPTIONS | (_EVERYWHERE if many else {})

        @functools.wraps(command)
        def located_command(ctx: typer.Context, **given: Any) -> None:
            asked = {name: given.pop(name) for name in options}
            program = ctx.find_root().info_name or "renderjob"
            command(where=_where(program, to_cluster=to_cluster, **asked), **given)

        signature = inspect.signature(command, eval_str=True)
        own = [p for p in signature.parameters.values() if p.name != "where"]
        added = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=annotation,
                default=False if name in _EVERYWHERE else None,
            )
            for name, annotation in options.items()
        ]
        parameters = [_CONTEXT, *own, *added]
        located_command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        located_command.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": None}
        return located_command

    return decorate


def where_of(ctx: typer.Context) -> Where:
    """What a command line that is still being typed means, as far as it goes."""
    given: dict[str, Any] = {name: ctx.params.get(name) for name in _OPTIONS}
    program = ctx.find_root().info_name or "renderjob"
    return _where(program, to_cluster=False, **given)


def _where(
    program: str,
    *,
    to_cluster: bool,
    namespace: str | None,
    cluster: bool | None,
    context: str | None,
    kubeconfig: str | None,
    store: Path | None,
    all_namespaces: bool = False,
) -> Where:
    named = "--context" if context is not None else "--kubeconfig" if kubeconfig is not None else ""
    if named and cluster is False:
        raise typer.BadParameter("is for a cluster, not with --local", param_hint=named)
    if namespace is not None and all_namespaces:
        raise typer.BadParameter("is for all, not with --namespace", param_hint="--all-namespaces")
    if cluster is None:
        cluster = bool(named) or _by_itself(program, to_cluster=to_cluster)
    return Where(cluster, namespace, all_namespaces, store, kubeconfig, context, program)


def _by_itself(program: str, *, to_cluster: bool) -> bool:
    """Whether a command line without a word on it means a cluster."""
    chosen = os.environ.get(BACKEND, "")
    if chosen not in ("", "local", "cluster"):
        raise typer.BadParameter(f"is {chosen!r}; accepted: local, cluster", param_hint=BACKEND)
    return chosen == "cluster" or (not chosen and (to_cluster or program == PLUGIN))
