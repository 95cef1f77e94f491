"""Limited outcomes and generalised linear models: Stata output stored in statsmodels, R survival, scipy."""

import importlib
import os
import subprocess
import tempfile

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
from common import Cases, write_data
from numeric import maximise, robust
from scipy import stats
from scipy.special import log_ndtr

SM = os.path.dirname(statsmodels.__file__)


def expect_table(names, b, se, tail=()):
    """`_b` and `_se` by name, and further expressions."""
    out = {f"_b[{n}]": v for n, v in zip(names, b)} | {f"_se[{n}]": v for n, v in zip(names, se)}
    return out | dict(tail)


def glm_weights(cases):
    """The twelve Poisson models with weights and covariances."""
    module = importlib.import_module("statsmodels.genmod.tests.results.results_glm_poisson_weights")
    for attribute in dir(module):
        if not attribute.startswith("results_poisson_"):
            continue
        bunch = getattr(module, attribute)
        table = np.asarray(bunch.params_table)
        expect = expect_table([n.lower() for n in bunch.params_table_rownames], table[:, 0], table[:, 1])
        for name in ("ll", "deviance", "deviance_p", "bic", "aic", "N", "df", "chi2", "phi"):
            if name in bunch and not (name == "chi2" and "aweight_nonrobust" in attribute):
                expect[f"e({name})"] = bunch[name]
        cases.add("glm " + attribute, "cpunish.csv", bunch.cmdline.lower(), expect, 1e-6, f"results_glm_poisson_weights.{attribute}")


def glm_links(cases):
    """Families and links with the digits that the source prints."""
    module = importlib.import_module("statsmodels.genmod.tests.results.results_glm")
    results = f"{SM}/genmod/tests/results"
    lbw = pd.read_csv(f"{results}/stata_lbw_glm.csv")
    lbw["race"] = lbw["race"].map({"white": 1, "black": 2, "other": 3})
    write_data("lbw", lbw)
    cancer = pd.read_csv(f"{results}/stata_cancer_glm.csv")
    write_data("cancer", cancer)
    medpar = pd.read_csv(f"{results}/stata_medpar1_glm.csv")
    medpar["type1"] = (medpar["admitype"] == "type1|1").astype(int) if (medpar["admitype"] == "type1|1").any() else (medpar["admitype"] != "type1|2").astype(int)
    write_data("medpar", medpar[["los", "type1", "codes"]])
    scot = sm.datasets.scotland.load_pandas()
    frame = pd.concat([scot.endog.rename("yes"), scot.exog], axis=1)
    frame.columns = [c.lower() for c in frame.columns]
    write_data("scotland", frame)
    fits = [
        ("Lbw", "lbw.csv", "glm low age lwt i.race smoke ptl ht ui, family(binomial)", 1e-8),
        ("CancerLog", "cancer.csv", "glm studytime age i.drug, family(gamma) link(log)", 1e-6),
        ("InvGaussLog", "medpar.csv", "glm los type1 codes, family(igaussian) link(log)", 1e-5),
        ("InvGaussIdentity", "medpar.csv", "glm los type1 codes, family(igaussian) link(identity)", 1e-5),
        ("Scotvote", "scotland.csv", "glm yes " + " ".join(frame.columns[1:]) + ", family(gamma)", 1e-5),
    ]
    for name, data, command, digits in fits:
        r = getattr(module, name)()
        # coefficients there are R's (expected information, fewer digits): the likelihood and its relatives are Stata's
        llf = getattr(r, "llf_stata", r.llf)
        expect = {"e(deviance)": r.deviance, "e(ll)": llf, "e(aic)": r.aic_Stata, "e(bic)": r.bic_Stata}
        cases.add(f"glm {name}", data, command, expect, digits, f"results_glm.{name}, Stata where so named there")


def docvis():
    """Doctor visits of the count tests in statsmodels."""
    data = pd.read_csv(f"{SM}/sandbox/regression/tests/racd10data_with_transformed.csv")
    frame = data[["docvis", "private", "medicaid", "aget", "aget2", "educyr", "actlim", "totchr", "income", "incomet", "ssiratio"]]
    write_data("docvis", frame)
    return frame


def counts(cases):
    """Zero-inflated and truncated counts."""
    docvis()
    r = importlib.import_module("statsmodels.discrete.tests.results.results_predict").results_zinb_docvis
    table = np.asarray(r.params_table)
    x = ["private", "medicaid", "aget", "aget2", "educyr", "actlim", "totchr", "_cons"]
    expect = {f"[docvis]_b[{n}]": v for n, v in zip(x, table[:8, 0])} | {f"[docvis]_se[{n}]": v for n, v in zip(x, table[:8, 1])}
    expect |= {"[inflate]_b[aget]": table[8, 0], "[inflate]_se[aget]": table[8, 1], "[inflate]_b[_cons]": table[9, 0]}
    expect |= {"e(ll)": r.ll, "e(N)": r.N, "e(ll_0)": r.ll_0, "e(chi2)": r.chi2}
    likelihood = {k: v for k, v in expect.items() if k.startswith("e(")}
    cases.add("zinb likelihood", "docvis.csv", r.cmdline, likelihood, 1e-7, "results_predict.results_zinb_docvis")
    # the search of the source stopped early: its estimates have four to five digits; zinb_by_scipy has all of them
    estimates = {k: v for k, v in expect.items() if "[docvis]_b[" in k}
    cases.add("zinb", "docvis.csv", r.cmdline, estimates, 1e-4, "results_predict.results_zinb_docvis")
    st = importlib.import_module("statsmodels.discrete.tests.results.results_truncated_st")
    for name in ("results_trunc_poisson", "results_trunc_negbin", "results_trunc_poisson1", "results_trunc_negbin1"):
        r = getattr(st, name)
        table = np.asarray(r.params_table)
        expect = expect_table(["aget", "totchr", "_cons"], table[:3, 0], table[:3, 1])
        # the null models of the source stopped early (a higher likelihood exists), so ll_0 is left out
        expect |= {"e(ll)": r.ll, "e(N)": r.N}
        if "alpha" in r:
            expect["e(alpha)"] = r.alpha
        if name == "results_trunc_negbin1":
            expect = {k: v for k, v in expect.items() if "_se" not in k}
        cases.add(name, "docvis.csv", r.cmdline, expect, 2e-6, f"results_truncated_st.{name}")
        for kind, command in (("margins_cm", "margins, predict(cm)"), ("margins_means", "margins, predict(n)")):
            t = np.asarray(getattr(r, kind).table)
            if kind == "margins_cm":
                cases.add(f"{name} {kind}", "docvis.csv", f"{r.cmdline}\n{command}\nmatrix m = r(table)", {"m[1,1]": t[0], "m[2,1]": t[1]}, 2e-6, f"results_truncated_st.{name}.{kind}")


def gamma_links(cases):
    """Gamma and inverse Gaussian models with the observed information, by scipy."""
    data = pd.read_csv(f"{SM}/genmod/tests/results/stata_cancer_glm.csv")
    y = data["studytime"].to_numpy(float)
    x = np.column_stack([data["age"], data["drug"] == 2, data["drug"] == 3, np.ones(len(y))]).astype(float)
    names = ("age", "2.drug", "3.drug", "_cons")
    for label, mean in (("link(log)", np.exp), ("link(identity)", lambda v: v), ("", lambda v: 1 / v)):
        # parameters of the reciprocal are tiny: the differences are taken on a scale of one
        unit = 1e-3 if label == "" else 1.0

        def rows(t):
            mu = mean(x @ t * unit)
            return np.where(mu > 0, -y / np.abs(mu) - np.log(np.abs(mu)), -1e6)
        link = {"link(log)": sm.families.links.Log(), "link(identity)": sm.families.links.Identity(), "": sm.families.links.InversePower()}[label]
        start = sm.GLM(y, x, sm.families.Gamma(link)).fit(maxiter=200, tol=1e-12).params / unit
        theta, ll, information, scores = maximise(rows, start, steps=40)
        mu = mean(x @ theta * unit)
        if label == "":
            # canonical link: information and scores in closed form
            v = x * unit
            information, scores = (v * mu[:, None] ** 2).T @ v, (mu - y)[:, None] * v
        phi = (((y - mu) / mu) ** 2).sum() / (len(y) - 4)
        for vce, cov in (("", phi * np.linalg.inv(information)), (" vce(robust)", robust(information, scores))):
            expect = expect_table(names, theta * unit, np.sqrt(np.diag(cov)) * unit) | {"e(ll)": ll, "e(phi)": phi}
            cases.add(f"glm gamma {label}{vce}", "cancer.csv", f"glm studytime age i.drug, family(gamma) {label}{vce}", expect, 1e-6, "scipy maximum likelihood")


def negative_binomials(cases):
    """Zero-inflated and truncated negative binomials to all digits, by scipy."""
    from scipy.special import expit, gammaln
    data = docvis()

    def nb(y, eta, lna):
        m = np.exp(-lna)
        return gammaln(y + m) - gammaln(m) - gammaln(y + 1) + m * np.log(m / (m + np.exp(eta))) + y * (eta - np.log(m + np.exp(eta)))

    y = data["docvis"].to_numpy(float)
    x = np.column_stack([data[["private", "totchr"]], np.ones(len(y))])
    z = np.column_stack([data["aget"], np.ones(len(y))])

    def rows(t):
        p, count = expit(z @ t[3:5]), nb(y, x @ t[:3], t[5])
        return np.where(y == 0, np.log(p + (1 - p) * np.exp(count)), np.log1p(-p) + count)

    theta, ll, information, _ = maximise(rows, [0.2, 0.3, 1.0, -0.5, -4, -0.4], steps=40)
    se = np.sqrt(np.diag(np.linalg.inv(information)))
    expect = {f"[docvis]_b[{n}]": v for n, v in zip(("private", "totchr", "_cons"), theta)} | {f"[docvis]_se[{n}]": v for n, v in zip(("private", "totchr", "_cons"), se)}
    expect |= {"[inflate]_b[aget]": theta[3], "[inflate]_se[aget]": se[3], "_b[/lnalpha]": theta[5], "_se[/lnalpha]": se[5], "e(ll)": ll}
    cases.add("zinb_by_scipy", "docvis.csv", "zinb docvis private totchr, inflate(aget)", expect, 2e-5, "scipy maximum likelihood; the likelihood is flat in the inflation, which limits differences")
    some = data[data["docvis"] > 1]
    y = some["docvis"].to_numpy(float)
    x = np.column_stack([some[["aget", "totchr"]], np.ones(len(y))])

    def above(t):
        eta = x @ t[:3]
        return nb(y, eta, t[3]) - np.log(1 - np.exp(nb(0.0, eta, t[3])) - np.exp(nb(1.0, eta, t[3])))

    theta, ll, information, _ = maximise(above, [0.1, 0.2, 1.3, -0.5], steps=40)
    se = np.sqrt(np.diag(np.linalg.inv(information)))
    expect = expect_table(("aget", "totchr", "_cons"), theta, se) | {"_se[/lnalpha]": se[3], "e(ll)": ll}
    cases.add("tnbreg_by_scipy", "docvis.csv", "tnbreg docvis aget totchr if docvis > 1, ll(1)", expect, 2e-6, "scipy maximum likelihood")


def zip_case(cases):
    """Zero-inflated Poisson, logit and probit, by scipy."""
    data = docvis()
    y = data["docvis"].to_numpy(float)
    x = np.column_stack([data[["private", "totchr"]], np.ones(len(y))])
    z = np.column_stack([data["aget"], np.ones(len(y))])
    from scipy.special import expit, gammaln
    for option, share in (("", expit), (" probit", stats.norm.cdf)):
        def rows(t):
            eta, p = x @ t[:3], share(z @ t[3:])
            count = y * eta - np.exp(eta) - gammaln(y + 1)
            return np.where(y == 0, np.log(p + (1 - p) * np.exp(count)), np.log1p(-p) + count)
        theta, ll, information, scores = maximise(rows, [0.1, 0.1, 1.5, 0, -1.5])
        for vce, cov in (("", np.linalg.inv(information)), (" vce(robust)", robust(information, scores))):
            se = np.sqrt(np.diag(cov))
            expect = {f"[docvis]_b[{n}]": v for n, v in zip(("private", "totchr", "_cons"), theta)}
            expect |= {f"[docvis]_se[{n}]": v for n, v in zip(("private", "totchr", "_cons"), se)}
            expect |= {"[inflate]_b[aget]": theta[3], "[inflate]_se[aget]": se[3], "[inflate]_se[_cons]": se[4], "e(ll)": ll}
            cases.add(f"zip{option}{vce}", "docvis.csv", f"zip docvis private totchr, inflate(aget){option}{vce}", expect, 1e-6, "scipy maximum likelihood")


R = """
library(survival)
d <- read.csv("DATA")
out <- function(name, f) { v <- f$var; cat(name, format(c(coef(f), log(f$scale), sqrt(diag(v)), f$loglik), digits = 17), "\\n") }
options(survreg.dummy = 1)
ctl <- survreg.control(rel.tolerance = 1e-14, maxiter = 200)
d$t <- pmax(d$spending, 0)
out("tobit", survreg(Surv(t, t > 0, type = "left") ~ income + age + children, data = d, dist = "gaussian", control = ctl))
out("tobitw", survreg(Surv(t, t > 0, type = "left") ~ income + age + children, data = d, weights = w, dist = "gaussian", control = ctl))
d$u <- pmin(d$spending, 100); d$lo <- ifelse(d$spending <= 0, NA, d$u); d$hi <- ifelse(d$spending >= 100, NA, d$u)
d$hi[d$spending <= 0] <- 0
out("tobit2", survreg(Surv(lo, hi, type = "interval2") ~ income + age + children, data = d, dist = "gaussian", control = ctl))
d$a <- ifelse(d$spending <= 0, NA, floor(d$spending / 25) * 25); d$b <- ifelse(d$spending >= 150, NA, floor(d$spending / 25) * 25 + 25)
d$b[d$spending <= 0] <- 0
out("intreg", survreg(Surv(a, b, type = "interval2") ~ income + age, data = d, dist = "gaussian", control = ctl))
"""


def censored(cases):
    """Tobit and interval regression by R survreg; truncated regression and robust errors by scipy."""
    source = pd.read_csv(os.path.join(os.path.dirname(__file__), "../../../assets/stata_do_library/datasets/households.csv"))
    data = source.dropna(subset=["income"]).copy()
    data["w"] = 1 + data["household"] % 3
    data["lo"] = np.where(data["spending"] <= 0, np.nan, np.floor(data["spending"] / 25) * 25)
    data["hi"] = np.where(data["spending"] >= 150, np.nan, np.where(data["spending"] <= 0, 0, np.floor(data["spending"] / 25) * 25 + 25))
    data["cluster"] = data["household"] % 40
    write_data("households", data)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "d.csv")
        data.drop(columns=["lo", "hi"]).to_csv(path, index=False)
        text = subprocess.run(["Rscript", "-e", R.replace("DATA", path)], capture_output=True, text=True, check=True).stdout
    found = {line.split()[0]: np.array([float(v) for v in line.split()[1:]]) for line in text.splitlines() if line.strip()}
    version = subprocess.run(["Rscript", "-e", 'cat(as.character(packageVersion("survival")))'], capture_output=True, text=True).stdout
    source = f"R survival {version} survreg"
    commands = {"tobit": "tobit spending income age children, ll(0)", "tobitw": "tobit spending income age children [fweight=w], ll(0)",
                "tobit2": "tobit spending income age children, ll(0) ul(100)"}
    for name, command in commands.items():
        v = found[name]
        b, lns, se = v[:4], v[4], v[5:10]
        variance = np.exp(2 * lns)
        expect = {f"_b[{n}]": x for n, x in zip(("_cons", "income", "age", "children"), b)} | {f"_se[{n}]": x for n, x in zip(("_cons", "income", "age", "children"), se)}
        expect |= {"_b[/var(e.spending)]": variance, "_se[/var(e.spending)]": 2 * variance * se[4], "e(ll)": v[11], "e(ll_0)": v[10]}
        cases.add(name, "households.csv", command, expect, 1e-6, source)
    v = found["intreg"]
    expect = {f"_b[{n}]": x for n, x in zip(("_cons", "income", "age"), v[:3])} | {f"_se[{n}]": x for n, x in zip(("_cons", "income", "age"), v[4:7])}
    expect |= {"_b[/lnsigma]": v[3], "_se[/lnsigma]": v[7], "e(ll)": v[9]}
    cases.add("intreg", "households.csv", "intreg lo hi income age", expect, 1e-6, source)
    y, x = data["spending"].to_numpy(float), np.column_stack([data[["income", "age", "children"]], np.ones(len(data))])
    names = ("income", "age", "children", "_cons")

    def tobit_rows(t):
        s, m = np.exp(t[4]), x @ t[:4]
        return np.where(y <= 0, log_ndtr(-m / s), stats.norm.logpdf(y, m, s))

    theta, ll, information, scores = maximise(tobit_rows, [15, -0.1, -8, 0, 3.7])
    for label, cov in (("robust", robust(information, scores)), ("cluster cluster", robust(information, scores, data["cluster"].to_numpy()))):
        se = np.sqrt(np.diag(cov))
        variance = np.exp(2 * theta[4])
        expect = expect_table(names, theta, se) | {"_se[/var(e.spending)]": 2 * variance * se[4], "e(ll)": ll}
        cases.add(f"tobit {label}", "households.csv", f"tobit spending income age children, ll(0) vce({label})", expect, 1e-6, "scipy maximum likelihood")
    # predictions and marginal effects at the estimates
    s, m = np.exp(theta[4]), x @ theta[:4]
    p = stats.norm.cdf(m / s)
    star = p * m + s * stats.norm.pdf(m / s)
    cases.add("tobit predict", "households.csv", "tobit spending income age children, ll(0)\npredict double a, pr(0,.)\npredict double b, ystar(0,.)\npredict double c, e(0,.)\nmargins, dydx(income) predict(ystar(0,.))\nmatrix m = r(b)",
              {"a[1]": p[0], "b[7]": star[6], "c[9]": star[8] / p[8], "m[1,1]": (p * theta[0]).mean()}, 1e-6, "scipy")
    inside = (y > 0) & (y < 150)
    for label, keep, low, high in (("ll(0)", y > 0, 0, None), ("ll(0) ul(150)", inside, 0, 150)):
        yt, xt = y[keep], x[keep]

        def rows(t):
            s, mean = np.exp(t[4]), xt @ t[:4]
            upper = 0.0 if high is None else stats.norm.cdf((high - mean) / s)
            mass = stats.norm.sf((low - mean) / s) if high is None else upper - stats.norm.cdf((low - mean) / s)
            return stats.norm.logpdf(yt, mean, s) - np.log(mass)

        theta, ll, information, _ = maximise(rows, [15, -0.1, -8, 0, 3.7])
        se = np.sqrt(np.diag(np.linalg.inv(information)))
        sigma = np.exp(theta[4])
        expect = expect_table(names, theta, se) | {"_b[/sigma]": sigma, "_se[/sigma]": sigma * se[4], "e(ll)": ll, "e(N)": keep.sum()}
        cases.add(f"truncreg {label}", "households.csv", f"truncreg spending income age children, {label}", expect, 2e-6, "scipy maximum likelihood")
    return data


def selection(cases, data):
    """Heckman: two steps by hand, maximum likelihood by scipy."""
    s = data["works"].to_numpy() == 1
    x = np.column_stack([data[["education", "age", "city"]], np.ones(len(data))])
    z = np.column_stack([data[["education", "age", "city", "children"]], np.ones(len(data))])
    y = data["log_wage"].fillna(0).to_numpy()
    xs, zs = ("education", "age", "city", "_cons"), ("education", "age", "city", "children", "_cons")
    probit = sm.Probit(s.astype(float), z).fit(disp=0, method="newton", tol=1e-14, maxiter=100)
    g = probit.params
    index = z @ g
    mills = stats.norm.pdf(index) / stats.norm.cdf(index)
    delta = (mills * (mills + index))[s]
    w = np.column_stack([x, mills])[s]
    inverse = np.linalg.inv(w.T @ w)
    b = inverse @ w.T @ y[s]
    e = y[s] - w @ b
    n = s.sum()
    s2 = (e @ e + b[4] ** 2 * delta.sum()) / n
    rho = b[4] / np.sqrt(s2)
    vp = np.linalg.inv(-probit.model.hessian(g))
    f = w.T @ (delta[:, None] * z[s])
    cov = s2 * inverse @ (w.T @ ((1 - rho**2 * delta)[:, None] * w) + rho**2 * f @ vp @ f.T) @ inverse
    se = np.sqrt(np.diag(cov))
    expect = {f"[log_wage]_b[{n}]": v for n, v in zip(xs, b)} | {f"[log_wage]_se[{n}]": v for n, v in zip(xs, se)}
    expect |= {f"[select]_b[{n}]": v for n, v in zip(zs, g)} | {f"[select]_se[{n}]": v for n, v in zip(zs, np.sqrt(np.diag(vp)))}
    expect |= {"e(lambda)": b[4], "e(selambda)": se[4], "e(rho)": rho, "e(sigma)": np.sqrt(s2), "e(N_selected)": n}
    command = "heckman log_wage education age city, select(education age city children)"
    cases.add("heckman twostep", "households.csv", command + " twostep", expect, 1e-7, "statsmodels Probit, two steps by hand")

    def rows(t):
        r, sg = np.tanh(t[9]), np.exp(t[10])
        u = (y - x @ t[:4]) / sg
        i = z @ t[4:9]
        return np.where(s, log_ndtr((i + r * u) / np.sqrt(1 - r**2)) + stats.norm.logpdf(u) - t[10], log_ndtr(-i))

    theta, ll, information, scores = maximise(rows, np.concatenate([b[:4], g, [np.arctanh(np.clip(rho, -0.8, 0.8)), np.log(s2) / 2]]))
    plain = sm.OLS(y[s], x[s]).fit()
    rho, sg = np.tanh(theta[9]), np.exp(theta[10])
    for vce, cov in (("", np.linalg.inv(information)), (" vce(robust)", robust(information, scores)), (" vce(cluster cluster)", robust(information, scores, data["cluster"].to_numpy()))):
        se = np.sqrt(np.diag(cov))
        expect = {f"[log_wage]_b[{n}]": v for n, v in zip(xs, theta)} | {f"[log_wage]_se[{n}]": v for n, v in zip(xs, se)}
        expect |= {f"[select]_b[{n}]": v for n, v in zip(zs, theta[4:])} | {f"[select]_se[{n}]": v for n, v in zip(zs, se[4:])}
        expect |= {"_b[/athrho]": theta[9], "_se[/athrho]": se[9], "_b[/lnsigma]": theta[10], "e(ll)": ll, "e(rho)": rho, "e(lambda)": rho * sg}
        if not vce:
            expect["e(chi2_c)"] = 2 * (ll - probit.llf - plain.llf)
        cases.add("heckman" + vce, "households.csv", command + ("," + vce if False else vce), expect, 1e-6, "scipy maximum likelihood")
    m = stats.norm.pdf(z @ theta[4:9]) / stats.norm.cdf(z @ theta[4:9])
    cases.add("heckman predict", "households.csv", command + "\npredict double a, ycond\npredict double b, psel\npredict double c, mills",
              {"a[3]": (x @ theta[:4])[2] + rho * sg * m[2], "b[5]": stats.norm.cdf(z @ theta[4:9])[4], "c[6]": m[5]}, 1e-6, "scipy")


def shares(cases, data):
    """Complementary log-log and fractional responses."""
    y = data["works"].to_numpy(float)
    x = np.column_stack([data[["education", "children"]], np.ones(len(y))])
    names = ("education", "children", "_cons")

    def cloglog(t):
        h = np.exp(x @ t)
        return np.where(y == 1, np.log(-np.expm1(-h)), -h)

    theta, ll, information, scores = maximise(cloglog, [0.1, 0.0, -1.0])
    for vce, cov in (("", np.linalg.inv(information)), (", vce(robust)", robust(information, scores))):
        expect = expect_table(names, theta, np.sqrt(np.diag(cov))) | {"e(ll)": ll, "e(N_s)": y.sum()}
        cases.add("cloglog" + vce, "households.csv", "cloglog works education children" + vce, expect, 1e-6, "scipy maximum likelihood")
    p = -np.expm1(-np.exp(x @ theta))
    cases.add("cloglog margins", "households.csv", "cloglog works education children\nmargins, dydx(education)\nmatrix m = r(b)\npredict double p",
              {"m[1,1]": (np.exp(x @ theta) * (1 - p) * theta[0]).mean(), "p[4]": p[3]}, 1e-6, "scipy")
    y = np.clip(data["spending"].to_numpy(float) / 200, 0, 1)
    x = np.column_stack([data[["income", "age"]], np.ones(len(y))])
    names = ("income", "age", "_cons")
    for kind, f in (("logit", lambda v: (-np.log1p(np.exp(-v)), -np.log1p(np.exp(v)))), ("probit", lambda v: (log_ndtr(v), log_ndtr(-v)))):
        def rows(t):
            one, zero = f(x @ t)
            return y * one + (1 - y) * zero
        theta, ll, information, scores = maximise(rows, [0.1, 0.0, -1.0])
        do = "gen double share = max(0, min(1, spending/200))\nfracreg " + kind + " share income age"
        cases.add(f"fracreg {kind}", "households.csv", do, expect_table(names, theta, np.sqrt(np.diag(robust(information, scores)))) | {"e(ll)": ll}, 1e-6, "scipy maximum likelihood")
        cases.add(f"fracreg {kind} cluster", "households.csv", do + ", vce(cluster cluster)",
                  expect_table(names, theta, np.sqrt(np.diag(robust(information, scores, data["cluster"].to_numpy())))), 1e-6, "scipy maximum likelihood")


if __name__ == "__main__":
    cases = Cases("limited", "Stata output stored in statsmodels tests; R survival; scipy maximum likelihood where so named")
    glm_weights(cases)
    glm_links(cases)
    counts(cases)
    zip_case(cases)
    gamma_links(cases)
    negative_binomials(cases)
    households = censored(cases)
    selection(cases, households)
    shares(cases, households)
    cases.write()
