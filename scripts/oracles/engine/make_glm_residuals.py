"""`predict` after `glm`: residuals of Stata that statsmodels stores, leverage and influence by R; Anscombe residuals of
negative binomial models by numerical integration. `estat esize`, `estat szroeter`.

Stored working residuals are (y - mu) times the derivative of the mean, where the manual has the derivative of the index;
the engine refuses `working`. Those that statsmodels stores for the gamma model with the identity link are a copy of the
ones for the log link."""

import json
import subprocess

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases
from scipy.integrate import quad
from statsmodels.genmod.tests.results import results_glm

DATA = ROOT / "data"
STORED = "Stata output stored in statsmodels"
KINDS = {"pearson": 0, "deviance": 1, "anscombe": 3, "response": 4}

INFLUENCE = """
d <- read.csv("%s"); tight <- glm.control(epsilon = 1e-14, maxit = 80)
f <- glm(%s, d, control = tight)
own <- sum(residuals(f, "pearson")^2) / df.residual(f)
h <- hatvalues(f); r <- residuals(f, "pearson"); e <- residuals(f, "deviance")
y <- f$y * f$prior.weights; mu <- fitted(f) * f$prior.weights
likelihood <- sign(y - mu) * sqrt(e^2 + h * r^2 / (1 - h))
out <- cbind(h, cooks.distance(f), likelihood, r / sqrt(1 - h), e / sqrt(1 - h), e / sqrt(own), predict(f, se.fit = TRUE)$se.fit,
  fitted(f), predict(f))[c(%s), ]
cat("[", paste(apply(out, 1, function(v) paste0("[", paste(format(v, digits = 17), collapse = ","), "]")), collapse = ","), "]")
"""
STATISTICS = [("hat", "hat"), ("cooksd", "cooksd"), ("like", "likelihood"), ("sp", "pearson standardized"), ("sd", "deviance standardized"),
              ("td", "deviance studentized"), ("se", "stdp"), ("mean", "mu"), ("index", "eta")]


def by_r(file, formula, rows):
    text = INFLUENCE % (file, formula, ",".join(map(str, rows)))
    done = subprocess.run(["Rscript", "-e", text], cwd=DATA, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def stored(cases):
    models = [
        ("Lbw", "lbw.csv", "glm low age lwt i.race smoke ptl ht ui, family(binomial)"),
        ("CancerLog", "cancer.csv", "glm studytime age i.drug, family(gamma) link(log)"),
    ]
    for name, file, do in models:
        found = np.asarray(getattr(results_glm, name)().resids)
        lines = "\n".join(f"predict double r_{kind}, {kind}" for kind in KINDS)
        expect = {}
        for row in (0, 6, 20, 33, 47):
            for kind, column in KINDS.items():
                expect[f"r_{kind}[{row + 1}]"] = found[row, column]
        cases.add(f"residuals, {name}", file, f"{do}\n{lines}", expect, 2e-5, STORED)


def influence(cases):
    rows = (1, 9, 20, 31)
    models = [
        ("logit", "lbw.csv", "low ~ lwt + smoke, binomial", "glm low lwt smoke, family(binomial)", True),
        ("probit", "lbw.csv", "low ~ lwt + smoke, binomial(probit)", "glm low lwt smoke, family(binomial) link(probit) vce(eim)", True),
        ("gamma", "cancer.csv", "studytime ~ age + drug, Gamma(log)", "glm studytime age drug, family(gamma) link(log) vce(eim)", False),
    ]
    for name, file, formula, do, fixed in models:
        found = by_r(file, formula, rows)
        chosen = [(k, (short, option)) for k, (short, option) in enumerate(STATISTICS) if fixed or option != "cooksd"]
        lines = "\n".join(f"predict double {short}, {option}" for _, (short, option) in chosen)
        expect = {f"{short}[{row}]": values[k] for row, values in zip(rows, found) for k, (short, _) in chosen}
        if fixed:
            # the dispersion is one: nothing is divided
            expect = {k: v for k, v in expect.items() if not k.startswith("td[")}
        cases.add(f"influence, {name}", file, f"{do}\n{lines}", expect, 2e-6, "R glm")


def counted(cases):
    """Trials in a variable and negative binomial outcomes."""
    frame = pd.read_csv(DATA / "docvis.csv")
    x = frame[["private", "educyr", "totchr"]].assign(_cons=1.0)
    fit = sm.GLM(frame["docvis"], x, family=sm.families.NegativeBinomial(alpha=0.5)).fit(tol=1e-14, maxiter=200)
    mu, y = fit.mu, frame["docvis"].to_numpy(dtype=float)
    expect = {}
    for i in (0, 5, 100, 2000):
        v = mu[i] + 0.5 * mu[i] ** 2
        area = quad(lambda t: (t + 0.5 * t * t) ** (-1 / 3), mu[i], y[i], epsabs=1e-13, epsrel=1e-12)[0]
        expect[f"a[{i + 1}]"] = area / v ** (1 / 6)
        expect[f"p[{i + 1}]"] = (y[i] - mu[i]) / np.sqrt(v)
        expect[f"s[{i + 1}]"] = (y[i] - mu[i]) / v * mu[i]
        expect[f"d[{i + 1}]"] = fit.resid_deviance.to_numpy()[i]
    lines = "predict double a, anscombe\npredict double p, pearson\npredict double s, score\npredict double d, deviance"
    cases.add("residuals, negative binomial", "docvis.csv", f"glm docvis private educyr totchr, family(nbinomial 0.5)\n{lines}",
              expect, 1e-6, "statsmodels GLM, scipy quadrature")
    rng = np.arange(60)
    trials, share = 5 + rng % 7, (rng * 7 % 11) / 11
    successes = np.floor(trials * (0.2 + 0.6 * share))
    fit = sm.GLM(np.column_stack([successes, trials - successes]), sm.add_constant(share), family=sm.families.Binomial()).fit(tol=1e-14)
    p = fit.mu
    h = fit.get_influence().hat_matrix_diag
    expect = {}
    for i in (0, 13, 40):
        n, k, q = trials[i], successes[i], p[i]
        area = quad(lambda t: (t * (1 - t / n)) ** (-1 / 3), n * q, k, epsabs=1e-13, epsrel=1e-12)[0]
        expect |= {f"m[{i + 1}]": n * q, f"a[{i + 1}]": area / (n * q * (1 - q)) ** (1 / 6), f"h[{i + 1}]": h[i],
                   f"r[{i + 1}]": k - n * q, f"p[{i + 1}]": (k - n * q) / np.sqrt(n * q * (1 - q))}
    do = ("set obs 60\ngenerate n = 5 + mod(_n-1, 7)\ngenerate double x = mod((_n-1)*7, 11)/11\ngenerate k = floor(n*(0.2 + 0.6*x))\n"
          "glm k x, family(binomial n)\npredict double m\npredict double a, anscombe\npredict double h, hat\npredict double r, response\n"
          "predict double p, pearson")
    cases.add("residuals, trials in a variable", None, do, expect, 1e-6, "statsmodels GLM, scipy quadrature")


def linear(cases):
    printed = "[R] regress postestimation, example of estat szroeter (printed digits)"
    cases.add("estat szroeter, rhs", "cars.csv", "regress price weight foreign##c.mpg\nestat szroeter, rhs\nmatrix m = r(mtest)",
              {"m[1,1]": 17.07, "m[2,1]": 6.15, "m[3,1]": 11.45, "m[4,1]": 6.17}, 5e-4, printed)
    frame = pd.read_csv(DATA / "cars.csv")
    x = np.column_stack([np.ones(len(frame)), frame["weight"], frame["mpg"]])
    square = (frame["price"] - x @ np.linalg.lstsq(x, frame["price"], rcond=None)[0]) ** 2
    rank = frame["mpg"].rank()
    gap = (rank * square).sum() / square.sum() - rank.mean()
    chi2 = (len(frame) * gap) ** 2 / (2 * ((rank - rank.mean()) ** 2).sum())
    cases.add("estat szroeter, one variable", "cars.csv", "regress price weight mpg\nestat szroeter mpg", {"r(chi2)": chi2, "r(df)": 1},
              1e-9, "pandas and numpy")
    # three groups, 43 rows, F(2, 40) = 7.474: two groups at a distance from the third
    do = ("set obs 43\ngenerate g = 1 + (_n > 14) + (_n > 28)\ngenerate double e = mod(_n*13, 29)/29\nsort g\nby g: egen double m = mean(e)\n"
          "replace e = e - m\nquietly summarize e\nscalar within = r(Var)*42\nby g: generate n = _N\n"
          "generate double z = (g == 1)*2 - (g == 3)\nquietly summarize z\nby g: egen double centre = mean(z)\nscalar between = r(Var)*42\n"
          "generate double y = e + z*sqrt(7.47403193349075*within*2/40/between)\nregress y i.g\n")
    stored_limits = {"m[1,1]": 0.2720398648288652, "m[1,3]": 0.0742092468714613, "m[1,4]": 0.4156116886974804, "m[2,1]": 0.2720398648288652, "m[2,2]": 2}
    cases.add("estat esize, regress", None, do + "estat esize, level(90)\nmatrix m = r(esize)", stored_limits, 1e-7, STORED)
    adjusted = {"m[1,1]": 0.2356418580703085, "m[1,3]": 0.0279197092150344, "m[1,4]": 0.3863922731323545}
    cases.add("estat esize, epsilon", None, do.replace("regress y i.g", "anova y g") + "estat esize, epsilon level(90)\nmatrix m = r(esize)",
              adjusted, 1e-7, STORED)


def main():
    cases = Cases("glm_residuals", "Stata output stored in statsmodels; R glm; scipy; printed numbers of the manual")
    stored(cases)
    influence(cases)
    counted(cases)
    linear(cases)
    cases.write()


if __name__ == "__main__":
    main()
