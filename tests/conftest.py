"""Fixtures that every room shares: databases, servers, services, the application.

Nothing here is a mock: PostgreSQL and Redis are started when a test asks for them. Tests that
cannot run (no PostgreSQL on the machine) are skipped and listed; ``--nothing-skipped`` turns every
skip into a failure of the run, which is what ``.ci/run`` demands.
"""

from __future__ import annotations

import gc
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck
from hypothesis import settings as profiles

from survey.core.config import Settings
from survey.core.db import Database
from tests.databases import (
    POSTGRES_TEMPLATE,
    make_postgres_template,
    migrated_database,
    on,
    on_server,
)
from tests.secrets_for_tests import SECRET_KEY

SEALED = re.compile(r'\b(?:from|into|update|join)\s+"?(?:inbox|response|comment)\b', re.IGNORECASE)
MAY_TOUCH_ANSWERS = (
    "survey.answering.intake",
    "survey.release.raw",
    "survey.operations.erasure",
)

MEMORY = 4 * 2**30
"""Bytes that must be free in memory before the tests put their folders there."""

# What is drawn is the same in every run, so that a red run is red again; and no draw fails because
# the machine is busy. ``--hypothesis-profile=new`` draws what nobody has seen yet.
profiles.register_profile(
    "known", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
profiles.register_profile("new", profiles.get_profile("known"), derandomize=False, print_blob=True)
profiles.load_profile("known")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--nothing-skipped",
        action="store_true",
        help="fail the run when any test was skipped",
    )
    parser.addoption(
        "--full",
        action="store_true",
        help="run the long searches too, whole (make test-full)",
    )


def pytest_configure() -> None:
    """Work in memory where the machine has a file system there.

    SQLite waits for the disk at every commit, 4 to 20 ms each, and the tests commit 100 000 times.
    """
    memory = Path("/dev/shm")
    if "TMPDIR" in os.environ or not os.access(memory, os.W_OK):
        return
    if shutil.disk_usage(memory).free > MEMORY:
        os.environ["TMPDIR"] = str(memory)
        tempfile.tempdir = None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave long searches to the whole run, and measure neither them nor what a browser does.

    A long search is the rest of something that a shorter test draws from; pages have tests that
    ask without a browser.
    """
    for item in items:
        if item.get_closest_marker("chromium") or item.get_closest_marker("long"):
            item.add_marker("no_cover")
    if config.getoption("--full"):
        return
    longer = [item for item in items if item.get_closest_marker("long") is not None]
    items[:] = [item for item in items if item.get_closest_marker("long") is None]
    config.hook.pytest_deselected(items=longer)


def pytest_collection_finish() -> None:
    """Look for garbage less often, and not among all that was imported. (Of the tests of pages,
    21 % of the time went there, and 12 % does now.)"""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """``no_cover`` is for long journeys over code that tests of its own measure, since
    measuring took a third of all tests' time; here it holds for what such a test needs, too."""
    measuring = getattr(item.config.pluginmanager.get_plugin("_cov"), "cov_controller", None)
    if measuring is None or item.get_closest_marker("no_cover") is None:
        return (yield)
    measuring.pause()
    try:
        return (yield)
    finally:
        measuring.resume()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(session.config, "workerinput"):
        return
    skipped = reporter.stats.get("skipped", [])
    if skipped and session.config.getoption("--nothing-skipped") and session.exitstatus == 0:
        reporter.write_line(f"{len(skipped)} tests that should have run were skipped", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


# --- the network is this machine ---------------------------------------------------------------


def _only_this_machine(connect: Callable[..., Any]) -> Callable[..., Any]:
    def checked(self: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost", ""}:
            raise RuntimeError(f"a test tried to reach {address[0]}")
        return connect(self, address)

    return checked


# Not an audit hook: one that is written in Python may give way to another thread while coverage
# starts to trace this one, and Python 3.11 then refuses to start the thread.
for _name in ("connect", "connect_ex"):
    setattr(socket.socket, _name, _only_this_machine(getattr(socket.socket, _name)))


# --- the one door to answers -------------------------------------------------------------------


@sa.event.listens_for(sa.Engine, "before_cursor_execute")
def _answers_have_one_door(
    _conn: Any, _cursor: Any, statement: str, _parameters: Any, _context: Any, _many: bool
) -> None:
    """Fail a statement on the tables of answers that a wrong module issues.

    The innermost frame of the package decides; tests themselves may look.
    """
    if not SEALED.search(statement):
        return
    frame = sys._getframe()
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith("survey.") and name != "survey.core.db":
            if not name.startswith(MAY_TOUCH_ANSWERS):
                raise AssertionError(f"{name} touches the tables of answers: {statement}")
            return
        frame = frame.f_back


# --- databases ---------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a service that lives in the test's own folder."""
    return Settings(
        data_dir=tmp_path / "var",
        secret_key=SECRET_KEY,
        allowed_hosts=("localhost", "127.0.0.1"),
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """An empty SQLite database with every table."""
    database = migrated_database(settings.database)
    yield database
    database.dispose()


@pytest.fixture
def services(settings: Settings, database: Database) -> Any:
    """The services of ``settings``, on ``database``."""
    from survey.core import private_files
    from survey.core.keystore import KeyStore
    from survey.core.secret import load_secret
    from survey.core.services import Services

    private_files.close_to_others(settings)
    return Services(
        settings=settings,
        db=database,
        secret=load_secret(settings),
        keys=KeyStore(settings.keys, settings.escrow_dir),
    )


@pytest.fixture
def app(services: Any) -> Any:
    """The Flask application on ``services``."""
    from survey.app import create_app

    application = create_app(services.settings, services)
    application.config["TESTING"] = True
    return application


@pytest.fixture
def client(app: Any) -> Any:
    """A client without cookies, asking for the base address."""
    return app.test_client()


# --- servers -----------------------------------------------------------------------------------


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"no server on port {port}:\n{log.read_text(errors='replace')}")


def _postgres_bin() -> Path | None:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
    )
    if found:
        return found[-1].parent
    other = shutil.which("initdb")
    return Path(other).resolve().parent if other else None


def _unprivileged() -> dict[str, Any]:
    """Arguments for subprocess: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL of this run, with an empty database ``postgres``."""
    binaries = _postgres_bin()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="survey-pg-", dir="/tmp"))
    who = _unprivileged()
    if who:
        shutil.chown(folder, who["user"], who["group"])
    data = folder / "data"
    subprocess.run(
        [
            binaries / "initdb",
            "-D",
            data,
            *["-A", "trust", "-U", "survey", "-E", "UTF8", "--locale=C", "-N"],
        ],
        check=True,
        capture_output=True,
        cwd=folder,
        **who,
    )
    port = free_port()
    log = folder / "log"
    options = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200"]
    options += ["listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories="]
    with log.open("wb") as out:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, *(x for o in options for x in ("-c", o))],
            stdout=out,
            stderr=out,
            cwd=folder,
            **who,
        )
    try:
        _wait_for(port, server, log)
        _until_it_answers(f"postgresql+psycopg://survey@127.0.0.1:{port}/postgres")
        yield f"postgresql://survey@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(2)  # fast shutdown
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _until_it_answers(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    for attempt in range(100):
        try:
            with engine.connect():
                return
        except sa.exc.OperationalError:  # still starting up
            if attempt == 99:
                raise
            time.sleep(0.1)


@pytest.fixture
def fresh_postgres_url(postgres_url: str) -> Iterator[str]:
    """The URL of an empty database of its own for one test."""
    yield from _copy_of(postgres_url, "template0")


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """The name of a migrated database to make copies of; nobody connects to it."""
    make_postgres_template(postgres_url)
    return POSTGRES_TEMPLATE


@pytest.fixture
def migrated_postgres_url(postgres_url: str, postgres_template: str) -> Iterator[str]:
    """The URL of a database of its own for one test, with every table."""
    yield from _copy_of(postgres_url, postgres_template)


@pytest.fixture
def postgres_database(migrated_postgres_url: str) -> Iterator[Database]:
    """A PostgreSQL database of its own for one test, with every table."""
    database = Database(migrated_postgres_url)
    yield database
    database.dispose()


def _copy_of(server_url: str, template: str) -> Iterator[str]:
    name = f"t{os.urandom(6).hex()}"
    on_server(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield on(server_url, name)
    on_server(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Redis of this run that keeps nothing on disk."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("Redis is not installed")
    folder = tmp_path_factory.mktemp("redis")
    port = free_port()
    log = folder / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
            stdout=out,
            stderr=out,
        )
    try:
        _wait_for(port, server, log)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium that Playwright may start (``executable_path``)."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed")
    return path
