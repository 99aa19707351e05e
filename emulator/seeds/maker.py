"""Words with which the seeds are written: objects, copies, packages, past jobs."""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from emulator import kinds
from emulator.submission import new_job
from emulator.things import DAY_MS, Artifact, Job, Organization, Package, Sandbox, SandboxObject, Task
from emulator.versions import add_version
from emulator.world import World


class Maker:
    """Fills one organization. Ages are days before the start."""

    def __init__(self, world: World, org_id: str) -> None:
        self.world = world
        self.org: Organization = world.organizations[org_id]
        self._now_ms = world.founded_ms

    def sandbox(self, name: str) -> Sandbox:
        return self.org.sandboxes[name]

    def ago(self, days: float) -> int:
        return self._now_ms - int(days * DAY_MS)

    def standard(self, sandbox: str, symbol: str) -> SandboxObject:
        return self.sandbox(sandbox).objects[kinds.NAMESPACE, symbol]

    def default_merge_policy(self, sandbox: str) -> SandboxObject:
        return next(
            one for one in self.sandbox(sandbox).objects.values() if one.type == kinds.MERGE_POLICY and one.is_default
        )

    def thing(
        self,
        sandbox: str,
        kind: str,
        title: str,
        *uses: SandboxObject,
        age: float = 300,
        origin: str = "",
        flaw: str = "",
        helpers: int = 0,
        details: Mapping[str, Any] | None = None,
    ) -> SandboxObject:
        """An object in a sandbox that depends on `uses`."""
        source, tenant = self.world.random, self.org.tenant
        return self.sandbox(sandbox).add(
            SandboxObject(
                id=kinds.new_id(source, kind, tenant, title),
                type=kind,
                title=title,
                created_ms=self.ago(age),
                children=tuple(used.ref for used in uses),
                descriptors=tuple(kinds.new_id(source, kinds.DESCRIPTOR, tenant) for _ in range(helpers)),
                origin=origin,
                flaw=flaw,
                details=details or {},
            )
        )

    def changed(self, sandbox: str, thing: SandboxObject, **details: Any) -> SandboxObject:
        """What became of an object after packages with it were published; make those first."""
        for package in self.world.packages.values():
            if (package.source_org_id, package.source_sandbox) == (self.org.id, sandbox):
                self.world.content_of(package)  # fixes the content of a published one
        return self.sandbox(sandbox).replace(thing, dataclasses.replace(thing, details={**thing.details, **details}))

    def renamed_copy(self, sandbox: str, of: SandboxObject, *, age: float) -> SandboxObject:
        """What an earlier import of an object left behind when its title was taken."""
        title = f"{of.title}_{self.ago(age)}"
        return self.thing(sandbox, of.type, title, age=age, origin=of.lineage)

    def package(
        self,
        name: str,
        sandbox: str,
        things: Sequence[SandboxObject] = (),
        *,
        status: str = "PUBLISHED",
        description: str | None = None,
        kind: str = "PARTIAL",
        age: float = 20,
        expires_in: float = 80,
        is_public: bool = False,
        shows_titles: bool = True,
    ) -> Package:
        """A package `age` days old that expires in so many days; published ones have their export job."""
        is_published = status == "PUBLISHED"
        created_ms = self.ago(age)
        published_ms = created_ms + 26_000 if is_published else None
        package = self.world.add_package(
            Package(
                id=self.world.hex_id(),
                org_id=self.org.id,
                name=name,
                description=description if description is not None else f"{name}, from {sandbox}",
                package_type=kind,
                source_org_id=self.org.id,
                source_sandbox=sandbox,
                artifacts=[Artifact(one.id, one.type, one.title if shows_titles else None) for one in things],
                created_ms=created_ms,
                modified_ms=published_ms or created_ms,
                expiry_ms=self._now_ms + int(expires_in * DAY_MS),
                created_by=self.org.user_id,
                modified_by=self.org.user_id,
                client_id=self.org.credentials[0].client_id,
                status=status,
                version=0 if status == "DRAFT" else (1 if status == "PUBLISH_IN_PROGRESS" else 2),
                published_ms=published_ms,
                visibility="PUBLIC" if is_public else "PRIVATE",
            )
        )
        if status != "DRAFT":
            self._export_job(package, status)
        return package

    def saved_versions(self, package: Package, *ages: float) -> None:
        """Versions that were saved so many days ago."""
        for age in ages:
            add_version(self.world, package, user=self.org.user_id, at_ms=self.ago(age))
            package.version += 1

    def _job(self, package: Package, request_type: str, created_ms: int, target: str | None) -> Job:
        return new_job(
            self.world,
            package,
            org_id=self.org.id,
            created_by=self.org.user_id,
            name=package.name,
            description=package.description,
            request_type=request_type,
            target=target,
            created_ms=created_ms,
        )

    def _export_job(self, package: Package, status: str) -> None:
        job = self._job(package, "EXPORT", package.created_ms + 4_000, None)
        job.status = {"PUBLISHED": "SUCCESS", "PUBLISH_FAILED": "FAILED"}.get(status, "IN_PROGRESS")
        job.finished_ms = package.created_ms + 26_000 if job.is_finished else None
        if status == "PUBLISH_FAILED":
            for artifact in package.artifacts[:1]:
                thing = SandboxObject(artifact.id, artifact.type, artifact.title or artifact.id, job.created_ms)
                message = f"{artifact.type} {artifact.id} could not be read in sandbox {package.source_sandbox}"
                job.failed.append(Task(thing, "FAILED", "ERROR", message))

    def finishes_publishing(self, package: Package, *, after_s: float) -> None:
        """Let a package that is being published end well after so many seconds of work."""
        job = next(job for job in self.world.jobs.values() if job.package_id == package.id)
        self.world.after(after_s, partial(_published, self.world, package, job))

    def past_import(
        self, package: Package, target: str, *, age: float, status: str = "SUCCESS", failure: str = ""
    ) -> Job:
        """An import that somebody ran in the product's own UI; its copies are not in the target any more."""
        job = self._job(package, "IMPORT", self.ago(age), target)
        job.status = status
        content = self.world.content_of(package)
        for thing in content:
            if thing.is_standard:
                message = f"{thing.type} {thing.id} is a standard object and was not changed"
                job.completed.append(Task(thing, "SUCCESS", "NO_CHANGE", message))
                continue
            if failure and thing is content[-1]:
                job.failed.append(Task(thing, "FAILED", "ERROR", failure))
                continue
            new_id = kinds.new_id(self.world.random, thing.type, self.org.tenant, thing.title)
            message = f"{thing.type} created. Source id={thing.id}; Target id={new_id}"
            job.completed.append(Task(thing, "SUCCESS", "CREATED", message, new_id=new_id))
            job.replacements[thing.id] = new_id
            job.parents[thing.id] = "::".join((*job.source, thing.type, thing.id))
        job.finished_ms = job.created_ms + 500 * len(content)
        return job


def _published(world: World, package: Package, job: Job) -> None:
    package.status, job.status = "PUBLISHED", "SUCCESS"
    package.published_ms = package.modified_ms = job.finished_ms = world.current_ms()
    package.expiry_ms = package.published_ms + 90 * DAY_MS
    package.version += 1
