"""The operator's home: one page that says whether it runs, and no secret."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.jobs import dead_letters
from accounts.models import JobRun
from config.env import shown
from tests import make
from tests.config.test_env_example import named_in_example

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(olivia) -> Client:
    client = Client()
    client.force_login(olivia)
    return client


def a_run(job, ago, *, error=""):
    at = timezone.now() - ago
    JobRun.objects.create(job=job, started_at=at, finished_at=at, succeeded=not error, error=error)


def test_what_is_wrong_is_said_on_the_first_page(desk, alice):
    a_run("odds.fetch_odds", timedelta(hours=1))
    a_run("odds.fetch_scores", timedelta(), error="ValueError: no such league")
    dead_letters.keep(
        dead_letters.Failure(
            name="1", task="betting.backtest", task_id="x", queue="models", error="KeyError: 7",
            at=timezone.now(),
        )
    )  # fmt: skip
    make.bankroll(alice)

    text = desk.get("/admin/").content.decode()

    assert "no worker of feeds has ever reported" in text
    assert "<strong>Fetch odds</strong>, last done" in text
    assert "<strong>Fetch scores</strong>: ValueError: no such league" in text
    assert "KeyError: 7" in text
    assert "none has been asked" in text
    assert "1 admin, 1 bettor" in text
    assert "FAIRLINE_SIGN_UP" in text


def test_it_asks_few_queries_however_much_there_is(desk, django_assert_max_num_queries):
    for number in range(30):
        a_run(f"odds.job_{number}", timedelta(), error="x")
        make.user(f"user{number}")
    desk.get("/admin/")

    with django_assert_max_num_queries(18):
        desk.get("/admin/")


def test_no_variable_that_holds_a_secret_is_shown():
    told = dict.fromkeys(named_in_example(), "canary") | {
        name: f"scheme://user:canary@host/{name}"
        for name in named_in_example()
        if name.endswith(("_URL", "_DSN"))
    }
    secrets = {
        "SECRET_KEY", "FAIRLINE_SECRETS_KEYS", "THE_ODDS_API_KEY", "BETFAIR_APP_KEY",
        "BETFAIR_USERNAME", "BETFAIR_PASSWORD", "FAIRLINE_DEMO_PASSWORD",
        "FAIRLINE_OPERATOR_PASSWORD", "METRICS_TOKEN", "SENTRY_DSN", "FAIRLINE_BACKUP_KEYS",
        "DATABASE_URL", "REDIS_URL", "EMAIL_URL",
    }  # fmt: skip

    rows = {each.name: each.value for each in shown(told, given=())}

    assert rows.keys() == told.keys()
    assert not {name for name in secrets if "canary" in rows[name]}
    assert rows["DATABASE_URL"] == "scheme://user:***@host/DATABASE_URL"


def test_it_is_for_operators_alone(as_alice):
    assert as_alice.get("/admin/").status_code in {302, 403}
