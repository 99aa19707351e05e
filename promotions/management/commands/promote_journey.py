"""`manage.py promote_journey`: plan the import of a journey, fill it in, run it, and say how it really ended."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from accounts.models import User
from promotions.choices import Decision, ItemInput
from promotions.management import lookups, values
from promotions.management.decisions_file import Wanted
from promotions.management.promoting import PromotingCommand
from promotions.models import Job, JourneyCopy, Plan, Promotion
from promotions.services import decisions, journey_plans


class Command(PromotingCommand):
    help = "Import a copy of a journey into another sandbox: plan, fill in secrets, schemas and names, run, verify."
    decisions_help = """\
What has to be filled in is named as --plan-only shows it in brackets, by its key, or by its title where only one has
it. No secret stands on the command line: it comes from a variable of the environment (--secret), from the values that
the target organization keeps (--stored), or from the decisions file. That file is JSON:

  {"items": {"custom action SMS provider, header api-key": {"decision": "reuse", "stored": "SMS key"},
             "custom action CRM, password": {"decision": "fill", "value": "the secret"},
             "Order placed": {"decision": "reuse", "target": "https://ns.adobe.com/acme/schemas/1"},
             "Welcome EN": {"decision": "keep"}}}

A journey in which nothing has to be filled in has the one item "confirmation" with the decision "confirm".

"""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        # --version is that of the journey here, and not Django's.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("journey", help="id of the journey, or its exact name")
        parser.add_argument("target", help="name of the sandbox to import into, or ORGANIZATION/SANDBOX")
        parser.add_argument(
            "--organization",
            action="append",
            default=[],
            metavar="NAME_OR_ID",
            help="look for the journey here only; may be repeated",
        )
        parser.add_argument("--source-sandbox", default="", metavar="NAME", help="look for it in this sandbox only")
        parser.add_argument(
            "--version", default="", help="number or id of the version to promote (default: the latest)"
        )
        values.add_arguments(parser)
        parser.add_argument(
            "--keep-names",
            action="store_true",
            help="keep the names of templates and mobile apps that are still undecided",
        )
        super().add_arguments(parser)

    def wanted(self, options: dict[str, Any]) -> list[Wanted]:
        return [*super().wanted(options), *values.wanted(options)]

    def planned(self, user: User, options: dict[str, Any]) -> Promotion:
        journey = lookups.journey(user, options["journey"], options["organization"], options["source_sandbox"])
        return journey_plans.plan_promotion(
            journey=journey,
            version_uid=journey_plans.version_named(journey, options["version"]),
            sandbox=lookups.target(user, journey.organization, options["target"]),
            actor=user,
        )

    def decide_rest(self, user: User, plan: Plan, options: dict[str, Any]) -> None:
        if not options["keep_names"]:
            return
        names = [
            item.pk
            for item in plan.items.filter(decision=Decision.UNDECIDED, input=ItemInput.TEXT)
            if item.details.get("what") in ("template", "mobile_app")
        ]
        if verdicts := decisions.kept(plan, names):
            decisions.decide(plan=plan, verdicts=verdicts, actor=user)

    def ending(self, job: Job) -> Sequence[str]:
        copy = JourneyCopy.objects.filter(job=job).select_related("target_sandbox").first()
        if copy is None:
            return super().ending(job)
        left = "mend it, then publish it" if copy.problems else "publish it"
        named = f"“{copy.name}”, {copy.uid or copy.version_uid}"
        return [*super().ending(job), f"The copy is {named}, a draft in {copy.target_sandbox}: {left} in its designer."]
