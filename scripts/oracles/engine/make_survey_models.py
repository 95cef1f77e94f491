"""Models behind `svy` that no earlier case covers: likelihoods written in numpy, maximised with the weights of the design and
given the linearised covariance `D G D` of Binder (1983); `stcox`, `streg`, `ivregress` and the tests of tables from the R package
survey (Lumley)."""

import subprocess
import tempfile

import numpy as np
import pandas as pd
from common import ROOT, Cases, write_data
from numeric import maximise
from scipy.special import betaln, gammaln
from scipy.stats import multivariate_normal, norm

RNG = np.random.default_rng(20261126)
R = r"""
suppressMessages(library(survey)); options(digits=17)
d <- read.csv("FOLDER/survey_models.csv")
say <- function(k, v) cat(sprintf("%s,%.17g\n", k, v))
one <- function(tag, b, v, names) for (i in seq_along(names)) { say(paste0(tag, "|b|", names[i]), b[[i]]); say(paste0(tag, "|se|", names[i]), sqrt(v[i,i])) }
s <- svydesign(id=~psu, strata=~strata, weights=~w, data=d, nest=TRUE)
m <- svycoxph(Surv(time, died) ~ x + z, s); one("cox", coef(m), vcov(m), c("x","z"))
m <- svycoxph(Surv(time, died) ~ x + z, subset(s, z == 1 | x > 0)); one("coxsub", coef(m), vcov(m), c("x","z"))
t <- svychisq(~g + died, s, statistic="Wald"); say("wald|F", t$statistic[[1]]); say("wald|df", t$parameter[[2]]); say("wald|p", t$p.value[[1]])
t <- svychisq(~g + died, s, statistic="adjWald"); say("adjwald|F", t$statistic[[1]]); say("adjwald|df", t$parameter[[2]]); say("adjwald|p", t$p.value[[1]])
m <- svymean(~factor(g), s, deff="replace"); say("cv|2", 100*cv(m)[[2]]); say("deff|2", deff(m)[[2]])
say("sd|y", sqrt(svyvar(~y, s)[[1]]))
m <- svyby(~y, ~z+g, s, svymean); for (i in 1:6) { say(paste0("two|b|", m$z[i], m$g[i]), coef(m)[[i]]); say(paste0("two|se|", m$z[i], m$g[i]), SE(m)[[i]]) }
"""


def make_data():
    n = 600
    f = pd.DataFrame({"strata": np.repeat(np.arange(1, 7), 100), "psu": np.repeat(np.arange(1, 61), 10)})
    common = RNG.normal(size=61)[f.psu]
    f["w"] = np.round(np.exp(RNG.normal(0, 0.5, n)) * 10, 2)
    f["x"] = np.round(RNG.normal(size=n) + 0.3 * common, 3)
    f["z"] = (RNG.uniform(size=n) < 0.5).astype(int)
    f["q"] = np.round(RNG.normal(size=n), 3)
    f["g"] = RNG.integers(1, 4, n)
    u, v = RNG.normal(size=n) + 0.4 * common, RNG.normal(size=n)
    f["h"] = np.round(0.7 * f.q + 0.4 * f.z + 0.6 * u + v, 3)
    f["y"] = np.round(1 + 0.5 * f.x - 0.6 * f.h + u, 3)
    f["low"] = np.floor(f.y)
    f["high"] = f.low + 1
    f["seen"] = (0.3 + 0.5 * f.q + 0.4 * f.x + 0.6 * u + 0.8 * RNG.normal(size=n) > 0).astype(int)
    f["wage"] = np.where(f.seen == 1, f.y, np.nan)
    f["a"] = (0.2 + 0.5 * f.x + u > 0).astype(int)
    f["b"] = (-0.1 + 0.5 * f.z + 0.5 * u + 0.8 * RNG.normal(size=n) > 0).astype(int)
    f["share"] = np.round(1 / (1 + np.exp(-(0.2 + 0.4 * f.x + 0.5 * RNG.normal(size=n)))), 4)
    f["count"] = np.where(RNG.uniform(size=n) < 0.3, 0, RNG.poisson(np.exp(0.4 + 0.3 * f.x)))
    f["time"] = np.round(RNG.exponential(np.exp(-0.4 * f.x + 0.3 * f.z)) + 0.01, 7)
    f["died"] = (RNG.uniform(size=n) < 0.7).astype(int)
    write_data("survey_models", f)
    return pd.read_csv(ROOT / "data/survey_models.csv")


def design_covariance(f, scores, inside):
    """`sum_h n/(n-1) sum_i (z_hi - mean)(z_hi - mean)'` over all units of the strata."""
    z = np.where(inside[:, None], scores * f.w.to_numpy()[:, None], 0.0)
    out = np.zeros((z.shape[1],) * 2)
    for _, stratum in f.groupby("strata").indices.items():
        units = pd.DataFrame(z[stratum]).groupby(f.psu.to_numpy()[stratum]).sum().to_numpy()
        d = units - units.mean(0)
        out += len(units) / (len(units) - 1) * d.T @ d
    return out


def fitted(f, rows, start, inside=None):
    """Estimates, standard errors and the ratio of their variances to those of simple random sampling."""
    inside = np.ones(len(f), bool) if inside is None else inside
    w = np.where(inside, f.w, 0.0)
    guarded = lambda t: np.where(inside, rows(t), 0.0)
    theta, _, information, scores = maximise(guarded, start, w)
    bread = np.linalg.inv(information)
    v = bread @ design_covariance(f, scores, inside) @ bread
    simple = f.w.sum() / (len(f) - 1) * bread @ ((scores * w[:, None]).T @ scores) @ bread
    return theta, np.sqrt(np.diag(v)), np.diag(v) / np.diag(simple), v


def two_stage(f):
    """Two-stage least squares with the linearised covariance: scores `xhat e`. (`svyivreg` of R differs by a factor that
    is the same for all coefficients.)"""
    w, one = f.w.to_numpy(), np.ones(len(f))
    x, z = np.c_[f.h, f.x, one], np.c_[f.x, f.q, f.z, one]
    projected = z @ np.linalg.solve(z.T @ (z * w[:, None]), z.T @ (x * w[:, None]))
    bread = np.linalg.inv(projected.T @ (x * w[:, None]))
    b = bread @ projected.T @ (f.y * w)
    scores = projected * (f.y.to_numpy() - x @ b)[:, None]
    v = bread @ design_covariance(f, scores, np.ones(len(f), bool)) @ bread
    simple = w.sum() / (len(f) - 1) * bread @ ((scores * w[:, None]).T @ scores) @ bread
    names = ["h", "x", "_cons"]
    out = {f"_b[{k}]": b[i] for i, k in enumerate(names)} | {f"_se[{k}]": v[i, i] ** 0.5 for i, k in enumerate(names)}
    return out | {f"el(e(deff),1,{i + 1})": v[i, i] / simple[i, i] for i in range(3)}


def likelihoods(f):
    x, z, q, h, y, w = (f[c].to_numpy() for c in ["x", "z", "q", "h", "y", "w"])
    wage, seen = np.nan_to_num(f.wage.to_numpy()), f.seen.to_numpy()

    def tobit(t):
        m, s = t[0] * x + t[1] * z + t[2], np.exp(t[3])
        return np.where(y <= 0, norm.logcdf((0 - m) / s), norm.logpdf((y - m) / s) - t[3])

    def intreg(t):
        m, s = t[0] * x + t[1] * z + t[2], np.exp(t[3])
        return np.log(norm.cdf((f.high - m) / s) - norm.cdf((f.low - m) / s))

    def truncreg(t):
        m, s = t[0] * x + t[1] * z + t[2], t[3]
        return norm.logpdf((y - m) / s) - np.log(s) - norm.logcdf(m / s)

    def heckman(t):
        m, k, rho, s = t[0] * x + t[1], t[2] * x + t[3] * q + t[4], np.tanh(t[5]), np.exp(t[6])
        e = (wage - m) / s
        both = norm.logcdf((k + rho * e) / np.sqrt(1 - rho**2)) + norm.logpdf(e) - t[6]
        return np.where(seen == 1, both, norm.logcdf(-k))

    def biprobit(t):
        k1, k2 = t[0] * x + t[1], t[2] * z + t[3]
        s1, s2 = 2 * f.a.to_numpy() - 1, 2 * f.b.to_numpy() - 1
        rho = np.clip(np.tanh(t[4]), -0.9999, 0.9999)
        nodes, weights = np.polynomial.legendre.leggauss(40)
        r = s1 * s2 * rho
        a, b = s1 * k1, s2 * k2
        # Drezner and Wesolowsky: the bivariate normal as an integral over the correlation
        angle = (np.arcsin(r)[:, None]) * (nodes + 1) / 2
        sin = np.sin(angle)
        inner = np.exp(-(a[:, None] ** 2 + b[:, None] ** 2 - 2 * sin * (a * b)[:, None]) / (2 * (1 - sin**2)))
        joint = norm.cdf(a) * norm.cdf(b) + (inner * weights).sum(1) * np.arcsin(r) / 2 / (2 * np.pi)
        return np.log(np.maximum(joint, 1e-300))

    def hetprobit(t):
        k = (t[0] * x + t[1]) / np.exp(t[2] * z)
        return norm.logcdf((2 * f.a.to_numpy() - 1) * k)

    def fracreg(t):
        p = 1 / (1 + np.exp(-(t[0] * x + t[1] * z + t[2])))
        return f.share.to_numpy() * np.log(p) + (1 - f.share.to_numpy()) * np.log(1 - p)

    def betareg(t):
        mu, phi, s = 1 / (1 + np.exp(-(t[0] * x + t[1]))), np.exp(t[2]), f.share.to_numpy()
        return -betaln(mu * phi, (1 - mu) * phi) + (mu * phi - 1) * np.log(s) + ((1 - mu) * phi - 1) * np.log(1 - s)

    def zip_(t):
        c, lam, p = f["count"].to_numpy(), np.exp(t[0] * x + t[1]), 1 / (1 + np.exp(-(t[2] * z + t[3])))
        return np.where(c == 0, np.log(p + (1 - p) * np.exp(-lam)), np.log(1 - p) + c * np.log(lam) - lam - gammaln(c + 1))

    def weibull(t):
        k, p, time = t[0] * x + t[1] * z + t[2], np.exp(t[3]), f.time.to_numpy()
        return f.died.to_numpy() * (k + t[3] + (p - 1) * np.log(time)) - np.exp(k) * time**p

    return {
        "tobit": (tobit, [0.3, 0, 0.5, 0.3], "tobit y x z, ll(0)", ["x", "z", "_cons", None], None),
        "tobit sub": (tobit, [0.3, 0, 0.5, 0.3], "tobit y x z, ll(0)", ["x", "z", "_cons", None], "z == 1 | x > 0"),
        "intreg": (intreg, [0.3, 0, 0.5, 0.3], "intreg low high x z", ["x", "z", "_cons", "/lnsigma"], None),
        "truncreg": (truncreg, [0.3, 0, 0.5, 1.0], "truncreg y x z if y > 0, ll(0)", ["x", "z", "_cons", "/sigma"], "y > 0"),
        "heckman": (heckman, [0.3, 0.5, 0.3, 0.3, 0.2, 0.1, 0.2], "heckman wage x, select(seen = x q)",
                    ["wage:x", "wage:_cons", "seen:x", "seen:q", "seen:_cons", "/athrho", "/lnsigma"], None),
        "biprobit": (biprobit, [0.3, 0.1, 0.3, 0.0, 0.2], "biprobit (a = x) (b = z)", ["a:x", "a:_cons", "b:z", "b:_cons", "/athrho"], None),
        "hetprobit": (hetprobit, [0.3, 0.1, 0.1], "hetprobit a x, het(z)", ["a:x", "a:_cons", "lnsigma:z"], None),
        "fracreg": (fracreg, [0.3, 0.1, 0.1], "fracreg logit share x z", ["x", "z", "_cons"], None),
        "betareg": (betareg, [0.3, 0.1, 1.0], "betareg share x", ["share:x", "share:_cons", "scale:_cons"], None),
        "zip": (zip_, [0.3, 0.1, 0.1, -1.0], "zip count x, inflate(z)", ["count:x", "count:_cons", "inflate:z", "inflate:_cons"], None),
        "weibull": (weibull, [0.3, 0.1, 0.1, 0.0], "streg x z, distribution(weibull)", ["_t:x", "_t:z", "_t:_cons", "/ln_p"], None),
    }


def main():
    f = make_data()
    cases = Cases("survey_models", "likelihoods in numpy and scipy with the linearised covariance of Binder (1983)")
    declared = "svyset psu [pweight=w], strata(strata)\n"
    for name, (rows, start, command, names, condition) in likelihoods(f).items():
        inside = None if condition is None else f.eval(condition).to_numpy()
        subset = "truncreg" in name
        used = f[inside].reset_index(drop=True) if subset else f
        if subset:
            part = likelihoods(used)[name][0]
            theta, se, deff, v = fitted(used, part, start)
        else:
            theta, se, deff, v = fitted(f, rows, start, inside)
        prefix = "svy" if condition is None or subset else f"svy, subpop(if {condition})"
        out = {}
        for i, key in enumerate(names):
            if key is None:
                continue
            shown = key if ":" not in key else key
            out[f"_b[{shown}]"], out[f"_se[{shown}]"] = theta[i], se[i]
            out[f"el(e(deff),1,{i + 1})"] = deff[i]
        if name == "tobit":
            variance = np.exp(2 * theta[3])
            out["_b[/var(e.y)]"], out["_se[/var(e.y)]"] = variance, 2 * variance * se[3]
            d = 60 - 6
            wald = theta[:2] @ np.linalg.solve(v[:2, :2], theta[:2])
            out |= {"e(F)": (d - 1) / (2 * d) * wald, "e(df_r)": d, "e(N_pop)": f.w.sum(), "e(N_psu)": 60, "e(N_strata)": 6}
        declare = declared + ("stset time, failure(died)\n" if name == "weibull" else "")
        cases.add(f"svy {name}", "survey_models.csv", f"{declare}{prefix}: {command}", out, 2e-7)

    with tempfile.TemporaryDirectory() as folder:
        f.to_csv(f"{folder}/survey_models.csv", index=False)
        text = subprocess.run(["Rscript", "-e", R.replace("FOLDER", folder)], capture_output=True, text=True, check=True).stdout
    said = {k: float(v) for k, v in (line.rsplit(",", 1) for line in text.split())}
    r = "R survey 4.1 (Lumley)"

    def estimates(tag, names):
        return {f"_{'b' if w == 'b' else 'se'}[{n}]": said[f"{tag}|{w}|{n}"] for n in names for w in ("b", "se")}

    declare = declared + "stset time, failure(died)\n"
    cases.add("svy stcox", "survey_models.csv", declare + "svy: stcox x z", estimates("cox", ["x", "z"]), 1e-8, r)
    cases.add("svy stcox subpop", "survey_models.csv", declare + "svy, subpop(if z == 1 | x > 0): stcox x z", estimates("coxsub", ["x", "z"]), 1e-8, r)
    cases.add("svy ivregress", "survey_models.csv", declared + "svy: ivregress 2sls y x (h = q z)", two_stage(f), 1e-8)
    cases.add("svy tabulate wald", "survey_models.csv", declared + "svy: tabulate g died, wald noadjust",
              {"e(F_Wald)": said["wald|F"], "e(df2_Wald)": said["wald|df"], "e(p_Wald)": said["wald|p"]}, 1e-8, r)
    cases.add("svy tabulate adjusted wald", "survey_models.csv", declared + "svy: tabulate g died, wald",
              {"e(F_Wald)": said["adjwald|F"], "e(df2_Wald)": said["adjwald|df"], "e(p_Wald)": said["adjwald|p"]}, 1e-8, r)
    cases.add("estat sd", "survey_models.csv", declared + "svy: mean y\nestat sd", {"el(r(sd),1,1)": said["sd|y"]}, 1e-8, r)
    two = {}
    for z in (0, 1):
        for g in (1, 2, 3):
            key = f"c.y@{z}{'bn' if z == 0 else ''}.z#{g}{'bn' if g == 1 else ''}.g"
            two[f"_b[{key}]"], two[f"_se[{key}]"] = said[f"two|b|{z}{g}"], said[f"two|se|{z}{g}"]
    cases.add("svy mean over two", "survey_models.csv", declared + "svy: mean y, over(z g)", two, 1e-8, r)
    cases.write()


if __name__ == "__main__":
    main()
