"""Every state and verdict of API versions, with their named groups."""

from django.db.models import TextChoices


class ApiVersionState(TextChoices):
    """Where a version is in its life: unpublished <-> published -> deprecated -> retired.

    No call of the platform tells it, so it is what the last act that Towpath saw has led to.
    """

    UNKNOWN = "unknown", "Unknown"
    UNPUBLISHED = "unpublished", "Unpublished"
    PUBLISHED = "published", "Published"
    DEPRECATED = "deprecated", "Deprecated"
    RETIRED = "retired", "Retired"


class LifecycleAct(TextChoices):
    PUBLISH = "publish", "Publish"
    UNPUBLISH = "unpublish", "Unpublish"
    DEPRECATE = "deprecate", "Deprecate"
    RETIRE = "retire", "Retire"


class DuplicateRule(TextChoices):
    """What an import does where the target has the version, or an asset of it, already."""

    SKIP = "skip", "Add what is missing"
    CREATE_NEW = "create_new", "Make another version"
    OVERWRITE = "overwrite", "Overwrite chosen types"


class ArchiveKind(TextChoices):
    VERSION = "version", "API version"
    EXPRESSIONS = "expressions", "Expression files"


class ArchiveOrigin(TextChoices):
    UPLOADED = "uploaded", "Uploaded"
    EXPORTED = "exported", "Exported"


# The states from which an act leads on; from an unknown one the platform has the last word. What the platform's texts
# disagree on, publishing a deprecated version again, is not offered (SnapLogic, public API, "Deprecate versions").
ALLOWED_FROM: dict[LifecycleAct, tuple[ApiVersionState, ...]] = {
    LifecycleAct.PUBLISH: (ApiVersionState.UNPUBLISHED, ApiVersionState.UNKNOWN),
    LifecycleAct.UNPUBLISH: (ApiVersionState.PUBLISHED, ApiVersionState.UNKNOWN),
    LifecycleAct.DEPRECATE: (ApiVersionState.PUBLISHED, ApiVersionState.UNKNOWN),
    LifecycleAct.RETIRE: (ApiVersionState.DEPRECATED, ApiVersionState.UNKNOWN),
}
LEADS_TO: dict[LifecycleAct, ApiVersionState] = {
    LifecycleAct.PUBLISH: ApiVersionState.PUBLISHED,
    LifecycleAct.UNPUBLISH: ApiVersionState.UNPUBLISHED,
    LifecycleAct.DEPRECATE: ApiVersionState.DEPRECATED,
    LifecycleAct.RETIRE: ApiVersionState.RETIRED,
}
