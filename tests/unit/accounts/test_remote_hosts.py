"""Which service URLs an organization may have."""

import pytest

from accounts.checks import check_remote_hosts
from accounts.errors import NoCredentialError
from accounts.remote_hosts import ForbiddenUrlError, check_service_url
from accounts.services import connections
from tests.factories import CredentialFactory


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
        ("https://platform.adobe.io:", "https://platform.adobe.io"),
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
        ("https://[::ffff:127.0.0.1]", "not among the hosts|is this machine"),
        ("https://[::ffff:7f00:1]", "not among the hosts|is this machine"),
        ("https://[::]", "not among the hosts"),
        ("https://[fe80::1%25eth0]", "not among the hosts"),
        ("https://2130706433", "not among the hosts"),
        ("https://0x7f000001", "not among the hosts"),
        ("https://0177.0.0.1", "not among the hosts"),
        ("https://127.1", "not among the hosts"),
        ("https://localhost.", "not among the hosts"),
        ("https://LOCALHOST", "is this machine"),
        ("https://localhost.adobe.io.evil.example", "not among the hosts"),
        ("https://127.0.0.1.nip.io", "not among the hosts"),
        ("https://platform.adobe.io%2eevil.example", "not among the hosts"),
        ("https://platform.adobe.io%00.evil.example", "not among the hosts"),
        ("https://platform。adobe。io", "not among the hosts|not a URL"),
        ("https://platform\uff0eadobe\uff0eio", "not among the hosts|not a URL"),
        ("https://evil.example\u2100.adobe.io", "not among the hosts|not a URL"),
        ("https://xn--pltform-5wa.adobe.io.evil.example", "not among the hosts"),
        ("https://platform.adobe.io;evil.example", "not among the hosts"),
        ("https://platform.adobe.io,evil.example", "not among the hosts"),
        ("https:platform.adobe.io", "not a URL"),
        ("https:///platform.adobe.io", "not a URL"),
        ("//platform.adobe.io", "not a URL"),
        ("javascript:alert(1)//platform.adobe.io", "not a URL"),
        ("file:///etc/passwd", "not a URL"),
        ("https://platform.adobe.io:443:443", "not a URL"),
        ("https://:443", "not a URL"),
        ("https://-.adobe.io", "not among the hosts"),
        ("https://a_b.adobe.io", "not among the hosts"),
        (f"https://{'a' * 64}.adobe.io", "not among the hosts"),
        ("https://\u0430dobe.io", "not among the hosts"),
    ],
)
def test_any_other_url_is_refused_with_the_reason(url, reason):
    with pytest.raises(ForbiddenUrlError, match=reason):
        check_service_url(url)


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://journey.adobe.io/authoring", "https://journey.adobe.io/authoring"),
        ("https://journey.adobe.io/authoring/", "https://journey.adobe.io/authoring"),
        ("https://JOURNEY.adobe.io:443//journey//orchestration//", "https://journey.adobe.io/journey/orchestration"),
        ("https://journey.adobe.io/v1.2_a~b-c", "https://journey.adobe.io/v1.2_a~b-c"),
        ("https://journey.adobe.io/", "https://journey.adobe.io"),
        ("https://journey.adobe.io", "https://journey.adobe.io"),
    ],
)
def test_a_service_that_has_a_path_is_put_into_its_plain_form(url, plain):
    assert check_service_url(url, allows_path=True) == plain


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://journey.adobe.io/authoring?x=1", r"from \? or # on"),
        ("https://journey.adobe.io/authoring?", r"from \? or # on"),
        ("https://journey.adobe.io/authoring#x", r"from \? or # on"),
        ("https://journey.adobe.io/../authoring", r"\.\. cannot be part"),
        ("https://journey.adobe.io/./authoring", r"\. cannot be part"),
        ("https://journey.adobe.io/%2e%2e/authoring", "%2e%2e cannot be part"),
        ("https://journey.adobe.io/authoring;v=1", "cannot be part"),
        ("https://journey.adobe.io/a@evil.example", "cannot be part"),
        ("https://journey.adobe.io/autorización", "cannot be part"),
        ("https://journey.adobe.io/a b", "space"),
        ("https://journey.adobe.io/a\\b", "backslash"),
        ("https://evil.example/authoring", "not among the hosts"),
        ("https://user@journey.adobe.io/authoring", "no user name"),
        ("http://journey.adobe.io/authoring", "must begin with https://"),
        ("https://journey.adobe.io:8443/authoring", "Port 8443"),
        ("http://127.0.0.1:9400/authoring", "is this machine"),
    ],
)
def test_any_other_url_of_a_service_that_has_a_path_is_refused_with_the_reason(url, reason):
    with pytest.raises(ForbiddenUrlError, match=reason):
        check_service_url(url, allows_path=True)


def test_a_path_stays_behind_loopback_where_the_installation_allows_it(settings):
    settings.IS_LOOPBACK_REMOTE_ALLOWED = True

    assert check_service_url("http://127.0.0.1:9400/authoring/", allows_path=True) == "http://127.0.0.1:9400/authoring"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9400", "http://localhost:9400", "http://[::1]:9400"])
def test_loopback_is_admitted_where_the_installation_allows_it(settings, url):
    settings.IS_LOOPBACK_REMOTE_ALLOWED = True

    assert check_service_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://0.0.0.0:9400",
        "http://[::]:9400",
        "http://127.1:9400",
        "http://2130706433:9400",
        "http://localhost.:9400",
        "http://localhost.evil.example:9400",
        "http://127.0.0.1.nip.io:9400",
        "http://10.0.0.1",
        "http://169.254.169.254",
        "http://127.0.0.1:9400@evil.example",
        "http://127.0.0.1:9400/path",
        "http://127.0.0.1:99999",
    ],
)
def test_where_loopback_is_admitted_nothing_else_is(settings, url):
    settings.IS_LOOPBACK_REMOTE_ALLOWED = True

    with pytest.raises(ForbiddenUrlError):
        check_service_url(url)


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["ims_url", "platform_url"])
@pytest.mark.parametrize("url", ["http://127.0.0.1:9400", "https://former.partner.example", "https://evil.example"])
def test_a_stored_url_that_is_no_longer_admitted_gets_no_secret(field, url):
    credential = CredentialFactory(**{f"organization__{field}": url})

    with (
        pytest.raises(NoCredentialError, match=r"cannot be reached.*(this machine|not among the hosts)"),
        connections.connect(credential.organization),
    ):
        pytest.fail("a connection was made")


@pytest.mark.django_db
def test_a_further_service_is_reached_at_its_own_url_by_the_rules_of_today():
    organization = CredentialFactory().organization

    with connections.connect(organization, service="journeys") as connection:
        default = connection.base_url
    organization.service_urls = {"journeys": "https://platform.adobe.io/journey/orchestration"}
    with connections.connect(organization, service="journeys") as connection:
        own = connection.base_url
    organization.service_urls = {"journeys": "https://former.partner.example/authoring"}
    with (
        pytest.raises(NoCredentialError, match=r"cannot be reached.*not among the hosts"),
        connections.connect(organization, service="journeys"),
    ):
        pytest.fail("a connection was made")
    with connections.connect(organization) as connection:
        platform = connection.base_url

    assert default == "https://journey.adobe.io/authoring"
    assert own == "https://platform.adobe.io/journey/orchestration"
    assert platform == "https://platform.adobe.io"


@pytest.mark.parametrize("entry", ["https://platform.adobe.io", "*.adobe.io", "adobe", ".", "a.io:443"])
def test_an_entry_that_would_never_match_stops_the_start(settings, entry):
    settings.ALLOWED_REMOTE_HOSTS = [".adobe.io", ".adobelogin.com", entry]

    problems = check_remote_hosts(None)

    assert [problem.id for problem in problems] == ["accounts.E001"]
    assert entry in problems[0].msg


def test_a_list_without_the_vendor_s_hosts_is_warned_of(settings):
    settings.ALLOWED_REMOTE_HOSTS = ["platform-stage.adobe.io"]

    assert {problem.id for problem in check_remote_hosts(None)} == {"accounts.W001"}
