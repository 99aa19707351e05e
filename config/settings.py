"""Settings: everything that differs between installations comes from the environment (docs/configuration.md)."""

import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dj_database_url
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import embedded, env, sign_in
from config.env import Mode

BASE_DIR = Path(__file__).resolve().parent.parent
MODE = env.mode()
IS_EMBEDDED = MODE in (Mode.EMBEDDED, Mode.DEMO)
# Made-up data keep to themselves.
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "var" / ("demo" if MODE is Mode.DEMO else "")))).absolute()

# Keys

if IS_EMBEDDED:
    try:
        embedded.use_kept_keys(DATA_DIR)
    except (embedded.EmbeddedError, OSError) as exc:
        raise ImproperlyConfigured(str(exc)) from exc
SECRET_KEY = env.secret("SECRET_KEY", MODE)
AUDIT_KEY = env.secret("AUDIT_KEY", MODE)
if SECRET_KEY == AUDIT_KEY:
    raise ImproperlyConfigured("AUDIT_KEY is the same as SECRET_KEY. Make a key of its own for the audit trail.")
CREDENTIAL_KEYS = env.fernet_keys("CREDENTIAL_KEYS", MODE)

# Hosts

DEBUG = False
LOOPBACK_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", None if MODE is Mode.PRODUCTION else LOOPBACK_HOSTS)
if MODE is Mode.PRODUCTION and "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is '*'. Name the hosts people use to reach Towpath.")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", [])
# Where remote systems may live. A leading dot admits every host below it. Loopback is for the emulator only.
ALLOWED_REMOTE_HOSTS = env.words(
    "ALLOWED_REMOTE_HOSTS", [".adobe.io", ".adobelogin.com", ".adobe.net", ".snaplogic.com"]
)
IS_LOOPBACK_REMOTE_ALLOWED = MODE in (Mode.DEMO, Mode.DEVELOPMENT)

# Applications

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "promotions",
    "operations",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.RequestIdMiddleware",
    "config.middleware.PrivateAnswersMiddleware",
    "config.middleware.CacheOutageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.AuditContextMiddleware",
    "accounts.middleware.FirstRunMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "accounts.middleware.TimeZoneMiddleware",
    "csp.middleware.CSPMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context_processors.shell",
            ],
        },
    },
]

# Database

DATABASE_URL = env.url(
    "DATABASE_URL",
    None if MODE is Mode.PRODUCTION else f"sqlite:///{quote(str(DATA_DIR / embedded.DATABASE_FILE))}",
    ["postgres", "postgresql", "sqlite"],
)
DATABASES: dict[str, Any] = {
    "default": dict(dj_database_url.parse(DATABASE_URL, conn_max_age=60, conn_health_checks=True))
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE takes the write lock at BEGIN: a read that turns into a write would otherwise fail as "locked" at once.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA mmap_size=268435456;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ATOMIC_REQUESTS = False

# Broker and cache

REDIS_URL = env.url(
    "REDIS_URL",
    None if MODE is Mode.PRODUCTION else f"unix://{quote(str(embedded.valkey_socket(DATA_DIR)))}",
    ["redis", "rediss", "unix"],
)


def _with_database(url: str, number: int) -> str:
    """The same server, another database number (cache beside broker)."""
    if url.startswith("unix://"):
        return f"{url.partition('?')[0]}?db={number}"
    base, _, query = url.partition("?")
    scheme, _, rest = base.partition("://")
    host = rest.split("/", 1)[0]
    return f"{scheme}://{host}/{number}" + (f"?{query}" if query else "")


CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": _with_database(REDIS_URL, 1),
    }
}
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
TASK_TIME_LIMIT_S = 280
# The total deadline of an upload or an export, above the 15 minutes that SnapLogic may work on a call, and how long the
# effect of an upload may stay invisible: what arrives as the deadline passes may be worked on for 15 minutes more.
UPLOAD_DEADLINE_S = env.integer("UPLOAD_DEADLINE_S", 960, least=1, most=7200)
UPLOAD_SETTLE_S = env.integer("UPLOAD_SETTLE_S", 1920, least=2, most=14_400)
if UPLOAD_SETTLE_S <= UPLOAD_DEADLINE_S:
    raise ImproperlyConfigured(
        f"UPLOAD_SETTLE_S ({UPLOAD_SETTLE_S}) must exceed UPLOAD_DEADLINE_S ({UPLOAD_DEADLINE_S}): otherwise an upload "
        "that is still under way could be taken for lost."
    )
LONG_TASK_TIME_LIMIT_S = max(TASK_TIME_LIMIT_S, UPLOAD_DEADLINE_S + 220)
# Longer than any task, so that a message is not delivered again while its task still works.
VISIBILITY_TIMEOUT_S = LONG_TASK_TIME_LIMIT_S + 20
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": VISIBILITY_TIMEOUT_S,
    # kombu looks for lost messages every interval x throttle seconds; the defaults make that 100 s.
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "max_connections": 100,
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = TASK_TIME_LIMIT_S
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TIMEZONE = "UTC"
CELERY_TASK_ROUTES = {
    "promotions.tasks.tick": {"queue": "tick"},
    "promotions.tasks.follow_organization": {"queue": "tick"},
    "promotions.tasks.do_chores": {"queue": "tick"},
    "promotions.tasks.run_long": {"queue": "long"},
    "promotions.tasks.submit_long": {"queue": "long"},
    "promotions.tasks.warn_of_expiries": {"queue": "interactive"},
    "accounts.tasks.deliver_notices": {"queue": "interactive"},
    "accounts.tasks.verify_record": {"queue": "long"},
}
CELERY_BEAT_SCHEDULE = {
    # Beat is a metronome: what is due stands in the database. An old tick is worth nothing, so it expires.
    "tick": {"task": "promotions.tasks.tick", "schedule": 1.0, "args": ["beat"], "options": {"expires": 3}},
    "chores": {"task": "promotions.tasks.do_chores", "schedule": 30.0, "options": {"expires": 60}},
    "mail": {"task": "accounts.tasks.deliver_notices", "schedule": 10.0, "options": {"expires": 10}},
    "record": {"task": "accounts.tasks.verify_record", "schedule": 30.0, "options": {"expires": 30}},
    "expiries": {"task": "promotions.tasks.warn_of_expiries", "schedule": crontab(minute="7")},
}
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"

# Remote work

# A write's total deadline, and how long its effect may stay invisible: only after the latter may an empty search count.
SUBMIT_DEADLINE_S = env.integer("SUBMIT_DEADLINE_S", 60, least=1, most=TASK_TIME_LIMIT_S - 20)
SUBMIT_SETTLE_S = env.integer("SUBMIT_SETTLE_S", 120, least=2, most=3600)
if SUBMIT_SETTLE_S <= SUBMIT_DEADLINE_S:
    raise ImproperlyConfigured(
        f"SUBMIT_SETTLE_S ({SUBMIT_SETTLE_S}) must exceed SUBMIT_DEADLINE_S ({SUBMIT_DEADLINE_S}): otherwise a write "
        "that is still under way could be taken for lost and sent twice."
    )
FOLLOW_INTERVAL_S = env.integer("FOLLOW_INTERVAL_S", 30, least=2, most=600)
FOLLOW_DEADLINE_HOURS = env.integer("FOLLOW_DEADLINE_HOURS", 24, least=1, most=24 * 14)
# How long approvers have to decide, and from their consent on how long it may be used.
APPROVAL_HOURS = env.integer("APPROVAL_HOURS", 72, least=1, most=24 * 30)
ANALYSIS_HOURS = env.integer("ANALYSIS_HOURS", 24, least=1, most=24 * 7)
TYPED_SECRETS_DAYS = env.integer("TYPED_SECRETS_DAYS", 14, least=1, most=90)
# Exported zips: what may be uploaded or fetched, and how long it is kept after its last use.
ARCHIVE_MAX_MB = env.integer("ARCHIVE_MAX_MB", 512, least=1, most=4096)
ARCHIVE_MAX_UNPACKED_MB = env.integer("ARCHIVE_MAX_UNPACKED_MB", 4096, least=1, most=65_536)
ARCHIVE_DAYS = env.integer("ARCHIVE_DAYS", 30, least=1, most=3650)
# Of pages: they tell at the field what was thrown away. A face that would rather raise sets its own on its requests,
# before anything of the body is read.
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "config.uploads.DiskUploadHandler",
]
# Each export holds a thread of the web server while its client reads; the others must go on answering.
EXPORTS_AT_ONCE = env.integer("EXPORTS_AT_ONCE", 2, least=1, most=100)
SYNC_INTERVAL_S = env.integer("SYNC_INTERVAL_S", 900, least=30, most=86_400)

# People

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "promotions:home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "accounts.forms.sign_in.SignInForm",
    "reauthenticate": "accounts.forms.sign_in.ConfirmForm",
    "reset_password": "accounts.forms.sign_in.ForgottenPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reset_password": "20/m/ip,5/m/key",
    "oidc": "60/m/ip",  # every way there and back: each asks the provider something
}
ACCOUNT_PREVENT_ENUMERATION = True
SECOND_FACTOR = sign_in.SecondFactor(
    env.choice("SECOND_FACTOR", "OPTIONAL", [one.upper() for one in sign_in.SecondFactor]).lower()
)
MFA_ADAPTER = "accounts.adapter.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "accounts.forms.sign_in.SecondFactorForm",
    "reauthenticate": "accounts.forms.sign_in.SecondFactorAgainForm",
}
MFA_TOTP_TOLERANCE = 1  # clocks of telephones differ by some seconds; a code is still good only once
OIDC = sign_in.oidc(
    MODE,
    issuer=env.text("OIDC_ISSUER", ""),
    client_id=env.text("OIDC_CLIENT_ID", ""),
    client_secret=env.text("OIDC_CLIENT_SECRET", ""),
    name=env.text("OIDC_NAME", ""),
    scopes=env.words("OIDC_SCOPES", ["openid", "profile", "email"]),
    is_only=env.flag("OIDC_ONLY", False),
)
SOCIALACCOUNT_ADAPTER = "accounts.adapter.IdentityAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
# Where people find this installation, for links in mail: a worker knows no request.
PUBLIC_URL = (
    env.url("PUBLIC_URL", f"https://{ALLOWED_HOSTS[0].lstrip('.')}", ["https"])
    if MODE is Mode.PRODUCTION
    else env.url("PUBLIC_URL", f"http://127.0.0.1:{env.text('PORT', '8000')}", ["http", "https"])
).rstrip("/")
if not re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+", PUBLIC_URL):
    raise ImproperlyConfigured(
        "PUBLIC_URL must be scheme and host, with a port if need be, and nothing else: https://towpath.example.com."
    )
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "towpath@localhost")
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if env.text("EMAIL_HOST", "")
    else "django.core.mail.backends.console.EmailBackend"
)
EMAIL_HOST = env.text("EMAIL_HOST", "")
# Without a mail server nobody is told that a message was sent; administrators make password links instead.
CAN_SEND_MAIL = bool(EMAIL_HOST) or MODE is Mode.DEVELOPMENT
EMAIL_PORT = env.integer("EMAIL_PORT", 587, least=1, most=65535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 20

# Browser safety

IS_HTTPS = MODE is Mode.PRODUCTION
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 12
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # probes come from inside, without TLS
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.flag("BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

# REST API

API_CALLS_PER_MINUTE = env.integer("API_CALLS_PER_MINUTE", 1200, least=1, most=10_000_000)
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.ApiTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.parsers.JsonParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.problems.exception_handler",
    "URL_FORMAT_OVERRIDE": None,  # there is one format
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "DEFAULT_THROTTLE_CLASSES": ["config.throttling.LenientThrottle"],
    "DEFAULT_THROTTLE_RATES": {"user": f"{API_CALLS_PER_MINUTE}/min"},
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Towpath",
    "DESCRIPTION": "Promote configuration between environments and organizations, and read the record.",
    "VERSION": "1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    # Asked at the vendor's server otherwise.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "displayOperationId": False, "validatorUrl": None},
    "ENUM_NAME_OVERRIDES": {
        "OrganizationKindEnum": "accounts.choices.OrganizationKind",
        "CredentialKindEnum": "accounts.choices.CredentialKind",
        "JobStateEnum": "promotions.choices.JobState",
        "PlanStateEnum": "promotions.choices.PlanState",
        "ApprovalStateEnum": "promotions.choices.ApprovalState",
        "DeliveryStateEnum": "accounts.choices.DeliveryState",
        "ProblemKindEnum": "promotions.choices.ProblemKind",
        "ItemKindEnum": "promotions.choices.ItemKind",
        "DecisionEnum": "promotions.choices.Decision",
        "MatchEnum": "promotions.choices.Match",
        "PromotionModeEnum": "promotions.choices.PromotionMode",
        "SharingKindEnum": "promotions.choices.SharingKind",
        "SharingStateEnum": "promotions.choices.SharingState",
        "JourneyStateEnum": "promotions.choices.JourneyState",
        "JourneySourceEnum": "promotions.choices.JourneySource",
        "ApiVersionStateEnum": "promotions.api_choices.ApiVersionState",
        "ArchiveKindEnum": "promotions.api_choices.ArchiveKind",
        "ArchiveOriginEnum": "promotions.api_choices.ArchiveOrigin",
        "DuplicateRuleEnum": "promotions.api_choices.DuplicateRule",
        "LifecycleActEnum": "promotions.api_choices.LifecycleAct",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.openapi.finish",
    ],
}

# Health and figures

# Without a token /metrics does not exist. A proxy makes every caller look local, so "loopback only" would be no rule.
METRICS_TOKEN = env.token("METRICS_TOKEN")
METRICS_DIR = Path(env.text("METRICS_DIR", str(DATA_DIR / "metrics"))).absolute()
READY_FREE_MB = env.integer("READY_FREE_MB", 200, least=0, most=1_000_000)

# Languages, static files, logs

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
_COLLECTED = Path(env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
# Collected files carry a digest in their names and are served from there; without them the finders look.
_IS_COLLECTED = sys.argv[1:2] == ["collectstatic"] or (_COLLECTED / "staticfiles.json").exists()
STATIC_ROOT = _COLLECTED if _IS_COLLECTED else None
WHITENOISE_USE_FINDERS = not _IS_COLLECTED
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "files"},
    },
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if _IS_COLLECTED
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
# The console of a demo shows what somebody who tries Towpath needs: address and sign-ins.
LOG_LEVEL = env.choice("LOG_LEVEL", "WARNING" if MODE is Mode.DEMO else "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])
LOG_FORMAT = env.choice("LOG_FORMAT", "LINE", ["LINE", "JSON"]).lower()
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "context": {"()": "config.logs.ContextFilter"},
        "redact": {"()": "config.logs.RedactFilter"},
    },
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s [%(context)s] %(message)s"},
        "json": {"()": "config.logs.JsonFormatter"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["context", "redact"]}
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "httpx": {"level": "WARNING"},  # it logs whole URLs
        "celery.worker.strategy": {"level": "WARNING"},  # a line for every tick otherwise
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}
