"""The commands of `sluice`, declared."""

import typer

from workers.cli import dead_letters, doctor, events, health, pause, purge, replay, send, simulate, status, up

_RUN, _LOOK, _ACT = "Run it", "See how it does", "Do something about it"

app = typer.Typer(
    name="sluice",
    help="WhatsApp webhooks, taken in, kept safe and handled.",
    epilog="Exit codes: 0 done or well, 1 not done or not well, 2 wrong usage, 69 Redis, the database or the ingress "
    "cannot be reached, 78 wrong settings, 130 interrupted. `sluice COMMAND --help` gives examples.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up", rich_help_panel=_RUN)(up.up)
app.command("send", rich_help_panel=_RUN)(send.send)
app.command("simulate", rich_help_panel=_RUN)(simulate.simulate)
app.command("status", rich_help_panel=_LOOK)(status.status)
app.command("doctor", rich_help_panel=_LOOK)(doctor.doctor)
app.add_typer(health.app, name="health", rich_help_panel=_LOOK)
app.add_typer(events.app, name="events", rich_help_panel=_LOOK)
app.add_typer(dead_letters.app, name="dead", rich_help_panel=_ACT)
app.command("replay", rich_help_panel=_ACT)(replay.replay)
app.command("pause", rich_help_panel=_ACT)(pause.pause)
app.command("resume", rich_help_panel=_ACT)(pause.resume)
app.command("purge", rich_help_panel=_ACT)(purge.purge)


def main() -> None:
    """The console script."""
    app()
