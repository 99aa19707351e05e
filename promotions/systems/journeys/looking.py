"""The second look: which objects the import has made, by exporting the copy and laying it beside what was sent."""

from clients.errors import ApiRejectedError
from promotions.choices import ResultOutcome, Verification
from promotions.models import Job, JourneyCopy, Plan, TaskResult
from promotions.services import documents
from promotions.systems.journeys.connection import journeys
from promotions.systems.journeys.filling import secrets_of
from promotions.systems.journeys.kinds import CANNOT_BE_EXPORTED
from promotions.systems.journeys.payload import DocumentError, Moved, pairs
from promotions.systems.plan_runs import plan_of

LEFT_TO_TARGET = "A system object: the target has its own, and it is not imported."
NOT_LOOKED_AT = "The copy could not be exported, so what it uses could not be looked at"


def broken_words(number: int) -> str:
    """What is said of a copy whose designer shows so many errors."""
    errors = "an error" if number == 1 else f"{number} errors"
    return f"Imported, but the designer shows {errors}: it cannot be published before that is mended."


def made_before_looking(plan: Plan) -> list[TaskResult]:
    """One row for each object of the document, as the platform's answer lets us take it; not saved."""
    return [
        TaskResult(
            type=str(one["type"]).capitalize()[:64],
            remote_id=str(one["uid"] or one["name"])[:500],
            title=str(one["name"])[:500],
            claim="" if one["is_system"] else "imported",
            outcome=ResultOutcome.UNCHANGED if one["is_system"] else ResultOutcome.CREATED,
            explanation=LEFT_TO_TARGET if one["is_system"] else "",
            messages=[],
        )
        for one in plan.display.get("objects", ())
    ]


def look_again(job: Job) -> bool:
    """Compare the copy with what was sent, and note for each object what it has become. May raise ApiError.

    False if the target shows less than was sent: what was just made may take a moment to be seen.
    """
    plan = plan_of(job)
    if plan.document is None or job.sandbox is None:
        return True
    rows = list(job.results.all())
    journey, objects = rows[:1], rows[1:]
    for row in journey:
        row.verification, row.verification_text = Verification.CONFIRMED, "The target shows it."
    moved, reason, is_broken = _moved(job, plan)
    if is_broken:
        _note_broken(job, journey, reason)
    if reason:
        for row in objects:
            if row.outcome == ResultOutcome.CREATED:
                row.verification, row.verification_text = Verification.NOT_CONFIRMED, reason
    else:
        _note(objects, moved)
        JourneyCopy.objects.filter(job=job).update(
            objects_made=[
                {
                    "type": one.type,
                    "name": one.name,
                    "uid": one.uid,
                    "new_uid": one.new_uid,
                    "new_name": one.new_name,
                }
                for one in moved
            ]
        )
    TaskResult.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["pk"],
        update_fields=["verification", "verification_text", "new_id", "outcome", "explanation", "messages"],
    )
    return all(row.verification != Verification.CONTRADICTED for row in rows)


def _moved(job: Job, plan: Plan) -> tuple[tuple[Moved, ...], str, bool]:
    """What became of each object; or why that cannot be told, where the copy gives no export that can be read.

    Last, whether that is because the copy has errors: only versions without are exported (Adobe, "Exporting and
    importing journeys").
    """
    if plan.document is None or job.sandbox is None:
        return (), f"{NOT_LOOKED_AT}.", False
    copy = JourneyCopy.objects.get(job=job)
    try:
        with journeys(job.organization, sandbox=job.sandbox.name, secrets=secrets_of(plan)) as client:
            after = client.export(copy.version_uid).content
        return pairs(documents.content_of(plan.document), after), "", False
    except ApiRejectedError as refusal:
        return (), f"{NOT_LOOKED_AT}: {refusal.message}"[:500], refusal.error_code == CANNOT_BE_EXPORTED
    except DocumentError as failure:
        return (), f"{NOT_LOOKED_AT}: {failure}"[:500], False


def _note_broken(job: Job, journey: list[TaskResult], reason: str) -> None:
    """A copy that cannot be exported cannot be published either, whether or not anything else has said so."""
    for row in journey:
        if row.outcome != ResultOutcome.HIDDEN_ERROR:
            row.outcome = ResultOutcome.HIDDEN_ERROR
            row.explanation = broken_words(1)
            row.messages = [{"status": "ERROR", "attempt": None, "message": reason}, *row.messages]
            JourneyCopy.objects.filter(job=job).update(problems=[reason])


def _note(rows: list[TaskResult], moved: tuple[Moved, ...]) -> None:
    by_uid = {(one.type.capitalize(), one.uid or one.name): one for one in moved}
    for row in rows:
        if row.outcome != ResultOutcome.CREATED:
            continue
        found = by_uid.get((row.type, row.remote_id))
        if found is None:
            row.verification = Verification.CONTRADICTED
            row.verification_text = "The copy in the target does not show it."
        elif found.new_uid == found.uid:
            row.verification = Verification.NOT_CONFIRMED
            row.verification_text = "The copy uses it under its old id, as if it had been there before."
        else:
            row.new_id = found.new_uid[:500]
            row.verification = Verification.CONFIRMED
            renamed = f" as “{found.new_name}”" if found.new_name != found.name else ""
            row.verification_text = f"The target shows it{renamed}."[:500]
