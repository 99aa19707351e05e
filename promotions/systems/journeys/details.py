"""Reading one journey beyond its row in the list: its latest version, its steps, what it uses."""

import logging
from typing import Any

from clients.errors import ApiAuthError, ApiContractError, ApiError, ApiRejectedError, ApiUnavailableError
from clients.journeys import RemoteJourneyVersion
from promotions import journey_outline
from promotions.choices import JourneySource
from promotions.models import Journey
from promotions.services import journeys
from promotions.services.journeys import Details
from promotions.systems.journeys.connection import Sources

logger = logging.getLogger(__name__)

# An HTTP 500 of the Journey service often means one journey that cannot be shown, not a service that is down.
FAULTY = 500


def read_details(journey: Journey, sources: Sources, *, is_newer_there: bool, with_uses: bool) -> Details:
    """Ask both APIs as far as they are there; what one journey's answer lacks is told, and is no error of the whole."""
    sandbox = journey.sandbox.name
    latest: RemoteJourneyVersion | None = None
    problem = ""
    if journey.source != JourneySource.RETRIEVE:
        try:
            latest = sources.authoring(sandbox).latest(journey.uid)
        except ApiError as error:
            if not is_about_one(error):
                raise
            problem = f"It is listed, but its latest version cannot be read. The platform said: {said_by(error)}"
    version_uid = latest.uid if latest is not None and latest.uid else journey.latest_version_uid
    document: dict[str, Any] | None = None
    if is_newer_there and version_uid:
        try:
            document = sources.newer(sandbox).get(version_uid).raw
        except ApiError as error:
            if not is_about_one(error):
                raise
            if journey.source == JourneySource.RETRIEVE:
                problem = f"It is listed, but cannot be read. The platform said: {said_by(error)}"
    outline = (document and _outline(document)) or (latest and _outline(latest.raw)) or None
    findings = _findings(latest)
    uses: list[dict[str, Any]] | None = None
    if with_uses and version_uid and journey.source != JourneySource.RETRIEVE:
        try:
            exported = journey_outline.outline_of(sources.authoring(sandbox).export(version_uid).content)
            if exported is not None:
                stored = journey_outline.as_json(exported)
                outline, uses = outline or stored, stored["used"]
        except ApiError as error:
            if not is_about_one(error):
                raise
            findings.append({"severity": "error", "text": f"It cannot be exported: {said_by(error)}"})
    return Details(latest=latest, document=document, outline=outline, uses=uses, findings=findings, problem=problem)


def keep_uses(pick: dict[str, Any], content: bytes) -> None:
    """Let the journey's page tell what an export names that was read for a plan.

    The plan can do without: what goes wrong here is logged, and no error of it.
    """
    try:
        exported = journey_outline.outline_of(content)
        if exported is not None:
            stored = journey_outline.as_json(exported)
            journeys.store_uses(
                pk=pick["journey"],
                version_uid=pick["version_uid"],
                uses=stored["used"],
                outline=stored if exported.nodes else None,
            )
    except Exception:
        logger.exception("what journey %s uses could not be kept", pick.get("journey"))


def is_about_one(error: ApiError) -> bool:
    """Whether an error concerns the one thing asked for, so that others can be gone on with."""
    if isinstance(error, ApiUnavailableError):
        return error.status == FAULTY
    if isinstance(error, ApiAuthError):
        return error.status == 403
    return isinstance(error, ApiRejectedError | ApiContractError)


def said_by(error: ApiError) -> str:
    """The platform's words with what support asks for, ending in a full stop."""
    facts = ", ".join(
        fact
        for fact in (
            f"HTTP {error.status}" if error.status else "",
            f"code {error.error_code}" if error.error_code else "",
            f"request {error.request_id}" if error.request_id else "",
        )
        if fact
    )
    words = error.message.strip().rstrip(".")
    return f"{words} ({facts})." if facts else f"{words}."


def _outline(document: dict[str, Any]) -> dict[str, Any] | None:
    """The steps as they are stored, of a document that has any."""
    found = journey_outline.outline_of(document)
    return journey_outline.as_json(found) if found is not None and found.nodes else None


def _findings(latest: RemoteJourneyVersion | None) -> list[dict[str, str]]:
    if latest is None:
        return []
    return [
        *({"severity": "error", "text": text} for text in latest.errors),
        *({"severity": "warning", "text": text} for text in latest.warnings),
    ]
