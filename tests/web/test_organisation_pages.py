"""Staff change units on pages, tell what was merged, and decide what may be compared."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from survey.organisation import changes, units
from survey.organisation.imports import apply, plan, read_csv
from survey.organisation.models import UnitChange
from tests.access.world import World, fresh

HOME = "/stab/3999/enheter"
FILE = """code;name;parent code;kind;headcount
k;Kommunen;;;0
nord;Nordre område;k;område;0
n1;Solbakken barnehage;nord;barnehage;24
n9;Fjell og Lia;nord;skole;22
sor;Område sør;k;område;0
s1;Elvestien sykehjem;sor;sykehjem;30
s2;Havna barnehage;nord;barnehage;12
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return fresh(tmp_path)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found.group(1)


def post(world: World, client: FlaskClient, path: str, **form: Any) -> Any:
    sent = {"csrf": world.csrf(client), **{name.replace("__", "-"): v for name, v in form.items()}}
    return client.post(f"{HOME}{path}", data=sent)


def form_of(client: FlaskClient, unit: str) -> dict[str, str]:
    page = client.get(f"{HOME}/enhet/{unit}").text
    fields = dict(
        re.findall(r'<input type="text" id="field-(\w+)" name="\w+" value="([^"]*)"', page)
    )
    parent = re.search(r'<option value="([^"]*)" selected>', page)
    return {
        **fields,
        "state": hidden(page, "state"),
        "parent_code": parent.group(1) if parent else "",
    }


def recorded(world: World) -> list[UnitChange]:
    with world.parts.db.reading() as session:
        return changes.listed(session, world.journey.organisation_id)


def test_areas_show_the_sum_of_what_is_below_them(world: World) -> None:
    page = world.client("staff").get(HOME).text
    assert "46 ansatte i 3 enheter" in page
    assert "88 ansatte i 7 enheter" in page
    assert "· 0 ansatte" not in page


def test_a_search_finds_units_with_their_place(world: World) -> None:
    page = world.client("staff").get(f"{HOME}?sok=barnehage").text
    assert "2 treff" in page
    assert "Kommunen › Område sør" in page
    assert "Elvestien" not in page
    assert "<script>" not in world.client("staff").get(f"{HOME}?sok=<script>").text


def test_four_hundred_units_fold_into_their_areas(world: World) -> None:
    rows = ["code;name;parent code;headcount", "k;Kommunen;;"]
    for area in range(12):
        rows.append(f"o{area};Område {area};k;")
        rows += [f"o{area}u{number};Enhet {number};o{area};20" for number in range(33)]
    here = world.journey.organisation_id
    with world.parts.db.transaction() as session:
        apply(session, here, plan(session, here, read_csv("\n".join(rows).encode())))
    page = world.client("staff").get(HOME).text
    assert page.count("<details open>") == 1  # the municipality; its areas are folded
    assert page.count("<details>") == 12
    assert len(page) < 300_000
    assert "660 ansatte i 33 enheter" in page


def test_a_unit_is_renamed_and_moved_on_its_page(world: World) -> None:
    client = world.client("staff")
    form = form_of(client, "n3") | {"name": "Lia omsorg", "parent_code": "sor"}
    answer = post(world, client, "/enhet/n3", **form)
    assert answer.status_code == 303
    assert "Enheten er lagret" in client.get(answer.location).text
    assert {each.kind for each in recorded(world)} == {"renamed", "moved"}
    page = client.get(f"{HOME}/enhet/n3").text
    assert "Område sør" in page
    assert "Lia bofellesskap → Lia omsorg" in page


def test_every_fault_stands_in_the_summary_and_beside_its_field(world: World) -> None:
    client = world.client("staff")
    wrong = {"name": "", "headcount": "mange", "manager_email": "x", "parent_code": "n3"}
    answer = post(world, client, "/enhet/n3?language=nn", **form_of(client, "n3") | wrong)
    assert answer.status_code == 422
    for field in wrong:
        assert f'href="#field-{field}"' in answer.text
        assert f'id="field-{field}-error"' in answer.text
    assert "Namn: manglar." in answer.text
    assert "«mange» er ikkje eit heiltal." in answer.text
    assert 'value="mange"' in answer.text
    assert recorded(world) == []


def test_two_people_do_not_undo_each_other(world: World) -> None:
    client = world.client("staff")
    old = form_of(client, "n3")
    assert post(world, client, "/enhet/n3", **old | {"name": "Først"}).status_code == 303
    answer = post(world, client, "/enhet/n3", **old | {"headcount": "9"})
    assert answer.status_code == 409
    assert "i mellomtiden" in answer.text
    assert 'value="Først"' in answer.text


def test_units_are_added_and_closed(world: World) -> None:
    client = world.client("staff")
    assert 'value="nord" selected' in client.get(f"{HOME}/ny?under=nord").text
    answer = post(world, client, "/ny", code="n1", name="", parent_code="nord")
    assert answer.status_code == 422
    assert "koden «n1» er i bruk" in answer.text
    assert post(world, client, "/ny", code="n5", name="Ny", parent_code="nord").status_code == 303
    assert post(world, client, "/enhet/nord/legg-ned").status_code == 409
    assert "Legge ned «Ny»?" in client.get(f"{HOME}/enhet/n5/legg-ned").text
    assert post(world, client, "/enhet/n5/legg-ned").status_code == 303
    assert "n5" not in client.get(HOME).text
    assert client.get(f"{HOME}/enhet/n5").status_code == 200
    assert client.get(f"{HOME}/enhet/finnes-ikke").status_code == 404


def test_a_merger_is_told_decided_and_taken_back(world: World) -> None:
    client = world.client("staff")
    post(world, client, "/ny", code="fj", name="Fjell og havn", parent_code="nord")
    address = "/endringer/ny"
    assert "Velg minst én enhet før" in client.get(f"{HOME}{address}?valgt=1").text
    page = client.get(f"{HOME}{address}?fra=n2&fra=s2&til=fj&valgt=1").text
    assert "80 prosent" in page
    assert "Legg ned «Fjellheim skole»" in page
    told = {"fra": ["n2", "s2"], "til": ["fj"]}
    answer = post(world, client, address, **told, close=["n2", "s2"], same_staff="mange")
    assert answer.status_code == 422
    answer = post(world, client, address, **told)  # not closed, and no reason
    assert answer.status_code == 422
    assert 'href="#field-reason-0"' in answer.text
    assert "«n2» finnes fortsatt" in answer.text
    answer = post(world, client, address, **told, close=["n2", "s2"], reason__0="To like store")
    assert answer.status_code == 303
    merged = next(each for each in recorded(world) if each.kind == "merged")
    assert (merged.continues, merged.reasons) == ({}, {"fj": "To like store"})
    with world.parts.db.reading() as session:
        open_ones = {u.code for u in units.tree(session, world.journey.organisation_id)}
    assert not {"n2", "s2"} & open_ones
    one = f"/endringer/{merged.id}"
    assert "To like store" in client.get(f"{HOME}{one}").text
    assert (
        post(world, client, one, compare__0="n2", reason__0="", same_staff="90").status_code == 422
    )
    sent = {"compare__0": "n2", "reason__0": "Nesten alle", "same_staff": "90"}
    assert post(world, client, one, **sent).status_code == 303
    assert next(e for e in recorded(world) if e.kind == "merged").continues == {"fj": "n2"}
    assert post(world, client, f"{one}/angre").status_code == 303
    assert all(each.kind != "merged" for each in recorded(world))
    assert client.get(f"{HOME}/endringer/12345").status_code == 404


def test_an_import_asks_what_may_be_compared(world: World) -> None:
    client = world.client("staff")
    sent = {"csrf": world.csrf(client), "file": (io.BytesIO(FILE.encode()), "units.csv")}
    shown = client.post(f"{HOME}/forhandsvis", data=sent, content_type="multipart/form-data").text
    assert "Kan tallene sammenlignes?" in shown
    assert 'name="compare_with-nord"' in shown
    assert 'name="predecessors-n9"' in shown
    assert 'name="predecessors-n1"' not in shown
    base = {"content": hidden(shown, "content"), "digest": hidden(shown, "digest")}
    wrong = base | {"predecessors-n9": "n2 zz", "compare_with-s2": "-"}
    answer = post(world, client, "/innfor", **wrong)
    assert answer.status_code == 422
    assert 'href="#field-predecessors-n9"' in answer.text
    assert 'href="#field-reason-n9"' in answer.text
    assert 'value="n2 zz"' in answer.text
    assert recorded(world) == []
    right = {"predecessors-n9": "n2, n3", "reason-n9": "Slått sammen"}
    right |= {"compare_with-s2": "-", "reason-s2": "Ny ledelse"}
    assert post(world, client, "/innfor", **base, **right).status_code == 303
    found = {each.kind: each for each in recorded(world)}
    assert (found["merged"].from_codes, found["merged"].to_codes) == (["n2", "n3"], ["n9"])
    assert found["renamed"].continues == {"nord": "nord"}
    assert (found["moved"].continues, found["moved"].reasons) == ({}, {"s2": "Ny ledelse"})


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_the_pages_open_in_every_language(world: World, language: str) -> None:
    client = world.client("staff")
    post(world, client, "/enhet/n3", **form_of(client, "n3") | {"name": "Lia omsorg"})
    change = recorded(world)[0].id
    for path in (
        *("", "?sok=skole", "/ny", "/enhet/n3", "/enhet/n3/legg-ned", "/endringer"),
        *("/endringer/ny", "/endringer/ny?fra=n3&til=n1&valgt=1", f"/endringer/{change}"),
    ):
        page = client.get(f"{HOME}{path}{'&' if '?' in path else '?'}language={language}")
        assert page.status_code == 200, path
        assert '<span lang="en">' not in page.text
