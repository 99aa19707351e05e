"""`manage.py roll_back_decisioning`: have a completed migration taken back, and say how that really ended."""

from argparse import ArgumentParser
from typing import Any

from django.http import Http404

from accounts.models import User
from promotions import access
from promotions.choices import Decision
from promotions.management.promoting import PromotingCommand
from promotions.models import Plan, Promotion
from promotions.services import decisions, plans, undoing
from promotions.services.decisions import Verdict

SHOWN = 50


class Command(PromotingCommand):
    help = (
        "Roll back a completed migration to Decisioning: everything that it made goes, also where somebody has worked "
        "on it since, and nothing brings it back. To call this is to confirm that. --plan-only tells what would go, "
        "and the same call without it goes on from there."
    )
    decisions_help = ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("job", type=int, help="number of the job of the migration")
        parser.add_argument("--reason", required=True, metavar="TEXT", help="why; goes into the record")
        super().add_arguments(parser)

    def planned(self, user: User, options: dict[str, Any]) -> Promotion:
        try:
            job = access.job_for_change(user, options["job"])
        except Http404 as exc:
            raise LookupError(f"There is no job {options['job']}, or {user} may not see it.") from exc
        standing = undoing.standing_undo(job)
        if standing is not None and plans.run_job(standing.current_plan) is None:
            self.stdout.write(f"Promotion {standing.pk} plans that already; going on with it.")
            return standing
        return undoing.undo(job=job, reason=options["reason"], actor=user)

    def decide_rest(self, user: User, plan: Plan, options: dict[str, Any]) -> None:
        undecided = plan.items.filter(must_decide=True, decision=Decision.UNDECIDED)
        verdicts = [Verdict(item.pk, Decision.CONFIRM, seen_batch=item.batch) for item in undecided]
        if verdicts:
            decisions.decide(plan=plan, verdicts=verdicts, actor=user)

    def show(self, plan: Plan) -> None:
        super().show(plan)
        made = plan.display.get("made", [])
        for one in made[:SHOWN]:
            self.stdout.write(f"  goes: {one['type']} {one['title']} ({one['new_id']})")
        if len(made) > SHOWN:
            self.stdout.write(f"  and {len(made) - SHOWN} more")
