"""What a cluster answers instead of what was asked, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from renderjob.cli.errors import CliError, ExitCode
from renderjob.kube import ApiError, KubeError, NoClusterError, UnreachableError
from renderjob.manager import RepositoryError

_INSTALL = "install it with: kubectl apply -k manifests, or: renderjob crd | kubectl apply --server-side -f -"


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what the API server, or the way to it, says into an error for a user."""
    try:
        yield
    except KubeError as error:
        raise cli_error(error) from error
    except RepositoryError as error:
        if isinstance(error.__cause__, KubeError):
            raise cli_error(error.__cause__) from error
        raise


def cli_error(error: KubeError, about: str = "") -> CliError:
    """The error in words; `about` is what was refused, such as `film/shot`."""
    match error:
        case NoClusterError():
            return CliError(f"no cluster: {error}; to render on this machine: renderjob run FILE")
        case UnreachableError():
            return CliError(f"the cluster can't be reached: {error}")
        case ApiError() if error.not_found and not error.details.get("kind"):
            return CliError(f"the RenderJob resource is not in this cluster: {_INSTALL}")
        case ApiError(status=401):
            return CliError(f"the cluster does not know you: {error.message}")
        case ApiError(status=400 | 422):
            return CliError(_refusal(error, about), ExitCode.INVALID)
        case ApiError():
            return CliError(error.message)
        case _:
            return CliError(str(error))


def _refusal(error: ApiError, about: str) -> str:
    """The server's own words, a line for each field."""
    causes = [cause for cause in error.details.get("causes") or () if cause.get("field")]
    if not causes:
        return f"{about}: {error.message}" if about else error.message
    lines = dict.fromkeys(f"{cause['field']}: {cause.get('message', '')}" for cause in causes)
    head = f"{about} is refused by the API server" if about else "refused by the API server"
    return "\n".join([f"{head}:", *(f"  {line}" for line in lines)])
