"""How a sport's fair prices are made: the rule in force, and the weights learned from history."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from odds.domain.margins import WORST_OF, UnknownMethod, read_method
from odds.models.competitions import Sport
from odds.models.keys import append_only
from odds.models.markets import Bookmaker


def check_method(text: str) -> None:
    """Refuse a margin method that nobody defined.

    Raises:
        ValidationError: naming the part and what may be used.
    """
    try:
        read_method(text)
    except UnknownMethod as unknown:
        raise ValidationError(str(unknown)) from unknown


class PricingRule(models.Model):
    """How fair prices of a sport are made from `in_force_from` on, until a later rule.

    A rule is never changed: what was priced under it stays explainable. Without any, margins go by
    Shin's method and all books speak with their weights.
    """

    sport = models.ForeignKey(Sport, on_delete=models.PROTECT, related_name="pricing_rules")
    method = models.CharField(
        max_length=120,
        default="shin",
        validators=[check_method],
        help_text="how margins are removed: shin, power, ...; a blend such as 2*shin+power; or, "
        "outcome by outcome, the lowest probability of several: shin|power",
    )
    reference_books = ArrayField(
        models.SlugField(max_length=64),
        default=list,
        blank=True,
        help_text="Bookmaker keys, first choice first, separated by commas: the first that prices "
        "a market gives its fair price alone. Empty, or where none does: all books by weight.",
    )
    reference_minutes = models.PositiveIntegerField(
        default=60, help_text="A reference last seen longer ago than this is passed over."
    )
    reason = models.CharField(max_length=500)
    in_force_from = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-in_force_from", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sport", "in_force_from"], name="one_pricing_rule_at_a_time"
            )
        ]
        triggers: ClassVar = [append_only("pricing_rules_are_append_only")]

    def __str__(self) -> str:
        return f"{self.sport}: {self.method} from {self.in_force_from:%Y-%m-%d %H:%M}"

    def clean(self) -> None:
        """Refuse references that are no bookmakers: they would be passed over in silence.

        Raises:
            ValidationError: naming them.
        """
        known = Bookmaker.objects.filter(key__in=self.reference_books).values_list("key", flat=True)
        if unknown := [key for key in self.reference_books if key not in set(known)]:
            raise ValidationError(
                {"reference_books": f"No bookmaker is called {', '.join(unknown)}."}
            )

    @property
    def margins(self) -> str:
        """Say how margins are removed."""
        several = self.method.split(WORST_OF)
        return self.method if len(several) == 1 else f"the lowest of {', '.join(several)}"


class WeightSet(models.Model):
    """Weights of the books of one sport, learned at one moment from events before it.

    They count from `learned_at` on, until a later set. Scores are out of sample: the divergence of
    the consensus from what it is to predict, on the newest events, weights fitted on older ones.
    """

    class Target(models.TextChoices):
        CLOSE = "close", "The close"
        RESULT = "result", "The result"

    sport = models.ForeignKey(Sport, on_delete=models.PROTECT, related_name="weight_sets")
    learned_at = models.DateTimeField()
    target = models.CharField(max_length=6, choices=Target.choices)
    hours_before = models.FloatField(help_text="how long before the start prices were judged")
    events_learned = models.PositiveIntegerField()
    events_tested = models.PositiveIntegerField()
    score_before = models.FloatField(help_text="of the weights in force until then")
    score_learned = models.FloatField()
    gain_low = models.FloatField(help_text="95 % interval of the improvement, lower end")
    gain_high = models.FloatField()
    forced_because = models.CharField(
        max_length=500, blank=True, help_text="why it was stored though it was no better"
    )

    class Meta:
        ordering: ClassVar = ["-learned_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(target__in=("close", "result")), name="weight_target_known"
            ),
            models.CheckConstraint(
                condition=Q(score_learned__lt=models.F("score_before")) | ~Q(forced_because=""),
                name="weights_are_better_or_forced",
            ),
        ]
        triggers: ClassVar = [append_only("weight_sets_are_append_only")]

    def __str__(self) -> str:
        return f"{self.sport} by {self.target}, {self.learned_at:%Y-%m-%d %H:%M}"


class BookmakerWeight(models.Model):
    """One book's weight in a set, and what it was judged by.

    `error` is the mean divergence (nats) of its margin-free price from the target, `relative` that
    against the average book's on the same events, `margin` its mean overround.
    """

    weight_set = models.ForeignKey(WeightSet, on_delete=models.PROTECT, related_name="weights")
    bookmaker = models.ForeignKey(
        Bookmaker, on_delete=models.PROTECT, related_name="learned_weights"
    )
    weight = models.FloatField()
    events = models.PositiveIntegerField()
    error = models.FloatField()
    relative = models.FloatField()
    margin = models.FloatField()

    class Meta:
        ordering: ClassVar = ["-weight", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["weight_set", "bookmaker"], name="one_learned_weight_a_book"
            ),
            models.CheckConstraint(condition=Q(weight__gt=0), name="learned_weight_above_zero"),
        ]
        triggers: ClassVar = [append_only("learned_weights_are_append_only")]

    def __str__(self) -> str:
        return f"{self.bookmaker}: {self.weight:.2f}"
