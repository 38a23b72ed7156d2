"""Strategies run over the past."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from betting.models.strategies import StrategyVersion


class Backtest(models.Model):
    """One strategy over one stretch of history, with everything needed to run it again."""

    strategy_key = models.CharField(max_length=48)
    version = models.ForeignKey(
        StrategyVersion,
        on_delete=models.PROTECT,
        null=True,
        related_name="backtests",
        help_text="that was run; none: one that is no stored strategy's",
    )
    configuration = models.JSONField()
    competition_key = models.CharField(max_length=64)
    starts_on = models.DateField()
    ends_on = models.DateField()
    data_hash = models.CharField(max_length=64)
    code_version = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    summary = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["-started_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.strategy_key} {self.starts_on}..{self.ends_on}"
