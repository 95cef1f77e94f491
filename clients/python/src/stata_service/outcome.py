"""The results of a succeeded run: frames for calculations, tables and figures for the eye.

Only frames need pandas (`pip install 'stata-service[frames]'`).
"""

from __future__ import annotations

import csv
import html
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import MissingPackage, check_line
from .models import ComparisonView, FindingsAnswer, Run, RunCheck

if TYPE_CHECKING:
    from pandas import DataFrame

_MODELS = ["model", "equation"]
# Numbers of rows that the sample has too.
_ROWS = re.compile(r"step_\d+_rows|n_(main|total|selected)")
_COEFFICIENTS = ["term", "label", "estimate", "std_error", "p_value", "ci_low", "ci_high"]
_RATIO_PARTS = {"value": "", "low": "_low", "high": "_high"}


@dataclass(frozen=True)
class Table:
    """One table of a run, as the service wrote it (CSV, UTF-8)."""

    name: str
    csv: bytes = field(repr=False)

    @property
    def rows(self) -> list[list[str]]:
        """Every row as text, the header first."""
        return list(csv.reader(io.StringIO(self.csv.decode("utf-8"), newline="")))

    @property
    def frame(self) -> DataFrame:
        """The table as a frame; empty cells are missing, and a category named None or NA stays what it is."""
        return _pandas().read_csv(io.BytesIO(self.csv), keep_default_na=False, na_values=[""])

    def _repr_html_(self) -> str:
        header, *rows = self.rows or [[]]
        return _html_table(self.name, header, rows)


@dataclass(frozen=True)
class Figure:
    """One figure of a run, as a drawing and as an image, with the data behind it.

    `png` is None if nobody rendered one, `data` if the engine writes none (Stata).
    """

    name: str
    svg: bytes = field(repr=False)
    png: bytes | None = field(repr=False)
    data: Table | None = field(default=None, repr=False)

    def _repr_png_(self) -> bytes | None:
        return self.png

    def _repr_svg_(self) -> str | None:
        # one picture is enough: the front ends prefer a drawing to an image and would ignore the PNG file
        return None if self.png is not None else self.svg.decode("utf-8")


@dataclass(frozen=True)
class Outcome:
    """A succeeded run with its tables and figures by name."""

    run: Run
    tables: dict[str, Table]
    figures: dict[str, Figure]
    said: FindingsAnswer

    def __repr__(self) -> str:
        named = [f"{kind} {', '.join(files)}" for kind, files in (("tables", self.tables), ("figures", self.figures)) if files]
        return f"Outcome({'; '.join([self.run['run_id'], *named])})"

    @property
    def findings(self) -> list[str]:
        """The main results as sentences, then what they hold equal; each sentence of `said` names its table."""
        return [finding["text"] for finding in self.said["findings"]] + self.said["notes"]

    @property
    def warnings(self) -> list[str]:
        """What the run warns of: the id of each check with what the run says of it."""
        return [check_line(check) for check in warned(self.run)]

    @property
    def coefficients(self) -> DataFrame:
        """One row for each term: label, estimate, std_error, p_value, ci_low, ci_high; where a run has several models or
        equations, model and equation before the term in the index. Where the estimate is the logarithm of a ratio, the ratio
        and its interval follow, such as odds_ratio, odds_ratio_low and odds_ratio_high."""
        frame = _pandas().DataFrame(self._rows(), columns=self._columns())
        return frame.set_index([name for name in [*_MODELS, "term"] if name in frame])

    def _rows(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for result in self.run.get("results") or []:
            row: dict[str, Any] = dict(result)
            ratio = row.pop("ratio", None) or {}
            # a variable without a label is called by its name
            row["label"] = row.get("label") or row.get("term")
            row |= {f"{ratio['kind']}{end}": ratio.get(part) for part, end in _RATIO_PARTS.items() if ratio}
            rows.append(row)
        return rows

    def _columns(self) -> list[str]:
        results = self.run.get("results") or []
        models = [name for name in _MODELS if any(row.get(name) is not None for row in results)]
        kinds = {ratio["kind"]: None for row in results if (ratio := row.get("ratio"))}
        ratios = [f"{kind}{end}" for kind in kinds for end in _RATIO_PARTS.values()]
        return models + _COEFFICIENTS + ratios

    @property
    def fit(self) -> DataFrame:
        """One row with the numbers of the fit: n_used, r2, rmse, … as the template declares them."""
        return _pandas().DataFrame([self._metrics()], index=[self.run["run_id"]])

    def _metrics(self) -> dict[str, Any]:
        """The numbers of the fit; rows left by each step are those of `sample`."""
        metrics: dict[str, Any] = self.run.get("metrics") or {}
        return {name: value for name, value in metrics.items() if not _ROWS.fullmatch(name)}

    @property
    def sample(self) -> DataFrame:
        """The rows that each step left: step, rows, dropped, reason."""
        return _pandas().DataFrame(self.run.get("sample_flow") or [])

    def _repr_html_(self) -> str:
        columns = self._columns()
        rows = [[_cell(row.get(key)) for key in columns] for row in self._rows()]
        facts = " · ".join(f"{html.escape(key)} {html.escape(_cell(value))}" for key, value in self._metrics().items())
        engine = html.escape(str(self.run["engine"]["kind"]) if "engine" in self.run else "")
        said = "".join(f"<li>{html.escape(text)}</li>" for text in self.findings)
        table = _html_table("coefficients", columns, rows)
        warnings = _html_warnings(self.warnings)
        return f"{f'<ul>{said}</ul>' if said else ''}{table}{warnings}<p>{facts}<br>engine: {engine}</p>"


@dataclass(frozen=True)
class Comparison:
    """Specifications side by side; `curve` is None where no specification has an estimate. `checks` are the warnings of
    the runs, by the index of the specification.

    The numbers of the curve describe how much an estimate depends on the specification; they are not a test.
    """

    view: ComparisonView
    table: Table
    curve: Figure | None
    checks: dict[int, list[RunCheck]] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        term = self.view.get("term")
        warned = f"; warnings {len(self.checks)}" if self.checks else ""
        return f"Comparison(columns {len(self.view['columns'])}; term {term}; estimates {len(self.view['curve'])}{warned})"

    @property
    def warnings(self) -> list[str]:
        """What the runs warn of, one text for each specification that has a warning; its checks are in `checks`."""
        names = {column["index"]: column["name"] for column in self.view["columns"]}
        return [f"{names[index]}: {'; '.join(map(check_line, checks))}" for index, checks in self.checks.items()]

    @property
    def estimates(self) -> DataFrame:
        """One row for each estimate, and one for each specification without estimates, with the reason."""
        return self.table.frame

    @property
    def points(self) -> DataFrame:
        """The curve, lowest estimate first: estimate, std_error, ci_low, ci_high, p_value by specification."""
        names = {column["index"]: column["name"] for column in self.view["columns"]}
        frame = _pandas().DataFrame(self.view["curve"])
        return frame.assign(name=[names[index] for index in frame["index"]]) if len(frame) else frame

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{html.escape(text)}</p>" for text in [*self.view["sentences"], *self.view["notes"]])
        drawing = self.curve.svg.decode("utf-8").partition("?>")[2] if self.curve else ""
        return drawing + said + _html_warnings(self.warnings)


def warned(run: Run) -> list[RunCheck]:
    """The checks of a run that warn."""
    return [check for check in run.get("checks") or [] if check["status"] == "warn"]


def _html_warnings(texts: list[str]) -> str:
    return "".join(f"<p><b>warning</b> {html.escape(text)}</p>" for text in texts)


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise MissingPackage("frames need pandas: pip install 'stata-service[frames]'") from error
    return pandas


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _shown(text: str) -> str:
    """A cell of a CSV file; a long number is rounded for the eye."""
    try:
        return f"{float(text):.5g}" if len(text) > 8 else text
    except ValueError:
        return text


def _html_table(caption: str, header: list[str], rows: list[list[str]]) -> str:
    def line(tag: str, cells: list[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(_shown(cell))}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(line("td", row) for row in rows)
    return f"<table><caption>{html.escape(caption)}</caption>{line('th', header)}{body}</table>"
