"""A short walk of Schemathesis through the whole schema; bench/fuzz_api.py is the long one."""

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from rest_framework.response import Response

from betting.api.money import Bankrolls
from betting.services.books import check_books
from config.wsgi import application
from tests import make

pytestmark = [pytest.mark.django_db]
CASES = 2


@pytest.fixture
def _connection_stays():
    """The test's transaction is on the connection that Django would close."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def asked(olivia, settings, schema, _connection_stays):
    """Return how to ask some operations as an operator, and what was wrong with the answers."""
    # Not above: every worker loads every module of tests, and this one takes a second.
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    held_to = [
        not_a_server_error, checks.status_code_conformance, checks.response_schema_conformance,
    ]  # fmt: skip
    settings.RATE_DEFAULT = settings.RATE_API = settings.RATE_ADDRESS = ""
    make.bankroll(olivia)
    make.priced("2.100")
    headers = {"X-Api-Key": make.full_key(olivia)[1]}
    walked = schemathesis.openapi.from_dict(schema)
    walked.app = application

    def ask(name=""):
        wrong, calls = [], 0
        for operation in (found.ok() for found in walked.get_all_operations()):
            if name in operation.definition.raw["operationId"]:

                @QUICK
                @given(case=operation.as_strategy())
                def once(case):
                    nonlocal calls
                    calls += 1
                    try:
                        case.call_and_validate(
                            base_url="http://testserver", headers=headers, checks=held_to
                        )
                    except schemathesis.errors.FailureGroup as failed:
                        wrong.extend(str(each)[:300] for each in failed.exceptions)

                once()
        return wrong, calls

    return ask


def test_no_operation_breaks_or_answers_what_it_does_not_document(asked):
    wrong, calls = asked()

    assert wrong == []
    assert calls >= 200
    assert check_books() == []


def test_the_walk_sees_a_status_that_is_not_documented(asked, monkeypatch):
    monkeypatch.setattr(Bankrolls, "get", lambda *_args, **_named: Response({}, status=418))

    wrong, _ = asked("bankroll")

    assert any("418" in each for each in wrong)


QUICK = settings(
    max_examples=CASES,
    phases=[Phase.generate],
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
