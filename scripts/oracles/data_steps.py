"""Data for the tests of data steps, and what pandas and statsmodels make of them.

Writes main.csv (firms by year), sectors.csv (one row per sector), staff.csv (several rows per firm) and
later.csv (further years) below tests/fixtures/data_steps, and expected.json. Run from the repository's root.
"""

import json
import pathlib

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf

OUT = pathlib.Path("tests/fixtures/data_steps")


def data():
    rng = np.random.default_rng(20260105)
    firm = np.repeat(np.arange(1, 41), 3)
    year = np.tile([2019, 2020, 2021], 40)
    sector = np.array(["food", "steel", "trade", "energy"])[(firm * 7) % 4]
    main = pd.DataFrame({"firm": firm, "year": year, "sector": sector})
    main["sales"] = np.round(20 + 0.8 * firm + rng.normal(0, 4, len(main)), 3)
    main.loc[::17, "sales"] = np.nan
    # energy has no row here, health no firm
    sectors = pd.DataFrame({
        "sector": ["food", "steel", "trade", "health"],
        "tariff": [2.5, 7.25, 1.0, 0.5],
        "sales": [1.0, 2.0, 3.0, 4.0],
    })
    staff_firm = np.repeat(np.arange(1, 51, 2), 2)
    staff = pd.DataFrame({"firm": staff_firm, "person": np.arange(len(staff_firm))})
    staff["age"] = rng.integers(20, 60, len(staff))
    later = pd.DataFrame({"firm": np.arange(1, 21), "year": 2022, "sector": "food"})
    later["sales"] = np.round(25 + 0.5 * later["firm"] + rng.normal(0, 3, 20), 3)
    later["online"] = (rng.random(20) < 0.5).astype(int)
    return main, sectors, staff, later


def flow(main, other, keys, how):
    both = main.merge(other, on=keys, how="outer", indicator=True)["_merge"].value_counts()
    kept = {"matched": both["both"], "master": both["both"] + both["left_only"], "all": both.sum()}[how]
    return {
        "matched": int(both["both"]),
        "main_only": int(both["left_only"]),
        "other_only": int(both["right_only"]),
        "rows": int(kept),
    }


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    main_data, sectors, staff, later = data()
    for name, frame in [("main", main_data), ("sectors", sectors), ("staff", staff), ("later", later)]:
        frame.to_csv(OUT / f"{name}.csv", index=False)
    tariffs = sectors.drop(columns="sales")
    matched = main_data.merge(tariffs, on="sector", how="inner")
    fit = smf.ols("sales ~ tariff", matched).fit(cov_type="HC1", use_t=True)
    stacked = pd.concat([main_data, later], ignore_index=True)
    chained = stacked.merge(tariffs, on="sector", how="left")
    chained = chained.assign(log_sales=np.log(chained["sales"]))
    selected = chained[(chained["year"] >= 2020) & chained["tariff"].notna() & (chained["tariff"] > 1)]
    log_fit = smf.ols("log_sales ~ tariff", selected).fit(cov_type="HC1", use_t=True)
    once = main_data[main_data["year"] == 2019].drop(columns="year")
    expected = {
        "m1_matched": flow(main_data, tariffs, ["sector"], "matched"),
        "m1_master": flow(main_data, tariffs, ["sector"], "master"),
        "m1_all": flow(main_data, tariffs, ["sector"], "all"),
        "one_to_many": flow(once, staff, ["firm"], "matched"),
        "ols": {
            "n": int(fit.nobs),
            "tariff": fit.params["tariff"],
            "tariff_se": fit.bse["tariff"],
            "_cons": fit.params["Intercept"],
        },
        "chained": {
            "appended": len(stacked),
            "merged": len(chained),
            "selected": len(selected),
            "n": int(log_fit.nobs),
            "tariff": log_fit.params["tariff"],
            "tariff_se": log_fit.bse["tariff"],
        },
    }
    once.to_csv(OUT / "once.csv", index=False)
    (OUT / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
