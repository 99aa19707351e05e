"""Jobs that serve accounts: testing a credential, reading an organization's sandboxes."""

from accounts.services import connections, credential_tests, sandboxes
from promotions.choices import JobState, ProblemKind
from promotions.engine.registry import Activity, Ending, Report
from promotions.models import Job
from promotions.systems.packages.connection import platform

TEST_CREDENTIAL = "accounts.test_credential"
READ_SANDBOXES = "accounts.read_sandboxes"


class TestCredential(Activity):
    """Signing in, then one harmless list call; the outcome is kept with the credential."""

    kind = TEST_CREDENTIAL
    label = "Test credential"

    def run(self, job: Job, report: Report) -> Ending:
        if job.credential is None:
            return Ending(
                state=JobState.FAILED, problem_kind=ProblemKind.CREDENTIALS, problem="The credential was deleted."
            )
        report(credential_tests.announcement(job.credential))
        outcome = credential_tests.run(job.credential)
        credential_tests.record(credential=job.credential, result=outcome, actor=job.requested_by)
        result = {"latency_ms": outcome.latency_ms, "message": outcome.message}
        if outcome.ok:
            return Ending(state=JobState.SUCCEEDED, result=result)
        kind = ProblemKind.UNAVAILABLE if outcome.is_unanswered else ProblemKind.CREDENTIALS
        return Ending(state=JobState.FAILED, problem_kind=kind, problem=_failed(outcome), result=result)

    def describe(self, job: Job) -> str:
        if "latency_ms" not in job.result:
            return ""
        after = f"Answered after {job.result['latency_ms']} ms."
        if job.state == JobState.FAILED:  # the problem says the rest
            return after
        return f"{job.result['message'].rstrip('.')}. {after}"


def _failed(outcome: credential_tests.Outcome) -> str:
    said = outcome.message.rstrip(".")
    if outcome.is_unanswered:
        return f"The credential could not be tested: {said}. Nothing is said against it; test it again later."
    return f"The credential does not work: {said}. Correct it or replace its secret, then test it again."


class ReadSandboxes(Activity):
    """Makes our rows say what the platform's list says."""

    kind = READ_SANDBOXES
    label = "Synchronize sandboxes"

    def run(self, job: Job, report: Report) -> Ending:
        report("Reading the list of sandboxes")
        with platform(job.organization) as connection:
            changes = sandboxes.apply_sandboxes(job.organization, connections.list_sandboxes(connection))
        return Ending(
            state=JobState.SUCCEEDED,
            result={
                "created": list(changes.created),
                "updated": list(changes.updated),
                "vanished": list(changes.vanished),
            },
        )

    def describe(self, job: Job) -> str:
        if "created" not in job.result:
            return ""
        parts = [
            f"{word}: {', '.join(job.result[key])}"
            for key, word in (("created", "New"), ("updated", "Changed"), ("vanished", "No longer there"))
            if job.result.get(key)
        ]
        return f"{'. '.join(parts)}." if parts else "Nothing has changed since the last time."
