"""Studies: one organisation, one instrument line, many waves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from survey.audit.log import record
from survey.core.db import new_id, now
from survey.core.errors import Conflict, Fault, InvalidInput, NotFound, say
from survey.core.slugs import slug
from survey.instrument.library import Library
from survey.organisation.units import CODE, NAME_LIMIT
from survey.study.frozen_terms import check_k, check_mode, check_public_level
from survey.study.models import Study, Wave

SMALLEST_K = 5
LARGEST_K = 100
MODES = ("ordinary", "cryptographic")
"""How answers are kept apart from codes: sealed, or blind signatures besides."""
PUBLIC_LEVELS = (0, 1, 2, 3)
"""Whose figures anybody may see; see ``Study.public_level``."""
PUBLIC_FROM = 20
"""Fewest answers behind a figure that anybody may see."""


def create_study(
    session: Session,
    library: Library,
    organisation_id: int,
    *,
    code: str,
    name: str,
    instrument: str,
    languages: Sequence[str] = (),
    k: int = SMALLEST_K,
    mode: str = "ordinary",
    public_level: int = 1,
    actor: str = "cli",
) -> Study:
    """Add a study. ``instrument`` is the id of a line; no ``languages`` means all of its own;
    ``mode`` is one of MODES. Raises InvalidInput with every fault, Conflict for a taken code."""
    code, name = code.strip(), " ".join(name.split())
    faults, spoken = faults_of_study(
        library,
        code=code,
        name=name,
        instrument=instrument,
        languages=languages,
        k=k,
        mode=mode,
        public_level=public_level,
    )
    if faults:
        raise InvalidInput("study_cannot_be_made", faults)
    if is_taken(session, organisation_id, code):
        raise Conflict(say("study_with_code_already", code=code))
    study = Study(
        organisation_id=organisation_id,
        id=new_id(),
        code=code,
        name=name,
        instrument_id=instrument,
        languages=list(languages or spoken),
        k=k,
        mode=mode,
        public_level=public_level,
        created_at=now(),
    )
    session.add(study)
    session.flush()
    _record(session, study, "study.created", {"code": code, "instrument": instrument}, actor)
    return study


def faults_of_study(
    library: Library,
    *,
    code: str,
    name: str,
    instrument: str,
    languages: Sequence[str],
    k: int,
    mode: str,
    public_level: int,
) -> tuple[list[Fault], tuple[str, ...]]:
    """Everything that keeps a study from being made, and the languages that its line has."""
    faults = [*_faults_of_texts(code, name), *_faults_of_k(k), *_faults_of_mode(mode)]
    faults.extend(_faults_of_public_level(public_level))
    spoken = _languages(library, instrument, faults)
    faults.extend(_faults_of_languages(languages, spoken))
    return faults, spoken


def is_taken(session: Session, organisation_id: int, code: str) -> bool:
    """True when the organisation has a study with this code."""
    same_code = sa.exists().where(Study.organisation_id == organisation_id, Study.code == code)
    return bool(session.scalar(sa.select(same_code)))


def suggest_code(session: Session, organisation_id: int, name: str) -> str:
    """A code made of a study's name that is not taken; '' when the name has no letter or digit."""
    base = slug(name, 40).lower()
    code, number = base, 1
    while code and is_taken(session, organisation_id, code):
        number += 1
        code = f"{base}-{number}"
    return code


def study_by_code(session: Session, organisation_id: int, code: str) -> Study:
    """Return a study by its code; NotFound when there is none."""
    study = session.scalar(
        sa.select(Study).where(Study.organisation_id == organisation_id, Study.code == code)
    )
    if study is None:
        raise NotFound(say("no_study_with_code", code=code))
    return study


def studies(
    session: Session, organisation_id: int, *, after: str = "", limit: int | None = None
) -> list[Study]:
    """Return the organisation's studies by code: those behind ``after``, at most ``limit``."""
    query = sa.select(Study).where(Study.organisation_id == organisation_id, Study.code > after)
    return list(session.scalars(query.order_by(Study.code).limit(limit)))


def update_study(
    session: Session,
    library: Library,
    study: Study,
    *,
    name: str | None = None,
    languages: Sequence[str] | None = None,
    k: int | None = None,
    mode: str | None = None,
    public_level: int | None = None,
    actor: str = "cli",
) -> Study:
    """Change what may change: the name always, the public level downwards; languages, k, mode and
    public level until the first wave opens.

    k is raised only. Raises InvalidInput with every fault, Conflict when it is frozen or lowered;
    lowering a frozen k, raising a frozen public level, or another mode than the frozen one, raises
    Weakening and is recorded.
    """
    if mode is not None:
        check_mode(session, study, mode, actor)
    if k is not None:
        check_k(session, study, k, actor)
    if public_level is not None:
        check_public_level(session, study, public_level, actor)
    name = None if name is None else " ".join(name.split())
    faults = _faults_of_change(library, study, name, languages, k, mode)
    if public_level is not None:
        faults.extend(_faults_of_public_level(public_level))
    if faults:
        raise InvalidInput("study_cannot_be_changed", faults)
    _refuse_what_is_fixed(study, k, languages)
    study.name = study.name if name is None else name
    study.k = study.k if k is None else k
    study.mode = study.mode if mode is None else _mode(session, study, mode)
    study.languages = study.languages if languages is None else list(languages)
    study.public_level = study.public_level if public_level is None else public_level
    session.flush()
    # Not the name: an event can never be deleted, a study can.
    details = {"languages": study.languages, "renamed": name is not None}
    _record(session, study, "study.changed", details, actor)
    return study


def _record(
    session: Session, study: Study, action: str, details: dict[str, object], actor: str
) -> None:
    """Record an event of the study, with what it promises from now on."""
    promised = {"k": study.k, "mode": study.mode, "public_level": study.public_level}
    subject = f"study:{study.id}"
    record(session, study.organisation_id, actor, action, subject, {**details, **promised})


def _faults_of_change(
    library: Library,
    study: Study,
    name: str | None,
    languages: Sequence[str] | None,
    k: int | None,
    mode: str | None,
) -> list[Fault]:
    """Everything that is wrong with what is to change; None changes nothing."""
    faults: list[Fault] = []
    if mode is not None:
        faults.extend(_faults_of_mode(mode))
    if name is not None:
        faults.extend(_faults_of_texts(study.code, name))
    if k is not None:
        faults.extend(_faults_of_k(k))
    if languages is not None:
        spoken = _languages(library, study.instrument_id, faults)
        faults.extend(_faults_of_languages(languages, spoken))
        if not languages:
            faults.append(Fault("languages", "none_is_named", "name_at_least_one"))
    return faults


def _refuse_what_is_fixed(study: Study, k: int | None, languages: Sequence[str] | None) -> None:
    frozen = study.frozen_at is not None
    if k is not None and k != study.k and frozen:
        raise Conflict("k_promised")
    if k is not None and k < study.k:
        raise Conflict(say("k_only_raised", k=study.k))
    if languages is not None and frozen and list(languages) != study.languages:
        raise Conflict("languages_were_fixed_when_studys_first_wave_opened")


def _faults_of_texts(code: str, name: str) -> Iterable[Fault]:
    if not (CODE.fullmatch(code) and code.isascii()):
        yield Fault("code", say("not_a_code", code=code), say("use_rule_lower_case"))
    if not name or len(name) > NAME_LIMIT:
        yield Fault("name", say("text_of_wrong_length", name_limit=NAME_LIMIT))


def _faults_of_k(k: int) -> Iterable[Fault]:
    if not SMALLEST_K <= k <= LARGEST_K:
        yield Fault(
            "k",
            say("not_from_to", k=k, smallest_k=SMALLEST_K, largest_k=LARGEST_K),
            "fewer_would_expose_people",
        )


def _faults_of_public_level(level: int) -> Iterable[Fault]:
    if level not in PUBLIC_LEVELS:
        fix = say("public_levels_explained")
        yield Fault("public_level", say("public_level_out_of_range", level=level), fix)


def _faults_of_mode(mode: str) -> Iterable[Fault]:
    if mode not in MODES:
        yield Fault(
            "mode", say("unknown_mode", mode=mode), say("use_values", known=", ".join(MODES))
        )


def _mode(session: Session, study: Study, mode: str) -> str:
    """The new mode; Conflict when letters have gone out that name no keys."""
    exported = sa.exists().where(
        Wave.organisation_id == study.organisation_id,
        Wave.study_id == study.id,
        Wave.codes_exported_at.is_not(None),
    )
    if mode != study.mode and session.scalar(sa.select(exported)):
        raise Conflict("mode_printed_on_letters")
    return mode


def _languages(library: Library, instrument: str, faults: list[Fault]) -> tuple[str, ...]:
    """The languages of a line's newest version; a fault is added when there is no such line."""
    if not library.versions(instrument):
        lines = ", ".join(library.lines()) or "none"
        faults.append(
            Fault(
                "instrument",
                say("no_such_value", dimension=instrument),
                say("existing_values", roles=lines),
            )
        )
        return ()
    return library.get(instrument).languages


def _faults_of_languages(languages: Sequence[str], spoken: Sequence[str]) -> Iterable[Fault]:
    if len(set(languages)) != len(languages):
        yield Fault("languages", "one_is_named_twice")
    for language in languages:
        if spoken and language not in spoken:
            available = ", ".join(spoken)
            yield Fault(
                "languages",
                say("instrument_has_no", language=language),
                say("available_values", told=available),
            )
