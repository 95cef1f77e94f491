"""Multinomial probit, stereotype logit, zero-inflated ordered probit, skewed logit, hurdle, censored Poisson and fractional
heteroskedastic probit models, the mean of log-logistic times: likelihoods in numpy, maximised by scipy with extrapolated differences."""

import numpy as np
import pandas as pd
from common import Cases, write_data
from numeric import jacobian, robust
from numeric import maximise as search
from scipy import stats
from scipy.special import gammaln, log_expit, log_ndtr, logsumexp, ndtr, xlogy

DATA = "outcomes.csv"
SOURCE = "numpy likelihood, scipy"


def maximise(rows, start, weights=None):
    """Three Newton steps after the search: differences leave no more to gain."""
    return search(rows, start, weights, 3)


def sample():
    """Three choices, a category with participation, a skewed choice, a hurdle, a censored count and a share."""
    rng = np.random.default_rng(11)
    n = 500
    d = pd.DataFrame({"x": rng.normal(size=n).round(3), "z": rng.normal(size=n).round(3), "w": rng.integers(0, 2, n)})
    d["cluster"], d["fw"], d["pw"] = rng.integers(1, 26, n), rng.integers(1, 4, n), rng.uniform(0.5, 2, n).round(2)
    x, z, w = (d[c].to_numpy() for c in "xzw")
    u = np.column_stack([np.zeros(n), 0.3 + 0.8 * x - 0.4 * w, -0.2 + 0.3 * x + 0.6 * w]) + rng.normal(size=(n, 3))
    d["choice"] = u.argmax(1) + 1
    e = rng.logistic(size=(n, 4))
    v = np.column_stack([1.0 * x, 0.6 * x, 0.2 + 0.2 * x, 0.0 * x]) * 1.2 + np.array([0.2, 0.3, 0.1, 0]) - np.outer(0.5 * w, [1, 0.6, 0.2, 0])
    d["rank"] = (v - np.log(-np.log(rng.uniform(size=(n, 4))))).argmax(1) + 1
    latent = 0.7 * x + 0.5 * w + rng.normal(size=n)
    level = (latent > -0.3).astype(int) + (latent > 0.8)
    d["level"] = np.where(0.6 + 0.9 * z + rng.normal(size=n) > 0, level, 0)
    d["skewed"] = (rng.uniform(size=n) > (1 + np.exp(0.4 + 1.0 * x - 0.3 * w)) ** -0.6).astype(int)
    size = 1.0 + 0.8 * x + rng.normal(size=n) * 1.1
    for _ in range(200):
        size = np.where(size > 0, size, 1.0 + 0.8 * x + rng.normal(size=n) * 1.1)
    takes = 0.3 + 0.7 * z + rng.normal(size=n) > 0
    d["hours"] = np.where(takes & (size > 0), size, 0).round(4)
    d["spent"] = np.where(takes, np.exp(0.5 + 0.4 * x + 0.6 * rng.normal(size=n)), 0).round(4)
    d["count"] = rng.poisson(np.exp(0.9 + 0.5 * x - 0.3 * w))
    d["years"] = rng.uniform(0.5, 3, n).round(2)
    d["share"] = np.clip(ndtr((0.3 + 0.6 * x) * np.exp(-0.4 * z)) + rng.normal(size=n) * 0.15, 0, 1).round(3)
    write_data("outcomes", d)
    return d


def ones(*columns):
    return np.column_stack([*columns, np.ones(len(columns[0]))])


def named(blocks, theta, cov):
    """`[eq]_b[x]` and `[eq]_se[x]`; a block named / has parameters of their own."""
    se = np.sqrt(np.diag(cov))
    out, k = {}, 0
    for equation, names in blocks:
        for name in names:
            at, front = (f"/{name}", "") if equation == "/" else (name, f"[{equation}]")
            out[f"{front}_b[{at}]"], out[f"{front}_se[{at}]"] = theta[k], se[k]
            k += 1
    return out


class Models:
    def __init__(self, cases, d):
        self.cases, self.d = cases, d

    def add(self, name, do, blocks, rows, start, extra=None, tol=1e-6, equations=1):
        """Inverse information, robust, clustered, frequency and sampling weights, svy; the test of the model is of the
        slopes of the first `equations`."""
        d, head, tail = self.d, *(do.split(",", 1) if "," in do else (do, ""))
        line = lambda weight="", vce="": f"{head.rstrip()}{weight}, {tail.strip()} {vce} nolog"
        theta, ll, information, scores = maximise(rows, start)
        out = named(blocks, theta, np.linalg.inv(information)) | {"e(ll)": ll}
        self.cases.add(name, DATA, line(), out | (extra(theta, ll) if extra else {}), tol, SOURCE)
        self.cases.add(f"{name} robust", DATA, line(vce="vce(robust)"), named(blocks, theta, robust(information, scores)), tol, SOURCE)
        clustered = robust(information, scores, d["cluster"].to_numpy())
        self.cases.add(f"{name} cluster", DATA, line(vce="vce(cluster cluster)"), named(blocks, theta, clustered), tol, SOURCE)
        for kind in ("fw", "pw"):
            w = d[kind].to_numpy()
            t, value, info, s = maximise(rows, theta, weights=w)
            cov = np.linalg.inv(info) if kind == "fw" else robust(info, s, weights=w)
            weight = f" [{kind}eight={kind}]"
            self.cases.add(f"{name} {kind}", DATA, line(weight), named(blocks, t, cov) | {"e(ll)": value}, tol, SOURCE)
            if kind == "pw":
                do_svy = f"svyset [pweight=pw]\nsvy: {head.rstrip()}, {tail.strip()}".rstrip(", ")
                every = [(e, n) for e, (_, names) in enumerate(blocks) for n in names]
                slopes = [i for i, (e, n) in enumerate(every) if e < equations and n != "_cons"]
                k, df = len(slopes), len(w) - 1
                wald = t[slopes] @ np.linalg.solve(cov[np.ix_(slopes, slopes)], t[slopes])
                test = {"e(F)": wald * (df - k + 1) / (k * df), "e(df_m)": k}
                self.cases.add(f"{name} svy", DATA, do_svy, named(blocks, t, cov) | test, tol, SOURCE)
        return theta, information

    def mean(self, name, do, predict, value, theta, information):
        """A predictive margin with its delta-method error, and the first row of the prediction."""
        row = lambda t: np.array([np.mean(value(t))])
        slope = jacobian(row, theta)
        se = np.sqrt((slope @ np.linalg.inv(information) @ slope.T)[0, 0])
        out = {"el(r(b),1,1)": row(theta)[0], "sqrt(el(r(V),1,1))": se}
        self.cases.add(f"{name} margins {predict}", DATA, f"{do}\nmargins, predict({predict})", out, 2e-6, SOURCE)
        self.cases.add(f"{name} predict {predict}", DATA, f"{do}\npredict double p, {predict}", {"p[1]": value(theta)[0], "p[7]": value(theta)[6]}, 2e-6, SOURCE)

    def slope(self, name, do, predict, value, theta, information):
        """An average marginal effect of x; `value(theta, x)`."""
        x = self.d["x"].to_numpy()
        row = lambda t: np.array([np.mean(jacobian(lambda h: value(t, x + h[0]), [0.0])[:, 0])])
        slope = jacobian(row, theta, 2e-3)
        se = np.sqrt((slope @ np.linalg.inv(information) @ slope.T)[0, 0])
        self.cases.add(f"{name} dydx {predict}", DATA, f"{do}\nmargins, dydx(x) predict({predict})", {"el(r(b),1,1)": row(theta)[0], "sqrt(el(r(V),1,1))": se}, 5e-6, SOURCE)


GRID = np.linspace(-8, 8, 81)
STEP = GRID[1] - GRID[0]


def probit_choice(u, chosen, scale=1.0):
    """Probability that a utility with a standard normal error is the highest: the trapezoidal rule over the error."""
    u = u * scale
    own = u[np.arange(len(u)), chosen]
    total = np.broadcast_to(np.exp(-GRID**2 / 2) / np.sqrt(2 * np.pi), (len(u), len(GRID))).copy()
    for k in range(u.shape[1]):
        total *= np.where((chosen == k)[:, None], 1, ndtr(GRID[None, :] + (own - u[:, k])[:, None]))
    return total.sum(1) * STEP


def multinomial_probit(m):
    d = m.d
    X, k, y = ones(d["x"], d["w"]), 3, d["choice"].to_numpy() - 1

    def utilities(t, X, base):
        out = np.insert(X @ t.reshape(2, k).T, base, 0, axis=1)
        return out

    names = ["x", "w", "_cons"]
    for base, option, scale in ((0, "baseoutcome(1)", 1.0), (2, "baseoutcome(3) probitparam", np.sqrt(2))):
        rows = lambda t, base=base, scale=scale: np.log(probit_choice(utilities(t, X, base), y, scale))
        blocks = [(str(c + 1), names) for c in range(3) if c != base]
        do = f"mprobit choice x w, {option}"
        if base == 0:
            theta, information = m.add("mprobit", do, blocks, rows, np.zeros(6), equations=2)
            for outcome in (0, 1):
                value = lambda t, o=outcome: probit_choice(utilities(t, X, 0), np.full(len(y), o))
                m.mean("mprobit", do + " nolog", f"outcome({outcome + 1})", value, theta, information)
            at = lambda t, x: probit_choice(utilities(t, ones(x, d["w"]), 0), np.full(len(y), 2))
            m.slope("mprobit", do + " nolog", "outcome(3)", at, theta, information)
        else:
            theta, ll, information, _ = maximise(rows, np.zeros(6))
            m.cases.add("mprobit probitparam", DATA, do + " nolog", named(blocks, theta, np.linalg.inv(information)) | {"e(ll)": ll, "e(i_base)": 3, "e(k_points)": 15}, 1e-6, SOURCE)


def stereotype(m):
    d = m.d
    X, y = d[["x", "w", "z"]].to_numpy(float), d["rank"].to_numpy() - 1

    def ln_p(t, X, chosen, dims, base):
        p = X.shape[1]
        beta = t[: dims * p].reshape(dims, p)
        free = t[dims * p : -3].reshape(dims, 3 - dims)
        phi = np.column_stack([np.eye(dims), free])
        v = np.insert(t[-3:] - (X @ beta.T) @ phi, base, 0, axis=1)
        return v[np.arange(len(v)), chosen] - logsumexp(v, axis=1)

    names = ["x", "w", "z"]
    rows = lambda t: ln_p(t, X, y, 1, 3)
    start = np.r_[-1.0, 0.5, 0, 0.6, 0.2, 0.2, 0.3, 0.1]
    blocks = [("dim1", names), ("/", ["phi1_2", "phi1_3", "theta1", "theta2", "theta3"])]
    do = "slogit rank x w z"
    theta, information = m.add("slogit", do, blocks, rows, start, extra=lambda t, ll: {"_b[/phi1_1]": 1, "e(i_base)": 4, "e(df_m)": 3})
    value = lambda t: np.exp(ln_p(t, X, np.full(len(y), 1), 1, 3))
    m.mean("slogit", do + ", nolog", "outcome(2)", value, theta, information)
    at = lambda t, x: np.exp(ln_p(t, np.column_stack([x, X[:, 1:]]), np.full(len(y), 3), 1, 3))
    m.slope("slogit", do + ", nolog", "outcome(4)", at, theta, information)
    rows = lambda t: ln_p(t, X, y, 1, 0)
    b, ll, info, _ = maximise(rows, np.r_[0.5, -0.2, 0, 1.5, 2, 0, 0, 0])
    blocks = [("dim1", names), ("/", ["phi1_3", "phi1_4", "theta2", "theta3", "theta4"])]
    m.cases.add("slogit base", DATA, do + ", baseoutcome(1) nolog", named(blocks, b, np.linalg.inv(info)) | {"e(ll)": ll, "_b[/phi1_2]": 1}, 1e-6, SOURCE)
    rows = lambda t: ln_p(t, X, y, 2, 3)
    b, ll, info, _ = maximise(rows, np.r_[-1.0, 0.5, 0.1, -0.6, 0.3, -0.1, 0.1, 0.1, 0.2, 0.3, 0.1])
    blocks = [("dim1", names), ("dim2", names), ("/", ["phi1_3", "phi2_3", "theta1", "theta2", "theta3"])]
    m.cases.add("slogit two dimensions", DATA, do + ", dimension(2) nolog", named(blocks, b, np.linalg.inv(info)) | {"e(ll)": ll, "_b[/phi1_2]": 0, "_b[/phi2_2]": 1}, 1e-5, SOURCE)


def inflated_order(m):
    d = m.d
    X, Z, y = d[["x", "w"]].to_numpy(float), ones(d["z"]), d["level"].to_numpy()

    def parts(t, X):
        cuts = np.r_[-np.inf, t[4:6], np.inf]
        xb = X @ t[:2]
        inner = np.diff(ndtr(cuts[None, :] - xb[:, None]), axis=1)
        return ndtr(Z @ t[2:4]), inner

    def p(t, X):
        s, inner = parts(t, X)
        out = s[:, None] * inner
        out[:, 0] += 1 - s
        return out

    rows = lambda t: np.log(p(t, X)[np.arange(len(y)), y])
    blocks = [("level", ["x", "w"]), ("inflate", ["z", "_cons"]), ("/", ["cut1", "cut2"])]
    do = "zioprobit level x w, inflate(z)"
    theta, information = m.add("zioprobit", do, blocks, rows, np.r_[0.5, 0.3, 0.5, 0.5, -0.3, 0.8], extra=lambda t, ll: {"e(k_cat)": 3, "e(df_m)": 2})
    m.mean("zioprobit", do + " nolog", "outcome(0)", lambda t: p(t, X)[:, 0], theta, information)
    m.mean("zioprobit", do + " nolog", "pmargin outcome(2)", lambda t: p(t, X)[:, 2], theta, information)
    m.mean("zioprobit", do + " nolog", "pcond1 outcome(1)", lambda t: parts(t, X)[1][:, 1], theta, information)
    m.mean("zioprobit", do + " nolog", "pjoint1 outcome(0)", lambda t: parts(t, X)[0] * parts(t, X)[1][:, 0], theta, information)
    m.mean("zioprobit", do + " nolog", "ppar", lambda t: parts(t, X)[0], theta, information)
    at = lambda t, x: p(t, np.column_stack([x, d["w"]]))[:, 0]
    m.slope("zioprobit", do + " nolog", "outcome(0)", at, theta, information)


def skewed(m):
    d = m.d
    X, y = ones(d["x"], d["w"]), d["skewed"].to_numpy()
    ln_zero = lambda t, X: np.exp(t[-1]) * log_expit(-(X @ t[:-1]))
    rows = lambda t: np.where(y == 1, np.log(-np.expm1(ln_zero(t, X))), ln_zero(t, X))
    logit = maximise(lambda t: np.where(y == 1, log_expit(X @ t), log_expit(-(X @ t))), np.zeros(3))[1]
    blocks = [("skewed", ["x", "w", "_cons"]), ("/", ["lnalpha"])]
    do = "scobit skewed x w"
    extra = lambda t, ll: {"e(ll_c)": logit, "e(alpha)": np.exp(t[-1]), "e(N_s)": y.sum(), "e(p_c)": stats.chi2.sf(2 * (ll - logit), 1)}
    theta, information = m.add("scobit", do, blocks, rows, np.r_[0.8, -0.3, 0.4, -0.3], extra=extra, tol=2e-5)
    m.mean("scobit", do + ", nolog", "pr", lambda t: -np.expm1(ln_zero(t, X)), theta, information)
    m.slope("scobit", do + ", nolog", "pr", lambda t, x: -np.expm1(ln_zero(t, ones(x, d["w"]))), theta, information)


def hurdles(m):
    d = m.d
    X, Z = ones(d["x"]), ones(d["z"])
    for model in ("linear", "exponential"):
        y = d["hours" if model == "linear" else "spent"].to_numpy()
        depvar = "hours" if model == "linear" else "spent"
        up = y > 0

        def rows(t, X=X, y=y, up=up, model=model):
            xb, zg, s = X @ t[: X.shape[1]], Z @ t[-3:-1], np.exp(t[-1])
            value = np.where(up, y, 1.0)
            inside = stats.norm.logpdf((value - xb) / s) - t[-1] - log_ndtr(xb / s)
            if model == "exponential":
                inside = stats.norm.logpdf((np.log(value) - xb) / s) - t[-1] - np.log(value)
            return np.where(up, log_ndtr(zg) + inside, log_ndtr(-zg))

        def mean(t, X=X, model=model):
            xb, zg, s = X @ t[:2], Z @ t[2:4], np.exp(t[4])
            above = xb + s * np.exp(stats.norm.logpdf(xb / s) - log_ndtr(xb / s)) if model == "linear" else np.exp(xb + s * s / 2)
            return ndtr(zg) * above

        null = maximise(lambda t: rows(t, X=np.ones((len(y), 1))), np.r_[1.0, 0.5, 0.3, 0.2])[1]
        blocks = [(depvar, ["x", "_cons"]), ("selection_ll", ["z", "_cons"]), ("lnsigma", ["_cons"])]
        do = f"churdle {model} {depvar} x, select(z) ll(0)"
        extra = lambda t, ll: {"e(ll_0)": null, "e(r2_p)": 1 - ll / null, "e(chi2)": 2 * (ll - null), "e(df_m)": 1}
        theta, information = m.add(f"churdle {model}", do, blocks, rows, np.r_[0.6, 0.8, 0.5, 0.3, 0.1], extra=extra)
        m.mean(f"churdle {model}", do + " nolog", "ymean", mean, theta, information)
        m.slope(f"churdle {model}", do + " nolog", "ymean", lambda t, x: mean(t, ones(x)), theta, information)
    # modelled scales of both equations
    y = d["hours"].to_numpy()
    S, w = ones(d["w"]), d["w"].to_numpy()

    def scaled(t):
        xb, zg, lns = X @ t[:2], (Z @ t[2:4]) * np.exp(-w * t[6]), S @ t[4:6]
        s = np.exp(lns)
        inside = stats.norm.logpdf((y - xb) / s) - lns - log_ndtr(xb / s)
        return np.where(y > 0, log_ndtr(zg) + inside, log_ndtr(-zg))

    theta, ll, information, scores = maximise(scaled, np.r_[0.6, 0.8, 0.5, 0.3, 0, 0.1, 0])
    blocks = [("hours", ["x", "_cons"]), ("selection_ll", ["z", "_cons"]), ("lnsigma", ["w", "_cons"]), ("lnsigma_ll", ["w"])]
    do = "churdle linear hours x, select(z, het(w)) ll(0) het(w) nolog"
    m.cases.add("churdle het", DATA, do, named(blocks, theta, np.linalg.inv(information)) | {"e(ll)": ll}, 1e-6, SOURCE)
    m.cases.add("churdle het robust", DATA, do + " vce(robust)", named(blocks, theta, robust(information, scores)), 1e-6, SOURCE)


def censored_count(m):
    d = m.d
    y = d["count"].to_numpy()

    def rows(t, X, low, high, shift=0.0):
        mu = np.exp(X @ t + shift)
        inside = stats.poisson.logpmf(y, mu)
        out = np.where(y >= high, stats.poisson.logsf(high - 1, mu) if np.isfinite(high) else 0, inside)
        return np.where(y <= low, stats.poisson.logcdf(low, mu), out)

    X, one = ones(d["x"], d["w"]), np.ones((len(y), 1))
    names = [("count", ["x", "w", "_cons"])]
    for low, high, text in ((-1, 5, "ul(5)"), (1, np.inf, "ll(1)"), (1, 4, "ll(1) ul(4)")):
        null = maximise(lambda t: rows(t, one, low, high), [0.8])[1]
        extra = lambda t, ll: {"e(ll_0)": null, "e(N_lc)": (y <= low).sum(), "e(N_rc)": (y >= high).sum(), "e(chi2)": 2 * (ll - null)}
        do = f"cpoisson count x w, {text}"
        if low == 1 and high == 4:
            theta, information = m.add("cpoisson", do, names, lambda t: rows(t, X, low, high), np.r_[0.4, -0.2, 0.8], extra=extra)
            m.mean("cpoisson", do + " nolog", "n", lambda t: np.exp(X @ t), theta, information)
            m.mean("cpoisson", do + " nolog", "pr(2)", lambda t: stats.poisson.pmf(2, np.exp(X @ t)), theta, information)
            m.mean("cpoisson", do + " nolog", "pr(1,3)", lambda t: stats.poisson.cdf(3, np.exp(X @ t)) - stats.poisson.cdf(0, np.exp(X @ t)), theta, information)
            m.slope("cpoisson", do + " nolog", "n", lambda t, x: np.exp(ones(x, d["w"]) @ t), theta, information)
        else:
            theta, ll, information, _ = maximise(lambda t: rows(t, X, low, high), np.r_[0.4, -0.2, 0.8])
            m.cases.add(f"cpoisson {text}", DATA, do + " nolog", named(names, theta, np.linalg.inv(information)) | {"e(ll)": ll} | extra(theta, ll), 1e-6, SOURCE)
    shift = np.log(d["years"].to_numpy())
    theta, ll, information, _ = maximise(lambda t: rows(t, X, -1, 5, shift), np.r_[0.4, -0.2, 0.4])
    m.cases.add("cpoisson exposure", DATA, "cpoisson count x w, ul(5) exposure(years) nolog\npredict double n, n\npredict double r, ir", named(names, theta, np.linalg.inv(information))
                | {"e(ll)": ll, "n[3]": np.exp(X @ theta + shift)[2], "r[3]": np.exp(X @ theta)[2]}, 1e-6, SOURCE)


def scaled_share(m):
    d = m.d
    X, z, y = ones(d["x"], d["w"]), d["z"].to_numpy(), d["share"].to_numpy()
    index = lambda t, X: (X @ t[:3]) * np.exp(-z * t[3])
    quasi = lambda i: xlogy(1, 1) + y * log_ndtr(i) + (1 - y) * log_ndtr(-i)
    rows = lambda t: quasi(index(t, X))
    null = maximise(lambda t: quasi(np.full(len(y), t[0])), [0.2])[1]
    theta, ll, information, scores = maximise(rows, np.r_[0.5, 0, 0.3, 0.2])
    blocks = [("share", ["x", "w", "_cons"]), ("lnsigma", ["z"])]
    do = "fracreg probit share x w, het(z)"
    cov = robust(information, scores)
    wald = theta[:2] @ np.linalg.solve(cov[:2, :2], theta[:2])
    m.cases.add("fracreg het", DATA, do, named(blocks, theta, cov) | {"e(ll)": ll, "e(ll_0)": null, "e(r2_p)": 1 - ll / null, "e(chi2)": wald, "e(df_m)": 2}, 1e-6, SOURCE)
    m.cases.add("fracreg het oim", DATA, do + " vce(oim)", named(blocks, theta, np.linalg.inv(information)), 1e-6, SOURCE)
    groups = d["cluster"].to_numpy()
    m.cases.add("fracreg het cluster", DATA, do + " vce(cluster cluster)", named(blocks, theta, robust(information, scores, groups)), 1e-6, SOURCE)
    w = d["pw"].to_numpy()
    t, _, info, s = maximise(rows, theta, weights=w)
    for name, text in (("pw", do.replace(",", " [pweight=pw],")), ("svy", f"svyset [pweight=pw]\nsvy: {do}")):
        m.cases.add(f"fracreg het {name}", DATA, text, named(blocks, t, robust(info, s, weights=w)), 1e-6, SOURCE)
    m.mean("fracreg het", do + " vce(oim)", "cm", lambda t: ndtr(index(t, X)), theta, information)
    m.mean("fracreg het", do + " vce(oim)", "sigma", lambda t: np.exp(z * t[3]), theta, information)
    m.slope("fracreg het", do + " vce(oim)", "cm", lambda t, x: ndtr(index(t, ones(x, d["w"]))), theta, information)


def log_logistic_time(m):
    """The mean time after `streg, distribution(loglogistic)`; times are those of years."""
    d = m.d
    X, t = ones(d["x"]), d["years"].to_numpy()

    def rows(b):
        gamma = np.exp(b[2])
        z = (np.log(t) - X @ b[:2]) / gamma
        return log_expit(z) + log_expit(-z) - b[2]

    theta, _, information, _ = maximise(rows, np.r_[0.1, 0.5, -1.0])
    mean = lambda b, X=X: np.exp(X @ b[:2]) * np.pi * np.exp(b[2]) / np.sin(np.pi * np.exp(b[2]))
    do = "stset years\nstreg x, distribution(loglogistic) nolog"
    m.mean("streg loglogistic", do, "mean time", mean, theta, information)
    m.slope("streg loglogistic", do, "mean time", lambda b, x: mean(b, ones(x)), theta, information)
    out = {"el(r(b),1,1)": mean(theta).mean(), "missing(el(r(table),2,1))": 1}
    m.cases.add("margins nose", DATA, f"{do}\nmargins, predict(mean time) nose", out, 1e-6, SOURCE)


def main():
    cases = Cases("outcomes", SOURCE)
    m = Models(cases, sample())
    for part in (multinomial_probit, stereotype, inflated_order, skewed, hurdles, censored_count, scaled_share, log_logistic_time):
        part(m)
        print(part.__name__, len(cases.cases), flush=True)
    cases.write()


if __name__ == "__main__":
    main()
