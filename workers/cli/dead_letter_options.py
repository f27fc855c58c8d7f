"""The options that select dead letters: ids, filters or --all."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from workers.cli.parsing import parse_age
from workers.lanes.clock import local_time_ms
from workers.operations.dead_letters.filter import DeadLetterFilter

_Command = Callable[..., None]
_Ids = Annotated[list[str] | None, typer.Argument(metavar="[LANE/ID]...", help="As listed by `sluice dead list`.")]
_Lane = Annotated[str, typer.Option(help="Only this lane.")]
_Type = Annotated[str, typer.Option("--type", help="Only events of this type.")]
_Why = Annotated[str, typer.Option(help="Only this reason: rejected, exhausted, poison, undecodable …")]
_Error = Annotated[str, typer.Option(help="Only errors that contain this text.")]
_Older = Annotated[str, typer.Option(metavar="AGE", help="Only dead for longer than 90s, 15m, 6h, 2d.")]
_Newer = Annotated[str, typer.Option(metavar="AGE", help="Only dead for less than 90s, 15m, 6h, 2d.")]
_All = Annotated[bool, typer.Option("--all", help="Every dead letter.")]
_HiddenAll = Annotated[bool, typer.Option("--all", hidden=True)]


def dead_letter_filter(
    ids: _Ids = None,
    lane: _Lane = "",
    type_: _Type = "",
    why: _Why = "",
    error: _Error = "",
    older: _Older = "",
    newer: _Newer = "",
    everything: _All = False,
) -> DeadLetterFilter:
    """Return the filter for these options. Raises BadParameter if nothing is selected or an age is invalid."""
    if not (ids or lane or type_ or why or error or older or newer or everything):
        raise typer.BadParameter("name dead letters, or use a filter, or --all")
    selected = DeadLetterFilter(frozenset(ids or ()), lane, type_, why, error)
    return selected.with_ages(parse_age(older), parse_age(newer), local_time_ms())


def with_filter_options(*, required: bool) -> Callable[[_Command], _Command]:
    """Return a decorator that replaces the first parameter of a command, the filter, with the options for it.

    `required`: at least one option must be given. Otherwise none means every dead letter; `--all` is hidden then.
    """
    options = list(inspect.signature(dead_letter_filter).parameters.values())
    if not required:
        options[-1] = options[-1].replace(annotation=_HiddenAll, default=True)

    def decorate(command: _Command) -> _Command:
        @functools.wraps(command)
        def with_options(**values: Any) -> None:
            selected = dead_letter_filter(**{option.name: values.pop(option.name) for option in options})
            command(selected, **values)

        _, *others = inspect.signature(command).parameters.values()
        parameters = [*options, *others]
        with_options.__annotations__ = {each.name: each.annotation for each in parameters}
        with_options.__dict__["__signature__"] = inspect.Signature(parameters)
        return with_options

    return decorate
