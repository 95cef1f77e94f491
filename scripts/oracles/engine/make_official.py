"""Options of official commands: group codes of pwcompare, contrast operators rb#., gw., hw. and jw., stptime at(),
sts test mat(), regress hascons, xthtaylor amacurdy, xtivreg ec2sls, estat aroots, pergram, cumsp.
Writes `official.json`. Sources: numpy, scipy, R survival, R plm, printed output of the manuals."""

import itertools
import json
import subprocess

import numpy as np
import pandas as pd
from common import ROOT, Cases
from make_textbook import least_squares, two_stages, within
from scipy import stats

DATA = ROOT / "data"


def r(text):
    """JSON that an R script prints."""
    out = subprocess.run(["Rscript", "-e", text], cwd=DATA, capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


def dummies(values):
    levels = np.unique(values)
    return levels, (np.asarray(values)[:, None] == levels).astype(float)


def ols(y, x):
    b, e = least_squares(y, x)
    df = len(y) - x.shape[1]
    return b, np.linalg.inv(x.T @ x) * (e @ e) / df, df, e


def letters(means, alike):
    """Letters of the largest sets of means that do not differ, by trying every subset."""
    n = len(means)
    order = list(np.argsort(means, kind="stable"))
    near = [sum(1 << j for j in range(n) if i == j or alike(order[i], order[j])) for i in range(n)]
    whole = lambda s: all(s & ~near[i] == 0 for i in range(n) if s >> i & 1)
    sets = [s for s in range(1, 1 << n) if whole(s) and not any(whole(s | 1 << j) for j in range(n) if not s >> j & 1)]
    sets = [[i for i in range(n) if s >> i & 1] for s in sets]
    sets = sorted(s for s in sets if len(s) > 1)
    out = [""] * n
    for letter, members in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", sets):
        for i in members:
            out[order[i]] += letter
    return out


def comparisons(cases):
    d = pd.read_csv(DATA / "systolic.csv").dropna(subset=["systolic"])
    source = "numpy: [R] contrast, [R] pwcompare"
    _, drug = dummies(d["drug"])
    y = d["systolic"].to_numpy(float)
    b, v, df, _ = ols(y, drug)
    n = drug.sum(0)
    eye = np.eye(4)
    later = [n * (np.arange(4) > i) for i in range(3)]
    earlier = [n * (np.arange(4) < i) for i in range(1, 4)]
    operators = {
        "rb3": [eye[i] - eye[2] for i in (0, 1, 3)],
        "gw": [eye[i] - n / n.sum() for i in range(4)],
        "hw": [eye[i] - w / w.sum() for i, w in enumerate(later)],
        "jw": [eye[i + 1] - w / w.sum() for i, w in enumerate(earlier)],
    }
    for name, rows in operators.items():
        rows = np.array(rows)
        est, se = rows @ b, np.sqrt(np.diag(rows @ v @ rows.T))
        f = est @ np.linalg.pinv(rows @ v @ rows.T) @ est / 3
        expect = {f"t[1,{i + 1}]": x for i, x in enumerate(est)} | {f"t[2,{i + 1}]": x for i, x in enumerate(se)}
        joint = {f"el(r(F),1,{len(rows) + 1})": f} if len(rows) > 1 else {}
        do = f"regress systolic i.drug\ncontrast {name}.drug\nmatrix t = r(table)"
        cases.add(f"contrast {name}.drug", "systolic.csv", do, expect | joint, 1e-8, source)
        do = f"regress systolic i.drug\nmargins {name}.drug\nmatrix t = r(table)"
        cases.add(f"margins {name}.drug", "systolic.csv", do, expect, 1e-8, source)
    _, cells = dummies(d["drug"] * 10 + d["disease"])
    both, _ = dummies(d["disease"])
    for term, x, adjust in (("drug", drug, "noadjust"), ("drug#disease", cells, "noadjust"), ("drug#disease", cells, "bonferroni")):
        b, v, df, _ = ols(y, x)
        m = len(b) * (len(b) - 1) / 2 if adjust == "bonferroni" else 1
        gap = lambda i, j: abs(b[i] - b[j]) / np.sqrt(v[i, i] + v[j, j] - 2 * v[i, j])
        found = letters(b, lambda i, j: 2 * m * stats.t.sf(gap(i, j), df) > 0.05)
        model = "i.drug" if term == "drug" else "i.drug##i.disease"
        lines = [f'scalar g{i + 1} = "`r(groups{i + 1})\'" == "{code}"' for i, code in enumerate(found)]
        expect = {f"g{i + 1}": 1 for i in range(len(found))}
        for command in (f"pwcompare {term}, groups mcompare({adjust})", f"margins {term}, pwcompare(groups) mcompare({adjust})"):
            do = f"regress systolic {model}\n{command}\n" + "\n".join(lines)
            cases.add(f"{command}", "systolic.csv", do, expect, 1e-12, source + "; every subset tried")


def constants(cases):
    """A constant among the regressors, in sums of squares about the mean."""
    d = pd.read_csv(DATA / "cars.csv")
    _, f = dummies(d["foreign"])
    y = d["price"].to_numpy(float)
    x = np.column_stack([d["weight"], f]).astype(float)
    b, v, df, e = ols(y, x)
    tss = ((y - y.mean()) ** 2).sum()
    rss = e @ e
    expect = {
        "e(df_m)": 2, "e(df_r)": df, "e(mss)": tss - rss, "e(rss)": rss, "e(r2)": 1 - rss / tss, "e(F)": (tss - rss) / 2 / (rss / df),
        "e(r2_a)": 1 - rss / df / (tss / (len(y) - 1)), "e(rmse)": np.sqrt(rss / df),
        "e(ll)": -len(y) / 2 * (np.log(2 * np.pi * rss / len(y)) + 1), "e(ll_0)": -len(y) / 2 * (np.log(2 * np.pi * tss / len(y)) + 1),
    }
    for i, name in enumerate(["weight", "0bn.foreign", "1.foreign"]):
        expect |= {f"_b[{name}]": b[i], f"_se[{name}]": np.sqrt(v[i, i])}
    cases.add("regress, hascons", "cars.csv", "regress price weight bn.foreign, hascons", expect, 1e-8, "numpy")
    printed = {
        "round(_b[length], 1e-5)": 31.44455, "round(_se[length], 1e-6)": 1.601234, "round(_b[0bn.foreign], .01)": -2850.25,
        "round(_se[0bn.foreign], 1e-4)": 315.9691, "round(_b[1.foreign], .001)": -2983.927, "round(_se[1.foreign], 1e-4)": 275.1041,
        "round(e(F), .01)": 316.54, "round(e(r2), 1e-4)": 0.8992, "round(e(r2_a), 1e-4)": 0.8963, "round(e(rmse), .01)": 250.25, "e(df_m)": 2, "e(df_r)": 71,
    }
    cases.add("regress, hascons as printed", "autolength.csv", "regress weight length bn.foreign, hascons", printed, 1e-9, "[R] regress")


def survival(cases):
    d = pd.read_csv(DATA / "heart.csv")
    st = "stset stop, id(id) failure(event) time0(start)\n"
    wide = stats.norm.isf(0.025)

    def line(part, low, high):
        time = np.clip(np.minimum(part["stop"], high) - np.maximum(part["start"], low), 0, None).sum()
        dead = part["event"][(part["stop"] > low) & (part["stop"] <= high)].sum()
        rate = 1000 * dead / time
        return [time, dead, rate, rate * np.exp(-wide / np.sqrt(dead)), rate * np.exp(wide / np.sqrt(dead))]

    def expected(rows):
        return {f"m[{i + 1},{j + 1}]": x for i, row in enumerate(rows) for j, x in enumerate(row)}

    ends = [0, 50, 100, 500, np.inf]
    rows = [line(d, a, b) for a, b in zip(ends, ends[1:])] + [line(d, -np.inf, np.inf)]
    do = st + "stptime, at(50 100 500) per(1000)\nmatrix m = r(rates)"
    total = dict(zip(["r(ptime)", "r(failures)", "r(rate)", "r(lb)", "r(ub)"], rows[-1]))
    cases.add("stptime, at()", "heart.csv", do, expected(rows) | total, 1e-9, "pandas: [ST] stptime")
    rows = [line(d, a, b) for a, b in ((50, 100), (100, 500))] + [line(d, 50, 500)]
    do = st + "stptime, at(50 100 500) per(1000) trim\nmatrix m = r(rates)"
    cases.add("stptime, at() trim", "heart.csv", do, expected(rows), 1e-9, "pandas: [ST] stptime")
    rows = [line(d[d["transplant"] == g], a, b) for g in (0, 1) for a, b in ((0, 100), (100, np.inf))] + [line(d, -np.inf, np.inf)]
    do = st + "stptime, at(100) per(1000) by(transplant)\nmatrix m = r(rates)"
    cases.add("stptime, at() by()", "heart.csv", do, expected(rows), 1e-9, "pandas: [ST] stptime")
    found = r(
        "suppressMessages({library(survival); library(jsonlite)}); d <- read.csv('veteran.csv');"
        "m <- survdiff(Surv(time, status) ~ cell, d);"
        "cat(toJSON(list(u = m$obs - m$exp, v = m$var, chi2 = m$chisq), digits = 15))"
    )
    do = "stset time, failure(status)\nsts test cell, mat(u v)"
    expect = {f"u[1,{i + 1}]": x for i, x in enumerate(found["u"])} | {f"v[{i + 1},{j + 1}]": x for i, row in enumerate(found["v"]) for j, x in enumerate(row)}
    cases.add("sts test, mat()", "veteran.csv", do, expect | {"r(chi2)": found["chi2"][0]}, 1e-8, "R survival: survdiff")


def amacurdy(cases):
    """Hausman and Taylor's steps, with the values of x1 in each period as instruments; R plm has the same."""
    d = pd.read_csv(DATA / "psid.csv").sort_values(["id", "t"])
    g = d["id"].to_numpy()
    one = np.ones((len(g), 1))
    columns = lambda names: d[names].to_numpy(float)
    y, x1, x2, z2 = columns(["lwage"])[:, 0], columns(["south", "wks"]), columns(["exp"]), columns(["ed"])
    x = np.hstack([x1, x2])
    slopes, e = least_squares(within(y[:, None], g)[:, 0], within(x, g))
    units, size = len(np.unique(g)), 7
    s_e = e @ e / (len(y) - units)
    means = y - x @ slopes
    means = means - within(means[:, None], g)[:, 0]
    gamma = two_stages(means, np.hstack([z2, one]), np.hstack([x1, one]))[0]
    rest = y - x @ slopes - np.hstack([z2, one]) @ gamma
    rest = rest - within(rest[:, None], g)[:, 0]
    s_u = rest @ rest / len(y) - s_e / size
    theta = 1 - np.sqrt(s_e / (s_e + size * s_u))
    moved = lambda c: c - theta * (c - within(c, g))
    periods = np.hstack([np.repeat(x1[d["t"].to_numpy() == t], size, axis=0) for t in range(1, 8)])
    design = moved(np.hstack([x, z2, one]))
    b, _, v = two_stages(moved(y[:, None])[:, 0], design, np.hstack([within(x, g), periods, one]))
    se = np.sqrt(np.diag(v) * len(y) / (len(y) - 5))
    names = ["south", "wks", "exp", "ed", "_cons"]
    fits = {
        method: r(
            "suppressMessages({library(plm); library(jsonlite)}); d <- read.csv('psid.csv');"
            "m <- plm(lwage ~ south + wks + exp + ed | south + wks | exp, d, index = c('id', 't'), model = 'random', random.method = 'ht',"
            f"inst.method = '{method}'); cat(toJSON(list(b = unname(coef(m)), se = unname(sqrt(diag(vcov(m))))), digits = 15))"
        )
        for method in ("am", "baltagi")
    }
    order = [1, 2, 3, 4, 0]
    print("amacurdy against plm", [max(abs(np.array(fits["am"][key])[order] - mine)) for key, mine in (("b", b), ("se", se))])
    plain = {}
    for i, name in zip(order, names):
        plain |= {f"_b[{name}]": fits["baltagi"]["b"][i], f"_se[{name}]": fits["baltagi"]["se"][i]}
    do = "xtset id t\nxthtaylor lwage south wks exp ed, endog(exp ed)"
    cases.add("xthtaylor of wages", "psid.csv", do, plain, 1e-6, "R plm, which has the numbers of Stata in Baltagi (2013), table 7.6")
    expect = {"e(sigma_u)": np.sqrt(s_u), "e(sigma_e)": np.sqrt(s_e), "e(theta)": theta}
    for i, name in enumerate(names):
        expect |= {f"_b[{name}]": b[i], f"_se[{name}]": se[i]}
    do = "xtset id t\nxthtaylor lwage south wks exp ed, endog(exp ed) amacurdy"
    cases.add("xthtaylor, amacurdy", "psid.csv", do, expect, 1e-6, "numpy: Amemiya and MaCurdy (1986); R plm")


def components(cases):
    """Baltagi (1981): deviations and means of the exogenous variables as instruments of the transformed model."""
    d = pd.read_csv(DATA / "grunfeld.csv").sort_values(["company", "year"])
    d["lag"] = d.groupby("company")["mvalue"].shift()
    d = d.dropna(subset=["lag"])
    g = d["company"].to_numpy()
    one = np.ones((len(g), 1))
    columns = lambda name: d[[name]].to_numpy(float)
    y, x, z = columns("invest"), np.hstack([columns("mvalue"), columns("kstock")]), np.hstack([columns("kstock"), columns("lag"), columns("year")])
    units, size = len(np.unique(g)), len(g) / len(np.unique(g))
    b, e, _ = two_stages(within(y, g)[:, 0], within(x, g), within(z, g))
    s_e = e @ e / (len(g) - units - 2)
    mean = lambda c: c - within(c, g)
    # one row of each unit
    first = np.unique(g, return_index=True)[1]
    zb = np.hstack([mean(z)[:, :2], one])[first]
    _, e, _ = two_stages(mean(y)[first, 0], np.hstack([mean(x), one])[first], zb)
    s_1 = size * (e @ e) / (units - 3)
    s_u = (s_1 - s_e) / size
    theta = 1 - np.sqrt(s_e / s_1)
    moved = lambda c: c - theta * mean(c)
    # years have one mean in every unit
    a = np.hstack([within(z, g), mean(z)[:, :2], one])
    b, e, v = two_stages(moved(y)[:, 0], moved(np.hstack([x, one])), a)
    v = v * len(g) / (len(g) - 3)
    expect = {"e(sigma_u)": np.sqrt(s_u), "e(sigma_e)": np.sqrt(s_e), "e(theta)": theta}
    for i, name in enumerate(["mvalue", "kstock", "_cons"]):
        expect |= {f"_b[{name}]": b[i], f"_se[{name}]": np.sqrt(v[i, i])}
    do = "xtset company year\ngenerate double lag = L.mvalue\nxtivreg invest kstock (mvalue = lag year), ec2sls"
    cases.add("xtivreg, ec2sls", "grunfeld.csv", do, expect, 1e-6, "numpy: Baltagi (1981)")
    found = r(
        "suppressMessages({library(plm); library(jsonlite)}); d <- pdata.frame(read.csv('grunfeld.csv'), index = c('company', 'year'));"
        "d$lag <- lag(d$mvalue); d$y <- as.numeric(as.character(d$year)); d <- d[!is.na(d$lag), ];"
        "m <- plm(invest ~ kstock + mvalue | kstock + lag + y, d, model = 'random', inst.method = 'baltagi');"
        "cat(toJSON(list(b = unname(coef(m)), se = unname(sqrt(diag(vcov(m))))), digits = 15))"
    )
    print("ec2sls", b, np.sqrt(np.diag(v)), "plm", found)


def spectra(cases):
    d = pd.read_csv(DATA / "air2.csv")
    for rows in (144, 143):
        x = np.diff(d["lnair"].to_numpy()[:rows])
        n = len(x)
        # Stata stores the squared sums, without the division by n of the manual's formula (statspai, spectral_Stata.csv)
        f = np.abs(np.fft.rfft(x - x.mean())) ** 2
        share = np.cumsum(f) / f.sum()
        do = f"keep in 1/{rows}\ntsset t\ngenerate double x = D.lnair\npergram x, generate(f)\ncumsp x, generate(c)"
        expect = {f"f[{k + 2}]": f[k] for k in (1, 5, 20, n // 2)} | {f"c[{k + 2}]": share[k] for k in (1, 5, 20, n // 2)}
        cases.add(f"spectrum of a series of {n} values", "air2.csv", do, expect, 1e-8, "numpy.fft: [TS] pergram, cumsp")


def roots(cases):
    """Inverse roots of the polynomials of coefficients that Stata printed."""
    first = np.roots([1, -0.7806991])
    ma = np.roots([1, -0.3990039, 0, 0, 0.3090813])
    size = sorted(abs(ma), reverse=True)
    expect = {"abs(el(r(Modulus_ar),1,1))": abs(first[0])} | {f"el(r(Modulus_ma),1,{i + 1})": x for i, x in enumerate(size)}
    do = "tsset t, quarterly\narima D.ln_wpi, ar(1) ma(1 4) vce(oim)\nestat aroots, nograph"
    cases.add("estat aroots", "wpi1.csv", do, expect, 1e-3, "numpy.roots of coefficients that Stata printed ([TS] arima)")
    # seasonal factors multiply
    theta, seasonal = 0.4018324, 0.5569342
    expect = {f"el(r(Modulus_ma),1,{i + 1})": x for i, x in enumerate(sorted([theta] + [seasonal ** (1 / 12)] * 12, reverse=True))}
    do = "tsset t\narima lnair, arima(0,1,1) sarima(0,1,1,12) noconstant vce(oim)\nestat aroots, nograph"
    cases.add("estat aroots, seasonal", "air2.csv", do, expect, 1e-3, "numpy; coefficients that Stata printed ([TS] arima)")


def main():
    cases = Cases("official", "numpy, scipy, R survival and plm, printed output of the manuals")
    comparisons(cases)
    constants(cases)
    survival(cases)
    amacurdy(cases)
    components(cases)
    spectra(cases)
    roots(cases)
    cases.write()


if __name__ == "__main__":
    main()
