"""`manage.py promote_journey`: plan the import of a journey, fill it in, run it, and say how it really ended."""

import os
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError

from accounts.models import User
from promotions.choices import Decision, ItemInput
from promotions.management import lookups
from promotions.management.decisions_file import Wanted
from promotions.management.promoting import EXIT_USAGE, PromotingCommand
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
        parser.add_argument(
            "--secret",
            action="append",
            default=[],
            metavar="KEY=VARIABLE",
            help="fill in a secret from a variable of the environment; may be repeated",
        )
        parser.add_argument(
            "--stored",
            action="append",
            default=[],
            metavar="KEY=NAME",
            help="fill in a value that the target organization keeps under a name; may be repeated",
        )
        parser.add_argument(
            "--keep-names",
            action="store_true",
            help="keep the names of templates and mobile apps that are still undecided",
        )
        super().add_arguments(parser)

    def wanted(self, options: dict[str, Any]) -> list[Wanted]:
        return [
            *super().wanted(options),
            *(_secret(*_parts("--secret", said)) for said in options["secret"]),
            *(_stored(*_parts("--stored", said)) for said in options["stored"]),
        ]

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


def _parts(option: str, said: str) -> tuple[str, str]:
    """What stands on both sides of the last equals sign."""
    key, _, value = said.rpartition("=")
    if not (key and value):
        form = "KEY=VARIABLE" if option == "--secret" else "KEY=NAME"
        # What was said is not repeated: somebody may have put the secret itself there.
        raise CommandError(f"{option} takes {form}.", returncode=EXIT_USAGE)
    return key, value


def _secret(key: str, variable: str) -> Wanted:
    value = os.environ.get(variable, "")
    if not value:
        raise CommandError(
            f"--secret for “{key.partition('=')[0]}” names a variable that the environment does not hold, or an empty "
            "one. Put the secret into a variable, and its name here.",
            returncode=EXIT_USAGE,
        )
    return Wanted(name=key, decision=Decision.FILL, value=value, source="--secret", is_secret=True)


def _stored(key: str, name: str) -> Wanted:
    return Wanted(name=key, decision=Decision.REUSE, stored=name, source="--stored")
