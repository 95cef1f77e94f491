"""Population-averaged panel models (R geepack, numpy by hand, Stata's numbers quoted in statsmodels), random effects by
maximum likelihood (R lme4, scipy), differences in differences (statsmodels)."""

import io
import subprocess

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases, write_data
from numeric import maximise

R = r"""
suppressMessages({library(geepack); library(lme4)}); options(digits=17); d <- read.csv("FILE"); g <- read.csv("GRUN")
say <- function(k, v) cat(sprintf("%s,%.17g\n", k, v))
out <- function(tag, m, names) for (i in seq_along(names)) { say(paste0(tag, "|b|", names[i]), coef(m)[[i]]); say(paste0(tag, "|se|", names[i]), sqrt(vcov(m)[i, i])); say(paste0(tag, "|naive|", names[i]), sqrt(m$geese$vbeta.naiv[i, i])) }
n <- c("_cons", "x", "z"); ctl <- geese.control(epsilon=1e-13, maxit=200)
for (f in list(list("gauss","y",gaussian), list("logit","q",binomial), list("count","k",poisson)))
  for (corr in c("exchangeable", "independence")) {
    m <- geeglm(as.formula(paste(f[[2]], "~ x + z")), id=id, data=d, family=f[[3]], corstr=corr, control=ctl)
    out(paste0(f[[1]], corr), m, n); say(paste0(f[[1]], corr, "|phi"), m$geese$gamma[[1]])
    if (corr == "exchangeable") say(paste0(f[[1]], corr, "|alpha"), m$geese$alpha[[1]]) }
m <- lmer(invest ~ mvalue + kstock + (1 | company), g, REML=FALSE, control=lmerControl(optCtrl=list(xtol_abs=1e-13, ftol_abs=1e-14, maxeval=10000)))
say("ml|ll", as.numeric(logLik(m))); say("ml|se", sigma(m)); say("ml|su", as.data.frame(VarCorr(m))$sdcor[1])
"""


def by_hand(y, x, unit, working):
    """Gaussian estimating equations with dense matrices; units in order of time. Correlations by lag are means over the
    pairs of a unit: so Stata's stationary correlations in statsmodels come out to the digits of their convergence."""
    groups = [np.flatnonzero(unit == u) for u in np.unique(unit)]
    b = np.linalg.lstsq(x, y, rcond=None)[0]
    for _ in range(500):
        r = y - x @ b
        total = sum((r[g] ** 2).mean() for g in groups)
        lag = lambda v: sum((r[g][:-v] * r[g][v:]).mean() for g in groups if len(g) > v) / total
        if working == "exchangeable":
            a = sum((r[g].sum() ** 2 - (r[g] ** 2).sum()) / (len(g) * (len(g) - 1)) for g in groups if len(g) > 1) / total
            corr = lambda n: np.full((n, n), a) + (1 - a) * np.eye(n)
        elif working == "ar":
            a = lag(1)
            corr = lambda n: a ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
        else:
            l = [1, lag(1), lag(2)] + [0] * 100
            corr = lambda n: np.array([[l[abs(i - j)] for j in range(n)] for i in range(n)])
        h = sum(x[g].T @ np.linalg.solve(corr(len(g)), x[g]) for g in groups)
        u = [x[g].T @ np.linalg.solve(corr(len(g)), r[g]) for g in groups]
        step = np.linalg.solve(h, sum(u))
        b = b + step
        if np.abs(step).max() < 1e-14:
            break
    inv = np.linalg.inv(h)
    phi = (r**2).mean()
    m = len(groups)
    robust = inv @ sum(np.outer(v, v) for v in u) @ inv * m / (m - 1)
    return b, np.sqrt(np.diag(inv * phi)), np.sqrt(np.diag(robust)), phi


def gee(cases):
    rng = np.random.default_rng(7)
    n, t = 60, 5
    unit = np.repeat(np.arange(1, n + 1), t)
    x = np.round(rng.normal(size=n * t), 3)
    z = np.repeat(np.round(rng.uniform(size=n), 3), t)
    u = np.repeat(rng.normal(size=n), t)
    data = pd.DataFrame({"id": unit, "t": np.tile(np.arange(1, t + 1), n), "x": x, "z": z})
    data["y"] = np.round(1 + 0.5 * x - z + u + rng.normal(size=n * t), 4)
    data["q"] = (0.3 + 0.6 * x - 0.5 * z + u + rng.logistic(size=n * t) > 0).astype(int)
    data["k"] = rng.poisson(np.exp(0.2 + 0.3 * x + 0.4 * z + 0.5 * u))
    data["keep"] = (rng.uniform(size=n * t) > 0.25).astype(int)
    write_data("averages", data)
    script = R.replace("FILE", str(ROOT / "data/averages.csv")).replace("GRUN", str(ROOT / "data/grunfeld.csv"))
    frame = pd.read_csv(io.StringIO(subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=True).stdout), header=None)
    r = dict(zip(frame[0], frame[1]))
    names = ["_cons", "x", "z"]
    factor = np.sqrt(n / (n - 1))
    for tag, outcome, family, fixed in (("gauss", "y", "gaussian", False), ("logit", "q", "binomial", True), ("count", "k", "poisson", True)):
        for corr in ("exchangeable", "independence"):
            key = tag + corr
            command = f"xtset id t\nxtgee {outcome} x z, family({family}) corr({corr[:5]}) nolog"
            b = {f"_b[{c}]": r[f"{key}|b|{c}"] for c in names}
            cases.add(f"xtgee {family} {corr} robust", "averages.csv", command + " vce(robust)", b | {f"_se[{c}]": r[f"{key}|se|{c}"] * factor for c in names}, 1e-6)
            # R multiplies by its dispersion, which Stata fixes at one for counts and shares.
            scale = 1 / np.sqrt(r[f"{key}|phi"]) if fixed else 1.0
            extra = {"el(e(R),1,2)": r[f"{key}|alpha"]} if corr == "exchangeable" else {}
            extra |= {} if fixed else {"e(phi)": r[f"{key}|phi"]}
            cases.add(f"xtgee {family} {corr}", "averages.csv", command, b | {f"_se[{c}]": r[f"{key}|naive|{c}"] * scale for c in names} | extra, 1e-6)
    for command, tag in (("xtlogit q", "logit"), ("xtpoisson k", "count")):
        cases.add(f"{command.split()[0]} pa", "averages.csv", f"xtset id t\n{command} x z, pa vce(robust)",
                  {f"_b[{c}]": r[f"{tag}exchangeable|b|{c}"] for c in names} | {f"_se[{c}]": r[f"{tag}exchangeable|se|{c}"] * factor for c in names}, 1e-6)
    cases.add("xtreg pa", "averages.csv", "xtset id t\nxtreg y x z, pa", {f"_b[{c}]": r[f"gaussexchangeable|b|{c}"] for c in names}, 1e-6)
    design = lambda d: np.column_stack([d.x, d.z, np.ones(len(d))])
    for working, option in (("ar", "ar1"), ("exchangeable", "exchangeable")):
        part = data if working == "ar" else data[data.keep == 1]
        b, se, robust, phi = by_hand(part.y.to_numpy(), design(part), part.id.to_numpy(), working)
        text = f"xtset id t\nxtgee y x z {'if keep' if working != 'ar' else ''}, corr({option}) nolog"
        coefficients = {f"_b[{c}]": v for c, v in zip(["x", "z", "_cons"], b)}
        cases.add(f"xtgee {option} by hand", "averages.csv", text, coefficients | {f"_se[{c}]": v for c, v in zip(["x", "z", "_cons"], se)} | {"e(phi)": phi}, 1e-8)
        cases.add(f"xtgee {option} by hand robust", "averages.csv", text + " vce(robust)", coefficients | {f"_se[{c}]": v for c, v in zip(["x", "z", "_cons"], robust)}, 1e-8)
    stata = pd.DataFrame({"y": [4, 2, 3, 1, 4, 5, 6, 7, 8, 3, 2, 4], "x": [2, 3, 1, 4, 3, 2, 5, 4, 5, 6, 3, 2], "g": np.repeat([1, 2, 3, 4], 3), "t": np.tile([0, 1, 2], 4)})
    write_data("stationary", stata)
    cases.add("xtgee stationary 2", "stationary.csv", "xtset g t\nxtgee y x, corr(stationary 2) vce(robust) nolog",
              {"_b[_cons]": 4.463968, "_b[x]": -0.0386674, "_se[_cons]": 0.5217202, "_se[x]": 0.2800333}, 3e-5, "Stata, quoted in statsmodels test_gee.py")
    return r


def random_ml(cases, r):
    g = pd.read_csv(ROOT / "data/grunfeld.csv")
    y, x = g.invest.to_numpy(), np.column_stack([g.mvalue, g.kstock, np.ones(len(g))])
    firm = pd.factorize(g.company)[0]
    scale = np.array([0.1, 0.3, 60.0, 80.0, 50.0])

    def ll(p):
        b, su, se = p[:3] * scale[:3], p[3] * scale[3], p[4] * scale[4]
        z = y - x @ b
        total = []
        for u in np.unique(firm):
            e = z[firm == u]
            n = len(e)
            a = su**2 / (n * su**2 + se**2)
            total.append(-0.5 * ((e @ e - a * e.sum() ** 2) / se**2 + np.log(n * su**2 / se**2 + 1) + n * np.log(2 * np.pi * se**2)))
        return np.array(total)

    found = maximise(ll, np.array([1.1, 1.03, -0.97, 1.0, 1.0]))
    b, v = found[0] * scale, np.linalg.inv(found[2]) * np.outer(scale, scale)
    assert abs(found[1] / r["ml|ll"] - 1) < 1e-9 and abs(b[3] / r["ml|su"] - 1) < 1e-5, (b, r["ml|su"])
    names = ["mvalue", "kstock", "_cons", "/sigma_u", "/sigma_e"]
    expect = {f"_b[{c}]": u for c, u in zip(names, b)} | {f"_se[{c}]": s for c, s in zip(names, np.sqrt(np.diag(v)))} | {"e(ll)": r["ml|ll"]}
    null = sm.MixedLM(y, np.ones(len(y)), firm).fit(reml=False, method="bfgs", gtol=1e-10)
    pooled = sm.OLS(y, x).fit()
    expect |= {"e(chi2)": 2 * (r["ml|ll"] - null.llf), "e(chi2_c)": 2 * (r["ml|ll"] - pooled.llf)}
    cases.add("xtreg mle", "grunfeld.csv", "xtset company year\nxtreg invest mvalue kstock, mle", expect, 1e-5)


def did(cases):
    rng = np.random.default_rng(11)
    rows = []
    for g in range(1, 13):
        start = 5 if g > 7 else 99
        for i in range(1, 4):
            effect = rng.normal()
            for t in range(1, 9):
                d = int(t >= start)
                x = round(rng.normal(), 3)
                rows.append((g, 10 * g + i, t, d, x, round(0.3 * g + 0.2 * t + effect + 0.8 * d + 0.5 * x + rng.normal(), 4)))
    data = pd.DataFrame(rows, columns=["g", "id", "t", "d", "x", "y"])
    write_data("policy", data)
    n = len(data)

    def fit(absorbed, extra=None):
        dummies = pd.concat([pd.get_dummies(data[absorbed], prefix="a"), pd.get_dummies(data.t, prefix="t", drop_first=True)], axis=1).astype(float)
        cols = data[["d", "x"]] if extra is None else pd.concat([data[["d", "x"]], extra], axis=1)
        design = pd.concat([cols, dummies], axis=1)
        return sm.OLS(data.y, design).fit(cov_type="cluster", cov_kwds={"groups": data.g}), design

    res, design = fit("g")
    se, k = res.bse["d"], design.shape[1]
    assert np.linalg.matrix_rank(design) == k
    key = "ATET:r1vs0.d"
    command = "(y x) (d), group(g) time(t)"
    cases.add("didregress", "policy.csv", "didregress " + command, {f"_b[{key}]": res.params["d"], f"_se[{key}]": se, "_b[Controls:x]": res.params["x"], "e(df_r)": 11, "e(N_clust)": 12})
    panel, design = fit("id")
    # Effects of panels that lie within groups do not count in the factor of the covariance.
    k, units = design.shape[1], data.id.nunique()
    factor = np.sqrt((n - k) / (n - (k - units + 1)))
    cases.add("xtdidregress", "policy.csv", "xtset id t\nxtdidregress " + command, {f"_b[{key}]": panel.params["d"], f"_se[{key}]": panel.bse["d"] * factor, "e(df_r)": 11})
    treated = data.g > 7
    extra = pd.DataFrame({"before": np.where(treated & (data.t < 5), data.t, 0), "after": np.where(treated & (data.t >= 5), data.t, 0)})
    trend, design = fit("g", extra)
    assert np.linalg.matrix_rank(design) == design.shape[1]
    f = (trend.params["before"] / trend.bse["before"]) ** 2
    cases.add("estat ptrends", "policy.csv", "didregress " + command + "\nestat ptrends", {"r(F)": f, "r(df_r)": 11, f"_b[{key}]": res.params["d"]})
    leads = pd.DataFrame({f"l{t}": (treated & (data.t == t)).astype(float) for t in (2, 3, 4)})
    granger, design = fit("g", leads)
    assert np.linalg.matrix_rank(design) == design.shape[1]
    names = ["l2", "l3", "l4"]
    b, v = granger.params[names].to_numpy(), granger.cov_params().loc[names, names].to_numpy()
    cases.add("estat granger", "policy.csv", "didregress " + command + "\nestat granger", {"r(F)": b @ np.linalg.solve(v, b) / 3, "r(df)": 3})


def main():
    cases = Cases("averages", "R geepack, lme4, statsmodels, numpy by hand")
    r = gee(cases)
    random_ml(cases, r)
    did(cases)
    cases.write()


if __name__ == "__main__":
    main()
