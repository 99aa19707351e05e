"""What the commands of sharing have in common: whom they ask, how they follow a request, how it ended."""

import sys
import time
from abc import abstractmethod
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from promotions.choices import UNFINISHED, UNFINISHED_LEGS, ApprovalState, JobState, LegState, SharingState
from promotions.engine import chores, inline
from promotions.management import following, lookups
from promotions.models import Job, SharingLeg, SharingRequest
from promotions.services import consent, jobs
from promotions.services.errors import RefusedError
from promotions.services.sharing import NOTE_LIMIT

EXIT_WAITS = 7
EXIT_CODES = {
    SharingState.DONE: 0,
    SharingState.PARTLY_DONE: 3,
    SharingState.FAILED: 4,
    SharingState.STOPPED: 6,
    SharingState.TURNED_DOWN: 6,
}
CHORES_EVERY_S = 30

EPILOG = """\
Nothing is sent before somebody else consents: an approver of the organization, under Approvals, with a reason.

Exit codes
  0  done; only with --wait
  1  nothing was asked: refused, or not found
  2  wrong usage, or a file that cannot be read
  3  partly done
  4  failed, or refused by the partner
  5  needs attention, or not over when the time was up
  6  not approved, or stopped
  7  asked; waits for the approval
"""


class SharingCommand(BaseCommand):
    """Asks for something in the name of a person, and says whose approval is awaited or how it ended."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, epilog=EPILOG, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as", dest="email", required=True, metavar="EMAIL", help="the person who asks")
        parser.add_argument("--note", default="", help=f"for those who decide; up to {NOTE_LIMIT} characters")
        parser.add_argument("--wait", action="store_true", help="follow it until it is over")
        following.add_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["run_here"] and not options["wait"]:
            raise CommandError("--run-here does the work in this process, and so needs --wait.", returncode=2)
        self.read(options)
        try:
            request = self.ask(lookups.person(options["email"]), options)
        except (RefusedError, PermissionDenied, LookupError) as refusal:
            raise CommandError(str(refusal.args[0]), returncode=following.EXIT_REFUSED) from refusal
        self.stdout.write(f"Asked for the {request.title}, as request {request.pk}.")
        self.stdout.write(whom_it_waits_for(request))
        if not options["wait"]:
            sys.exit(EXIT_WAITS)
        self.follow(request, options)

    def read(self, options: dict[str, Any]) -> None:
        """Read what files the options name. Raises CommandError with the code for wrong usage."""

    @abstractmethod
    def ask(self, user: User, options: dict[str, Any]) -> SharingRequest:
        """Ask for it in the name of this person."""

    def follow(self, request: SharingRequest, options: dict[str, Any]) -> None:
        follower = RequestFollower(following.Follower(self.stdout.write, options["run_here"], options["timeout"]))
        try:
            is_over = follower.to_end(request)
        except KeyboardInterrupt:
            raise CommandError(
                "Stopped waiting. The request goes on; its page has the button to stop it.", returncode=130
            ) from None
        if not is_over and not needs_person(request):
            raise CommandError(
                f"Request {request.pk} is not over after {options['timeout']:.0f} s: "
                f"{request.get_state_display().lower()}. It goes on if a worker runs; look at its page.",
                returncode=following.EXIT_TIMEOUT,
            )
        for line in ending(request):
            self.stdout.write(line)
        if code := EXIT_CODES.get(SharingState(request.state), following.EXIT_TIMEOUT):
            sys.exit(code)


def add_partners(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--with",
        dest="partner_ids",
        action="append",
        required=True,
        metavar="ORGANIZATION_ID",
        help="id of the other organization, which ends in @AdobeOrg; may be repeated",
    )


def whom_it_waits_for(request: SharingRequest) -> str:
    """Who may consent and until when, in a sentence."""
    approval = consent.latest(request)
    if approval is None:
        raise TypeError("a sharing request has an approval")
    people = [str(one) for one in consent.deciders(request, requested_by=request.created_by)]
    if not people:
        return (
            f"Approval {approval.pk} waits, and nobody can give it: it needs an approver of {request.organization} "
            f"other than {request.created_by}. Give somebody that role."
        )
    return f"Approval {approval.pk} waits for {' or '.join(people)}, until {approval.expires_at:%Y-%m-%d %H:%M} UTC."


def needs_person(request: SharingRequest) -> bool:
    """Whether nothing of it goes on before somebody has looked at a job."""
    legs = [leg for leg in _legs(request) if leg.state in UNFINISHED_LEGS]
    return bool(legs) and all(job is not None and job.state == JobState.NEEDS_ATTENTION for job in map(_job_of, legs))


def ending(request: SharingRequest) -> list[str]:
    """How a request ended, truthfully, each partner or package on its own line."""
    unsure = "Needs attention" if not request.is_over else request.get_state_display()
    lines = [f"{unsure}: {request.title} (request {request.pk})"]
    legs = _legs(request)
    for leg in legs:
        job = _job_of(leg)
        problem = leg.problem
        if job is not None and job.state == JobState.NEEDS_ATTENTION:
            problem = f"{job.problem} Job {job.pk} waits for a person."
        lines.append(f"  {name_of(leg)}: {leg.get_state_display().lower()}{f'. {problem}' if problem else ''}")
    if request.problem and not any(leg.problem for leg in legs):
        lines.append(request.problem)
    return lines


def name_of(leg: SharingLeg) -> str:
    """What tells it from the other parts of its request."""
    if leg.package_remote_id:
        return f"{leg.package_remote_id} from {leg.partner}"
    return leg.partner or "everybody"


@dataclass
class RequestFollower:
    """Prints what happens to a sharing request until it is over, or waits for a person."""

    follower: following.Follower
    _said_state: dict[int, str] = field(default_factory=dict)
    _is_decision_said: bool = False

    def to_end(self, request: SharingRequest) -> bool:
        """Follow it; False if the time ran out before, or a job of it needs attention. Refreshes the row."""
        began = time.monotonic()
        chores_at = began
        is_warned = False
        while True:
            done = 0
            if self.follower.is_run_here:
                done = inline.run_due()
                if time.monotonic() >= chores_at:
                    chores.do_all()  # what beat would have done
                    chores_at = time.monotonic() + CHORES_EVERY_S
            request.refresh_from_db()
            active = self._tell(request)
            if request.is_over:
                return True
            waited = time.monotonic() - began
            if needs_person(request) or waited > self.follower.timeout_s:
                return False
            if not is_warned and active and not self.follower.is_run_here and waited > following.NO_WORKER_AFTER_S:
                is_warned = self.follower.warn_of_no_worker(active)
            if not done:
                self.pause()

    def pause(self) -> None:
        time.sleep(following.PAUSE_S)

    def _tell(self, request: SharingRequest) -> list[Job]:
        """Say what is new; returns the jobs that are under way."""
        self._tell_decision(request)
        legs = _legs(request)
        for leg in legs:
            self._tell_leg(leg, name_of(leg) if len(legs) > 1 else "")
        found = [_job_of(leg) for leg in legs]
        return [job for job in found if job is not None and job.state in UNFINISHED]

    def _tell_leg(self, leg: SharingLeg, name: str) -> None:
        """What a job does stands below the state that it belongs to."""
        for job, state in ((leg.asking_job, LegState.ASKING), (leg.sending_job, LegState.SENDING)):
            if leg.state == state:
                self._tell_state(leg, name)
            if job is not None:
                self.follower.tell(job, name=name)
                jobs.watch(job)
        self._tell_state(leg, name)

    def _tell_state(self, leg: SharingLeg, name: str) -> None:
        if leg.state != self._said_state.get(leg.pk, LegState.WAITING):
            self.follower.say(f"  {f'{name}: ' if name else ''}{leg.get_state_display()}")
            self._said_state[leg.pk] = leg.state

    def _tell_decision(self, request: SharingRequest) -> None:
        approval = consent.latest(request)
        if self._is_decision_said or approval is None or approval.state == ApprovalState.PENDING:
            return
        self._is_decision_said = True
        by = f" by {approval.decided_by}: {approval.reason}" if approval.decided_by else ""
        self.follower.say(f"  {approval.get_state_display()}{by}")


def _legs(request: SharingRequest) -> list[SharingLeg]:
    return list(request.legs.select_related("asking_job__organization", "sending_job__organization"))


def _job_of(leg: SharingLeg) -> Job | None:
    """The job that does, or did, the latest work of it."""
    return leg.sending_job or leg.asking_job
