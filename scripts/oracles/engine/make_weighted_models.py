"""Weights and covariances: `ivregress gmm`, `sureg`, `reg3`, `mvreg` (formulas of [R] in numpy), `glm` with links that are
not canonical, `zinb`, `ivtobit`, `heckman` with missing regressors of rows that are not selected, `ivprobit` with a
regressor that predicts the outcome (likelihoods of [R], maximised with the derivatives of jax)."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from common import Cases, write_data
from jax.scipy.special import gammaln, log_ndtr
from jax.scipy.stats import norm
from scipy.stats import norm as normal

jax.config.update("jax_enable_x64", True)
FILE = "weighted_models.csv"
COUNT = 240


def data():
    rng = np.random.default_rng(7)
    d = pd.DataFrame({"g": np.arange(COUNT) // 12 + 1})
    for name in ("x", "z1", "z2"):
        d[name] = rng.normal(size=COUNT).round(2)
    d["f"] = rng.integers(1, 5, COUNT)
    d["w"] = rng.uniform(0.3, 3, COUNT).round(2)
    v = rng.normal(size=COUNT)
    d["e"] = (0.6 * d.z1 + 0.5 * d.z2 + v).round(3)
    d["y"] = (1 + d.x + 0.7 * d.e + 0.6 * v + rng.normal(size=COUNT)).round(3)
    d["y2"] = (0.5 - d.x + 0.3 * d.z2 + 0.5 * v + rng.normal(size=COUNT)).round(3)
    d["yt"] = np.maximum(d.y, 0)
    d["b"] = (d.y > 1).astype(int)
    d["c"] = rng.negative_binomial(1.5, 1.5 / (1.5 + np.exp(0.5 + 0.4 * d.x))) * (rng.uniform(size=COUNT) > 0.25)
    d["pos"] = (np.exp(0.3 + 0.4 * d.x) * rng.gamma(2, 0.5, COUNT) + 0.05).round(3)
    d["sel"] = ((0.3 + 0.8 * d.z1 + 0.5 * d.x + v) > 0).astype(int)
    d["yh"] = np.where(d.sel == 1, (1 + d.x + 0.5 * d.e + v).round(3), np.nan)
    d["em"] = np.where(d.sel == 1, d.e, np.nan)
    d["xp"] = (d.x + 4).round(2)
    # one for some of the rows with b = 1
    d["always"] = ((d.b == 1) & (np.arange(COUNT) % 5 == 0)).astype(int)
    return d


def sums(values, clusters):
    return values if clusters is None else pd.DataFrame(values).groupby(clusters).sum().values


def moments(d, w, clusters=None):
    """Two-step GMM with the robust weight matrix and covariance; weights multiply the moments."""
    one = np.ones(COUNT)
    x, z, y = np.column_stack([d.e, d.x, one]), np.column_stack([d.x, one, d.z1, d.z2]), d.y.values
    zw = z * w[:, None]

    def solve(weight):
        return np.linalg.solve(x.T @ zw @ weight @ zw.T @ x, x.T @ zw @ weight @ zw.T @ y)

    def spread(b):
        u = sums((y - x @ b)[:, None] * zw, clusters)
        return u.T @ u

    first = np.linalg.inv(spread(solve(np.linalg.inv(zw.T @ z))))
    b = solve(first)
    inner = np.linalg.inv(x.T @ zw @ first @ zw.T @ x)
    v = inner @ (x.T @ zw @ first @ spread(b) @ first @ zw.T @ x) @ inner
    return {"_b[e]": b[0], "_b[x]": b[1], "_b[_cons]": b[2], "_se[e]": v[0, 0] ** 0.5, "_se[x]": v[1, 1] ** 0.5}


def system(d, w, three):
    """Two steps of generalised least squares; with `three`, on regressors projected on the instruments."""
    one, n = np.ones(COUNT), w.sum()
    second = d.y if three else d.z2
    xs, ys = [np.column_stack([d.x, d.e, one]), np.column_stack([d.x, second, one])], [d.y.values, d.y2.values]
    z = np.column_stack([d.x, d.z1, d.z2, one])
    zw = z * w[:, None]
    right = [z @ np.linalg.solve(zw.T @ z, zw.T @ x) for x in xs] if three else xs
    weighted = [x * w[:, None] for x in right]
    first = [np.linalg.solve(h.T @ x, h.T @ y) for h, x, y in zip(weighted, xs, ys)]
    e = np.column_stack([y - x @ b for y, x, b in zip(ys, xs, first)])
    inverse = np.linalg.inv((e * w[:, None]).T @ e / n)
    a = np.block([[inverse[i, j] * weighted[i].T @ right[j] for j in range(2)] for i in range(2)])
    r = np.concatenate([sum(inverse[i, j] * weighted[i].T @ ys[j] for j in range(2)) for i in range(2)])
    v = np.linalg.inv(a)
    b = v @ r
    names = ["[y]{}[x]", "[y]{}[e]", "[y]{}[_cons]", "[y2]{}[x]", "[y2]{}[y]" if three else "[y2]{}[z2]", "[y2]{}[_cons]"]
    expect = {name.format("_b"): b[i] for i, name in enumerate(names)}
    expect |= {name.format("_se"): v[i, i] ** 0.5 for i, name in enumerate(names)}
    residual = np.column_stack([y - x @ own for y, x, own in zip(ys, xs, np.split(b, 2))])
    rss = (w[:, None] * residual**2).sum(0)
    tss = [(w * (y - (w * y).sum() / n) ** 2).sum() for y in ys]
    return expect | {"e(N)": n, "e(rmse_1)": (rss[0] / n) ** 0.5, "e(r2_2)": 1 - rss[1] / tss[1]}


def several(d, w):
    x = np.column_stack([d.x, d.z1, np.ones(COUNT)])
    a = np.linalg.inv((x * w[:, None]).T @ x)
    b = a @ (x * w[:, None]).T @ d[["y", "y2"]].values
    e = d[["y", "y2"]].values - x @ b
    sigma = (e * w[:, None]).T @ e / (w.sum() - 3)
    return {"[y]_b[x]": b[0, 0], "[y2]_b[z1]": b[1, 1], "[y]_se[x]": (a[0, 0] * sigma[0, 0]) ** 0.5,
            "[y2]_se[z1]": (a[1, 1] * sigma[1, 1]) ** 0.5, "el(e(Sigma),1,2)": sigma[0, 1], "e(df_r)": w.sum() - 3}


def linear(d, cases):
    analytic, frequency = d.w.values * COUNT / d.w.sum(), d.f.values.astype(float)
    for kind in ("aw", "pw"):
        cases.add(f"gmm, {kind}", FILE, f"ivregress gmm y x (e = z1 z2) [{kind}=w]", moments(d, d.w.values), 1e-7)
    found = moments(d, d.w.values, d.g.values)
    cases.add("gmm, pw and clusters", FILE, "ivregress gmm y x (e = z1 z2) [pw=w], wmatrix(cluster g)", found, 1e-7)
    for weight, w in (("aw=w", analytic), ("fw=f", frequency)):
        cases.add(f"sureg, {weight}", FILE, f"sureg (y x e) (y2 x z2) [{weight}]", system(d, w, False), 1e-8)
        cases.add(f"reg3, {weight}", FILE, f"reg3 (y x e) (y2 x y) [{weight}], exog(z1 z2) endog(e)", system(d, w, True), 1e-8)
        cases.add(f"mvreg, {weight}", FILE, f"mvreg y y2 = x z1 [{weight}]", several(d, w), 1e-8)


def averaged(d, w, copies, counts):
    """Exchangeable working correlation by the moments of [XT] xtgee: means over the pairs of a panel, weighted over panels."""
    x, y = np.column_stack([d.x, d.z1, np.ones(COUNT)]), (d.c if counts else d.y).values.astype(float)
    rows, b = [np.flatnonzero(d.g == g) for g in d.g.unique()], np.zeros(3)
    own = np.array([w[r[0]] for r in rows])
    b[2] = np.log(y.mean()) if counts else 0.0
    for _ in range(200):
        mu = np.exp(x @ b) if counts else x @ b
        slope, root = (mu, np.sqrt(mu)) if counts else (np.ones(COUNT), np.ones(COUNT))
        r = (y - mu) / root
        squares = sum(k * (r[i] ** 2).mean() for k, i in zip(own, rows))
        alpha = sum(k * (r[i].sum() ** 2 - (r[i] ** 2).sum()) / (len(i) * (len(i) - 1)) for k, i in zip(own, rows)) / squares
        information, score, meat = np.zeros((3, 3)), np.zeros(3), np.zeros((3, 3))
        for k, i in zip(own, rows):
            correlation = np.full((len(i), len(i)), alpha) + (1 - alpha) * np.eye(len(i))
            design = x[i] * (slope / root)[i][:, None]
            u = design.T @ np.linalg.solve(correlation, r[i])
            information += k * design.T @ np.linalg.solve(correlation, design)
            score += k * u
            meat += (k if copies else k * k) * np.outer(u, u)
        b = b + np.linalg.solve(information, score)
    groups, n = (own.sum(), w.sum()) if copies else (len(rows), COUNT)
    inverse = np.linalg.inv(information)
    phi = 1.0 if counts else (w * r**2).sum() / w.sum()
    return b, inverse * phi, inverse @ meat @ inverse * groups / (groups - 1), alpha, n, groups


def panels(d, cases):
    start = "generate wg = 1 + 0.5*mod(g, 4)\ngenerate fg = 1 + mod(g, 3)\nxtset g\n"
    w, f = 1 + 0.5 * (d.g.values % 4), 1.0 + d.g.values % 3
    for outcome, family, counts in (("y", "", False), ("c", "family(poisson)", True)):
        for weight, own, copies, robust in (("fw=fg", f, True, False), ("fw=fg", f, True, True), ("pw=wg", w, False, True)):
            b, v, sandwich, alpha, n, groups = averaged(d, own, copies, counts)
            v = sandwich if robust else v
            option = " vce(robust)" if robust and copies else ""
            do = f"{start}xtgee {outcome} x z1 [{weight}], {family}{option}"
            expect = {"_b[x]": b[0], "_se[x]": v[0, 0] ** 0.5, "_se[_cons]": v[2, 2] ** 0.5, "el(e(R),1,2)": alpha, "e(N)": n, "e(N_g)": groups}
            cases.add(f"xtgee {outcome}, {weight}{option}", FILE, do, expect, 1e-8)


def maximum(rows, start, w=None, clusters=None, robust=False, products=False):
    """Maximum of the weighted sum of `rows(b)`: parameters, covariance, inverse information, log likelihood."""
    w = np.ones(len(rows(jnp.array(start, float)))) if w is None else np.asarray(w, float)
    total = lambda b: jnp.sum(w * rows(b))  # noqa: E731
    slope, curve, b = jax.grad(total), jax.hessian(total), np.array(start, float)
    for _ in range(80):
        g, h = np.array(slope(b)), np.array(curve(b))
        top = np.linalg.eigvalsh(h).max()
        step, size = np.linalg.solve(h - max(0, top + 1e-3) * np.eye(len(b)) * (top > -1e-6), g), 1.0
        while not float(total(b - size * step)) >= float(total(b)) - 1e-12 and size > 1e-6:
            size /= 2
        b = b - size * step
        if abs(g).max() < 1e-11:
            break
    inverse, scores = np.linalg.inv(-np.array(curve(b))), np.array(jax.jacobian(rows)(b))
    v = inverse
    if products:
        v = np.linalg.inv((scores * w[:, None]).T @ scores)
    elif robust or clusters is not None:
        u = sums(scores * w[:, None], clusters)
        v = inverse @ (u.T @ u) @ inverse * len(u) / (len(u) - 1)
    return b, v, inverse, float(total(b))


def links(d, cases):
    x = np.column_stack([d.x, np.ones(COUNT)])
    xj, y = jnp.array(x), jnp.array(d.b.values, float)

    def probit(b):
        e = xj @ b
        return y * log_ndtr(e) + (1 - y) * log_ndtr(-e)

    def cloglog(b):
        e = jnp.exp(xj @ b)
        return y * jnp.log1p(-jnp.exp(-e)) - (1 - y) * e

    analytic = d.w.values * COUNT / d.w.sum()
    asked = [("", ", {}", {}), ("robust", ", {} vce(robust)", {"robust": True}), ("opg", ", {} vce(opg)", {"products": True}),
             ("fw", " [fw=f], {}", {"w": d.f}), ("pw", " [pw=w], {}", {"w": d.w, "robust": True}), ("aw", " [aw=w], {}", {"w": analytic}),
             ("pw, clusters", " [pw=w], {} vce(cluster g)", {"w": d.w, "clusters": d.g})]
    for name, rows in (("probit", probit), ("cloglog", cloglog)):
        for tag, options, kw in asked:
            b, v, _, ll = maximum(rows, [0.1, 0.1], **kw)
            do = "glm b x" + options.format(f"family(binomial) link({name})")
            cases.add(f"glm, {name} {tag}", FILE, do, {"_b[x]": b[0], "_se[x]": v[0, 0] ** 0.5, "_se[_cons]": v[1, 1] ** 0.5}, 1e-6)
    e = x @ maximum(probit, [0.1, 0.1])[0]
    share, density = normal.cdf(e), normal.pdf(e)
    expected = np.linalg.inv((x * (density**2 / (share * (1 - share)))[:, None]).T @ x)
    scores = x * ((d.b.values - share) * density / (share * (1 - share)))[:, None]
    semi = expected @ scores.T @ scores @ expected * COUNT / (COUNT - 1)
    for option, v in (("vce(eim)", expected), ("irls", expected), ("irls vce(robust)", semi)):
        cases.add(f"glm, probit {option}", FILE, f"glm b x, family(binomial) link(probit) {option}", {"_se[x]": v[0, 0] ** 0.5}, 1e-6)
    positive(d, cases, x, analytic)


def positive(d, cases, x, analytic):
    """Gamma and inverse Gaussian with the log link, Poisson with the identity; Pearson's dispersion."""
    xj, p, c = jnp.array(x), jnp.array(d.pos.values), jnp.array(d.c.values, float)
    gamma = lambda b: -(p * jnp.exp(-(xj @ b)) + xj @ b)  # noqa: E731
    inverse = lambda b: -(p * jnp.exp(-2 * (xj @ b)) / 2 - jnp.exp(-(xj @ b)))  # noqa: E731
    for family, rows, power in (("gamma", gamma, 2), ("igaussian", inverse, 3)):
        for tag, weight, w in (("", "", np.ones(COUNT)), ("aw", " [aw=w]", analytic), ("fw", " [fw=f]", d.f.values)):
            b, v, _, _ = maximum(rows, [0.0, 0.0], w=w)
            mu = np.exp(x @ b)
            phi = (w * (d.pos - mu) ** 2 / mu**power).sum() / (w.sum() - 2)
            do = f"glm pos x{weight}, family({family}) link(log)"
            cases.add(f"glm, {family} log {tag}", FILE, do, {"_b[x]": b[0], "_se[x]": (phi * v[0, 0]) ** 0.5, "e(phi)": phi}, 1e-6)
        v = maximum(rows, [0.0, 0.0], robust=True)[1]
        do = f"glm pos x, family({family}) link(log) vce(robust)"
        cases.add(f"glm, {family} log, robust", FILE, do, {"_se[x]": v[0, 0] ** 0.5}, 1e-6)
    shifted = jnp.array(np.column_stack([d.xp, np.ones(COUNT)]))

    def identity(b):
        mu = shifted @ b
        return c * jnp.log(mu) - mu - gammaln(c + 1)

    for tag, option, kw in (("", "", {}), (", robust", " vce(robust)", {"robust": True})):
        b, v, _, _ = maximum(identity, [0.1, 1.0], **kw)
        do = f"glm c xp, family(poisson) link(identity){option}"
        cases.add(f"glm, poisson identity{tag}", FILE, do, {"_b[xp]": b[0], "_se[xp]": v[0, 0] ** 0.5}, 1e-6)


def combinations(d, cases):
    """Factor variables and interactions in linear combinations `{xb: i.f x}`: models that have a closed likelihood or sum."""
    levels = [(d.f == k).astype(float) for k in (2, 3, 4)]
    x = np.column_stack([*levels, d.x, *(level * d.x for level in levels), np.ones(COUNT)])
    b = np.linalg.lstsq(x, d.y, rcond=None)[0]
    list_, names = "i.f x c.x#i.f", ["2.f", "3.f", "4.f", "x", "2.f#c.x", "3.f#c.x", "4.f#c.x", "_cons"]
    cases.add("nl, factor variables", FILE, f"nl (y = {{xb: {list_}}} + {{b0}})", {"e(rss)": ((d.y - x @ b) ** 2).sum(), "_b[/b0]": b[7]}, 1e-7)
    xj, y, c = jnp.array(x), jnp.array(d.b.values, float), jnp.array(d.c.values, float)
    b, v, _, ll = maximum(lambda b: log_ndtr((2 * y - 1) * (xj @ b)), np.zeros(8))
    do = f"mlexp (ln(cond(b, normal({{xb: {list_} _cons}}), normal(-{{xb:}}))))"
    expect = {f"[xb]_b[{n}]": b[i] for i, n in enumerate(names)} | {f"[xb]_se[{n}]": v[i, i] ** 0.5 for i, n in enumerate(names)}
    cases.add("mlexp, factor variables", FILE, do, expect | {"e(ll)": ll}, 1e-6)
    b, v, _, _ = maximum(lambda b: c * (xj[:, [0, 1, 2, 3, 7]] @ b) - jnp.exp(xj[:, [0, 1, 2, 3, 7]] @ b), np.zeros(5), robust=True)
    factor = ((COUNT - 1) / COUNT) ** 0.5
    do = "gmm (c - exp({xb: i.f x _cons})), instruments(i.f x) onestep"
    expect = {f"[xb]_b[{n}]": b[i] for i, n in enumerate(["2.f", "3.f", "4.f", "x", "_cons"])}
    cases.add("gmm, factor variables", FILE, do, expect | {"[xb]_se[3.f]": v[1, 1] ** 0.5 * factor}, 1e-6)


def zeros(d, cases):
    x, z = (jnp.array(np.column_stack([d[name], np.ones(COUNT)])) for name in ("x", "z1"))
    c = jnp.array(d.c.values, float)

    def rows(b):
        eta, q, m = x @ b[:2], z @ b[2:4], jnp.exp(-b[4])
        lp = jnp.log1p(jnp.exp(eta) / m)
        f = gammaln(m + c) - gammaln(c + 1) - gammaln(m) - m * lp + c * (eta - jnp.log(m) - lp)
        out = jax.nn.log_sigmoid(-q) + f
        return jnp.where(c == 0, jnp.logaddexp(jax.nn.log_sigmoid(q), out), out)

    names = ("[c]{}[x]", None, "[inflate]{}[z1]", None, "{}[/lnalpha]")
    for tag, options, kw in (("", ", inflate(z1)", {}), ("fw", " [fw=f], inflate(z1)", {"w": d.f}), ("iw", " [iw=w], inflate(z1)", {"w": d.w}),
                             ("pw", " [pw=w], inflate(z1)", {"w": d.w, "robust": True}),
                             ("pw, clusters", " [pw=w], inflate(z1) vce(cluster g)", {"w": d.w, "clusters": d.g})):
        b, v, _, ll = maximum(rows, [0.4, 0.5, 0.0, -1.0, -0.4], **kw)
        expect = {name.format("_b"): b[i] for i, name in enumerate(names) if name}
        expect |= {name.format("_se"): v[i, i] ** 0.5 for i, name in enumerate(names) if name} | {"e(ll)": ll}
        cases.add(f"zinb {tag}", FILE, f"zinb c x{options}", expect, 2e-5)


def endogenous(d, cases):
    """One endogenous regressor: the density of it times that of the outcome given it."""

    def joint(frame, binary):
        side = jnp.array(np.column_stack([frame.x, frame.z1, frame.z2, np.ones(len(frame))]))
        y, e, x = (jnp.array(frame[n].values, float) for n in ("b" if binary else "yt", "e", "x"))

        def rows(b):
            r, rho, sv = e - side @ b[3:7], jnp.tanh(b[7]), jnp.exp(b[8])
            s = 1.0 if binary else jnp.exp(b[9])
            mean, spread = b[0] * e + b[1] * x + b[2] + rho * s / sv * r, s * jnp.sqrt(1 - rho**2)
            own = log_ndtr((2 * y - 1) * mean / spread) if binary else jnp.where(
                y <= 0, log_ndtr(-mean / spread), norm.logpdf(y, mean, spread))
            return norm.logpdf(r, 0, sv) + own

        return rows

    def named(b, v, ll):
        return {"_b[e]": b[0], "_b[x]": b[1], "_se[e]": v[0, 0] ** 0.5, "_se[x]": v[1, 1] ** 0.5, "e(ll)": ll}

    start = [0.7, 1.0, 1.0, 0.0, 0.6, 0.5, 0.0, 0.3, 0.0, 0.0]
    for tag, options, kw in (("", ", ll(0)", {}), ("fw", " [fw=f], ll(0)", {"w": d.f}), ("pw", " [pw=w], ll(0)", {"w": d.w, "robust": True}),
                             ("clusters", ", ll(0) vce(cluster g)", {"clusters": d.g}), ("robust", ", ll(0) vce(robust)", {"robust": True})):
        b, v, _, ll = maximum(joint(d, False), start, **kw)
        cases.add(f"ivtobit {tag}", FILE, f"ivtobit yt x (e = z1 z2){options}", named(b, v, ll), 2e-6)
    left = d[d.always == 0]
    for tag, options, kw in (("", "", {}), (", pw and clusters", " [pw=w], vce(cluster g)", {"w": left.w, "clusters": left.g.values})):
        b, v, _, ll = maximum(joint(left, True), [0.7, 1.0, 0.0, 0.0, 0.6, 0.5, 0.0, 0.3, 0.0], **kw)
        expect = named(b, v, ll) | {"e(N)": len(left), "_b[o.always]": 0.0, "_b[/athrho2_1]": b[7]}
        cases.add(f"ivprobit with a perfect predictor{tag}", FILE, f"ivprobit b always x (e = z1 z2){options}", expect, 2e-6)


def determined(cases):
    """Rows whose own category has probability one to machine precision: the one far above, and the one far below."""
    i = np.arange(1, 61)
    x = (i * 7 % 13 - 6).astype(float)
    index = x + i * 5 % 11 - 5
    y = 1 + (index > -2) + (index > 3)
    x[0], y[0], x[1], y[1] = 400.0, 3, -400.0, 1
    xj, yj = jnp.array(x), jnp.array(y)
    do = "set obs 60\ngenerate x = mod(_n*7, 13) - 6\ngenerate v = x + mod(_n*5, 11) - 5\ngenerate y = 1 + (v > -2) + (v > 3)\n"
    do += "replace x = 400 in 1\nreplace y = 3 in 1\nreplace x = -400 in 2\nreplace y = 1 in 2\n"
    for name, below in (("ologit", jax.nn.sigmoid), ("oprobit", lambda e: jax.scipy.stats.norm.cdf(e))):

        def rows(b, below=below):
            low, high = below(b[1] - b[0] * xj), below(b[2] - b[0] * xj)
            p = jnp.where(yj == 1, low, jnp.where(yj == 2, high - low, below(b[0] * xj - b[2])))
            return jnp.log(p)

        b, v, _, ll = maximum(rows, [0.1, -1.0, 1.0])
        cases.add(f"{name}, determined rows", None, f"{do}{name} y x", {"_b[x]": b[0], "_se[x]": v[0, 0] ** 0.5, "e(ll)": ll, "e(N_cd)": 2}, 1e-6)
        cases.cases[-1]["printed"] = ["Note: 2 observations completely determined. Standard errors questionable."]


def selection(d, cases):
    """Rows that are not selected count with missing regressors of the outcome."""
    sel, x = jnp.array(d.sel.values), jnp.array(d.x.values)
    y, e = (jnp.array(d[n].fillna(0).values) for n in ("yh", "em"))
    q = jnp.array(np.column_stack([d.x, d.z1, np.ones(COUNT)]))

    def rows(b):
        index, rho, s = q @ b[3:6], jnp.tanh(b[6]), jnp.exp(b[7])
        z = (y - b[0] * x - b[1] * e - b[2]) / s
        seen = log_ndtr((index + rho * z) / jnp.sqrt(1 - rho**2)) + norm.logpdf(z) - jnp.log(s)
        return jnp.where(sel == 1, seen, log_ndtr(-index))

    for tag, weight, kw in (("", "", {}), (", fw", " [fw=f]", {"w": d.f}), (", pw", " [pw=w]", {"w": d.w, "robust": True})):
        b, v, _, ll = maximum(rows, [1.0, 0.5, 1.0, 0.5, 0.8, 0.3, 0.5, 0.0], **kw)
        expect = {"[yh]_b[em]": b[1], "[yh]_se[em]": v[1, 1] ** 0.5, "[sel]_b[z1]": b[4], "_b[/athrho]": b[6], "e(ll)": ll,
                  "e(N)": d.f.sum() if "fw" in tag else COUNT}
        cases.add(f"heckman with missing regressors{tag}", FILE, f"heckman yh x em{weight}, select(sel = x z1)", expect, 2e-6)


def main():
    d = data()
    write_data("weighted_models", d)
    cases = Cases("weighted_models", "numpy; likelihoods maximised with the derivatives of jax")
    linear(d, cases)
    panels(d, cases)
    links(d, cases)
    combinations(d, cases)
    zeros(d, cases)
    endogenous(d, cases)
    selection(d, cases)
    determined(cases)
    cases.write()


if __name__ == "__main__":
    main()
