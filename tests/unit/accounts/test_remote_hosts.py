"""Which service URLs an organization may have."""

import pytest

from accounts.checks import check_remote_hosts
from accounts.remote_hosts import ForbiddenUrlError, check_service_url


@pytest.fixture(autouse=True)
def _vendors_only(settings):
    settings.ALLOWED_REMOTE_HOSTS = [".adobe.io", "ims-na1.adobelogin.com"]
    settings.IS_LOOPBACK_REMOTE_ALLOWED = False


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://platform.adobe.io", "https://platform.adobe.io"),
        ("https://platform.adobe.io/", "https://platform.adobe.io"),
        ("https://PLATFORM.Adobe.IO:443", "https://platform.adobe.io"),
        ("https://a.b.adobe.io", "https://a.b.adobe.io"),
        ("https://ims-na1.adobelogin.com", "https://ims-na1.adobelogin.com"),
    ],
)
def test_an_admitted_url_is_put_into_its_plain_form(url, plain):
    assert check_service_url(url) == plain


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://evil-adobe.io", "not among the hosts"),
        ("https://adobe.io", "not among the hosts"),
        ("https://adobe.io.evil.example", "not among the hosts"),
        ("https://evil.example/.adobe.io", "ends with its host"),
        ("https://other.adobelogin.com", "not among the hosts"),
        ("https://platform.adobe.io.", "not among the hosts"),
        ("https://.adobe.io", "not among the hosts"),
        ("https://a..adobe.io", "not among the hosts"),
        ("https://plätform.adobe.io", "not among the hosts"),
        ("http://platform.adobe.io", "must begin with https://"),
        ("ftp://platform.adobe.io", "not a URL"),
        ("platform.adobe.io", "not a URL"),
        ("https://", "not a URL"),
        ("https://platform.adobe.io:99999", "not a URL"),
        ("https://[::1", "not a URL"),
        ("https://platform.adobe.io:8443", "Port 8443"),
        ("https://user@platform.adobe.io", "no user name"),
        ("https://platform.adobe.io@evil.example", "no user name"),
        ("https://evil.example\\@platform.adobe.io", "backslash"),
        ("https://evil.example\n.adobe.io", "control character"),
        (" https://platform.adobe.io", "space"),
        ("https://platform.adobe.io/data", "ends with its host"),
        ("https://platform.adobe.io?x=1", "ends with its host"),
        ("https://platform.adobe.io#x", "ends with its host"),
        ("http://127.0.0.1:9400", "is this machine"),
        ("https://localhost", "is this machine"),
        ("https://[::1]:9400", "is this machine"),
        ("https://127.1.2.3", "is this machine"),
        ("https://169.254.169.254", "not among the hosts"),
        ("https://0.0.0.0", "not among the hosts"),
        ("https://[::ffff:127.0.0.1]", "not among the hosts"),
    ],
)
def test_any_other_url_is_refused_with_the_reason(url, reason):
    with pytest.raises(ForbiddenUrlError, match=reason):
        check_service_url(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9400", "http://localhost:9400", "http://[::1]:9400"])
def test_loopback_is_admitted_where_the_installation_allows_it(settings, url):
    settings.IS_LOOPBACK_REMOTE_ALLOWED = True

    assert check_service_url(url) == url


@pytest.mark.parametrize("entry", ["https://platform.adobe.io", "*.adobe.io", "adobe", ".", "a.io:443"])
def test_an_entry_that_would_never_match_stops_the_start(settings, entry):
    settings.ALLOWED_REMOTE_HOSTS = [".adobe.io", ".adobelogin.com", entry]

    problems = check_remote_hosts(None)

    assert [problem.id for problem in problems] == ["accounts.E001"]
    assert entry in problems[0].msg


def test_a_list_without_the_vendor_s_hosts_is_warned_of(settings):
    settings.ALLOWED_REMOTE_HOSTS = ["platform-stage.adobe.io"]

    assert {problem.id for problem in check_remote_hosts(None)} == {"accounts.W001"}
