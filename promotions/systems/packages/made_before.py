"""What earlier runs made of a package's objects in a sandbox: known by its id, whatever the platform finds similar."""

from collections import defaultdict
from collections.abc import Collection

from accounts.models import Sandbox
from clients.sandbox_tooling import ArtifactRef, RemoteArtifact
from promotions.choices import ResultOutcome, Verification
from promotions.models import TaskResult
from promotions.systems.packages.matching import UPDATABLE, Made

LOOKUP_SIZE = 500
# More copies than these of one object are no help to anybody.
NAMED_AT_MOST = 10


def earlier_made(sandbox: Sandbox, refs: Collection[ArtifactRef]) -> dict[tuple[str, str], dict[str, Made]]:
    """By type and id of the source object, then by id of what was made of it; the latest first."""
    ids = sorted({ref.id for ref in refs if ref.type in UPDATABLE})
    found: defaultdict[tuple[str, str], dict[str, Made]] = defaultdict(dict)
    for start in range(0, len(ids), LOOKUP_SIZE):
        rows = TaskResult.objects.filter(
            job__sandbox=sandbox, outcome=ResultOutcome.CREATED, remote_id__in=ids[start : start + LOOKUP_SIZE]
        )
        rows = rows.exclude(new_id="").exclude(verification=Verification.CONTRADICTED).order_by("-job_id")
        for row in rows.only("job_id", "type", "remote_id", "new_id", "title"):
            made = found[row.type, row.remote_id]
            if len(made) < NAMED_AT_MOST:
                artifact = RemoteArtifact(row.new_id, row.type, row.title, alt_id=None, new_id=None, messages=())
                made.setdefault(row.new_id, Made(artifact, f"created by job {row.job_id}"))
    return dict(found)
