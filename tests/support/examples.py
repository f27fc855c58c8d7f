"""How many examples a test tries: a fifth in `make test`, all of them in `make long`."""

from hypothesis import settings

#: The Hypothesis profile of `make long`; `make test` uses "short".
LONG = "long"


def register_profiles() -> None:
    """Register both profiles and load the short one; `--hypothesis-profile=long` loads the other."""
    settings.register_profile("short", max_examples=20, deadline=None)
    settings.register_profile(LONG, max_examples=100, deadline=None)
    settings.load_profile("short")


def examples(count: int, *, short: int = 0) -> int:
    """Return `count` in `make long`; in `make test` `short`, by default a fifth of `count`."""
    return count if settings.get_current_profile_name() == LONG else short or max(10, count // 5)
