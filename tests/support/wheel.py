"""Building the wheel, and an environment with nothing but it and its dependencies."""

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterable
from pathlib import Path

from tests.support.programs import ROOT

SOURCES = ("pyproject.toml", "README.md", "LICENSE", "ingress", "shared", "workers")


def build_wheel(folder: Path, sources: Iterable[str] = SOURCES) -> Path:
    """Build the wheel from a copy of the sources, with the setuptools of this environment; return its path."""
    source = folder / "source"
    source.mkdir()
    for name in sources:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).is_file():
            shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    [wheel] = folder.glob("*.whl")
    return wheel


def install_wheel(wheel: Path, folder: Path) -> Path:
    """Create a virtual environment with the wheel; return the folder of its programs.

    The dependencies are this environment's, on the path behind the wheel: nothing is downloaded. Its editable
    installation of Sluice does not count there, since .pth files are read in the environment's own folder only.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    programs = folder / "bin"
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    for name, entry_point in (("sluice", "workers.cli"), ("celery", "celery.__main__")):
        script = programs / name
        script.write_text(f"#!{programs / 'python'}\nimport sys\nfrom {entry_point} import main\nsys.exit(main())\n")
        script.chmod(0o755)
    return programs
