"""The table of settings, from the fields of `shared.settings.Settings`."""

from pydantic.fields import FieldInfo

from shared.settings import Settings

_HEAD = "| setting | default | meaning |\n| --- | --- | --- |\n"


def table() -> str:
    """Return one row for each setting, in the order of their declaration."""
    return _HEAD + "\n".join(_row(name, field) for name, field in Settings.model_fields.items())


def _row(name: str, field: FieldInfo) -> str:
    default = "" if field.default in (None, ()) else f"`{field.default}`"
    meaning = " ".join(filter(None, [field.description, _bounds(field), _secret(field)])).replace("|", "\\|")
    return f"| `SLUICE_{name.upper()}` | {default} | {meaning} |".replace("|  |", "| |")


def _bounds(field: FieldInfo) -> str:
    low, high = _bound(field, "ge"), _bound(field, "le")
    if low is None or low <= 1:
        return ""
    return f"At least {low:,}." if high is None else f"From {low:,} to {high:,}."


def _bound(field: FieldInfo, name: str) -> int | None:
    return next((getattr(item, name) for item in field.metadata if hasattr(item, name)), None)


def _secret(field: FieldInfo) -> str:
    return "*Secret.*" if "SecretStr" in str(field.annotation) else ""
