"""Commands of textbook exercises: Bonett's limits, splines, Kaplan-Meier and Cox curves, multilevel models of censored outcomes,
ordered probit with selection, balanced margins of nested factors: scipy, lifelines, statsmodels, likelihoods by numpy.
Writes `exercises.json`, `censored_groups.csv`, `selected_order.csv` and `nested_factors.csv`."""

import numpy as np
import pandas as pd
from common import ROOT, Cases, write_data
from lifelines import CoxPHFitter, KaplanMeierFitter
from scipy import interpolate, optimize, special, stats


def data(name):
    return pd.read_csv(ROOT / "data" / f"{name}.csv")


def bonett(x, kurtosis=None, level=0.95):
    """Bonett (2006): limits of a variance."""
    n, v = len(x), np.var(x, ddof=1)
    z = stats.norm.ppf(0.5 + level / 2)
    if kurtosis is None:
        middle = stats.trim_mean(x, 1 / (2 * np.sqrt(n - 4)))
        kurtosis = n * np.sum((x - middle) ** 4) / np.sum((x - np.mean(x)) ** 2) ** 2
    c = n / (n - z)
    se = c * np.sqrt((kurtosis - (n - 3) / n) / (n - 1))
    return kurtosis, c * v * np.exp(-z * se), c * v * np.exp(z * se)


def variances(cases):
    cars = data("printed_auto")
    k, low, high = bonett(cars.mpg.to_numpy(float))
    cases.add("ci variances, bonett", "printed_auto.csv", "ci variances mpg, bonett", {"r(kurtosis)": k, "r(lb)": low, "r(ub)": high}, 1e-12, "scipy trim_mean, Bonett (2006)")
    k, low, high = bonett(cars.price.to_numpy(float), level=0.9)
    cases.add("ci variances, sd bonett", "printed_auto.csv", "ci variances price, sd bonett level(90)", {"r(lb)": np.sqrt(low), "r(ub)": np.sqrt(high)}, 1e-12, "scipy trim_mean, Bonett (2006)")
    twice = np.repeat(cars.mpg.to_numpy(float), cars.rep78.fillna(1).astype(int))
    k, low, high = bonett(twice)
    cases.add("ci variances, bonett with frequencies", "printed_auto.csv", "replace rep78 = 1 if missing(rep78)\nci variances mpg [fweight=rep78], bonett", {"r(N)": len(twice), "r(kurtosis)": k, "r(lb)": low, "r(ub)": high}, 1e-12, "scipy trim_mean, Bonett (2006)")
    z, n = stats.norm.ppf(0.975), 20
    c = n / (n - z)
    se = c * np.sqrt((1.8 - 17 / 20) / 19)
    cases.add("cii variances, bonett", None, "cii variances 20 9 1.8, bonett", {"r(lb)": c * 9 * np.exp(-z * se), "r(ub)": c * 9 * np.exp(z * se), "r(Var)": 9}, 1e-12, "Bonett (2006) by hand")


def calculus(cases):
    x = np.cumsum(0.05 + 0.15 * (1 + np.sin(np.arange(60) * 1.7)) / 2)
    y = np.exp(-x / 3) * np.sin(x)

    def slope(xs, ys):
        p = np.polyfit(xs - xs[0], ys, 2)
        return p[1]

    ends = ((1, slope(x[:3], y[:3])), (1, slope(x[-1:-4:-1], y[-1:-4:-1])))
    s = interpolate.CubicSpline(x, y, bc_type=ends)
    do = "set type double\nset obs 60\ngenerate x = sum(0.05 + 0.15*(1 + sin((_n - 1)*1.7))/2)\ngenerate y = exp(-x/3)*sin(x)\n"
    cases.add("dydx", None, do + "dydx y x, generate(d)", {f"d[{i}]": s(x[i - 1], 1) for i in (1, 2, 17, 40, 59, 60)}, 1e-9, "scipy CubicSpline with the slopes of numpy polyfit at the ends")
    cases.add("integ", None, do + "integ y x, generate(a) initial(2)", {"r(integral)": 2 + s.integrate(x[0], x[-1]), "r(N_points)": 60, "a[30]": 2 + s.integrate(x[0], x[29]), "a[1]": 2}, 1e-11, "scipy CubicSpline")
    cases.add("integ, trapezoid", None, do + "integ y x, trapezoid", {"r(integral)": np.trapezoid(y, x)}, 1e-12, "numpy trapezoid")


def saved_functions(cases):
    d = data("drugtr")
    km = KaplanMeierFitter().fit(d.studytime, d.died)
    table = km.event_table.iloc[1:]
    s = km.survival_function_.iloc[1:, 0].to_numpy()
    greenwood = np.cumsum(table.observed / (table.at_risk * (table.at_risk - table.observed)).replace(0, np.nan))
    se = s * np.sqrt(greenwood.to_numpy())
    band = km.confidence_interval_.iloc[1:]
    do = "stset studytime, failure(died)\nsts list, saving(curve)\nuse curve, clear"
    expect = {"_N": len(table)}
    for i in (1, 5, 12, len(table) - 3):
        row = table.iloc[i - 1]
        expect |= {f"time[{i}]": table.index[i - 1], f"begin[{i}]": row.at_risk, f"fail[{i}]": row.observed, f"net_lost[{i}]": row.censored}
        expect |= {f"survivor[{i}]": s[i - 1], f"std_err[{i}]": se[i - 1], f"lb[{i}]": band.iloc[i - 1, 0], f"ub[{i}]": band.iloc[i - 1, 1]}
    cases.add("sts list, saving()", "drugtr.csv", do, {k: v for k, v in expect.items() if v != 0}, 1e-9, "lifelines KaplanMeierFitter, Greenwood by numpy")
    expect, row = {}, 0
    for drug in sorted(d.drug.unique()):
        own = d[d.drug == drug]
        km = KaplanMeierFitter().fit(own.studytime, own.died)
        for t in (5, 10):
            row += 1
            expect |= {f"drug[{row}]": drug, f"time[{row}]": t, f"failure[{row}]": 1 - km.predict(t)}
    cases.add("sts list, by() at() saving()", "drugtr.csv", "stset studytime, failure(died)\nsts list, failure by(drug) at(5 10) saving(curve, replace)\nuse curve, clear\ngenerate n = _N", {k: v for k, v in expect.items() if v != 0} | {"n": row}, 1e-9, "lifelines KaplanMeierFitter")


def kalbfleisch(t, d, theta):
    """Baseline survivor function of Kalbfleisch and Prentice at the failure times."""
    times = np.unique(t[d == 1])
    s, out = 1.0, []
    for u in times:
        risk, dead = theta[t >= u].sum(), theta[(t == u) & (d == 1)]
        f = lambda a: np.sum(dead / (1 - a**dead)) - risk
        s *= optimize.brentq(f, 1e-14, 1 - 1e-14, xtol=1e-16, rtol=1e-15)
        out.append(s)
    return times, np.array(out)


def breslow_fit(t, d, x, strata=None):
    """Coefficients of a Cox regression with Breslow's ties, by the partial likelihood."""
    strata = np.zeros(len(t)) if strata is None else strata

    def minus(b):
        eta, ll = x @ b, 0.0
        for g in np.unique(strata):
            mine = strata == g
            for i in np.flatnonzero(mine & (d == 1)):
                ll += eta[i] - np.log(np.exp(eta[mine & (t >= t[i])]).sum())
        return -ll

    best = optimize.minimize(minus, np.zeros(x.shape[1]), method="BFGS", options={"gtol": 1e-9})
    polished = optimize.minimize(minus, best.x, method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-13})
    return polished.x


def at(times, s, u):
    k = np.searchsorted(times, u, side="right")
    return 1.0 if k == 0 else s[k - 1]


def cox_curves(cases):
    d = data("drugtr")
    t, f = d.studytime.to_numpy(float), d.died.to_numpy(float)
    x = (d.drug.to_numpy() == 1).astype(float)[:, None]
    b = breslow_fit(t, f, x)
    times, s0 = kalbfleisch(t, f, np.exp(x @ b))
    expect = {}
    all_times = np.unique(np.concatenate([[0], t[f == 1], [t[x[:, 0] == g].max() for g in (0, 1)]]))
    for u in (4.0, 8.0, 11.0):
        i = int(np.flatnonzero(all_times == u)[0]) + 1
        for g in (0, 1):
            km = KaplanMeierFitter().fit(t[x[:, 0] == g], f[x[:, 0] == g])
            expect[f"m[{i},{2 + g}]"] = km.predict(u)
            expect[f"m[{i},{4 + g}]"] = at(times, s0, u) ** np.exp(b[0] * g)
        expect[f"m[{i},1]"] = u
    cases.add("stcoxkm", "drugtr.csv", "stset studytime, failure(died)\nstcoxkm, by(drug)\nmatrix m = r(curves)", expect, 2e-6, "lifelines KaplanMeierFitter; partial likelihood and Kalbfleisch-Prentice by scipy")
    age = d.age.to_numpy(float)[:, None]
    b = breslow_fit(t, f, age, d.drug.to_numpy(float))
    expect = {}
    ends = [t[d.drug == g].max() for g in (0, 1)]
    all_times = np.unique(np.concatenate([[0], t[f == 1], ends]))
    for g in (0, 1):
        mine = (d.drug == g).to_numpy()
        times, s0 = kalbfleisch(t[mine], f[mine], np.exp(age[mine, 0] * b[0]))
        for u in (6.0, 8.0, 22.0):
            i = int(np.flatnonzero(all_times == u)[0]) + 1
            expect[f"m[{i},{2 + g}]"] = at(times, s0, u) ** np.exp(60 * b[0])
    cases.add("stcurve after strata()", "drugtr.csv", "stset studytime, failure(died)\nstcox age, strata(drug)\nstcurve, survival at(age=60)\nmatrix m = r(curves)", expect, 2e-6, "partial likelihood and Kalbfleisch-Prentice by scipy")


def quadrature(ll_rows, groups, sd, points=200):
    """Sum over groups of the log of the integral of exp(sum of rows) over a normal effect."""
    u, w = special.roots_hermitenorm(points)
    lw = np.log(w) - 0.5 * np.log(2 * np.pi)
    rows = ll_rows(u * sd)
    total = 0.0
    for g in groups:
        total += special.logsumexp(rows[g].sum(axis=0) + lw)
    return total


def multilevel(cases):
    rng = np.random.default_rng(20240917)
    g = np.repeat(np.arange(40), 6)
    x = rng.normal(size=240).round(3)
    y = (1 + 0.8 * x + rng.normal(size=40)[g] * 0.9 + rng.normal(size=240) * 1.2).round(3)
    frame = pd.DataFrame({"id": g + 1, "x": x, "y": np.maximum(y, 0), "lower": np.floor(y), "upper": np.floor(y) + 1, "limit": np.where(g % 2 == 0, 2.5, 3.5)})
    frame.loc[y < -1, "lower"] = np.nan
    frame.loc[y > 3, "upper"] = np.nan
    exact = np.arange(240) % 7 == 0
    frame.loc[exact, "lower"], frame.loc[exact, "upper"] = y[exact], y[exact]
    write_data("censored_groups", frame)
    groups = [np.flatnonzero(g == k) for k in range(40)]
    xs = np.column_stack([x, np.ones(240)])

    def fit(row):
        """Maximum over slopes, constant, ln sd of effects and ln sd of errors; a sharp inverse Hessian for errors."""
        def minus(p):
            mu, s = xs @ p[:2], np.exp(p[3])
            return -quadrature(lambda u: row(mu[:, None] + u[None, :], s), groups, np.exp(p[2]))

        best = optimize.minimize(minus, [0.8, 1, 0, 0], method="BFGS", options={"gtol": 1e-8})
        best = optimize.minimize(minus, best.x, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000})
        p, n, h = best.x, 4, 1e-3
        hessian = np.zeros((n, n))
        for i in range(n):
            for j in range(n):
                e = np.eye(n) * h
                hessian[i, j] = (minus(p + e[i] + e[j]) - minus(p + e[i] - e[j]) - minus(p - e[i] + e[j]) + minus(p - e[i] - e[j])) / (4 * h * h)
        return p, -best.fun, np.sqrt(np.diag(np.linalg.inv(hessian)))

    def expect(p, ll, se, depvar):
        out = {"e(ll)": ll, "_b[x]": p[0], "_b[_cons]": p[1], "_b[/var(_cons[id])]": np.exp(2 * p[2]), f"_b[/var(e.{depvar})]": np.exp(2 * p[3])}
        return out, {"_se[x]": se[0], "_se[_cons]": se[1], "_se[/var(_cons[id])]": 2 * np.exp(2 * p[2]) * se[2], f"_se[/var(e.{depvar})]": 2 * np.exp(2 * p[3]) * se[3]}

    yc, limit = frame.y.to_numpy(), frame.limit.to_numpy()
    normal = stats.norm
    lower = lambda mu, s: np.where((yc <= 0)[:, None], normal.logcdf((0 - mu) / s), normal.logpdf(yc[:, None], mu, s))
    both = lambda mu, s: np.where((yc >= limit)[:, None], normal.logsf((limit[:, None] - mu) / s), lower(mu, s))
    lo, hi = frame.lower.to_numpy(), frame.upper.to_numpy()

    def interval(mu, s):
        a, b = (lo[:, None] - mu) / s, (hi[:, None] - mu) / s
        out = np.where(np.isnan(lo)[:, None], normal.logcdf(b), np.where(np.isnan(hi)[:, None], normal.logsf(a), 0.0))
        inside = ~np.isnan(lo) & ~np.isnan(hi) & (lo != hi)
        out[inside] = np.log(normal.cdf(b[inside]) - normal.cdf(a[inside]))
        point = lo == hi
        out[point] = normal.logpdf(lo[point][:, None], mu[point], s)
        return out

    source = "likelihood by scipy, Gauss-Hermite quadrature with 200 points"
    for name, do, row, depvar, counts in [
        ("metobit, ll()", "metobit y x || id:, ll(0) intpoints(30)", lower, "y", {"e(N_unc)": (yc > 0).sum(), "e(N_lc)": (yc <= 0).sum()}),
        ("metobit, ll() ul(variable)", "metobit y x || id:, ll(0) ul(limit) intpoints(30)", both, "y", {"e(N_rc)": (yc >= limit).sum(), "e(N_lc)": (yc <= 0).sum()}),
        ("meintreg", "meintreg lower upper x || id:, intpoints(30)", interval, "lower", {"e(N_lc)": np.isnan(lo).sum(), "e(N_rc)": np.isnan(hi).sum(), "e(N_unc)": (lo == hi).sum()}),
    ]:
        values, errors = expect(*fit(row), depvar)
        cases.add(name, "censored_groups.csv", do, values | counts, 1e-6, source)
        cases.add(f"{name}, standard errors", "censored_groups.csv", do, errors, 1e-4, source + ", Hessian by differences")


def binormal(a, b, rho):
    """P(X < a, Y < b) by Gauss-Legendre quadrature of Plackett's identity."""
    nodes, weights = special.roots_legendre(60)
    r = rho * (nodes + 1) / 2
    rest = 1 - r**2
    a, b = np.broadcast_arrays(np.clip(a, -40, 40), np.clip(b, -40, 40))
    f = np.exp(-(a[:, None] ** 2 - 2 * r * a[:, None] * b[:, None] + b[:, None] ** 2) / (2 * rest)) / (2 * np.pi * np.sqrt(rest))
    return special.ndtr(a) * special.ndtr(b) + rho / 2 * (f @ weights)


def selected_order(cases):
    rng = np.random.default_rng(5)
    n = 400
    x, z = rng.normal(size=n).round(3), rng.normal(size=n).round(3)
    e = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], size=n)
    chosen = 0.4 + 0.9 * z + 0.4 * x + e[:, 1] > 0
    latent = 0.7 * x + e[:, 0]
    y = 1 + (latent > -0.5) + (latent > 0.3) + (latent > 1.2)
    write_data("selected_order", pd.DataFrame({"y": np.where(chosen, y, np.nan), "x": x, "z": z}))

    def minus(p):
        beta, gx, gz, g0, rho = p[0], p[1], p[2], p[3], np.tanh(p[7])
        cuts = np.concatenate([[-np.inf], p[4:7], [np.inf]])
        zi = gx * x + gz * z + g0
        out = special.log_ndtr(-zi[~chosen]).sum()
        xb, zc, k = beta * x[chosen], zi[chosen], y[chosen]
        high, low = binormal(cuts[k] - xb, zc, -rho), binormal(cuts[k - 1] - xb, zc, -rho)
        return -(out + np.log(np.maximum(high - low, 1e-300)).sum())

    best = optimize.minimize(minus, [0.6, 0.4, 0.9, 0.4, -0.5, 0.3, 1.2, 0.3], method="BFGS", options={"gtol": 1e-7})
    best = optimize.minimize(minus, best.x, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 20000, "maxfev": 20000, "adaptive": True})
    p, h = best.x, 1e-3
    e = np.eye(8) * h
    hessian = np.array([[(minus(p + e[i] + e[j]) - minus(p + e[i] - e[j]) - minus(p - e[i] + e[j]) + minus(p - e[i] - e[j])) / (4 * h * h) for j in range(8)] for i in range(8)])
    se = np.sqrt(np.diag(np.linalg.inv(hessian)))
    names = ["[y]_b[x]", "[select]_b[x]", "[select]_b[z]", "[select]_b[_cons]", "_b[/cut1]", "_b[/cut2]", "_b[/cut3]", "_b[/athrho]"]
    do = "heckoprobit y x, select(x z)"
    cases.add("heckoprobit", "selected_order.csv", do, dict(zip(names, p)) | {"e(ll)": -best.fun, "e(rho)": np.tanh(p[7]), "e(N_selected)": chosen.sum(), "e(k_cat)": 4}, 2e-6, "likelihood by scipy")
    errors = [name.replace("_b[", "_se[") for name in names]
    cases.add("heckoprobit, standard errors", "selected_order.csv", do, dict(zip(errors, se)), 1e-4, "likelihood by scipy, Hessian by differences")


def ratings(cases):
    """Ratings of Hanley and McNeil (1982), the data of [R] rocfit."""
    counts = np.array([[33, 6, 6, 11, 2], [3, 2, 2, 11, 33.0]])

    def minus(p):
        cuts = np.concatenate([[-np.inf], p[2:], [np.inf]])
        if np.any(np.diff(p[2:]) <= 0):
            return np.inf
        shares = [np.diff(special.ndtr(cuts)), np.diff(special.ndtr(p[1] * cuts - p[0]))]
        return -sum(c @ np.log(np.maximum(s, 1e-300)) for c, s in zip(counts, shares))

    p = np.array([1.6, 0.7, 0.2, 0.5, 0.8, 1.8])
    for _ in range(3):
        p = optimize.minimize(minus, p, method="Nelder-Mead", options={"xatol": 1e-12, "fatol": 1e-14, "maxiter": 20000, "maxfev": 20000, "adaptive": True}).x
    h, n = 1e-3, len(p)
    e = np.eye(n) * h
    hessian = np.array([[(minus(p + e[i] + e[j]) - minus(p + e[i] - e[j]) - minus(p - e[i] + e[j]) + minus(p - e[i] - e[j])) / (4 * h * h) for j in range(n)] for i in range(n)])
    v = np.linalg.inv(hessian)
    names = ["[intercept]_b[_cons]", "[slope]_b[_cons]"] + [f"_b[/cut{k}]" for k in (1, 2, 3, 4)]
    rows = "\n".join(f"{d} {r + 1} {counts[d, r]:.0f}" for d in (0, 1) for r in range(5))
    do = f"input disease rating pop\n{rows}\nend\nrocfit disease rating [fweight=pop], nolog"
    a, b = p[:2]
    indices = {"e(area)": special.ndtr(a / np.sqrt(1 + b * b)), "e(deltam)": a / b, "e(de)": 2 * a / (b + 1), "e(da)": a * np.sqrt(2) / np.sqrt(1 + b * b)}
    cases.add("rocfit", None, do, dict(zip(names, p)) | {"e(ll)": -minus(p)} | indices, 1e-6, "likelihood by scipy")
    cases.add("rocfit, standard errors", None, do, {k.replace("_b[", "_se["): s for k, s in zip(names, np.sqrt(np.diag(v)))}, 1e-4, "likelihood by scipy, Hessian by differences")
    measures = {
        "e(se_area)": lambda q: special.ndtr(q[0] / np.sqrt(1 + q[1] ** 2)),
        "e(se_delm)": lambda q: q[0] / q[1],
        "e(se_de)": lambda q: 2 * q[0] / (q[1] + 1),
        "e(se_da)": lambda q: q[0] * np.sqrt(2) / np.sqrt(1 + q[1] ** 2),
    }
    errors = {}
    for name, of in measures.items():
        slope = np.array([(of(p + d) - of(p - d)) / 2e-5 for d in np.eye(n) * 1e-5])
        errors[name] = np.sqrt(slope @ v @ slope)
    cases.add("rocfit, standard errors of the indices", None, do, errors, 1e-4, "delta method by numpy")


def nested(cases):
    rng = np.random.default_rng(11)
    state = np.repeat([1, 2, 3], [30, 36, 24])
    within = {1: [1, 2], 2: [1, 2, 3], 3: [2, 3]}
    county = np.concatenate([np.resize(within[s], (state == s).sum()) for s in (1, 2, 3)])
    keep = rng.random(90) < 0.9
    state, county = state[keep], county[keep]
    x = rng.normal(size=len(state)).round(3)
    y = (state + 0.5 * county * state + 0.3 * x + rng.normal(size=len(state))).round(3)
    write_data("nested_factors", pd.DataFrame({"y": y, "state": state, "county": county, "x": x}))
    levels = [(s, c) for s in (1, 2, 3) for c in within[s]]
    design = np.column_stack([(state == s) & (county == c) for s, c in levels] + [x]).astype(float)
    b, rss, *_ = np.linalg.lstsq(design, y, rcond=None)
    v = rss[0] / (len(y) - design.shape[1]) * np.linalg.inv(design.T @ design)
    expect = {}
    for k, s in enumerate((1, 2, 3), 1):
        mine = [i for i, (a, _) in enumerate(levels) if a == s]
        row = np.zeros(design.shape[1])
        row[mine], row[-1] = 1 / len(mine), x[state == s].mean()
        expect[f"t[1,{k}]"], expect[f"t[2,{k}]"] = row @ b, np.sqrt(row @ v @ row)
    do = "regress y i.state i.state#i.county x\n"
    cases.add("margins, within() asbalanced", "nested_factors.csv", do + "margins, within(state) asbalanced\nmatrix t = r(table)", expect, 1e-9, "least squares by numpy")


def main():
    cases = Cases("exercises", "scipy, lifelines, numpy")
    variances(cases)
    calculus(cases)
    saved_functions(cases)
    cox_curves(cases)
    multilevel(cases)
    selected_order(cases)
    ratings(cases)
    nested(cases)
    cases.write()


if __name__ == "__main__":
    main()
