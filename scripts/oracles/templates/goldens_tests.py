"""Golden numbers of further descriptive, preparation, test and plot templates (pandas, scipy)."""

import math

import numpy as np
import pandas as pd
import scipy
from scipy import stats
from statsmodels.stats.oneway import anova_oneway

from golden import case, exact_rank_p, fit, percentile, read, save, table
from goldens_describe import CLOSED, group_row


def overall() -> None:
    """Statistics of four variables of employees."""
    frame = read("pay.csv")

    def rows(full: bool) -> list[dict]:
        out = []
        for name in ["log_pay", "schooling", "hours", "female"]:
            row = group_row(name, "", frame[name], full)
            del row["group"]
            out.append(row)
        return out

    save("pay.overall.json", f"pandas {pd.__version__}, scipy {scipy.__version__}", CLOSED, case(
        {"table_descriptives.csv": table(["variable"], rows(True))}, {"n_used": len(frame), "n_variables": 4},
    ), [case({"table_descriptives.csv": table(["variable"], rows(False))}, {}, {"stats": "short"}, "short form")])


def crosstab() -> None:
    """Treatment arm by stage; with few rows the table is sparse, and Fisher's test comes next to the others."""
    save("clinic.crosstab_chi2.json", f"scipy {scipy.__version__} chi2_contingency, fisher_exact", CLOSED, crosstab_case("stage"),
         [crosstab_case("readmitted", 20, "few rows", {"column": "readmitted", "sample_if": "patient_id <= 20"})])


def crosstab_case(column, most=None, name=None, parameters=None) -> dict:
    frame = read("clinic.csv")
    if most:
        frame = frame[frame["patient_id"] <= most]
    cross = pd.crosstab(frame["arm"], frame[column])
    result = stats.chi2_contingency(cross, correction=False)
    ratio = stats.chi2_contingency(cross, correction=False, lambda_="log-likelihood")
    n = cross.to_numpy().sum()
    rows = []
    for i, a in enumerate(cross.index):
        for j, b in enumerate(cross.columns):
            count = cross.iloc[i, j]
            rows.append({"row": a, "column": str(b), "count": count, "expected": result.expected_freq[i, j],
                         "row_percent": 100 * count / cross.iloc[i].sum(),
                         "column_percent": 100 * count / cross.iloc[:, j].sum(), "percent": 100 * count / n})
    v = math.sqrt(result.statistic / n / min(cross.shape[0] - 1, cross.shape[1] - 1))
    tests = [{"test": "pearson_chi2", "statistic": result.statistic, "df1": result.dof, "p_value": result.pvalue},
             {"test": "likelihood_ratio_chi2", "statistic": ratio.statistic, "df1": ratio.dof,
              "p_value": ratio.pvalue}, {"test": "cramers_v", "statistic": v}]
    p = result.pvalue
    if (result.expected_freq < 5).mean() > 0.2:
        p = stats.fisher_exact(cross.to_numpy()).pvalue
        tests.append({"test": "fisher_exact", "p_value": p})
    return case({"table_counts.csv": table(["row", "column"], rows), "table_test.csv": table(["test"], tests)},
                {"n_used": n, "chi2": result.statistic, "p": p, "cramers_v": v}, parameters, name)


def ranksum() -> None:
    """Recovery days by arm; variance with the tie correction of [R] ranksum; up to 200 rows with the exact distribution."""
    save("clinic.ranksum.json", f"scipy {scipy.__version__} rankdata, tie-adjusted variance and exact distribution by hand", CLOSED,
         ranksum_case(), [ranksum_case(16, "few rows", {"sample_if": "patient_id <= 16"})])


def ranksum_case(most=None, name=None, parameters=None) -> dict:
    frame = read("clinic.csv").dropna(subset=["recovery_days"])
    if most:
        frame = frame[frame["patient_id"] <= most]
    ranks = stats.rankdata(frame["recovery_days"])
    levels = sorted(frame["arm"].unique())
    n = len(frame)
    rows, sums, sizes = [], [], []
    for g, level in enumerate(levels, start=1):
        inside = (frame["arm"] == level).to_numpy()
        sums.append(ranks[inside].sum())
        sizes.append(inside.sum())
        rows += [{"test": f"rank_sum_group{g}", "estimate": sums[-1], "expected": sizes[-1] * (n + 1) / 2,
                  "n": sizes[-1], "note": level},
                 {"test": f"median_group{g}", "estimate": percentile(frame["recovery_days"].to_numpy()[inside], 50),
                  "n": sizes[-1], "note": level}]
    variance = sizes[0] * sizes[1] / (n * (n - 1)) * ((ranks - (n + 1) / 2) ** 2).sum()
    z = (sums[0] - sizes[0] * (n + 1) / 2) / math.sqrt(variance)
    p = 2 * stats.norm.sf(abs(z))
    order = (sums[0] - sizes[0] * (sizes[0] + 1) / 2) / (sizes[0] * sizes[1])
    rows += [{"test": "ranksum_z", "statistic": z, "p_value": p, "n": n},
             {"test": "prob_group1_larger", "estimate": order, "expected": 0.5, "n": n}]
    if n <= 200:
        p = exact_rank_p(ranks, (sizes[0], sums[0]))
        rows.append({"test": "exact", "p_value": p, "n": n})
    return case({"table_ranksum.csv": table(["test"], rows)}, {"n_used": n, "z": z, "p": p, "prob_larger": order}, parameters, name)


def anova() -> None:
    """Recovery days by stage with all pairs."""
    frame = read("clinic.csv").dropna(subset=["recovery_days"])
    groups = {str(k): v["recovery_days"].to_numpy() for k, v in frame.groupby("stage")}
    names, values = list(groups), list(groups.values())
    n, k = len(frame), len(names)
    within = sum(((v - v.mean()) ** 2).sum() for v in values)
    total = ((frame["recovery_days"] - frame["recovery_days"].mean()) ** 2).sum()
    between = total - within
    f_test = stats.f_oneway(*values)
    bartlett = stats.bartlett(*values)
    rows = [{"source": "between", "sum_squares": between, "df": k - 1, "mean_square": between / (k - 1),
             "statistic": f_test.statistic, "p_value": f_test.pvalue},
            {"source": "within", "sum_squares": within, "df": n - k, "mean_square": within / (n - k)},
            {"source": "total", "sum_squares": total, "df": n - 1},
            {"source": "bartlett", "df": k - 1, "statistic": bartlett.statistic, "p_value": bartlett.pvalue}]
    m = k * (k - 1) / 2
    half = [stats.t.ppf(0.975, len(v) - 1) * stats.sem(v) for v in values]
    groups = [{"group": g, "n": len(v), "mean": v.mean(), "sd": v.std(ddof=1), "std_error": stats.sem(v), "ci_low": v.mean() - h, "ci_high": v.mean() + h} for g, v, h in zip(names, values, half)]
    welch = anova_oneway(values, use_var="unequal", welch_correction=True)
    error = within / (n - k)
    fitted = {"N": n, "groups": k, "eta2": between / total, "omega2": (between - (k - 1) * error) / (total + error), "welch_F": welch.statistic, "welch_df1": welch.df_num, "welch_df2": welch.df_denom, "welch_p": welch.pvalue}

    def pairs(adjust: str) -> list[dict]:
        out = []
        half = {"none": stats.t.isf(0.025, n - k), "bonferroni": stats.t.isf(0.025 / m, n - k),
                "sidak": stats.t.isf((1 - 0.95 ** (1 / m)) / 2, n - k),
                "scheffe": math.sqrt((k - 1) * stats.f.isf(0.05, k - 1, n - k))}[adjust]
        for j in range(k):
            for i in range(j):
                d = values[j].mean() - values[i].mean()
                se = math.sqrt(within / (n - k) * (1 / len(values[i]) + 1 / len(values[j])))
                t = d / se
                p = 2 * stats.t.sf(abs(t), n - k)
                p = {"none": p, "bonferroni": min(1, m * p), "sidak": 1 - (1 - p) ** m,
                     "scheffe": stats.f.sf(t * t / (k - 1), k - 1, n - k)}[adjust]
                out.append({"group1": names[j], "group2": names[i], "difference": d, "std_error": se,
                            "statistic": t, "p_value": p, "ci_low": d - half * se, "ci_high": d + half * se,
                            "note": adjust})
        return out

    key = ["group1", "group2"]
    save("clinic.anova_oneway.json", f"scipy {scipy.__version__} f_oneway, bartlett; pairs by hand", CLOSED, case(
        {"table_anova.csv": table(["source"], rows), "table_pairs.csv": table(key, pairs("bonferroni")),
         "table_groups.csv": table(["group"], groups), "table_fit.csv": fit(fitted)},
        {"n_used": n, "n_groups": k, "f_stat": f_test.statistic, "p": f_test.pvalue},
    ), [case({"table_pairs.csv": table(key, pairs(a))}, {}, {"adjust": a}, a)
        for a in ("none", "sidak", "scheffe")])


def winsorize() -> None:
    """Pay and hours, whole file and by region."""
    frame = read("pay.csv")

    def cell(name, group, column, lower, upper, method):
        x = column.dropna().to_numpy(float)
        low, high = percentile(x, lower), percentile(x, upper)
        below, above = (x < low).sum(), (x > high).sum()
        after = np.clip(x, low, high) if method == "winsorize" else x[(x >= low) & (x <= high)]
        return {"variable": name, "group": group, "n": len(x), "low_bound": low, "high_bound": high,
                "low_count": below, "high_count": above, "mean_before": x.mean(), "mean_after": after.mean(),
                "sd_before": x.std(ddof=1), "sd_after": after.std(ddof=1), "note": method}

    key = ["variable", "group"]
    rows = [cell(v, "all", frame[v], 1, 99, "winsorize") for v in ("pay", "hours")]
    by = [cell(v, g, frame.loc[frame["region"] == g, v], 5, 95, "trim") for v in ("pay", "hours")
          for g in sorted(frame["region"].unique())]
    count = lambda rows: sum(r["low_count"] + r["high_count"] for r in rows)
    save("pay.winsorize.json", f"numpy {np.__version__}, percentile rule by hand", CLOSED, case(
        {"table_winsor_report.csv": table(key, rows)}, {"n_used": len(frame), "n_changed": count(rows)},
    ), [case({"table_winsor_report.csv": table(key, by)}, {"n_changed": count(by)},
             {"lower": 5, "upper": 95, "method": "trim", "by_var": "region"}, "trim by region")])


def scatter() -> None:
    """Pay and schooling, all rows and by membership of a union."""
    frame = read("pay.csv").dropna(subset=["log_pay", "schooling"])

    def row(name, data):
        fit = stats.linregress(data["schooling"], data["log_pay"])
        return {"group": name, "n": len(data), "mean_x": data["schooling"].mean(),
                "sd_x": data["schooling"].std(), "mean_y": data["log_pay"].mean(), "sd_y": data["log_pay"].std(),
                "correlation": fit.rvalue, "slope": fit.slope, "intercept": fit.intercept}

    groups = [row(str(g), d) for g, d in frame.groupby("union_member")]
    save("pay.scatter.json", f"scipy {scipy.__version__} linregress", CLOSED, case(
        {"table_points_summary.csv": table(["group"], [row("all", frame)])}, {"n_used": len(frame)},
    ), [case({"table_points_summary.csv": table(["group"], groups)}, {},
             {"group": "union_member", "fit": "quadratic", "title": "Pay by schooling"}, "by group"),
        case({"table_points_summary.csv": table(["group"], [row("all", frame)])}, {}, {"fit": "lowess"}, "lowess")])


def histogram() -> None:
    """Log pay with the default number of bins, and with a normal curve and by group."""
    column = read("pay.csv").dropna(subset=["log_pay"])
    x = column["log_pay"].to_numpy()
    low, high = x.min(), x.max()

    def rows(bins, parts):
        out = []
        for name, values in parts:
            counts, edges = np.histogram(values, bins=bins, range=(low, high))
            width = (high - low) / bins
            out += [{"group": name, "bin": b + 1, "low": low + b * width, "high": low + (b + 1) * width,
                     "count": counts[b], "percent": 100 * counts[b] / len(values),
                     "density": counts[b] / (len(values) * width)} for b in range(bins)]
        return table(["group", "bin"], out)

    bins = round(min(math.sqrt(len(x)), 10 * math.log10(len(x))))
    groups = [(str(g), d["log_pay"].to_numpy()) for g, d in column.groupby("female")]
    save("pay.histogram.json", f"numpy {np.__version__} histogram", CLOSED, case(
        {"table_bins.csv": rows(bins, [("all", x)])}, {"n_used": len(x), "n_bins": bins},
    ), [case({"table_bins.csv": rows(12, [("all", x)])}, {"n_bins": 12}, {"bins": 12, "normal": True}, "normal curve"),
        case({"table_bins.csv": rows(10, groups)}, {"n_bins": 10}, {"bins": 10, "group": "female"}, "by group")])


def write_all() -> None:
    """Writes all golden files of this module."""
    for make in (overall, crosstab, ranksum, anova, winsorize, scatter, histogram):
        make()


if __name__ == "__main__":
    write_all()
