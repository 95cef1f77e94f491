"""User-written likelihoods (`ml`, `mlexp`): published Stata output (statsmodels, [R] probit, StataCorp's page on
mlexp), statsmodels, R survreg, and the closed form of normal regression."""

import io
import subprocess

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.discrete.tests.results.results_glm_logit_constrained as stata
from common import ROOT, Cases, coefficients

PROGRAMS = {
    "lfprobit": """program define lfprobit
    args lnf xb
    quietly replace `lnf' = ln(normal(`xb')) if $ML_y1 == 1
    quietly replace `lnf' = ln(normal(-`xb')) if $ML_y1 == 0
end
""",
    "d0probit": """program define d0probit
    args todo b lnf
    tempvar xb
    mleval `xb' = `b'
    mlsum `lnf' = cond($ML_y1, ln(normal(`xb')), ln(normal(-`xb')))
end
""",
    "lflogit": """program define lflogit
    args lnf xb
    tempvar lj
    generate double `lj' = invlogit(`xb') if $ML_y1 == 1
    replace `lj' = invlogit(-`xb') if $ML_y1 == 0
    replace `lnf' = ln(`lj')
end
""",
    "d0logit": """program define d0logit
    args todo b lnf g H
    tempvar xb
    mleval `xb' = `b', eq(1)
    local y "$ML_y1"
    mlsum `lnf' = `y'*ln(invlogit(`xb')) + (1-`y')*ln(invlogit(-`xb'))
end
""",
    "lf0logit": """program define lf0logit
    args todo b lnfj
    tempvar xb
    mleval `xb' = `b', eq(1)
    quietly replace `lnfj' = cond($ML_y1, ln(invlogit(`xb')), ln(invlogit(-`xb')))
end
""",
    "gflogit": """program define gflogit
    args todo b lnfj
    tempvar xb
    matrix score double `xb' = `b', eq(index)
    quietly replace `lnfj' = cond($ML_y1, ln(invlogit(`xb')), ln(invlogit(-`xb')))
end
""",
    "d2logit": """program define d2logit
    args todo b lnf g H
    tempvar xb p
    mleval `xb' = `b'
    generate double `p' = invlogit(`xb')
    mlsum `lnf' = cond($ML_y1, ln(`p'), ln(1-`p'))
    if (`todo' == 0 | `lnf' >= .) exit
    mlvecsum `lnf' `g' = $ML_y1 - `p'
    if (`todo' == 1) exit
    mlmatsum `lnf' `H' = -`p'*(1-`p')
end
""",
    "lfpoisson": """program define lfpoisson
    args lnf xb
    quietly replace `lnf' = $ML_y1*`xb' - exp(`xb') - lnfactorial($ML_y1)
end
""",
    "lfnormal": """program define lfnormal
    args lnf mu lnsigma
    quietly replace `lnf' = ln(normalden($ML_y1, `mu', exp(`lnsigma')))
end
""",
    "lfweibull": """program define lfweibull
    args lnf xb lnscale
    tempvar z
    quietly generate double `z' = (ln($ML_y1) - `xb')/exp(`lnscale')
    quietly replace `lnf' = $ML_y2*(`z' - `lnscale' - ln($ML_y1)) - exp(`z')
end
""",
}


def ml(program, model, end="ml maximize, nolog"):
    return PROGRAMS[program] + f"ml model {model}\n{end}"


def sandwich(x, score, weight, groups=None):
    """Inverse information between sums of scores; factors N/(N-1) and G/(G-1)."""
    bread = np.linalg.inv((x * weight[:, None]).T @ x)
    u = x * score[:, None]
    n = len(u)
    if groups is not None:
        u = pd.DataFrame(u).groupby(groups).sum().to_numpy()
        n = len(u)
    return np.sqrt(np.diag(bread @ (u.T @ u) @ bread) * n / (n - 1)), u


def binary(cases):
    d = pd.read_csv(ROOT / "data/lbw.csv")
    names = ["age", "lwt", "smoke", "_cons"]
    x = np.column_stack([d.age, d.lwt, d.smoke, np.ones(len(d))]).astype(float)
    y = d.low.to_numpy(float)
    logit = sm.Logit(y, x).fit(disp=0, tol=1e-14, maxiter=100)
    p = logit.predict()
    show = lambda b, s, prefix="index": {f"_b[{prefix}:{n}]": v for n, v in zip(names, b)} | {
        f"_se[{prefix}:{n}]": v for n, v in zip(names, s)
    }
    wald = float(np.squeeze(logit.wald_test(np.eye(4)[:3], use_f=False, scalar=False).statistic))
    extra = {"e(ll)": logit.llf, "e(chi2)": wald, "e(df_m)": 3, "e(N)": len(d), "e(rank)": 4, "e(k_eq)": 1}
    for program, method in [("lflogit", "lf"), ("d0logit", "d0"), ("lf0logit", "lf0"), ("gflogit", "lf0"), ("d2logit", "d2")]:
        line = f"{method} {program} (index: low = age lwt smoke)"
        cases.add(f"ml {method} {program}", "lbw.csv", ml(program, line), show(logit.params, logit.bse) | extra, 1e-6)
    robust, u = sandwich(x, y - p, p * (1 - p))
    cases.add("ml logit robust", "lbw.csv", ml("lflogit", "lf lflogit (index: low = age lwt smoke), vce(robust)"), show(logit.params, robust), 1e-6)
    cases.add("ml lf0 robust", "lbw.csv", ml("lf0logit", "lf0 lf0logit (index: low = age lwt smoke), vce(robust)"), show(logit.params, robust), 1e-6)
    cluster, _ = sandwich(x, y - p, p * (1 - p), d.race.to_numpy())
    cases.add("ml logit cluster", "lbw.csv", ml("lflogit", "lf lflogit (index: low = age lwt smoke), vce(cluster race)"), show(logit.params, cluster) | {"e(N_clust)": 3}, 1e-6)
    opg = np.sqrt(np.diag(np.linalg.inv(u.T @ u)))
    cases.add("ml logit opg", "lbw.csv", ml("lflogit", "lf lflogit (index: low = age lwt smoke), vce(opg)"), show(logit.params, opg), 1e-6)
    w = 1 + np.arange(len(d)) % 3
    weighted = sm.GLM(y, x, family=sm.families.Binomial(), freq_weights=w).fit(tol=1e-14)
    make = "generate w = 1 + mod(_n-1, 3)\n"
    line = "lf lflogit (index: low = age lwt smoke) [fweight=w]"
    cases.add("ml logit fweight", "lbw.csv", make + ml("lflogit", line), show(weighted.params, weighted.bse) | {"e(N)": w.sum(), "e(ll)": weighted.llf}, 1e-6)
    line = "d0 d0logit (index: low = age lwt smoke) [fweight=w]"
    cases.add("ml d0 fweight", "lbw.csv", make + ml("d0logit", line), show(weighted.params, weighted.bse) | {"e(N)": w.sum()}, 1e-6)
    pw = weighted.predict()
    pweight, _ = sandwich(x, w * (y - pw), w * pw * (1 - pw))
    line = "lf lflogit (index: low = age lwt smoke) [pweight=w]"
    cases.add("ml logit pweight", "lbw.csv", make + ml("lflogit", line), show(weighted.params, pweight), 1e-6)
    part = d.smoke == 1
    some = sm.Logit(y[part], x[part][:, [0, 1, 3]]).fit(disp=0, tol=1e-14)
    expect = {"_b[eq1:age]": some.params[0], "_se[eq1:lwt]": some.bse[1], "e(N)": part.sum(), "_N": len(d)}
    cases.add("ml logit if", "lbw.csv", ml("lflogit", "lf lflogit (low = age lwt) if smoke == 1"), expect, 1e-6)
    probit = sm.Probit(y, x).fit(disp=0, tol=1e-14)
    for method, program in [("lf", "lfprobit"), ("d0", "d0probit")]:
        line = f"{method} {program} (index: low = age lwt smoke)"
        after = "ml maximize, nolog\npredict double xb\npredict double xb2, equation(index)\ntest age lwt\nlincom age + lwt"
        expect = show(probit.params, probit.bse) | {"xb[1]": x[0] @ probit.params, "xb2[5]": x[4] @ probit.params}
        expect["r(estimate)"] = probit.params[0] + probit.params[1]
        cases.add(f"ml probit {method}", "lbw.csv", ml(program, line, after), expect, 1e-6)


def counts(cases):
    d = pd.read_csv(ROOT / "data/ships.csv").dropna()
    d = d[d.service > 0]
    x = np.column_stack([d.op_75_79, d.yr_con, np.ones(len(d))]).astype(float)
    y = d.accident.to_numpy(float)
    fit = sm.GLM(y, x, family=sm.families.Poisson(), exposure=d.service.to_numpy(float)).fit(tol=1e-14)
    names = ["op_75_79", "yr_con", "_cons"]
    expect = {f"_b[xb:{n}]": b for n, b in zip(names, fit.params)} | {f"_se[xb:{n}]": s for n, s in zip(names, fit.bse)}
    line = "lf lfpoisson (xb: accident = op_75_79 yr_con, exposure(service)) if service > 0"
    cases.add("ml poisson exposure", "ships.csv", ml("lfpoisson", line), expect | {"e(ll)": fit.llf}, 1e-6)


def normal(cases):
    d = pd.read_csv(ROOT / "data/cars.csv")
    d = d[["price", "mpg", "weight"]].dropna()
    x = np.column_stack([d.mpg, d.weight, np.ones(len(d))])
    y = d.price.to_numpy(float)
    n = len(y)
    b = np.linalg.lstsq(x, y, rcond=None)[0]
    s2 = float(((y - x @ b) ** 2).mean())
    se = np.sqrt(s2 * np.diag(np.linalg.inv(x.T @ x)))
    names = ["mpg", "weight", "_cons"]
    expect = {f"_b[mu:{m}]": v for m, v in zip(names, b)} | {f"_se[mu:{m}]": v for m, v in zip(names, se)}
    expect |= {"e(ll)": -n / 2 * (np.log(2 * np.pi * s2) + 1)}
    slash = {"_b[/lnsigma]": np.log(s2) / 2, "_se[/lnsigma]": 1 / np.sqrt(2 * n)}
    cases.add("ml normal /lnsigma", "cars.csv", ml("lfnormal", "lf lfnormal (mu: price = mpg weight) /lnsigma"), expect | slash | {"e(k_aux)": 1, "e(k_eq)": 2}, 1e-6)
    own = {"_b[lnsigma:_cons]": np.log(s2) / 2, "_se[lnsigma:_cons]": 1 / np.sqrt(2 * n)}
    after = "ml maximize, nolog\nnlcom (sigma: exp([lnsigma]_cons)), post"
    cases.add("ml normal (lnsigma:)", "cars.csv", ml("lfnormal", "lf lfnormal (mu: price = mpg weight) (lnsigma:)"), expect | own, 1e-6)
    sigma = {"_b[sigma]": np.sqrt(s2), "_se[sigma]": np.sqrt(s2 / (2 * n))}
    cases.add("ml normal nlcom", "cars.csv", ml("lfnormal", "lf lfnormal (mu: price = mpg weight) (lnsigma:)", after), sigma, 1e-6)
    init = "ml init mu:_cons=1000 /lnsigma=9\nml maximize, nolog search(off)"
    cases.add("ml init", "cars.csv", ml("lfnormal", "lf lfnormal (mu: price = mpg weight) /lnsigma", init), expect | slash, 1e-6)


WEIBULL = r"""
suppressMessages(library(survival)); options(digits=17); d <- read.csv("FILE")
m <- survreg(Surv(time, status) ~ karno + age + prior, data=d, dist="weibull", control=survreg.control(rel.tolerance=1e-14, maxiter=100))
cat(c(coef(m), log(m$scale), sqrt(diag(vcov(m))), m$loglik[2]), sep="\n")
"""


def weibull(cases):
    text = WEIBULL.replace("FILE", str(ROOT / "data/veteran.csv"))
    out = subprocess.run(["Rscript", "-e", text], capture_output=True, text=True, check=True).stdout
    v = [float(t) for t in io.StringIO(out).read().split()]
    names = ["xb:_cons", "xb:karno", "xb:age", "xb:prior", "/lnscale"]
    expect = {f"_b[{n}]": v[i] for i, n in enumerate(names)} | {f"_se[{n}]": v[5 + i] for i, n in enumerate(names)}
    line = "lf lfweibull (xb: time status = karno age prior) /lnscale"
    cases.add("ml weibull", "veteran.csv", ml("lfweibull", line), expect | {"e(ll)": v[10], "e(k_dv)": 2}, 1e-6, "R survival::survreg")


def published(cases):
    names = ["gpa", "tuce", "psi", "_cons"]
    for name, found, option in [
        ("none", stata.results_noconstraint, ""),
        ("robust", stata.results_noconstraint_robust, ", vce(robust)"),
        ("gpa = 2.8", stata.results_constraint1, ", constraints(1)"),
        ("gpa = psi", stata.results_constraint2, ", constraints(2)"),
        ("gpa = psi robust", stata.results_constraint2_robust, ", constraints(2) vce(robust)"),
    ]:
        table = found.params_table
        expect = {f"_b[eq1:{n}]": table[i, 0] for i, n in enumerate(names) if np.isfinite(table[i, 1])}
        expect |= {f"_se[eq1:{n}]": table[i, 1] for i, n in enumerate(names) if np.isfinite(table[i, 1])}
        do = CONSTRAINTS + ml("lflogit", "lf lflogit (grade = gpa tuce psi)" + option)
        cases.add(f"ml logit Stata {name}", "spector.csv", do, expect, 1e-6, "Stata output in statsmodels")
    probit = {"_b[eq1:mpg]": -0.1039503, "_se[eq1:mpg]": 0.0515689, "_b[eq1:weight]": -0.0023355, "_se[eq1:weight]": 0.0005661,
              "_b[eq1:_cons]": 8.275464, "_se[eq1:_cons]": 2.554142, "e(ll)": -26.844189}
    cases.add("ml probit auto", "cars.csv", ml("lfprobit", "lf lfprobit (foreign = mpg weight)"), probit, 1e-4, "[R] probit, example 1")
    shown = {"_b[xb:mpg]": 0.1404876, "_se[xb:mpg]": 0.0373599, "_b[xb:price]": 0.0001571, "_se[xb:price]": 0.0000641,
             "_b[/b0]": -4.592058, "_se[/b0]": 1.115921, "e(ll)": -36.266068, "e(N)": 74}
    do = "mlexp (cond(foreign==1, ln(normal({xb:mpg price} + {b0})), ln(normal(-1*({xb:} + {b0})))))"
    cases.add("mlexp probit auto", "cars.csv", do, shown, 4e-4, "StataCorp, Maximum likelihood estimation without programming")


CONSTRAINTS = "constraint 1 gpa = 2.8\nconstraint 2 gpa = psi\n"


def main():
    cases = Cases("likelihood", "published Stata output; statsmodels; R survival")
    binary(cases)
    counts(cases)
    normal(cases)
    weibull(cases)
    published(cases)
    cases.write()


if __name__ == "__main__":
    main()
