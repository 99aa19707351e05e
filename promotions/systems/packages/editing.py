"""Changes of a draft: objects added and removed, name, text and expiry."""

from datetime import datetime

from clients.sandbox_tooling import RemotePackage, SandboxToolingClient
from promotions.models import Job, Package
from promotions.services import asked_expiries, packages
from promotions.services.verbs import Verb
from promotions.systems.packages import kinds
from promotions.systems.packages.changing import (
    Key,
    PackageChange,
    are_or_is,
    asked_objects,
    described,
    held,
    keys,
    moment,
    objects,
    package_of,
    refs,
    words,
)


class ObjectsChange(PackageChange):
    """A change of what a draft holds, sent only onto the objects that the person saw."""

    def difference(self, job: Job, remote: RemotePackage) -> str:
        seen, there = _seen(job), keys(remote)
        sentences = []
        for found, said in ((there - seen, "in it now"), (seen - there, "no longer in it")):
            if found:
                known = {(artifact.type, artifact.id): artifact.title or "" for artifact in remote.artifacts}
                sentences.append(
                    f"{objects(len(found)).capitalize()} {are_or_is(len(found))} {said}: {words(found, known)}."
                )
        return " ".join(sentences)


class AddSubmission(ObjectsChange):
    kind = kinds.ADD
    label = "Add objects"
    phrase = "Adding objects to"
    accepted = Verb.ADDITION_ACCEPTED
    act = "adding objects to"

    def send(self, client: SandboxToolingClient, job: Job, package: Package) -> RemotePackage:
        return client.add_artifacts(package.remote_id, refs(job), expires_at=self.asked_expiry(job, package))

    def shows(self, job: Job, remote: RemotePackage) -> bool:
        return not keys(remote).isdisjoint(asked_objects(job))

    def is_whole(self, job: Job, remote: RemotePackage) -> bool:
        return asked_objects(job).keys() <= keys(remote)

    def shortfalls(self, job: Job, package: Package) -> list[str]:
        asked, there = asked_objects(job), held(package)
        missing = asked.keys() - there.keys()
        return [
            *not_taken(missing, len(asked), asked),
            *unasked(there.keys() - asked.keys() - _seen(job), there),
            *lost(_seen(job) - there.keys()),
        ]

    def describe(self, job: Job) -> str:
        return _with_left_out(job, "was in it already", "were in it already")


class RemoveSubmission(ObjectsChange):
    kind = kinds.REMOVE
    label = "Remove objects"
    phrase = "Removing objects from"
    accepted = Verb.REMOVAL_ACCEPTED
    act = "removing objects from"

    def send(self, client: SandboxToolingClient, job: Job, package: Package) -> RemotePackage:
        return client.remove_artifacts(package.remote_id, refs(job), expires_at=self.asked_expiry(job, package))

    def shows(self, job: Job, remote: RemotePackage) -> bool:
        return not asked_objects(job).keys() <= keys(remote)

    def is_whole(self, job: Job, remote: RemotePackage) -> bool:
        return keys(remote).isdisjoint(asked_objects(job))

    def shortfalls(self, job: Job, package: Package) -> list[str]:
        asked, there = asked_objects(job), held(package)
        left = asked.keys() & there.keys()
        still = f"{len(left)} of {objects(len(asked))} {are_or_is(len(left))} still in it: {words(left, there)}."
        return [
            *([still] if left else []),
            *unasked(there.keys() - _seen(job), there),
            *lost(_seen(job) - asked.keys() - there.keys()),
        ]

    def describe(self, job: Job) -> str:
        return _with_left_out(job, "was not in it", "were not in it")


class EditSubmission(PackageChange):
    """Name, text and expiry. The platform wants the name and the sandbox in any case."""

    kind = kinds.EDIT
    label = "Edit package"
    phrase = "Editing of"
    accepted = Verb.EDIT_ACCEPTED
    act = "editing"

    def send(self, client: SandboxToolingClient, job: Job, package: Package) -> RemotePackage:
        return client.update_package(
            package.remote_id,
            name=job.params["name"],
            source_sandbox=package.source_sandbox,
            description=job.params["description"],
            expires_at=self.asked_expiry(job, package),
        )

    def asked_expiry(self, job: Job, package: Package) -> datetime | None:
        return moment(job.params["expires_at"])

    def difference(self, job: Job, remote: RemotePackage) -> str:
        seen = job.params["seen"]
        sentences = []
        if remote.name[:500] != seen["name"]:
            sentences.append(f"Its name is “{remote.name}” by now.")
        if remote.description != seen["description"]:
            sentences.append("Its description is another one by now.")
        return " ".join(sentences)

    def shows(self, job: Job, remote: RemotePackage) -> bool:
        changed = self._changed(job)
        if changed:
            return any(_text(remote, name) == job.params[name] for name in changed)
        return self._is_expiry_set(job, remote)

    def is_whole(self, job: Job, remote: RemotePackage) -> bool:
        is_named = all(_text(remote, name) == job.params[name] for name in ("name", "description"))
        return is_named and self._is_expiry_set(job, remote)

    def shortfalls(self, job: Job, package: Package) -> list[str]:
        sentences = []
        if package.name != job.params["name"]:
            sentences.append(f"The name is “{package.name}”, not “{job.params['name']}” as was asked for.")
        if package.description != job.params["description"]:
            sentences.append("The description is not the one that was asked for.")
        return sentences

    def submitted(self, job: Job, *, how: str) -> None:
        packages.note_asked_expiry(package_of(job), moment(job.params["expires_at"]))
        super().submitted(job, how=how)

    def _changed(self, job: Job) -> list[str]:
        return [name for name, before in job.params["seen"].items() if job.params[name] != before]

    def _is_expiry_set(self, job: Job, remote: RemotePackage) -> bool:
        asked = moment(job.params["expires_at"])
        if asked is None:
            return True
        return remote.expires_at is not None and abs(remote.expires_at - asked) <= asked_expiries.EXPIRY_TOLERANCE


def not_taken(missing: set[Key], asked: int, named: dict[Key, str]) -> list[str]:
    """Objects that were sent, and that the package does not hold."""
    if not missing:
        return []
    number = len(missing)
    return [
        f"{number} of {objects(asked)} {are_or_is(number)} not in it: {words(missing, named)}. Check the type and the "
        "id, then add again."
    ]


def unasked(found: set[Key], named: dict[Key, str]) -> list[str]:
    """Objects that nobody here asked for."""
    return [f"It also holds what was not asked for here: {words(found, named)}."] if found else []


def lost(found: set[Key]) -> list[str]:
    """Objects that were there before, and that nobody here asked to have removed."""
    return [f"It no longer holds, without having been asked here: {words(found, {})}."] if found else []


def _seen(job: Job) -> set[Key]:
    return {(artifact_type, remote_id) for artifact_type, remote_id in job.params["seen"]}


def _text(remote: RemotePackage, name: str) -> str:
    return str(getattr(remote, name))


def _with_left_out(job: Job, one: str, more: str) -> str:
    number = job.params.get("left_out", 0)
    left_out = (
        f" {number} {one if number == 1 else more}, and {'was' if number == 1 else 'were'} left out." if number else ""
    )
    return f"{described(job)}{left_out}".strip()
