"""How moments are written: the year where it is another than the world's."""

from datetime import UTC, datetime

import pytest
from django.template import Context, Template

WORLD = datetime(2022, 4, 10, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "style", "words"),
    [
        (datetime(2022, 4, 9, 7, 3, tzinfo=UTC), "short", ">9 Apr 07:03<"),
        (datetime(2026, 11, 23, 7, 3, tzinfo=UTC), "short", ">23 Nov 2026 07:03<"),
        (datetime(2026, 11, 23, 7, 3, tzinfo=UTC), "day", ">Mon 23 Nov 2026<"),
        ("2022-04-10T16:00:00Z", "short", ">10 Apr 16:00<"),
    ],
)
def test_a_moment_of_another_year_than_the_worlds_says_its_year(at, style, words):
    page = Template("{% load fairline %}{% moment at style %}")

    assert words in page.render(Context({"at": at, "style": style, "world_now": WORLD}))
