"""Golden numbers of the templates that prepare data, and of the frequency, baseline and missing-value
tables (pandas, scipy; standardised differences by hand after Austin 2009)."""

import math

import numpy as np
import pandas as pd
import scipy
from scipy import stats

from golden import case, read, save, table

CLOSED = {"default": 1e-8}
PANDAS = f"pandas {pd.__version__}"


def records(frame: pd.DataFrame) -> list[dict]:
    """Rows as dictionaries, missing values as None (text: empty)."""
    rows = []
    for row in frame.to_dict("records"):
        rows.append({k: None if not isinstance(v, str) and pd.isna(v) else v for k, v in row.items()})
    return rows


def report(values: dict) -> dict:
    return table(["item"], [{"item": k, "value": v} for k, v in values.items()])


def merge() -> None:
    """Orders with their customers; the indicator of pandas is the mark of the match."""
    main, second = read("orders.csv"), read("customers.csv")

    def run(keep: str, names: list[str]) -> tuple[dict, dict, dict]:
        other = second[["customer", *names]]
        joined = main.merge(other, on="customer", how="outer", indicator=True, suffixes=("", "_second"))
        # values of a variable in both files come from the second file only where there is no main row
        if "region_second" in joined:
            only = joined["_merge"] == "right_only"
            joined.loc[only, "region"] = joined.loc[only, "region_second"]
            joined = joined.drop(columns="region_second")
        counts = joined["_merge"].value_counts()
        codes = {"left_only": 1, "right_only": 2, "both": 3}
        joined["match_result"] = joined["_merge"].map(codes).astype(int)
        wanted = {"all": [1, 2, 3], "master": [1, 3], "matched": [3]}[keep]
        joined = joined[joined["match_result"].isin(wanted)].drop(columns="_merge")
        added = [c for c in other.columns if c not in main.columns]
        both = [c for c in names if c in main.columns]
        tables = {"table_merge_report.csv": report({
            "rows_main": len(main), "rows_second": len(second), "matched": counts["both"],
            "main_only": counts["left_only"], "second_only": counts["right_only"],
            "missing_key_main": main["customer"].isna().sum(), "missing_key_second": 0,
            "variables_added": len(added), "variables_in_both": len(both), "rows_result": len(joined)})}
        known = joined.dropna(subset=["order_id"])
        metrics = {"n_used": len(main), "n_matched": counts["both"], "n_result": len(joined),
                   "n_unmatched": counts["left_only"] + counts["right_only"]}
        data = {"data_merged.dta": table(["order_id"], records(known))}
        if len(known) != len(joined):
            data = {"data_merged.dta": table(["customer", "order_id"], records(joined))}
        return tables, metrics, data

    tables, metrics, data = run("all", ["since_year", "segment", "region"])
    variants = []
    for keep, names in (("matched", ["segment"]), ("master", ["since_year", "segment", "region"])):
        t, m, d = run(keep, names)
        chosen = {"keep": keep} | ({"keep_vars": " ".join(names)} if len(names) == 1 else {})
        variants.append(case(t, m, chosen, f"keep {keep}", data=d))
    save("orders.merge.json", f"{PANDAS} merge", CLOSED, case(tables, metrics, data=data), variants)


def reshape() -> None:
    """Marks from wide to long over years, and from terms to columns."""
    frame = read("marks.csv")
    long = pd.wide_to_long(frame, ["maths", "essay"], i="row_id", j="year").reset_index()
    tables = {"table_reshape_report.csv": report({
        "rows_before": len(frame), "columns_before": frame.shape[1], "rows_after": len(long),
        "columns_after": long.shape[1], "units": frame["row_id"].nunique(),
        "empty_cells": long[["maths", "essay"]].isna().sum().sum()})}
    columns = ["row_id", "year", "pupil_id", "class", "maths", "essay"]
    main = case(tables, {"n_used": len(frame), "n_units": len(frame), "n_result": len(long)},
                data={"data_reshaped.dta": table(["row_id", "year"], records(long[columns]))})
    spread = ["row_id", *[c for c in frame.columns if c[:5] in ("maths", "essay")]]
    wide = frame.pivot(index=["pupil_id", "class"], columns="term", values=spread)
    wide.columns = [f"{a}{b}" for a, b in wide.columns]
    wide = wide.reset_index()
    tables = {"table_reshape_report.csv": report({
        "rows_before": len(frame), "columns_before": frame.shape[1], "rows_after": len(wide),
        "columns_after": wide.shape[1], "units": len(wide),
        "empty_cells": wide.isna().sum().sum()})}
    variant = case(tables, {"n_units": len(wide), "n_result": len(wide)},
                   {"direction": "wide", "stubs": " ".join(spread), "panel_id": "pupil_id", "j_var": "term"},
                   "wide over terms", data={"data_reshaped.dta": table(["pupil_id"], records(wide))})
    save("marks.reshape.json", f"{PANDAS} wide_to_long, pivot", CLOSED, main, [variant])


def append() -> None:
    """Orders and late orders one under the other; a third run turns a conflicting column into text."""
    main, late = read("orders.csv"), read("orders_late.csv")

    def run(late: pd.DataFrame, texts: list[str]) -> tuple[dict, dict, dict]:
        one, two = main.copy(), late.copy()
        for name in texts:
            one[name], two[name] = one[name].astype(str), two[name].astype(str)
        both = pd.concat([one.assign(source_file=1), two.assign(source_file=2)], ignore_index=True)
        plain = both.drop(columns="source_file")
        rows = [("rows", "data.dta", len(main)), ("variables", "data.dta", main.shape[1]),
                ("rows", "second.dta", len(late)), ("variables", "second.dta", late.shape[1]),
                ("variables_absent", "second.dta", len(set(main) - set(late))),
                ("variables_new", "second.dta", len(set(late) - set(main))),
                ("variables_made_text", "second.dta", len(texts)),
                ("repeated_rows", "result", plain.duplicated().sum()),
                ("rows", "result", len(both)), ("variables", "result", plain.shape[1])]
        report = table(["item", "file"], [{"item": a, "file": b, "value": c} for a, b, c in rows])
        metrics = {"n_used": len(main), "n_files": 2, "n_result": len(both)}
        columns = ["order_id", "source_file", "customer", "amount", "items", "region", "channel"]
        keep = [c for c in columns if c in both]
        data = {"data_appended.dta": table(["order_id"], records(both[keep]))}
        return {"table_append_report.csv": report}, metrics, data

    tables, metrics, data = run(late, [])
    codes = pd.DataFrame({"order_id": ["A1", "A2", "A3"], "customer": ["K01", "K02", "K03"],
                          "amount": [10.5, 20.0, None]})
    t, m, d = run(codes, ["order_id"])
    variant = case(t, m, {"force_types": True}, "a number here, text there", data=d,
                   inputs={"second.dta": {"csv": codes.to_csv(index=False)}})
    save("orders.append.json", f"{PANDAS} concat", CLOSED, case(tables, metrics, data=data), [variant])


def derive() -> None:
    """Every operation on the firm panel."""
    frame = read("firms_panel.csv")
    by_year = frame.set_index(["firm", "year"])

    def shifted(name: str, periods: int) -> pd.Series:
        before = by_year[name].reset_index()
        before["year"] += periods
        merged = frame[["firm", "year"]].merge(before, on=["firm", "year"], how="left")
        return merged[name]

    def rows(names, operation, prefix, make):
        out = []
        for name in names:
            new = make(name)
            out.append({"variable": name, "new_variable": prefix + name, "operation": operation,
                        "n": new.notna().sum(), "missing": new.isna().sum(),
                        "missing_before": frame[name].isna().sum(), "mean": new.mean(), "sd": new.std(),
                        "min": new.min(), "max": new.max()})
        return {"table_derive_report.csv": table(["variable"], out)}

    names = ["log_output", "log_labor"]
    two = [
        ("lag", "l2_", lambda v: shifted(v, 2), {"lags": 2}),
        ("square", "sq_", lambda v: frame[v] ** 2, {}),
        ("zscore", "z_", lambda v: (frame[v] - frame[v].mean()) / frame[v].std(), {}),
        ("log", "ln_", lambda v: np.log(frame[v]), {}),
        ("log1p", "ln1p_", lambda v: np.log1p(frame[v]), {}),
    ]
    variants = [case(rows(names, op, prefix, make), {"n_derived": 2}, {"operation": op} | more, op)
                for op, prefix, make, more in two]
    # means of deviations are zero up to rounding: only the other numbers are compared
    demeaned = rows(names, "demean", "dm_", lambda v: frame[v] - frame.groupby("firm")[v].transform("mean"))
    for row in demeaned["table_derive_report.csv"]["rows"]:
        del row["mean"]
    variants.append(case(demeaned, {"n_derived": 2}, {"operation": "demean"}, "demean"))
    save("firms_panel.derive.json", PANDAS, CLOSED, case(
        rows(names, "difference", "d1_", lambda v: frame[v] - shifted(v, 1)),
        {"n_used": len(frame), "n_derived": 2}), variants)


def dedup() -> None:
    """Invoices: which rows stay under each rule."""
    frame = read("ledger.csv")
    frame["place"] = range(len(frame))
    frame["gaps"] = frame[["booked_on", "amount", "supplier", "note"]].isna().sum(axis=1)
    groups = frame.groupby("invoice")
    others = ["booked_on", "amount", "supplier", "note"]
    conflict = groups[others].nunique(dropna=False).max(axis=1) > 1
    copies = groups.size()

    def run(rule: str, order: list[str]):
        if rule == "most_complete":
            order = ["gaps", *order]
        ordered = frame.sort_values([*order, "place"])
        if rule == "none":
            kept = ordered[~ordered.duplicated("invoice", keep=False)]
        else:
            kept = ordered.drop_duplicates("invoice", keep="last" if rule == "last" else "first")
        out = []
        for k in sorted(copies.unique()):
            names = copies.index[copies == k]
            rows = frame["invoice"].isin(names)
            out.append({"copies": k, "keys": len(names), "rows": rows.sum(),
                        "rows_removed": rows.sum() - kept["invoice"].isin(names).sum(),
                        "conflicting_keys": conflict[names].sum()})
        metrics = {"n_used": len(frame), "n_removed": len(frame) - len(kept), "n_result": len(kept),
                   "n_repeated_keys": (copies > 1).sum(), "n_conflicting_keys": conflict.sum()}
        data = table(["invoice"], records(kept.sort_values("place")[["invoice", *others]]))
        return {"table_duplicates.csv": table(["copies"], out)}, metrics, {"data_unique.dta": data}

    tables, metrics, data = run("most_complete", [])
    variants = []
    for rule, order in (("first", []), ("last", ["booked_on"]), ("none", [])):
        t, m, d = run(rule, order)
        chosen = {"keep_rule": rule} | ({"order_var": order[0]} if order else {})
        variants.append(case(t, m, chosen, rule, data=d))
    save("ledger.dedup.json", f"{PANDAS} drop_duplicates", CLOSED, case(tables, metrics, data=data), variants)


def frequency() -> None:
    frame = read("survey.csv")

    def rows(names: list[str]) -> list[dict]:
        out = []
        for name in names:
            column = frame[name]
            counts = column.value_counts()
            order = sorted(counts.index, key=lambda v: v.encode() if isinstance(v, str) else v)
            running = 0
            for value in order:
                running += counts[value]
                out.append({"variable": name, "value": value if isinstance(value, str) else f"{value:g}",
                            "n": counts[value], "percent": 100 * counts[value] / len(frame),
                            "valid_percent": 100 * counts[value] / counts.sum(),
                            "cumulative_percent": 100 * running / counts.sum()})
            gone = column.isna().sum()
            out.append({"variable": name, "value": "missing", "n": gone, "percent": 100 * gone / len(frame),
                        "valid_percent": None, "cumulative_percent": None})
        return out

    key = ["variable", "value"]
    names = ["城市", "满意度", "性别"]
    levels = sum(frame[n].nunique() for n in names)
    save("survey.frequency.json", f"{PANDAS} value_counts", CLOSED, case(
        {"table_frequencies.csv": table(key, rows(names))}, {"n_used": len(frame), "n_levels": levels},
    ), [case({"table_frequencies.csv": table(key, rows(["备注", "渠道"]))}, {},
             {"vars": ["备注", "渠道"]}, "text with missing values")])


def missing_pattern() -> None:
    frame = read("survey.csv")

    def tables(names: list[str]) -> tuple[dict, dict]:
        part = frame[names]
        gaps = part.isna()
        rows = [{"variable": n, "n": part[n].notna().sum(), "missing": gaps[n].sum(),
                 "missing_share": gaps[n].mean(), "extended_missing": 0,
                 "only_missing": (gaps[n] & (gaps.sum(axis=1) == 1)).sum()} for n in names]
        text = gaps.apply(lambda r: " ".join(n for n in names if r[n]) or "none", axis=1)
        counts = text.value_counts()
        patterns = [{"missing_variables": k, "rows": v, "share": v / len(frame),
                     "n_missing": 0 if k == "none" else len(k.split())} for k, v in counts.items()]
        complete = (~gaps.any(axis=1)).sum()
        metrics = {"n_used": len(frame), "n_variables_missing": gaps.any().sum(), "n_complete": complete,
                   "share_complete": complete / len(frame), "n_patterns": len(counts)}
        return {"table_missing.csv": table(["variable"], rows),
                "table_patterns.csv": table(["missing_variables"], patterns)}, metrics

    main, metrics = tables(list(frame.columns))
    names = ["月收入", "备注", "满意度"]
    t, m = tables(names)
    save("survey.missing_pattern.json", f"{PANDAS} isna", CLOSED, case(main, metrics),
         [case(t, m, {"vars": names}, "three variables")])


def balance() -> None:
    """Welch t, one-way F and chi-squared by scipy; standardised differences by hand."""
    frame = read("clinic.csv")

    def widest(pairs: list[float]) -> float | None:
        return max(pairs, key=abs) if pairs else None

    def run(continuous: list[str], categorical: list[str], group: str):
        part = frame.dropna(subset=[group])
        levels = sorted(part[group].unique())
        name = {v: v if isinstance(v, str) else f"{v:g}" for v in levels}
        rows, largest = [], 0.0
        for variable in continuous:
            groups = [part.loc[part[group] == v, variable] for v in levels]
            for label, x in [("all", part[variable]), *zip((name[v] for v in levels), groups)]:
                rows.append({"variable": variable, "level": "", "group": label, "n": x.notna().sum(),
                             "missing": x.isna().sum(), "mean": x.mean(), "sd": x.std(),
                             "median": x.median()})
            xs = [g.dropna() for g in groups]
            smd = widest([(a.mean() - b.mean()) / math.sqrt((a.var() + b.var()) / 2)
                          for i, a in enumerate(xs) for b in xs[i + 1:]])
            largest = max(largest, abs(smd))
            row = {"variable": variable, "level": "", "group": "comparison",
                   "n": part[variable].notna().sum(), "smd": smd}
            if len(xs) == 2:
                result = stats.ttest_ind(*xs, equal_var=False)
                row |= {"test": "t_unequal", "statistic": result.statistic, "df1": result.df,
                        "p_value": result.pvalue}
            else:
                result = stats.f_oneway(*xs)
                row |= {"test": "oneway_F", "statistic": result.statistic, "df1": len(xs) - 1,
                        "df2": sum(map(len, xs)) - len(xs), "p_value": result.pvalue}
            rows.append(row)
        for variable in categorical:
            known = part.dropna(subset=[variable])
            values = sorted(known[variable].unique())
            for value in values:
                word = value if isinstance(value, str) else f"{value:g}"
                shares = []
                for label, x in [("all", known), *((name[v], known[known[group] == v]) for v in levels)]:
                    count = (x[variable] == value).sum()
                    rows.append({"variable": variable, "level": word, "group": label, "n": len(x),
                                 "count": count, "percent": 100 * count / len(x)})
                    shares.append(count / len(x))
                shares = shares[1:]
                pairs = [(a - b) / math.sqrt((a * (1 - a) + b * (1 - b)) / 2)
                         for i, a in enumerate(shares) for b in shares[i + 1:]]
                smd = widest(pairs)
                largest = max(largest, abs(smd))
                rows.append({"variable": variable, "level": word, "group": "comparison", "n": len(known),
                             "smd": smd})
            result = stats.chi2_contingency(pd.crosstab(known[variable], known[group]), correction=False)
            rows.append({"variable": variable, "level": "", "group": "comparison", "n": len(known),
                         "test": "pearson_chi2", "statistic": result.statistic, "df1": result.dof,
                         "p_value": result.pvalue})
        metrics = {"n_used": len(part), "n_groups": len(levels), "largest_smd": largest}
        return {"table_baseline.csv": table(["variable", "level", "group"], rows)}, metrics

    tables, metrics = run(["age", "bmi", "recovery_days"], ["smoker", "stage", "sex"], "arm")
    t, m = run(["age", "bmi"], ["arm"], "stage")
    save("clinic.balance_table.json", f"scipy {scipy.__version__}; Austin (2009) by hand", CLOSED,
         case(tables, metrics),
         [case(t, m, {"continuous": ["age", "bmi"], "categorical": ["arm"], "group": "stage"},
               "more than two groups")])


def write_all() -> None:
    merge()
    reshape()
    append()
    derive()
    dedup()
    frequency()
    missing_pattern()
    balance()


if __name__ == "__main__":
    write_all()
