"""`renderjob operator`: work in a cluster."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def operator(
    *,
    kubeconfig: Annotated[
        str | None, typer.Option(metavar="FILE", help="Else $KUBECONFIG, ~/.kube/config, or in-cluster.")
    ] = None,
    context: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which cluster of the kubeconfig.")
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace", "-n", metavar="NAMESPACE", help="Work only in this namespace; else in all."
        ),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(metavar="IMAGE", help="The image of merges and verifications; else this pod's own."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="How many RenderJobs are looked at side by side.")
    ] = None,
    writes_per_second: Annotated[
        float | None, typer.Option(metavar="N", help="Writes to the API server, at most.")
    ] = None,
    leader_elect: Annotated[
        bool | None,
        typer.Option(
            "--leader-elect/--no-leader-elect",
            help="Of several operators only one works, the others stand by.",
        ),
    ] = None,
    health_port: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="The port of /healthz, /readyz and /metrics; 0 takes a free one."),
    ] = None,
    log_format: Annotated[str | None, typer.Option(metavar="json|text", help="How log lines look.")] = None,
    log_level: Annotated[str | None, typer.Option(metavar="LEVEL", help="DEBUG, INFO, WARNING …")] = None,
) -> None:
    """Watch the RenderJobs of a cluster and render them.

    Every flag may be a variable instead: RENDERJOB_WORKERS=8.
    """
    import asyncio

    from pydantic import ValidationError

    from renderjob.cli.errors import CliError, ExitCode
    from renderjob.controller import BrokenOffError, LeadershipLostError, Settings, run_operator
    from renderjob.kube import KubeError

    given: dict[str, Any] = {
        "kubeconfig": kubeconfig,
        "context": context,
        "namespace": namespace,
        "image": image,
        "workers": workers,
        "writes_per_second": writes_per_second,
        "leader_elect": leader_elect,
        "health_port": health_port,
        "log_format": log_format,
        "log_level": log_level,
    }
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg']}, found {e['input']!r}" for e in error.errors()
        )
        raise CliError(f"the operator's settings: {wrong}", ExitCode.INVALID) from None
    try:
        asyncio.run(run_operator(settings))
    except KubeError as error:
        raise CliError(str(error)) from None
    except BrokenOffError as error:
        raise CliError(
            f"the watch of RenderJobs broke off: this process ends, to begin anew: {error}"
        ) from None
    except BaseExceptionGroup as group:
        _, rest = group.split(LeadershipLostError)
        if rest is not None:
            raise
        raise CliError("another process may lead now: this one ends, to begin anew as a standby") from None
