"""Commands of applied do-files: `leebounds` (printed results of Stata in a public teaching notebook on Thornton's HIV data, whose
counts follow from them; the formulas of Lee 2009 in numpy), `ppml` (statsmodels), `rologit`, `cmrologit` (likelihoods in numpy,
every order of tied alternatives counted), `intreg, het()`, `xtintreg`, `eregress` and `eprobit` (likelihoods in
numpy), `ritest` (all assignments
counted). Writes `applied.json`, `ranks.csv`, `attrition.csv`, `intervals.csv`, `extended.csv`."""

import itertools

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import Cases, write_data
from scipy.optimize import brentq, minimize
from scipy.stats import norm

PRINTED = "Stata's printed output in a notebook on Thornton (2008); the counts of the table follow from its bounds"
LEE = "formulas of Lee (2009) in numpy, interval of Imbens and Manski (2004) by scipy"


def derivatives(f, b, h=1e-3):
    """Gradient and Hessian of a scalar function by Richardson extrapolation of central differences."""
    k = len(b)

    def at(step):
        g, hess, f0 = np.zeros(k), np.zeros((k, k)), f(b)
        for i in range(k):
            e = np.zeros(k)
            e[i] = step
            g[i] = (f(b + e) - f(b - e)) / (2 * step)
            hess[i, i] = (f(b + e) - 2 * f0 + f(b - e)) / step**2
            for j in range(i):
                d = np.zeros(k)
                d[j] = step
                hess[i, j] = hess[j, i] = (f(b + e + d) - f(b + e - d) - f(b - e + d) + f(b - e - d)) / (4 * step**2)
        return g, hess

    a, c, d = at(h), at(h / 2), at(h / 4)
    first = [(4 * y - x) / 3 for x, y in zip(a, c)]
    second = [(4 * y - x) / 3 for x, y in zip(c, d)]
    return [(16 * y - x) / 15 for x, y in zip(first, second)]


def maximum(ll, start):
    """Maximises: BFGS, then Newton steps."""
    b = minimize(lambda x: -ll(x), start, method="BFGS", options={"gtol": 1e-9}).x
    for _ in range(4):
        g, hess = derivatives(ll, b)
        b = b - np.linalg.solve(hess, g)
    return b, np.linalg.inv(-derivatives(ll, b)[1])


# ---- leebounds


def lee(y, d, w):
    """Bounds, standard errors and share; missing outcomes are not selected."""
    seen = ~np.isnan(y)
    n = [w[d == g].sum() for g in (0, 1)]
    s = [w[(d == g) & seen].sum() for g in (0, 1)]
    q = [s[g] / n[g] for g in (0, 1)]
    cut, other = (1, 0) if q[1] >= q[0] else (0, 1)
    p = (q[cut] - q[other]) / q[cut]
    total, kept = sum(n), s[cut] * (1 - p)
    values = np.repeat(y[(d == cut) & seen], w[(d == cut) & seen].astype(int))

    def part(order):
        v = np.sort(values)[::order]
        weight = np.clip(kept - np.arange(len(v)), 0, 1)
        weight[weight < 1e-9] = 0
        mean = (v * weight).sum() / weight.sum()
        return mean, (weight * (v - mean) ** 2).sum() / weight.sum(), v[weight > 0][-1]

    rest = np.repeat(y[(d == other) & seen], w[(d == other) & seen].astype(int))
    v_rest = rest.var(ddof=1) / (s[other] / total)
    alpha = q[other]
    v_p = (1 - p) ** 2 * ((1 - q[cut]) / (n[cut] / total * q[cut]) + (1 - alpha) / (n[other] / total * alpha))

    def se(mean, variance, at):
        share = s[cut] / total
        v = variance / (share * (1 - p)) + (at - mean) ** 2 * p / (share * (1 - p)) + ((at - mean) / (1 - p)) ** 2 * v_p
        return np.sqrt((v + v_rest) / total)

    low, high = part(1), part(-1)
    sign = 1 if cut == 1 else -1
    ends = sorted([(sign * (low[0] - rest.mean()), se(*low)), (sign * (high[0] - rest.mean()), se(*high))])
    return ends, p


def manski(ends, level=0.95):
    (lower, a), (upper, b) = ends
    c = brentq(lambda c: norm.cdf(c + (upper - lower) / max(a, b)) - norm.cdf(-c) - level, 0, 10, xtol=1e-14)
    return lower - c * a, upper + c * b


def bounds(cases):
    do = "set obs 122\ngenerate treatment = _n <= 98\ngenerate anycond = .\n"
    do += "replace anycond = _n <= 18 if _n <= 42\nreplace anycond = _n <= 100 if _n > 98 & _n <= 108\nleebounds anycond treatment"
    expect = {"[treatment]_b[lower]": 0.2122449, "[treatment]_b[upper]": 0.2408163, "[treatment]_se[lower]": 0.2209034,
              "[treatment]_se[upper]": 0.1947452, "e(N)": 122, "e(Nsel)": 52}
    cases.add("leebounds with ties at the cut, as printed", None, do, expect, 3e-7, PRINTED)
    cases.cases[-1]["printed"] = [
        "Lee (2009) treatment effect bounds", "Number of obs. = 122", "Number of selected obs. = 52", "Trimming porportion = 0.0278",
        "lower | .2122449 .2209034 0.96 0.337 -.2207179 .6452076", "upper | .2408163 .1947452 1.24 0.216 -.1408773 .62251"]
    rng = np.random.default_rng(41)
    frame = pd.DataFrame({"d": rng.integers(0, 2, 400), "w": rng.integers(1, 4, 400)})
    frame["y"] = (rng.normal(0, 2, 400) + frame["d"]).round(3)
    frame["few"] = rng.integers(0, 4, 400).astype(float)
    frame["s"] = (rng.random(400) < 0.6 + 0.15 * frame["d"]).astype(int)
    frame["r"] = 1 - frame["d"]
    for name in ("y", "few"):
        frame[name + "o"] = frame[name].where(frame["s"] == 1)
    write_data("attrition", frame)
    for y, d, weighted in [("yo", "d", False), ("yo", "r", False), ("fewo", "d", False), ("yo", "d", True)]:
        w = frame["w"].to_numpy(float) if weighted else np.ones(400)
        ends, p = lee(frame[y].to_numpy(), frame[d].to_numpy(), w)
        ci = manski(ends)
        expect = {f"[{d}]_b[lower]": ends[0][0], f"[{d}]_b[upper]": ends[1][0], f"[{d}]_se[lower]": ends[0][1],
                  f"[{d}]_se[upper]": ends[1][1], "e(trim)": p, "e(cilower)": ci[0], "e(ciupper)": ci[1], "e(N)": w.sum()}
        cases.add(f"leebounds {y} {d} {weighted}", "attrition.csv", f"leebounds {y} {d}{' [fweight=w]' if weighted else ''}, cieffect", expect, 1e-9, LEE)
    ends, _ = lee(frame["yo"].to_numpy(), frame["d"].to_numpy(), np.ones(400))
    cases.add("leebounds, select()", "attrition.csv", "leebounds y d, select(s)",
              {"[d]_b[lower]": ends[0][0], "[d]_se[upper]": ends[1][1]}, 1e-9, LEE)


# ---- ppml


def pseudo(cases):
    frame = pd.read_csv("../../../crates/dofile/tests/oracles/data/gravity.csv")
    source = "statsmodels GLM (Poisson), sandwich with N/(N-1) or G/(G-1) by numpy"

    def one(data, xs, options="", weight=None, cluster=None, offset=None, extra=None, command=None):
        x = sm.add_constant(data[xs].astype(float), prepend=False).to_numpy()
        w = np.ones(len(data)) if weight is None else data[weight].to_numpy(float)
        shift = None if offset is None else data[offset].to_numpy(float)
        fit = sm.GLM(data["trade"], x, family=sm.families.Poisson(), freq_weights=w, offset=shift).fit(tol=1e-14, maxiter=200)
        mu, y = fit.mu, data["trade"].to_numpy(float)
        scores = x * (w * (y - mu))[:, None]
        n = w.sum()
        if cluster:
            groups = np.zeros((data[cluster].nunique(), x.shape[1]))
            np.add.at(groups, pd.factorize(data[cluster])[0], scores)
            meat, factor = groups.T @ groups, len(groups) / (len(groups) - 1)
        else:
            meat, factor = (x * (w * (y - mu) ** 2)[:, None]).T @ x, n / (n - 1)
        bread = np.linalg.inv((x * (w * mu)[:, None]).T @ x)
        v = bread @ meat @ bread * factor
        ll = (w * (y * np.log(mu) - mu - np.array([sum(np.log(np.arange(1, int(k) + 1))) for k in y]))).sum()
        r = np.cov(y, mu, fweights=w.astype(int))
        expect = {f"_b[{c}]": b for c, b in zip(xs + ["_cons"], np.asarray(fit.params))}
        expect |= {f"_se[{c}]": np.sqrt(v[i, i]) for i, c in enumerate(xs + ["_cons"])}
        expect |= {"e(N)": n, "e(ll)": ll, "e(r2)": r[0, 1] ** 2 / (r[0, 0] * r[1, 1]), "e(deviance)": fit.deviance} | (extra or {})
        text = command or f"ppml trade {' '.join(xs)}{f' [fweight={weight}]' if weight else ''}, {options}"
        cases.add(text, "gravity.csv", text, expect, 1e-7, source)

    one(frame, ["dist", "fta"], extra={"e(k)": 3, "e(k_excluded)": 0})
    one(frame, ["dist", "fta"], "cluster(imp)", cluster="imp")
    one(frame, ["dist", "fta"], weight="w")
    one(frame, ["dist"], "offset(fta)", offset="fta")
    # sep is one for zeros only: it is excluded, with its rows unless keep is given
    one(frame[frame["sep"] == 0], ["dist", "fta"], extra={"e(k_excluded)": 1}, command="ppml trade dist sep fta")
    one(frame, ["dist", "fta"], extra={"e(k_excluded)": 1}, command="ppml trade dist sep fta, keep")
    # a regressor that is constant where trade is positive but lies on both sides of it among the zeros stays, unless strict
    data = frame.copy()
    zero = (data["trade"] == 0).to_numpy()
    data["spread"] = np.where(zero, np.where(data["dist"] > 0, 1.0, -1.0), 0.0)
    do = "generate spread = cond(trade == 0, cond(dist > 0, 1, -1), 0)\n"
    one(data, ["dist", "spread"], command=do + "ppml trade dist spread")
    one(data, ["dist"], extra={"e(k_excluded)": 1}, command=do + "ppml trade dist spread, strict")
    x = sm.add_constant(frame[["dist", "fta"]].astype(float), prepend=False)
    fit = sm.GLM(frame["trade"], x, family=sm.families.Poisson()).fit(tol=1e-14)
    cases.add("ppml: predict and margins", "gravity.csv", "ppml trade dist fta\npredict m\npredict xb, xb\nmargins, dydx(dist)",
              {"m[1]": fit.mu[0], "exp(xb[7])": fit.mu[6], "el(r(b), 1, 1)": fit.mu.mean() * fit.params["dist"]}, 1e-6, source)
    cases.add("ppml, checkonly", "gravity.csv", "ppml trade dist sep, checkonly\ncount if e(sample)",
              {"r(N)": int((frame["sep"] == 0).sum()), "e(k_excluded)": 1, 'e(excluded) == "sep"': 1}, 1e-9, source)


# ---- rologit


def stage_sets(ranks):
    """Sets from the most to the least preferred; zero is unranked."""
    ranked = sorted({r for r in ranks if r != 0}, reverse=True)
    return [[i for i, r in enumerate(ranks) if r == level] for level in ranked], [i for i, r in enumerate(ranks) if r == 0]


def rank_ll(group, xs, b):
    eta = group[xs].to_numpy() @ b
    sets, out = stage_sets(group["pref"].tolist())
    ll = 0.0
    for k, chosen in enumerate(sets):
        left = [i for later in sets[k + 1:] for i in later] + out
        if not left and len(chosen) > 0 and k == len(sets) - 1 and len(chosen) > 1:
            continue  # the last ones are tied: nothing is left to choose against
        total = 0.0
        for order in itertools.permutations(chosen):
            product, remaining = 1.0, np.exp(eta[list(order) + left]).sum()
            for i in order:
                product *= np.exp(eta[i]) / remaining
                remaining -= np.exp(eta[i])
            total += product
        ll += np.log(total)
    return ll


def ranks(cases):
    rng = np.random.default_rng(77)
    rows = []
    for g in range(60):
        m = rng.integers(3, 6)
        x1, x2 = rng.normal(0, 1, m).round(3), rng.integers(0, 2, m)
        u = 0.8 * x1 - 0.5 * x2 + rng.gumbel(0, 1, m)
        order = u.argsort().argsort() + 1
        tied = np.ceil(order / 2).astype(int)
        partial = np.where(order > m - 2, order, 0)
        rows += [(g + 1, g // 4, x1[i], x2[i], order[i], tied[i], partial[i], 1 + g % 3) for i in range(m)]
    frame = pd.DataFrame(rows, columns=["id", "judge", "x1", "x2", "full", "tied", "top", "w"])
    write_data("ranks", frame)
    xs = ["x1", "x2"]

    def fit(column, reverse=False, weights=False):
        data = frame.copy()
        data["pref"] = data[column] if not reverse else np.where(data[column] == 0, 0, 100 - data[column])
        groups = [g for _, g in data.groupby("id")]
        w = [g["w"].iloc[0] if weights else 1 for g in groups]
        ll = lambda b: sum(k * rank_ll(g, xs, b) for g, k in zip(groups, w))  # noqa: E731
        b, v = maximum(ll, np.zeros(2))
        return b, v, ll, groups

    def expect(b, v, ll, extra=None):
        return {"_b[x1]": b[0], "_b[x2]": b[1], "_se[x1]": np.sqrt(v[0, 0]), "_se[x2]": np.sqrt(v[1, 1]),
                "e(ll)": ll(b), "e(ll_0)": ll(np.zeros(2)), "e(chi2)": 2 * (ll(b) - ll(np.zeros(2)))} | (extra or {})

    source = "exploded likelihood in numpy; tied alternatives: the sum over all their orders"
    for column, options, reverse, weights in [("full", "", False, False), ("full", "reverse", True, False), ("tied", "", False, False),
                                              ("top", "", False, False), ("full", "", False, True)]:
        b, v, ll, groups = fit(column, reverse, weights)
        text = f"rologit {column} x1 x2{' [fweight=w]' if weights else ''}, group(id) {options}"
        cases.add(text, "ranks.csv", text, expect(b, v, ll, {} if weights else {"e(N_g)": len(groups), "e(N)": len(frame)}), 1e-7, source)
    b, v, ll, groups = fit("full")
    scores = np.array([derivatives(lambda c, g=g: rank_ll(g, xs, c), b)[0] for g in groups])
    judges = pd.factorize(np.array([g["judge"].iloc[0] for g in groups]))[0]
    for name, of in [("vce(robust)", np.arange(len(groups))), ("vce(cluster judge)", judges)]:
        total = np.zeros((of.max() + 1, 2))
        np.add.at(total, of, scores)
        robust = v @ (total.T @ total) @ v * len(total) / (len(total) - 1)
        cases.add(f"rologit, {name}", "ranks.csv", f"rologit full x1 x2, group(id) {name}",
                  {"_se[x1]": np.sqrt(robust[0, 0]), "_se[x2]": np.sqrt(robust[1, 1])}, 1e-6, source)
    eta = groups[0][xs].to_numpy() @ b
    p = np.exp(eta) / np.exp(eta).sum()
    cases.add("cmrologit with a prediction", "ranks.csv",
              "cmset id, noalternatives\ncmrologit full x1 x2\npredict p\npredict xb, xb",
              {"p[1]": p[0], "p[2]": p[1], "xb[1]": eta[0], "_b[x1]": b[0], "e(N_case)": 60, "e(ll)": ll(b)}, 1e-7, source)
    # casewise deletion: the group of a missing value is left out
    data = frame[frame["id"] != 3].copy()
    data["pref"] = data["full"]
    left = [g for _, g in data.groupby("id")]
    ll3 = lambda c: sum(rank_ll(g, xs, c) for g in left)  # noqa: E731
    b3, v3 = maximum(ll3, np.zeros(2))
    first = int(frame.index[frame["id"] == 3][0]) + 1
    cases.add("cmrologit leaves out cases with a missing value", "ranks.csv",
              f"replace x1 = . in {first}\ncmset id, noalternatives\ncmrologit full x1 x2",
              {"_b[x1]": b3[0], "_se[x2]": np.sqrt(v3[1, 1]), "e(N_case)": 59}, 1e-7, source)


# ---- intervals


def log_interval(a, b):
    """ln(Phi(b) - Phi(a)) on the side where it is exact."""
    flip = a > 0
    lo, hi = np.where(flip, -b, a), np.where(flip, -a, b)
    return norm.logcdf(hi) + np.log1p(-np.exp(norm.logcdf(lo) - norm.logcdf(hi)))


def seen_ll(low, high, mean, lns):
    s = np.exp(lns)
    out = np.zeros(np.broadcast(mean, lns, low).shape)
    low, high, mean, s = np.broadcast_arrays(low, high, mean, s)
    point, below, above = low == high, np.isnan(low), np.isnan(high)
    between = ~(point | below | above)
    out[point] = norm.logpdf(low[point], mean[point], s[point])
    out[below] = norm.logcdf((high[below] - mean[below]) / s[below])
    out[above] = norm.logsf((low[above] - mean[above]) / s[above])
    out[between] = log_interval((low[between] - mean[between]) / s[between], (high[between] - mean[between]) / s[between])
    return out


def intervals(cases):
    rng = np.random.default_rng(5)
    n = 240
    frame = pd.DataFrame({"id": np.repeat(np.arange(1, 41), 6), "x": rng.normal(0, 1, n).round(3), "z": rng.integers(0, 3, n)})
    y = 1 + 0.7 * frame["x"] + np.repeat(rng.normal(0, 0.8, 40), 6) + np.exp(-0.2 + 0.25 * frame["z"]) * rng.normal(0, 1, n)
    kind = rng.integers(0, 4, n)
    low, high = y.round(4).to_numpy().copy(), y.round(4).to_numpy().copy()
    low[kind == 1], high[kind == 1] = np.floor(low[kind == 1]), np.floor(low[kind == 1]) + 1
    low[kind == 2], high[kind == 2] = np.nan, np.ceil(high[kind == 2])
    low[kind == 3], high[kind == 3] = np.floor(low[kind == 3]), np.nan
    frame["lo"], frame["hi"] = low, high
    write_data("intervals", frame)
    x, z = frame["x"].to_numpy(), frame["z"].to_numpy(float)
    ll = lambda b: seen_ll(low, high, b[0] * x + b[1], b[2] * z + b[3]).sum()  # noqa: E731
    b, v = maximum(ll, np.array([0.5, 1, 0.1, 0]))
    se = np.sqrt(np.diag(v))
    expect = {"[lo]_b[x]": b[0], "[lo]_b[_cons]": b[1], "[lnsigma]_b[z]": b[2], "[lnsigma]_b[_cons]": b[3], "[lo]_se[x]": se[0],
              "[lnsigma]_se[z]": se[2], "[lnsigma]_se[_cons]": se[3], "e(ll)": ll(b), "e(chi2)": (b[0] / se[0]) ** 2,
              "pr[1]": norm.cdf((1 - b[0] * x[0] - b[1]) / np.exp(b[2] * z[0] + b[3]))}
    cases.add("intreg, het()", "intervals.csv", "intreg lo hi x, het(z)\npredict pr, pr(., 1)", expect, 1e-7, "likelihood in numpy")
    groups = [np.flatnonzero(frame["id"] == g) for g in range(1, 41)]
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    weights = weights / weights.sum()

    def random(b):
        su = np.exp(b[2])
        rows = seen_ll(low[:, None], high[:, None], (b[0] * x + b[1])[:, None] + su * nodes[None, :], np.full((1, 1), b[3]))
        total = np.array([rows[g].sum(0) for g in groups])
        top = total.max(1, keepdims=True)
        return (top[:, 0] + np.log(np.exp(total - top) @ weights)).sum()

    b, v = maximum(random, np.array([0.5, 1, -0.2, 0]))
    se = np.sqrt(np.diag(v))
    su, s = np.exp(b[2]), np.exp(b[3])
    expect = {"_b[x]": b[0], "_b[_cons]": b[1], "e(sigma_u)": su, "e(sigma_e)": s, "_se[x]": se[0], "_se[/sigma_u]": su * se[2],
              "_se[/sigma_e]": s * se[3], "e(ll)": random(b), "e(N_int)": (kind == 1).sum(), "e(N_lc)": (kind == 2).sum(),
              "e(N_rc)": (kind == 3).sum(), "e(N_unc)": (kind == 0).sum(), "e(rho)": su**2 / (su**2 + s**2)}
    cases.add("xtintreg", "intervals.csv", "xtset id\nxtintreg lo hi x, intpoints(30)", expect, 1e-6, "likelihood in numpy, 120 nodes")


# ---- extended regression models


def extended(cases):
    rng = np.random.default_rng(12)
    n = 300
    frame = pd.DataFrame({k: rng.normal(0, 1, n).round(3) for k in ("a", "z1", "z2", "z3")})
    e = rng.multivariate_normal([0, 0, 0], [[1, 0.5, 0.2], [0.5, 1.5, 0.3], [0.2, 0.3, 0.8]], n)
    frame["w1"] = (0.5 * frame["a"] + frame["z1"] - 0.4 * frame["z2"] + e[:, 1]).round(4)
    frame["w2"] = (0.2 * frame["a"] + 0.7 * frame["z3"] + 0.3 * frame["z1"] + e[:, 2]).round(4)
    frame["y"] = (1 + 0.6 * frame["a"] - 0.8 * frame["w1"] + 0.5 * frame["w2"] + e[:, 0]).round(4)
    frame["d"] = (frame["y"] > 1).astype(int)
    frame["g"] = np.arange(n) // 10
    write_data("extended", frame)
    x = {k: frame[k].to_numpy() for k in frame}
    one = np.ones(n)

    def model(outcome, endogenous, reduced, linear):
        main = np.column_stack([x["a"]] + [x[w] for w in endogenous] + [one])
        r = np.column_stack([x[k] for k in reduced] + [one])
        p = len(endogenous)
        sizes = [main.shape[1]] + [r.shape[1]] * p

        def rows(b):
            at = np.cumsum([0] + sizes)
            mean = [main @ b[at[0]:at[1]]] + [r @ b[at[k]:at[k + 1]] for k in range(1, p + 1)]
            rest = b[at[-1]:]
            lns = np.concatenate([rest[:1] if linear else [0.0], rest[int(linear):int(linear) + p]])
            rho = np.eye(p + 1)
            pairs = [(i, j) for i in range(p + 1) for j in range(i + 1, p + 1)]
            for (i, j), value in zip(pairs, rest[int(linear) + p:]):
                rho[i, j] = rho[j, i] = np.tanh(value)
            if np.linalg.eigvalsh(rho)[0] <= 0:
                return np.full(n, -1e10)
            cov = rho * np.exp(lns)[:, None] * np.exp(lns)[None, :]
            u = np.column_stack([x[w] - m for w, m in zip(endogenous, mean[1:])])
            inner = cov[1:, 1:]
            inverse = np.linalg.inv(inner)
            out = -0.5 * (u @ inverse * u).sum(1) - 0.5 * np.linalg.slogdet(2 * np.pi * inner)[1]
            given = mean[0] + u @ inverse @ cov[1:, 0]
            s = np.sqrt(cov[0, 0] - cov[0, 1:] @ inverse @ cov[1:, 0])
            if linear:
                return out + norm.logpdf(x[outcome], given, s)
            sign = np.where(x[outcome] > 0, 1, -1)
            return out + norm.logcdf(sign * given / s)

        start = np.zeros(sum(sizes) + int(linear) + p + p * (p + 1) // 2)
        first = np.linalg.lstsq(main, x[outcome], rcond=None)[0]
        start[: sizes[0]] = first if linear else np.zeros_like(first)
        for k, w in enumerate(endogenous):
            lo = sizes[0] + k * sizes[1]
            start[lo:lo + sizes[1]] = np.linalg.lstsq(r, x[w], rcond=None)[0]
        b, v = maximum(lambda c: rows(c).sum(), start)
        return b, v, rows, sizes

    source = "joint normal likelihood in numpy, its Hessian by extrapolated differences"
    for outcome, endogenous, reduced, linear, robust in [
        ("y", ["w1"], ["a", "z1", "z2"], True, False), ("y", ["w1", "w2"], ["a", "z1", "z2", "z3"], True, False),
        ("d", ["w1"], ["a", "z1", "z2"], False, False), ("y", ["w1"], ["a", "z1", "z2"], True, True),
    ]:
        b, v, rows, sizes = model(outcome, endogenous, reduced, linear)
        if robust:
            h, k = 1e-5, len(b)
            scores = np.column_stack([(rows(b + h * np.eye(k)[i]) - rows(b - h * np.eye(k)[i])) / (2 * h) for i in range(k)])
            total = np.zeros((30, k))
            np.add.at(total, x["g"].astype(int), scores)
            v = v @ (total.T @ total) @ v * 30 / 29
        se = np.sqrt(np.diag(v))
        at = sum(sizes)
        expect = {f"[{outcome}]_b[a]": b[0], f"[{outcome}]_b[{endogenous[0]}]": b[1], f"[{outcome}]_se[{endogenous[0]}]": se[1],
                  f"[{outcome}]_se[_cons]": se[sizes[0] - 1], f"[{endogenous[0]}]_b[z1]": b[sizes[0] + 1],
                  f"[{endogenous[0]}]_se[z1]": se[sizes[0] + 1], "e(ll)": rows(b).sum(), "e(N)": n}
        errors = [f"e.{outcome}"] + [f"e.{w}" for w in endogenous]
        for k, name in enumerate(errors[int(not linear):]):
            variance = np.exp(2 * b[at + k])
            expect |= {f"_b[/var({name})]": variance, f"_se[/var({name})]": 2 * variance * se[at + k]}
        place = at + len(errors) - int(not linear)
        for i in range(len(errors)):
            for j in range(i + 1, len(errors)):
                rho = np.tanh(b[place])
                name = f"/corr({errors[j]},{errors[i]})"
                expect |= {f"_b[{name}]": rho, f"_se[{name}]": (1 - rho**2) * se[place]}
                place += 1
        command = "eregress" if linear else "eprobit"
        text = f"{command} {outcome} a, endogenous({' '.join(endogenous)} = {' '.join(reduced)}){' vce(cluster g)' if robust else ''}"
        cases.add(text, "extended.csv", text, expect, 1e-5 if robust else 1e-6, source)


# ---- ritest


def assignments(cases):
    y = np.array([3.0, 5, 1, 8, 2, 9, 4, 4, 7, 6, 2, 5])
    t = np.array([0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1])
    observed = y[t == 1].mean() - y[t == 0].mean()
    strata = [range(0, 6), range(6, 12)]
    draws = []
    for a in itertools.combinations(strata[0], 3):
        for b in itertools.combinations(strata[1], 3):
            one = np.isin(np.arange(12), a + b)
            draws.append(y[one].mean() - y[~one].mean())
    draws = np.array(draws)
    data = "input y t\n" + "\n".join(f"{a:g} {b}" for a, b in zip(y, t)) + "\nend\ngenerate s = _n > 6\n"
    run = data + "ritest t _b[t], reps(4000) strata(s) seed(7) nodots{}: regress y t"
    for option, p in [("", (np.abs(draws) >= abs(observed) - 1e-9).mean()), (" right", (draws >= observed - 1e-9).mean()),
                      (" left", (draws <= observed + 1e-9).mean()), (" strict", (np.abs(draws) > abs(observed) + 1e-9).mean())]:
        cases.add(f"ritest, strata(){option}", None, run.format(option), {"el(r(p), 1, 1)": p}, 0.15 if p < 0.2 else 0.03,
                  "all assignments counted; the tolerance is three standard errors of 4000 draws")
        cases.cases[-1]["expect"] |= {"el(r(b), 1, 1)": observed}


def main():
    cases = Cases("applied", "printed output of Stata, statsmodels, numpy, scipy")
    bounds(cases)
    pseudo(cases)
    ranks(cases)
    intervals(cases)
    extended(cases)
    assignments(cases)
    cases.write()


if __name__ == "__main__":
    main()
