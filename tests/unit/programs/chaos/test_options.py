"""The command line, and the plan that follows from it."""

import pytest

from tests.programs.chaos.faults import FAULTS
from tests.programs.chaos.options import parse, seeded
from tests.programs.chaos.plan import stretches


def test_without_options_every_fault_is_asked_for_on_both_databases() -> None:
    options = parse([], ["a", "b"])
    assert (options.faults, options.databases, options.short) == (("a", "b"), ("postgresql", "sqlite"), False)


@pytest.mark.parametrize("arguments", [["--faults", "kil-redis"], ["--rounds", "-1"], ["--rate", "0"], ["--fast"]])
def test_what_is_misspelt_ends_it(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        parse(arguments, list(FAULTS))


def test_a_seed_is_drawn_where_none_is_given() -> None:
    assert len({parse([], []).seed for _ in range(5)}) > 1


def test_the_same_seed_and_purpose_draw_the_same() -> None:
    assert seeded(7, "sqlite", 1).random() == seeded(7, "sqlite", 1).random()
    assert seeded(7, "sqlite", 1).random() != seeded(7, "sqlite", 2).random()
    assert seeded(7, "sqlite", 1).random() != seeded(8, "sqlite", 1).random()


def test_a_full_run_has_a_stretch_for_each_kind_and_at_least_200_faults() -> None:
    options = parse(["--seed", "1"], list(FAULTS))
    planned = [stretch for database in options.databases for stretch in stretches(options, database)]
    assert len(planned) == 2 * len(FAULTS)
    assert sum(fault.rounds for stretch in planned for fault in stretch) >= 200


def test_a_short_run_has_each_kind_once() -> None:
    options = parse(["--short"], list(FAULTS))
    planned = [fault.name for database in options.databases for one in stretches(options, database) for fault in one]
    assert sorted(planned) == sorted(FAULTS)


def test_what_must_stand_alone_shares_no_stretch() -> None:
    options = parse(["--short"], list(FAULTS))
    for database in options.databases:
        for one in stretches(options, database):
            assert len(one) == 1 or not any(fault.alone for fault in one)
