"""Settings, all from the environment, typed. `.env.example` lists every variable.

`FAIRLINE_ENV=production` refuses to start on anything unsafe (config/env.py); `local`, the
default, is what `scripts/run` and the tests use.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from accounts import secrets
from accounts.clock import parse_acceleration
from config.env import (
    Env,
    age_gate,
    backup_keys,
    check_production,
    gate_bounds,
    holdout,
    jurisdictions,
    operator_level,
    paper,
    parse_credits,
    parse_drift,
    rate,
    route_rates,
    secrets_keys,
    shown,
    sign_up,
)
from config.observability import logging_settings, start_error_reports

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()
DOTENV = Path(env.str("FAIRLINE_DOTENV", default=str(BASE_DIR / ".env")))
if DOTENV.is_file():
    env.read_env(DOTENV)

# --- what this is
IS_PRODUCTION = env.str("FAIRLINE_ENV", default="local") == "production"
VERSION = "0.1.0"
REVISION = env.str("FAIRLINE_REVISION", default="unknown")
VAR_DIR = Path(env.str("FAIRLINE_VAR", default=str(BASE_DIR / "var")))
ARTIFACT_DIR = Path(env.str("FAIRLINE_ARTIFACTS", default=str(VAR_DIR / "artifacts")))
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="" if IS_PRODUCTION else "local-only-" + "x" * 50)
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=[] if IS_PRODUCTION else ["localhost", "127.0.0.1", "[::1]"]
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "x-api-key",
]
CORS_EXPOSE_HEADERS = [
    "deprecation",
    "etag",
    "idempotency-replayed",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "retry-after",
    "sunset",
    "x-request-id",
]
# How many of our own proxies stand before us; their X-Forwarded-For entries are believed.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

# --- who may come in (docs/guides/accounts.md)
# Who may open an account: anybody, who was invited, or nobody.
SIGN_UP = sign_up(env.str("FAIRLINE_SIGN_UP", default="invited"))
# Log-ins tried from one address in a minute, and with one name in ten minutes.
LOGIN_TRIES = env.int("FAIRLINE_LOGIN_TRIES", default=10)
SIGN_UP_TRIES = env.int("FAIRLINE_SIGN_UP_TRIES", default=5)
# Whether operators and admins need a second factor; production refuses to start without.
SECOND_FACTOR_REQUIRED = env.bool("FAIRLINE_SECOND_FACTOR_REQUIRED", default=True)
# Fernet keys with commas between: the first locks secrets in the database, all of them open them.
SECRETS_KEYS = secrets_keys(
    env.str("FAIRLINE_SECRETS_KEYS", default="" if IS_PRODUCTION else secrets.key_from(SECRET_KEY))
)

# --- mail
# smtp+tls://name:password@host:587, smtp+ssl://...:465; unset, mail is printed on the console.
EMAIL = env.email_url("EMAIL_URL", default="consolemail://")
EMAIL_BACKEND = EMAIL["EMAIL_BACKEND"]
EMAIL_HOST = EMAIL["EMAIL_HOST"] or "localhost"
EMAIL_PORT = EMAIL["EMAIL_PORT"] or 25
EMAIL_HOST_USER = EMAIL["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = EMAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = EMAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = EMAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="Fairline <fairline@localhost>")

# --- the odds provider and the world's clock
THE_ODDS_API_KEY = env.str("THE_ODDS_API_KEY", default="")
THE_ODDS_API_URL = env.str("THE_ODDS_API_URL", default="https://api.the-odds-api.com")
THE_ODDS_API_COMPETITIONS = env.list("THE_ODDS_API_COMPETITIONS", default=["basketball_nba"])
THE_ODDS_API_REGIONS = env.list("THE_ODDS_API_REGIONS", default=["us", "eu"])
THE_ODDS_API_MARKETS = env.list("THE_ODDS_API_MARKETS", default=["h2h", "spreads", "totals"])
# Bookmakers win over regions; each ten cost as much as a region.
THE_ODDS_API_BOOKMAKERS = env.list("THE_ODDS_API_BOOKMAKERS", default=[])
# Markets that only one event at a time is told of: alternate_spreads, h2h_h1, ...
THE_ODDS_API_EVENT_MARKETS = env.list("THE_ODDS_API_EVENT_MARKETS", default=[])
# Credits a month; empty: as many as the provider says the plan has.
THE_ODDS_API_MONTHLY_CREDITS = parse_credits(env.str("THE_ODDS_API_MONTHLY_CREDITS", default=""))
# The interval three to one hours before a start; each fetch of three markets in two regions costs
# six credits. docs/algorithms/budget.md says what the plan makes of it.
FETCH_ODDS_SECONDS = env.int("FETCH_ODDS_SECONDS", default=900)
# Where file: addresses of file feeds may point; empty: nowhere.
FILE_FEED_FOLDER = env.str("FILE_FEED_FOLDER", default="")
# Whether file feeds may ask hosts of this machine's own network, and plain http.
FILE_FEEDS_MAY_BE_PRIVATE = env.bool("FILE_FEEDS_MAY_BE_PRIVATE", default=False)
# Origins of one's own network that a webhook may reach, such as http://127.0.0.1:9000; else none.
WEBHOOK_ORIGINS = env.list("FAIRLINE_WEBHOOK_ORIGINS", default=[])
# Ports a webhook may name beside 443.
WEBHOOK_PORTS = [int(port) for port in env.list("FAIRLINE_WEBHOOK_PORTS", default=[])]
# How long to wait after the first failed try of an alert; each further wait is twice as long.
ALERT_RETRY_AFTER = timedelta(seconds=env.float("FAIRLINE_ALERT_RETRY_SECONDS", default=10.0))
# What links in alerts begin with: where people reach this Fairline.
PUBLIC_URL = env.str("FAIRLINE_PUBLIC_URL", default="http://localhost:8000").rstrip("/")
# Days that what was frozen of opportunities passed over is kept, and a notice once it was read; 0
# keeps all for ever.
JOURNAL_KEPT_DAYS = env.int("JOURNAL_KEPT_DAYS", default=90)
NOTICES_KEPT_DAYS = env.int("NOTICES_KEPT_DAYS", default=90)
# Whole months of price changes to keep; 0 keeps all for ever.
PRICES_KEPT_MONTHS = env.int("PRICES_KEPT_MONTHS", default=0)
# How long stakes on a postponed event stand, from when it should have started.
POSTPONED_STAKES_STAND = timedelta(hours=env.int("POSTPONED_STAKES_STAND_HOURS", default=48))
# How long after its start an event without a result waits for an operator.
RESULTS_OVERDUE_AFTER = timedelta(hours=env.int("RESULTS_OVERDUE_HOURS", default=12))
CLOCK = parse_acceleration(env.str("FAIRLINE_CLOCK", default=""))
# What a version must have shown before it is promoted.
PROMOTION_GATES = gate_bounds(
    games=env.int("FAIRLINE_GATE_GAMES", default=300),
    calibration_error=env.float("FAIRLINE_GATE_CALIBRATION_ERROR", default=0.02),
    champion=env.str("FAIRLINE_GATE_CHAMPION", default="not_worse"),
    attacked=env.bool("FAIRLINE_GATE_ATTACKED", default=False),
)
# Whether a scheduled retraining may promote what passed every gate.
# By competition: the seasons no choice may rest on; of others, the newest that is over.
HOLDOUT = holdout(env.str("FAIRLINE_HOLDOUT", default=""))
AUTO_PROMOTE = env.bool("FAIRLINE_AUTO_PROMOTE", default=False)
# How many days after `trained_until` a version may still predict; 0: for ever.
MODEL_EXPIRY_DAYS = env.int("FAIRLINE_MODEL_EXPIRY_DAYS", default=365)
# How many days back drift is read, and from where on each reading warns and pauses.
DRIFT_DAYS = env.int("FAIRLINE_DRIFT_DAYS", default=60)
DRIFT_BOUNDS = parse_drift(env.str("FAIRLINE_DRIFT_BOUNDS", default=""))
# How real the paper venue is (docs/guides/venues.md); the same seed, the same fates.
PAPER = paper(
    seed=env.int("FAIRLINE_PAPER_SEED", default=0),
    latency=env.float("FAIRLINE_PAPER_LATENCY", default=0.0),
    moved=env.float("FAIRLINE_PAPER_MOVED", default=0.0),
    partial=env.float("FAIRLINE_PAPER_PARTIAL", default=0.0),
    rejected=env.float("FAIRLINE_PAPER_REJECTED", default=0.0),
    unknown=env.float("FAIRLINE_PAPER_UNKNOWN", default=0.0),
)
# How long a bettor has to say what they got of a bet they place by hand.
MANUAL_ANSWERS_WITHIN = timedelta(minutes=env.int("FAIRLINE_MANUAL_MINUTES", default=15))
# Venues that may stake real money once an operator has armed them; empty: none.
LIVE_VENUES = env.list("FAIRLINE_LIVE_VENUES", default=[])
# Whether people say where they are and how old before they stake; on where money is real.
AGE_GATE = age_gate(
    env.bool("FAIRLINE_AGE_GATE") if env.str("FAIRLINE_AGE_GATE", default="") else None,
    live_venues=LIVE_VENUES,
)
# Where stakes are taken from and from which age on; on top of risk/domain/jurisdiction_table.py.
JURISDICTIONS = jurisdictions(env.str("FAIRLINE_JURISDICTIONS", default=""))
BETFAIR_APP_KEY = env.str("BETFAIR_APP_KEY", default="")
BETFAIR_USERNAME = env.str("BETFAIR_USERNAME", default="")
BETFAIR_PASSWORD = env.str("BETFAIR_PASSWORD", default="")
BETFAIR_CERTIFICATE = env.str("BETFAIR_CERTIFICATE", default="")
BETFAIR_CURRENCY = env.str("BETFAIR_CURRENCY", default="GBP")
BETFAIR_WAIT_SECONDS = env.int("BETFAIR_WAIT_SECONDS", default=60)
BETFAIR_URL = env.str("BETFAIR_URL", default="")
# Where the operator's breakers warn and trip: feeds in so many of the longest age of a quote to bet
# on, venues in bets whose answer never came.
BREAKER_STALE_FEED = operator_level(
    "FAIRLINE_BREAKER_STALE_FEED", env.str("FAIRLINE_BREAKER_STALE_FEED", default="2/4")
)
BREAKER_VENUE_UNKNOWNS = operator_level(
    "FAIRLINE_BREAKER_VENUE_UNKNOWNS", env.str("FAIRLINE_BREAKER_VENUE_UNKNOWNS", default="1/3")
)
# Dotted paths of rules of your own, asked after the product's: docs/guides/add_a_risk_rule.md.
RISK_RULES = env.list("FAIRLINE_RISK_RULES", default=[])
DEMO_LOGIN = env.bool("FAIRLINE_DEMO_LOGIN", default=False)

# --- applications
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "psqlextra",
    "pgtrigger",
    "rest_framework",
    "rest_framework_api_key",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "django_prometheus",
    "django_structlog",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "accounts",
    "odds",
    "models_registry",
    "risk",
    "betting",
]
MIDDLEWARE = [
    "config.headers.DoorsForMachines",
    "config.headers.SecurityHeaders",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.headers.CompressedPages",
    "corsheaders.middleware.CorsMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.headers.ApiHeaders",
    "config.sessions.Sessions",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.limits.RateLimits",
    "config.presence.CountPresence",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.gate.Gate",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "config.headers.RequestId",
    "config.seeing.pools.WatchPool",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.world",
            ]
        },
    }
]
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "today"
LOGOUT_REDIRECT_URL = "account_login"
AUTHENTICATION_BACKENDS = ["accounts.people.backends.NameOrEmail"]
ACCOUNT_ADAPTER = "accounts.people.adapters.Accounts"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if IS_PRODUCTION else "http"
# accounts/people/login.py counts log-ins, and locks nobody out from where they were before.
ACCOUNT_RATE_LIMITS = {
    "login": "",
    "login_failed": f"{LOGIN_TRIES}/m/ip,5/300s/key",
    "signup": f"{SIGN_UP_TRIES}/m/ip",
    "reset_password": "10/m/ip,3/10m/key",
    "reset_password_from_key": "10/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "manage_email": "10/m/user",
    "confirm_email": "1/10s/key",
}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
MFA_ADAPTER = "accounts.people.adapters.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Fairline"
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Browsers call http://localhost a safe origin; anything else has to be https.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_PRODUCTION
USERSESSIONS_TRACK_ACTIVITY = False
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# --- database and cache
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default="postgres://fairline@127.0.0.1:5432/fairline")
}
# psqlextra adds partitioned tables to the engine that django_prometheus measures.
DATABASES["default"] |= {
    "ENGINE": "psqlextra.backend",
    "CONN_MAX_AGE": 0,
    "OPTIONS": {
        "pool": {
            "min_size": 1,
            "max_size": env.int("DATABASE_POOL_SIZE", default=8),
            "timeout": 10,
        },
        # Without a list of triggers to ignore, each trigger of ours would meet an error of its own
        # and go back over all that its transaction has still to check: time in n squared.
        # A host that is gone is noticed after a minute, also in the midst of an answer: what it
        # held by a lock, another goes on with.
        "options": "-c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"
        " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
        " -c tcp_user_timeout=60s"
        " -c pgtrigger.ignore={}",
        "application_name": "fairline",
    },
}
# A streaming copy that long reads may come from (accounts/replicas.py); reads alone, and seldom.
if replica_url := env.str("DATABASE_REPLICA_URL", default=""):
    DATABASES["replica"] = env.db_url_config(replica_url) | {
        "ENGINE": "psqlextra.backend",
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "connect_timeout": 2,
            "options": "-c default_transaction_read_only=on",
            "application_name": "fairline-replica",
        },
        "TEST": {"MIRROR": "default"},
    }
    DATABASE_ROUTERS = ["config.database.Router"]
POSTGRES_EXTRA_DB_BACKEND_BASE = "config.postgres"
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "config.cache.Cache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": env.str("FAIRLINE_CACHE_PREFIX", default="fairline"),
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }
}
# Django's Redis cache counts right across processes; django-ratelimit only does not know it.
SILENCED_SYSTEM_CHECKS = ["django_ratelimit.W001"]

# --- backups: docs/guides/backup.md
BACKUP_DIR = Path(env.str("FAIRLINE_BACKUPS", default=str(VAR_DIR / "backups")))
# 32 bytes as URL-safe base64, with commas between: the first seals, all of them open.
BACKUP_KEYS = backup_keys(env.str("FAIRLINE_BACKUP_KEYS", default=""))
BACKUPS_KEPT = env.int("FAIRLINE_BACKUPS_KEPT", default=14)
# Whether a process keeps Postgres' log of changes (`backup stream`), and is measured.
WAL_ARCHIVED = env.bool("FAIRLINE_WAL_ARCHIVED", default=False)
BASE_EVERY_DAYS = env.int("FAIRLINE_BASE_EVERY_DAYS", default=1)
BASES_KEPT = env.int("FAIRLINE_BASES_KEPT", default=7)
# A command that takes {file} elsewhere.
BACKUP_OFFSITE = env.str("FAIRLINE_BACKUP_OFFSITE", default="")
# Where Postgres' own programs are; empty: the embedded ones, then those on the PATH.
POSTGRES_BIN = env.str("FAIRLINE_POSTGRES_BIN", default="")

# --- time, language, files
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = False
STATIC_URL = "/static/"
# The image has its own, which no volume may hide and no other release may share.
COLLECTED = env.str("FAIRLINE_STATIC", default="")
STATIC_ROOT = Path(COLLECTED or VAR_DIR / "static")
# Files that were collected are served as they were: compressed, and named by what is in them.
SERVES_COLLECTED = IS_PRODUCTION or bool(COLLECTED)
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if SERVES_COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not SERVES_COLLECTED
# What has to lie at the root: a service worker sees no more than what is below it.
WHITENOISE_ROOT = BASE_DIR / "static" / "root"

# --- security
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
        "object-src": [NONE],
        "manifest-src": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "config.errors.no_csrf"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SAMESITE = "Lax"
# Browsers take a name that begins so from this host alone, over TLS, for every path.
SESSION_COOKIE_NAME = "__Host-session" if IS_PRODUCTION else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrf" if IS_PRODUCTION else "csrftoken"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_PRODUCTION
# Probes and scrapers come without TLS, from inside.
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$", r"^version$"]
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# Where a worker answers Prometheus, of itself; port 0: nowhere.
WORKER_METRICS_HOST = env.str("WORKER_METRICS_HOST", default="127.0.0.1")
WORKER_METRICS_PORT = env.int("WORKER_METRICS_PORT", default=0)
# What a worker touches for as long as it takes work; empty: nothing. One file a worker.
WORKER_SIGN_FILE = env.str("WORKER_SIGN_FILE", default="")
# How many seconds a worker that is told to stop gives what it has begun; then others begin it anew.
WORKER_STOPS_WITHIN = env.float("WORKER_STOPS_WITHIN", default=30.0)
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=IS_PRODUCTION)
SECURE_HSTS_SECONDS = 63_072_000 if IS_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_PRODUCTION
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- how often anybody may ask: so many a second, minute, hour or day; empty: no limit
# One route by one key, person or (where nobody is logged in) address; parts are what pages that
# are open ask for again by themselves.
RATE_DEFAULT = rate("RATE_DEFAULT", env.str("RATE_DEFAULT", default="60/m"))
RATE_PARTS = rate("RATE_PARTS", env.str("RATE_PARTS", default="300/m"))
# The whole API by one key or person, and everything from one address.
RATE_API = rate("API_RATE", env.str("API_RATE", default="600/m"))
RATE_ADDRESS = rate("RATE_ADDRESS", env.str("RATE_ADDRESS", default="3000/m"))
# Keys that open nothing, by address and the key's first part.
RATE_WRONG_KEYS = rate("RATE_WRONG_KEYS", env.str("RATE_WRONG_KEYS", default="10/m"))
# A count that Valkey lost between two of its answers refuses nobody: log-ins count by themselves.
RATELIMIT_FAIL_OPEN = True
# By the name of a route, where it differs from the default.
RATE_ROUTES = route_rates(env.list("RATE_ROUTES", default=[]))

# --- API
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "accounts.api.schema.Operations",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.access.ApiKeyAuthentication",
        "accounts.access.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.access.MayUse"],
    "DEFAULT_RENDERER_CLASSES": ["accounts.rendering.Json"],
    "DEFAULT_PARSER_CLASSES": ["accounts.parsing.Json"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.limits.ApiThrottle"],
    # Otherwise ?format= is taken for the renderer instead of a filter that does not exist.
    "URL_FORMAT_OVERRIDE": None,
    "NUM_PROXIES": TRUSTED_PROXIES,
    "EXCEPTION_HANDLER": "accounts.api.problem",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Fairline",
    "DESCRIPTION": "Prices, fair prices, opportunities, bets and what became of them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "AlertKind": [
            "edge",
            "movement",
            "arbitrage",
            "breaker",
            "feed",
            "model",
            "settlement",
            "correction",
            "limits",
        ],
        "ChannelKind": ["mail", "telegram", "slack", "discord", "webhook"],
        "DeliveryStatus": ["waiting", "sent", "dead", "dropped"],
        "EventStatus": ["scheduled", "finished", "cancelled", "postponed", "abandoned"],
        "EventEnd": ["finished", "cancelled", "postponed", "abandoned"],
        "OpportunityStatus": ["open", "gone"],
        "BetStatus": ["placing", "pending", "open", "rejected", "cancelled", "settled"],
        "AttackStatus": ["queued", "running", "passed", "found", "failed"],
        "SearchStatus": ["running", "done", "stopped", "failed"],
        "TrialStatus": ["running", "complete", "pruned", "failed"],
        "BacktestStatus": ["queued", "running", "done", "failed", "cancelled"],
        "SweepKind": ["grid", "random"],
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "accounts.api.schema.complete",
    ],
    "COMPONENT_SPLIT_REQUEST": True,
    # All operations drawn unfolded take a slow machine half a minute.
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "validatorUrl": None,
        "docExpansion": "none",
        "defaultModelsExpandDepth": 0,
        "filter": True,
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "OAS_VERSION": "3.1.1",
}
# Of first-party clients: how long a token opens, and how long the next may be asked for.
ACCESS_TOKENS_LAST = timedelta(seconds=env.int("FAIRLINE_ACCESS_SECONDS", default=300))
REFRESH_TOKENS_LAST = timedelta(days=env.int("FAIRLINE_REFRESH_DAYS", default=30))

# --- logs, errors
DJANGO_STRUCTLOG_CELERY_ENABLED = True
LOGGING = logging_settings(level=env.str("LOG_LEVEL", default="INFO"))
# Who takes OpenTelemetry's spans; its SDK reads these and its other variables itself.
TRACES_TO = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")
TRACES_AS = env.str("OTEL_SERVICE_NAME", default="fairline")
start_error_reports(dsn=env.str("SENTRY_DSN", default=""), release=VERSION)

if IS_PRODUCTION:
    check_production(
        secret_key=SECRET_KEY,
        allowed_hosts=ALLOWED_HOSTS,
        debug=DEBUG,
        database=DATABASES["default"],
        second_factor=SECOND_FACTOR_REQUIRED,
        secrets_keys=SECRETS_KEYS,
    )

# For the operator's home: how this is set up, and no secret.
CONFIGURATION = shown(env.told, given=env.ENVIRON)
