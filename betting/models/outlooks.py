"""What is worked out beside the record: kept, so that no page has to."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from odds.models import Competition


class MarketDay(models.Model):
    """What a competition's market was like on a day of events, and the regime it was in.

    Figures are over the events that started on the day (UTC): the mean overround of books at the
    last prices, the mean change of implied probability since the first, and the champion's log
    loss less the close's. The regime is as it was known then: fitted on days before it alone.
    """

    competition = models.ForeignKey(Competition, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    margin = models.FloatField(null=True)
    movement = models.FloatField(null=True)
    model_error = models.FloatField(null=True, help_text="none: nothing was predicted")
    regime = models.SmallIntegerField(
        null=True, help_text="0: the lowest margin; none: too few days before"
    )
    regimes = models.PositiveSmallIntegerField(null=True, help_text="how many there were")
    made_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["competition", "day"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["competition", "day"], name="market_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.competition} {self.day}"


class Outlook(models.Model):
    """How a person's equity could go on, drawn from their settled bets; anew when some settle."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="outlook"
    )
    fingerprint = models.CharField(max_length=64, help_text="of the bets it was drawn from")
    content = models.JSONField(help_text="as betting.domain.outlook")
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"outlook of {self.owner}"
