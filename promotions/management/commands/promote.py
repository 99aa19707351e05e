"""`manage.py promote`: plan the import of a package, decide, run it, and say how it really ended."""

from argparse import ArgumentParser
from typing import Any

from accounts.models import User
from promotions.choices import PromotionMode
from promotions.management import lookups
from promotions.management.promoting import PromotingCommand
from promotions.models import Plan, Promotion
from promotions.services import decisions, package_plans


class Command(PromotingCommand):
    help = "Import a published package into a sandbox of its organization: plan, decide, run, verify."
    decisions_help = """\
The decisions file is JSON. An object is named by TYPE:ID, or by its title where only one object has it:

  {"items": {"REGISTRY_SCHEMA:https://ns.example.com/1": {"decision": "reuse", "target": "https://ns.example.com/2"},
             "Gold members": {"decision": "create"}}}

With --update the decision on an existing object is "update" instead of "reuse".

A package of an entire sandbox has the one item "confirmation" with the decision "confirm".

"""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("package", help="remote id of the package, or its exact name")
        parser.add_argument("target_sandbox", help="name of the sandbox to import into")
        parser.add_argument(
            "--organization",
            action="append",
            default=[],
            metavar="NAME_OR_ID",
            help="look for the package here only; may be repeated",
        )
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
        super().add_arguments(parser)

    def planned(self, user: User, options: dict[str, Any]) -> Promotion:
        package = lookups.package(user, options["package"], options["organization"])
        return package_plans.plan_promotion(
            package=package,
            sandbox=lookups.sandbox(user, package.organization, options["target_sandbox"]),
            job_name=options["name"],
            job_description=options["description"],
            actor=user,
            mode=PromotionMode.UPDATE if options["update"] else PromotionMode.CREATE,
        )

    def decide_rest(self, user: User, plan: Plan, options: dict[str, Any]) -> None:
        if options["accept_exact"]:
            decisions.accept_exact(plan=plan, actor=user)
        if options["create_rest"] and (rest := decisions.creations_of_undecided(plan)):
            decisions.decide(plan=plan, verdicts=rest, actor=user)
