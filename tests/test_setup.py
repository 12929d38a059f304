"""The set-up script with the pip that Python brings along, which may be older than the locks.

Python 3.11.7 brings pip 23.2.1. Under ``--require-hashes`` it stops at an extra in a lock
(``coverage[toml]``) as soon as there is a newer release of what the extra belongs to: what could be
installed yesterday cannot be today. It may therefore be asked for one thing only, the pinned pip.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-run.lock", "tools/pip.lock")
PINNED = re.compile(
    r"[A-Za-z0-9._-]+(\[[a-z,_-]+\])?==[^\s;]+( ; [^\\]+?)?(\s+--hash=sha256:[0-9a-f]{64})+"
)
COMMANDS = ("cat", "cksum", "dirname", "env", "rm", "sh")
"""All that the script needs of a machine without uv and dpkg; it finds nothing else."""

RECORDER = """import os, sys
with open(os.environ["RECORD"], "a") as record:
    print(*sys.argv[1:], file=record)
"""


def requirements(lock: str) -> list[str]:
    """The requirements of a lock, each with its hashes on one line."""
    text = (ROOT / lock).read_text("utf-8").replace("\\\n", " ")
    lines = (line.split(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("lock", LOCKS)
def test_no_line_of_a_lock_hangs_on_the_newest_release(lock: str) -> None:
    lines = requirements(lock)
    assert lines
    assert [line for line in lines if not PINNED.fullmatch(line)] == []


def test_what_brings_the_other_locks_is_one_pip_without_extras() -> None:
    [line] = requirements("tools/pip.lock")
    assert line.startswith("pip==")


@dataclass
class Machine:
    """A checkout on a machine with Python alone, and a pip in its package folder that only writes
    down what it is asked for."""

    folder: Path
    wheel: Path
    version: str

    @property
    def record(self) -> list[str]:
        """What the pinned pip was asked for."""
        path = self.folder / "record"
        return path.read_text().splitlines() if path.exists() else []

    def lock_pip(self, requirement: str) -> None:
        """Write the lock of pip itself."""
        (self.folder / "tools" / "pip.lock").write_text(requirement + "\n")

    def hashed(self) -> str:
        """The stub of pip as the true lock names it: pinned, with its hash."""
        digest = hashlib.sha256(self.wheel.read_bytes()).hexdigest()
        return f"pip=={self.version} --hash=sha256:{digest}"

    def set_up(self) -> subprocess.CompletedProcess[str]:
        """Run the script as ``make run`` does."""
        environment = {
            "PATH": str(self.folder / "bin"),
            "HOME": str(self.folder),
            "PYTHON": sys.executable,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheel.parent),
            "RECORD": str(self.folder / "record"),
        }
        script = self.folder / "tools" / "setup.sh"
        return subprocess.run([script, "run"], env=environment, capture_output=True, text=True)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    pytest.importorskip("ensurepip")
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "setup.sh", tmp_path / "tools")
    for name in ("requirements.lock", "requirements-run.lock", "setup.cfg", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "bin").mkdir()
    for command in COMMANDS:
        path = shutil.which(command)
        assert path is not None
        (tmp_path / "bin" / command).symlink_to(path)
    [line] = requirements("tools/pip.lock")
    version = line.split()[0].removeprefix("pip==")
    return Machine(tmp_path, stub_of_pip(tmp_path / "wheels", version), version)


def stub_of_pip(folder: Path, version: str) -> Path:
    """A wheel that any pip installs as pip of this version."""
    folder.mkdir()
    path = folder / f"pip-{version}-py3-none-any.whl"
    info = f"pip-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("pip/__init__.py", "")
        wheel.writestr("pip/__main__.py", RECORDER)
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: pip\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{info}/RECORD", f"pip/__init__.py,,\npip/__main__.py,,\n{info}/RECORD,,\n")
    return path


def test_the_pip_of_python_installs_the_pinned_one_and_nothing_else(machine: Machine) -> None:
    machine.lock_pip(machine.hashed().replace("==", ">="))
    hanging = machine.set_up()
    assert hanging.returncode != 0
    assert "--require-hashes" in hanging.stderr
    assert machine.record == []
    assert not (machine.folder / ".venv" / ".installed").exists()

    machine.lock_pip(machine.hashed())
    done = machine.set_up()
    assert done.returncode == 0, done.stderr
    install = "install -qq --disable-pip-version-check"
    assert machine.record == [
        f"{install} --require-hashes -r requirements-run.lock",
        f"{install} --no-deps --no-build-isolation -e .",
    ]
    assert (machine.folder / ".venv" / ".installed").read_text().startswith("run ")
