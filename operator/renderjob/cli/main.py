"""The program `renderjob`: its commands, one line each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from .commands.approve import approve
from .commands.cancel import cancel
from .commands.convert import convert
from .commands.crd import crd
from .commands.delete import delete
from .commands.get import get
from .commands.list_jobs import list_jobs
from .commands.logs import logs
from .commands.merge import merge
from .commands.operator import operator
from .commands.plan import plan
from .commands.preview import preview
from .commands.rerender import rerender
from .commands.resume import resume
from .commands.retry import retry
from .commands.run import run as run_command
from .commands.show import show
from .commands.submit import submit
from .commands.suspend import suspend
from .commands.top import top
from .commands.validate import validate
from .commands.verify import verify
from .commands.watch import watch
from .errors import EPILOG, handled
from .warnings_log import show_warnings
from .where import PLUGIN, WORLDS


class _Group(TyperGroup):
    """The commands, with our words for errors."""

    def invoke(self, ctx: Any) -> Any:
        with handled():
            return super().invoke(ctx)

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order in which they are registered: as they are needed, not by the alphabet."""
        del ctx
        return list(self.commands)


# Without rich's markup the help needs no rich, which takes longer to import than all else of it.
app = typer.Typer(
    name="renderjob",
    cls=_Group,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"{WORLDS}\n{EPILOG}",
)

app.command("plan")(plan)
app.command("run")(run_command)
app.command("submit")(submit)
app.command("get")(get)
app.command("list")(list_jobs)
app.command("watch")(watch)
app.command("top")(top)
app.command("logs")(logs)
app.command("cancel")(cancel)
app.command("suspend")(suspend)
app.command("resume")(resume)
app.command("retry")(retry)
app.command("rerender")(rerender)
app.command("preview")(preview)
app.command("approve")(approve)
app.command("delete")(delete)
app.command("validate")(validate)
app.command("convert")(convert)
app.command("crd")(crd)
app.command("operator")(operator)
app.command("merge", hidden=True)(merge)
app.command("verify", hidden=True)(verify)
app.command("show", hidden=True)(show)


def _version(wanted: bool) -> None:
    if wanted:
        from renderjob import __version__

        print(f"renderjob {__version__}")
        raise typer.Exit


@app.callback()
def renderjob(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Render videos in chunks: a manifest renders on this machine as it would in a cluster."""
    del version
    show_warnings()


def run() -> None:
    """The entry point, of `renderjob` and of `kubectl renderjob`."""
    plugin = Path(sys.argv[0]).name.startswith("kubectl-")
    app(prog_name=PLUGIN if plugin else "renderjob")
