"""No SQL on the tables of answers outside the three modules that may: the listener sees it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.answering.conftest import World


def run_as(module: str, world: World, statement: str) -> None:
    """Run a statement from code that stands in ``module``."""
    source = (
        "def run(session, statement):\n"
        "    session.connection().exec_driver_sql(statement).close()\n"
    )
    namespace = {"__name__": module}
    exec(source, namespace)
    with world.db.reading() as session:
        namespace["run"](session, statement)  # type: ignore[operator]


@pytest.mark.parametrize("table", ["inbox", "response", "comment"])
@pytest.mark.parametrize(
    "module", ["survey.api.answers", "survey.reports.unit.bulk", "survey.answering.admission"]
)
def test_a_read_from_elsewhere_fails(world: World, module: str, table: str) -> None:
    with pytest.raises(AssertionError, match=f"{module} touches"):
        run_as(module, world, f"SELECT count(*) FROM {table}")


@pytest.mark.parametrize("module", ["survey.answering.intake", "survey.release.raw"])
def test_the_doors_themselves_may(world: World, module: str) -> None:
    run_as(module, world, "SELECT count(*) FROM response")


def test_a_sealed_answer_is_a_row_of_nothing_but_ids_and_ciphertext(world: World) -> None:
    columns = {each["name"] for each in sa.inspect(world.db.writer).get_columns("inbox")}
    assert columns == {"organisation_id", "wave_id", "id", "sealed"}
