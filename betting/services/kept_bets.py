"""The bets of a backtest as bytes: columns, no pickle, so that every figure can be cut anew."""

import io
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from betting.domain.record import Record
from odds.domain.table import TextArray

LABELS = ("bookmaker", "market", "selection", "season")


@dataclass(frozen=True, slots=True)
class KeptBets:
    """A record and, a bet each, the names that it is cut by."""

    record: Record
    labels: dict[str, TextArray]


def pack(bets: KeptBets) -> bytes:
    """Return bets as the bytes of an .npz."""
    columns: dict[str, Any] = {
        each.name: getattr(bets.record, each.name) for each in fields(Record)
    }
    columns |= {f"label_{name}": names for name, names in bets.labels.items()}
    file = io.BytesIO()
    np.savez_compressed(file, **columns)
    return file.getvalue()


def unpack(content: bytes) -> KeptBets:
    """Return the bets that `pack` made bytes of."""
    with np.load(io.BytesIO(content), allow_pickle=False) as kept:
        record = Record(*(kept[each.name] for each in fields(Record)))
        labels = {
            name.removeprefix("label_"): kept[name] for name in kept.files if "label_" in name
        }
    return KeptBets(record, labels)
