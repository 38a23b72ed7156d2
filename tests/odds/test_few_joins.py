"""Lists that are planned in less time."""

import pytest
from django.db import connection

from odds.database import weighing_few_joins


def limit() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW join_collapse_limit")
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_few_joins_are_weighed_for_what_is_within_and_no_longer():
    before = limit()

    with weighing_few_joins():
        assert limit() == "4"

    assert limit() == before == "8"
