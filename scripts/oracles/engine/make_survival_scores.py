"""Cases of scores and offsets after `stcox` and `streg`: sums over risk sets in numpy, own likelihoods in scipy ([ST] stcox
postestimation, [ST] streg, [ST] streg postestimation).

`survival_records.csv` has 200 simulated persons (numpy, seed 77) of one to three records each: a regressor that changes, three
groups, an offset, gamma frailties of clusters, censoring at random and at time 20.
"""

import numpy as np
import pandas as pd
from common import ROOT, Cases
from scipy.optimize import minimize
from scipy.stats import norm

DATA = "survival_records.csv"
STSET = "stset t, failure(d) id(id) time0(t0)\n"
RECORDS = "stset t, failure(d) time0(t0)\n"
BY_RISK_SETS = "numpy: sums over risk sets"
BY_LIKELIHOOD = "scipy, numpy: own likelihood, derivatives by differences"
ANCILLARY = {"weibull": "/ln_p", "gompertz": "/gamma", "lognormal": "/lnsigma", "loglogistic": "/lngamma"}


class Records:
    """The rows with the regressors x, 1.g and 2.g."""

    def __init__(self):
        data = pd.read_csv(ROOT / "data" / DATA)
        for name in data.columns:
            setattr(self, name, data[name].to_numpy(dtype=float))
        self.regressors = np.c_[self.x, self.g == 1, self.g == 2].astype(float)

    def at_risk(self, time, strata):
        """Masks of the records at risk and of those that fail at a time in each stratum that has failures then."""
        for stratum in np.unique(strata):
            inside = strata == stratum
            failed = (self.t == time) & (self.d == 1) & inside
            if failed.any():
                yield (self.t0 < time) & (self.t >= time) & inside, failed


class Cox:
    """A Cox regression by Newton steps from zero; ties by Breslow or Efron."""

    def __init__(self, data, offset, efron=False, strata=None):
        self.data, self.offset, self.efron = data, offset, efron
        self.strata = np.zeros(len(data.t)) if strata is None else strata
        self.b = np.zeros(data.regressors.shape[1])
        self.ll_0 = self.derivatives()[0]
        for _ in range(60):
            _, gradient, information = self.derivatives()
            self.b = self.b + np.linalg.solve(information, gradient)
        self.ll, _, information = self.derivatives()
        self.v = np.linalg.inv(information)
        self.index = data.regressors @ self.b + offset

    def derivatives(self):
        data, x = self.data, self.data.regressors
        index = x @ self.b + self.offset
        weight = np.exp(index)
        ll, gradient, information = 0.0, np.zeros(len(self.b)), np.zeros((len(self.b),) * 2)
        for time in np.unique(data.t[data.d == 1]):
            for risk, failed in data.at_risk(time, self.strata):
                count = int(failed.sum())
                ll += index[failed].sum()
                gradient += x[failed].sum(0)
                for place in range(count):
                    share = weight * risk - (place / count * weight * failed if self.efron else 0)
                    total = share.sum()
                    mean = (x * share[:, None]).sum(0) / total
                    ll -= np.log(total)
                    gradient -= mean
                    information += (x.T * share) @ x / total - np.outer(mean, mean)
        return ll, gradient, information

    def record_scores(self):
        """Breslow score residuals and cumulative hazards of the records."""
        data, x, weight = self.data, self.data.regressors, np.exp(self.index)
        scores, hazard = np.zeros_like(x), np.zeros(len(data.t))
        for time in np.unique(data.t[data.d == 1]):
            for risk, failed in data.at_risk(time, self.strata):
                total, count = weight[risk].sum(), failed.sum()
                mean = (x[risk] * weight[risk, None]).sum(0) / total
                scores[failed] += x[failed] - mean
                scores[risk] -= weight[risk, None] * (x[risk] - mean) * count / total
                hazard[risk] += weight[risk] * count / total
        return scores, hazard


def scores_of_subjects(cases, data):
    fit = Cox(data, np.zeros(len(data.t)))
    scores, _ = fit.record_scores()
    last = {person: row for row, person in enumerate(data.id)}
    ends = [row for row, person in enumerate(data.id) if last[person] == row]
    before = [row for row, person in enumerate(data.id) if last[person] != row][:3]
    expect = {}
    for row in (ends[3], ends[20], ends[40]):
        total = scores[data.id == data.id[row]].sum(0)
        expect |= {f"s1[{row + 1}]": total[0], f"s3[{row + 1}]": total[2], f"e1[{row + 1}]": total[0]}
    for row in [*before, ends[3]]:
        own = scores[row]
        expect |= {f"p1[{row + 1}]": own[0], f"p2[{row + 1}]": own[1]}
        expect |= {f"b1[{row + 1}]": (own @ fit.v)[0], f"l[{row + 1}]": own @ fit.v @ own}
    expect[f"missing(s1[{before[0] + 1}])"] = 1.0
    do = (
        f"{STSET}stcox x i.g\npredict double s*, scores\npredict double e*, esr\npredict double p*, scores partial\n"
        "predict double b*, dfbeta partial\npredict double l, ldisplace partial"
    )
    cases.add("stcox, scores of subjects and of records", DATA, do, expect, 1e-7, BY_RISK_SETS)


def cumulative(law, time_metric, time, index, ancillary):
    """The cumulative hazard, and the log of time times the hazard."""
    if law == "exponential":
        scale = -index if time_metric else index
        return np.exp(scale) * time, scale + np.log(time)
    if law == "weibull":
        shape = np.exp(ancillary)
        scale = -shape * index if time_metric else index
        return np.exp(scale) * time**shape, scale + ancillary + shape * np.log(time)
    if law == "gompertz":
        return np.exp(index) * np.expm1(ancillary * time) / ancillary, index + ancillary * time + np.log(time)
    standard = (np.log(time) - index) / np.exp(ancillary)
    if law == "lognormal":
        tail = norm.logsf(standard)
        return -tail, norm.logpdf(standard) - ancillary - tail
    total = np.logaddexp(0, standard)
    return total, standard - ancillary - total


class Parametric:
    """A parametric model with an offset and perhaps a frailty of records or of clusters."""

    def __init__(self, data, law, time_metric, frailty):
        self.data, self.law, self.time_metric, self.frailty = data, law, time_metric, frailty
        self.design = np.c_[data.x, np.ones(len(data.t))]
        self.size = 2 + (law != "exponential") + (frailty is not None)
        self.theta, self.se, self.ll = self.fit()

    def rows(self, theta, shift=(0.0, 0.0, 0.0)):
        """Log likelihoods of the records, or of the clusters of a shared frailty; `shift` moves indices row by row."""
        data = self.data
        index = self.design @ theta[:2] + data.off + shift[0]
        ancillary = theta[2] + shift[1] if self.law != "exponential" else 0.0
        hazard, event = cumulative(self.law, self.time_metric, data.t, index, ancillary)
        entered = data.t0 > 0
        start = cumulative(self.law, self.time_metric, np.where(entered, data.t0, 1.0), index, ancillary)[0]
        before = np.where(entered, start, 0.0)
        if self.frailty is None:
            return data.d * event - hazard + before
        variance = np.exp(theta[-1] + shift[2])
        if self.frailty == "shared":
            return self.clusters(event, hazard - before, variance)
        if self.frailty == "gamma":
            at_event, total = -np.log1p(variance * hazard), lambda h: np.log1p(variance * h) / variance
        else:
            at_event = -0.5 * np.log(1 + 2 * variance * hazard)

            def total(h):
                return (np.sqrt(1 + 2 * variance * h) - 1) / variance

        return data.d * (event + at_event) - total(hazard) + total(before)

    def clusters(self, event, hazard, variance):
        """Gamma frailties of clusters (Gutierrez 2002, Stata Journal 2: 22-44)."""
        out = []
        for cluster in np.unique(self.data.grp):
            inside = self.data.grp == cluster
            failures = int(self.data.d[inside].sum())
            risen = sum(np.log1p(m * variance) for m in range(1, failures))
            spread = (1 / variance + failures) * np.log1p(variance * hazard[inside].sum())
            out.append((self.data.d * event)[inside].sum() + risen - spread)
        return np.array(out)

    def fit(self):
        def loss(theta):
            with np.errstate(all="ignore"):
                value = -self.rows(theta).sum()
            return value if np.isfinite(value) else 1e8

        found = []
        for start in (0.1, -1.0):
            first = np.zeros(self.size)
            first[-1] = start if self.size > 2 else 0.0
            rough = minimize(loss, first, method="Nelder-Mead", options={"maxiter": 4000, "maxfev": 4000}).x
            found.append(minimize(loss, rough, method="BFGS", options={"gtol": 1e-8, "maxiter": 2000}))
        theta = min(found, key=lambda fit: fit.fun).x

        axes = np.eye(self.size)

        def gradient(at):
            return np.array([five_points(lambda s, axis=axis: loss(at + s * axis), 1e-4) for axis in axes])

        for _ in range(6):
            at = theta
            hessian = np.array([five_points(lambda s, axis=axis: gradient(at + s * axis), 1e-3) for axis in axes])
            hessian = (hessian + hessian.T) / 2
            theta = theta - np.linalg.solve(hessian, gradient(theta))
        return theta, np.sqrt(np.diag(np.linalg.inv(hessian))), -loss(theta)

    def scores(self, which):
        """Derivatives of the records' log likelihoods in one index: of the regression, the ancillary parameter or the frailty."""

        def shifted(step):
            return self.rows(self.theta, tuple(step if place == which else 0.0 for place in range(3)))

        return five_points(shifted, 1e-4)


def five_points(function, step):
    """A derivative at zero by the central difference of fourth order."""
    return (function(-2 * step) - 8 * function(-step) + 8 * function(step) - function(2 * step)) / (12 * step)


def parametric(cases, data, law, time_metric, frailty, options):
    fit = Parametric(data, law, time_metric, frailty)
    b, se = fit.theta, fit.se
    expect = {"_b[x]": b[0], "_se[x]": se[0], "_b[_cons]": b[1], "_se[_cons]": se[1], "e(ll)": fit.ll}
    if law != "exponential":
        expect |= {f"_b[{ANCILLARY[law]}]": b[2], f"_se[{ANCILLARY[law]}]": se[2]}
    if frailty:
        expect |= {"_b[/lntheta]": b[-1], "_se[/lntheta]": se[-1]}
    expect["xb[7]"] = b[0] * data.x[6] + b[1] + data.off[6]
    do = f"{RECORDS}streg x, distribution({law}){options} offset(off)\npredict double xb, xb"
    if frailty != "shared":
        do += "\npredict double u*, scores"
        indices = [0, *([1] if law != "exponential" else []), *([2] if frailty else [])]
        for number, which in enumerate(indices, start=1):
            scores = fit.scores(which)
            expect |= {f"u{number}[{row + 1}]": scores[row] for row in (4, 30, 77)}
    cases.add(f"streg with offset, {law}{options}", DATA, do, expect, 2e-5, BY_LIKELIHOOD)


def cox_with_offset(cases, data, name, efron, strata):
    fit = Cox(data, data.off, efron, strata)
    se = np.sqrt(np.diag(fit.v))
    names = ("x", "1.g", "2.g")
    expect = {f"_b[{n}]": value for n, value in zip(names, fit.b)} | {f"_se[{n}]": s for n, s in zip(names, se)}
    expect |= {"e(ll)": fit.ll, "e(ll_0)": fit.ll_0, "h[9]": np.exp(fit.index[8]), "xb[9]": fit.index[8]}
    made = "generate s = mod(grp, 4)\n" if strata is not None else ""
    options = (" efron" if efron else "") + (" strata(s)" if strata is not None else "")
    do = f"{STSET}{made}stcox x i.g, offset(off){options}\npredict double h, hr\npredict double xb, xb"
    if not efron:
        scores, hazard = fit.record_scores()
        do += "\npredict double m, mgale partial\npredict double s*, scores partial"
        expect |= {"m[9]": data.d[8] - hazard[8], "m[100]": data.d[99] - hazard[99]}
        expect |= {"s1[9]": scores[8, 0], "s2[100]": scores[99, 1]}
    cases.add(f"stcox with offset, {name}", DATA, do, expect, 1e-6, BY_RISK_SETS)


def main():
    data = Records()
    cases = Cases("survival_scores", "numpy, scipy")
    scores_of_subjects(cases, data)
    for law, time_metric, frailty, options in (
        ("exponential", False, None, ""),
        ("weibull", False, None, ""),
        ("weibull", True, None, " time"),
        ("gompertz", False, None, ""),
        ("lognormal", True, None, ""),
        ("loglogistic", True, None, ""),
        ("weibull", False, "gamma", " frailty(gamma)"),
        ("lognormal", True, "inverse Gaussian", " frailty(invgaussian)"),
        ("exponential", False, "gamma", " frailty(gamma)"),
        ("weibull", False, "shared", " frailty(gamma) shared(grp)"),
    ):
        parametric(cases, data, law, time_metric, frailty, options)
    cox_with_offset(cases, data, "breslow", False, None)
    cox_with_offset(cases, data, "efron", True, None)
    cox_with_offset(cases, data, "efron, strata", True, data.grp % 4)
    cases.write()


if __name__ == "__main__":
    main()
