"""Every alert rule fires when it should and keeps quiet when it should not.

`CASES` has for each rule series that fire it and series that come close. The small evaluator beside
this file asks them always; where `promtool` is on the PATH it is asked the same.
"""

import re
import shutil
import subprocess
from pathlib import Path

import promql_parser as grammar
import pytest
import yaml

from tests.deploy.promql import At, read_series

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy/prometheus/rules.yml"
ALERTS = {
    rule["alert"]: rule
    for group in yaml.safe_load(RULES.read_text())["groups"]
    for rule in group["rules"]
}
STATUS = "django_http_responses_total_by_status_total"
LATENCY = "django_http_requests_latency_including_middlewares_seconds_bucket"
AGE, LATE = "fairline_job_success_age_seconds", "fairline_job_late_after_seconds"
FAILING = "fairline_job_failing"
FREE, DISK = "fairline_disk_free_bytes", "fairline_disk_bytes"
BEAT = "fairline_worker_heartbeat_age_seconds"
HELD, MOST = "fairline_database_connections", "fairline_database_connections_max"

# Rule: series that fire it, series that must not, both read at 90 minutes.
Lines = list[tuple[str, str]]
CASES: dict[str, tuple[Lines, Lines]] = {
    "WebAway": (
        [('up{job="fairline-web"}', "1x80 0x20")],
        [('up{job="fairline-web"}', "1x89 0x20"), ('up{job="other"}', "0x100")],
    ),
    "WorkerAway": (
        [('up{job="fairline-worker"}', "1x80 0x20")],
        [('up{job="fairline-worker"}', "0x80 1x20")],
    ),
    "WorkersSilent": (
        [(f'{BEAT}{{queue="money"}}', "1x100"), (f'{BEAT}{{queue="feeds"}}', "1x85 95+60x20")],
        [(f'{BEAT}{{queue="feeds"}}', "90x100"), (f'{BEAT}{{queue="models"}}', "91x100")],
    ),
    "TrainersSilent": (
        [(f'{BEAT}{{queue="models"}}', "1x80 91x20")],
        [(f'{BEAT}{{queue="models"}}', "1x87 91x20"), (f'{BEAT}{{queue="feeds"}}', "91x100")],
    ),
    "FiguresUnread": (
        [('fairline_unread{part="queues"}', "1x100")],
        [('fairline_unread{part="queues"}', "0x88 1x20")],
    ),
    "RequestsFail": (
        [(f'{STATUS}{{status="200"}}', "0+100x100"), (f'{STATUS}{{status="503"}}', "0+2x100")],
        [(f'{STATUS}{{status="200"}}', "0+100x100"), (f'{STATUS}{{status="404"}}', "0+9x100")],
    ),
    "RequestsSlow": (
        [(f'{LATENCY}{{le="0.5"}}', "0+90x100"), (f'{LATENCY}{{le="+Inf"}}', "0+90x100"),
         (f'{LATENCY}{{le="1"}}', "0+100x100"), (f'{LATENCY}{{le="+Inf",a="b"}}', "0+10x100")],
        [(f'{LATENCY}{{le="0.5"}}', "0+97x100"), (f'{LATENCY}{{le="1"}}', "0+100x100"),
         (f'{LATENCY}{{le="+Inf"}}', "0+100x100")],
    ),
    "TasksFail": (
        [('fairline_task_runs_total{task="a",outcome="failed"}', "0+1x100")],
        [('fairline_task_runs_total{task="a",outcome="succeeded"}', "0+9x100"),
         ('fairline_task_runs_total{task="a",outcome="failed"}', "3x100")],
    ),
    "TasksExpire": (
        [('fairline_task_runs_total{task="a",outcome="expired"}', "0+1x100")],
        [('fairline_task_runs_total{task="a",outcome="expired"}', "0+0.3x100")],
    ),
    "QueueWaits": (
        [('fairline_queue_oldest_seconds{queue="money"}', "0x80 61+60x20")],
        [('fairline_queue_oldest_seconds{queue="money"}', "60x100"),
         ('fairline_queue_oldest_seconds{queue="models"}', "900x100")],
    ),
    "ModelsWait": (
        [('fairline_queue_oldest_seconds{queue="models"}', "1801x100")],
        [('fairline_queue_oldest_seconds{queue="models"}', "1800x100")],
    ),
    "DeadLetters": (
        [('fairline_dead_letters{queue="feeds"}', "0x60 1x40")],
        [('fairline_dead_letters{queue="feeds"}', "0x86 1x20")],
    ),
    "JobLate": (
        [(f'{AGE}{{task="a"}}', "431x100"), (f'{LATE}{{task="a"}}', "430x100")],
        [(f'{AGE}{{task="a"}}', "431x100"), (f'{LATE}{{task="a"}}', "500x100"),
         (f'{LATE}{{task="b"}}', "1x100")],
    ),
    "JobFails": (
        [(f'{FAILING}{{task="odds.fetch_odds"}}', "1x100")],
        [(f'{FAILING}{{task="odds.fetch_odds"}}', "1x80 0x20"),
         (f'{FAILING}{{task="betting.check_books"}}', "1x100")],
    ),
    "OutboxWaits": (
        [("fairline_outbox_oldest_seconds", "301x100")],
        [("fairline_outbox_oldest_seconds", "300x100")],
    ),
    "OutboxGivesUp": (
        [("fairline_outbox_dead", "3x60 4x40")],
        [("fairline_outbox_dead", "3x100")],
    ),
    "DatabaseConnectionsRunOut": (
        [(f'{HELD}{{application="a",state="idle",instance="1"}}', "60x100"),
         (f'{HELD}{{application="b",state="idle",instance="1"}}', "21x100"), (MOST, "100x100")],
        # Two web servers tell of the same connections.
        [(f'{HELD}{{application="a",state="idle",instance="1"}}', "60x100"),
         (f'{HELD}{{application="a",state="idle",instance="2"}}', "60x100"), (MOST, "100x100")],
    ),
    "PoolWaits": (
        [('fairline_pool_waiting{instance="1"}', "1x100")],
        [('fairline_pool_waiting{instance="1"}', "0x89 1x20")],
    ),
    "TransactionOpenLong": (
        [("fairline_database_longest_transaction_seconds", "0x40 0+60x60")],
        [("fairline_database_longest_transaction_seconds", "599x100")],
    ),
    "LocksWait": (
        [("fairline_database_waiting_for_locks", "6x100")],
        [("fairline_database_waiting_for_locks", "5x100")],
    ),
    "ReplicaBehind": (
        [("fairline_replica_lag_bytes", "268435457x100")],
        [("fairline_replica_lag_bytes", "268435457x87 0x1 268435457x20")],
    ),
    "DiskFull": (
        [(f'{FREE}{{instance="1"}}', "9x100"), (f'{DISK}{{instance="1"}}', "100x100")],
        [(f'{FREE}{{instance="1"}}', "10x100"), (f'{DISK}{{instance="1"}}', "100x100")],
    ),
    "BooksDoNotBalance": (
        [('fairline_ledger_drift{currency="EUR"}', "0x80 0.01x20")],
        [('fairline_ledger_drift{currency="EUR"}', "0x100")],
    ),
    "BooksCheckFails": (
        [(f'{FAILING}{{task="betting.check_books"}}', "0x89 1x20")],
        [(f'{FAILING}{{task="betting.read_breakers"}}', "1x100")],
    ),
    "AuditBroken": (
        [(f'{FAILING}{{task="accounts.verify_audit"}}', "0x89 1x20")],
        [(f'{FAILING}{{task="accounts.verify_audit"}}', "0x100")],
    ),
    "LogNotArchived": (
        [("fairline_wal_archived_age_seconds", "241x100")],
        [("fairline_wal_archived_age_seconds", "240x100")],
    ),
    "BaseBackupOld": (
        [("fairline_base_backup_age_seconds", "691201x100")],
        [("fairline_base_backup_age_seconds", "691201x80 5x20")],
    ),
    "SettlementLags": (
        [("fairline_settlement_lag_seconds", "901x100")],
        [("fairline_settlement_lag_seconds", "900x86 901x20")],
    ),
    "PricesStale": (
        [("fairline_quote_age_seconds", "14401x100")],
        [('fairline_quote_age_seconds{instance="1"}', "14401x100"),
         ('fairline_quote_age_seconds{instance="2"}', "10x100")],
    ),
    "FeedLeftAlone": (
        [("fairline_feed_breaker_open", "1x100")],
        [("fairline_feed_breaker_open", "1x82 0x2 1x20")],
    ),
    "CreditsLow": (
        [("fairline_credits_remaining", "100-1x100")],
        [("fairline_credits_remaining", "50x100")],
    ),
    "ModelPaused": (
        [('fairline_model_paused{predictor="a"}', "0x89 1x20")],
        [('fairline_model_paused{predictor="a"}', "0x100")],
    ),
    "ModelDrifts": (
        [('fairline_model_drift_level{predictor="a"}', "1x100")],
        [('fairline_model_drift_level{predictor="a"}', "1x80 2x5 1x20")],
    ),
}  # fmt: skip
READ_AT = 90


def minutes(text):
    amount, unit = re.fullmatch(r"(\d+)([mh])", text).groups()
    return int(amount) * (60 if unit == "h" else 1)


def fires(rule, lines):
    """Say whether a rule's expression held at every minute of its `for` up to the one asked at."""
    series = dict(read_series(name, values, READ_AT) for name, values in lines)
    asked = grammar.parse(rule["expr"])
    return all(At(series, READ_AT - back).ask(asked) for back in range(minutes(rule["for"]) + 1))


def test_every_rule_has_its_case():
    assert CASES.keys() == ALERTS.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_rule_fires_when_it_should_and_keeps_quiet_when_not(name):
    firing, quiet = CASES[name]

    assert fires(ALERTS[name], firing)
    assert not fires(ALERTS[name], quiet)
    assert not fires(ALERTS[name], [])


def test_every_rule_says_how_grave_it_is_and_what_to_do():
    headings = re.findall(r"^## (.+)$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
    for name, rule in ALERTS.items():
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}, name
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (page, anchor in anchors) == ("docs/runbook.md", True), (name, anchor)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not on the PATH")
def test_prometheus_itself_agrees(tmp_path):
    # A file for each rule: for each test all rules of its file are asked at every minute.
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            name = rule["alert"]
            alone = {"groups": [group | {"rules": [rule]}]}
            asked = [_as_promtool_asks(name, which) for which in (True, False)]
            (tmp_path / f"{name}.rules").write_text(yaml.safe_dump(alone))
            (tmp_path / f"{name}.yml").write_text(
                yaml.safe_dump({"rule_files": [f"{name}.rules"], "tests": asked})
            )

    whole = _promtool("check", "rules", RULES, folder=tmp_path)
    done = _promtool("test", "rules", *(f"{name}.yml" for name in CASES), folder=tmp_path)

    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert done.returncode == 0, done.stdout + done.stderr


def _promtool(*asked, folder):
    return subprocess.run(["promtool", *asked], cwd=folder, capture_output=True, text=True)


def _as_promtool_asks(name, should_fire):
    rule, lines = ALERTS[name], CASES[name][0 if should_fire else 1]
    series = dict(read_series(line, values, READ_AT) for line, values in lines)
    found = At(series, READ_AT).ask(grammar.parse(rule["expr"])) if should_fire else {}
    fired = [
        {
            "exp_labels": rule["labels"] | {k: v for k, v in labels if k != "__name__"},
            "exp_annotations": rule["annotations"],
        }
        for labels in found
    ]
    return {
        "interval": "1m",
        "input_series": [{"series": line, "values": values} for line, values in lines],
        "alert_rule_test": [{"eval_time": f"{READ_AT}m", "alertname": name, "exp_alerts": fired}],
    }
