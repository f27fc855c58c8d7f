"""Declaration of the `sluice` commands."""

from importlib.metadata import version
from typing import Annotated

import typer

from workers.cli import dead_letters, doctor, events, health, pause, purge, replay, send, simulate, status, up

_RUN, _INSPECT, _ACT = "Run", "Inspect", "Act"

app = typer.Typer(
    name="sluice",
    help="Receive WhatsApp webhooks, keep them safe and handle them.",
    epilog="Exit codes: 0 success or healthy, 1 failure or unhealthy, 2 invalid usage, 69 Redis, the database or the "
    "ingress is unavailable, 78 invalid settings, 130 interrupted. `sluice COMMAND --help` shows examples.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up", rich_help_panel=_RUN)(up.up)
app.command("send", rich_help_panel=_RUN)(send.send)
app.command("simulate", rich_help_panel=_RUN)(simulate.simulate)
app.command("status", rich_help_panel=_INSPECT)(status.status)
app.command("doctor", rich_help_panel=_INSPECT)(doctor.doctor)
app.add_typer(health.app, name="health", rich_help_panel=_INSPECT)
app.add_typer(events.app, name="events", rich_help_panel=_INSPECT)
app.add_typer(dead_letters.app, name="dead", rich_help_panel=_ACT)
app.command("replay", rich_help_panel=_ACT)(replay.replay)
app.command("pause", rich_help_panel=_ACT)(pause.pause)
app.command("resume", rich_help_panel=_ACT)(pause.resume)
app.command("purge", rich_help_panel=_ACT)(purge.purge)


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"sluice {version('sluice-webhooks')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Receive WhatsApp webhooks, keep them safe and handle them."""


def main() -> None:
    """Run the command of the command line."""
    app()
