"""`gologit2`, `mixlogit`, `nlsur`, `hetregress, twostep` and `arfima`: likelihoods and steps in numpy and scipy; the
generalised ordered logit of R VGAM. Data that no source has are drawn here with a fixed seed.
"""

import itertools
import sys

import numpy as np
import pandas as pd
from common import ROOT, Cases, write_data
from numeric import jacobian, maximise, robust
from scipy import stats
from scipy.linalg import toeplitz
from scipy.optimize import minimize
from scipy.special import digamma, gammaln, logsumexp


def read(name):
    return pd.read_csv(ROOT / f"data/{name}.csv")


def logistic(x):
    return 1 / (1 + np.exp(-x))


def draw():
    rng = np.random.default_rng(20240611)
    rows = []
    for i in range(1, 61):
        b = np.array([-0.8, 1.0 + 0.9 * rng.standard_normal(), 0.5 + 0.7 * rng.standard_normal()])
        last = np.exp(-0.5 + 0.5 * rng.standard_normal())
        for s in range(1, 6):
            x = np.column_stack([rng.uniform(1, 5, 3), rng.integers(0, 2, 3), rng.normal(size=3), rng.uniform(0, 3, 3)]).round(3)
            c = np.argmax(x[:, :3] @ b + last * x[:, 3] + rng.gumbel(size=3))
            rows += [[i, (i - 1) * 5 + s, j + 1, int(j == c), *x[j]] for j in range(3)]
    names = "person situation alternative choice price brand quality comfort".split()
    write_data("repeated_choices", pd.DataFrame(rows, columns=names))
    n = 90
    x, z, w = rng.uniform(0.5, 4, n), rng.normal(size=n), rng.uniform(0, 2, n)
    e = rng.multivariate_normal([0, 0], [[0.09, 0.05], [0.05, 0.16]], n)
    y1 = 1.2 + 0.8 * x**0.6 + 0.3 * z + e[:, 0]
    y2 = 0.5 + 0.8 * np.log(w + 0.5) + 1.1 * np.exp(-0.6 * x) + e[:, 1]
    write_data("nonlinear_system", pd.DataFrame(dict(y1=y1, y2=y2, x=x, z=z, w=w)).round(5))
    n, d, phi = 160, 0.32, 0.35
    eps = rng.normal(size=n + 3000)
    psi = np.ones(3000)
    for k in range(1, 3000):
        psi[k] = psi[k - 1] * (k - 1 + d) / k
    u = np.convolve(eps, psi)[3000 : 3000 + n]
    x = rng.normal(size=n)
    v = np.zeros(n)
    for t in range(n):
        v[t] = phi * (v[t - 1] if t else 0) + u[t]
    write_data("long_memory", pd.DataFrame(dict(t=np.arange(1, n + 1), y=2 + 0.5 * x + v, x=x)).round(5))


def generalised(y, x, free, parallel):
    """Names of parameters and the log likelihood of each row; `y` from 0, the constant is the last column of `x`."""
    m = y.max()
    names = [(0, j) for j in parallel] + [(k, j) for k in range(m) for j in free]

    def rows(theta):
        b = np.zeros((m, x.shape[1]))
        for value, (k, j) in zip(theta, names):
            b[slice(None) if j in parallel else k, j] = value
        above = np.column_stack([np.ones(len(y)), logistic(x @ b.T), np.zeros(len(y))])
        return np.log(above[np.arange(len(y)), y] - above[np.arange(len(y)), y + 1])

    start = np.zeros(len(names))
    for i, (k, j) in enumerate(names):
        if j == x.shape[1] - 1:
            share = np.mean(y > k)
            start[i] = np.log(share / (1 - share))
    return names, rows, start


def ordered(cases):
    d = read("anes96")
    y = pd.cut(d.selflr, [0, 3, 4, 7], labels=False).to_numpy()
    regressors = ["educ", "age", "income"]
    x = np.column_stack([d[regressors].to_numpy(float), np.ones(len(d))])
    counts = np.bincount(y)
    ll_0 = float(np.sum(counts * np.log(counts / len(y))))
    make = "generate trust = 1 + (selflr > 3) + (selflr > 4)\n"
    fits = {}
    for name, free, parallel in (("all", [0, 1, 2, 3], []), ("some", [0, 2, 3], [1]), ("parallel", [3], [0, 1, 2])):
        names, rows, start = generalised(y, x, free, parallel)
        b, ll, info, scores = maximise(rows, start, steps=5)
        v = np.linalg.inv(info)
        fits[name] = (names, b, ll, v)
        option = {"all": "", "some": "npl(educ income)", "parallel": "pl"}[name]
        for kind in ("oim", "robust"):
            used = v if kind == "oim" else robust(info, scores)
            expect = {"e(ll)": ll, "e(ll_0)": ll_0, "e(r2_p)": 1 - ll / ll_0}
            for i, (k, j) in enumerate(names):
                label = (regressors + ["_cons"])[j]
                for eq in range(2) if j in parallel else [k]:
                    expect[f"[{eq + 1}]_b[{label}]"] = b[i]
                    expect[f"[{eq + 1}]_se[{label}]"] = np.sqrt(used[i, i])
            slopes = [i for i, (k, j) in enumerate(names) if j < 3]
            wald = b[slopes] @ np.linalg.solve(used[np.ix_(slopes, slopes)], b[slopes])
            expect["e(chi2)"] = 2 * (ll - ll_0) if name == "all" and kind == "oim" else wald
            expect["e(df_m)"] = len(slopes)
            cases.add(f"gologit2, {name}, {kind}", "anes96.csv", f"{make}gologit2 trust educ age income, {option} vce({kind})", expect, 1e-6)
    names, b, ll, v = fits["some"]
    beta = np.zeros((2, 4))
    for value, (k, j) in zip(b, names):
        beta[slice(None) if j == 1 else k, j] = value
    above = logistic(x @ beta.T)
    p2 = above[:, 0] - above[:, 1]

    def effect(theta):
        c = np.zeros((2, 4))
        for value, (k, j) in zip(theta, names):
            c[slice(None) if j == 1 else k, j] = value
        q = logistic(x @ c.T)
        return [np.mean(q[:, 0] * (1 - q[:, 0]) * c[0, 0] - q[:, 1] * (1 - q[:, 1]) * c[1, 0])]

    g = jacobian(effect, b)
    expect = {"p2[1]": p2[0], "p2[100]": p2[99], "p3[7]": above[6, 1], "m[1,1]": effect(b)[0], "s[1,1]": float((g @ v @ g.T)[0, 0])}
    do = f"{make}gologit2 trust educ age income, npl(educ income)\npredict p1 p2 p3\nrecast double p*\nmargins, dydx(educ) predict(outcome(2))\nmatrix m = r(b)\nmatrix s = r(V)"
    do = do.replace("predict p1 p2 p3\nrecast double p*", "predict double p2, outcome(2)\npredict double p3, outcome(3)")
    cases.add("gologit2, predictions", "anes96.csv", do, expect, 1e-6)
    # autofit: Wald tests of each regressor in turn
    held, steps = [], 0
    while True:
        names, rows, start = generalised(y, x, [j for j in range(4) if j not in held], held)
        b, ll, info, _ = maximise(rows, start, steps=4)
        v = np.linalg.inv(info)
        p = {}
        for j in range(3):
            if j not in held:
                r = np.zeros(len(names))
                r[names.index((0, j))], r[names.index((1, j))] = 1, -1
                p[j] = stats.chi2.sf((r @ b) ** 2 / (r @ v @ r), 1)
        if not p or max(p.values()) <= 0.05:
            break
        held.append(max(p, key=p.get))
    cases.add("gologit2, autofit", "anes96.csv", f"{make}gologit2 trust educ age income, autofit\nscalar parallel = wordcount(e(plvars))", {"parallel": len(held), "e(ll)": ll}, 1e-7)


def halton(count, base, burn):
    out = np.zeros(count)
    for i in range(count):
        n, f = burn + 1 + i, 1.0
        while n:
            f /= base
            out[i] += f * (n % base)
            n //= base
    return out


def mixed(cases):
    d = read("repeated_choices")

    def likelihood(fixed, random, by, reps, burn, ln=0, corr=False):
        x = d[fixed + random].to_numpy(float).reshape(-1, 3, len(fixed + random))
        chosen = d.choice.to_numpy().reshape(-1, 3).argmax(1)
        owner = d[by].to_numpy().reshape(-1, 3)[:, 0]
        people = np.unique(owner, return_inverse=True)[1]
        n, k, f = people.max() + 1, len(random), len(fixed)
        eta = np.column_stack([stats.norm.ppf(halton(n * reps, q, burn)) for q in (2, 3, 5, 7)[:k]]).reshape(n, reps, k)

        def rows(theta):
            mean = theta[: f + k]
            root = np.diag(theta[f + k :]) if not corr else None
            if corr:
                root = np.zeros((k, k))
                root[np.triu_indices(k)[::-1]] = theta[f + k :]
            z = mean[f:] + eta @ root.T
            if ln:
                z = np.concatenate([z[..., : k - ln], np.exp(z[..., k - ln :])], axis=2)
            beta = np.concatenate([np.broadcast_to(mean[:f], (n, reps, f)), z], axis=2)[people]
            u = np.einsum("srk,sjk->srj", beta, x)
            lp = u[np.arange(len(x)), :, chosen] - logsumexp(u, axis=2)
            total = np.zeros((n, reps))
            np.add.at(total, people, lp)
            return logsumexp(total, axis=1) - np.log(reps)

        return rows, n

    def conditional(names):
        x = d[names].to_numpy(float).reshape(-1, 3, len(names))
        chosen = d.choice.to_numpy().reshape(-1, 3).argmax(1)
        rows = lambda b: (x @ b)[np.arange(len(x)), chosen] - logsumexp(x @ b, axis=1)
        b, ll, _, _ = maximise(rows, np.zeros(len(names)))
        return b, ll

    settings = [
        ("normal", ["price"], ["brand", "quality"], "person", 50, 15, 0, False),
        ("more draws", ["price"], ["brand", "quality", "comfort"], "person", 80, 30, 0, False),
        ("lognormal", ["price"], ["brand", "comfort"], "person", 60, 15, 1, False),
        ("correlated", ["price"], ["brand", "quality"], "person", 50, 15, 0, True),
    ]
    for name, fixed, random, by, reps, burn, ln, corr in settings:
        rows, n = likelihood(fixed, random, by, reps, burn, ln, corr)
        start, ll_0 = conditional(fixed + random)
        k = len(random)
        start = start.copy()
        if ln:
            start[-ln:] = np.log(start[-ln:])
        spread = [0.1 if i == j else 0.0 for j in range(k) for i in range(j, k)] if corr else [0.1] * k
        # the draws are not symmetric: each sign of each draw has a maximum of its own, of which the highest counts
        total = lambda t: -np.sum(rows(t))
        found = []
        for signs in itertools.product((1, -1), repeat=k):
            turned = np.array(spread) if not corr else np.array([0.5 if i == j else 0.3 for j in range(k) for i in range(j, k)])
            turned = turned * np.array([signs[j] for j in range(k) for i in range(j, k)] if corr else signs) * (1 if corr else 5)
            found.append(minimize(total, np.concatenate([start, turned]), method="BFGS"))
        b, ll, info, scores = maximise(rows, min(found, key=lambda f: f.fun).x, steps=4)
        expect = {"e(ll)": ll, "e(ll_0)": ll_0, "e(chi2)": 2 * (ll - ll_0), "e(df_m)": len(spread)}
        v, r = np.linalg.inv(info), robust(info, scores)
        if not corr:
            for i in range(len(fixed) + k):
                label = (fixed + random)[i]
                expect[f"[Mean]_b[{label}]"], expect[f"[Mean]_se[{label}]"] = b[i], np.sqrt(v[i, i])
            for i, label in enumerate(random):
                at = len(fixed) + k + i
                expect[f"abs([SD]_b[{label}])"], expect[f"[SD]_se[{label}]"] = abs(b[at]), np.sqrt(v[at, at])
        else:
            for i, label in enumerate(fixed + random):
                expect[f"[Mean]_b[{label}]"] = b[i]
            expect["_b[/l11]^2"] = b[3] ** 2
            expect["_b[/l11]*_b[/l21]"] = b[3] * b[4]
            expect["_b[/l21]^2 + _b[/l22]^2"] = b[4] ** 2 + b[5] ** 2
        options = f"group(situation) id({by}) rand({' '.join(random)}) nrep({reps}) burn({burn})" + (f" ln({ln})" if ln else "") + (" corr" if corr else "")
        do = f"matrix b0 = ({', '.join(f'{v:.2f}' for v in b)})\nmixlogit choice {' '.join(fixed)}, {options} from(b0)"
        cases.add(f"mixlogit, {name}", "repeated_choices.csv", do, expect, 2e-6)
        if name == "normal":
            expect = {f"[Mean]_se[{x}]": np.sqrt(r[i, i]) for i, x in enumerate(fixed + random)}
            cases.add("mixlogit, robust", "repeated_choices.csv", f"{do} vce(cluster person)", expect, 2e-6)


def system(cases):
    d = read("nonlinear_system")
    y = d[["y1", "y2"]].to_numpy()
    x, z, w = d.x.to_numpy(), d.z.to_numpy(), d.w.to_numpy()

    def f(b):
        return np.column_stack([b[0] + b[1] * x ** b[2] + b[3] * z, b[4] + b[1] * np.log(w + 0.5) + b[5] * np.exp(b[6] * x)])

    def least(weight, b):
        root = np.linalg.cholesky(weight).T
        for _ in range(200):
            jac = jacobian(lambda t: (f(t) @ root.T).ravel(), b, 1e-3)
            step = np.linalg.lstsq(jac, ((y - f(b)) @ root.T).ravel(), rcond=None)[0]
            value = np.sum(((y - f(b)) @ root.T) ** 2)
            size = 1.0
            while np.sum(((y - f(b + size * step)) @ root.T) ** 2) > value and size > 1e-9:
                size /= 2
            b = b + size * step
            if np.abs(step).max() < 1e-12:
                break
        return b

    sigma = lambda b: (y - f(b)).T @ (y - f(b)) / len(y)

    def bread(b, weight):
        jac = np.stack([jacobian(lambda t, e=e: f(t)[:, e], b) for e in range(2)], axis=1)
        return jac, np.linalg.inv(np.einsum("nea,ef,nfb->ab", jac, weight, jac))

    names = ["a", "c", "p", "g", "k", "h", "r"]
    start = np.array([1, 1, 0.5, 0, 0, 1, -0.5])
    text = "nlsur (y1 = {a=1} + {c=1}*x^{p=.5} + {g}*z) (y2 = {k} + {c}*ln(w+.5) + {h=1}*exp({r=-.5}*x))"
    first = least(np.eye(2), start)
    s = sigma(first)
    two = least(np.linalg.inv(s), first)
    many = two
    for _ in range(200):
        next_ = least(np.linalg.inv(sigma(many)), many)
        if np.abs(next_ - many).max() < 1e-12:
            break
        many = next_
    n = len(y)
    for method, b, cov in (("fgnls", two, s), ("ifgnls", many, sigma(many))):
        jac, v = bread(b, np.linalg.inv(cov))
        e = y - f(b)
        expect = {f"_b[/{q}]": b[i] for i, q in enumerate(names)} | {f"_se[/{q}]": np.sqrt(v[i, i]) for i, q in enumerate(names)}
        for q in (1, 2):
            rss = e[:, q - 1] @ e[:, q - 1]
            tss = np.sum((y[:, q - 1] - y[:, q - 1].mean()) ** 2)
            expect |= {f"e(rss_{q})": rss, f"e(r2_{q})": 1 - rss / tss, f"e(rmse_{q})": np.sqrt(rss / n), f"e(k_{q})": 4}
        expect |= {"S[1,1]": cov[0, 0], "S[2,1]": cov[1, 0], "r[5]": e[4, 1]}
        if method == "ifgnls":
            expect["e(ll)"] = -n / 2 * (2 * (1 + np.log(2 * np.pi)) + np.log(np.linalg.det(cov)))
        do = f"{text}, {method}\nmatrix S = e(Sigma)\npredict double r, equation(#2) residuals"
        cases.add(f"nlsur, {method}", "nonlinear_system.csv", do, expect, 2e-6)
        u = np.einsum("nea,ef,nf->na", jac, np.linalg.inv(cov), e)
        rob = v @ (u.T @ u) @ v
        cases.add(f"nlsur, {method}, robust", "nonlinear_system.csv", f"{text}, {method} vce(robust)", {f"_se[/{q}]": np.sqrt(rob[i, i]) for i, q in enumerate(names)}, 2e-6)


def harvey(cases):
    d = read("labour")
    x = np.column_stack([d.educ, d.exper, d.expersq, np.ones(len(d))]).astype(float)
    z = np.column_stack([d.age, d.kidslt6, np.ones(len(d))]).astype(float)
    y = d.lwage.to_numpy()
    e = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    g = np.linalg.lstsq(z, np.log(e**2), rcond=None)[0]
    g[-1] -= digamma(0.5) + np.log(2)
    w = np.exp(-z @ g)
    v = np.linalg.inv(x.T @ (x * w[:, None]))
    b = v @ (x.T @ (w * y))
    u = np.pi**2 / 2 * np.linalg.inv(z.T @ z)
    expect = {f"_b[{n}]": b[i] for i, n in enumerate(["educ", "exper", "expersq", "_cons"])}
    expect |= {f"_se[{n}]": np.sqrt(v[i, i]) for i, n in enumerate(["educ", "exper", "expersq", "_cons"])}
    for i, n in enumerate(["age", "kidslt6", "_cons"]):
        expect |= {f"[lnsigma2]_b[{n}]": g[i], f"[lnsigma2]_se[{n}]": np.sqrt(u[i, i])}
    expect["e(chi2)"] = b[:3] @ np.linalg.solve(v[:3, :3], b[:3])
    expect["e(chi2_c)"] = g[:2] @ np.linalg.solve(u[:2, :2], g[:2])
    cases.add("hetregress, twostep", "labour.csv", "hetregress lwage educ exper expersq, twostep het(age kidslt6)", expect, 1e-8)


def memory(cases):
    d = read("long_memory")
    y, one, x = d.y.to_numpy(), np.ones(len(d)), d.x.to_numpy()
    n = len(y)

    def gamma(ar, ma, order, points=2**12):
        # autocovariances as integrals of the spectrum; the pole at zero is integrated in closed form with d alone
        k = np.arange(n + 1000)
        long = np.exp(gammaln(1 - 2 * order) - gammaln(1 - order) - gammaln(order) + gammaln(k + order) - gammaln(k + 1 - order)) if order > 0 else None
        if order <= 0:
            long = np.empty(len(k))
            long[0] = np.exp(gammaln(1 - 2 * order) - 2 * gammaln(1 - order))
            for i in range(1, len(k)):
                long[i] = long[i - 1] * (i - 1 + order) / (i - order)
        omega = 2 * np.pi * np.arange(points) / points
        lag = np.exp(-1j * omega)
        spectrum = 0 * omega + np.abs((1 + sum(m * lag ** (j + 1) for j, m in enumerate(ma))) / (1 - sum(a * lag ** (j + 1) for j, a in enumerate(ar)))) ** 2
        short = np.fft.ifft(spectrum).real[:1000]
        out = short[0] * long[:n]
        for j in range(1, 1000):
            if abs(short[j]) < 1e-18:
                break
            out = out + short[j] * (long[np.abs(np.arange(n) - j)] + long[np.arange(n) + j])
        return out

    def rows(a, m, columns):
        k = columns.shape[1]

        def value(theta):
            beta, ar, ma, order, variance = theta[:k], theta[k : k + a], theta[k + a : k + a + m], theta[k + a + m], theta[-1]
            if abs(order) >= 0.499 or variance <= 0 or (a and abs(ar).sum() >= 0.999) or (m and abs(ma).sum() >= 0.999):
                return np.array([-1e6])
            c = np.linalg.cholesky(variance * toeplitz(gamma(ar, ma, order)))
            e = np.linalg.solve(c, y - columns @ beta)
            return np.array([-n / 2 * np.log(2 * np.pi) - np.log(np.diag(c)).sum() - e @ e / 2])

        return value

    for name, a, m, columns, labels, option in (
        ("d alone", 0, 0, one[:, None], ["_cons"], ""),
        ("ar(1)", 1, 0, one[:, None], ["_cons"], "ar(1)"),
        ("regressor", 1, 0, np.column_stack([x, one]), ["x", "_cons"], "ar(1)"),
        ("ma(1)", 0, 1, one[:, None], ["_cons"], "ma(1)"),
    ):
        start = np.concatenate([np.linalg.lstsq(columns, y, rcond=None)[0], [0.2] * (a + m), [0.2, y.var() * 0.6]])
        b, ll, info, _ = maximise(rows(a, m, columns), start, steps=4)
        v = np.linalg.inv(info)
        keys = [f"[y]_b[{q}]" for q in labels] + ["[ARFIMA]_b[L.ar]"] * a + ["[ARFIMA]_b[L.ma]"] * m + ["[ARFIMA]_b[d]", "_b[/sigma2]"]
        expect = {"e(ll)": ll} | dict(zip(keys, b)) | {q.replace("_b[", "_se["): np.sqrt(v[i, i]) for i, q in enumerate(keys)}
        tested = [i for i, q in enumerate(keys) if "_cons" not in q and "sigma2" not in q]
        expect["e(chi2)"] = b[tested] @ np.linalg.solve(v[np.ix_(tested, tested)], b[tested])
        listed = " ".join(["y"] + labels[:-1])
        cases.add(f"arfima, {name}", "long_memory.csv", f"tsset t\narfima {listed}, {option}", expect, 1e-5)


def main():
    draw()
    for name, part in (("ordered_lines", ordered), ("mixed_logit", mixed), ("nonlinear_systems", system), ("long_memory", memory)):
        if len(sys.argv) > 1 and name not in sys.argv[1:]:
            continue
        cases = Cases(name, "numpy, scipy (scripts/oracles/engine/make_choices_systems.py)")
        with np.errstate(all="ignore"):
            part(cases)
        if part is system:
            harvey(cases)
        cases.write()


if __name__ == "__main__":
    main()
