"""From a file to codes on paper, on the command line."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from survey.cli.main import cli
from survey.core.errors import Conflict, InvalidInput, NotFound

TREE = """kode;navn;overordnet;type;ansatte
K;Kommunen;;;0
A;Oppvekst;K;etat;6
A1;Bjørkåsen;A;barnehage;12
A2;Åsly;A;barnehage;3
"""


@pytest.fixture
def survey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SURVEY_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("SURVEY_BASE_URL", "https://barometer.example.no")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tree.csv").write_bytes(TREE.encode("cp1252"))

    def run(*words: str) -> str:
        return CliRunner().invoke(cli, words, catch_exceptions=False).output

    run("db", "upgrade")
    return run


WAVE = ("--study", "S", "--wave", "1")


@pytest.fixture
def study(survey):
    survey(
        "organisation", "import", "tree.csv", "--organisation", "3024", "--name", "Bærum", "--apply"
    )
    survey("study", "create", "S", "--name", "Studien", "--instrument", "baerum-barometer")
    return survey


def test_an_import_lists_first_and_is_done_when_asked(survey):
    words = ("organisation", "import", "tree.csv", "--organisation", "3024")
    with pytest.raises(InvalidInput, match="--name"):
        survey(*words)
    listed = survey(*words, "--name", "Bærum")
    assert "Windows-1252" in listed
    assert "New: 4" in listed
    assert "A1  Bjørkåsen" in listed
    assert "Nothing has been changed" in listed
    assert survey("organisation", "list") == ""
    assert "Done." in survey(*words, "--name", "Bærum", "--apply")
    assert survey("organisation", "list") == "3024  Bærum\n"
    assert "Unchanged: 4" in survey(*words)


def test_every_fault_of_a_file_is_printed_and_nothing_is_made(survey):
    Path("tree.csv").write_text("code;name;parent\nA;;\nA;x;Q\n")
    with pytest.raises(InvalidInput) as caught:
        survey(
            "organisation", "import", "tree.csv", "--organisation", "1", "--name", "N", "--apply"
        )
    assert len(caught.value.faults) == 3
    assert survey("organisation", "list") == ""


def test_a_study_and_its_waves_are_made_and_listed(study):
    assert "S  Studien  baerum-barometer  k=5 (k may be raised)" in study("study", "list")
    study("wave", "create", "--study", "S", "--phase", "before", "--label", "Vår")
    study("wave", "create", "--study", "S", "--phase", "during")
    assert study("wave", "list", "--study", "S").splitlines() == [
        "1  before  Vår  draft",
        "2  during  Måling 2  draft",
    ]


def test_a_wave_is_opened_with_its_warnings_and_extended(study):
    study("wave", "create", "--study", "S", "--phase", "before", "--label", "Vår")
    study("invitations", "create", *WAVE)
    told = study("wave", "open", *WAVE)
    assert "A2 Åsly has too few people: counted with A1 Bjørkåsen" in told
    assert "SURVEY_ESCROW_DIR" in told
    later = ("wave", "extend", *WAVE, "--closes", "2099-07-01 16:00")
    with pytest.raises(InvalidInput):
        study(*later)
    extended = study(*later, "--reason", "absence", "--note", "Vinterferie.")
    assert "01.07.2099 kl. 16:00" in extended
    assert "first count of answers" in study("wave", "list", "--study", "S")
    assert "k fixed" in study("study", "list")


def test_a_time_that_the_clocks_skip_is_refused(study):
    words = ("wave", "create", "--study", "S", "--phase", "before")
    with pytest.raises(InvalidInput, match="does not exist"):
        study(*words, "--closes", "2099-03-29 02:30")


def test_codes_are_written_once_for_their_owner_only(study, monkeypatch):
    study("wave", "create", "--study", "S", "--phase", "before")
    assert "9 invitations" in study("invitations", "create", *WAVE, "--unit", "A1=9")
    told = study("invitations", "export", *WAVE, "-o", "codes.csv")
    assert "9 codes" in told
    content = Path("codes.csv").read_text("utf-8-sig")
    assert content.count("https://barometer.example.no/s/") == 9
    assert stat.S_IMODE(Path("codes.csv").stat().st_mode) == 0o600
    with pytest.raises(Conflict, match="never written over"):
        study("invitations", "export", *WAVE, "-o", "codes.csv")
    with pytest.raises(Conflict, match="second list"):
        study("invitations", "export", *WAVE, "-o", "more.csv")
    assert not Path("more.csv").exists()


def test_codes_that_cannot_be_written_do_not_count_as_handed_out(study):
    study("wave", "create", "--study", "S", "--phase", "before")
    study("invitations", "create", *WAVE, "--unit", "A1=9")
    Path("file").write_text("")
    with pytest.raises(OSError):
        study("invitations", "export", *WAVE, "-o", "file/codes.csv")
    assert "9 codes" in study("invitations", "export", *WAVE, "-o", "codes.csv")


def test_wrong_counts_are_told_at_once(study):
    study("wave", "create", "--study", "S", "--phase", "before")
    with pytest.raises(InvalidInput) as caught:
        study("invitations", "create", *WAVE, "--unit", "A1", "--unit", "A=x", "--unit", "=3")
    assert len(caught.value.faults) == 3


def test_a_wave_that_is_not_there_is_not_found(study):
    with pytest.raises(NotFound):
        study("wave", "open", *WAVE)


def test_settings_and_drafts_are_changed_and_what_k_means_is_told(study):
    told = study("study", "forecast", "5", "13")
    assert "k=5: 1 of 4 units" in told
    assert "A2 Åsly: counted with A1 Bjørkåsen" in told
    assert "if 100% answer: 0 show distributions too, 3 indices and shares, 0 indices only" in told
    changed = study("study", "change", "S", "--name", "Ny", "--k", "8", "--language", "nb")
    assert changed == "Study S: Ny, k=8, public level 1, nb.\n"
    assert "public level 2" in study("study", "change", "S", "--public-level", "2")
    with pytest.raises(InvalidInput, match="from 0 to 3"):
        study("study", "change", "S", "--public-level", "4")
    with pytest.raises(Conflict, match="only be raised"):
        study("study", "change", "S", "--k", "6")
    study("wave", "create", "--study", "S", "--phase", "before", "--look-first")
    study("wave", "change", *WAVE, "--label", "Vår", "--closes", "2099-03-01 08:00")
    assert "1  before  Vår  draft" in study("wave", "list", "--study", "S")


def test_a_wave_is_closed_before_its_time_with_a_reason_and_looked_at_before_its_release(study):
    later = ("--closes", "2099-03-01 08:00", "--look-first")
    study("wave", "create", "--study", "S", "--phase", "before", *later)
    study("invitations", "create", *WAVE)
    study("wave", "open", *WAVE)
    with pytest.raises(InvalidInput):
        study("wave", "close", *WAVE, "--no-release")
    why = ("--reason", "mistake", "--note", "Feil enheter var invitert.")
    closing = study("wave", "close", *WAVE, "--no-release", *why)
    assert closing.splitlines() == ["Wave 1 takes no more answers.", "Wave 1 is closed."]
    told = study("release", "look", "S", "--wave", "1")
    assert told.splitlines() == [
        "K\tnothing",
        "A\tnothing",
        "A1\tnothing",
        "A2\tcounted with Bjørkåsen",
    ]
    assert study("release", "list", "S") == ""
    assert "is released" in study("wave", "close", *WAVE)
    assert study("release", "look", "S", "--wave", "1") == told
    assert "1  Måling 1" in study("release", "list", "S")
