"""Descriptions and panel models of textbooks: ladder, lv, xtserial, xthtaylor, xcorr, xtreg with be wls."""

import subprocess

import numpy as np
import pandas as pd
from common import ROOT, Cases, write_data


def published(cases):
    """Output printed in [R] ladder and [R] lv for the mileage of 74 cars."""
    stored = ["cube", "square", "ident", "sqrt", "log", "invsqrt", "inv", "invsq", "invcube"]
    printed = [43.59, 27.03, 10.95, 4.94, 0.87, 0.20, 2.36, 11.99, 24.30]
    expect = {f"round(r({name}),.01)": value for name, value in zip(stored, printed)}
    cases.add("ladder", "cars.csv", "ladder mpg", expect, 1e-6, "[R] ladder")
    expect = {"r(median)": 20, "r(l_F)": 18, "r(u_F)": 25, "r(l_E)": 15, "r(u_E)": 28, "r(l_D)": 14, "r(u_D)": 30.5}
    expect |= {"r(l_C)": 14, "r(u_C)": 35, "r(inner_l)": 7.5, "r(inner_u)": 35.5, "r(outer_l)": -3, "r(outer_u)": 46}
    cases.add("lv", "cars.csv", "lv mpg", expect, 1e-12, "[R] lv")


def least_squares(y, x):
    b = np.linalg.lstsq(x, y, rcond=None)[0]
    return b, y - x @ b


def clustered(x, e, groups):
    """Covariance by cluster with the factor G/(G-1) (N-1)/(N-k)."""
    bread = np.linalg.inv(x.T @ x)
    scores = np.array([(x[groups == g] * e[groups == g][:, None]).sum(0) for g in np.unique(groups)])
    count, n, k = len(scores), len(x), x.shape[1]
    return bread @ (scores.T @ scores) @ bread * count / (count - 1) * (n - 1) / (n - k), count


def serial(cases, frame):
    """Wooldridge's regression of differenced residuals on their lag, in an unbalanced panel."""
    frame = frame[~((frame["company"] == 2) & (frame["year"] > 1948))].sort_values(["company", "year"])
    own = frame.groupby("company")
    change = own[["invest", "mvalue", "kstock"]].diff()
    known = change["invest"].notna().to_numpy()
    x = change.loc[known, ["mvalue", "kstock"]].to_numpy()
    residual = np.full(len(frame), np.nan)
    residual[known] = least_squares(change.loc[known, "invest"].to_numpy(), x)[1]
    lag = pd.Series(residual, frame.index).groupby(frame["company"]).shift()
    both = known & lag.notna().to_numpy()
    x, y = lag[both].to_numpy()[:, None], residual[both]
    b, e = least_squares(y, x)
    v, count = clustered(x, e, frame.loc[both, "company"].to_numpy())
    do = "drop if company == 2 & year > 1948\nxtset company year\nxtserial invest mvalue kstock"
    expect = {"r(F)": (b[0] + 0.5) ** 2 / v[0, 0], "r(df_r)": count - 1}
    cases.add("xtserial", "grunfeld.csv", do, expect, 1e-8, "numpy: Wooldridge (2002), 10.6.3; Drukker (2003)")


def within(x, groups):
    return x - np.array([x[groups == g].mean(0) for g in groups])


def two_stages(y, x, z):
    p = z @ np.linalg.lstsq(z, x, rcond=None)[0]
    b = np.linalg.solve(p.T @ x, p.T @ y)
    e = y - x @ b
    return b, e, np.linalg.inv(p.T @ x) * (e @ e) / len(y)


def hausman_taylor(cases, frame):
    """Both steps of Hausman and Taylor (1981) with matrices of every row."""
    g = frame["company"].to_numpy()
    one = np.ones((len(g), 1))
    y = frame["invest"].to_numpy(float)
    x1, x2 = frame[["mvalue"]].to_numpy(float), frame[["kstock"]].to_numpy(float)
    z1 = (g % 3)[:, None].astype(float)
    z2 = (frame["company"] ** 2 % 7).to_numpy()[:, None].astype(float)
    x = np.hstack([x1, x2])
    slopes, e = least_squares(within(y[:, None], g)[:, 0], within(x, g))
    units = len(np.unique(g))
    size = len(y) / units
    s_e = e @ e / (len(y) - units)
    means = y - x @ slopes
    means = means - within(means[:, None], g)[:, 0]
    gamma = two_stages(means, np.hstack([z1, z2, one]), np.hstack([x1, z1, one]))[0]
    rest = y - x @ slopes - np.hstack([z1, z2, one]) @ gamma
    rest = rest - within(rest[:, None], g)[:, 0]
    s_u = rest @ rest / len(y) - s_e / size
    theta = 1 - np.sqrt(s_e / (s_e + size * s_u))
    moved = lambda c: c - theta * (c - within(c, g))
    design = moved(np.hstack([x, z1, z2, one]))
    b, _, v = two_stages(moved(y[:, None])[:, 0], design, np.hstack([within(x, g), x1 - within(x1, g), z1, one]))
    # degrees of freedom as in the Stata output of Baltagi (2013), table 7.6
    se = np.sqrt(np.diag(v) * len(y) / (len(y) - 5))
    expect = {"e(sigma_u)": np.sqrt(s_u), "e(sigma_e)": np.sqrt(s_e), "e(theta)": theta}
    for i, name in enumerate(["mvalue", "kstock", "z1", "z2", "_cons"]):
        expect |= {f"_b[{name}]": b[i], f"_se[{name}]": se[i]}
    do = "generate z1 = mod(company, 3)\ngenerate z2 = mod(company^2, 7)\nxtset company year\nxthtaylor invest mvalue kstock z1 z2, endog(kstock z2)"
    cases.add("xthtaylor", "grunfeld.csv", do, expect, 1e-7, "numpy: Hausman and Taylor (1981)")


def cross(cases):
    """Correlations of two differenced series."""
    frame = pd.read_csv(ROOT / "data/grunfeld.csv")
    own = frame[frame["company"] == 1].sort_values("year")
    x, y = own["invest"].to_numpy(float), own["kstock"].to_numpy(float)
    x, y = x - x.mean(), y - y.mean()
    scale = np.sqrt((x @ x) * (y @ y))
    expect = {}
    for lag in range(-3, 4):
        shifted = (x[: len(x) - lag] @ y[lag:]) if lag >= 0 else (x[-lag:] @ y[:lag])
        expect[f"r[{lag + 4}]"] = shifted / scale
    do = "keep if company == 1\ntsset year\nxcorr invest kstock, lags(3) generate(r) nodraw"
    cases.add("xcorr", "grunfeld.csv", do, expect, 1e-10, "numpy: [TS] xcorr")


NESTED = """
suppressMessages(library(lme4))
d <- read.csv("nested_levels.csv")
for (formula in c("y ~ x + z + (1 | region/school)", "y ~ x + z + (1 | region) + (1 + x | region:school)")) for (reml in c(FALSE, TRUE)) {
  control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-11, maxfun = 1e6))
  m <- lmer(as.formula(formula), d, REML = reml, control = control)
  v <- as.data.frame(VarCorr(m))
  cat(format(c(fixef(m)[2], sqrt(vcov(m)[2, 2]), logLik(m), v$sdcor[v$grp == "region"], sigma(m)), digits = 15), "\\n")
}
"""


def nested(cases):
    """Schools within regions; the numbers of schools begin again in each region."""
    rng = np.random.default_rng(3)
    region, school = np.repeat(np.arange(1, 13), 30), np.tile(np.repeat(np.arange(1, 7), 5), 12)
    x, z = rng.normal(size=(2, len(region))).round(3)
    effects = rng.normal(size=12)[region - 1] + rng.normal(size=72)[6 * (region - 1) + school - 1]
    slope = 0.7 * rng.normal(size=72)[6 * (region - 1) + school - 1]
    y = (2 + (0.5 + slope) * x - 0.3 * z + effects + rng.normal(size=len(x))).round(3)
    frame = pd.DataFrame({"region": region, "school": school, "x": x, "z": z, "y": y})
    write_data("nested_levels", frame.drop(index=list(range(0, 360, 17))))
    done = subprocess.run(["Rscript", "-e", NESTED], cwd=ROOT / "data", capture_output=True, text=True, check=True)
    lines = iter([float(x) for x in line.split()] for line in done.stdout.splitlines() if line.strip())
    for options in ("", ", covariance(unstructured)"):
        effect = "x" if options else ""
        for method in ("", "reml"):
            b, se, ll, top, residual = next(lines)
            last = f"{options}{' ' if options else ', '}{method}" if method else options
            do = f"mixed y x z || region: || school: {effect}{last}"
            expect = {"_b[x]": b, "_se[x]": se, "e(ll)": ll, "exp([lns1_1_1]_cons)": top, "exp([lnsig_e]_cons)": residual}
            cases.add(do, "nested_levels.csv", do, expect, 1e-5, "R lme4 lmer")


def main():
    cases = Cases("textbook", "printed output of the manuals; numpy from the formulas; see each case")
    frame = pd.read_csv(ROOT / "data/grunfeld.csv")
    published(cases)
    serial(cases, frame)
    hausman_taylor(cases, frame)
    cross(cases)
    nested(cases)
    cases.write()


if __name__ == "__main__":
    main()
