"""A small evaluator of PromQL, for what our rules are written in: one sample a minute.

Parsed by promql-parser, the grammar of Prometheus itself. Where Prometheus extrapolates `rate` to
the edges of its window this takes first and last sample, the same for the straight lines that
tests feed it; where promtool is at hand, tests/deploy/test_rules.py asks both.
"""

import operator
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import promql_parser as grammar

Labels = frozenset[tuple[str, str]]
Series = dict[Labels, list[float | None]]
Vector = dict[Labels, float]

_MINUTE = timedelta(minutes=1)
_LOOKS_BACK = 5
_FOLDS: dict[str, Callable[[list[float]], float]] = {"sum": sum, "max": max, "min": min}
_COMPARES = {
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
}
_NAME = "__name__"


def read_series(text: str, values: str, minutes: int) -> tuple[Labels, list[float | None]]:
    """Read one series as promtool writes it: `name{label="x"}`, and `0+1x60` or `_x9 1x9`."""
    selector = grammar.parse(text)
    labels = {each.name: each.value for each in selector.matchers.matchers} | {_NAME: selector.name}
    points: list[float | None] = []
    for part in values.split():
        start, step, times = re.fullmatch(r"(_|-?[\d.]+)([+-][\d.]+)?x(\d+)", part).groups()
        for number in range(int(times) + 1):
            points.append(None if start == "_" else float(start) + number * float(step or 0))
    return frozenset(labels.items()), points[: minutes + 1]


def selectors(node: object) -> Iterator[grammar.VectorSelector]:
    """Yield everything an expression asks the database for."""
    match node:
        case grammar.VectorSelector():
            yield node
        case grammar.MatrixSelector():
            yield node.vector_selector
        case grammar.Call():
            for argument in node.args:
                yield from selectors(argument)
        case grammar.BinaryExpr():
            yield from selectors(node.lhs)
            yield from selectors(node.rhs)
        case grammar.AggregateExpr() | grammar.ParenExpr():
            yield from selectors(node.expr)


class At:
    """Evaluates expressions at one minute of some series."""

    def __init__(self, series: Series, minute: int) -> None:
        self._series, self._minute = series, minute

    def ask(self, node: object) -> Vector | float:
        match node:
            case grammar.NumberLiteral():
                return float(node.val)
            case grammar.ParenExpr():
                return self.ask(node.expr)
            case grammar.VectorSelector():
                return self._now(node)
            case grammar.AggregateExpr():
                return self._fold(node)
            case grammar.Call():
                return self._call(node)
            case grammar.BinaryExpr():
                return self._pair(node)
        raise NotImplementedError(type(node).__name__)

    def _matching(self, asked: grammar.VectorSelector) -> Iterator[tuple[Labels, list]]:
        for labels, points in self._series.items():
            has = dict(labels)
            if has[_NAME] == asked.name and all(_fits(has, one) for one in asked.matchers.matchers):
                yield labels, points

    def _now(self, asked: grammar.VectorSelector) -> Vector:
        at = self._minute - int((asked.offset or timedelta()) / _MINUTE)
        found = {}
        for labels, points in self._matching(asked):
            seen = [p for p in points[max(0, at - _LOOKS_BACK + 1) : at + 1] if p is not None]
            if at >= 0 and seen:
                found[labels] = seen[-1]
        return found

    def _call(self, node: grammar.Call) -> Vector:
        name = node.func.name
        if name == "histogram_quantile":
            return _quantile(self.ask(node.args[0]), self.ask(node.args[1]))
        if name not in {"rate", "increase"}:
            raise NotImplementedError(name)
        minutes = int(node.args[0].range / _MINUTE)
        found = {}
        for labels, points in self._matching(node.args[0].vector_selector):
            seen = points[max(0, self._minute - minutes) : self._minute + 1]
            if len(seen) > 1 and None not in seen:
                steady = (seen[-1] - seen[0]) / (len(seen) - 1)
                found[_without(labels)] = steady * minutes if name == "increase" else steady / 60
        return found

    def _fold(self, node: grammar.AggregateExpr) -> Vector:
        kept = set(node.modifier.labels) if node.modifier else set()
        groups: dict[Labels, list[float]] = {}
        for labels, value in self.ask(node.expr).items():
            groups.setdefault(frozenset((k, v) for k, v in labels if k in kept), []).append(value)
        return {labels: _FOLDS[str(node.op)](values) for labels, values in groups.items()}

    def _pair(self, node: grammar.BinaryExpr) -> Vector:
        left, right, sign = self.ask(node.lhs), self.ask(node.rhs), str(node.op)
        pairs = {
            labels: (value, right if isinstance(right, float) else _other(right, labels))
            for labels, value in left.items()
        }
        known = {labels: (a, b) for labels, (a, b) in pairs.items() if b is not None}
        if sign == "/":
            return {_without(labels): a / b for labels, (a, b) in known.items() if b}
        return {labels: a for labels, (a, b) in known.items() if _COMPARES[sign](a, b)}


def _fits(has: dict[str, str], asked: grammar.Matcher) -> bool:
    value, sign = has.get(asked.name, ""), str(asked.op)
    if sign.endswith("Re"):
        return bool(re.fullmatch(asked.value, value)) != ("Not" in sign)
    return (value == asked.value) != ("Not" in sign)


def _without(labels: Labels, *names: str) -> Labels:
    return frozenset((k, v) for k, v in labels if k not in {_NAME, *names})


def _other(right: Vector, labels: Labels) -> float | None:
    return {_without(each): value for each, value in right.items()}.get(_without(labels))


def _quantile(share: float, buckets: Vector) -> Vector:
    groups: dict[Labels, list[tuple[float, float]]] = {}
    for labels, count in buckets.items():
        edge = float(dict(labels)["le"].replace("+Inf", "inf"))
        groups.setdefault(_without(labels, "le"), []).append((edge, count))
    found = {}
    for labels, steps in groups.items():
        steps.sort()
        if not steps[-1][1]:
            continue
        rank, below, under = share * steps[-1][1], 0.0, 0.0
        for edge, count in steps:
            if count >= rank:
                inside = (rank - under) / (count - under) if count > under else 1.0
                found[labels] = below if edge == float("inf") else below + (edge - below) * inside
                break
            below, under = edge, count
    return found
