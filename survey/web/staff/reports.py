"""All units' PDFs as one piece of work, and every piece of work: how far it is, stop, go on."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from survey.access import guard
from survey.access.guard import access
from survey.core.errors import Conflict, InvalidInput
from survey.core.services import services
from survey.jobs import result_files, tasks
from survey.jobs.models import Task
from survey.web.staff.common import WAVE, wave_of

bp = Blueprint("staff_reports", __name__)


@bp.post(WAVE + "/rapporter")
@access("staff")
def make(org: str, study: str, ordinal: int) -> ResponseReturnValue:
    """Have all units' PDFs made, in one language or several."""
    who = guard.principal()
    wanted = request.form.getlist("language")
    with services().db.transaction() as session:
        stored_study, wave = wave_of(session, who, study, ordinal)
        if wave.state != "released":
            raise Conflict("nothing_has_been_released_yet")
        languages = [language for language in stored_study.languages if language in wanted]
        if not languages or len(languages) != len(set(wanted)):
            raise InvalidInput("choose_at_least_one_of_studys_languages")
        payload = {"study": stored_study.code, "languages": languages, "ordinal": wave.ordinal}
        task = tasks.enqueue_once(session, who.organisation_id, "unit_reports", payload, who.actor)
    return to_task(org, study, ordinal, task)


@bp.get(WAVE + "/arbeid/<int:task>")
@access("staff")
def show_task(org: str, study: str, ordinal: int, task: int) -> str:
    """How far a piece of background work is."""
    who = guard.principal()
    with services().db.reading() as session:
        stored_study, wave = wave_of(session, who, study, ordinal)
        work = tasks.get(session, who.organisation_id, task)
    return render_template(
        "staff/task.html",
        study=stored_study,
        wave=wave,
        task=work,
        failure=tasks.failure_of(work),
        menu="staff",
    )


@bp.post(WAVE + "/arbeid/<int:task>/avbryt")
@access("staff")
def cancel_task(org: str, study: str, ordinal: int, task: int) -> ResponseReturnValue:
    """Stop a piece of background work; what it finished is kept."""
    who = guard.principal()
    with services().db.transaction() as session:
        work = tasks.cancel(session, who.organisation_id, task)
    return to_task(org, study, ordinal, work)


@bp.post(WAVE + "/arbeid/<int:task>/igjen")
@access("staff")
def retry_task(org: str, study: str, ordinal: int, task: int) -> ResponseReturnValue:
    """Have work go on that failed or was stopped."""
    who = guard.principal()
    with services().db.transaction() as session:
        work = tasks.retry(session, who.organisation_id, task)
    return to_task(org, study, ordinal, work)


@bp.get("/stab/<org>/arbeid/<int:task>/fil")
@access("staff")
def download(org: str, task: int) -> ResponseReturnValue:
    """The file that a piece of background work has made."""
    who = guard.principal()
    with services().db.reading() as session:
        work = tasks.get(session, who.organisation_id, task)
    path, name, media_type = result_files.result_of(services().settings, work)
    response = send_file(path, mimetype=media_type, as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response


def to_task(org: str, study: str, ordinal: int, task: Task) -> ResponseReturnValue:
    """To the page of a piece of work."""
    address = url_for(
        "staff_reports.show_task", org=org, study=study, ordinal=ordinal, task=task.id
    )
    return redirect(address, 303)
