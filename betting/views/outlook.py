"""What of an outlook a template needs, on the pages of performance, of backtests and of sweeps."""

from typing import Any

from accounts.showing.formats import chance_text, share_text
from betting import charts
from betting.domain.outlook import FUTURES, why_not_drawn


def outlook_given(outlook: dict[str, Any]) -> dict[str, Any]:
    """Return the context of `_outlook.html`: the fan, and each risk in each of three futures."""
    if refusal := why_not_drawn(outlook):
        return {"outlook": {"refusal": refusal}}
    drawn = [outlook.get(name) or {} for name in FUTURES]
    paths = [each.get("paths", 0) for each in drawn]
    fell = [dict(map(tuple, each.get("fell", []))) for each in drawn]
    falls = sorted({fall for each in fell for fall in each})
    risks = [("Ends below its start", [each.get("losing") for each in drawn])]
    risks += [
        (f"Falls {share_text(fall, 0)} from a peak", [each.get(fall) for each in fell])
        for fall in falls
    ]
    risks.append(("Falls to half its start", [each.get("ruined") for each in drawn]))
    return {
        "outlook": outlook,
        "risks": [
            (title, [chance_text(each, of) for each, of in zip(values, paths, strict=True)])
            for title, values in risks
        ],
        "fan_chart": charts.fan_chart(outlook.get("record")),
    }
