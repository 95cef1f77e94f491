"""What do-files of practice ask for: survey models, runs, sizes of survival studies, influence in Cox models, factors at a bound."""

import math
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
from common import ROOT, Cases
from numeric import maximise
from scipy.optimize import minimize
from scipy.special import gammaln
from scipy.stats import norm


def from_r():
    """Numbers of practice.R by name."""
    script = Path(__file__).with_name("practice.R")
    lines = subprocess.run(["Rscript", str(script)], check=True, capture_output=True, text=True).stdout.splitlines()
    return {line.split()[0]: float(line.split()[1]) for line in lines}


def linearised(information, scores, weights, strata):
    """Covariance for rows drawn independently within strata: [SVY] Variance estimation."""
    bread = np.linalg.inv(information)
    z = scores * weights[:, None] @ bread
    v = np.zeros_like(bread)
    for h in np.unique(strata):
        part = z[strata == h]
        part = part - part.mean(axis=0)
        v += len(part) / (len(part) - 1) * part.T @ part
    return v


def survey_models(cases, r):
    data = pd.read_csv(ROOT / "data" / "schoolstrat.csv")
    do = "svyset [pweight = pw], strata(st)\ngenerate level = 1 + (meals > 25) + (meals > 60)\n"
    expect = {"_b[/cut1]": r["ologit_cut1"], "_se[/cut1]": r["ologit_se_cut1"], "e(df_r)": 197, "e(N_strata)": 3}
    for name in ("ell", "mobility"):
        expect |= {f"_b[{name}]": r[f"ologit_b_{name}"], f"_se[{name}]": r[f"ologit_se_{name}"]}
    cases.add("svy ologit", "schoolstrat.csv", do + "svy: ologit level ell mobility", expect, 2e-4, "R survey svyolr")
    w, st, n = data["pw"].to_numpy(), data["st"].to_numpy(), len(data)
    level = (1 + (data["meals"] > 25) + (data["meals"] > 60)).to_numpy()
    x = data[["ell", "mobility"]].to_numpy(float) / 10

    def ordered_probit(t):
        cuts = np.array([-np.inf, t[2], t[3], np.inf])
        return np.log(norm.cdf(cuts[level] - x @ t[:2]) - norm.cdf(cuts[level - 1] - x @ t[:2]))

    # the standard error of svyolr rests on a Hessian by differences and agrees to three digits only
    theta, _, information, scores = maximise(ordered_probit, np.array([0.6, 0.2, 0.8, 2.0]), w)
    se = np.sqrt(np.diag(linearised(information, scores, w, st)))
    assert abs(theta[0] / 10 - r["oprobit_b_ell"]) < 1e-4 and abs(se[0] / 10 / r["oprobit_se_ell"] - 1) < 1e-3
    expect = {"_b[ell]": theta[0] / 10, "_se[ell]": se[0] / 10, "_b[/cut2]": theta[3], "_se[/cut2]": se[3]}
    cases.add("svy oprobit", "schoolstrat.csv", do + "svy: oprobit level ell mobility", expect, 1e-6, "numpy, R survey svyolr")
    expect = {f"_b[{t}]": r[f"glm_b_{n}"] for t, n in (("ell", "ell"), ("meals", "meals"), ("_cons", "(Intercept)"))}
    x = np.column_stack([data["ell"], data["meals"], np.ones(n)])
    y = data["api00"].to_numpy(float)
    # the Gamma family with a log link and dispersion one: the observed information, as svy: glm
    theta, _, information, scores = maximise(lambda b: -(x @ b) - y * np.exp(-(x @ b)), np.array([0.0, 0.0, 6.5]), w)
    se = np.sqrt(np.diag(linearised(information, scores, w, st)))
    assert abs(theta[0] - r["glm_b_ell"]) < 1e-7
    expect |= {f"_se[{t}]": s for t, s in zip(("ell", "meals", "_cons"), se)}
    cases.add("svy glm", "schoolstrat.csv", do + "svy: glm api00 ell meals, family(gamma) link(log)", expect, 2e-5, "R survey svyglm, numpy")

    count = data["mobility"].to_numpy(float)
    x = np.column_stack([data["ell"], data["meals"], np.ones(n)]) / [10, 10, 1]

    def negative_binomial(t):
        mu, m = np.exp(x @ t[:3]), np.exp(-t[3])
        return gammaln(m + count) - gammaln(count + 1) - gammaln(m) + m * np.log(m / (m + mu)) + count * np.log(mu / (m + mu))

    theta, _, information, scores = maximise(negative_binomial, np.array([0.0, 0.0, np.log(count.mean()), -1.0]), w)
    se = np.sqrt(np.diag(linearised(information, scores, w, st)))
    expect = {"_b[ell]": theta[0] / 10, "_se[ell]": se[0] / 10, "_b[_cons]": theta[2], "_b[/lnalpha]": theta[3], "_se[/lnalpha]": se[3]}
    cases.add("svy nbreg", "schoolstrat.csv", do + "svy: nbreg mobility ell meals", expect, 1e-5, "numpy")

    x = np.column_stack([data["ell"] / 10, np.ones(n)])

    def multinomial(t):
        index = np.column_stack([np.zeros(n), x @ t[:2], x @ t[2:]])
        return index[np.arange(n), level - 1] - np.log(np.exp(index).sum(axis=1))

    theta, _, information, scores = maximise(multinomial, np.zeros(4), w)
    se = np.sqrt(np.diag(linearised(information, scores, w, st)))
    expect = {"[2]_b[ell]": theta[0] / 10, "[3]_b[_cons]": theta[3], "[2]_se[ell]": se[0] / 10, "[3]_se[ell]": se[2] / 10, "e(baseout)": 1}
    cases.add("svy mlogit", "schoolstrat.csv", do + "svy: mlogit level ell, baseoutcome(1)", expect, 1e-5, "numpy")

    clusters = pd.read_csv(ROOT / "data" / "schoolclus.csv")
    per = clusters.groupby("dnum").size()
    do = "svyset dnum [pweight = pw]\nreplace api99 = . in 1/3\nsvydescribe api99, generate(alone)\nsummarize alone"
    cases.add("svydescribe", "schoolclus.csv", do, {"r(max)": 0, "r(N)": len(clusters)}, 1e-12, "pandas")
    do = "svyset dnum [pweight = pw]\nsvydescribe"
    cases.add("svydescribe sizes", "schoolclus.csv", do, {"r(N)": len(clusters), "r(N_units)": len(per), "r(N_strata)": 1}, 1e-12, "pandas")


def runs(cases):
    from statsmodels.sandbox.stats.runs import runstest_1samp

    data = pd.read_csv(ROOT / "data" / "schoolstrat.csv")
    z, p = runstest_1samp(data["api00"].to_numpy(float), cutoff=data["api00"].mean(), correction=False)
    cases.add("runtest", "schoolstrat.csv", "runtest api00, mean", {"r(z)": z, "r(p)": p}, 1e-8, "statsmodels runstest_1samp")
    above = (data["api00"] > 700).to_numpy()
    count, n1, n = 1 + (above[1:] != above[:-1]).sum(), above.sum(), len(above)
    mean = 2 * n1 * (n - n1) / n + 1
    variance = (mean - 1) * (mean - 2) / (n - 1)
    z = (count - mean + 0.5 * (1 if count < mean else -1)) / math.sqrt(variance)
    do = "runtest api00, threshold(700) continuity"
    cases.add("runtest threshold", "schoolstrat.csv", do, {"r(n_runs)": count, "r(mean)": mean, "r(Var)": variance, "r(z)": z, "r(N_above)": n1}, 1e-9, "[R] runtest, methods and formulas")


def sizes(cases):
    data, z = "heart.csv", norm.ppf(0.975) + norm.ppf(0.8)
    ratio = math.log(0.7) / math.log(0.5)
    events = (z * (1 + ratio) / (1 - ratio)) ** 2
    n1 = math.ceil(events / 0.4 / 2)
    expect = {"r(hratio)": ratio, "r(E)": math.ceil(events), "r(N1)": n1, "r(N)": 2 * n1, "r(Pr_E)": 0.4}
    cases.add("power logrank", data, "power logrank .5 .7", expect, 1e-9, "Freedman (1982)")
    events = (z * 3 / math.sqrt(2) / math.log(0.6)) ** 2
    expect = {"r(E)": math.ceil(events), "r(N1)": math.ceil(events / 3), "r(N2)": math.ceil(2 * events / 3)}
    cases.add("power logrank schoenfeld", data, "power logrank, hratio(.6) schoenfeld nratio(2)", expect, 1e-9, "Schoenfeld (1981)")
    power = norm.cdf(math.sqrt(300 * 0.9 * 0.4) * (1 - ratio) / (1 + ratio) - norm.ppf(0.975))
    cases.add("power logrank power", data, "power logrank .5 .7, n(300) wdprob(.1)", {"r(power)": power}, 1e-9, "Freedman (1982)")
    do = "power cox 1, sd(.3126) r2(.1837) failprob(.738) onesided"
    cases.add("power cox", data, do, {"r(N)": 106, "r(E)": 78}, 1e-9, "Hsieh and Lavori (2000), multiple myeloma")
    cases.add("power cox power", data, "power cox, hratio(.5) n(80)", {"r(power)": norm.cdf(math.sqrt(80) * 0.5 * math.log(2) - norm.ppf(0.975))}, 1e-9, "Hsieh and Lavori (2000)")

    def correlation(n, a, b):
        shift = abs(math.atanh(b) + b / (2 * (n - 1)) - math.atanh(a) - a / (2 * (n - 1))) * math.sqrt(n - 3)
        return norm.cdf(shift - norm.ppf(0.975)) + norm.cdf(-norm.ppf(0.975) - shift)

    n = next(n for n in range(4, 1000) if correlation(n, 0.2, 0.5) >= 0.8)
    cases.add("power onecorrelation", data, "power onecorrelation .2 .5", {"r(N)": n, "r(power)": correlation(n, 0.2, 0.5)}, 1e-9, "[PSS-2] power onecorrelation, methods and formulas")


def cox(cases, r):
    st = "stset stop, id(id) failure(event) time0(start)\nstcox age year surgery\n"
    do = st + "predict double (s1 s2 s3), esr\npredict double (c1 c2 c3), dfbeta\npredict double ld, ldisplace\npredict double lm, lmax\n"
    do = do.replace("(s1 s2 s3)", "s*").replace("(c1 c2 c3)", "c*")
    do += "".join(f"summarize {v} if id == {i}\nscalar {v}_{i} = r(mean)\n" for i in (4, 10) for v in ("s1", "s2", "s3", "c1", "c2", "c3", "ld", "lm"))
    do += "count if !missing(ld)"
    expect = {"r(N)": pd.read_csv(ROOT / "data" / "heart.csv")["id"].nunique()}
    for i in (4, 10):
        for j in (1, 2, 3):
            expect |= {f"s{j}_{i}": r[f"esr_{i}_{j}"], f"c{j}_{i}": r[f"dfbeta_{i}_{j}"]}
        expect |= {f"ld_{i}": r[f"ld_{i}"], f"lm_{i}": r[f"lmax_{i}"]}
    cases.add("stcox influence", "heart.csv", do, expect, 1e-6, "R survival")


def factors(cases):
    adults = pd.read_csv(ROOT.parents[3] / "assets/stata_do_library/datasets/adults.csv")
    names = ["age", "schooling", "income", "health"]
    rows = adults[names].dropna()
    rows.round(4).to_csv(ROOT / "data" / "at_bound.csv", index=False)
    r = np.corrcoef(rows.to_numpy().T)

    def discrepancy(x):
        psi = np.exp(x)
        values = np.linalg.eigvalsh(r / np.sqrt(np.outer(psi, psi)))[::-1][1:]
        return (values - np.log(values) - 1).sum()

    bounds = [(math.log(1e-6), 0.5)] * 4
    starts = [np.log(s * np.ones(4)) for s in (0.5, 0.1, 0.9)]
    fits = [minimize(discrepancy, s, method="L-BFGS-B", bounds=bounds, options={"maxiter": 10000, "ftol": 1e-16, "gtol": 1e-11}) for s in starts]
    best = min(fits, key=lambda f: f.fun)
    n, correction = len(rows), len(rows) - 1 - 13 / 6 - 2 / 3
    do = "factor age schooling income health, ml factors(1)\nmatrix P = e(Psi)"
    expect = {"e(chi2_1)": correction * best.fun, "e(N)": n} | {f"P[1,{j + 1}]": math.exp(best.x[j]) for j in range(4) if math.exp(best.x[j]) > 1e-3}
    cases.add("factor ml at a bound", "at_bound.csv", do, expect, 2e-4, "scipy L-BFGS-B")


def small(cases):
    households = pd.read_csv(ROOT / "data" / "households.csv")
    do = 'label define where 1 "north" 2 "south"\ncount if city == "north":where & transport > 1\nscalar none = "east":where'
    n = ((households["city"] == 1) & (households["transport"] > 1)).sum()
    cases.add("value of a label", "households.csv", do, {"r(N)": n, "missing(none)": 1}, 1e-12, "pandas")
    means = households.groupby("works")["spending"].mean()
    do = "regress spending i.works\nmargins works, saving(m, replace)\nuse m, clear"
    expect = {"_N": 2, "_margin[1]": means[0], "_margin[2]": means[1], "_m1[2]": 1, "(_ci_ub[1] + _ci_lb[1]) / 2": means[0]}
    cases.add("margins saving", "households.csv", do, expect, 1e-9, "pandas")
    do = "melogit pass x || school:\nestat icc\nscalar v = _b[/var(_cons[school])]\nscalar se = _se[/var(_cons[school])]\nscalar w = _pi^2 / 3"
    cases.add("estat icc melogit", "pupils.csv", do, {"r(icc2) - v / (v + w)": 0, "r(se2) - w / (v + w)^2 * se": 0}, 1e-9, "[ME] estat icc, delta method")


def main():
    cases = Cases("practice", "R survey and survival, statsmodels, scipy, numpy, methods and formulas of the manuals")
    r = from_r()
    survey_models(cases, r)
    runs(cases)
    sizes(cases)
    cox(cases, r)
    factors(cases)
    small(cases)
    cases.write()


if __name__ == "__main__":
    main()
