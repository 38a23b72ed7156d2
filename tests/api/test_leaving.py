"""An operation that is to go says so in the schema, and with every answer."""

from datetime import UTC, datetime, timedelta

import pytest
from drf_spectacular.generators import SchemaGenerator

from accounts.api.leaving import NOTICE, leaves
from betting.api.about import Stats

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
SAID = {
    "Deprecation": "@1793491200",
    "Sunset": "Sat, 01 May 2027 00:00:00 GMT",
    "Link": '</api/v1/docs>; rel="sunset"',
}


@pytest.fixture
def _stats_leave(monkeypatch):
    until = datetime(2027, 5, 1, tzinfo=UTC)
    leaving = leaves(since=SINCE, until=until, instead="ask `config`.")(lambda: None).leaving
    monkeypatch.setattr(Stats.get, "leaving", leaving, raising=False)


@pytest.mark.django_db
@pytest.mark.usefixtures("_stats_leave")
def test_every_answer_says_when_it_goes(reader, nobody):
    first = reader.get("stats")
    again = reader.client.get(
        "/api/v1/stats", headers=reader.headers | {"If-None-Match": first["ETag"]}
    )

    for answer, status in (
        (first, 200),
        (again, 304),
        (reader.get("stats", x=1), 400),
        (nobody.get("stats"), 401),
    ):
        assert answer.status_code == status
        assert SAID.items() <= dict(answer.headers).items(), status
    assert not set(SAID) & set(reader.get("config").headers)


@pytest.mark.usefixtures("_stats_leave")
def test_the_schema_says_what_to_use_instead():
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    going = [path for path, said in paths.items() if said.get("get", {}).get("deprecated")]

    assert going == ["/api/v1/stats"]
    assert "Goes on 2027-05-01: ask `config`." in paths["/api/v1/stats"]["get"]["description"]


def test_nothing_goes_sooner_than_was_promised():
    with pytest.raises(ValueError, match="180 days"):
        leaves(since=SINCE, until=SINCE + NOTICE - timedelta(days=1), instead="nothing")
