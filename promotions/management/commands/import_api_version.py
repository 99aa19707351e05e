"""`manage.py import_api_version`: plan the import of an API version, edit its accounts, run it, say how it ended."""

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import CommandError

from accounts.models import Organization, User
from promotions.api_choices import DuplicateRule
from promotions.choices import Decision
from promotions.management import lookups, values
from promotions.management.decisions_file import Wanted
from promotions.management.promoting import EXIT_USAGE, PromotingCommand
from promotions.models import ApiVersion, Archive, Job, Plan, PlanItem, Promotion
from promotions.services import api_accounts, api_version_plans, api_versions, archives, decisions
from promotions.services.decisions import Verdict
from promotions.systems.snaplogic.advice import remedies
from promotions.systems.snaplogic.asset_types import OVERWRITABLE
from promotions.systems.snaplogic.drafting import ACCOUNT_ITEM
from promotions.systems.snaplogic.picks import Pick

PIECE = 1 << 20
# What has to be read and agreed to, by the option that says that it was.
CONFIRMED = {"policies_overwritten": "policies", "another_version": "another-version"}


class Command(PromotingCommand):
    help = (
        "Import a version of an API into an environment of SnapLogic, from an exported zip or from another version: "
        "plan, edit accounts, run, verify."
    )
    decisions_help = """\
An account goes as exported (--keep-accounts, or "keep"), or is edited: then every secret of it has to be given in
clear, even if it is to stay the same, since the platform encrypts again. No secret stands on the command line: it comes
from a variable of the environment (--secret), from the values that the target organization keeps (--stored), or from
the decisions file. That file is JSON. Naming a value of an account edits the account; --plan-only shows the values of
those that --edit names:

  {"items": {"value:ACCOUNT-ID:/property_map/settings/password/value": {"decision": "fill", "value": "the secret"},
             "value:ACCOUNT-ID:/property_map/settings/hostname/value": {"decision": "fill", "value": "db.prod"},
             "password of mail_account": {"decision": "reuse", "stored": "Mail"},
             "account:OTHER-ACCOUNT-ID": {"decision": "keep"},
             "policies": {"decision": "confirm"}}}

"""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        # --version is that of the API here, and not Django's.
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("file", nargs="?", type=Path, help="the exported zip, unchanged")
        source.add_argument(
            "--export", nargs=2, metavar=("API", "VERSION"), help="export this version first, instead of a file"
        )
        parser.add_argument(
            "--from",
            dest="source",
            metavar="NAME_OR_ID",
            help="the environment that it comes from (default for a file: the target)",
        )
        parser.add_argument(
            "--to", dest="target", required=True, metavar="NAME_OR_ID", help="the environment to import into"
        )
        parser.add_argument("--api", metavar="NAME", help="the API in the target (default: that of --export)")
        parser.add_argument("--version", metavar="NAME", help="the version in the target (default: that of --export)")
        parser.add_argument(
            "--rule",
            choices=DuplicateRule.values,
            default=DuplicateRule.SKIP.value,
            help="what happens to what is there already (default: skip, which adds what is missing)",
        )
        parser.add_argument(
            "--types",
            default="",
            metavar="TYPE,TYPE",
            help=f"with --rule overwrite, what is overwritten: {', '.join(OVERWRITABLE)}",
        )
        parser.add_argument(
            "--expressions",
            nargs="+",
            type=Path,
            default=[],
            metavar="FILE",
            help="expression files that go along, or one zip of them",
        )
        parser.add_argument(
            "--edit",
            action="append",
            default=[],
            metavar="NAME_OR_ID",
            help="edit this account of the zip; may be repeated",
        )
        values.add_arguments(parser)
        parser.add_argument(
            "--keep-accounts", action="store_true", help="let accounts that are still undecided go as exported"
        )
        parser.add_argument(
            "--policies-overwritten",
            action="store_true",
            help="confirm that policies of the same name are overwritten, whatever the rule",
        )
        parser.add_argument(
            "--another-version",
            action="store_true",
            help="confirm that --rule create_new makes one more version, whose name the platform decides",
        )
        super().add_arguments(parser)

    def wanted(self, options: dict[str, Any]) -> list[Wanted]:
        api, version = options["export"] or (None, None)
        if not (options["api"] or api) or not (options["version"] or version):
            raise CommandError("A file needs --api and --version of the target.", returncode=EXIT_USAGE)
        if options["export"] and not options["source"]:
            raise CommandError("--export needs --from, the environment to export from.", returncode=EXIT_USAGE)
        return [*super().wanted(options), *values.wanted(options)]

    def planned(self, user: User, options: dict[str, Any]) -> Promotion:
        target = lookups.organization(user, options["target"])
        source = lookups.organization(user, options["source"]) if options["source"] else target
        api, version = options["export"] or ("", "")
        into = options["api"] or api, options["version"] or version
        api_versions.checked_path(target, *into)  # before anything is kept
        expressions = _expressions(target, options["expressions"], user)
        return api_version_plans.plan_import(
            source=_known(source, api, version, user) if options["export"] else _kept(source, options["file"], user),
            target=target,
            api=into[0],
            version=into[1],
            rule=DuplicateRule(options["rule"]),
            types=[word.strip() for word in options["types"].split(",") if word.strip()],
            expressions=expressions,
            actor=user,
        )

    def prepare(self, user: User, plan: Plan, wanted: list[Wanted], options: dict[str, Any]) -> None:
        found = list(plan.items.filter(type=ACCOUNT_ITEM))
        edited = [_account(found, name) for name in options["edit"]]
        edited += [item for item in found if any(one.name.startswith(f"value:{_uuid(item)}:") for one in wanted)]
        for uuid in dict.fromkeys(_uuid(item) for item in edited):
            api_accounts.edit(plan=plan, uuid=uuid, typed={}, stored={}, actor=user)

    def decide_rest(self, user: User, plan: Plan, options: dict[str, Any]) -> None:
        items = plan.items.filter(decision=Decision.UNDECIDED)
        verdicts = [
            Verdict(item.pk, Decision.CONFIRM)
            for item in items.filter(key__in=[key for option, key in CONFIRMED.items() if options[option]])
        ]
        if options["keep_accounts"]:
            verdicts += [Verdict(item.pk, Decision.KEEP) for item in items.filter(type=ACCOUNT_ITEM)]
        if verdicts:
            decisions.decide(plan=plan, verdicts=verdicts, actor=user)

    def ending(self, job: Job) -> Sequence[str]:
        return [*super().ending(job), *_ways_on(job)]


def _known(organization: Organization, api: str, version: str, user: User) -> ApiVersion:
    row = organization.api_versions.filter(api=api, version=version).first()
    return row or api_versions.name(organization=organization, api=api, version=version, actor=user)


def _kept(organization: Organization, path: Path, user: User) -> Archive:
    with _open(path) as file:
        return archives.receive(organization=organization, chunks=_pieces(file), file_name=path.name, actor=user)


def _expressions(organization: Organization, paths: Sequence[Path], user: User) -> Archive | None:
    if not paths:
        return None
    with ExitStack() as stack:
        files = [(path.name, _pieces(stack.enter_context(_open(path)))) for path in paths]
        return archives.receive_expressions(organization=organization, files=files, actor=user)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as exc:
        raise CommandError(f"{path} cannot be read: {exc}", returncode=EXIT_USAGE) from exc


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


def _account(items: Sequence[PlanItem], name: str) -> PlanItem:
    fitting = [item for item in items if _uuid(item) == name] or [item for item in items if item.title == name]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        ids = ", ".join(_uuid(item) for item in fitting)
        raise LookupError(f"Several accounts are named “{name}”. Use an id: {ids}.")
    known = ", ".join(item.title for item in items) or "none"
    raise LookupError(f"The zip holds no account “{name}”, which --edit names. Known: {known}.")


def _uuid(item: PlanItem) -> str:
    return str(item.details["uuid"])


def _ways_on(job: Job) -> Iterator[str]:
    """The same zip once more, as the platform's pages advise."""
    for one in remedies(job):
        pick = Pick.of(job.promotion) if job.promotion is not None else None
        api, version = one.version or ((pick.api, pick.version) if pick else ("", ""))
        types = f" --types {','.join(one.types)}" if one.types else ""
        yield f"To go on: --rule {one.rule.value}{types} --api “{api}” --version “{version}”. {one.reason}"
