"""HTML → PDF/UA-1 with WeasyPrint, from memory only, with the shipped font only.

WeasyPrint logs what it cannot read and carries on; here every such line fails the report, since a
chart that is missing is worse than a report that is late.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from survey.core.errors import SurveyError, say
from survey.reports.svg.font_metrics import FONT_FILES, font_bytes

FONT_NAMES = frozenset({"Source-Sans-3", "Source-Sans-3-Semi-Bold"})
"""As Pango names the shipped family's two weights in a PDF."""

_one_at_a_time = threading.Lock()


class BrokenReport(SurveyError):
    """A PDF lacks something that belongs in it; ``message`` says what WeasyPrint said."""


class PdfMaker:
    """Renders documents; build one per process. Renders are serialised (WeasyPrint's log and
    this module's SVG text shim are global)."""

    def __init__(self, css: str | None = None) -> None:
        from weasyprint import CSS
        from weasyprint.text.fonts import FontConfiguration

        from survey.reports.svg.weasyprint_shim import install

        install()
        style = css or files("survey.reports").joinpath("static", "print.css").read_text("utf-8")
        assets = {str(weight): font_bytes(weight) for weight in FONT_FILES}
        self._fonts = FontConfiguration()
        self._css = CSS(string=style, font_config=self._fonts, url_fetcher=_fetcher({}, assets))

    def make(self, html: str, charts: Mapping[str, bytes]) -> bytes:
        """Return the PDF of ``html``, whose images are ``chart:<key of charts>``.

        Raises ``BrokenReport`` when anything cannot be read, drawn or is set in another font.
        """
        from weasyprint import HTML
        from weasyprint.urls import FatalURLFetchingError

        lines = _Lines()
        logger = logging.getLogger("weasyprint")
        with _one_at_a_time:
            logger.addHandler(lines)
            try:
                document = HTML(string=html, url_fetcher=_fetcher(charts, {}))
                pdf: bytes = document.write_pdf(
                    stylesheets=[self._css],
                    font_config=self._fonts,
                    pdf_variant="pdf/ua-1",
                    finisher=_check_fonts,
                )
            except SurveyError:
                raise
            except (Exception, FatalURLFetchingError) as error:
                raise BrokenReport(say("pdf_could_not_be_made", error=error)) from error
            finally:
                logger.removeHandler(lines)
        if lines.said:
            raise BrokenReport(say("pdf_would_lack_something", lines="; ".join(lines.said[:5])))
        return pdf


class _Lines(logging.Handler):
    """Collects what WeasyPrint logs as an error, and the warning that no font has a character."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line when it means that something is missing."""
        said = record.getMessage()
        if record.levelno >= logging.ERROR or ".notdef" in said:
            self.said.append(said)


def _fetcher(charts: Mapping[str, bytes], assets: Mapping[str, bytes]) -> Any:
    """Return a URL fetcher that knows ``chart:`` and ``asset:`` and denies everything else."""
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    known = {f"chart:{key}": (body, "image/svg+xml") for key, body in charts.items()}
    known |= {f"asset:{key}": (body, "font/ttf") for key, body in assets.items()}

    class MemoryFetcher(URLFetcher):  # type: ignore[misc]  # weasyprint ships no types
        def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
            if url not in known:
                raise FatalURLFetchingError(f"denied: {url[:80]}")
            body, kind = known[url]
            return URLFetcherResponse(url, body, {"Content-Type": kind})

    return MemoryFetcher(
        allowed_protocols={"chart", "asset"}, allow_redirects=False, fail_on_errors=True
    )


def _check_fonts(_document: Any, pdf: Any) -> None:
    """Raise ``BrokenReport`` when the PDF embeds a font that the package does not ship."""
    foreign = set()
    for pdf_object in pdf.objects:
        name = pdf_object.get("FontName") if isinstance(pdf_object, dict) else None
        if name is not None:
            said = name.decode() if isinstance(name, bytes) else str(name)
            plain = said.lstrip("/").split("+", 1)[-1].rstrip(",")
            if plain not in FONT_NAMES:
                foreign.add(plain)
    if foreign:
        raise BrokenReport(say("fonts_that_are_not_shipped", foreign=", ".join(sorted(foreign))))
