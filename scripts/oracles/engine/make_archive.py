"""Commands of the SSC archive for data work, balance and effects: `rangestat`, `asreg`, `gquantiles`, functions of egenmore,
`geodist`, `stddiff`, `iebaltab`, `sgmediation`, `khb`, `ebalance`, `diff`, `rbounds`, `rifhdreg`, `sdid` (numpy, scipy,
statsmodels, geographiclib; published numbers of Arkhangelsky et al.)."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases, write_data
from geographiclib.geodesic import Geodesic
from scipy import optimize, stats

RNG = np.random.default_rng(20240611)


def panel():
    n, t = 12, 14
    d = pd.DataFrame({"id": np.repeat(np.arange(1, n + 1), t), "t": np.tile(np.arange(1, t + 1), n)})
    k = len(d)
    d["x"] = RNG.normal(size=k).round(3)
    d["z"] = (0.5 * d.x + RNG.normal(size=k)).round(3)
    d["y"] = (1 + 0.8 * d.x - 0.4 * d.z + 0.1 * d.t + RNG.normal(size=k)).round(3)
    d["g"] = (d.id > 6).astype(int)
    d["c"] = RNG.integers(1, 4, k)
    d["lat"] = RNG.uniform(-60, 60, k).round(4)
    d["lon"] = RNG.uniform(-170, 170, k).round(4)
    d = d[RNG.uniform(size=k) > 0.05].reset_index(drop=True)
    d["b"] = (0.6 * d.x + 0.7 * d.z + RNG.logistic(size=len(d)) > 0).astype(int)
    return d


def intervals(cases, d):
    rows = [5, 40, 100]
    for name, low, high, self_out in [("past", -3, 0, False), ("around, without the row", -2, 2, True)]:
        do = f"rangestat (mean) y (sd) y (count) y (median) y (min) x, interval(t {low} {high}) by(id)"
        do += " excludeself" if self_out else ""
        expect = {}
        for r in rows:
            w = d[(d.id == d.id[r]) & (d.t >= d.t[r] + low) & (d.t <= d.t[r] + high)]
            w = w.drop(index=r) if self_out else w
            i = r + 1
            expect |= {f"y_mean[{i}]": w.y.mean(), f"y_sd[{i}]": w.y.std(), f"y_count[{i}]": len(w),
                       f"y_median[{i}]": w.y.median(), f"x_min[{i}]": w.x.min()}
        cases.add(f"rangestat {name}", "archive.csv", do, expect, 1e-10, "pandas")
    expect = {}
    for r in rows:
        w = d[(d.c == d.c[r]) & (d.t >= d.t[r] - 6) & (d.t <= d.t[r])]
        fit = sm.OLS(w.y, sm.add_constant(w[["x", "z"]])).fit()
        i = r + 1
        expect |= {f"b_x[{i}]": fit.params.x, f"se_z[{i}]": fit.bse.z, f"b_cons[{i}]": fit.params.const,
                   f"reg_r2[{i}]": fit.rsquared, f"reg_adj_r2[{i}]": fit.rsquared_adj, f"reg_nobs[{i}]": len(w)}
    cases.add("rangestat (reg)", "archive.csv", "rangestat (reg) y x z, interval(t -6 0) by(c)", expect, 1e-9, "statsmodels")
    for name, more, kind in [("classical", "", "nonrobust"), ("robust", " robust", "HC1")]:
        expect = {}
        for r in rows:
            w = d[(d.id == d.id[r]) & (d.t > d.t[r] - 8) & (d.t <= d.t[r])]
            if len(w) < 4:
                continue
            fit = sm.OLS(w.y, sm.add_constant(w[["x", "z"]])).fit(cov_type=kind)
            i = r + 1
            at = fit.params.const + fit.params.x * d.x[r] + fit.params.z * d.z[r]
            expect |= {f"_b_x[{i}]": fit.params.x, f"_se_z[{i}]": fit.bse.z, f"_se_cons[{i}]": fit.bse.const,
                       f"_R2[{i}]": fit.rsquared, f"_adjR2[{i}]": fit.rsquared_adj, f"_Nobs[{i}]": len(w),
                       f"_rmse[{i}]": np.sqrt(fit.mse_resid), f"_fitted[{i}]": at, f"_residuals[{i}]": d.y[r] - at}
        cases.add(f"asreg {name}", "archive.csv", f"asreg y x z, window(t 8) by(id) serror rmse fitted{more}", expect, 1e-9,
                  "statsmodels")


def variables(cases, d):
    expect, rows = {}, [3, 77, 120]
    cuts = d.groupby("c").y.apply(lambda v: np.percentile(v, [20, 40, 60, 80], method="averaged_inverted_cdf"))
    for r in rows:
        expect[f"q[{r + 1}]"] = 1 + (cuts[d.c[r]] < d.y[r]).sum()
    cases.add("gquantiles by group", "archive.csv", "gquantiles q = y, xtile nquantiles(5) by(c)", expect, 1e-12, "numpy")
    expect = {}
    for r in rows:
        w = d[d.c == d.c[r]]
        i = r + 1
        expect |= {f"r[{i}]": stats.pearsonr(w.x, w.y)[0], f"s[{i}]": stats.spearmanr(w.x, w.y)[0],
                   f"v[{i}]": np.cov(w.x, w.y)[0, 1], f"g[{i}]": stats.gmean(w.t), f"h[{i}]": stats.hmean(w.t),
                   f"m[{i}]": np.average(w.y, weights=w.t), f"se[{i}]": stats.sem(w.y), f"n[{i}]": w.id.nunique(),
                   f"o[{i}]": w.y.sum() - d.y[r]}
    do = ["corr(x y), by(c)", "corr(x y), spearman by(c)", "corr(x y), covariance by(c)", "gmean(t), by(c)", "hmean(t), by(c)",
          "wtmean(y), weight(t) by(c)", "semean(y), by(c)", "nvals(id), by(c)", "sumoth(y), by(c)"]
    text = "drop g\n" + "\n".join(f"egen double {n} = {f}" for n, f in zip(["r", "s", "v", "g", "h", "m", "se", "n", "o"], do))
    cases.add("functions of egenmore", "archive.csv", text, expect, 1e-10, "scipy, numpy")
    first = d[d.id == 1]
    ewma = first.y.iloc[:3].ewm(alpha=0.3, adjust=False).mean()
    if (first.t.iloc[:3].diff().dropna() == 1).all():
        cases.add("egen ewma", "archive.csv", "xtset id t\negen double e = ewma(y), a(.3)",
                  {f"e[{i + 1}]": ewma.iloc[i] for i in range(3)}, 1e-10, "pandas")
    expect = {}
    for r in rows:
        g = Geodesic.WGS84.Inverse(d.lat[r], d.lon[r], 48.8566, 2.3522)
        expect[f"k[{r + 1}]"] = g["s12"] / 1000
        a, b = np.radians([d.lat[r], d.lon[r]]), np.radians([48.8566, 2.3522])
        u = [np.array([np.cos(p[0]) * np.cos(p[1]), np.cos(p[0]) * np.sin(p[1]), np.sin(p[0])]) for p in (a, b)]
        expect[f"s[{r + 1}]"] = 6371 * np.arctan2(np.linalg.norm(np.cross(*u)), u[0] @ u[1])
    cases.add("geodist", "archive.csv",
              "geodist lat lon 48.8566 2.3522, generate(k)\ngeodist lat lon 48.8566 2.3522, generate(s) sphere", expect, 1e-9,
              "geographiclib, numpy")


def balance(cases, d):
    a, b = d[d.g == 0], d[d.g == 1]
    expect = {"m[1,1]": (a.x.mean() - b.x.mean()) / np.sqrt((a.x.var() + b.x.var()) / 2)}
    p, q = ([(w.c == k).mean() for k in (2, 3)] for w in (a, b))
    p, q = np.array(p), np.array(q)
    s = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    expect["m[2,1]"] = np.sqrt((p - q) @ np.linalg.solve(s, p - q))
    cases.add("stddiff", "archive.csv", "stddiff x i.c, by(g)\nmatrix m = r(stddiff)", expect, 1e-10, "numpy")
    fit = sm.OLS(d.y, sm.add_constant(pd.concat([1 - d.g, pd.get_dummies(d.c, drop_first=True).astype(float)], axis=1))).fit(
        cov_type="cluster", cov_kwds={"groups": d.id}, use_t=True)
    expect = {"b[1,2]": a.y.mean(), "b[1,4]": b.y.mean(), "b[1,5]": fit.params.g, "b[1,6]": fit.bse.g, "b[1,7]": fit.pvalues.g}
    do = "tempfile f\niebaltab y, groupvar(g) vce(cluster id) fixedeffect(c) savecsv(`f'.csv) replace\nmatrix b = r(iebaltab)\nerase `f'.csv"
    cases.add("iebaltab, clusters and fixed effects", "archive.csv", do, expect, 1e-9, "statsmodels")


def mediation(cases, d):
    x = sm.add_constant(d[["x", "t"]])
    a = sm.OLS(d.z, x).fit()
    full = sm.OLS(d.y, x.assign(z=d.z)).fit()
    effect = a.params.x * full.params.z
    v = (a.params.x * full.bse.z) ** 2 + (full.params.z * a.bse.x) ** 2
    last = (a.bse.x * full.bse.z) ** 2
    expect = {"r(ind_eff)": effect, "r(dir_eff)": full.params.x, "r(tot_eff)": sm.OLS(d.y, x).fit().params.x,
              "r(sobel_z)": effect / np.sqrt(v), "r(goodman1_z)": effect / np.sqrt(v + last),
              "r(goodman2_z)": effect / np.sqrt(v - last), "r(sobel_p)": 2 * stats.norm.sf(abs(effect / np.sqrt(v)))}
    cases.add("sgmediation", "archive.csv", "sgmediation y, mv(z) iv(x) cv(t)", expect, 1e-9, "statsmodels")
    for name, model, zs in [("logit", sm.Logit, ["z"]), ("probit, two mediators", sm.Probit, ["z", "y"])]:
        keys = sm.add_constant(d[["x", "t"]])
        fits = {z: sm.OLS(d[z], keys).fit() for z in zs}
        res = pd.DataFrame({z: f.resid for z, f in fits.items()})
        whole = model(d.b, pd.concat([keys, d[zs]], axis=1)).fit(disp=0, tol=1e-12, maxiter=100)
        reduced = model(d.b, pd.concat([keys, res], axis=1)).fit(disp=0, tol=1e-12, maxiter=100)
        naive = model(d.b, keys).fit(disp=0, tol=1e-12, maxiter=100)
        beta = whole.params[zs].to_numpy()
        gamma = np.array([fits[z].params.x for z in zs])
        sigma = np.cov(res.T, ddof=0).reshape(len(zs), len(zs)) * len(d) / (len(d) - 3)
        common = np.linalg.inv((keys.T @ keys).to_numpy())[1, 1]
        var = gamma @ whole.cov_params().loc[zs, zs].to_numpy() @ gamma + beta @ sigma @ beta * common
        expect = {"[x]_b[Reduced]": reduced.params.x, "[x]_se[Reduced]": reduced.bse.x, "[x]_b[Full]": whole.params.x,
                  "[x]_se[Full]": whole.bse.x, "[x]_b[Diff]": beta @ gamma, "[x]_se[Diff]": np.sqrt(var),
                  "s[1,2]": 100 * beta @ gamma / reduced.params.x, "s[1,3]": reduced.params.x / naive.params.x}
        do = f"khb {name.split(',')[0]} b x || {' '.join(zs)}, concomitant(t) summary disentangle\nmatrix s = e(summary)"
        cases.add(f"khb {name}", "archive.csv", do, expect, 2e-6, "statsmodels")


def balancing(cases, d):
    cols = np.column_stack([d.x, d.z, d.x**2, d.z**2, d.t])
    target = cols[d.g == 1].mean(0)
    z = cols[d.g == 0] - target
    z = z / z.std(0)
    dual = optimize.minimize(lambda l: np.log(np.exp(z @ l).sum()), np.zeros(5), method="BFGS", options={"gtol": 1e-12})
    dual = optimize.root(lambda l: np.exp(z @ l) @ z / np.exp(z @ l).sum(), dual.x, tol=1e-14)
    w = np.exp(z @ dual.x)
    w *= (d.g == 1).sum() / w.sum()
    rows = d.index[d.g == 0][[0, 10, 50]]
    where = {r: k for k, r in enumerate(d.index[d.g == 0])}
    expect = {f"w[{r + 1}]": w[where[r]] for r in rows} | {"e(N_tr)": (d.g == 1).sum()}
    cases.add("ebalance", "archive.csv", "ebalance g x z t, targets(2 2 1) generate(w)", expect, 1e-7, "scipy")
    diff = np.sort((RNG.normal(0.4, 1, 40)).round(3))
    write_data("archive_pairs", pd.DataFrame({"d": diff}))
    ranks = stats.rankdata(abs(diff))
    expect = {}
    for k, gamma in enumerate([1, 1.5, 2]):
        for col, p in [(2, gamma / (1 + gamma)), (3, 1 / (1 + gamma))]:
            dev = (ranks[diff > 0].sum() - p * ranks.sum()) / np.sqrt(p * (1 - p) * (ranks**2).sum())
            expect[f"b[{k + 1},{col}]"] = stats.norm.sf(dev)
        for col, p, value in [(4, gamma / (1 + gamma), 0), (5, 1 / (1 + gamma), 0), (6, gamma / (1 + gamma), 1.959963984540054),
                              (7, 1 / (1 + gamma), -1.959963984540054)]:
            def deviate(s):
                e = diff - s
                rk = stats.rankdata(abs(e))
                return (rk[e > 0].sum() - p * rk.sum()) / np.sqrt(p * (1 - p) * (rk**2).sum())
            walsh = np.unique([(a + b) / 2 for i, a in enumerate(diff) for b in diff[i:]])
            middles = (walsh[:-1] + walsh[1:]) / 2
            dev = np.array([deviate(m) for m in middles])
            same = np.where(abs(dev - value) < 1e-12)[0]
            first = np.argmax(dev <= value)
            expect[f"b[{k + 1},{col}]"] = middles[same[0]] if len(same) else walsh[first]
    cases.add("rbounds", "archive_pairs.csv", "rbounds d, gamma(1 1.5 2)\nmatrix b = r(bounds)", expect, 1e-9, "scipy, by a scan")


def influence(cases, d):
    y = d.y.to_numpy()
    x = sm.add_constant(d[["x", "z"]])
    n = len(y)

    def quantile(q):
        at = np.percentile(y, q, method="averaged_inverted_cdf")
        iqr = np.diff(np.percentile(y, [25, 75], method="averaged_inverted_cdf"))[0] / 1.349
        h = 0.9 * min(y.std(ddof=1), iqr) * n**-0.2
        return at + (q / 100 - (y <= at)) / stats.norm.pdf((y - at) / h).mean() * h

    e = np.exp(y)
    order = np.argsort(e)
    f, gl = np.empty(n), np.empty(n)
    f[order], gl[order] = np.arange(1, n + 1) / n, np.cumsum(e[order]) / n
    curve = np.r_[0, np.cumsum(e[order]) / n]
    integral = np.trapezoid(curve, dx=1 / n)
    gini = 1 + 2 * integral * e / e.mean() ** 2 - 2 * (e * (1 - f) + gl) / e.mean()
    sd = y.std()
    for name, values, kind, do in [
        ("q(25)", quantile(25), "nonrobust", "rifhdreg y x z, rif(q(25))"),
        ("q(90) robust", quantile(90), "HC1", "rifhdreg y x z, rif(q(90)) vce(robust)"),
        ("iqr", quantile(90) - quantile(10), "nonrobust", "rifhdreg y x z, rif(iqr(10 90))"),
        ("std", sd + ((y - y.mean()) ** 2 - sd**2) / 2 / sd, "nonrobust", "rifhdreg y x z, rif(std)"),
        ("gini", gini, "nonrobust", "generate double ey = exp(y)\nrifhdreg ey x z, rif(gini)"),
    ]:
        fit = sm.OLS(values, x).fit(cov_type=kind)
        expect = {"_b[x]": fit.params.x, "_se[x]": fit.bse.x, "_b[_cons]": fit.params.const, "e(rifmean)": values.mean()}
        cases.add(f"rifhdreg {name}", "archive.csv", do, expect, 1e-8, "numpy, statsmodels")


def differences(cases, d):
    n = 60
    w = pd.DataFrame({"id": np.arange(n), "treat": (RNG.uniform(size=n) < 0.4).astype(int)})
    w["x"] = (RNG.normal(size=n) + 0.5 * w.treat).round(3)
    long = pd.concat([w.assign(post=0), w.assign(post=1)], ignore_index=True)
    long["y"] = (1 + long.x + 0.5 * long.post + 2 * long.treat * long.post + RNG.normal(size=2 * n)).round(3)
    write_data("archive_did", long)
    score = np.asarray(sm.Probit(w.treat, sm.add_constant(w.x)).fit(disp=0, tol=1e-12).predict())
    t = w.treat.to_numpy() == 1
    weight = np.where(t, 1.0, 0.0)
    for i in np.where(t)[0]:
        u = (score[i] - score[~t]) / 0.06
        k = np.where(abs(u) < 1, 0.75 * (1 - u**2), 0)
        if k.sum() > 0:
            weight[~t] += k / k.sum()
    long["w"] = np.r_[weight, weight]
    design = sm.add_constant(long[["post", "treat"]].assign(both=long.post * long.treat))
    used = long.w > 0
    fit = sm.WLS(long.y[used], design[used], weights=long.w[used]).fit()
    cases.add("diff, kernel", "archive_did.csv", "diff y, treated(treat) period(post) cov(x) kernel id(id)",
              {"r(did)": fit.params.both, "r(se_dd)": fit.bse.both, "r(mean_c0)": fit.params.const,
               "_weights[1]": weight[0], "_weights[5]": weight[4]}, 1e-7, "statsmodels, numpy")
    fit = sm.OLS(long.y, design.assign(x=long.x)).fit(cov_type="cluster", cov_kwds={"groups": long.id})
    cases.add("diff, covariate and clusters", "archive_did.csv", "diff y, treated(treat) period(post) cov(x) cluster(id)",
              {"r(did)": fit.params.both, "r(se_dd)": fit.bse.both, "r(mean_t1)": fit.params[["const", "post", "treat", "both"]].sum()},
              1e-9, "statsmodels")


def ordered(cases, d):
    cut = np.digitize(d.z, [-0.8, 0.1, 0.9])
    w = pd.DataFrame({"u": d.c, "v": cut, "x": d.x})
    w["u"] = np.digitize(d.x + 0.3 * d.z, [-0.5, 0.6])
    write_data("archive_ordered", w)

    def limits(v):
        share = np.cumsum(np.bincount(v)) / len(v)
        return np.r_[-8, stats.norm.ppf(share[:-1]), 8]

    a, b = limits(w.u), limits(w.v)
    table = pd.crosstab(w.u, w.v).to_numpy()

    def minus(r):
        def cell(i, j):
            below = lambda x, y: stats.multivariate_normal.cdf([x, y], cov=[[1, r], [r, 1]], abseps=1e-12, releps=1e-12)
            return below(a[i + 1], b[j + 1]) - below(a[i], b[j + 1]) - below(a[i + 1], b[j]) + below(a[i], b[j])
        return -sum(table[i, j] * np.log(cell(i, j)) for i in range(3) for j in range(4) if table[i, j])

    best = optimize.minimize_scalar(minus, bounds=(-0.99, 0.99), method="bounded", options={"xatol": 1e-12})
    z = (w.x - w.x.mean()) / w.x.std(ddof=1)

    def serial(r):
        s = np.sqrt(1 - r * r)
        p = stats.norm.cdf((b[w.v + 1] - r * z) / s) - stats.norm.cdf((b[w.v] - r * z) / s)
        return -np.log(p).sum()

    other = optimize.minimize_scalar(serial, bounds=(-0.99, 0.99), method="bounded", options={"xatol": 1e-12})
    expect = {"R[1,2]": best.x, "R[2,3]": other.x, "r(LR0)": 2 * (serial(0) - other.fun)}
    cases.add("polychoric and polyserial", "archive_ordered.csv", "polychoric u v x\nmatrix R = r(R)", expect, 1e-6, "scipy")


def synthetic(cases):
    """The effect of Proposition 99 as the authors publish it, and the double difference on the same data."""
    d = pd.read_csv(ROOT / "data/prop99.csv")
    cases.add("sdid, California", "prop99.csv", "sdid packs state year treated, vce(noinference)", {"e(ATT)": -15.60383}, 5e-7,
              "printed output of sdid, Clarke et al. (2023)")
    y = d.pivot(index="state", columns="year", values="packs").to_numpy()
    treated = d.groupby("state").treated.max().to_numpy() == 1
    change = y[:, 19:].mean(1) - y[:, :19].mean(1)
    cases.add("sdid, method(did)", "prop99.csv", "sdid packs state year treated, vce(noinference) method(did)",
              {"e(ATT)": change[treated].mean() - change[~treated].mean()}, 1e-10, "numpy")
    # two treated units: the jackknife with held weights of the double difference
    extra = treated | (np.arange(39) == 4)
    def att(keep):
        return change[keep & extra].mean() - change[keep & ~extra].mean()
    values = np.array([att(np.arange(39) != k) for k in range(39)])
    se = np.sqrt(38 / 39 * ((values - values.mean()) ** 2).sum())
    name = sorted(d.state.unique())[4]
    cases.add("sdid, jackknife", "prop99.csv",
              f'replace treated = 1 if state == "{name}" & year > 1988\nsdid packs state year treated, vce(jackknife) method(did)',
              {"e(se)": se, "e(ATT)": att(np.ones(39, bool))}, 1e-10, "numpy")


def main():
    cases = Cases("archive", "numpy, scipy, statsmodels, geographiclib; published output")
    d = panel()
    write_data("archive", d)
    for part in (intervals, variables, balance, mediation, balancing, influence, differences, ordered):
        part(cases, d)
    synthetic(cases)
    cases.write()


if __name__ == "__main__":
    main()
