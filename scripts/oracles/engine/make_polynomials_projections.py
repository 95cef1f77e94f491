"""`mfp` and `lpdid`: the closed test procedure with statsmodels, local projections as regressions with all dummies in numpy."""

import itertools

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases, write_data
from scipy import stats

POWERS = [-2, -1, -0.5, 0, 0.5, 1, 2, 3]


def read(name):
    return pd.read_csv(ROOT / f"data/{name}.csv")


def polynomial(x, powers):
    out, last = [], None
    for p in powers:
        value = out[-1] * np.log(x) if p == last else (np.log(x) if p == 0 else x ** float(p))
        out.append(value)
        last = p
    return out


def scaled(x):
    gap = np.diff(np.unique(x)).min()
    shift = 0.0 if x.min() > 0 else gap - x.min()
    log = np.log10(x.max() - x.min())
    return (x + shift) / 10.0 ** (np.sign(log) * np.floor(abs(log)))


class Search:
    """Backward elimination with the closed test; `fit` gives log likelihood, residual degrees of freedom or None, p-values."""

    def __init__(self, x, df, select, alpha, fit, n):
        self.x, self.df, self.select, self.alpha, self.fit, self.n = x, df, select, alpha, fit, n
        self.form = {v: [1] for v in x}

    def columns(self, form):
        return [c for v, powers in form.items() if powers is not None for c in polynomial(self.x[v], powers)]

    def deviance(self, form):
        ll, df, _ = self.fit(self.columns(form))
        return -2 * ll, df

    def p(self, small, large, n1, powers):
        gap = small[0] - large[0]
        if large[1] is None:
            return stats.chi2.sf(gap, n1)
        n2 = large[1] - powers
        return stats.f.sf(n2 / n1 * np.expm1(gap / self.n), n1, n2)

    def choose(self, v):
        others = {o: p for o, p in self.form.items() if o != v}
        fitted = lambda powers: self.deviance({**others, v: powers})
        m = self.df[v] // 2
        best = []
        for size in range(1, m + 1):
            tried = [(fitted(list(c)), list(c)) for c in itertools.combinations_with_replacement(POWERS, size)]
            best.append(min(tried, key=lambda t: t[0][0]))
        largest = best[-1] if best else (fitted([1]), [1])
        counted = sum(len(p) for o, p in others.items() if p is not None and p != [1]) + m
        steps = [(None, fitted(None), 0, self.select[v])]
        if m:
            steps.append(([1], fitted([1]), 1, self.alpha[v]))
        steps += [(powers, found, 2 * (i + 1), self.alpha[v]) for i, (found, powers) in enumerate(best[:-1])]
        for powers, found, df, level in steps:
            if level < 1 and self.p(found, largest[0], self.df[v] - df, counted) > level:
                return powers
        return largest[1]

    def run(self):
        p = self.fit(self.columns(self.form))[2]
        order = [v for _, v in sorted(zip(p, self.x))]
        for _ in range(5):
            before = dict(self.form)
            for v in order:
                self.form[v] = self.choose(v)
            if self.form == before:
                return self.form
        raise AssertionError("no convergence")


def fits(y, kind):
    def fit(columns):
        design = sm.add_constant(np.column_stack(columns), prepend=False) if columns else np.ones((len(y), 1))
        if kind == "regress":
            f = sm.OLS(y, design).fit()
            return f.llf, f.df_resid, f.pvalues[:-1]
        f = (sm.Logit if kind == "logit" else sm.Poisson)(y, design).fit(disp=0, method="newton", maxiter=100, tol=1e-12)
        return f.llf, None, f.pvalues[:-1]

    return fit


def fractional(cases):
    rng = np.random.default_rng(7)
    n = 250
    age, dose = rng.uniform(20, 80, n).round(1), np.exp(rng.normal(1, 0.6, n)).round(2)
    weight, sex, noise = rng.normal(70, 12, n).round(1), rng.integers(0, 2, n), rng.uniform(1, 9, n).round(2)
    eta = -1 + 60 / age + 0.9 * np.log(dose) - 0.5 * sex
    frame = pd.DataFrame(dict(age=age, dose=dose, weight=weight, sex=sex, noise=noise))
    frame["y"] = (2 + eta + 0.4 * rng.normal(size=n)).round(4)
    frame["event"] = (rng.uniform(size=n) < 1 / (1 + np.exp(-1.5 * eta + 1))).astype(int)
    frame["count"] = rng.poisson(np.exp(eta / 2))
    write_data("dose_response", frame)
    names = ["age", "dose", "weight", "sex", "noise"]
    text = lambda powers: " ".join(f"{p:g}".replace("0.5", ".5") for p in powers)
    for kind, outcome, select, alpha, df, options in (
        ("regress", "y", 0.05, 0.05, 4, "select(.05)"),
        ("regress", "y", 1.0, 0.05, 4, ""),
        ("logit", "event", 0.05, 0.05, 4, "select(.05)"),
        ("logit", "event", 0.2, 0.2, 2, "select(.2) alpha(.2) df(2, sex:1)"),
        ("poisson", "count", 0.05, 0.05, 4, "select(.05, sex:1)"),
    ):
        y = frame[outcome].to_numpy(float)
        x = {v: (frame[v].to_numpy(float) if v == "sex" else scaled(frame[v].to_numpy(float))) for v in names}
        own = {v: 1 if v == "sex" else df for v in names}
        selects = {v: 1.0 if v == "sex" and "sex:1)" in options and kind == "poisson" else select for v in names}
        search = Search(x, own, selects, {v: alpha for v in names}, fits(y, kind), n)
        form = search.run()
        deviance = search.deviance(form)[0]
        expect = {"e(fp_dev)": deviance}
        for i, v in enumerate(names, 1):
            powers = form[v]
            expect[f"e(Fp_fd{i})"] = 0 if powers is None else (1 if powers == [1] else 2 * len(powers))
            for j, p in enumerate(powers or []):
                expect[f"real(word(e(fp_k{i}), {j + 1}))"] = p
        fit = sm.OLS if kind == "regress" else (sm.Logit if kind == "logit" else sm.Poisson)
        columns, labels = [], []
        for v in names:
            if form[v] is not None:
                centre = [0.0] * len(form[v]) if v == "sex" else [c for c in polynomial(scaled_mean(frame[v].to_numpy(float)), form[v])]
                for j, (c, m) in enumerate(zip(polynomial(x[v], form[v]), centre), 1):
                    columns.append(c - m)
                    labels.append(f"I{v[:4]}__{j}")
        f = fit(y, sm.add_constant(np.column_stack(columns), prepend=False))
        f = f.fit() if kind == "regress" else f.fit(disp=0, method="newton", maxiter=100, tol=1e-12)
        for label, b, se in zip(labels + ["_cons"], f.params, f.bse):
            expect[f"_b[{label}]"], expect[f"_se[{label}]"] = b, se
        cases.add(f"mfp, {kind}, {options or 'all in'}", "dose_response.csv", f"mfp, {options}: {kind} {outcome} {' '.join(names)}", expect, 1e-6)


def scaled_mean(x):
    gap = np.diff(np.unique(x)).min()
    shift = 0.0 if x.min() > 0 else gap - x.min()
    log = np.log10(x.max() - x.min())
    return np.array((x.mean() + shift) / 10.0 ** (np.sign(log) * np.floor(abs(log))))


def projections(cases):
    rng = np.random.default_rng(11)
    rows = []
    for i in range(1, 61):
        a, g = rng.normal(), [0, 5, 7, 9][i % 4]
        for t in range(1, 13):
            d = int(bool(g) and t >= g)
            z = rng.normal()
            rows.append([i, t, g, d, round(a + 0.3 * t + (0.4 * (t - g + 1) if d else 0) + 0.3 * z + 0.5 * rng.normal(), 5), round(z, 5), (i - 1) // 6])
    frame = pd.DataFrame(rows, columns="unit period first treated y z region".split())
    frame = frame.drop(frame.index[[40, 41, 300, 555]]).reset_index(drop=True)
    write_data("local_projections", frame)
    index = {(u, t): i for i, (u, t) in enumerate(zip(frame.unit, frame.period))}
    y, treated = frame.y.to_numpy(), frame.treated.to_numpy()

    def at(values, i, h):
        j = index.get((frame.unit[i], frame.period[i] + h))
        return np.nan if j is None else values[j]

    def change(i, first, last):
        return np.mean([at(y, i, h) for h in range(first, last + 1)]) - at(y, i, -1)

    def regression(first, last, clean, cluster="unit", rw=False, nocomp=None, never=False, controls=()):
        keep = []
        for i in range(len(frame)):
            switch = treated[i] - at(treated, i, -1)
            horizon = max(clean, nocomp[1]) if nocomp else clean
            control = at(treated, i, horizon) == 0 and not (never and frame["first"][i] > 0)
            if not (switch == 1 or (control and not np.isnan(switch))):
                continue
            if nocomp and any(np.isnan(change(i, h, h)) for h in [*range(-nocomp[0], -1), *range(0, nocomp[1] + 1)]):
                continue
            if not np.isnan(change(i, first, last)):
                keep.append((i, switch, change(i, first, last)))
        rows, d, dy = [np.array(c) for c in zip(*keep)]
        rows = rows.astype(int)
        period = frame.period.to_numpy()[rows]
        w = np.ones(len(rows))
        if rw:
            for t in np.unique(period):
                own = period == t
                w[own] = np.inf if d[own].sum() == 0 else 1 / (1 - d[own].mean())
            ok = np.isfinite(w)
            rows, d, dy, period, w = rows[ok], d[ok], dy[ok], period[ok], w[ok]
        x = np.column_stack([d] + [frame[c].to_numpy()[rows] for c in controls] + [(period == t).astype(float) for t in np.unique(period)])
        bread = np.linalg.inv(x.T @ (x * w[:, None]))
        b = bread @ (x.T @ (w * dy))
        e = dy - x @ b
        groups = np.unique(frame[cluster].to_numpy()[rows], return_inverse=True)[1]
        g = groups.max() + 1
        sums = np.zeros((g, x.shape[1]))
        np.add.at(sums, groups, x * (w * e)[:, None])
        n, k = x.shape
        v = bread @ sums.T @ sums @ bread * g / (g - 1) * (n - 1) / (n - k)
        se = np.sqrt(v[0, 0])
        half = stats.t.ppf(0.975, g - 1) * se
        return [b[0], se, round(b[0] / se, 2), round(2 * stats.t.sf(abs(b[0] / se), g - 1), 4), b[0] - half, b[0] + half, n]

    def expect(pre, post, with_pooled=False, **options):
        out = {}
        windows = [(-h, -h, 0) for h in range(pre, 1, -1)] + [None] + [(h, h, h) for h in range(post + 1)]
        for r, window in enumerate(windows, 1):
            if window is None:
                out[f"R[{r},1]"] = 0.0
                continue
            for c, value in enumerate(regression(*window, **options), 1):
                out[f"R[{r},{c}]"] = value
        if with_pooled:
            for r, window in enumerate([(-pre, -2, 0), (0, post, post)], 1):
                for c, value in enumerate(regression(*window, **options), 1):
                    out[f"P[{r},{c}]"] = value
        return out

    base = "lpdid y, unit(unit) time(period) treat(treated) pre_window(3) post_window(3) nograph"
    after = "\nmatrix R = e(results)"
    cases.add("lpdid", "local_projections.csv", base + after, expect(3, 3), 1e-8)
    cases.add("lpdid, pooled", "local_projections.csv", base + " pooled" + after + "\nmatrix P = e(pooled_results)", expect(3, 3, True), 1e-8)
    cases.add("lpdid, rw", "local_projections.csv", base + " rw pooled" + after + "\nmatrix P = e(pooled_results)", expect(3, 3, True, rw=True), 1e-8)
    cases.add("lpdid, nocomp", "local_projections.csv", base + " nocomp" + after, expect(3, 3, nocomp=(3, 3)), 1e-8)
    cases.add("lpdid, nevertreated cluster", "local_projections.csv", base + " nevertreated cluster(region)" + after, expect(3, 3, never=True, cluster="region"), 1e-8)
    cases.add("lpdid, controls", "local_projections.csv", base + " controls(z)" + after, expect(3, 3, controls=("z",)), 1e-8)


def main():
    cases = Cases("polynomials_projections", "statsmodels and numpy (scripts/oracles/engine/make_polynomials_projections.py)")
    fractional(cases)
    projections(cases)
    cases.write()


if __name__ == "__main__":
    main()
