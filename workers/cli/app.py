"""The commands of `sluice`, declared."""

import typer

from workers.cli import dead, doctor, events, health, pause, purge, replay, send, simulate, status, up

app = typer.Typer(
    name="sluice",
    help="WhatsApp webhooks, taken in, kept safe and handled.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up.up)
app.command("send")(send.send)
app.command("simulate")(simulate.simulate)
app.command("status")(status.status)
app.command("doctor")(doctor.doctor)
app.command("replay")(replay.replay)
app.command("pause")(pause.pause)
app.command("purge")(purge.purge)
app.command("resume")(pause.resume)
app.add_typer(dead.app, name="dead")
app.add_typer(events.app, name="events")
app.add_typer(health.app, name="health")


def main() -> None:
    """The console script."""
    app()
