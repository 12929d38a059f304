"""File names say what a file holds, in letters that every system takes, and never meet."""

from __future__ import annotations

import re
from dataclasses import replace

from survey.release.document import ReleaseHeader
from survey.reports.common.file_names import archive_name, member_name, report_name
from tests.reports.samples import header


def named(organisation: str, label: str) -> ReleaseHeader:
    found = header()
    return replace(
        found, organisation=organisation, study="Kultur", wave=replace(found.wave, label=label)
    )


def test_a_report_is_named_after_organisation_study_wave_and_unit() -> None:
    found = named("Prøvevik kommune", "Vår 2027")
    name = report_name(found, "Åsly barnehage", "n1", "nb")
    assert name == "Provevik-kommune_Kultur_Var-2027_Asly-barnehage_n1_nb.pdf"
    assert archive_name(found, ["nb", "en"]) == "Provevik-kommune_Kultur_Var-2027_nb_en.zip"
    assert member_name(found, "Åsly", "n1", "en", ["nb", "en"]).startswith("en/Provevik")


def test_whatever_people_call_things_a_name_is_safe_short_and_its_own() -> None:
    found = named("../../etc" * 50, "\0\n/:*?")
    codes = ["a/b", "a\\b", "a_b", "A_2f_b", "a.b", "æ", "ø", "x" * 64, "x" * 63 + "ø"]
    names = [report_name(found, "../" * 100 + "con", code, "nn") for code in codes]
    assert len({name.casefold() for name in names}) == len(codes)
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9_-]+\.pdf", name)
        assert len(name) < 200
