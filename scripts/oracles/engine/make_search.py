"""Likelihoods under linear constraints, with covariances from outer products, and likelihood-ratio tests of models: the likelihood of
each command is written here in numpy and maximised by scipy in the parameters that the constraints leave free."""

import numpy as np
import pandas as pd
from common import Cases, write_data
from numeric import jacobian, maximise
from scipy import stats
from scipy.special import expit, gammaln, log_expit, log_ndtr, logsumexp

X = ["x1", "x2", "x3"]
SET = "constraint 1 x1 = x2\nconstraint 2 x3 = 0.3\nconstraint 3 x1 + 2*x3 = 1\n"


def data():
    """One sample with an outcome of every kind."""
    r = np.random.default_rng(20261126)
    n = 240
    x = r.normal(size=(n, 3))
    f = pd.DataFrame(x, columns=X)
    f["c"] = r.integers(1, 25, n)
    z = x @ [0.5, 0.4, 0.3]
    f["w"] = r.integers(1, 4, n)
    f["y"] = 1 + z + r.normal(size=n)
    f["b"] = (z + r.logistic(size=n) > 0).astype(int)
    f["b2"] = (0.4 * x[:, 0] - 0.3 * x[:, 1] + r.normal(size=n) > 0).astype(int)
    f["o"] = np.digitize(z + r.logistic(size=n), [-1, 0.5, 2]) + 1
    u = np.column_stack([np.zeros(n), 0.2 + z, -0.1 + x @ [0.4, -0.3, 0.2]]) + r.gumbel(size=(n, 3))
    f["m"] = u.argmax(1) + 1
    f["k"] = r.poisson(np.exp(0.3 + z) * r.gamma(2.0, 0.5, n))
    f["k0"] = f.k.where(r.uniform(size=n) > 0.25, 0)
    f["p"] = np.clip(r.beta(expit(z) * 6, (1 - expit(z)) * 6), 1e-4, 1 - 1e-4)
    s = 0.3 + x @ [0.5, -0.4, 0.2]
    e = r.normal(size=(n, 2)) @ np.array([[1, 0.5], [0, 0.85]])
    f["sel"] = (s + e[:, 0] > 0).astype(int)
    f["ys"] = np.where(f.sel == 1, 1 + x @ [0.5, 0.4, 0.0] + e[:, 1], np.nan)
    f["t"] = r.weibull(1.4, n) * np.exp(-z / 1.4)
    f["d"] = (r.uniform(size=n) < 0.8).astype(int)
    f["q"] = 2 + z + 0.4 * r.normal(size=n) - np.abs(r.normal(size=n)) * 0.8
    write_data("search", f)
    return f


def polished(rows, at):
    """The maximum and its information from gradients by complex steps, which lose no digits."""
    def gradient(b):
        steps = np.eye(len(b)) * 1e-30j
        return np.array([np.sum(rows(b + step)).imag / 1e-30 for step in steps])

    for _ in range(4):
        information = -jacobian(gradient, at)
        at = at + np.linalg.solve((information + information.T) / 2, gradient(at))
    return at, (information + information.T) / 2


class Fit:
    """Maximum of `rows` under `R theta = r`: theta = t free + a."""

    def __init__(self, rows, start, restrictions=(), weights=None, vce=None, groups=None, analytic=False):
        k = len(start)
        if restrictions:
            R = np.array([row for row, _ in restrictions], float)
            target = np.array([value for _, value in restrictions], float)
            self.a = np.linalg.pinv(R) @ target
            _, s, vt = np.linalg.svd(R)
            self.t = vt[np.sum(s > 1e-12):].T
        else:
            self.a, self.t = np.zeros(k), np.eye(k)
        free = self.t.T @ (np.asarray(start, float) - self.a)
        w = np.ones(len(rows(np.asarray(start, float)))) if weights is None else np.asarray(weights, float)
        free, self.ll, information, scores = maximise(lambda g: rows(self.t @ g + self.a), free, w)
        if analytic:
            free, information = polished(lambda g: rows(self.t @ g + self.a), free)
        self.b = self.t @ free + self.a
        inverse = np.linalg.inv(information)
        if vce == "opg":
            inverse = np.linalg.inv((scores * w[:, None]).T @ scores)
        elif vce == "robust":
            inverse = inverse @ (scores.T @ scores) @ inverse * len(w) / (len(w) - 1)
        elif vce == "cluster":
            sums = pd.DataFrame(scores).groupby(np.asarray(groups)).sum().to_numpy()
            inverse = inverse @ sums.T @ sums @ inverse * len(sums) / (len(sums) - 1)
        self.v = self.t @ inverse @ self.t.T

    def expect(self, names, slopes, wald=True):
        """`_b`, `_se`, the log likelihood, and the Wald test of the slopes with its degrees of freedom."""
        se = np.sqrt(np.maximum(np.diag(self.v), 0))
        out = {f"_b[{n}]": b for n, b in zip(names, self.b) if n}
        out |= {f"_se[{n}]": s for n, s in zip(names, se) if n and s > 1e-12}
        out["e(ll)"] = self.ll
        if wald:
            # restrictions that follow from earlier ones are dropped
            kept = []
            for j in slopes:
                if np.linalg.matrix_rank(self.v[np.ix_(kept + [j], kept + [j])], tol=1e-10) > len(kept):
                    kept.append(j)
            out["e(chi2)"] = self.b[kept] @ np.linalg.solve(self.v[np.ix_(kept, kept)], self.b[kept])
            out["e(df_m)"] = len(kept)
            out["e(rank)"] = self.t.shape[1]
        return out


def row(size, entries, value=0.0):
    out = np.zeros(size)
    for j, weight in entries.items():
        out[j] = weight
    return out, value


def equal(size):
    return row(size, {0: 1, 1: -1})


def fixed(size):
    return row(size, {2: 1}, 0.3)


def single(cases, f):
    """Models with one linear index and perhaps one further parameter."""
    x = np.column_stack([f[X].to_numpy(), np.ones(len(f))])
    y, b, k, p = f.y.to_numpy(), f.b.to_numpy(), f.k.to_numpy(), f.p.to_numpy()
    sign = 2 * b - 1
    low, high = np.where(y < 0, -np.inf, np.floor(y)), np.floor(y) + 1.0
    kept = f.y.to_numpy() > 0

    def nb(th):
        mu, m = np.exp(x @ th[:4]), np.exp(-th[4])
        return gammaln(m + k) - gammaln(k + 1) - gammaln(m) + m * np.log(m / (m + mu)) + k * np.log(mu / (m + mu))

    def tobit(th):
        s = np.exp(th[4])
        return np.where(y <= 0, log_ndtr((0 - x @ th[:4]) / s), stats.norm.logpdf(y, x @ th[:4], s))

    def interval(th):
        s, xb = np.exp(th[4]), x @ th[:4]
        upper, lower = stats.norm.cdf((high - xb) / s), np.where(np.isinf(low), 0.0, stats.norm.cdf((low - xb) / s))
        return np.log(np.maximum(upper - lower, 1e-300))

    def truncated(th):
        s, xb = np.exp(th[4]), (x @ th[:4])[kept]
        return stats.norm.logpdf(y[kept], xb, s) - log_ndtr(xb / s)

    def beta(th):
        mu, phi = expit(x @ th[:4]), np.exp(th[4])
        return (gammaln(phi) - gammaln(mu * phi) - gammaln((1 - mu) * phi)
                + (mu * phi - 1) * np.log(p) + ((1 - mu) * phi - 1) * np.log1p(-p))

    def weibull(th):
        ln_p, eta = th[4], x @ th[:4]
        t, d = f.t.to_numpy(), f.d.to_numpy()
        shape = np.exp(ln_p)
        return d * (eta + ln_p + shape * np.log(t)) - np.exp(eta) * t**shape

    names, more = X + ["_cons"], lambda n: X + ["_cons", n]
    kinds = [
        ("logit", "logit b x1 x2 x3", lambda th: log_expit(sign * (x @ th)), np.zeros(4), names),
        ("probit", "probit b x1 x2 x3", lambda th: log_ndtr(sign * (x @ th)), np.zeros(4), names),
        ("cloglog", "cloglog b x1 x2 x3", lambda th: np.where(b == 1, np.log(-np.expm1(-np.exp(x @ th))), -np.exp(x @ th)), np.zeros(4), names),
        ("poisson", "poisson k x1 x2 x3", lambda th: k * (x @ th) - np.exp(x @ th) - gammaln(k + 1), np.zeros(4), names),
        ("nbreg", "nbreg k x1 x2 x3", nb, np.zeros(5), more("/lnalpha")),
        ("intreg", "gen lo = floor(y) if y >= 0\ngen hi = floor(y) + 1\nintreg lo hi x1 x2 x3", interval, np.array([0.5, 0.4, 0.3, 1, 0]), more("/lnsigma")),
        ("betareg", "betareg p x1 x2 x3", beta, np.zeros(5), X + ["p:_cons", "scale:_cons"]),
        ("weibull", "stset t, failure(d)\nstreg x1 x2 x3, distribution(weibull) nohr", weibull, np.zeros(5), X + ["_t:_cons", "/ln_p"]),
    ]
    for name, command, rows, start, shown in kinds:
        size = len(start)
        comma = " " if "," in command.split("\n")[-1] else ", "
        for label, numbers, restrictions in [("equal", "1", [equal(size)]), ("two", "1 2", [equal(size), fixed(size)]),
                                             ("sum", "3", [row(size, {0: 1, 2: 2}, 1)])]:
            fit = Fit(rows, start, restrictions)
            cases.add(f"{name} {label}", "search.csv", SET + command + comma + f"constraints({numbers}) nolog", fit.expect(shown, [0, 1, 2]), 1e-7)
    # the scale is shown as a variance or a deviation
    for name, command, rows, parameter, value, slope in [
        ("tobit", "tobit y x1 x2 x3, ll(0)", tobit, "var(e.y)", lambda s: np.exp(2 * s), lambda s: 2 * np.exp(2 * s)),
        ("truncreg", "truncreg y x1 x2 x3, ll(0)", truncated, "sigma", np.exp, np.exp),
    ]:
        fit = Fit(rows, np.zeros(5), [equal(5), fixed(5)])
        out = fit.expect(names, [0, 1, 2])
        out |= {f"_b[/{parameter}]": value(fit.b[4]), f"_se[/{parameter}]": slope(fit.b[4]) * np.sqrt(fit.v[4, 4])}
        cases.add(f"{name} two", "search.csv", SET + command + " constraints(1 2) nolog", out, 1e-7)
    free, null = Fit(truncated, np.zeros(5)), Fit(truncated, np.zeros(5), [row(5, {j: 1}) for j in range(3)])
    ratio(cases, "truncreg lrmodel", "truncreg y x1 x2 x3, ll(0) lrmodel nolog", free, null, 3)
    rows = kinds[0][2]
    for vce in ("robust", "cluster"):
        fit = Fit(rows, np.zeros(4), [equal(4)], vce=vce, groups=f.c)
        option = "vce(robust)" if vce == "robust" else "vce(cluster c)"
        cases.add(f"logit equal {vce}", "search.csv", SET + f"logit b x1 x2 x3, constraints(1) {option} nolog", fit.expect(names, [0, 1, 2]), 1e-7)
    fit = Fit(rows, np.zeros(4), [equal(4)], weights=f.w)
    cases.add("logit equal fweight", "search.csv", SET + "logit b x1 x2 x3 [fweight=w], constraints(1) nolog", fit.expect(names, [0, 1, 2]), 1e-7)
    # outer products of the scores
    for name, command, rows, start, shown in kinds[:5]:
        fit = Fit(rows, start, vce="opg")
        expect = fit.expect(shown, [0, 1, 2], wald=False)
        cases.add(f"{name} opg", "search.csv", command + ", vce(opg) nolog", expect, 1e-7)
        cases.add(f"{name} bhhh", "search.csv", command + ", technique(bhhh) nolog", expect, 1e-7)
    fit = Fit(kinds[0][2], np.zeros(4), [equal(4)], weights=f.w, vce="opg")
    cases.add("logit opg under a constraint", "search.csv", SET + "logit b x1 x2 x3 [fweight=w], vce(opg) constraints(1) nolog", fit.expect(names, [0, 1, 2]), 1e-7)
    glm(cases, f, x)


def glm(cases, f, x):
    """A Gaussian family: least squares under the constraint, dispersion over the free parameters."""
    y, n = f.y.to_numpy(), len(f)
    t = np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], float)
    z = x @ t
    a = np.linalg.solve(z.T @ z, z.T @ y)
    e = y - z @ a
    v = t @ np.linalg.inv(z.T @ z) @ t.T * (e @ e) / (n - 3)
    b, se = t @ a, np.sqrt(np.diag(v))
    expect = {f"_b[{k}]": w for k, w in zip(X + ["_cons"], b)} | {f"_se[{k}]": w for k, w in zip(X + ["_cons"], se)}
    expect |= {"e(phi)": (e @ e) / (n - 3), "e(df)": n - 3, "e(deviance)": e @ e, "el(e(Cns),1,2)": -1}
    cases.add("glm equal", "search.csv", SET + "glm y x1 x2 x3, constraints(1) nolog", expect, 1e-7)


def choices(cases, f):
    """Ordered and multinomial outcomes."""
    x = f[X].to_numpy()
    o, m = f.o.to_numpy(), f.m.to_numpy()
    for name, cdf in (("ologit", expit), ("oprobit", stats.norm.cdf)):
        def rows(th):
            cuts = np.concatenate([[-np.inf], th[3:], [np.inf]])
            xb = x @ th[:3]
            return np.log(np.maximum(cdf(cuts[o] - xb) - cdf(cuts[o - 1] - xb), 1e-300))

        start = [0, 0, 0, -1, 0.5, 2]
        fit = Fit(rows, start, [equal(6), row(6, {4: 1, 3: -1}, 1.5)])
        names = X + ["/cut1", "/cut2", "/cut3"]
        cases.add(f"{name} slopes and cutpoints", "search.csv", SET + f"constraint 4 [/]cut2 - [/]cut1 = 1.5\n{name} o x1 x2 x3, constraints(1 4) nolog",
                  fit.expect(names, [0, 1, 2]), 1e-7)
    full = np.column_stack([x, np.ones(len(x))])

    def rows(th):
        eta = np.column_stack([np.zeros(len(x)), full @ th[:4], full @ th[4:]])
        return eta[np.arange(len(x)), m - 1] - logsumexp(eta, axis=1)

    names = [f"{e}:{n}" for e in ("2", "3") for n in X + ["_cons"]]
    across = [row(8, {0: 1, 4: -1}), row(8, {2: 1})]
    fit = Fit(rows, np.zeros(8), across)
    text = "constraint 5 [2]x1 = [3]x1\nconstraint 6 [2]x3\nmlogit m x1 x2 x3, baseoutcome(1) constraints(5 6) nolog"
    cases.add("mlogit across equations", "search.csv", text, fit.expect(names, [0, 1, 2, 4, 5, 6]), 1e-7)
    fit = Fit(rows, np.zeros(8), [row(8, {j: 1, j + 4: -1}) for j in range(3)])
    text = "constraint 7 [2=3]\nmlogit m x1 x2 x3, baseoutcome(1) constraints(7) nolog"
    cases.add("mlogit equal equations", "search.csv", text, fit.expect(names, [0, 1, 2, 4, 5, 6]), 1e-7)


def inflated(cases, f):
    """Zero-inflated and truncated counts."""
    x = np.column_stack([f[X].to_numpy(), np.ones(len(f))])
    k = f.k0.to_numpy()
    z = np.column_stack([f.x3, np.ones(len(f))])

    def rows(th):
        eta, g = x @ th[:4], z @ th[4:6]
        count = k * eta - np.exp(eta) - gammaln(k + 1)
        return np.where(k == 0, np.logaddexp(log_expit(g), log_expit(-g) - np.exp(eta)), log_expit(-g) + count)

    fit = Fit(rows, [0, 0, 0, 0, 0, -1], [equal(6), row(6, {2: 1, 4: 1})])
    text = SET + "constraint 8 [k0]x3 + [inflate]x3 = 0\nzip k0 x1 x2 x3, inflate(x3) constraints(1 8) nolog"
    cases.add("zip across equations", "search.csv", text, fit.expect(["k0:x1", "k0:x2", "k0:x3", "k0:_cons", "inflate:x3", "inflate:_cons"], [0, 1, 2]), 1e-7)
    up = f.k.to_numpy() > 0
    kk, xx = f.k.to_numpy()[up], x[up]

    def above(th):
        eta = xx @ th
        return kk * eta - np.exp(eta) - gammaln(kk + 1) - np.log(-np.expm1(-np.exp(eta)))

    fit = Fit(above, np.zeros(4), [equal(4)])
    cases.add("tpoisson equal", "search.csv", SET + "tpoisson k x1 x2 x3 if k > 0, constraints(1) nolog", fit.expect(X + ["_cons"], [0, 1, 2]), 1e-7)


def pairs(cases, f):
    """Two equations: selection and two binary outcomes."""
    x = np.column_stack([f[X].to_numpy(), np.ones(len(f))])
    two = np.column_stack([f.x1, f.x2, np.ones(len(f))])
    sel, y = f.sel.to_numpy(), f.ys.fillna(0).to_numpy()

    def heckman(th):
        xb, zg = two @ th[:3], x @ th[3:7]
        rho, s = np.tanh(th[7]), np.exp(th[8])
        e = (y - xb) / s
        seen = -0.5 * e**2 - 0.5 * np.log(2 * np.pi) - np.log(s) + log_ndtr((zg + rho * e) / np.sqrt(1 - rho**2))
        return np.where(sel == 1, seen, log_ndtr(-zg))

    start = [0.5, 0.4, 1, 0.5, -0.4, 0.2, 0.3, 0.3, 0]
    fit = Fit(heckman, start, [equal(9), row(9, {3: 1, 4: 1})], analytic=True)
    names = ["ys:x1", "ys:x2", "ys:_cons", "sel:x1", "sel:x2", "sel:x3", "sel:_cons", "/athrho", "/lnsigma"]
    text = "constraint 1 [ys]x1 = [ys]x2\nconstraint 9 [sel]x1 + [sel]x2 = 0\nheckman ys x1 x2, select(sel = x1 x2 x3) constraints(1 9) nolog"
    cases.add("heckman across equations", "search.csv", text, fit.expect(names, [0, 1]), 1e-7)
    free, null = Fit(heckman, start), Fit(heckman, start, [row(9, {0: 1}), row(9, {1: 1})])
    ratio(cases, "heckman lrmodel", "heckman ys x1 x2, select(sel = x1 x2 x3) lrmodel nolog", free, null, 2)
    q1, q2 = 2 * f.b.to_numpy() - 1, 2 * f.b2.to_numpy() - 1
    nodes, weights = np.polynomial.legendre.leggauss(60)

    def joint(a, b, r):
        """Bivariate normal probability by Drezner and Wesolowsky's integral over the correlation."""
        at = r[:, None] * (nodes + 1) / 2
        inner = np.exp(-(a[:, None] ** 2 - 2 * at * a[:, None] * b[:, None] + b[:, None] ** 2) / (2 * (1 - at**2))) / np.sqrt(1 - at**2)
        return stats.norm.cdf(a) * stats.norm.cdf(b) + (inner * weights).sum(1) * r / 2 / (2 * np.pi)

    def biprobit(th):
        r = np.tanh(th[8]) * q1 * q2
        return np.log(joint(q1 * (x @ th[:4]), q2 * (x @ th[4:8]), r))

    fit = Fit(biprobit, np.zeros(9) + 0.05, [row(9, {0: 1, 4: -1}), row(9, {8: 1}, 0.2)])
    names = [f"{e}:{n}" for e in ("b", "b2") for n in X + ["_cons"]] + ["/athrho"]
    free, null = Fit(biprobit, np.zeros(9) + 0.05), Fit(biprobit, np.zeros(9) + 0.05, [row(9, {j: 1}) for j in (0, 1, 2, 4, 5, 6)])
    ratio(cases, "biprobit lrmodel", "biprobit b b2 x1 x2 x3, noskip nolog", free, null, 6)
    text = "constraint 10 [b]x1 = [b2]x1\nconstraint 11 [/]athrho = 0.2\nbiprobit b b2 x1 x2 x3, constraints(10 11) nolog"
    cases.add("biprobit across equations", "search.csv", text, fit.expect(names, [0, 1, 2, 4, 5, 6]), 1e-7)


def ratio(cases, name, command, free, null, df):
    """The likelihood-ratio test of the model."""
    cases.add(name, "search.csv", command, {"e(ll)": free.ll, "e(ll_0)": null.ll, "e(chi2)": 2 * (free.ll - null.ll), "e(df_m)": df}, 1e-7)


def frontier(cases, f):
    """Half-normal inefficiency."""
    x = np.column_stack([f[X].to_numpy(), np.ones(len(f))])
    q = f.q.to_numpy()

    def rows(th):
        v, u = np.exp(th[4] / 2), np.exp(th[5] / 2)
        s = np.hypot(v, u)
        e = q - x @ th[:4]
        return 0.5 * np.log(2 / np.pi) - np.log(s) + log_ndtr(-e * u / v / s) - e**2 / (2 * s * s)

    fit = Fit(rows, [0.5, 0.4, 0.3, 2.5, -1.5, -1], [equal(6)])
    cases.add("frontier equal", "search.csv", SET + "frontier q x1 x2 x3, constraints(1) nolog", fit.expect(X + ["q:_cons", "/lnsig2v", "/lnsig2u"], [0, 1, 2]), 1e-6)


def main():
    cases = Cases("search", "numpy likelihoods maximised by scipy in the free parameters")
    f = data()
    single(cases, f)
    choices(cases, f)
    inflated(cases, f)
    pairs(cases, f)
    frontier(cases, f)
    cases.write()


if __name__ == "__main__":
    main()
