"""The commands of `sluice`, declared."""

import typer

from workers.cli import dead, pause, purge, replay, send, status, up

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
app.command("status")(status.status)
app.command("replay")(replay.replay)
app.command("pause")(pause.pause)
app.command("purge")(purge.purge)
app.command("resume")(pause.resume)
app.add_typer(dead.app, name="dead")


def main() -> None:
    """The console script."""
    app()
