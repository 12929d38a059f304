"""From link or typed code to "thank you". Only a POST spends; every page is stored nowhere.

The code reaches the form through a session cookie that only ``/svar`` gets, and travels from there
in the body of the form: no address, no Referer, no log and no title ever holds it. Since the code
in the body is the only thing that lets an answer in, another site has nothing to forge
(docs/decisions/0005-answering-forms.md).
"""

from __future__ import annotations

import gzip
import hmac
from datetime import datetime
from typing import Any

from flask import (
    Blueprint,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from survey.access.guard import access
from survey.answering import failed_codes
from survey.answering.admission import UnknownCode, UsedCode, admit, find
from survey.answering.intake import submit
from survey.answering.questionnaire import questionnaire
from survey.core.errors import Closed, InvalidInput, NotYetOpen, RateLimited, SurveyError
from survey.core.languages import FRAME_ONLY, RESPONDENT_LANGUAGES
from survey.core.local_time import format_local
from survey.core.services import services
from survey.invitations.codes import LINK_LENGTH, MistypedCode, normalise
from survey.release.read import knew_looser_rules
from survey.study.studies import PUBLIC_FROM
from survey.web import catalogue
from survey.web.answer import envelope
from survey.web.answer.form import Filled, answers_of, fault_codes
from survey.web.base import headers

bp = Blueprint("answer", __name__)

COOKIE = "svar"
FORM_LIMIT = 64 * 1024
_PAGES: dict[type, tuple[str, int]] = {
    RateLimited: ("slow", 429),
    MistypedCode: ("unknown", 404),
    UnknownCode: ("unknown", 404),
    NotYetOpen: ("early", 403),
    Closed: ("closed", 410),
    UsedCode: ("used", 409),
}


@bp.get("/s/<code>")
@access("respondent")
def link(code: str) -> ResponseReturnValue:
    """Move the code from the address into the cookie. Nothing is looked up, nothing is spent."""
    text = normalise(code)
    if len(text) != LINK_LENGTH:
        raise MistypedCode("short_codes_are_typed_in")
    return _to_form(text)


@bp.get("/kode")
@access("respondent")
def type_code() -> str:
    """Ask for the code from a letter or poster."""
    return render_template("answer/code.html")


@bp.post("/kode")
@access("respondent", max_body=4096)
def check_code() -> ResponseReturnValue:
    """Check a typed code; a failed one is counted, a mistyped one only told."""
    typed = request.form.get("code", "")[:200]
    try:
        text = normalise(typed.rpartition("/s/")[2])  # or the whole link, pasted
        with services().db.reading() as session:
            admit(session, services().secret, text)
    except MistypedCode:
        reason = "empty" if not typed.strip() else "mistyped"
        return render_template("answer/code.html", typed=typed, reason=reason), 422
    except UnknownCode:
        _count_failure()
        return render_template("answer/code.html", typed=typed, reason="unknown"), 404
    return _to_form(text)


@bp.get("/svar")
@access("respondent")
def show() -> ResponseReturnValue:
    """The questionnaire, empty. Whoever comes without a code is asked for it."""
    code = _code_of_cookie()
    if code is None:
        return redirect(url_for("answer.type_code"), 303)
    return _compressed(make_response(_form(code, Filled())))


@bp.post("/svar")
@access("respondent", max_body=FORM_LIMIT)
def send() -> ResponseReturnValue:
    """Take an answer in; or draw the form again, filled in, in another language or with faults."""
    code, filled = _sent(request.form)
    if filled.values.get("shown_language") in RESPONDENT_LANGUAGES:
        g.language = filled.values["shown_language"]
    try:
        if "language" in request.form:
            return _form(code, filled)
        _submit(code, filled)
    except InvalidInput as error:
        return _form(code, filled, error)
    except UnknownCode:
        _count_failure()
        raise
    return _received()


@bp.post("/sender")
@access("respondent", max_body=FORM_LIMIT)
def send_later() -> ResponseReturnValue:
    """Take in an answer that waited on the device, locked, until there was a connection again."""
    form = envelope.unlock(services().secret, request.get_data())
    try:
        _submit(*_sent(form))
    except UnknownCode:
        _count_failure()
        raise
    return jsonify({"received": True})


@bp.get("/sender/sender.js")
@access("respondent")
def sender() -> Response:
    """The service worker. Its scope is ``/sender/``, where there is no page: it controls none."""
    return current_app.send_static_file("answer/sender.js")


@bp.get("/takk")
@access("respondent")
def thanks() -> ResponseReturnValue:
    """Say that the answer has arrived; the code, if this browser still has it, has served."""
    return _without_code(make_response(render_template("answer/thanks.html")))


def refuse(error: SurveyError) -> ResponseReturnValue:
    """A clear page of its own for each way that a code can be refused."""
    name, status = next(_PAGES[kind] for kind in type(error).__mro__ if kind in _PAGES)
    response = make_response(render_template("answer/refused.html", name=name), status)
    if isinstance(error, RateLimited):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


for _kind in _PAGES:
    bp.register_error_handler(_kind, refuse)


@bp.after_request
def keep_the_code_in(response: Response) -> Response:
    """The code leaves these pages in no header and is kept in no cache."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = f"{headers.CONTENT_SECURITY}; worker-src 'self'"
    return response


def _sent(form: MultiDict[str, str]) -> tuple[str, Filled]:
    return form.get("code", "")[:200], Filled(form.get("submission_id", "")[:100], form)


def _submit(code: str, filled: Filled) -> None:
    with services().db.transaction() as session:
        answers = answers_of(filled.values)
        submit(session, services().secret, code, filled.submission_id, answers)


def _form(code: str, filled: Filled, error: InvalidInput | None = None) -> ResponseReturnValue:
    wanted = (
        request.form.get("language")
        or request.form.get("shown_language")
        or request.args.get("language")
        or catalogue.language()
    )
    with services().db.reading() as session:
        view = questionnaire(session, services().secret, code, wanted)
        _, wave = find(session, services().secret, code)
        stricter = knew_looser_rules(session, wave)
    g.language = _frame_language(wanted, view["language"])
    wrong = _wrong(view, error)
    body = render_template(
        "answer/form.html",
        view=view,
        code=code,
        filled=filled,
        fresh=_fresh(filled),
        foreign=view["language"] != catalogue.language(),
        switch=list(dict.fromkeys((*view["languages"], *FRAME_ONLY))),
        envelope=envelope.draw(services().secret),
        failed=error is not None,
        wrong=wrong,
        summary=_summary(view, wrong, error),
        public_from=PUBLIC_FROM,
        stricter=stricter,
        questions=sum(len(page["blocks"]) for page in view["pages"]),
        closes=_local(view["closes_at"]),
        draft_key=services().secret.hash("draft", normalise(code).encode()).hex(),
    )
    return body, 200 if error is None else 422


def _compressed(response: Response) -> Response:
    """Send the empty questionnaire gzipped to those who take it: a sixth of 40 kB.

    Other pages hold secrets beside what was typed and are sent as they are (BREACH). Here nothing
    is typed: the length is the same whoever asks.
    """
    response.vary.add("Accept-Encoding")
    if response.status_code == 200 and request.accept_encodings["gzip"]:
        response.set_data(gzip.compress(response.get_data(), 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _frame_language(wanted: str, asked_in: str) -> str:
    """The frame speaks the language of the questions, or one that only the frame speaks."""
    if wanted in FRAME_ONLY:
        return wanted
    return asked_in if asked_in in RESPONDENT_LANGUAGES else catalogue.language()


def _fresh(filled: Filled) -> str:
    """Whether the page may fill itself in: ``yes`` from a draft, ``again`` after a language switch
    that left the answers on the device; ``no`` when the form came with them."""
    if request.method == "GET":
        return "yes"
    return "no" if any(name[1:2] == "." for name in filled.values) else "again"


def _wrong(view: dict[str, Any], error: InvalidInput | None) -> dict[str, str]:
    """Block id → what is wrong with its answer, in the reader's language."""
    if error is None:
        return {}
    blocks = {block["id"]: block for page in view["pages"] for block in page["blocks"]}
    t = catalogue.translator(catalogue.language())
    return {
        block: t(
            f"answer.fault_{code}",
            text=blocks[block]["text"],
            maximum=blocks[block].get("maximum", ""),
        )
        for block, code in fault_codes(error.faults, view["pages"]).items()
    }


def _summary(
    view: dict[str, Any], wrong: dict[str, str], error: InvalidInput | None
) -> list[tuple[str, str]]:
    """(field id, text) of every fault; one without a field when none belongs to a question."""
    entries = [(f"f-{block}-0", text) for block, text in wrong.items()]
    if error is not None and not entries:
        entries = [("", catalogue.text("answer.fault_unplaced", catalogue.language()))]
    return entries


def _local(closes_at: str | None) -> str:
    if closes_at is None:
        return ""
    return format_local(datetime.fromisoformat(closes_at), catalogue.language())


def _received() -> Response:
    address = url_for("answer.thanks", language=request.form.get("shown_language") or None)
    if request.accept_mimetypes.best == "application/json":
        response: Response = jsonify({"received": True, "next": address})
    else:
        response = redirect(address, 303)
    return _without_code(response)


def _without_code(response: Response) -> Response:
    response.delete_cookie(COOKIE, path="/svar", secure=services().settings.secure, httponly=True)
    return response


def _to_form(code: str) -> Response:
    response = redirect(url_for("answer.show"), 303)
    response.set_cookie(
        COOKIE,
        code if len(code) == LINK_LENGTH else f"{code}.{_proof(code)}",
        path="/svar",
        secure=services().settings.secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _code_of_cookie() -> str | None:
    """The code in the cookie; a short one only with proof that ``/kode`` let it pass.

    Else a GET with a made-up cookie would be a way to guess short codes that nothing counts.
    """
    code, _, proof = request.cookies.get(COOKIE, "").partition(".")
    if not code:
        return None
    if len(code) == LINK_LENGTH or hmac.compare_digest(proof.encode(), _proof(code).encode()):
        return code
    return None


def _proof(code: str) -> str:
    return services().secret.hash("typed-code", code.encode()).hex()


def _count_failure() -> None:
    failed_codes.count_failure(services().db, services().secret, request.remote_addr or "")
