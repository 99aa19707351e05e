"""API versions of SnapLogic in a real browser: uploaded, repaired, made anew with other accounts, brought to an end."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.api_versions import ENVIRONMENT, OPERATOR, ORG, ImportPages, SnapLogic, sha256, tab_to
from tests.browser.conftest import People, Stack
from tests.browser.test_approvals import width_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PHONE, MIB = 390, 1024 * 1024
ADMIN = "ada@example.com"
STORED, STORED_SECRET = "Mail, client secret", "st-Towing-mast-71"
TYPED_SECRET = "pw-Balance-beam-62"
# What Chromium notes of a form that comes back.
REFUSED_FORM = "status of 422"


@pytest.fixture
def platform(stack: Stack, people: People) -> SnapLogic:
    """As it is after the reset for this test."""
    return SnapLogic(stack)


def test_an_upload_that_failed_in_part_is_repaired(people: People, platform: SnapLogic) -> None:
    newer, before = platform.exported("orders", "1.3"), platform.assets("orders", "1.2")
    source = platform.assets("orders", "1.3")
    page = people.sign_in(OPERATOR)
    pages = ImportPages(page)
    pages.plan(newer, api="orders", version="1.2", rule="Add what is missing")
    expect(pages.counts).to_contain_text("9 left as they are")
    expect(page.get_by_role("button", name="Run import of")).to_be_disabled()
    assert platform.effects("import") == []
    pages.keep_accounts()
    expect(pages.counts).to_contain_text("3 of 4 decided")
    pages.confirm()
    pages.run("Run import of orders 1.2 into acme-dev")

    pages.ends("partly failed")
    expect(page.locator(".job-problem")).to_contain_text("9 of 12 assets failed")
    conflict = pages.row("Pipeline orders_get")
    expect(conflict).to_contain_text("failed 409")
    expect(conflict).to_contain_text("Asset with the same name already exists")
    expect(page.get_by_role("row").filter(has_text="failed 409")).to_have_count(9)
    expect(pages.row("Pipeline returns_create")).to_contain_text("created")
    expect(pages.row("Policy Throttle")).to_contain_text("updated")
    after = platform.assets("orders", "1.2")
    added, replaced = ("Pipeline", "returns_create"), ("Policy", "Throttle")
    assert set(after) - set(before) == {added, ("Policy", "Client allow list")}
    assert [key for key in before if after[key]["sha256"] != before[key]["sha256"]] == [replaced]

    page.get_by_role("button", name="Plan again, overwriting Account, File, Job, Pipeline").click()
    pages.is_planned()
    expect(pages.counts).to_contain_text("12 overwritten")
    # What was decided on accounts still stands; what was read said nothing of the policy that came with it.
    expect(pages.counts).to_contain_text("3 of 4 decided")
    expect(pages.row("Confirmation Policies are overwritten")).to_contain_text("Throttle, Client allow list")
    pages.confirm()
    pages.run("Run import of orders 1.2 into acme-dev")

    pages.ends("succeeded")
    expect(pages.state).to_contain_text("claimed 12, verified 12")
    expect(pages.row("Pipeline orders_get")).to_contain_text("updated")
    there = platform.assets("orders", "1.2")
    assert {key: one["sha256"] for key, one in there.items()} == {key: one["sha256"] for key, one in source.items()}
    imports = platform.effects("import")
    assert [(one["rule"], one["failed"], one["document"]) for one in imports] == [
        ("skip", 9, sha256(newer)),
        ("overwrite", 0, sha256(newer)),
    ]
    assert {one["version_path"] for one in imports} == {f"{ORG}/apim/orders/1.2"}
    assert people.complaints == []


def keep_secret(people: People) -> None:
    """An administrator keeps a value that operators may choose and nobody can read."""
    page = people.sign_in(ADMIN)
    page.goto("/settings/organizations/")
    page.get_by_role("link", name=ENVIRONMENT).click()
    page.get_by_role("link", name=re.compile("stored values$")).click()
    page.get_by_role("link", name="Add value").first.click()
    page.get_by_label("Name").fill(STORED)
    page.get_by_label("Value", exact=True).fill(STORED_SECRET)
    page.get_by_role("button", name="Add value").click()
    expect(page.get_by_role("link", name=STORED)).to_be_visible()


def edit(page: Page, account: str) -> None:
    page.get_by_role("link", name=f"Edit Account in the zip {account}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Account {account}")


def test_two_accounts_are_edited_and_their_secrets_encrypted_again(people: People, platform: SnapLogic) -> None:
    keep_secret(people)
    page = people.sign_in(OPERATOR)
    pages = ImportPages(page)
    pages.plan(platform.exported("orders", "1.3"), api="orders", version="2.0", rule="Add what is missing")
    plan_url, shown = page.url, []

    edit(page, "orders_db_account")
    page.get_by_label(re.compile("hostname")).fill("db.next.example.test")
    page.get_by_label(re.compile("password, in clear")).fill(TYPED_SECRET)
    page.get_by_role("button", name="Save account").click()
    expect(pages.row("Account in the zip orders_db_account")).to_contain_text("Edited")
    edit(page, "mail_oauth")
    page.get_by_label(re.compile("client_id")).fill("mail-client-next")
    page.get_by_label(re.compile("or a stored value")).select_option(label=STORED)
    page.get_by_role("button", name="Save account").click()
    expect(pages.row("Account in the zip mail_oauth")).to_contain_text("Edited")
    pages.keep_accounts()
    shown.append(pages.texts())
    edit(page, "orders_db_account")
    expect(page.get_by_text("Typed by Oskar Lind")).to_be_visible()
    shown.append(pages.texts())
    page.get_by_role("link", name="Back to the plan").click()
    page.get_by_role("link", name="file_account as it will be sent").click()
    part = page.get_by_role("region", name="file_account")
    expect(part).to_contain_text("db.next.example.test")
    expect(part).to_contain_text("mail-client-next")
    expect(part).not_to_contain_text("partner_basic")
    shown.append(pages.texts())
    page.goto(plan_url)
    pages.confirm()
    pages.run("Run import of orders 2.0 into acme-dev")

    pages.ends("succeeded")
    job_url = page.url.partition("?")[0]
    for address in (plan_url, *(f"{job_url}?tab={tab}" for tab in ("objects", "timeline", "decisions", "raw"))):
        page.goto(address)
        shown.append(pages.texts())
    database = platform.values("orders", "2.0", "orders_db_account")
    mail = platform.values("orders", "2.0", "mail_oauth")
    assert database["hostname"]["value"] == "db.next.example.test"
    assert mail["client_id"]["value"] == "mail-client-next"
    for secret, given in ((database["password"], TYPED_SECRET), (mail["client_secret"], STORED_SECRET)):
        assert (secret["reencrypted"], secret["sha256"]) == (True, sha256(given))
    assert platform.values("orders", "2.0", "partner_basic")["password"]["reencrypted"] is False
    assert len(platform.effects("import")) == 1
    assert [text for text in shown if TYPED_SECRET in text or STORED_SECRET in text or "ENC(" in text] == []
    assert people.complaints == []


def put_in(page: Page, field: Locator, text: str) -> None:
    """Over whatever stands in a field."""
    tab_to(page, field)
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(text)


def choose_by_keyboard(page: Page, content: bytes, name: str) -> None:
    """In the dialog of the field that has the focus."""
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files({"name": name, "mimeType": "application/zip", "buffer": content})


def press(page: Page, control: Locator) -> None:
    tab_to(page, control)
    page.keyboard.press("Enter")


def has_what_was_typed(page: Page) -> None:
    expect(page.get_by_label("Target environment").locator("option:checked")).to_have_text(ENVIRONMENT)
    expect(page.get_by_role("textbox", name="API")).to_have_value("Customer profile")
    expect(page.get_by_role("textbox", name="Version")).to_have_value("v1")
    expect(page.get_by_role("radio", name="Make another version")).to_be_checked()


def test_another_version_is_made_on_a_phone_by_keyboard(people: People, platform: SnapLogic) -> None:
    platform.make("bulk", "1", size=2 * MIB)
    zipped, before = platform.exported("bulk", "1"), platform.versions()
    page = people.sign_in(OPERATOR, width=PHONE)
    page.on("filechooser", lambda _: None)  # from here on, since the browser takes a moment to hand its dialogs over
    pages = ImportPages(page)
    page.goto("/apis/")
    press(page, page.get_by_role("link", name="Import an API version"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Import an API version")
    assert width_of(page) <= PHONE

    tab_to(page, page.get_by_label("Zip file"))
    choose_by_keyboard(page, b"Not what SnapLogic exports, whatever its name says.", "notes.zip")
    tab_to(page, page.get_by_label("Target environment"))
    page.keyboard.type(ENVIRONMENT)
    put_in(page, page.get_by_role("textbox", name="API"), "Customer profile")
    put_in(page, page.get_by_role("textbox", name="Version"), "v1")
    tab_to(page, page.get_by_role("radio", name="Add what is missing"))
    page.keyboard.press("ArrowDown")
    press(page, page.get_by_role("button", name="Plan import"))
    expect(page.get_by_label("Zip file")).to_have_accessible_description(re.compile("The file is no zip"))
    expect(page.get_by_label("Zip file")).to_be_focused()
    has_what_was_typed(page)
    assert width_of(page) <= PHONE

    choose_by_keyboard(page, zipped, "bulk.zip")
    slow = page.context.new_cdp_session(page)
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": MIB}
    slow.send("Network.emulateNetworkConditions", limits)
    press(page, page.get_by_role("button", name="Plan import"))
    expect(page.get_by_role("progressbar", name="Upload")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text=re.compile(r"[01]\.\d of 2\.\d MiB sent"))).to_be_visible()
    assert width_of(page) <= PHONE
    slow.detach()
    pages.is_planned()
    assert width_of(page) <= PHONE
    expect(page.locator("#import-facts")).to_contain_text("decided by the platform")
    expect(pages.row("Confirmation Another version is made")).to_contain_text("makes another one, unpublished")
    tab_to(page, page.get_by_role("checkbox", name="I have read this, and it may be so"))
    page.keyboard.press("Space")
    run = "Run import of Customer profile v1 into acme-dev"
    press(page, page.get_by_role("link", name=run))
    expect(page.get_by_role("dialog").get_by_role("button", name=run)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/*/")

    pages.ends("succeeded")
    expect(page.get_by_role("region", name="Where it went")).to_contain_text(f"{ORG}/apim/Customer profile/v11")
    assert width_of(page) <= PHONE
    page.goto("/apis/?q=profile")
    expect(page.get_by_role("row").filter(has_text="Customer profile v11")).to_contain_text("unpublished")
    assert width_of(page) <= PHONE
    after = platform.versions()
    assert set(after) - set(before) == {"Customer profile/v11"}
    assert after["Customer profile/v1"]["assets"] == before["Customer profile/v1"]["assets"]
    assert [one["document"] for one in platform.effects("import")] == [sha256(zipped)]
    assert [complaint for complaint in people.complaints if REFUSED_FORM not in complaint] == []


def test_deprecated_and_then_retired_for_good(people: People, platform: SnapLogic) -> None:
    page = people.sign_in(OPERATOR)
    page.goto("/apis/")
    page.get_by_role("row").filter(has_text=ENVIRONMENT).get_by_role("link", name="Lieferübersicht 1.0").click()
    own = page.url
    assert platform.versions()["Lieferübersicht/1.0"]["state"] == "published"
    pages = ImportPages(page)

    page.get_by_role("link", name="Deprecate Lieferübersicht 1.0").click()
    page.get_by_label("Message").fill("Use 1.1 from March on")
    page.get_by_role("button", name="Plan it").click()
    pages.is_planned()
    assert platform.effects("deprecate") == []
    pages.confirm()
    pages.run("Deprecate Lieferübersicht 1.0 in acme-dev")
    pages.ends("succeeded")
    assert platform.versions()["Lieferübersicht/1.0"]["state"] == "deprecated"

    page.goto(own)
    expect(page.locator("main")).to_contain_text("deprecated")
    expect(page.get_by_role("link", name="Publish Lieferübersicht 1.0")).to_have_count(0)
    page.get_by_role("link", name="Retire Lieferübersicht 1.0").click()
    final = page.get_by_label("I know that this is final")
    page.get_by_role("button", name="Plan it").click()
    expect(final).to_be_focused()
    final.check()
    page.get_by_role("button", name="Plan it").click()
    pages.is_planned()
    pages.confirm()
    pages.run("Retire Lieferübersicht 1.0 in acme-dev")
    pages.ends("succeeded")
    assert platform.versions()["Lieferübersicht/1.0"]["state"] == "retired"

    page.goto(own)
    expect(page.locator("main")).to_contain_text("no act leads on from there")
    page.goto("/apis/?state=retired")
    expect(page.get_by_role("row").filter(has_text="Lieferübersicht 1.0")).to_contain_text("retired")
    for act in ("deprecate", "retire"):
        assert [one["path"] for one in platform.effects(act)] == [f"{ORG}/apim/Lieferübersicht/1.0"]
    assert people.complaints == []
