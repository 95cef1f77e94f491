"""Golden numbers of the data, descriptive and test templates (pandas, scipy)."""

import math

import numpy as np
import pandas as pd
import scipy
from scipy import stats

from golden import case, percentile, read, save, table

CLOSED = {"default": 1e-8}


def codebook() -> None:
    """Counts and moments by pandas; the findings are those that make_data.py planted."""
    frame = read("survey.csv").assign(**{"门店代码": lambda f: f["门店代码"].astype(float)})
    rows = []
    n = len(frame)
    dates = {"访问日期"}
    for name in frame.columns:
        column = frame[name]
        row = {"variable": name, "n": column.notna().sum(), "missing": column.isna().sum(),
               "missing_share": column.isna().mean(), "distinct": column.nunique()}
        if name in dates:
            days = (pd.to_datetime(column) - pd.Timestamp("1960-01-01")).dt.days.astype(float)
            row |= {"kind": "date", "min": days.min(), "max": days.max(), "mean": days.mean(),
                    "sd": days.std()}
        elif column.dtype.kind in "if" and column.notna().any():
            row |= {"kind": "number", "min": column.min(), "max": column.max(),
                    "mean": column.mean(), "sd": column.std()}
        elif column.notna().any():
            lengths = column.dropna().str.len()
            row |= {"kind": "text", "min_length": lengths.min(), "max_length": lengths.max()}
        rows.append(row)
    channel = frame["渠道"]
    issues = [
        {"variable": "满意度", "issue": "suspicious_code", "rows": (frame["满意度"] == 99).sum()},
        {"variable": "渠道", "issue": "outer_blanks", "rows": (channel != channel.str.strip()).sum()},
        {"variable": "渠道", "issue": "case_variants",
         "rows": channel.nunique() - channel.str.strip().str.lower().nunique()},
        {"variable": "批次", "issue": "constant", "rows": n},
        {"variable": "备注", "issue": "mostly_missing", "rows": frame["备注"].isna().sum()},
        {"variable": "备注", "issue": "missing_marks", "rows": (frame["备注"] == "不详").sum()},
        {"variable": "传真", "issue": "all_missing", "rows": n},
        {"variable": "_rows", "issue": "duplicate_rows", "rows": frame.duplicated().sum()},
        {"variable": "_file", "issue": "checked", "rows": n},
    ]
    issues = [i | {"share": i["rows"] / n} for i in issues]
    if frame["备注"].isna().sum() <= 0.5 * n:
        issues = [i for i in issues if i["issue"] != "mostly_missing"]
    save("survey.codebook.json", f"pandas {pd.__version__}", CLOSED, case(
        {"table_codebook.csv": table(["variable"], rows),
         "table_issues.csv": table(["variable", "issue"], issues)},
        {"n_used": n, "n_variables": frame.shape[1], "n_duplicate_rows": frame.duplicated().sum()},
    ))


def group_row(variable: str, name: str, column: pd.Series, full: bool) -> dict:
    """Statistics of one cell; moments about the mean without correction ([R] summarize)."""
    x = column.dropna().to_numpy(float)
    row = {"variable": variable, "group": name, "n": len(x), "missing": column.isna().sum(),
           "mean": x.mean(), "sd": x.std(ddof=1), "min": x.min(), "p25": percentile(x, 25),
           "p50": percentile(x, 50), "p75": percentile(x, 75), "max": x.max(),
           "p1": None, "p99": None, "skewness": None, "kurtosis": None}
    if full:
        row |= {"p1": percentile(x, 1), "p99": percentile(x, 99), "skewness": stats.skew(x),
                "kurtosis": stats.kurtosis(x, fisher=False)}
    return row


def by_group() -> None:
    """Two variables by city, then by gender in short form."""
    frame = read("survey.csv")

    def rows(group: str, full: bool) -> list[dict]:
        out = []
        for variable in ["年龄", "月收入"]:
            out.append(group_row(variable, "all", frame[variable], full))
            for level in sorted(frame[group].unique(), key=lambda s: s.encode()):
                out.append(group_row(variable, level, frame.loc[frame[group] == level, variable], full))
        return out

    key = ["variable", "group"]
    save("survey.by_group.json", f"pandas {pd.__version__}, scipy {scipy.__version__}", CLOSED, case(
        {"table_by_group.csv": table(key, rows("城市", True))},
        {"n_used": len(frame), "n_groups": 4},
    ), [case({"table_by_group.csv": table(key, rows("性别", False))}, {"n_groups": 2},
             {"group": "性别", "stats": "short"}, "gender, short form")])


def correlation() -> None:
    """Pearson with all pairs, and Spearman on complete rows."""
    frame = read("pay.csv")
    names = ["log_pay", "schooling", "years_work", "hours"]

    def tables(data: pd.DataFrame, method) -> dict:
        correlations, p_values = [], []
        note = "spearman" if method is stats.spearmanr else "pearson"
        for i, a in enumerate(names):
            for j, b in enumerate(names[: i + 1]):
                both = data[[a, b]].dropna() if a != b else data[[a]].dropna()
                n = len(both)
                if a == b:
                    r, p, lo, hi = 1.0, None, None, None
                else:
                    result = method(both[a], both[b])
                    r, p = result.statistic, result.pvalue
                    half = stats.norm.ppf(0.975) / math.sqrt(n - 3)
                    lo, hi = math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)
                correlations.append({"row": a, "column": b, "correlation": r, "ci_low": lo,
                                     "ci_high": hi, "n": n, "note": note})
                p_values.append({"row": a, "column": b, "p_value": p, "n": n, "note": note})
        key = ["row", "column"]
        return {"table_correlation.csv": table(key, correlations),
                "table_p_values.csv": table(key, p_values)}

    complete = frame[names].dropna()
    save("pay.correlation.json", f"scipy {scipy.__version__} pearsonr, spearmanr", CLOSED, case(
        tables(frame, stats.pearsonr), {"n_used": len(frame), "n_variables": 4},
    ), [case(tables(complete, stats.spearmanr), {"n_used": len(complete)},
             {"method": "spearman", "pairwise": False}, "spearman, complete rows")])


def ttest() -> None:
    """Recovery days by arm; Hedges (1981) factor and the variance ratio with scipy functions."""
    frame = read("clinic.csv").dropna(subset=["recovery_days"])
    levels = sorted(frame["arm"].unique())
    a, b = (frame.loc[frame["arm"] == v, "recovery_days"].to_numpy() for v in levels)
    n1, n2 = len(a), len(b)
    rows = []
    for i, x in enumerate((a, b), start=1):
        se = x.std(ddof=1) / math.sqrt(len(x))
        half = stats.t.ppf(0.975, len(x) - 1) * se
        rows.append({"test": f"mean_group{i}", "estimate": x.mean(), "std_error": se,
                     "ci_low": x.mean() - half, "ci_high": x.mean() + half, "n": len(x),
                     "note": levels[i - 1]})
        rows.append({"test": f"sd_group{i}", "estimate": x.std(ddof=1), "n": len(x)})
    metrics = {}
    for name, equal in (("t_equal_variances", True), ("t_unequal_variances", False)):
        result = stats.ttest_ind(a, b, equal_var=equal)
        ci = result.confidence_interval(0.95)
        difference = a.mean() - b.mean()
        less = stats.ttest_ind(a, b, equal_var=equal, alternative="less").pvalue
        greater = stats.ttest_ind(a, b, equal_var=equal, alternative="greater").pvalue
        rows.append({"test": name, "estimate": difference, "std_error": difference / result.statistic,
                     "statistic": result.statistic, "df1": result.df, "p_value": result.pvalue,
                     "p_less": less, "p_greater": greater, "ci_low": ci.low, "ci_high": ci.high,
                     "n": n1 + n2, "note": "" if equal else "chosen"})
        metrics[name] = {"difference": difference, "t": result.statistic, "df": result.df,
                         "p": result.pvalue}
    df = n1 + n2 - 2
    pooled = math.sqrt(((n1 - 1) * a.var(ddof=1) + (n2 - 1) * b.var(ddof=1)) / df)
    d = (a.mean() - b.mean()) / pooled
    factor = math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2)
    ratio = a.var(ddof=1) / b.var(ddof=1)
    low, high = stats.f.cdf(ratio, n1 - 1, n2 - 1), stats.f.sf(ratio, n1 - 1, n2 - 1)
    rows += [
        {"test": "cohen_d", "estimate": d, "n": n1 + n2},
        {"test": "hedges_g", "estimate": d * factor, "n": n1 + n2},
        {"test": "variance_ratio", "estimate": ratio, "statistic": ratio, "df1": n1 - 1, "df2": n2 - 1,
         "p_value": 2 * min(low, high), "p_less": low, "p_greater": high, "n": n1 + n2},
    ]
    equal_rows = [dict(r) for r in rows]
    for r in equal_rows:
        if r["test"].startswith("t_"):
            r["note"] = "chosen" if r["test"] == "t_equal_variances" else ""
    save("clinic.ttest_two.json", f"scipy {scipy.__version__} ttest_ind", CLOSED, case(
        {"table_ttest.csv": table(["test"], rows)},
        metrics["t_unequal_variances"] | {"n_used": n1 + n2, "cohen_d": d},
    ), [case({"table_ttest.csv": table(["test"], equal_rows)}, metrics["t_equal_variances"],
             {"unequal": False}, "equal variances")])


if __name__ == "__main__":
    codebook()
    by_group()
    correlation()
    ttest()
