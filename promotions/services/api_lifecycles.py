"""Planning changes of the life of API versions: publish, unpublish, deprecate, retire."""

import hashlib
import json
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts.access import require_role
from accounts.choices import Role
from accounts.models import Organization, User
from promotions.api_choices import ALLOWED_FROM, LifecycleAct
from promotions.models import ApiVersion, Job, Promotion
from promotions.services import api_versions, plans, repeats
from promotions.services.errors import RefusedError
from promotions.systems.snaplogic.acts import DONE, Act
from promotions.systems.snaplogic.json_reading import UnfitJsonError, load
from promotions.systems.snaplogic.kinds import LIFECYCLE_SYSTEM

VERSIONS_LIMIT = 100
MESSAGE_LIMIT = 1000
SPEC_LIMIT = 2_000_000


@transaction.atomic
def plan_change(*, organization: Organization, act: Act, actor: User, origin_job: Job | None = None) -> Promotion:
    """Start a change of versions of one environment; the plan is confirmed, agreed to and run like any other.

    Raises RefusedError if a version, or what goes along, cannot take part.
    """
    require_role(actor, organization, Role.OPERATOR)
    if not act.versions:
        raise RefusedError(f"Choose the versions to be {DONE[act.act]}.", field="versions")
    if len(act.versions) > VERSIONS_LIMIT:
        raise RefusedError(f"Choose at most {VERSIONS_LIMIT} versions at once.", field="versions")
    if len(set(act.versions)) < len(act.versions):
        raise RefusedError("A version is named twice.", field="versions")
    for api, version in act.versions:
        api_versions.checked_path(organization, api, version)
    _check_told(act)
    for path, row in known_versions(organization, act.versions).items():
        if row is not None and row.state not in ALLOWED_FROM[act.act]:
            raise RefusedError(
                f"{path.replace('/', ' ')} is {row.get_state_display().lower()}, as far as Towpath knows, and cannot "
                f"be {DONE[act.act]} from there. If it is not so, note its state on its page.",
                field="versions",
            )
    digest = hashlib.sha256("\n".join(sorted(act.paths)).encode()).hexdigest()[:16]
    return plans.start(
        system_name=LIFECYCLE_SYSTEM,
        title=act.title,
        source=organization,
        source_place=act.what[:256],
        sandbox=organization.environment,
        pick=act.as_json(),
        pick_key=f"{organization.pk}:{act.paths[0] if len(act.paths) == 1 else digest}"[:600],
        origin_job=origin_job,
        job_name=act.title,
        actor=actor,
        details={"act": act.act, "versions": act.paths[:50]},
    )


@transaction.atomic
def plan_again(promotion: Promotion, *, actor: User, origin_job: Job | None) -> Promotion:
    """The same once more; of a job, only what of it has failed."""
    act = Act.of(promotion)
    if origin_job is not None:
        failed = set(repeats.failed_results(origin_job).values_list("remote_id", flat=True))
        left = tuple(pair for pair in act.versions if "/".join(pair) in failed)
        act = Act(**{**vars(act), "versions": left or act.versions})
    return plan_change(organization=promotion.target_organization, act=act, actor=actor, origin_job=origin_job)


def known_versions(organization: Organization, versions: Sequence[tuple[str, str]]) -> dict[str, ApiVersion | None]:
    """What is known here of each version, by its path within the environment."""
    rows = {
        (row.api, row.version): row for row in organization.api_versions.filter(api__in={api for api, _ in versions})
    }
    return {"/".join(pair): rows.get(pair) for pair in versions}


def _check_told(act: Act) -> None:
    """Raises RefusedError for what the platform would be told besides."""
    if len(act.message) > MESSAGE_LIMIT:
        raise RefusedError(f"A message has at most {MESSAGE_LIMIT:,} characters.", field="message")
    if act.act != LifecycleAct.PUBLISH:
        return
    if len(act.versions) > 1:
        raise RefusedError("Publish one version at a time: each has a specification of its own.", field="versions")
    try:
        validate_email(act.contact_email)
    except ValidationError as unfit:
        raise RefusedError("Name the mail address of a contact.", field="contact_email") from unfit
    if not act.spec.strip():
        raise RefusedError("A version is published with its OpenAPI document. Paste or upload it.", field="spec")
    if len(act.spec) > SPEC_LIMIT:
        raise RefusedError(f"The specification is longer than {SPEC_LIMIT:,} characters.", field="spec")
    if not act.is_yaml:
        _require_json_object(act)


def _require_json_object(act: Act) -> None:
    """What it says has to be what is read of it, and what can be sent."""
    try:
        found = load(act.spec.encode(), name="The specification")
        json.dumps(act.document, ensure_ascii=False).encode()
    except UnfitJsonError as unfit:
        raise RefusedError(f"{unfit.message} Say so if it is YAML.", field="spec") from unfit
    except UnicodeEncodeError as unfit:
        raise RefusedError("The specification holds signs that are no text.", field="spec") from unfit
    if not isinstance(found, dict):
        raise RefusedError("The specification is no JSON object. Say so if it is YAML.", field="spec")
