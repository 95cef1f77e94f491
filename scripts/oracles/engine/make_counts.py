"""Count, category and time-series cases: stored Stata output and statsmodels fits."""

import importlib
import os

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
from common import ROOT, Cases, coefficients, write_data
from linearmodels.panel import PanelOLS, RandomEffects
from scipy import stats
from statsmodels.miscmodels.ordinal_model import OrderedModel

SM = os.path.dirname(statsmodels.__file__)


def ships():
    cases = Cases("counts", "Stata output stored in statsmodels tests; statsmodels fits where so named")
    data = pd.read_csv(f"{SM}/discrete/tests/results/ships.csv").dropna()
    write_data("ships", data[["accident", "yr_con", "op_75_79", "service", "ship"]])
    module = importlib.import_module("statsmodels.discrete.tests.results.results_count_robust_cluster")
    for attribute in dir(module):
        if not attribute.startswith("results_"):
            continue
        bunch = getattr(module, attribute)
        rows = {}
        for name, values in zip(bunch.params_table_rownames, np.asarray(bunch.params_table)):
            if name not in ("alpha", "lnalpha") and name in ("yr_con", "op_75_79", "_cons") and name not in rows:
                rows[name] = values[:2]
        expect = coefficients(rows)
        for name in ("ll", "ll_0", "chi2", "N"):
            if name in bunch and not (attribute.startswith("results_negbin") and name in ("ll_0", "chi2")):
                expect[f"e({name})"] = bunch[name]
        # Stata stops its own search at a gradient size that leaves about six digits.
        cases.add(attribute, "ships.csv", bunch.cmdline, expect, 2e-6, f"results_count_robust_cluster.{attribute}")
    return cases


def categories(cases):
    data = sm.datasets.anes96.load_pandas().data
    frame = pd.DataFrame({"pid": data["PID"], "logpopul": np.log(data["popul"] + 0.1), "selflr": data["selfLR"], "age": data["age"], "educ": data["educ"], "income": data["income"]})
    write_data("anes96", frame)
    x = ["logpopul", "selflr", "age", "educ", "income"]
    model = sm.MNLogit(frame["pid"], sm.add_constant(frame[x], prepend=False))
    fit = model.fit(method="newton", tol=1e-14, disp=0)
    expect = {"e(ll)": fit.llf, "e(ll_0)": fit.llnull, "e(chi2)": fit.llr, "e(r2_p)": fit.prsquared}
    for j, outcome in enumerate([1, 2, 3, 4, 5, 6]):
        for name in ("selflr", "income"):
            expect[f"[{outcome}]_b[{name}]"], expect[f"[{outcome}]_se[{name}]"] = fit.params.loc[name].iloc[j], fit.bse.loc[name].iloc[j]
    cases.add("mlogit", "anes96.csv", f"mlogit pid {' '.join(x)}, baseoutcome(0)", expect, 1e-6, "statsmodels MNLogit")
    p = fit.predict()
    cases.add("mlogit predict", "anes96.csv", f"mlogit pid {' '.join(x)}\npredict double p0 p1 p2 p3 p4 p5 p6", {"p0[1]": p[0, 0], "p3[10]": p[9, 3], "p6[944]": p[943, 6]}, 1e-6, "statsmodels MNLogit")
    effect = fit.get_margeff()
    expect = {f"m[1,{i + 1}]": effect.margeff[i, 0] for i in range(5)} | {f"m[2,{i + 1}]": effect.margeff_se[i, 0] for i in range(5)}
    cases.add("mlogit margins", "anes96.csv", f"mlogit pid {' '.join(x)}\nmargins, dydx(*) predict(outcome(0))\nmatrix m = r(table)", expect, 1e-6, "statsmodels MNLogit.get_margeff")
    for link, command in (("logit", "ologit"), ("probit", "oprobit")):
        ordered = OrderedModel(frame["pid"], frame[x], distr=link)
        start = ordered.fit(method="bfgs", disp=0, maxiter=2000, gtol=1e-9)
        refined = ordered.fit(method="newton", start_params=start.params, disp=0, maxiter=50, tol=1e-14)
        b = refined.params.to_numpy()
        expect = {"e(ll)": refined.llf}
        for i, name in enumerate(x):
            expect[f"_b[{name}]"] = b[i]
        cuts = ordered.transform_threshold_params(b)[1:-1]
        for i, cut in enumerate(cuts, 1):
            expect[f"b[1,{5 + i}]"] = cut
        probabilities = refined.predict()
        expect["p[3]"] = np.asarray(probabilities)[2, 0]
        do = f"{command} pid {' '.join(x)}\nmatrix b = e(b)\npredict double p, outcome(0)"
        cases.add(command, "anes96.csv", do, expect, 1e-5, "statsmodels OrderedModel; its numerical Hessian limits the digits")


def series(cases):
    data = sm.datasets.macrodata.load_pandas().data
    frame = pd.DataFrame({"t": np.arange(len(data)), "c": np.log(data["realcons"]), "y": np.log(data["realgdp"]), "r": data["realint"]})
    write_data("macro", frame)
    fit = sm.OLS(frame["c"], sm.add_constant(frame[["y", "r"]], prepend=False)).fit()
    n, k = fit.nobs, 3
    for lags in (0, 4):
        hac = fit.get_robustcov_results("HAC", maxlags=lags, use_correction=True)
        rows = {"y": (hac.params[0], hac.bse[0]), "r": (hac.params[1], hac.bse[1]), "_cons": (hac.params[2], hac.bse[2])}
        cases.add(f"newey, lag({lags})", "macro.csv", f"tsset t\nnewey c y r, lag({lags})", {**coefficients(rows), "e(df_r)": n - k}, 1e-8, "statsmodels HAC with n/(n-k)")


def hausman(cases):
    data = pd.read_csv(ROOT / "data/grunfeld.csv")
    panel = data.set_index(["company", "year"])
    x = panel[["mvalue", "kstock"]]
    fe = PanelOLS(panel["invest"], sm.add_constant(x), entity_effects=True).fit(cov_type="unadjusted", debiased=True)
    re = RandomEffects(panel["invest"], sm.add_constant(x)).fit(cov_type="unadjusted")
    names = ["mvalue", "kstock"]
    gap = (fe.params - re.params)[names].to_numpy()
    v = (fe.cov - re.cov).loc[names, names].to_numpy()
    plain = gap @ np.linalg.solve(v, gap)
    do = "xtset company year\nxtreg invest mvalue kstock, fe\nestimates store fe\nxtreg invest mvalue kstock, re\nestimates store re\n"
    cases.add("hausman", "grunfeld.csv", do + "hausman fe re", {"r(chi2)": plain, "r(df)": 2, "r(p)": stats.chi2.sf(plain, 2)}, 1e-6, "linearmodels PanelOLS and RandomEffects")
    cases.add("xtreg, re on Grunfeld", "grunfeld.csv", do, {"_b[mvalue]": re.params["mvalue"], "_se[kstock]": re.std_errors["kstock"], "e(theta)": float(re.theta.iloc[0, 0])}, 1e-8, "linearmodels RandomEffects")


if __name__ == "__main__":
    cases = ships()
    categories(cases)
    series(cases)
    hausman(cases)
    cases.write()
