"""Packages in the user's folder that have the name of one of Sluice's: ingress, shared or workers.

Sluice's processes need the names for themselves, so the user's package cannot be imported in them.
"""

from pathlib import Path

#: The folder that holds Sluice's packages: a checkout or site-packages.
PACKAGE_ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("ingress", "shared", "workers")
#: What to do about a hidden package.
ADVICE = "rename yours, so that handlers can import it"


def hidden_packages(folder: Path) -> tuple[str, ...]:
    """Return the names of Sluice's packages that `folder` also uses for a package or a module of its own."""
    return tuple(name for name in PACKAGES if _has_module(folder, name))


def describe_hidden(names: tuple[str, ...]) -> str:
    """Return one line for people about packages of the current folder."""
    return f"Sluice's own package hides that of this folder: {', '.join(names)}"


def _has_module(folder: Path, name: str) -> bool:
    package = folder / name
    if package.resolve() == PACKAGE_ROOT / name:  # a checkout of Sluice
        return False
    return (folder / f"{name}.py").is_file() or any(package.glob("*.py"))
