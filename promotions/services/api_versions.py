"""API versions that are known here: named by people, seen in runs. No route of the platform lists them."""

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils import timezone

from accounts.access import require_role
from accounts.choices import OrganizationKind, Role
from accounts.models import Organization, User
from accounts.services import audit
from clients.snaplogic import VersionPath
from promotions.api_choices import ApiVersionState
from promotions.choices import ACTIVE
from promotions.models import ApiVersion, Job
from promotions.services import jobs
from promotions.services.errors import ConflictError, RefusedError
from promotions.systems.snaplogic import kinds
from promotions.systems.snaplogic.verbs import ApiVerb

NAME_LIMIT = 200


def checked_path(organization: Organization, api: str, version: str) -> VersionPath:
    """The path of a version, exactly as typed: case matters, blanks at the ends do too and are refused.

    Raises RefusedError naming the part that cannot be sent.
    """
    if organization.kind != OrganizationKind.SNAPLOGIC:
        raise RefusedError(f"{organization} has no API versions. Choose an environment of SnapLogic.")
    for field, text, what in (("api", api, "the API"), ("version", version, "the version")):
        if len(text) > NAME_LIMIT:
            raise RefusedError(f"The name of {what} is longer than {NAME_LIMIT} characters.", field=field)
        if text != text.strip():
            raise RefusedError(
                f"The name of {what} begins or ends in a blank, which would be part of it. Remove it.", field=field
            )
        try:
            VersionPath(organization.remote_id, text, "any")
        except ValueError as unfit:
            # The client speaks of the API: the rules are the same for both names.
            raise RefusedError(str(unfit).replace("the API", what), field=field) from unfit
    return VersionPath(organization.remote_id, api, version)


@transaction.atomic
def name(*, organization: Organization, api: str, version: str, actor: User) -> ApiVersion:
    """Add a version to the list; Towpath does not ask whether it is there. Raises ConflictError if it is known."""
    require_role(actor, organization, Role.OPERATOR)
    checked_path(organization, api, version)
    row, is_new = ApiVersion.objects.get_or_create(
        organization=organization, api=api, version=version, defaults={"known_from": f"named by {actor}"[:200]}
    )
    if not is_new:
        raise ConflictError(f"{row} of {organization} is in the list already.", field="version")
    audit.record(ApiVerb.VERSION_NAMED, actor=actor, subject=row, organization=organization)
    return row


@transaction.atomic
def forget(*, api_version: ApiVersion, actor: User) -> None:
    """Take a version out of the list; it stays at the platform, and what was run with it stays in the record."""
    organization = api_version.organization
    require_role(actor, organization, Role.OPERATOR)
    subject = audit.SubjectText(api_version._meta.label_lower, str(api_version.pk), str(api_version))
    api_version.delete()
    audit.record(ApiVerb.VERSION_FORGOTTEN, actor=actor, subject=subject, organization=organization)


@transaction.atomic
def note_state(*, api_version: ApiVersion, state: ApiVersionState, actor: User) -> ApiVersion:
    """A person says what state a version is in, since no call tells it."""
    require_role(actor, api_version.organization, Role.OPERATOR)
    row = ApiVersion.objects.select_for_update(of=("self",)).select_related("organization").get(pk=api_version.pk)
    if row.state == state:
        raise ConflictError(f"{row} is noted as {row.get_state_display().lower()} already.", field="state")
    before, row.state = row.state, state
    row.state_at, row.state_job = timezone.now(), None
    row.save(update_fields=["state", "state_at", "state_job"])
    audit.record(
        ApiVerb.STATE_NOTED,
        actor=actor,
        subject=row,
        organization=row.organization,
        details={"before": before, "after": state},
    )
    return row


@transaction.atomic
def request_listing(*, api_version: ApiVersion, actor: User) -> Job:
    """Have the assets of a version listed; a listing that is under way is returned instead."""
    organization = api_version.organization
    require_role(actor, organization, Role.VIEWER)
    active = Job.objects.filter(
        kind=kinds.LIST_ASSETS, organization=organization, state__in=ACTIVE, params__api_version=api_version.pk
    ).first()
    if active is not None:
        return active
    job = jobs.queue(
        kind=kinds.LIST_ASSETS,
        title=str(api_version),
        organization=organization,
        actor=actor,
        params={"api_version": api_version.pk},
    )
    audit.record(ApiVerb.LISTING_REQUESTED, actor=actor, subject=api_version, organization=organization)
    return job


# What jobs find out


@transaction.atomic
def note_seen(
    organization: Organization,
    path: VersionPath,
    *,
    known_from: str,
    state: ApiVersionState | None = None,
    job: Job | None = None,
) -> ApiVersion:
    """A version that a job has seen is known from then on; with the state that the job has led it to, if it has."""
    row, _ = ApiVersion.objects.get_or_create(
        organization=organization, api=path.api, version=path.version, defaults={"known_from": known_from[:200]}
    )
    if state is not None:
        row.state, row.state_at, row.state_job = state, timezone.now(), job
        row.save(update_fields=["state", "state_at", "state_job"])
    return row


def store_listing(api_version: ApiVersion, assets: Mapping[str, Sequence[str]]) -> None:
    """Keep a list for people to look at, in which no name is longer than they would read."""
    found: dict[str, list[str]] = {}
    for kind, names in sorted(assets.items()):
        found.setdefault(_short(kind), []).extend(_short(name) for name in names)
    kept = {kind: sorted(names) for kind, names in found.items()}
    ApiVersion.objects.filter(pk=api_version.pk).update(assets=kept, listed_at=timezone.now())


def _short(name: str) -> str:
    return name if len(name) <= NAME_LIMIT else f"{name[: NAME_LIMIT - 1]}…"
