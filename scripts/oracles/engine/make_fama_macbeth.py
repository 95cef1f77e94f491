"""`xtfmb` and `asreg, fmb`: regressions of each period by numpy, averaged by linearmodels (FamaMacBeth) where it has the same
covariance; Newey and West as `newey` of the averages, statsmodels. Published: the Grunfeld example of asreg's page.
Writes `fama_macbeth.json`."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases
from linearmodels.panel import FamaMacBeth

SET = "xtset company year\n"


def periods(frame, xs, weight=None):
    """Coefficients (constant last), R squared and adjusted R squared of each period."""
    rows = []
    for _, part in frame.groupby("year"):
        x = sm.add_constant(part[xs].astype(float), prepend=False)
        w = np.ones(len(part)) if weight is None else part[weight].to_numpy(float)
        found = sm.WLS(part["invest"], x, weights=w).fit()
        rows.append([*found.params, found.rsquared, found.rsquared_adj])
    return np.array(rows)


def expected(rows, xs, n, lags=None):
    count = len(rows)
    out = {"e(N)": n, "e(N_g)": count, "e(df_r)": count - 1, "e(r2)": rows[:, -2].mean()}
    for j, name in enumerate([*xs, "_cons"]):
        constant = sm.OLS(rows[:, j], np.ones(count))
        found = constant.fit() if lags is None else constant.fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True})
        out[f"_b[{name}]"], out[f"_se[{name}]"] = found.params[0], found.bse[0]
    return out


def main():
    cases = Cases("fama_macbeth", "numpy, linearmodels, statsmodels, published output")
    frame = pd.read_csv(ROOT / "data" / "grunfeld.csv")
    xs = ["mvalue", "kstock"]
    plain = expected(periods(frame, xs), xs, len(frame))
    index = frame.set_index(["company", "year"])
    check = FamaMacBeth(index["invest"], sm.add_constant(index[xs])).fit(cov_type="unadjusted", debiased=True)
    for name in xs:
        assert abs(check.params[name] / plain[f"_b[{name}]"] - 1) < 1e-10
        assert abs(check.std_errors[name] / plain[f"_se[{name}]"] - 1) < 1e-10, (check.std_errors[name], plain)
    deviations = periods(frame, xs)[:, :2]
    v = np.cov(deviations.T) / len(deviations)
    b = deviations.mean(axis=0)
    plain["e(F)"] = b @ np.linalg.solve(v, b) / 2
    cases.add("xtfmb", "grunfeld.csv", SET + "xtfmb invest mvalue kstock", plain, 1e-9, "linearmodels FamaMacBeth, numpy")
    adjusted = plain | {"e(adjr2)": periods(frame, xs)[:, -1].mean()}
    cases.add("asreg fmb", "grunfeld.csv", SET + "asreg invest mvalue kstock, fmb", adjusted, 1e-9, "linearmodels FamaMacBeth, numpy")
    printed = {
        "e(N)": 200, "e(N_g)": 20, "round(e(F), .01)": 195.04, "round(e(r2), .0001)": 0.8369, "round(_b[mvalue], 1e-7)": 0.1306047,
        "round(_se[mvalue], 1e-7)": 0.0093422, "round(_b[kstock], 1e-7)": 0.0729575, "round(_se[kstock], 1e-7)": 0.0277398,
    }
    cases.add("asreg fmb published", "grunfeld.csv", SET + "asreg invest mvalue kstock, fmb", printed, 1e-9, "published output of asreg, Grunfeld data")
    for lags in (1, 2):
        rows = expected(periods(frame, xs), xs, len(frame), lags)
        cases.add(f"xtfmb lag({lags})", "grunfeld.csv", SET + f"xtfmb invest mvalue kstock, lag({lags})", rows, 1e-9, "statsmodels OLS on a constant, HAC")
    cases.add("asreg fmb newey(2)", "grunfeld.csv", SET + "asreg invest mvalue kstock, fmb newey(2)", rows, 1e-9, "statsmodels OLS on a constant, HAC")
    # in one year two firms only, in another one all values of a regressor alike: both have no regression
    unbalanced = frame[~((frame["company"] > 2) & (frame["year"] == 1940)) & (frame["year"] != 1944)]
    do = "replace mvalue = 5 if year == 1944\ndrop if company > 2 & year == 1940\n" + SET + "xtfmb invest mvalue kstock"
    used = unbalanced[unbalanced["year"] != 1940]
    cases.add("xtfmb periods left out", "grunfeld.csv", do, expected(periods(used, xs), xs, len(used)), 1e-9, "numpy")
    weighted = frame.assign(w=frame["company"] + 1)
    rows = expected(periods(weighted, xs, "w"), xs, len(frame))
    cases.add("xtfmb aweight", "grunfeld.csv", "generate w = company + 1\n" + SET + "xtfmb invest mvalue kstock [aw=w]", rows, 1e-9, "statsmodels WLS")
    cases.write()


if __name__ == "__main__":
    main()
