"""Lists as files: CSV that no spreadsheet runs, and JSON."""

import csv
import io
import json
from collections.abc import Collection, Iterable, Iterator, Mapping

from django.http import StreamingHttpResponse

# Minus also as we write it; the last four are the full-width forms.
_SIGNS = set("=+-@") | {"\u2212", "\uff1d", "\uff0b", "\uff0d", "\uff20"}
_BREAKS = {"\t", "\r", "\n", "\x00"}
Row = Mapping[str, str | float | int | bool | None]


def export(
    rows: Iterable[Row], columns: Collection[str], *, kind: str, name: str, texts: Collection[str]
) -> StreamingHttpResponse:
    """Answer with rows as a file to keep, `kind` csv or json; `texts` are the columns of words."""
    if kind == "csv":
        answer = StreamingHttpResponse(
            _csv(rows, columns, texts), content_type="text/csv; charset=utf-8"
        )
    else:
        answer = StreamingHttpResponse(_json(rows), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="fairline-{name}.{kind}"'
    return answer


def harmless(text: str) -> str:
    """Return a text that a spreadsheet shows and never runs as a formula.

    Blanks before the sign do not hide it, nor do its wide forms, which some read alike.

    >>> harmless("=HYPERLINK(1)"), harmless(" @SUM(1)"), harmless("Boston")
    ("'=HYPERLINK(1)", "' @SUM(1)", 'Boston')
    """
    begins = text[:1] in _BREAKS or text.lstrip()[:1] in _SIGNS
    return f"'{text}" if begins else text


def csv_of(rows: Iterable[Mapping[str, object]], columns: Collection[str]) -> str:
    """Return rows as one CSV text, every text in it harmless; other values as they print."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns))
    writer.writeheader()
    for row in rows:
        safe = {name: harmless(v) if isinstance(v, str) else v for name, v in row.items()}
        writer.writerow(safe)
    return text.getvalue()


class _Echo:
    def write(self, value: str) -> str:
        return value


def _csv(rows: Iterable[Row], columns: Collection[str], texts: Collection[str]) -> Iterator[str]:
    writer = csv.DictWriter(_Echo(), list(columns))
    yield writer.writerow({name: name for name in columns})
    for row in rows:
        yield writer.writerow(
            {name: harmless(str(row[name])) if name in texts else row[name] for name in columns}
        )


def _json(rows: Iterable[Row]) -> Iterator[str]:
    yield "["
    for number, row in enumerate(rows):
        yield (",\n" if number else "\n") + json.dumps(row, ensure_ascii=False)
    yield "\n]\n"
