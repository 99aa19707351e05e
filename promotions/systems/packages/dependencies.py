"""Reading what the objects of a package need, apart from any plan."""

from promotions.choices import JobState
from promotions.engine.registry import Activity, Ending, Report
from promotions.models import Job
from promotions.services import packages
from promotions.systems.packages import kinds
from promotions.systems.packages.connection import tooling
from promotions.systems.packages.planning import read_tree


class ReadDependencies(Activity):
    """Walks the dependency tree and keeps it with the package."""

    kind = kinds.READ_DEPENDENCIES
    label = "Read dependencies"

    def run(self, job: Job, report: Report) -> Ending:
        if job.package is None:
            raise TypeError("a job of this kind has a package")
        with tooling(job.organization, sandbox=job.package.source_sandbox or None) as client:
            report("Reading the package")
            remote = client.get_package(job.package.remote_id)
            packages.apply(job.organization, [remote])
            tree = read_tree(client, remote, report)
        packages.store_dependencies(organization=job.organization, remote_id=remote.id, dependencies=tree.as_json())
        return Ending(state=JobState.SUCCEEDED, result={"objects": len(tree.refs)})
