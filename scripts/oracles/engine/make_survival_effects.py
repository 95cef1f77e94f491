"""stteffects: estimating equations stacked in numpy, solved in turn by scipy, with numerical derivatives for the sandwich."""

import numpy as np
import pandas as pd
from common import Cases, write_data
from scipy import optimize, special, stats


class Time:
    """Log likelihood, survivor function and mean of a time with location eta and ancillary index a ([CAUSAL] stteffects)."""

    def __init__(self, kind):
        self.kind = kind

    def ll(self, t, d, eta, a):
        if self.kind in ("exponential", "weibull"):
            s = np.exp(a) if self.kind == "weibull" else 1
            h = (t * np.exp(-eta)) ** s
            return d * (np.log(s) + np.log(h) - np.log(t)) - h
        if self.kind == "lognormal":
            w = (np.log(t) - eta) / np.exp(a)
            return np.where(d, stats.norm.logpdf(w) - a - np.log(t), stats.norm.logsf(w))
        s = np.exp(-2 * a)
        return np.where(d, stats.gamma.logpdf(t, s, scale=np.exp(eta) / s), stats.gamma.logsf(t, s, scale=np.exp(eta) / s))

    def survivor(self, t, eta, a):
        return np.exp(self.ll(t, np.zeros(len(t), bool), eta, a))

    def mean(self, eta, a):
        return {"exponential": lambda: np.exp(eta), "gamma": lambda: np.exp(eta), "weibull": lambda: np.exp(eta) * special.gamma(1 + np.exp(-a)),
                "lognormal": lambda: np.exp(eta + np.exp(2 * a) / 2)}[self.kind]()


def slope(f, x, h=1e-3):
    """Derivative of elementwise f by central differences, extrapolated twice."""
    d = lambda h: (f(x + h) - f(x - h)) / (2 * h)
    d1, d2, d3 = d(h), d(h / 2), d(h / 4)
    e1, e2 = (4 * d2 - d1) / 3, (4 * d3 - d2) / 3
    return (16 * e2 - e1) / 15


def jacobian(f, b):
    return np.column_stack([slope(lambda v, j=j: f(np.r_[b[:j], v, b[j + 1 :]]), b[j], 1e-3 * max(abs(b[j]), 0.1)) for j in range(len(b))])


class Effects:
    """An estimator; columns are arrays with a constant, `shape` those of the ancillary index."""

    def __init__(self, t, d, g, method, estimand, x=None, xs=None, outcome="weibull", z=None, zs=None, link="logit", c=None, cs=None, censoring=None, w=None):
        vars(self).update({k: v for k, v in locals().items() if k != "self"})
        self.w = np.ones(len(t)) if w is None else w
        self.outcome = Time(outcome)
        self.censoring = Time(censoring) if censoring else None
        n = len(t)
        none = np.empty((n, 0))
        one = np.ones((n, 1))
        self.x = none if method == "ipw" else x
        self.xs = none if method == "ipw" or outcome == "exponential" else (one if xs is None else xs)
        self.z = z if method in ("ipw", "ipwra") else none
        self.zs = zs if zs is not None else none
        self.c = c if censoring else none
        self.cs = none if not censoring or censoring == "exponential" else (one if cs is None else cs)
        self.sizes = [2, self.x.shape[1] + self.xs.shape[1], self.x.shape[1] + self.xs.shape[1], self.z.shape[1] + self.zs.shape[1], self.c.shape[1] + self.cs.shape[1]]

    @staticmethod
    def both(columns, shape, b):
        k = columns.shape[1]
        return columns @ b[:k], (shape @ b[k:] if shape.shape[1] else np.zeros(len(columns)))

    def treated_ll(self, e, s):
        sign = np.where(self.g, 1, -1)
        return {"logit": lambda: -np.log1p(np.exp(-sign * e)), "probit": lambda: stats.norm.logcdf(sign * e), "hetprobit": lambda: stats.norm.logcdf(sign * e * np.exp(-s))}[self.link]()

    def weights(self, gamma, delta):
        w = np.ones(len(self.t))
        if self.z.shape[1]:
            own = np.exp(self.treated_ll(*self.both(self.z, self.zs, gamma)))
            p = np.where(self.g, own, 1 - own)
            w = w * (np.where(self.g, 1, p / (1 - p)) if self.estimand == "atet" else 1 / own)
        if self.censoring:
            w = np.where(self.d, w / self.censoring.survivor(self.t, *self.both(self.c, self.cs, delta)), 0)
        return w

    def scores(self, ll, columns, shape, b):
        e, s = self.both(columns, shape, b)
        out = [slope(lambda v: ll(v, s), e)[:, None] * columns]
        if shape.shape[1]:
            out.append(slope(lambda v: ll(e, v), s)[:, None] * shape)
        return np.hstack(out)

    def moments(self, b):
        heads, b0, b1, gamma, delta = np.split(b, np.cumsum(self.sizes)[:-1])
        m0, m1 = heads if self.estimand == "pomeans" else (heads[1], heads[0] + heads[1])
        w = self.weights(gamma, delta)
        parts = []
        if self.x.shape[1]:
            own = self.g if self.estimand == "atet" else np.ones(len(self.t))
            f0 = own * (self.outcome.mean(*self.both(self.x, self.xs, b0)) - m0)
            f1 = own * (self.outcome.mean(*self.both(self.x, self.xs, b1)) - m1)
            ll = lambda e, s: self.outcome.ll(self.t, self.d, e, s)
            parts = [((w * ~self.g)[:, None] * self.scores(ll, self.x, self.xs, b0)), ((w * self.g)[:, None] * self.scores(ll, self.x, self.xs, b1))]
        else:
            f0, f1 = w * ~self.g * (self.t - m0), w * self.g * (self.t - m1)
        if self.z.shape[1]:
            parts.append(self.scores(self.treated_ll, self.z, self.zs, gamma))
        if self.censoring:
            parts.append(self.scores(lambda e, s: self.censoring.ll(self.t, ~self.d, e, s), self.c, self.cs, delta))
        return np.nan_to_num(np.column_stack([f0, f1] + parts))

    def ml(self, ll, columns, shape, w):
        k = columns.shape[1] + shape.shape[1]
        keep = w > 0
        value = lambda b: -(w * ll(*self.both(columns, shape, b)))[keep].sum()
        gradient = lambda b: -((w[:, None] * self.scores(ll, columns, shape, b))[keep]).sum(0)
        start = np.zeros(k)
        start[columns.shape[1] - 1] = np.log(self.t.mean()) if ll is not self.treated_ll else 0
        b = optimize.minimize(value, start, jac=gradient, method="BFGS", options={"gtol": 1e-7}).x
        for _ in range(6):
            b = b - np.linalg.solve(jacobian(gradient, b), gradient(b))
        return b

    def fit(self, clusters=None, counted=False):
        gamma = self.ml(self.treated_ll, self.z, self.zs, self.w) if self.z.shape[1] else np.zeros(0)
        delta = self.ml(lambda e, s: self.censoring.ll(self.t, ~self.d, e, s), self.c, self.cs, self.w) if self.censoring else np.zeros(0)
        w = self.w * self.weights(gamma, delta)
        beta = [np.zeros(0), np.zeros(0)]
        if self.x.shape[1]:
            ll = lambda e, s: self.outcome.ll(self.t, self.d, e, s)
            beta = [self.ml(ll, self.x, self.xs, w * own) for own in (~self.g, self.g)]
            base = self.w * (self.g if self.estimand == "atet" else 1)
            m = [np.average(self.outcome.mean(*self.both(self.x, self.xs, b)), weights=base) for b in beta]
        else:
            m = [np.average(self.t, weights=w * own) for own in (~self.g, self.g)]
        heads = m if self.estimand == "pomeans" else [m[1] - m[0], m[0]]
        b = np.concatenate([heads, *beta, gamma, delta])
        g = jacobian(lambda v: self.w @ self.moments(v), b)
        f = self.moments(b) * self.w[:, None]
        meat = f.T @ (f / self.w[:, None]) if counted else f.T @ f
        if clusters is not None:
            sums = pd.DataFrame(f).groupby(clusters).sum().to_numpy()
            meat = sums.T @ sums
        inverse = np.linalg.inv(g)
        return b, np.sqrt(np.diag(inverse @ meat @ inverse.T))


def sample():
    """Lognormal, skewed and shaped times, a treatment that depends on covariates, and censoring that does too."""
    rng = np.random.default_rng(11)
    n = 250
    a, b = rng.normal(size=n).round(5), rng.integers(0, 2, size=n)
    g = rng.random(n) < special.expit(0.4 * a - 0.3 * b)
    t = np.exp(0.8 + 0.3 * a - 0.2 * b - 0.4 * g) * rng.weibull(1.4, size=n)
    end = np.exp(1.3 + 0.2 * a) * rng.weibull(1.1, size=n)
    frame = pd.DataFrame(dict(t=np.minimum(t, end).round(5) + 1e-5, f=(t <= end).astype(int), g=g.astype(int), a=a, b=b, k=rng.integers(1, 31, size=n), w=rng.integers(1, 4, size=n)))
    write_data("survival_effects", frame)
    return frame


def expected(estimand, b, se, extra=()):
    names = ["_b[POmeans:0.g]", "_b[POmeans:1.g]"] if estimand == "pomeans" else [f"_b[{estimand.upper()}:r1vs0.g]", "_b[POmean:0.g]"]
    out = {}
    for name, k in [*zip(names, (0, 1)), *extra]:
        out[name], out[name.replace("_b[", "_se[")] = b[k], se[k]
    return out


def main():
    cases = Cases("survival_effects", "numpy and scipy, stacked estimating equations")
    frame = sample()
    t, d, g = frame.t.to_numpy(), frame.f.to_numpy() == 1, frame.g.to_numpy() == 1
    one = np.ones(len(t))
    x = np.column_stack([frame.a, frame.b, one]).astype(float)
    c = np.column_stack([frame.a, one]).astype(float)
    a1 = np.column_stack([frame.a, one]).astype(float)

    def add(command, estimand, own, extra=(), stset="stset t, failure(f)", vce="", **how):
        effects = Effects(t, d, g, command.split()[0], estimand, **own)
        b, se = effects.fit(**how)
        do = f"{stset}\nstteffects {command}, {estimand}{vce}"
        cases.add(do.replace("\n", "; "), "survival_effects.csv", do, expected(estimand, b, se, extra), 1e-6)

    for kind in ("weibull", "exponential", "gamma", "lognormal"):
        for estimand in ("ate", "atet", "pomeans"):
            add(f"ra (a b, {kind}) (g)", estimand, dict(x=x, outcome=kind), [("_b[OME0:a]", 2), ("_b[OME0:_cons]", 4)])
        add(f"wra (a b, {kind}) (g) (a, {kind})", "ate", dict(x=x, outcome=kind, c=c, censoring=kind), [("_b[CME:a]", 10 if kind != "exponential" else 8)])
    add("ra (a b, weibull ancillary(a)) (g)", "ate", dict(x=x, xs=a1, outcome="weibull"), [("_b[OME1_lnshape:a]", 10)])
    for estimand in ("ate", "atet", "pomeans"):
        add("ipw (g a b) (a)", estimand, dict(z=x, c=c, censoring="weibull"), [("_b[TME1:a]", 2), ("_b[CME:a]", 5), ("_b[CME_lnshape:_cons]", 7)])
        add("ipwra (a b) (g a b)", estimand, dict(x=x, z=x))
        add("ipwra (a b, gamma) (g a b, probit) (a, lognormal)", estimand, dict(x=x, outcome="gamma", z=x, link="probit", c=c, censoring="lognormal"))
    add("ipwra (a b) (g a b, hetprobit(b)) (a, exponential)", "ate", dict(x=x, z=x, zs=frame[["b"]].to_numpy(float), link="hetprobit", c=c, censoring="exponential"))
    k, w = frame.k.to_numpy(), frame.w.to_numpy(float)
    add("ipw (g a b) (a)", "ate", dict(z=x, c=c, censoring="weibull"), vce=" vce(cluster k)", clusters=k)
    add("ra (a b) (g)", "ate", dict(x=x, w=w), stset="stset t [fweight=w], failure(f)", counted=True)
    add("wra (a b) (g) (a)", "atet", dict(x=x, c=c, censoring="weibull", w=w), stset="stset t [pweight=w], failure(f)")
    cases.write()


if __name__ == "__main__":
    main()
