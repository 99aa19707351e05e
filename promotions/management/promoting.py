"""What the commands that promote have in common: plan, decide, run, and say how it really ended."""

import sys
from abc import abstractmethod
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from promotions.choices import ACTIVE, GOOD_ENDS, MAPPED, Decision, ItemInput, Match, PlanState
from promotions.engine import registry
from promotions.management import decisions_file, following, lookups
from promotions.models import Job, Plan, PlanItem, Promotion
from promotions.services import approvals, consent, decisions, plans, runs
from promotions.services.errors import NotReadyError, RefusedError
from promotions.systems.base import system

EXIT_CODES = """\
Exit codes
  0  succeeded; with --plan-only: the plan is ready to run
  1  nothing was run: refused, not found, not ready, or the facts could not be gathered
  2  wrong usage, or a decisions file that cannot be read
  3  succeeded with warnings
  4  partly failed, or failed
  5  needs attention, or not over when the time was up
  6  cancelled; also if the facts changed just before sending, and nothing was sent
  7  waits for an approval, and runs as soon as it is given
"""

PROPOSALS_SHOWN = 3
EXIT_USAGE = 2
EXIT_WAITS = 7


class PromotingCommand(BaseCommand):
    """Plans one promotion in the name of a person, decides it from options and files, and runs it to its end."""

    decisions_help: ClassVar[str]
    """How the decisions file looks, with an example; ends in an empty line. Without one there is no such file."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        epilog = f"{self.decisions_help}{EXIT_CODES}"
        return super().create_parser(
            prog_name, subcommand, epilog=epilog, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--as", dest="email", required=True, metavar="EMAIL", help="the person who does it")
        if self.decisions_help:
            parser.add_argument("--decisions", type=Path, metavar="FILE.json", help="decisions one by one, see below")
        parser.add_argument("--plan-only", action="store_true", help="plan and decide, run nothing")
        parser.add_argument(
            "--ask-approval",
            metavar="NOTE",
            help="where an approval is needed, ask for it with this note; it then runs as soon as it is given",
        )
        following.add_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        wanted = self.wanted(options)
        self.follower = following.Follower(self.stdout.write, options["run_here"], options["timeout"])
        try:
            user = lookups.person(options["email"])
            plan = self.gathered(self.planned(user, options))
            self.prepare(user, plan, wanted, options)
            verdicts = decisions_file.verdicts(wanted, list(plan.items.all()))
            if verdicts:
                decisions.decide(plan=plan, verdicts=verdicts, actor=user)
            self.decide_rest(user, plan, options)
            self.show(plan)
            if options["plan_only"]:
                self.report_readiness(plan)
                return
            if options["ask_approval"] is not None and consent.rule_for(plan.promotion):
                self.ask_approval(user, plan, options["ask_approval"])
            job = self.run(user, plan)
        except (RefusedError, PermissionDenied, LookupError) as refusal:
            raise CommandError(str(refusal.args[0]), returncode=following.EXIT_REFUSED) from refusal
        except KeyboardInterrupt:
            raise CommandError("Stopped waiting. What was sent goes on at the platform.", returncode=130) from None
        for line in self.ending(job):
            self.stdout.write(line)
        if code := following.worst([job.state]):
            sys.exit(code)

    @abstractmethod
    def planned(self, user: User, options: dict[str, Any]) -> Promotion:
        """Plan it. Raises RefusedError, PermissionDenied or LookupError if that is not possible."""

    def wanted(self, options: dict[str, Any]) -> list[decisions_file.Wanted]:
        """The decisions that somebody wrote down. Raises CommandError with the code for wrong usage."""
        path: Path | None = options.get("decisions")
        if path is None:
            return []
        try:
            return decisions_file.read(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as exc:
            raise CommandError(f"{path} cannot be read: {exc}", returncode=EXIT_USAGE) from exc
        except decisions_file.DecisionsFileError as exc:
            raise CommandError(f"{path}: {exc}", returncode=EXIT_USAGE) from exc

    def prepare(self, user: User, plan: Plan, wanted: list[decisions_file.Wanted], options: dict[str, Any]) -> None:
        """Bring into the plan what the decisions are about."""

    def decide_rest(self, user: User, plan: Plan, options: dict[str, Any]) -> None:
        """Decide what nobody wrote down, as the options ask for."""

    def ending(self, job: Job) -> Sequence[str]:
        """How it ended, truthfully."""
        return following.ending(job)

    def gathered(self, promotion: Promotion) -> Plan:
        self.stdout.write(f"Promotion {promotion.pk}: {promotion}")
        followed: Job | None = None
        # What the platform has to work out first is a job of its own, which queues the next one when it ends well.
        while (job := plans.gathering_job(promotion.current_plan)) != followed:
            if job is None:
                raise TypeError("a new plan has a job that gathers its facts")
            self.follow(job)
            if job.state not in GOOD_ENDS:
                raise LookupError(f"The facts could not be gathered; nothing was run. {job.problem}")
            if found := registry.describe(job):
                self.stdout.write(f"  {found}")
            followed = job
        return promotion.current_plan

    def follow(self, job: Job) -> None:
        if not self.follower.to_end([job]) and job.state in ACTIVE:
            raise CommandError(
                f"Job {job.pk} is not over after {self.follower.timeout_s:.0f} s. It goes on if a worker runs; "
                "look at its page.",
                returncode=following.EXIT_TIMEOUT,
            )

    def show(self, plan: Plan) -> None:
        items = list(plan.items.all())
        words = system(plan.promotion.system).words
        number = f"{len(items)} {words.item if len(items) == 1 else words.items}"
        self.stdout.write(f"Plan, revision {plan.revision}, {number}")
        for item in items:
            self.stdout.write(f"  {_line(item)}")

    def report_readiness(self, plan: Plan) -> None:
        plan.refresh_from_db()
        reasons = runs.reasons_not_to_run(plan)
        if reasons or plan.state != PlanState.OPEN:
            raise NotReadyError(["Not ready to run:", *reasons])
        self.stdout.write("Ready to run. Nothing was run.")

    def ask_approval(self, user: User, plan: Plan, note: str) -> NoReturn:
        approval = approvals.request_approval(plan=plan, actor=user, note=note, runs_at_once=True)
        self.stdout.write(
            f"{approval.rule} Asked for approval {approval.pk}; it runs as soon as somebody approves it, until "
            f"{approval.expires_at:%Y-%m-%d %H:%M} UTC."
        )
        sys.exit(EXIT_WAITS)

    def run(self, user: User, plan: Plan) -> Job:
        try:
            job = runs.request_run(plan=plan, actor=user)
        except NotReadyError as refusal:
            raise NotReadyError(["Not run:", *refusal.reasons]) from refusal
        self.stdout.write(f"Running as job {job.pk}")
        self.follow(job)
        return job


def _line(item: PlanItem) -> str:
    does = _decision_words(item)
    if item.is_undecided:
        does += "".join(f"\n      {words}" for words in _proposals(item))
    where = f"  ({item.details['where']})" if item.details.get("where") else ""
    match = f"  [{item.get_match_display().lower()} match]" if item.match != Match.NONE else ""
    missing = "  a right is missing" if item.is_right_missing else ""
    if item.is_undecided:
        return f"{item}{where}:{match}{missing} {does}"
    return f"{item}{where}: {does}{match}{missing}"


def _decision_words(item: PlanItem) -> str:
    words = {
        Decision.UNDECIDED: "undecided" if item.must_decide else "no choice",
        Decision.CREATE: "create new",
        Decision.CONFIRM: "confirmed",
        Decision.KEEP: "keep as it is",
        Decision.LEAVE: "leave out",
    }
    decision, target = Decision(item.decision), item.target or {}
    if decision == Decision.FILL and not target:
        return "edited, value by value"
    if decision == Decision.FILL:
        return "filled in" if item.input == ItemInput.SECRET else f"filled in: {target['title']}"
    if decision in MAPPED and target:
        return f"{'use' if decision is Decision.REUSE else 'update'} {_named(target)}"
    return words.get(decision, decision.label)


def _proposals(item: PlanItem) -> Sequence[str]:
    return [_named(choice["target"]) for choice in item.choices if choice["target"]][:PROPOSALS_SHOWN]


def _named(target: dict[str, str]) -> str:
    if target["type"] == decisions_file.STORED_VALUE:
        return f"the stored value “{target['title']}”"
    return f"{target.get('title') or 'without a title'} ({target['id']})"
