"""Association and transformation: symmetry, odds over levels, tetrachoric correlations, intraclass correlation, canonical
correlations, errors in variables, Box-Cox, balance after matching. statsmodels, scipy, numpy, R stats and polycor; the
numbers that the manuals print where a case says so. Writes `association.json`."""

import subprocess

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases
from scipy import optimize, stats
from statsmodels.multivariate.cancorr import CanCorr
from statsmodels.stats.contingency_tables import SquareTable, StratifiedTable, Table

DATA = ROOT / "data"
SQUARE = np.array([[47, 56, 38], [28, 61, 31], [26, 47, 10]], float)


def r(text):
    out = subprocess.run(["Rscript", "-e", text], cwd=DATA, capture_output=True, text=True, check=True).stdout
    return [float(x) for x in out.split()]


def symmetry(cases):
    t = SquareTable(SQUARE, shift_zeros=False)
    bowker, sm_test = t.symmetry(), t.homogeneity(method="stuart_maxwell")
    line = "symmi 47 56 38 \\ 28 61 31 \\ 26 47 10"
    cases.add("symmetry", None, line, {"r(chi2)": bowker.statistic, "r(p)": bowker.pvalue, "r(df)": bowker.df, "r(chi2_mh)": sm_test.statistic,
              "r(p_mh)": sm_test.pvalue, "r(df_mh)": 2, "r(N_pair)": SQUARE.sum()}, 1e-10, "statsmodels SquareTable")
    m = r("t <- mcnemar.test(matrix(c(47,56,38,28,61,31,26,47,10),3,byrow=TRUE),correct=FALSE); cat(sprintf('%.17g ',c(t$statistic,t$p.value)))")
    cases.add("symmetry by R", None, line, {"r(chi2)": m[0], "r(p)": m[1]}, 1e-10, "R mcnemar.test")
    small = np.array([[3, 5, 1], [2, 4, 6], [0, 1, 7]])
    pairs = [(5, 2), (1, 0), (6, 1)]
    import itertools

    weight = lambda x: np.prod([stats.binom.pmf(k, a + b, 0.5) for k, (a, b) in zip(x, pairs)])
    seen = weight([a for a, _ in pairs])
    p = sum(w for x in itertools.product(*[range(a + b + 1) for a, b in pairs]) if (w := weight(x)) <= seen * (1 + 1e-9))
    top = sum((a - b) * d for (a, b), d in zip(pairs, (1, 2, 1))) ** 2
    bottom = sum((a + b) * d * d for (a, b), d in zip(pairs, (1, 2, 1)))
    cases.add("symmetry exact and trend", None, "symmi 3 5 1 \\ 2 4 6 \\ 0 1 7, exact trend", {"r(p_exact)": p, "r(chi2_t)": top / bottom,
              "r(p_t)": stats.chi2.sf(top / bottom, 1)}, 1e-9, "enumeration with scipy binom")
    del small


ALCOHOL = "input case alcohol freq\n1 1 29\n1 2 75\n1 3 51\n1 4 45\n0 1 386\n0 2 280\n0 3 87\n0 4 22\nend\n"


def odds(cases):
    cases.add("tabodds published", None, ALCOHOL + "tabodds case alcohol [fweight=freq]", {"round(r(chi2_hom),.01)": 158.79, "round(r(chi2_tr),.01)": 152.97,
              "r(df_hom)": 3}, 1e-9, "printed in [R] Epitab, tabodds")
    table = np.array([[29, 75, 51, 45], [386, 280, 87, 22]], float)
    n = table.sum()
    trend = Table(table, shift_zeros=False).test_ordinal_association(row_scores=np.array([1.0, 0.0]), col_scores=np.arange(1.0, 5))
    chi2 = stats.chi2_contingency(table, correction=False).statistic * (n - 1) / n
    cases.add("tabodds", None, ALCOHOL + "tabodds case alcohol [fweight=freq]", {"r(chi2_hom)": chi2, "r(chi2_tr)": trend.zscore**2, "r(p_trend)": trend.pvalue},
              1e-9, "scipy chi2_contingency with (N-1)/N; statsmodels test_ordinal_association")
    d = pd.read_csv(DATA / "lbw.csv")
    d["g"] = np.minimum(d.ptl, 2)
    # score test of a stratified trend: numpy by hand, against the conditional likelihood's score
    u = v = 0.0
    for _, s in d.groupby("smoke"):
        t, m1 = len(s), s.low.sum()
        u += (s.low * s.g).sum() - m1 * s.g.mean()
        v += m1 * (t - m1) / (t * (t - 1)) * ((s.g - s.g.mean()) ** 2).sum()
    cases.add("tabodds adjust()", "lbw.csv", "generate g = min(ptl, 2)\ntabodds low g, adjust(smoke)", {"r(chi2_tr)": u * u / v}, 1e-10, "numpy by hand")
    z = stats.norm.ppf(0.975)
    cases.add("mhodds trend", "lbw.csv", "generate g = min(ptl, 2)\nmhodds low g smoke", {"r(chi2)": u * u / v, "r(or)": np.exp(u / v),
              "r(lb_or)": np.exp(u / v - z / v**0.5), "r(ub_or)": np.exp(u / v + z / v**0.5)}, 1e-10, "numpy by hand (Clayton and Hills 1993)")
    st = StratifiedTable([pd.crosstab(s.low, s.ui).to_numpy()[::-1, ::-1].astype(float) for _, s in d.groupby("smoke")])
    cases.add("tabodds of two levels", "lbw.csv", "tabodds low ui, adjust(smoke)", {"r(chi2_tr)": st.test_null_odds().statistic}, 1e-9, "statsmodels StratifiedTable")


def tetrachoric(cases):
    lines = "library(polycor); d <- read.csv('lbw.csv'); t <- polychor(table(d$low,d$smoke), ML=TRUE, std.err=TRUE); cat(sprintf('%.12g ', c(t$rho, sqrt(t$var[1,1]))))"
    rho, se = r(lines)
    cases.add("tetrachoric by R", "lbw.csv", "tetrachoric low smoke", {"r(rho)": rho, "r(se_rho)": se, "r(N)": 189}, 2e-4, "R polycor polychor(ML=TRUE)")
    d = pd.read_csv(DATA / "lbw.csv")
    n = pd.crosstab(d.low, d.smoke).to_numpy(float)
    total = n.sum()

    def cells(theta):
        h, k, rho = theta[0], theta[1], theta[2]
        both = stats.multivariate_normal.cdf([h, k], cov=[[1, rho], [rho, 1]], abseps=1e-14, releps=1e-14)
        a, b = stats.norm.cdf(h), stats.norm.cdf(k)
        return np.array([both, a - both, b - both, 1 - a - b + both])

    h, k = stats.norm.ppf(n[0].sum() / total), stats.norm.ppf(n[:, 0].sum() / total)
    rho = optimize.brentq(lambda x: cells([h, k, x])[0] - n[0, 0] / total, -0.99, 0.99, xtol=1e-14)
    p = stats.fisher_exact(n).pvalue
    # expected information of the multinomial, derivatives by differences
    theta = np.array([h, k, rho])
    step = 1e-4
    jac = np.column_stack([(cells(theta + step * e) - cells(theta - step * e)) / (2 * step) for e in np.eye(3)])
    info = total * jac.T @ np.diag(1 / cells(theta)) @ jac
    cases.add("tetrachoric", "lbw.csv", "tetrachoric low smoke", {"r(rho)": rho, "r(se_rho)": np.linalg.inv(info)[2, 2] ** 0.5, "r(p)": p}, 1e-6,
              "scipy: multinomial likelihood, its information by differences")
    odds_ratio = n[0, 0] * n[1, 1] / n[0, 1] / n[1, 0]
    a = odds_ratio ** (np.pi / 4)
    cases.add("tetrachoric edwards", "lbw.csv", "tetrachoric low smoke, edwards", {"r(rho)": (a - 1) / (a + 1)}, 1e-10, "formula by hand")


def intraclass(cases):
    d = pd.read_csv(DATA / "judges.csv")
    layout = [s.rating.to_numpy(float) for _, s in d.groupby("target")]
    f = stats.f_oneway(*layout).statistic
    k, m = len(layout), len(layout[0])
    n = k * m
    within = sum(((x - x.mean()) ** 2).sum() for x in layout) / (n - k)
    rho = (f - 1) / (f - 1 + m)
    fl, fu = stats.f.ppf([0.975, 0.025], k - 1, n - k)
    # Swiger et al. (1964): the variance for equal groups
    se = np.sqrt(2 * (n - 1) * (1 - rho) ** 2 * (1 + (m - 1) * rho) ** 2 / (m**2 * (n - k) * (k - 1)))
    cases.add("loneway balanced, exact", "judges.csv", "loneway rating target, exact", {"r(rho)": rho, "r(sd_w)": within**0.5,
              "r(sd_b)": ((f - 1) * within / m) ** 0.5, "r(lb)": max((f / fl - 1) / (f / fl - 1 + m), 0), "r(ub)": (f / fu - 1) / (f / fu - 1 + m)}, 1e-8,
              "scipy f_oneway; limits from F (Shrout and Fleiss 1979)")
    d = pd.read_csv(DATA / "cars.csv")
    d["g"] = d.trunk
    d = d[d.groupby("g").g.transform("size") > 0]
    x = [s.mpg.to_numpy(float) for _, s in d.groupby("g")]
    f = stats.f_oneway(*x).statistic
    sizes = np.array([len(v) for v in x], float)
    n, k = sizes.sum(), len(x)
    g = (n - (sizes**2).sum() / n) / (k - 1)
    rho = (f - 1) / (f - 1 + g)
    a = (1 + rho * (g - 1)) ** 2 / (n - k)
    b = (1 - rho) * (1 + rho * (2 * g - 1)) / (k - 1)
    c = rho**2 * ((sizes**2).sum() - 2 * (sizes**3).sum() / n + (sizes**2).sum() ** 2 / n**2) / (k - 1) ** 2
    se = np.sqrt(2 * (1 - rho) ** 2 / g**2 * (a + b + c))
    cases.add("loneway", "cars.csv", "loneway mpg trunk", {"r(rho)": rho, "r(se)": se, "r(rho_t)": g * rho / (1 + (g - 1) * rho), "r(N)": n}, 1e-8,
              "scipy f_oneway; Donner (1986) by hand")
    fm = stats.f.median(k - 1, n - k)
    cases.add("loneway median", "cars.csv", "loneway mpg trunk, median", {"r(rho)": (f - fm) / (f - fm + g * fm)}, 1e-8, "scipy f.median")


def canonical(cases):
    d = pd.read_csv(DATA / "flowers.csv")
    x, y = d[["sl", "sw"]], d[["pl", "pw"]]
    c = CanCorr(y.to_numpy(), x.to_numpy())
    t = c.corr_test().stats_mv
    cc = np.asarray(c.cancorr, float)
    names = {"Wilks' lambda": 1, "Pillai's trace": 2, "Hotelling-Lawley trace": 3, "Roy's greatest root": 4}
    expect = {"c[1,1]": cc[0], "c[1,2]": cc[1]}
    for name, row in names.items():
        if name in t.index and row != 4:
            expect[f"m[{row},1]"] = t.loc[name, "Value"]
            if row < 3:  # statsmodels approximates the F of the third one as McKeon (1974)
                expect[f"m[{row},4]"] = t.loc[name, "F Value"]
    cases.add("canon", "flowers.csv", "canon (sl sw) (pl pw)\nmatrix c = e(ccorr)\nmatrix m = e(stat_m)", expect, 1e-8, "statsmodels CanCorr")
    out = r("d <- read.csv('flowers.csv'); a <- cancor(d[,1:2], d[,3:4]); cat(sprintf('%.17g ', c(a$cor, a$xcoef, a$ycoef))); cat(nrow(d))")
    n = out[-1]
    scale = np.sqrt(n - 1)
    xc, yc = np.array(out[2:6]).reshape(2, 2).T * scale, np.array(out[6:10]).reshape(2, 2).T * scale
    expect = {"c[1,1]": out[0], "c[1,2]": out[1]}
    for i in range(2):
        for j in range(2):
            expect[f"abs(a[{i + 1},{j + 1}])"], expect[f"abs(b[{i + 1},{j + 1}])"] = abs(xc[i, j]), abs(yc[i, j])
    cases.add("canon by R", "flowers.csv", "canon (sl sw) (pl pw)\nmatrix c = e(ccorr)\nmatrix a = e(rawcoef_var1)\nmatrix b = e(rawcoef_var2)", expect, 1e-8,
              "R cancor, times sqrt(N-1)")
    # conditional standard errors: the other combination regressed on the set
    v = y.to_numpy() @ yc[:, 0]
    fit = sm.OLS(v, sm.add_constant(x.to_numpy())).fit()
    cases.add("canon standard errors", "flowers.csv", "canon (sl sw) (pl pw), lc(1)", {"[u1]_se[sl]": fit.bse[1] / out[0], "[u1]_se[sw]": fit.bse[2] / out[0],
              "e(df_r)": n - 1}, 1e-8, "statsmodels OLS of the other combination, over the correlation")


def errors_in_variables(cases):
    b = {"weight": (12.88302, 0.6820532), "foreign": (8268.951, 352.8719), "mpg": (999.2043, 73.60037), "_cons": (-56473.19, 3710.015)}
    expect = {f"_b[{k}]": v[0] for k, v in b.items()} | {f"_se[{k}]": v[1] for k, v in b.items()}
    cases.add("eivreg published", "cars.csv", "eivreg price weight foreign mpg, reliab(weight .85 mpg .9)", expect | {"e(r2)": 0.9728}, 1e-6 * 60, "printed in [R] eivreg")
    d = pd.read_csv(DATA / "cars.csv")
    w = (1 + np.arange(len(d)) % 3).astype(float)
    x = np.column_stack([d.weight, d.mpg, np.ones(len(d))]).astype(float)
    y = d.price.to_numpy(float)
    n = w.sum()
    rel = np.array([0.95, 1, 1])
    var = np.array([np.average((c - np.average(c, weights=w)) ** 2, weights=w) for c in x.T])
    xx = x.T @ (w[:, None] * x)
    a = xx - np.diag(n * (1 - rel) * var)
    est = np.linalg.solve(a, x.T @ (w * y))
    s2 = ((w * y * y).sum() - est @ a @ est) / (n - 3)
    inv = np.linalg.inv(a)
    se = np.sqrt(np.diag(s2 * inv @ xx @ inv))
    cases.add("eivreg fweight", "cars.csv", "generate w = 1 + mod(_n - 1, 3)\neivreg price weight mpg [fweight = w], reliab(weight .95)",
              {"_b[weight]": est[0], "_b[mpg]": est[1], "_b[_cons]": est[2], "_se[weight]": se[0], "_se[mpg]": se[1], "_se[_cons]": se[2], "e(N)": n,
               "e(rmse)": s2**0.5}, 1e-8, "numpy by hand")


def profile(y, plain, moved, form):
    """Profile log likelihood of the parameters (lambda, theta as the form has them)."""
    n = len(y)
    bc = lambda v, p: np.log(v) if abs(p) < 1e-12 else (v**p - 1) / p

    def ll(shape):
        theta = None if form == "rhsonly" else shape[-1]
        lam = None if form == "lhsonly" else shape[0]
        z = y if theta is None else bc(y, theta)
        cols = [np.ones(n), *plain, *(m if lam is None else bc(m, lam) for m in moved)]
        x = np.column_stack(cols)
        e = z - x @ np.linalg.lstsq(x, z, rcond=None)[0]
        jac = 0 if theta is None else (theta - 1) * np.log(y).sum()
        return jac - n / 2 * (np.log(2 * np.pi) + 1 + np.log(e @ e / n))

    return ll


def box_cox(cases):
    from numeric import jacobian

    out = r("d <- read.csv('cars.csv'); library(MASS); b <- boxcox(lm(mpg ~ weight + foreign, d), lambda=seq(-2,2,1e-5), plotit=FALSE, interp=FALSE); "
            "i <- which.max(b$y); n <- nrow(d); cat(sprintf('%.17g ', c(b$x[i], b$y[i] - n/2*log(n) )))")
    cases.add("boxcox by R", "cars.csv", "boxcox mpg weight foreign", {"[/]_b[theta]": out[0]}, 5e-5, "R MASS boxcox on a grid of 1e-5")
    d = pd.read_csv(DATA / "cars.csv").astype(float)
    y = d.mpg.to_numpy()
    w, p, f = d.weight.to_numpy() / 1000, d.price.to_numpy() / 1000, d.foreign.to_numpy()
    setup = "replace weight = weight/1000\nreplace price = price/1000\n"
    for form, plain, moved, start, names in [
        ("lhsonly", [w, p, f], [], [0.0], ["theta"]),
        ("rhsonly", [f], [w, p], [0.0], ["lambda"]),
        ("lambda", [f], [w, p], [0.0], ["lambda"]),
        ("theta", [f], [w, p], [0.0, 0.0], ["lambda", "theta"]),
    ]:
        ll = profile(y, plain, moved, form)
        best = optimize.minimize(lambda s: -ll(s), start, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 5000}).x
        gradient = lambda s: jacobian(lambda t: np.array([ll(t)]), s, 1e-2)[0]
        hess = jacobian(gradient, best, 1e-2)
        for _ in range(3):
            best = best - np.linalg.solve(hess, gradient(best))
            hess = jacobian(gradient, best, 1e-2)
        se = np.sqrt(np.diag(np.linalg.inv(-hess)))
        expect = {"e(ll)": ll(best)}
        for i, name in enumerate(names):
            expect[f"[/]_b[{name}]"], expect[f"[/]_se[{name}]"] = best[i], se[i]
        for suffix, value in (("tm1", -1.0), ("t0", 0.0), ("t1", 1.0)):
            expect[f"e(ll_{suffix})"] = ll([value] * len(names))
        null = profile(y, [], [], "lhsonly")
        expect["e(ll0)"] = ll0 = null([1.0]) if form == "rhsonly" else -optimize.minimize_scalar(lambda t: -null([t]), bounds=(-3, 3), method="bounded", options={"xatol": 1e-12}).fun
        expect["e(chi2)"] = 2 * (ll(best) - ll0)
        line = f"boxcox mpg weight price, model({form}) notrans(foreign)" if form != "lhsonly" else "boxcox mpg weight price foreign"
        cases.add(f"boxcox {form}", "cars.csv", setup + line, expect, 1e-6, "scipy: profile likelihood, information by extrapolated differences")
    ll = stats.boxcox_llf
    lam = stats.boxcox_normmax(y, method="mle")
    cases.add("boxcox without regressors", "cars.csv", "boxcox mpg", {"[/]_b[theta]": lam}, 1e-5, "scipy boxcox_normmax")
    del ll


def balance(cases):
    d = pd.read_csv(DATA / "training_replica.csv")
    t = d.treat == 1
    expect, biases = {}, []
    for v in ("age", "education", "re74"):
        a, b = d.loc[t, v], d.loc[~t, v]
        biases.append(abs(100 * (a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / 2)))
    fit = sm.Probit(d.treat, sm.add_constant(d[["age", "education", "re74"]])).fit(disp=0)
    index = fit.fittedvalues
    a, b = index[t], index[~t]
    expect = {"r(meanbiasbef)": np.mean(biases), "r(medbiasbef)": np.median(biases), "r(r2bef)": fit.prsquared, "r(chiprobbef)": fit.llr_pvalue,
              "r(Bbef)": abs(100 * (a.mean() - b.mean()) / np.sqrt((a.var() + b.var()) / 2)), "r(Rbef)": a.var() / b.var()}
    cases.add("pstest raw", "training_replica.csv", "pstest age education re74, raw treated(treat)", expect, 1e-6, "pandas, statsmodels Probit")
    # weights of three matched controls by hand
    hand = "input t x w s\n1 2 1 1\n1 4 1 1\n1 9 1 1\n0 1 2 1\n0 3 1 1\n0 8 . 1\n0 5 . 1\nend\n"
    x1, x0, w0 = np.array([2.0, 4, 9]), np.array([1.0, 3]), np.array([2.0, 1])
    dev = np.sqrt((x1.var(ddof=1) + np.var([1, 3, 8, 5], ddof=1)) / 2)
    cases.add("pstest matched", None, hand + "pstest x, treated(t) mweight(w) support(s)", {"r(meanbiasaft)": abs(100 * (x1.mean() - np.average(x0, weights=w0)) / dev)},
              1e-10, "by hand")


def spreads(cases):
    d = "mixed y x1 || firm:\nestat sd\nmatrix b = r(b)\nmatrix v = r(V)\nscalar k = colsof(b)\n"
    out = r("library(lme4); d <- read.csv('workers.csv'); f <- lmer(y ~ x1 + (1|firm), d, REML=FALSE, control=lmerControl(optCtrl=list(xtol_abs=1e-12, ftol_abs=1e-14))); "
            "v <- as.data.frame(VarCorr(f)); cat(sprintf('%.17g ', v$sdcor))")
    cases.add("estat sd", "workers.csv", d, {"b[1,k-1]": out[0], "b[1,k]": out[1]}, 1e-5, "R lme4 lmer")


def main():
    cases = Cases("association", "statsmodels, scipy, numpy, R; printed output of the manuals where a case says so")
    symmetry(cases)
    odds(cases)
    tetrachoric(cases)
    intraclass(cases)
    canonical(cases)
    errors_in_variables(cases)
    box_cox(cases)
    balance(cases)
    spreads(cases)
    cases.write()


if __name__ == "__main__":
    main()
