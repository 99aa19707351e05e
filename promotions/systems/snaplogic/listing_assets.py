"""Listing the assets of a version that is known here."""

from clients.errors import ApiAuthError, ApiError, ApiNotFoundError, ApiRejectedError
from promotions.choices import JobState, ProblemKind
from promotions.engine.registry import Activity, Ending, Report
from promotions.models import ApiVersion, Job
from promotions.services import api_versions
from promotions.systems.snaplogic import kinds
from promotions.systems.snaplogic.connection import snaplogic
from promotions.systems.snaplogic.picks import path_of_version


class ListAssets(Activity):
    """Reads only; not every account may."""

    kind = kinds.LIST_ASSETS
    label = "List of assets"

    def run(self, job: Job, report: Report) -> Ending:
        row = ApiVersion.objects.select_related("organization").filter(pk=job.params["api_version"]).first()
        if row is None:
            return Ending(
                state=JobState.FAILED, problem_kind=ProblemKind.REJECTED, problem="It was taken out of the list since."
            )
        report(f"Listing the assets of {row.path}")
        try:
            with snaplogic(job.organization) as client:
                listed = client.list_assets(path_of_version(row))
        except (ApiNotFoundError, ApiRejectedError) as refusal:
            return _refused(row, refusal)
        except ApiAuthError as refusal:
            if refusal.status != 403:
                raise
            return _refused(row, refusal)
        api_versions.store_listing(row, listed.assets)
        number = sum(len(names) for names in listed.assets.values())
        if not listed.is_complete:
            return Ending(
                state=JobState.SUCCEEDED_WITH_WARNINGS,
                problem="The platform's list could not be read completely.",
                result={"assets": number},
            )
        return Ending(state=JobState.SUCCEEDED, result={"assets": number})

    def describe(self, job: Job) -> str:
        number = job.result.get("assets")
        return "" if number is None else f"{number} asset{'' if number == 1 else 's'} listed."


def _refused(row: ApiVersion, refusal: ApiError) -> Ending:
    return Ending(
        state=JobState.FAILED,
        problem_kind=ProblemKind.REJECTED,
        problem=f"The platform does not list the assets of {row}: {refusal.message.rstrip('.')}. It may be gone, or "
        "the account may not list it.",
    )
