"""Pairs of latent variables, shares, dispersions and endogenous regressors: R VGAM, statsmodels, scipy, numpy."""

import os
import subprocess
import tempfile

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import Cases, write_data
from numeric import maximise, robust
from scipy import stats
from scipy.special import expit, gammaln, log_ndtr, roots_legendre
from statsmodels.othermod.betareg import BetaModel

NODES, WEIGHTS = roots_legendre(40)


def binormal(a, b, rho):
    """Distribution function by Plackett's identity: the derivative in the correlation is the density."""
    r = rho[:, None] * (NODES + 1) / 2
    inner = np.exp(-(a[:, None] ** 2 - 2 * r * a[:, None] * b[:, None] + b[:, None] ** 2) / (2 * (1 - r * r))) / (2 * np.pi * np.sqrt(1 - r * r))
    return stats.norm.cdf(a) * stats.norm.cdf(b) + rho / 2 * (inner @ WEIGHTS)


def sample():
    """A sample of workers: two correlated choices, a selection, a censored and a counted outcome, a share."""
    rng = np.random.default_rng(20260)
    n = 600
    x, z, w = rng.normal(size=n), rng.normal(size=n), rng.integers(0, 3, n)
    e = rng.multivariate_normal([0, 0, 0], [[1, 0.5, 0.4], [0.5, 1, 0.1], [0.4, 0.1, 1]], n)
    frame = pd.DataFrame({"x": x.round(3), "z": z.round(3), "w": w, "cluster": rng.integers(1, 31, n), "fw": rng.integers(1, 4, n)})
    frame["a"] = (0.3 + 0.8 * frame["x"] - 0.4 * frame["w"] + e[:, 0] > 0).astype(int)
    frame["b"] = (-0.2 + 0.5 * frame["x"] + 0.6 * frame["z"] + e[:, 1] > 0).astype(int)
    frame["q"] = (0.2 + 0.9 * frame["z"] + 0.3 * frame["x"] + e[:, 2]).round(4)
    frame["q2"] = (0.1 - 0.7 * frame["z"] ** 2 + 0.5 * frame["x"] + 0.5 * e[:, 1] + rng.normal(size=n)).round(4)
    frame["p"] = (0.2 + 0.7 * frame["q"] - 0.5 * frame["x"] + e[:, 0] > 0).astype(int)
    frame["t"] = np.maximum(0, 0.5 + 0.7 * frame["q"] - 0.5 * frame["x"] + e[:, 0]).round(4)
    frame["h"] = (0.4 + 0.9 * frame["x"] + np.exp(0.5 * frame["z"]) * e[:, 0] > 0).astype(int)
    frame["count"] = rng.poisson(np.exp(0.5 + 0.4 * frame["x"]) * rng.gamma(1.5, 1 / 1.5, n))
    mean, scale = expit(0.3 + 0.5 * frame["x"]), np.exp(1.5 + 0.3 * frame["w"])
    frame["share"] = rng.beta(mean * scale, (1 - mean) * scale).clip(0.001, 0.999).round(4)
    write_data("choices", frame)
    return frame


def ones(*columns):
    """Design with a constant at the end."""
    return np.column_stack([*columns, np.ones(len(columns[0]))])


def expect_blocks(blocks, theta, cov):
    """`[eq]_b[x]` and `[eq]_se[x]` of parameters that stand block by block."""
    se = np.sqrt(np.diag(cov))
    out, k = {}, 0
    for equation, names in blocks:
        for name in names:
            at = f"/{name}" if equation == "/" else name
            front = "" if equation == "/" else f"[{equation}]"
            out[f"{front}_b[{at}]"], out[f"{front}_se[{at}]"] = theta[k], se[k]
            k += 1
    return out


def add(cases, name, do, blocks, rows, start, groups=None, weights=None, extra=None, tol=1e-6, source="scipy maximum likelihood", steps=5):
    """Cases with the inverse information, robust and clustered covariances."""
    theta, ll, information, scores = maximise(rows, start, weights=weights, steps=steps)
    cases.add(name, "choices.csv", do, expect_blocks(blocks, theta, np.linalg.inv(information)) | {"e(ll)": ll} | (extra(theta, ll) if extra else {}), tol, source)
    if weights is None:
        for vce, g in ((" vce(robust)", None), (" vce(cluster cluster)", groups)):
            if g is None and "cluster" in vce:
                continue
            comma = "" if "," in do.split("\n")[-1] else ","
            cases.add(name + vce, "choices.csv", do + comma + vce, expect_blocks(blocks, theta, robust(information, scores, g)), tol, source)
    return theta, ll, information


R = """
suppressMessages(library(VGAM))
d <- read.csv("DATA")
f <- vglm(cbind(b00, b01, b10, b11) ~ x + z + w, binom2.rho(exchangeable = FALSE, lrho = "rhobitlink"), data = d, epsilon = 1e-12, maxit = 60)
m <- coef(f, matrix = TRUE)
cat("ll", format(logLik(f), digits = 15), "\\n")
cat("b", format(c(m[, 1], m[, 2], m[1, 3]), digits = 15), "\\n")
g <- vglm(count ~ x, negbinomial(zero = NULL, parallel = FALSE), data = d, epsilon = 1e-12, maxit = 100)
cat("nb", format(c(coef(g), logLik(g)), digits = 15), "\\n")
b <- vglm(share ~ x, betaff(zero = NULL), data = d, epsilon = 1e-12, maxit = 100)
cat("beta", format(c(coef(b), logLik(b)), digits = 15), "\\n")
"""


def by_r(cases, frame):
    """Bivariate probit, negative binomial and beta regression of the R package VGAM."""
    data = frame.copy()
    for i in (0, 1):
        for j in (0, 1):
            data[f"b{i}{j}"] = ((data["a"] == i) & (data["b"] == j)).astype(int)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "d.csv")
        data.to_csv(path, index=False)
        text = subprocess.run(["Rscript", "-e", R.replace("DATA", path)], capture_output=True, text=True, check=True).stdout
    found = {line.split()[0]: np.array([float(v) for v in line.split()[1:]]) for line in text.splitlines() if line.strip()}
    order = ("_cons", "x", "z", "w")
    expect = {f"[{eq}]_b[{n}]": found["b"][4 * k + i] for k, eq in enumerate(("a", "b")) for i, n in enumerate(order)}
    # a coefficient near zero is compared on the scale of one
    expect["1 + [a]_b[z]"] = 1 + expect.pop("[a]_b[z]")
    # rhobitlink is log((1 + rho)/(1 - rho)), twice the inverse hyperbolic tangent
    expect |= {"_b[/athrho]": found["b"][8] / 2, "e(ll)": found["ll"][0]}
    cases.add("biprobit by R", "choices.csv", "biprobit a b x z w", expect, 1e-6, "R VGAM binom2.rho")
    # parameters are ordered mean, log size for the constant, then for x
    c = found["nb"]
    expect = {"[count]_b[_cons]": c[0], "[lnalpha]_b[_cons]": -c[1], "[count]_b[x]": c[2], "[lnalpha]_b[x]": -c[3], "e(ll)": c[4]}
    cases.add("gnbreg by R", "choices.csv", "gnbreg count x, lnalpha(x)", expect, 1e-5, "R VGAM negbinomial")
    c = found["beta"]
    expect = {"[share]_b[_cons]": c[0], "[scale]_b[_cons]": c[1], "[share]_b[x]": c[2], "[scale]_b[x]": c[3], "e(ll)": c[4]}
    cases.add("betareg by R", "choices.csv", "betareg share x, scale(x)", expect, 1e-6, "R VGAM betaff")


def pairs(cases, frame):
    """Bivariate probit with the same and with different regressors, selection, a modelled scale."""
    x, z, w = (frame[c].to_numpy(float) for c in ("x", "z", "w"))
    a, b = frame["a"].to_numpy(), frame["b"].to_numpy()
    g = frame["cluster"].to_numpy()
    d1, d2 = ones(x, w), ones(x, z)
    q1, q2 = 2 * a - 1, 2 * b - 1

    def both(t):
        r = np.tanh(t[6])
        return np.log(binormal(q1 * (d1 @ t[:3]), q2 * (d2 @ t[3:6]), q1 * q2 * r))

    blocks = [("a", ("x", "w", "_cons")), ("b", ("x", "z", "_cons")), ("/", ("athrho",))]
    start = [0.8, -0.4, 0.3, 0.5, 0.6, -0.2, 0.5]
    alone = sm.Probit(a, d1).fit(disp=0, method="newton", tol=1e-12).llf + sm.Probit(b, d2).fit(disp=0, method="newton", tol=1e-12).llf
    do = "biprobit (a = x w) (b = x z)"
    theta, _, _ = add(cases, "biprobit su", do, blocks, both, start, g, extra=lambda t, ll: {"e(chi2_c)": 2 * (ll - alone), "e(rho)": np.tanh(t[6])})
    rho = np.full(1, np.tanh(theta[6]))
    at = [np.array([d1[0] @ theta[:3]]), np.array([d2[0] @ theta[3:6]])]
    p11, p00 = binormal(at[0], at[1], rho)[0], binormal(-at[0], -at[1], rho)[0]
    p10 = binormal(at[0], -at[1], -rho)[0]
    steps = "\n".join(f"predict double v_{s}, {s}" for s in ("p11", "p00", "p10", "pmarg1", "pcond1", "xb2"))
    expect = {"v_p11[1]": p11, "v_p00[1]": p00, "v_p10[1]": p10, "v_pmarg1[1]": stats.norm.cdf(at[0][0]), "v_pcond1[1]": p11 / stats.norm.cdf(at[1][0]), "v_xb2[1]": at[1][0]}
    cases.add("biprobit predict", "choices.csv", f"{do}\n{steps}", expect, 1e-6, "scipy maximum likelihood")
    mean = binormal(d1 @ theta[:3], d2 @ theta[3:6], np.full(len(a), rho[0])).mean()
    cases.add("biprobit margins", "choices.csv", f"{do}\nmargins, predict(p11)\nmatrix m = r(table)", {"m[1,1]": mean}, 1e-6, "scipy maximum likelihood")
    fw = frame["fw"].to_numpy(float)
    add(cases, "biprobit fweight", "biprobit (a = x w) (b = x z) [fweight=fw]", blocks, both, start, weights=fw)

    def partly(t):
        p = binormal(d1 @ t[:3], d2 @ t[3:6], np.full(len(a), np.tanh(t[6])))
        return np.where(a * b == 1, np.log(p), np.log1p(-p))

    add(cases, "biprobit partial", "biprobit (a = x w) (b = x z), partial", blocks, partly, theta, steps=8, tol=1e-5)

    def chosen(t):
        r = np.tanh(t[6])
        i, s = d1 @ t[:3], d2 @ t[3:6]
        return np.where(b == 0, log_ndtr(-s), np.log(binormal(q1 * i, s, q1 * r)))

    on = b == 1
    alone = sm.Probit(a[on], d1[on]).fit(disp=0, method="newton", tol=1e-12).llf + sm.Probit(b, d2).fit(disp=0, method="newton", tol=1e-12).llf
    add(cases, "heckprobit", "heckprobit a x w, select(b = x z)", blocks, chosen, start, g,
        extra=lambda t, ll: {"e(chi2_c)": 2 * (ll - alone), "e(N_selected)": on.sum(), "e(rho)": np.tanh(t[6])})
    h = frame["h"].to_numpy()

    def scaled(t):
        return log_ndtr((2 * h - 1) * (ones(x) @ t[:2]) / np.exp(z * t[2]))

    plain = sm.Probit(h, ones(x)).fit(disp=0, method="newton", tol=1e-12).llf
    add(cases, "hetprobit", "hetprobit h x, het(z)", [("h", ("x", "_cons")), ("lnsigma", ("z",))], scaled, [0.9, 0.4, 0.5], g,
        extra=lambda t, ll: {"e(chi2_c)": 2 * (ll - plain)})


def modelled_variance(cases, frame):
    """A regression whose log variance is linear in regressors; the plain model is least squares."""
    x, z, w, q = (frame[c].to_numpy(float) for c in ("x", "z", "w", "q2"))
    g = frame["cluster"].to_numpy()
    names = ("x", "_cons")

    def rows(t):
        return stats.norm.logpdf(q, ones(x) @ t[:2], np.exp(ones(z, w) @ t[2:] / 2))

    plain = sm.OLS(q, ones(x)).fit().llf
    blocks = [("q2", names), ("lnsigma2", ("z", "w", "_cons"))]
    start = [0.5, -0.5, 0, 0, 0.5]
    tests = lambda t, ll: {"e(chi2_c)": 2 * (ll - plain), "e(df_m_c)": 2}
    theta, _, _ = add(cases, "hetregress", "hetregress q2 x, het(z w)", blocks, rows, start, g, extra=tests)
    weights = frame["fw"].to_numpy(float)
    add(cases, "hetregress fweight", "hetregress q2 x [fweight=fw], het(z w)", blocks, rows, start, weights=weights)
    predicted = {"s[1]": np.exp(np.r_[z[0], w[0], 1] @ theta[2:] / 2), "xb[1]": np.r_[x[0], 1] @ theta[:2]}
    do = "hetregress q2 x, het(z w)\npredict double s, sigma\npredict double xb"
    cases.add("hetregress predict", "choices.csv", do, predicted, 1e-7, "scipy maximum likelihood")


def endogenous(cases, frame):
    """Probit and tobit with one and two endogenous regressors; the two-step probit by hand."""
    x, z, w, q, q2 = (frame[c].to_numpy(float) for c in ("x", "z", "w", "q", "q2"))
    p, t0 = frame["p"].to_numpy(), frame["t"].to_numpy(float)
    g = frame["cluster"].to_numpy()
    main, reduced = ones(q, x), ones(x, z, w)

    def probit(t):
        e = (q - reduced @ t[3:7]) / np.exp(t[8])
        i = (main @ t[:3]) * np.cosh(t[7]) + e * np.sinh(t[7])
        return log_ndtr((2 * p - 1) * i) + stats.norm.logpdf(e) - t[8]

    blocks = [("p", ("q", "x", "_cons")), ("q", ("x", "z", "w", "_cons")), ("/", ("athrho2_1", "lnsigma2"))]
    theta, _, _ = add(cases, "ivprobit", "ivprobit p x (q = z w)", blocks, probit, [0.7, -0.5, 0.2, 0.3, 0.9, 0, 0.2, 0.4, 0], g)

    def tobit(t):
        s = np.exp(t[8])
        e = (q - reduced @ t[3:7]) / np.exp(t[9])
        r = np.tanh(t[7])
        m = main @ t[:3] + s * r * e
        sd = s * np.sqrt(1 - r * r)
        return np.where(t0 <= 0, log_ndtr(-m / sd), stats.norm.logpdf(t0, m, sd)) + stats.norm.logpdf(e) - t[9]

    blocks = [("t", ("q", "x", "_cons")), ("q", ("x", "z", "w", "_cons")), ("/", ("athrho2_1", "lnsigma1", "lnsigma2"))]
    add(cases, "ivtobit", "ivtobit t x (q = z w), ll(0)", blocks, tobit, [0.7, -0.5, 0.5, 0.3, 0.9, 0, 0.2, 0.4, 0, 0], g)
    z2 = (z * z).round(6)
    first = ones(x, z, z2)
    main2 = ones(q, q2, x)

    def double(t):
        r = np.tanh(t[12:15])
        s = np.exp(t[15:17])
        e = np.column_stack([(q - first @ t[4:8]) / s[0], (q2 - first @ t[8:12]) / s[1]])
        own = np.array([[1, r[2]], [r[2], 1]])
        inverse = np.linalg.inv(own)
        c = r[:2] @ inverse
        sd = np.sqrt(1 - c @ r[:2])
        joint = -0.5 * np.einsum("ij,jk,ik->i", e, inverse, e) - 0.5 * np.log(np.linalg.det(own)) - np.log(s).sum() - np.log(2 * np.pi)
        return log_ndtr((2 * p - 1) * (main2 @ t[:4] + e @ c) / sd) + joint

    b1, b2 = (np.linalg.lstsq(first, v, rcond=None)[0] for v in (q, q2))
    start = [0.5, 0.1, -0.4, 0.2, *b1, *b2, 0.3, 0.1, 0.1, 0, 0]
    blocks = [("p", ("q", "q2", "x", "_cons")), ("q", ("x", "z", "z2", "_cons")), ("q2", ("x", "z", "z2", "_cons")), ("/", ("athrho2_1", "athrho3_1", "athrho3_2", "lnsigma2", "lnsigma3"))]
    add(cases, "ivprobit with two regressors", "generate double z2 = round(z^2, .000001)\nivprobit p x (q q2 = z z2)", blocks, double, start, steps=8, tol=5e-6)
    # Newey (1987), step by step
    residual = q - reduced @ np.linalg.lstsq(reduced, q, rcond=None)[0]
    pi = np.linalg.lstsq(reduced, q, rcond=None)[0]
    one = sm.Probit(p, np.column_stack([reduced, residual])).fit(disp=0, method="newton", tol=1e-13)
    two = sm.Probit(p, np.column_stack([main, residual])).fit(disp=0, method="newton", tol=1e-13)
    gap = one.params[4] - two.params[0]
    noise = sm.OLS(q * gap, reduced).fit().cov_params()
    weight = np.linalg.inv(one.cov_params()[:4, :4] + noise)
    selectors = np.zeros((4, 2))
    selectors[0, 0] = selectors[3, 1] = 1
    d = np.column_stack([pi, selectors])
    v = np.linalg.inv(d.T @ weight @ d)
    b = v @ d.T @ weight @ one.params[:4]
    expect = {f"_b[{n}]": c for n, c in zip(("q", "x", "_cons"), b)} | {f"_se[{n}]": c for n, c in zip(("q", "x", "_cons"), np.sqrt(np.diag(v)))}
    expect["e(chi2_exog)"] = (two.params[3] / two.bse[3]) ** 2
    cases.add("ivprobit twostep", "choices.csv", "ivprobit p x (q = z w), twostep", expect, 1e-7, "Newey (1987) by hand from statsmodels Probit and OLS")


def shares_and_counts(cases, frame):
    """Beta regression, dispersions, expected information."""
    x, w, y = (frame[c].to_numpy(float) for c in ("x", "w", "share"))
    g = frame["cluster"].to_numpy()
    fit = BetaModel(y, ones(x), exog_precision=ones(w)).fit(disp=0, method="newton", maxiter=200, tol=1e-12)
    names = ("[share]", "x"), ("[share]", "_cons"), ("[scale]", "w"), ("[scale]", "_cons")
    expect = {f"{e}_b[{n}]": v for (e, n), v in zip(names, fit.params)} | {f"{e}_se[{n}]": v for (e, n), v in zip(names, fit.bse)} | {"e(ll)": fit.llf}
    cases.add("betareg by statsmodels", "choices.csv", "betareg share x, scale(w)", expect, 1e-6, "statsmodels BetaModel")

    def density(y, mu, phi):
        return gammaln(phi) - gammaln(mu * phi) - gammaln((1 - mu) * phi) + (mu * phi - 1) * np.log(y) + ((1 - mu) * phi - 1) * np.log1p(-y)

    for link, mean in (("probit", stats.norm.cdf), ("cloglog", lambda v: -np.expm1(-np.exp(v))), ("loglog", lambda v: np.exp(-np.exp(-v)))):
        add(cases, f"betareg {link}", f"betareg share x, scale(w) link({link}) slink(root)", [("share", ("x", "_cons")), ("scale", ("w", "_cons"))],
            lambda t, mean=mean: density(y, mean(ones(x) @ t[:2]), (ones(w) @ t[2:]) ** 2), [0.3, 0.2, 0.3, 2.1], g if link == "probit" else None)
    theta, _, _, _ = maximise(lambda t: density(y, expit(ones(x) @ t[:2]), np.exp(ones(w) @ t[2:])), [0.5, 0.3, 0.3, 1.5])
    mu = expit(ones(x) @ theta[:2])
    slope = (mu * (1 - mu) * theta[0]).mean()
    variance = mu[0] * (1 - mu[0]) / (1 + np.exp(ones(w)[0] @ theta[2:]))
    cases.add("betareg margins", "choices.csv", "betareg share x, scale(w)\npredict double m\npredict double v, cvariance\nmargins, dydx(x)\nmatrix m = r(table)",
              {"m[1,1]": slope, "m[1]": mu[0], "v[1]": variance}, 1e-6, "scipy maximum likelihood")
    count = frame["count"].to_numpy(float)
    nb1 = sm.NegativeBinomial(count, ones(x), loglike_method="nb1").fit(disp=0, method="newton", maxiter=200, tol=1e-12, start_params=[0.4, 0.5, 1.0])
    expect = {"[count]_b[x]": nb1.params[0], "[count]_b[_cons]": nb1.params[1], "e(delta)": nb1.params[2], "[count]_se[x]": nb1.bse[0], "e(ll)": nb1.llf,
              "_se[/lndelta]": nb1.bse[2] / nb1.params[2]}
    cases.add("nbreg constant dispersion", "choices.csv", "nbreg count x, dispersion(constant)", expect, 1e-6, "statsmodels NegativeBinomial nb1")
    for name, family, command in (("poisson", sm.families.Poisson(), "glm count x w, family(poisson) irls"),
                                  ("binomial probit", sm.families.Binomial(sm.families.links.Probit()), "glm a x w, family(binomial) link(probit) irls"),
                                  ("gamma", sm.families.Gamma(sm.families.links.Log()), "glm share x w, family(gamma) link(log) irls"),
                                  ("gamma eim", sm.families.Gamma(sm.families.links.Log()), "glm share x w, family(gamma) link(log) vce(eim)")):
        outcome = frame[command.split()[1]].to_numpy(float)
        fit = sm.GLM(outcome, ones(x, w), family).fit(maxiter=200, tol=1e-14)
        expect = {f"_b[{n}]": v for n, v in zip(("x", "w", "_cons"), fit.params)} | {f"_se[{n}]": v for n, v in zip(("x", "w", "_cons"), fit.bse)} | {"e(deviance)": fit.deviance}
        cases.add(f"glm irls {name}", "choices.csv", command, expect, 1e-7, "statsmodels GLM")
    fit = sm.GLM(count, ones(x, w), sm.families.Poisson()).fit(scale="X2", tol=1e-14)
    cases.add("glm scale(x2)", "choices.csv", "glm count x w, family(poisson) scale(x2)", {"_se[x]": fit.bse[0], "_se[_cons]": fit.bse[2], "e(phi)": fit.scale}, 1e-7, "statsmodels GLM, scale X2")


def main():
    cases = Cases("pairs", "R VGAM, statsmodels, scipy, numpy")
    frame = sample()
    by_r(cases, frame)
    pairs(cases, frame)
    modelled_variance(cases, frame)
    endogenous(cases, frame)
    shares_and_counts(cases, frame)
    cases.write()


if __name__ == "__main__":
    main()
