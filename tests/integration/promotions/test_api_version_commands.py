"""`import_api_version` against the emulator, with the engine in its own process."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import User
from promotions.models import Archive, Job, Plan, Promotion
from promotions.systems.snaplogic.drafting import ACCOUNT_ITEM, VALUE_ITEM
from tests.commands import run_here
from tests.factories import StoredValueFactory, UserFactory
from tests.integration.promotions.conftest import Platform
from tests.integration.promotions.flowing_time import platform
from tests.integration.promotions.snaplogic_world import DEV, World

__all__ = ["platform"]

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "from-the-Environment-1827"
IN_FILE = "from-the-File-1827"


@pytest.fixture
def world(db: None, platform: Platform, drive: Callable[[Job], Job]) -> World:
    return World(platform, drive, UserFactory(email="operator@example.com"))


@pytest.fixture
def zipped(world: World, tmp_path: Path) -> Path:
    path = tmp_path / "orders.zip"
    path.write_bytes(world.exported("acme-dev/apim/orders/1.2"))
    return path


def bring(*more: str, to: str = DEV) -> tuple[int, str]:
    return run_here("import_api_version", *more, "--to", to, "--as", "operator@example.com")


def test_an_account_is_filled_in_from_everywhere_and_the_import_is_verified(
    world: World, zipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = ("--api", "orders", "--version", "2.0")
    looked, shown = bring(str(zipped), *into, "--plan-only")
    accounts = list(Plan.objects.get().items.filter(type=ACCOUNT_ITEM))
    name = next(item for item in accounts if any(leaf["must_be_typed"] for leaf in item.details["leaves"]))
    secrets = [leaf["pointer"] for leaf in name.details["leaves"] if leaf["must_be_typed"]]
    uuid = name.details["uuid"]
    StoredValueFactory(organization=world.dev, name="Orders", value="kept-in-Acme-1827")
    monkeypatch.setenv("ORDERS_PASSWORD", SECRET)
    text = next(leaf for leaf in name.details["leaves"] if leaf["kind"] == "text" and not leaf["is_secret"])
    path = tmp_path / "decisions.json"
    decided = {f"value:{uuid}:{text['pointer']}": {"decision": "fill", "value": "elsewhere"}}
    decided |= {f"value:{uuid}:{pointer}": {"decision": "fill", "value": IN_FILE} for pointer in secrets[1:]}
    path.write_text(json.dumps({"items": decided}))

    code, said = bring(
        str(zipped), *into, "--decisions", str(path), "--keep-accounts",
        "--secret", f"value:{uuid}:{secrets[0]}=ORDERS_PASSWORD",
    )  # fmt: skip

    assert looked == 1
    assert "undecided" in shown
    assert "Not ready to run:" in shown
    assert code == 0, said
    assert f"{name.title}: edited, value by value" in said
    assert f"{text['label'].rpartition('›')[2].strip()} of {name.title}" in said
    assert "filled in: elsewhere" in said
    assert "Succeeded: orders 2.0" in said
    assert world.imports("acme-dev/apim/orders/2.0") == 1
    assert SECRET not in said
    assert IN_FILE not in said


def test_a_version_is_exported_first_and_a_stored_value_goes_along(world: World) -> None:
    StoredValueFactory(organization=world.dev, name="Orders", value="kept-in-Acme-1827")
    begun, _ = bring("--export", "orders", "1.2", "--from", DEV, "--version", "2.0", "--plan-only")
    plan = Plan.objects.get()
    account = next(
        item
        for item in plan.items.filter(type=ACCOUNT_ITEM)
        if any(leaf["must_be_typed"] for leaf in item.details["leaves"])
    )
    stored = [
        f"value:{account.details['uuid']}:{leaf['pointer']}=Orders"
        for leaf in account.details["leaves"]
        if leaf["must_be_typed"]
    ]

    code, said = bring(
        "--export", "orders", "1.2", "--from", DEV, "--version", "2.0", "--keep-accounts", "--edit", account.title,
        *(part for one in stored for part in ("--stored", one)),
    )  # fmt: skip

    assert begun == 1
    assert code == 0, said
    assert "use the stored value “Orders”" in said
    assert Promotion.objects.latest("pk").current_plan.items.filter(type=VALUE_ITEM).exists()
    assert "kept-in-Acme-1827" not in said


def test_what_is_there_already_is_told_with_the_way_to_go_on(world: World, zipped: Path) -> None:
    options = (str(zipped), "--api", "orders", "--version", "1.2", "--keep-accounts")

    unread, first = bring(*options)
    code, said = bring(*options, "--policies-overwritten")

    assert unread == 1
    assert "Not run:" in first
    assert code == 4, said
    assert "409" in said or "already" in said
    assert "To go on: --rule overwrite --types" in said
    assert world.imports("acme-dev/apim/orders/1.2") == 1


def test_expression_files_go_along(world: World, zipped: Path, tmp_path: Path) -> None:
    extra = tmp_path / "helpers_of_ours.expr"
    extra.write_text("{ twice: x => x + x }")

    code, said = bring(
        str(zipped), "--api", "orders", "--version", "2.1", "--keep-accounts", "--expressions", str(extra)
    )

    assert code == 0, said
    assert any("helpers_of_ours" in name for _, name in world.names_there("acme-dev/apim/orders/2.1"))


@pytest.mark.parametrize(
    ("options", "code", "complaint"),
    [
        (["--version", "2.0"], 2, "needs --api and --version"),
        (["--api", "a/b", "--version", "2.0"], 1, "the API"),
        (["--api", "orders", "--version", "2.0", "--rule", "overwrite"], 1, "Choose at least one type"),
        (["--api", "orders", "--version", "2.0", "--types", "Snaplex"], 1, "Snaplex cannot be overwritten"),
        (["--api", "orders", "--version", "2.0", "--edit", "nobody"], 1, "no account “nobody”, which --edit names"),
        (["--api", "orders", "--version", "2.0", "--secret", "x=NO_SUCH_VARIABLE"], 2, "does not hold"),
        (["--api", "orders", "--version", "2.0", "--expressions", "/nowhere.expr"], 2, "cannot be read"),
        (["--api", "orders", "--version", "2.0", "--from", "nowhere"], 1, "no organization “nowhere”"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(
    world: World, zipped: Path, options: list[str], code: int, complaint: str
) -> None:
    found, said = bring(str(zipped), *options)

    assert (found, complaint in said) == (code, True), said
    assert world.imports() == 0


def test_a_file_that_is_no_export_is_refused_and_not_kept(world: World, tmp_path: Path) -> None:
    path = tmp_path / "notes.zip"
    path.write_bytes(b"no zip")

    code, said = bring(str(path), "--api", "orders", "--version", "2.0")

    assert code == 1
    assert "zip" in said
    assert not Archive.objects.exists()


def test_a_production_environment_waits_for_consent(world: World, zipped: Path, platform: Platform) -> None:
    world.prod.is_production = True
    world.prod.save(update_fields=["is_production"])

    code, said = bring(
        str(zipped), "--api", "orders", "--version", "2.0", "--from", DEV, "--keep-accounts", "--ask-approval", "R7",
        to="acme-prod",
    )  # fmt: skip

    assert code == 7, said
    assert world.imports() == 0


def test_people_who_are_not_there_do_nothing(world: World, zipped: Path) -> None:
    User.objects.filter(email="operator@example.com").update(is_active=False)

    code, said = bring(str(zipped), "--api", "orders", "--version", "2.0")

    assert (code, "no active person" in said) == (1, True)
