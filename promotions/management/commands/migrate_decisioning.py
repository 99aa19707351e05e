"""`manage.py migrate_decisioning`: analyse a sandbox, map what it needs, migrate it, and say how it really ended."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from accounts.models import User
from promotions.choices import Decision
from promotions.ids_text import first_column
from promotions.management import lookups
from promotions.management.decisions_file import Wanted
from promotions.management.promoting import EXIT_USAGE, PromotingCommand
from promotions.models import Plan, PlanItem, Promotion
from promotions.services import decisioning_plans, decisions
from promotions.services.decisions import Verdict
from promotions.systems.decisioning.items import MAPPED_TYPES
from promotions.systems.decisioning.picks import LEVELS, Pick
from promotions.systems.decisioning.planning import MIGRATED_BEFORE, PREREQUISITE, SOURCE_IS_TARGET
from promotions.systems.decisioning.telling import PREREQUISITES


class Command(PromotingCommand):
    help = (
        "Migrate offers and decisions of Decision management to Decisioning: have the service analyse what they need, "
        "map that to what the target has, run the migration. An organization has one workflow at a time: each waits "
        "for its turn."
    )
    decisions_help = """\
What has to be mapped is named as --plan-only shows it: an attribute or segment by its name, or by TYPE:NAME where
several have it. The decisions file is JSON; a segment of the target is written namespace:id:

  {"items": {"_acme.loyalty.tier": {"decision": "fill", "value": "_acmeprod.loyalty.tier"},
             "Context attribute:channel": {"decision": "keep"},
             "ups:3f0c2a7e": {"decision": "fill", "value": "ups:9b1d4c55"},
             "_acme.oldScore": {"decision": "leave"},
             "dataset": {"decision": "fill", "value": "Decisioning events"},
             "datastream": {"decision": "create"},
             "prerequisite-permissions": {"decision": "confirm"}}}

"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", help="name of the sandbox that holds the objects of Decision management")
        parser.add_argument("target", help="name of the sandbox to migrate into; may be the source")
        parser.add_argument("--organization", required=True, metavar="NAME_OR_ID", help="whose sandboxes they are")
        parser.add_argument(
            "--level", choices=list(LEVELS), default="sandbox", help="what is migrated (default: the whole sandbox)"
        )
        parser.add_argument(
            "--id", action="append", default=[], dest="one_id", metavar="ID", help="an offer or decision; repeatable"
        )
        parser.add_argument(
            "--ids", type=Path, metavar="FILE", help="text or CSV with an id in the first column of each line"
        )
        parser.add_argument("--same-names", action="store_true", help="map whatever is undecided to the same name")
        parser.add_argument(
            "--leave-rest", action="store_true", help="leave out the attributes and segments still undecided"
        )
        parser.add_argument("--dataset", metavar="NAME", help="the Experience Event dataset of the target")
        stream = parser.add_mutually_exclusive_group()
        stream.add_argument("--new-datastream", action="store_true", help="have a datastream made")
        stream.add_argument(
            "--own-datastream", action="store_true", help="use the one that the dataset belongs to already"
        )
        parser.add_argument(
            "--prerequisites-met", action="store_true", help="confirm that you have looked at the prerequisites"
        )
        parser.add_argument(
            "--same-sandbox", action="store_true", help="confirm that source and target are meant to be one sandbox"
        )
        parser.add_argument(
            "--repeat", action="store_true", help="confirm that the target may hold what an earlier migration made"
        )
        parser.add_argument(
            "--hours", type=int, default=24, help="hand a workflow to a person after so many hours (default: 24)"
        )
        super().add_arguments(parser)

    def wanted(self, options: dict[str, Any]) -> list[Wanted]:
        found = super().wanted(options)
        if options["dataset"]:
            found.append(Wanted(name="dataset", decision=Decision.FILL, value=options["dataset"], source="--dataset"))
        for option, name, decision in (
            ("new_datastream", "datastream", Decision.CREATE),
            ("own_datastream", "datastream", Decision.KEEP),
            *(("prerequisites_met", f"{PREREQUISITE}{name}", Decision.CONFIRM) for name, *_ in PREREQUISITES),
            ("same_sandbox", SOURCE_IS_TARGET, Decision.CONFIRM),
            ("repeat", MIGRATED_BEFORE, Decision.CONFIRM),
        ):
            if options[option]:
                found.append(Wanted(name=name, decision=decision, source=f"--{option.replace('_', '-')}"))
        return found

    def planned(self, user: User, options: dict[str, Any]) -> Promotion:
        organization = lookups.organization(user, options["organization"])
        source = lookups.sandbox(user, organization, options["source"])
        ids = tuple(dict.fromkeys([*options["one_id"], *_ids_in(options["ids"])]))
        if options["level"] == "sandbox" and ids:
            raise CommandError(
                "Ids go with --level offer or --level decision; a whole sandbox takes none.", returncode=EXIT_USAGE
            )
        return decisioning_plans.plan_migration(
            pick=Pick(source.name, options["level"], ids, options["hours"]),
            target=lookups.sandbox(user, organization, options["target"]),
            actor=user,
        )

    def decide_rest(self, user: User, plan: Plan, options: dict[str, Any]) -> None:
        undecided = plan.items.filter(must_decide=True, decision=Decision.UNDECIDED, type__in=MAPPED_TYPES)
        wanted = [
            decision
            for option, decision in (("same_names", Decision.KEEP), ("leave_rest", Decision.LEAVE))
            if options[option]
        ]
        verdicts = [
            Verdict(item.pk, decision, seen_batch=item.batch)
            for item in undecided
            if (decision := next((one for one in wanted if _is_offered(item, one)), None)) is not None
        ]
        if verdicts:
            decisions.decide(plan=plan, verdicts=verdicts, actor=user)


def _is_offered(item: PlanItem, decision: Decision) -> bool:
    return any(choice["decision"] == decision for choice in item.choices)


def _ids_in(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise CommandError(f"{path} cannot be read: {exc}", returncode=EXIT_USAGE) from exc
    try:
        return first_column(text)
    except ValueError as exc:
        raise CommandError(f"{path} cannot be read: {exc}", returncode=EXIT_USAGE) from exc
