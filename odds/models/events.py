"""What is played and how it ended: events, results, box scores, published lines."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from odds.models.competitions import Competition, Team
from odds.models.keys import undeletable


class EventStatus(models.TextChoices):
    SCHEDULED = "scheduled", "Scheduled"
    FINISHED = "finished", "Finished"
    CANCELLED = "cancelled", "Cancelled"
    POSTPONED = "postponed", "Postponed"
    ABANDONED = "abandoned", "Abandoned"


class Event(models.Model):
    """One match or game. Home and away as the competition lists them, also at a neutral site."""

    competition = models.ForeignKey(Competition, on_delete=models.PROTECT, related_name="events")
    season = models.CharField(max_length=9, help_text="2021-22, or 2022 where it fits one year")
    stage = models.CharField(max_length=16, default="regular", help_text="regular, playoffs, ...")
    home = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="home_events")
    away = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="away_events")
    day = models.DateField(help_text="Calendar day in the competition's time zone.")
    starts_at = models.DateTimeField(help_text="Listed start; commence_time at The Odds API.")
    start_is_exact = models.BooleanField(
        default=True, help_text="False where the source gives only the day."
    )
    neutral_site = models.BooleanField(default=False)
    status = models.CharField(
        max_length=12, choices=EventStatus.choices, default=EventStatus.SCHEDULED
    )
    home_score = models.PositiveSmallIntegerField(null=True, blank=True)
    away_score = models.PositiveSmallIntegerField(null=True, blank=True)
    overtimes = models.PositiveSmallIntegerField(default=0)
    result_seen_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the result was, or could first have been, known to us.",
    )

    class Meta:
        ordering: ClassVar = ["starts_at", "pk"]
        indexes: ClassVar = [
            models.Index(fields=["competition", "starts_at"], name="event_by_start"),
            models.Index(fields=["starts_at"], name="event_start"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["competition", "day", "home", "away"], name="event_once_a_day"
            ),
            models.CheckConstraint(condition=~Q(home=F("away")), name="event_has_two_teams"),
            models.CheckConstraint(
                condition=Q(status__in=EventStatus.values), name="event_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(status="finished")
                | Q(
                    home_score__isnull=False,
                    away_score__isnull=False,
                    result_seen_at__isnull=False,
                ),
                name="finished_event_has_a_result",
            ),
        ]
        triggers: ClassVar = [undeletable("events_are_kept")]

    def __str__(self) -> str:
        return f"{self.away} at {self.home}, {self.day}"


class EventReference(models.Model):
    """What a source calls an event. Two keys may mean one event: The Odds API re-lists games."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="references")
    source = models.CharField(max_length=32, help_text="the_odds_api, nba, football_data, nfl")
    key = models.CharField(max_length=96)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "key"], name="reference_means_one_event")
        ]

    def __str__(self) -> str:
        return f"{self.source}:{self.key}"


class TeamGame(models.Model):
    """One team's box score in one event, known from `seen_at` on."""

    event = models.ForeignKey(
        Event, on_delete=models.CASCADE, related_name="team_games", db_index=False
    )
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="games")
    is_home = models.BooleanField()
    stats = models.JSONField(help_text="numbers by name: pts, fga, fta, oreb, tov, poss, ...")
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "is_home"], name="one_box_score_a_side")
        ]

    def __str__(self) -> str:
        return f"{self.team} in {self.event}"


class ReferenceLine(models.Model):
    """A line published without a price: an opening or closing spread or total."""

    class Moment(models.TextChoices):
        OPEN = "open", "Open"
        CLOSE = "close", "Close"

    event = models.ForeignKey(
        Event, on_delete=models.CASCADE, related_name="reference_lines", db_index=False
    )
    market_key = models.CharField(max_length=32, help_text="spreads (home points) or totals")
    moment = models.CharField(max_length=5, choices=Moment.choices)
    source = models.CharField(max_length=32)
    point = models.DecimalField(max_digits=6, decimal_places=2)
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["event", "market_key", "moment", "source"], name="reference_line_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.market_key} {self.moment} {self.point} ({self.source})"
