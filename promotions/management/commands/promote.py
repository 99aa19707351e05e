"""`manage.py promote`: plan an import, decide, run it, and say how it really ended."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any, NoReturn

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError

from accounts import access
from accounts.models import Organization, Sandbox, User
from promotions.choices import ACTIVE, GOOD_ENDS, MAPPED, Decision, Match, PlanState, PromotionMode
from promotions.management import decisions_file, following, lookups
from promotions.models import Job, Package, Plan, PlanItem
from promotions.services import approvals, consent, decisions, package_plans, plans, runs
from promotions.services.errors import NotReadyError, RefusedError

EPILOG = """\
The decisions file is JSON. An object is named by TYPE:ID, or by its title where only one object has it:

  {"items": {"REGISTRY_SCHEMA:https://ns.example.com/1": {"decision": "reuse", "target": "https://ns.example.com/2"},
             "Gold members": {"decision": "create"}}}

With --update the decision on an existing object is "update" instead of "reuse".

A package of an entire sandbox has the one item "confirmation" with the decision "confirm".

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
EXIT_WAITS = 7


class Command(BaseCommand):
    help = "Import a published package into a sandbox of its organization: plan, decide, run, verify."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, epilog=EPILOG, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("package", help="remote id of the package, or its exact name")
        parser.add_argument("target_sandbox", help="name of the sandbox to import into")
        parser.add_argument("--as", dest="email", required=True, metavar="EMAIL", help="the person who does it")
        parser.add_argument(
            "--organization",
            action="append",
            default=[],
            metavar="NAME_OR_ID",
            help="look for the package here only; may be repeated",
        )
        parser.add_argument("--decisions", type=Path, metavar="FILE.json", help="decisions by object, see below")
        parser.add_argument(
            "--accept-exact", action="store_true", help="use, or update, the existing object of every exact match"
        )
        parser.add_argument("--create-rest", action="store_true", help="create whatever is still undecided")
        parser.add_argument("--name", default="", help="name of the remote job (default: the package's name)")
        parser.add_argument("--description", default="", help="text of the remote job")
        parser.add_argument(
            "--update",
            action="store_true",
            help="import as update: objects of the target are overwritten; for packages with versions",
        )
        parser.add_argument("--plan-only", action="store_true", help="plan and decide, run nothing")
        parser.add_argument(
            "--ask-approval",
            metavar="NOTE",
            help="where an approval is needed, ask for it with this note; the import runs as soon as it is given",
        )
        following.add_arguments(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        wanted = self.read_decisions(options["decisions"])
        self.follower = following.Follower(self.stdout.write, options["run_here"], options["timeout"])
        try:
            user = lookups.person(options["email"])
            package = lookups.package(user, options["package"], options["organization"])
            plan = self.gathered_plan(user, package, options)
            self.decide(user, plan, wanted, options)
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
        for line in following.ending(job):
            self.stdout.write(line)
        if code := following.worst([job.state]):
            sys.exit(code)

    def read_decisions(self, path: Path | None) -> list[decisions_file.Wanted]:
        if path is None:
            return []
        try:
            return decisions_file.read(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as exc:
            raise CommandError(f"{path} cannot be read: {exc}", returncode=2) from exc
        except decisions_file.DecisionsFileError as exc:
            raise CommandError(f"{path}: {exc}", returncode=2) from exc

    def gathered_plan(self, user: User, package: Package, options: dict[str, Any]) -> Plan:
        promotion = package_plans.plan_promotion(
            package=package,
            sandbox=self.sandbox(user, package.organization, options["target_sandbox"]),
            job_name=options["name"],
            job_description=options["description"],
            actor=user,
            mode=PromotionMode.UPDATE if options["update"] else PromotionMode.CREATE,
        )
        self.stdout.write(f"Promotion {promotion.pk}: {promotion}")
        job = plans.gathering_job(promotion.current_plan)
        if job is None:
            raise TypeError("a new plan has a job that gathers its facts")
        self.follow(job)
        if job.state not in GOOD_ENDS:
            raise LookupError(f"The facts could not be gathered; nothing was run. {job.problem}")
        return promotion.current_plan

    def sandbox(self, user: User, organization: Organization, name: str) -> Sandbox:
        sandboxes = access.sandboxes_for_read(user).filter(organization=organization).select_related("organization")
        sandbox = sandboxes.filter(name=name).first()
        if sandbox is None:
            known = ", ".join(sandboxes.values_list("name", flat=True)) or "none"
            raise LookupError(f"{organization} has no sandbox “{name}”. Known: {known}.")
        return sandbox

    def follow(self, job: Job) -> None:
        if not self.follower.to_end([job]) and job.state in ACTIVE:
            raise CommandError(
                f"Job {job.pk} is not over after {self.follower.timeout_s:.0f} s. It goes on if a worker runs; "
                "look at its page.",
                returncode=following.EXIT_TIMEOUT,
            )

    def decide(self, user: User, plan: Plan, wanted: list[decisions_file.Wanted], options: dict[str, Any]) -> None:
        verdicts = decisions_file.verdicts(wanted, list(plan.items.all()))
        if verdicts:
            decisions.decide(plan=plan, verdicts=verdicts, actor=user)
        if options["accept_exact"]:
            decisions.accept_exact(plan=plan, actor=user)
        if options["create_rest"]:
            rest = plan.items.filter(must_decide=True, decision=Decision.UNDECIDED)
            creatable = [
                decisions.Verdict(item.pk, Decision.CREATE)
                for item in rest
                if any(choice["decision"] == Decision.CREATE for choice in item.choices)
            ]
            if creatable:
                decisions.decide(plan=plan, verdicts=creatable, actor=user)

    def show(self, plan: Plan) -> None:
        items = list(plan.items.all())
        self.stdout.write(f"Plan, revision {plan.revision}, {len(items)} objects")
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
    words = {
        Decision.UNDECIDED: "undecided" if item.must_decide else "no choice",
        Decision.CREATE: "create new",
        Decision.CONFIRM: "confirmed",
    }
    decision = Decision(item.decision)
    if decision in MAPPED and item.target:
        verb = "use" if decision is Decision.REUSE else "update"
        does = f"{verb} {item.target.get('title') or item.target['id']} ({item.target['id']})"
    else:
        does = words.get(decision, decision.label)
    if item.is_undecided:
        offered = [choice["target"] for choice in item.choices if choice["target"]][:PROPOSALS_SHOWN]
        does += "".join(f"\n      {target.get('title') or 'without a title'} ({target['id']})" for target in offered)
    match = f"  [{item.get_match_display().lower()} match]" if item.match != Match.NONE else ""
    missing = "  a right is missing" if item.is_right_missing else ""
    return f"{item}: {does}{match}{missing}" if not item.is_undecided else f"{item}:{match}{missing} {does}"
