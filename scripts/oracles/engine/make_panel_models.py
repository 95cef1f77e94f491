"""Panel likelihoods and mixed models: scipy likelihoods, R lme4 and nlme, statsmodels; Stata where quoted."""

import os
import subprocess
import tempfile

import numpy as np
import pandas as pd
import statsmodels
from common import Cases, write_data
from numeric import jacobian, maximise, robust
from scipy.special import gammaln, log_ndtr, roots_hermite

DATASETS = os.path.join(os.path.dirname(__file__), "../../../assets/stata_do_library/datasets")


def conditional(cases):
    """Small conditional models whose Stata output is quoted in statsmodels tests (seven digits)."""
    def inline(columns):
        names = " ".join(columns)
        lines = "\n".join(" ".join(str(v) for v in r) for r in zip(*columns.values()))
        return f"input {names}\n{lines}\nend\n"

    y, g = [0, 1, 0, 1, 0, 1, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1, 2, 2, 2, 2]
    x1, x2 = [0, 1, 0, 0, 1, 1, 0, 0, 1, 0], [2, 1, 0, 0, 1, 2, 3, 2, 0, 1]
    source = "Stata, quoted in statsmodels discrete/tests/test_conditional.py"
    one = inline({"y": y, "g": g, "x": [0, 1, 0, 0, 1, 1, 0, 0, 1, 0]})
    cases.add("clogit one regressor", None, one + "clogit y x, group(g)", {"_b[x]": 0.9272407, "_se[x]": 1.295155}, 5e-7, source)
    two = inline({"y": y, "g": g, "x1": x1, "x2": [0, 0, 1, 0, 0, 1, 0, 1, 1, 1]})
    cases.add("clogit two regressors", None, two + "clogit y x1 x2, group(g)", {"_b[x1]": 1.011074, "_b[x2]": 1.236758, "_se[x1]": 1.420784, "_se[x2]": 1.361738}, 5e-7, source)
    counts = [3, 1, 4, 8, 2, 5, 4, 7, 2, 6]
    one = inline({"y": [3, 1, 1, 4, 5, 2, 0, 1, 6, 2], "g": [0, 0, 0, 0, 1, 1, 1, 1, 1, 1], "x": [0, 1, 0, 0, 1, 1, 0, 0, 1, 0]})
    cases.add("xtpoisson fe one regressor", None, one + "xtset g\nxtpoisson y x, fe", {"_b[x]": 0.6466272, "_se[x]": 0.4170918}, 5e-7, source)
    two = inline({"y": counts, "g": g, "x1": x1, "x2": x2})
    cases.add("xtpoisson fe two regressors", None, two + "xtset g\nxtpoisson y x1 x2, fe", {"_b[x1]": -0.9478957, "_b[x2]": -0.0134279, "_se[x1]": 0.3874942, "_se[x2]": 0.1686712}, 4e-6, source)


def panel():
    """Firms over years, with a count."""
    data = pd.read_csv(f"{DATASETS}/firms_panel.csv").dropna(subset=["log_capital"])
    rng = np.random.default_rng(7)
    effect = rng.normal(0, 0.5, 200)[pd.factorize(data["firm"])[0]]
    data["id"] = pd.factorize(data["firm"])[0] + 1
    data["patents"] = rng.poisson(np.exp(0.2 * data["log_capital"] - 0.4 + effect))
    out = data[["id", "year", "log_output", "log_capital", "log_labor", "exporter", "industry", "patents"]]
    write_data("firms", out)
    return out


def nested(y, x, codes, link, points=None):
    """Random-effects binary likelihood by groups with adaptive quadrature centred by posterior moments."""
    nodes, weights = roots_hermite(points)
    groups = codes.max() + 1
    log = (lambda v: -np.log1p(np.exp(-v))) if link == "logit" else log_ndtr
    sign = np.where(y == 1, 1.0, -1.0)

    def rows(t, place=None):
        eta, sigma = x @ t[:-1], np.exp(t[-1] / 2)
        mean, sd = np.zeros(groups), np.ones(groups)
        for _ in range(100):
            z = mean[:, None] + np.sqrt(2) * sd[:, None] * nodes[None, :]
            lw = np.log(weights)[None, :] + nodes[None, :] ** 2 + np.log(np.sqrt(2) * sd)[:, None] - z**2 / 2 - np.log(2 * np.pi) / 2
            each = log(sign[:, None] * (eta[:, None] + sigma * z[codes]))
            total = np.zeros((groups, points))
            np.add.at(total, codes, each)
            total += lw
            top = total.max(axis=1, keepdims=True)
            ll = (top + np.log(np.exp(total - top).sum(axis=1, keepdims=True)))[:, 0]
            p = np.exp(total - ll[:, None])
            new = (p * z).sum(axis=1)
            spread = np.sqrt((p * (z - new[:, None]) ** 2).sum(axis=1))
            done = max(np.abs(new - mean).max(), np.abs(spread - sd).max()) < 1e-11
            mean, sd = new, spread
            if done:
                break
        return ll

    return rows


def random_binary(cases, data):
    """Random-effects logit and probit with 40 points, where the integral is exact to the tolerance."""
    y = data["exporter"].to_numpy(float)
    x = np.column_stack([data[["log_capital", "log_labor"]], np.ones(len(y))])
    codes = data["id"].to_numpy() - 1
    names = ("log_capital", "log_labor", "_cons")
    for link, command in (("logit", "xtlogit"), ("probit", "xtprobit")):
        rows = nested(y, x, codes, link, 40)
        theta, ll, information, scores = maximise(rows, [0.1, 0.1, -0.5, -0.5], steps=25)
        for vce, cov in (("", np.linalg.inv(information)), (" vce(robust)", robust(information, scores))):
            se = np.sqrt(np.diag(cov))
            expect = {f"_b[{n}]": v for n, v in zip(names, theta)} | {f"_se[{n}]": v for n, v in zip(names, se)}
            expect |= {"_b[/lnsig2u]": theta[3], "_se[/lnsig2u]": se[3], "e(ll)": ll, "e(N_g)": codes.max() + 1}
            cases.add(f"{command} re{vce}", "firms.csv", f"xtset id\n{command} exporter log_capital log_labor, re intpoints(40){vce}", expect, 2e-6, "scipy, adaptive quadrature with 40 points")
    x = data[["log_capital", "log_labor"]].to_numpy(float)
    from statsmodels.discrete.conditional_models import ConditionalLogit, ConditionalPoisson
    r = ConditionalLogit(y, x, groups=codes).fit(method="newton", tol=1e-14, disp=0, maxiter=100)
    inform = -jacobian(lambda t: jacobian(lambda s: np.array([r.model.loglike(s)]), t)[0], r.params)
    se = np.sqrt(np.diag(np.linalg.inv((inform + inform.T) / 2)))
    expect = {f"_b[{n}]": v for n, v in zip(names, r.params)} | {f"_se[{n}]": v for n, v in zip(names, se)} | {"e(ll)": r.llf}
    cases.add("xtlogit fe", "firms.csv", "xtset id\nxtlogit exporter log_capital log_labor, fe", expect, 2e-6, f"statsmodels {statsmodels.__version__} ConditionalLogit")
    cases.add("clogit grouped", "firms.csv", "clogit exporter log_capital log_labor, group(id)", expect, 2e-6, f"statsmodels {statsmodels.__version__} ConditionalLogit")
    r = ConditionalPoisson(data["patents"].to_numpy(float), x, groups=codes).fit(method="newton", tol=1e-14, disp=0, maxiter=100)
    # information of the multinomial likelihood in closed form
    weight = np.exp(x @ r.params)
    share = weight / np.bincount(codes, weight)[codes]
    events = np.bincount(codes, data["patents"])[codes]
    mean = np.column_stack([np.bincount(codes, share * c)[codes] for c in x.T])
    inform = ((x - mean) * (share * events)[:, None]).T @ (x - mean)
    se = np.sqrt(np.diag(np.linalg.inv((inform + inform.T) / 2)))
    expect = {f"_b[{n}]": v for n, v in zip(names, r.params)} | {f"_se[{n}]": v for n, v in zip(names, se)}
    cases.add("xtpoisson fe", "firms.csv", "xtset id\nxtpoisson patents log_capital log_labor, fe", expect, 2e-6, f"statsmodels {statsmodels.__version__} ConditionalPoisson")


def gamma_poisson(cases, data):
    """Random-effects Poisson with gamma effects."""
    y = data["patents"].to_numpy(float)
    x = np.column_stack([data[["log_capital", "log_labor"]], np.ones(len(y))])
    codes = data["id"].to_numpy() - 1
    names = ("log_capital", "log_labor", "_cons")

    def rows(t):
        theta = np.exp(-t[3])
        mu = np.exp(x @ t[:3])
        total, events = np.bincount(codes, mu), np.bincount(codes, y)
        own = np.bincount(codes, y * np.log(mu) - gammaln(y + 1))
        return own + gammaln(theta + events) - gammaln(theta) + theta * np.log(theta) - (theta + events) * np.log(theta + total)

    theta, ll, information, scores = maximise(rows, [0.2, 0.0, -0.4, -1.0], steps=25)
    for vce, cov in (("", np.linalg.inv(information)), (" vce(robust)", robust(information, scores))):
        se = np.sqrt(np.diag(cov))
        expect = {f"_b[{n}]": v for n, v in zip(names, theta)} | {f"_se[{n}]": v for n, v in zip(names, se)}
        expect |= {"_b[/lnalpha]": theta[3], "_se[/lnalpha]": se[3], "e(ll)": ll}
        cases.add("xtpoisson re" + vce, "firms.csv", "xtset id\nxtpoisson patents log_capital log_labor, re" + vce, expect, 2e-6, "scipy maximum likelihood")


R = """
library(lme4); library(nlme)
d <- read.csv("DATA"); d$school <- factor(d$school)
out <- function(name, v) cat(name, format(v, digits = 17), "\\n")
c1 <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 0.01, rhoend = 1e-11, maxfun = 1e6))
for (reml in c(FALSE, TRUE)) {
  m <- lmer(score ~ study_hours + girl + (1 | school), d, REML = reml, control = c1)
  v <- as.data.frame(VarCorr(m))
  out(paste0("one", reml), c(fixef(m), sqrt(diag(as.matrix(vcov(m)))), v$vcov, as.numeric(logLik(m)), ranef(m)$school[1:3, 1]))
  m <- lmer(grade ~ study_hours + girl + (study_hours || school), d, REML = reml, control = c1)
  v <- as.data.frame(VarCorr(m))
  out(paste0("ind", reml), c(fixef(m), sqrt(diag(as.matrix(vcov(m)))), v$vcov, as.numeric(logLik(m))))
  m <- lmer(grade ~ study_hours + girl + (study_hours | school), d, REML = reml, control = c1)
  v <- as.data.frame(VarCorr(m))
  out(paste0("uns", reml), c(fixef(m), sqrt(diag(as.matrix(vcov(m)))), v$vcov, as.numeric(logLik(m))))
}
"""


def mixed(cases):
    """Pupils in schools by lme4; standard errors of the variances by differences of the likelihood."""
    data = pd.read_csv(f"{DATASETS}/schools.csv").dropna(subset=["study_hours"])
    data["id"] = pd.factorize(data["school"], sort=True)[0] + 1
    rng = np.random.default_rng(11)
    data["grade"] = (data["score"] + rng.normal(0, 1.0, 45)[data["id"] - 1] * (data["study_hours"] - data["study_hours"].mean())).round(3)
    write_data("schools", data[["id", "score", "grade", "study_hours", "girl", "class_size"]])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "d.csv")
        data.to_csv(path, index=False)
        run = subprocess.run(["Rscript", "-e", R.replace("DATA", path)], capture_output=True, text=True, check=True)
    found = {line.split()[0]: np.array([float(v) for v in line.split()[1:]]) for line in run.stdout.splitlines() if line.strip()}
    x = np.column_stack([data[["study_hours", "girl"]], np.ones(len(data))])
    codes = data["id"].to_numpy() - 1
    names = ("_cons", "study_hours", "girl")

    def likelihood(kind, reml):
        y = data["score" if kind == "one" else "grade"].to_numpy(float)

        def value(t):
            s2 = np.exp(2 * t[-1])
            z = np.ones((len(y), 1)) if kind == "one" else np.column_stack([data["study_hours"], np.ones(len(y))])
            sd = np.exp(t[: z.shape[1]])
            g = np.diag(sd**2)
            if kind == "uns":
                g[0, 1] = g[1, 0] = np.tanh(t[2]) * sd[0] * sd[1]
            xvx, xvy, yvy, ld = np.zeros((3, 3)), np.zeros(3), 0.0, 0.0
            for c in range(codes.max() + 1):
                m = codes == c
                v = z[m] @ g @ z[m].T + s2 * np.eye(m.sum())
                w = np.linalg.solve(v, np.column_stack([x[m], y[m]]))
                xvx += x[m].T @ w[:, :3]
                xvy += x[m].T @ w[:, 3]
                yvy += y[m] @ w[:, 3]
                ld += np.linalg.slogdet(v)[1]
            out = -0.5 * (len(y) * np.log(2 * np.pi) + ld + yvy - xvy @ np.linalg.solve(xvx, xvy))
            if reml:
                out += 0.5 * (3 * np.log(2 * np.pi) - np.linalg.slogdet(xvx)[1])
            return np.array([out])
        return value

    commands = {"one": "mixed score study_hours girl || id:", "ind": "mixed grade study_hours girl || id: study_hours", "uns": "mixed grade study_hours girl || id: study_hours, covariance(unstructured)"}
    for kind, command in commands.items():
        for reml in (False, True):
            v = found[f"{kind}{str(reml).upper()}"]
            b, se = v[:3], v[3:6]
            if kind == "one":
                theta = [0.5 * np.log(v[6]), 0.5 * np.log(v[7])]
                ll = v[8]
            elif kind == "ind":
                theta = [0.5 * np.log(v[7]), 0.5 * np.log(v[6]), 0.5 * np.log(v[8])]
                ll = v[9]
            else:
                theta = [0.5 * np.log(v[7]), 0.5 * np.log(v[6]), np.arctanh(v[8] / np.sqrt(v[6] * v[7])), 0.5 * np.log(v[9])]
                ll = v[10]
            value = likelihood(kind, reml)
            gradient = lambda t: jacobian(value, t)[0]
            theta = np.array(theta)
            for _ in range(2):
                h = -jacobian(gradient, theta)
                theta = theta + np.linalg.solve((h + h.T) / 2, gradient(theta))
            spread = np.sqrt(np.diag(np.linalg.inv((h + h.T) / 2)))
            labels = {"one": ["lns1_1_1", "lnsig_e"], "ind": ["lns1_1_1", "lns1_1_2", "lnsig_e"], "uns": ["lns1_1_1", "lns1_1_2", "atr1_1_1_2", "lnsig_e"]}[kind]
            fixed = {f"_b[{n}]": q for n, q in zip(names, b)} | {f"_se[{n}]": q for n, q in zip(names, se)} | {"e(ll)": ll}
            line = command + (", reml" if reml and "," not in command else " reml" if reml else "")
            cases.add(f"mixed {kind} {'reml' if reml else 'ml'}", "schools.csv", line, fixed, 2e-6, "R lme4 lmer")
            # the likelihood is flat in a small variance: the parameters agree less closely than the likelihood
            parts = {f"[{n}]_b[_cons]": q for n, q in zip(labels, theta)} | {f"[{n}]_se[_cons]": q for n, q in zip(labels, spread)}
            cases.add(f"mixed {kind} {'reml' if reml else 'ml'} variances", "schools.csv", line, parts, 2e-5 if kind == "uns" else 5e-6, "numpy: Newton steps on the profile likelihood from the estimates of lme4")
            if kind == "one":
                first = [int(np.flatnonzero(codes == c)[0]) + 1 for c in range(3)]
                cases.add(f"mixed reffects {'reml' if reml else 'ml'}", "schools.csv", line + "\npredict double u, reffects", {f"u[{f}]": q for f, q in zip(first, v[9:12])}, 1e-5, "R lme4 ranef")
                icc = np.exp(2 * theta[0]) / (np.exp(2 * theta[0]) + np.exp(2 * theta[1]))
                cov = np.linalg.inv((h + h.T) / 2)
                slope = 2 * icc * (1 - icc) * np.array([1, -1])
                cases.add(f"estat icc {'reml' if reml else 'ml'}", "schools.csv", line + "\nestat icc", {"r(icc2)": icc, "r(se2)": np.sqrt(slope @ cov @ slope)}, 5e-6, "delta method on the above")


if __name__ == "__main__":
    cases = Cases("panelmodels", "Stata quoted in statsmodels; scipy; statsmodels; R lme4")
    conditional(cases)
    firms = panel()
    random_binary(cases, firms)
    gamma_poisson(cases, firms)
    mixed(cases)
    cases.write()
