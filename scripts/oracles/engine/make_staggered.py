"""Differences in differences with staggered treatments: the Python package csdid, improved weights by scipy."""

import contextlib
import io
import warnings

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import Cases, write_data
from csdid.att_gt import ATTgt
from scipy.optimize import root

warnings.filterwarnings("ignore")


def sample():
    """Three hundred units in six periods; groups are treated from periods 3, 4 and 5 on, or never."""
    rng = np.random.default_rng(5)
    n, periods = 300, 6
    g = rng.choice([0, 3, 4, 5], n, p=[0.4, 0.2, 0.2, 0.2])
    x = (rng.normal(size=n) + 0.3 * (g > 0)).round(4)
    a = rng.normal(size=n)
    rows = []
    for i in range(n):
        for t in range(1, periods + 1):
            effect = (g[i] > 0) * (t >= g[i]) * (1 + 0.5 * (t - g[i]))
            rows.append((i + 1, t, g[i], x[i], round(a[i] + 0.3 * t + 0.2 * t * x[i] + effect + rng.normal(), 4), i % 40))
    frame = pd.DataFrame(rows, columns=["id", "t", "g", "x", "y", "c"])
    write_data("staggered", frame)
    return frame


def quiet(function):
    with contextlib.redirect_stdout(io.StringIO()):
        return function()


def names(found):
    """Names of the effects as csdid (SSC) gives them."""
    out = []
    for g, t in zip(found["group"], found["t"]):
        out.append((f"[g{int(g)}]", f"t_{int(g) - 1 if t >= g else int(t) - 1}_{int(t)}"))
    return out


def by_package(cases, frame):
    """Group-time effects and their averages."""
    for method, option in (("dr", "dripw"), ("reg", "reg"), ("ipw", "stdipw")):
        for control, word in (("nevertreated", ""), ("notyettreated", " notyet")):
            fit = quiet(lambda: ATTgt(yname="y", tname="t", idname="id", gname="g", data=frame, control_group=control, xformla="y~x").fit(est_method=method, bstrap=False))
            events = quiet(lambda: fit.aggte("dynamic", bstrap=False)).atte
            found = events["call"]["mp"] if "call" in events else None
            n = found["n"]
            influence = np.asarray(found["inffunc"]["inffunc"])
            se = np.sqrt((influence**2).sum(0)) / n
            do = f"csdid y x, ivar(id) time(t) gvar(g) method({option}){word}"
            expect = {f"{e}_b[{k}]": v for (e, k), v in zip(names(found), found["att"])} | {f"{e}_se[{k}]": v for (e, k), v in zip(names(found), se)}
            cases.add(f"csdid {option}{word}", "staggered.csv", do, expect, 1e-7, "Python csdid 0.4.3")
            for kind, typec, label in (("simple", "simple", None), ("group", "group", "G"), ("calendar", "calendar", "T"), ("event", "dynamic", None)):
                a = quiet(lambda: fit.aggte(typec, bstrap=False)).atte
                expect = {}
                if kind == "simple":
                    expect = {"_b[ATT]": a["overall_att"], "_se[ATT]": np.ravel(a["overall_se"])[0]}
                elif kind in ("group", "calendar"):
                    total = "GAverage" if kind == "group" else "CAverage"
                    expect = {f"_b[{total}]": a["overall_att"]}
                    if kind == "calendar":
                        # the Stata command takes the shares of the groups as known in GAverage (printed_statspai.json)
                        expect[f"_se[{total}]"] = np.ravel(a["overall_se"])[0]
                    for e, b, s in zip(a["egt"], a["att_egt"], np.ravel(a["se_egt"])):
                        expect |= {f"_b[{label}{int(e)}]": b, f"_se[{label}{int(e)}]": s}
                else:
                    expect = {"_b[Post_avg]": a["overall_att"], "_se[Post_avg]": np.ravel(a["overall_se"])[0]}
                    for e, b, s in zip(a["egt"], a["att_egt"], np.ravel(a["se_egt"])):
                        name = f"T{'m' if e < 0 else 'p'}{abs(int(e))}"
                        expect |= {f"_b[{name}]": b, f"_se[{name}]": s}
                cases.add(f"csdid {option}{word} {kind}", "staggered.csv", f"{do} agg({kind})", expect, 1e-7, "Python csdid 0.4.3")
    both = quiet(lambda: ATTgt(yname="y", tname="t", idname="id", gname="g", data=frame, control_group="nevertreated", xformla="y~x").fit(est_method="dr", bstrap=False, base_period="universal"))
    found = quiet(lambda: both.aggte("simple", bstrap=False)).atte["call"]["mp"]
    expect = {f"[g{int(g)}]_b[t_{int(g) - 1}_{int(t)}]": v for g, t, v in zip(found["group"], found["t"], found["att"]) if t != g - 1}
    cases.add("csdid long2", "staggered.csv", "csdid y x, ivar(id) time(t) gvar(g) method(dripw) long2", expect, 1e-7, "Python csdid 0.4.3, universal base")


def improved(cases, frame):
    """Inverse probability tilting and weighted least squares; the sandwich by clusters."""
    wide = frame.pivot(index="id", columns="t", values="y")
    unit = frame.groupby("id")[["g", "x", "c"]].first()
    n = len(unit)
    expect, clustered = {}, {}
    for g in (3, 4, 5):
        for t in range(2, 7):
            base = g - 1 if t >= g else t - 1
            own = unit["g"].isin([0, g])
            d = (unit.loc[own, "g"] == g).to_numpy(float)
            x = np.column_stack([unit.loc[own, "x"], np.ones(own.sum())])
            change = (wide.loc[own, t] - wide.loc[own, base]).to_numpy()
            gamma = root(lambda b: x.T @ (d - (1 - d) * np.exp(x @ b)), np.zeros(2), tol=1e-14).x
            w = (1 - d) * np.exp(x @ gamma)
            beta = np.linalg.solve((x * w[:, None]).T @ x, (x * w[:, None]).T @ change)
            e = change - x @ beta
            one, two = (d * e).sum() / d.sum(), (w * e).sum() / w.sum()
            influence = np.zeros(n)
            influence[own.to_numpy()] = (d * (e - one) / d.mean() - w * (e - two) / w.mean()) * n / own.sum()
            name = f"t_{base}_{t}"
            expect |= {f"[g{g}]_b[{name}]": one - two, f"[g{g}]_se[{name}]": np.sqrt((influence**2).sum()) / n}
            sums = pd.Series(influence).groupby(unit["c"].to_numpy()).sum()
            clustered[f"[g{g}]_se[{name}]"] = np.sqrt((sums**2).sum()) / n
    cases.add("csdid drimp", "staggered.csv", "csdid y x, ivar(id) time(t) gvar(g)", expect, 1e-7, "Sant'Anna and Zhao (2020) by scipy")
    cases.add("csdid drimp cluster", "staggered.csv", "csdid y x, ivar(id) time(t) gvar(g) cluster(c)", clustered, 1e-7, "Sant'Anna and Zhao (2020) by scipy")


def by_least_squares(cases, frame):
    """Without covariates the effect is the slope of the change on the group, with its HC0 variance."""
    wide = frame.pivot(index="id", columns="t", values="y")
    group = frame.groupby("id")["g"].first()
    for word in ("", " notyet"):
        expect = {}
        for g in (3, 4, 5):
            for t in range(2, 7):
                base = g - 1 if t >= g else t - 1
                own = group.isin([0, g]) | ((group > max(t, base)) & (word != ""))
                fit = sm.OLS((wide[t] - wide[base])[own], sm.add_constant((group[own] == g).astype(float))).fit(cov_type="HC0")
                expect |= {f"[g{g}]_b[t_{base}_{t}]": fit.params["g"], f"[g{g}]_se[t_{base}_{t}]": fit.bse["g"]}
        cases.add(f"csdid without covariates{word}", "staggered.csv", f"csdid y, ivar(id) time(t) gvar(g){word}", expect, 1e-8, "statsmodels OLS")


def main():
    cases = Cases("staggered", "Python csdid, scipy, statsmodels")
    frame = sample()
    by_least_squares(cases, frame)
    by_package(cases, frame)
    improved(cases, frame)
    cases.write()


if __name__ == "__main__":
    main()
