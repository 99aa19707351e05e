"""Signing in as people do it: a second factor from the first scan on, and the way through a provider."""

import base64
import hashlib
import hmac
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import People, Stack, running_stack
from tests.browser.test_story import look
from tests.oidc_provider import RunningProvider, running_provider
from tests.processes import free_port

pytestmark = pytest.mark.browser

PERSON, ADMINISTRATOR = "vera@example.com", "ada@example.com"
PORT = free_port()


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    with running_provider(f"http://127.0.0.1:{PORT}/accounts/oidc/callback/") as found:
        yield found


@pytest.fixture(scope="module")
def stack(provider: RunningProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(
        tmp_path_factory.mktemp("stack"),
        port=PORT,
        SECOND_FACTOR="required",
        OIDC_ISSUER=provider.url,
        OIDC_CLIENT_ID=provider.client_id,
        OIDC_CLIENT_SECRET=provider.client_secret,
        OIDC_NAME="Acme",
    ) as found:
        yield found


def authenticator_app(key: str, *, ahead: int = 0) -> str:
    """What the app on a telephone shows (RFC 6238), `ahead` steps from now."""
    counter = struct.pack(">Q", int(time.time()) // 30 + ahead)
    digest = hmac.new(base64.b32decode(key), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def set_up(page: Page) -> tuple[str, str]:
    """Scan and switch on; returns the key and what the downloaded file holds."""
    expect(page.get_by_role("img", name="QR code of the key below")).to_be_visible()
    square = page.locator("svg.qr").bounding_box()
    assert square is not None
    assert square["width"] == pytest.approx(square["height"])
    assert square["width"] > 200
    page.get_by_text("No camera at hand?").click()
    key = page.locator(".secret-once code").inner_text().replace(" ", "")
    look(page)
    page.get_by_label("Code that the app shows").fill(authenticator_app(key))
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    look(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    return key, Path(download.value.path()).read_text()


def enter_password(page: Page, stack: Stack, email: str) -> None:
    page.goto("/accounts/login/")
    look(page)
    page.get_by_label("E-mail address").fill(email)
    page.locator("[name=password]").fill(stack.sign_ins[email])
    page.locator("[name=password]").press("Enter")


def test_a_second_factor_and_a_provider_let_in_whom_they_should(people: People, provider: RunningProvider) -> None:
    stack = people.stack
    first = people.sign_in(PERSON)

    # Required: every page leads to the set-up until it is done.
    first.goto("/jobs/")
    expect(first.get_by_role("heading", level=1)).to_have_text("Set up a second factor")
    key, kept = set_up(first)
    first.get_by_role("link", name="I have kept them").click()
    expect(first.locator("main")).to_contain_text("10 of 10 left.")

    # On a telephone: the password leads to the challenge, a used code is refused, a recovery code lets in.
    phone = people.window(width=390)
    enter_password(phone, stack, PERSON)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Enter your code")
    look(phone)
    phone.get_by_label("Code").fill("000000")
    phone.get_by_label("Code").press("Enter")
    expect(phone.locator("main")).to_contain_text("This code is not right, or was used already.")
    phone.get_by_label("Code").fill(kept.splitlines()[4])
    phone.get_by_label("Code").press("Enter")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Home")
    other = people.window()
    enter_password(other, stack, PERSON)
    other.get_by_label("Code").fill(authenticator_app(key, ahead=1))
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Home")
    other.goto("/settings/profile/")
    expect(other.locator("main")).to_contain_text("9 of 10 left.")

    # Through the provider, whose own pages are not ours to judge: a stranger stays out, an administrator comes in and
    # is asked for a factor all the same.
    assert people.complaints == []
    provider.knows("s-1", email="stranger@example.com", email_verified=True)
    provider.knows("a-1", email=ADMINISTRATOR, email_verified=True)
    through = people.window()
    for subject in ("s-1", "a-1"):
        through.goto("/accounts/login/")
        through.get_by_role("link", name="Sign in with Acme").click()
        through.locator("input[name=sub]").fill(subject)
        through.get_by_role("button", name="Authorize").click()
        if subject == "s-1":
            expect(through.locator("main")).to_contain_text("There is no account for stranger@example.com here")
            look(through)
    expect(through.get_by_role("heading", level=1)).to_have_text("Set up a second factor")
    set_up(through)
    through.goto("/settings/profile/")
    expect(through.locator("main")).to_contain_text("linked")

    assert [said for said in people.complaints if "Content Security Policy" in said] == []
