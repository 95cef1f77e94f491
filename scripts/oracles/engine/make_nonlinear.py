"""Cases of 0/1 models, margins, diagnostics and tests, computed with statsmodels, linearmodels and scipy."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases, coefficients, write_data
from linearmodels.iv import IV2SLS
from scipy import stats
from statsmodels.stats.diagnostic import het_breuschpagan, het_white
from statsmodels.stats.outliers_influence import OLSInfluence, variance_inflation_factor


def spector():
    data = sm.datasets.spector.load_pandas().data.rename(columns=str.lower)
    write_data("spector", data)
    return data


def fit_binary(kind, data, x):
    design = sm.add_constant(data[x], prepend=False)
    model = (sm.Logit if kind == "logit" else sm.Probit)(data["grade"], design)
    return model, model.fit(method="newton", tol=1e-14, maxiter=200, disp=0)


def binary():
    cases = Cases("binary", "statsmodels 0.15 Logit and Probit; factors N/(N-1) and G/(G-1) of [P] _robust")
    data = spector()
    x = ["gpa", "tuce", "psi"]
    n = len(data)
    cluster = (np.arange(n) // 4)
    data["id"] = cluster + 1
    write_data("spector", data)
    names = {"const": "_cons"}
    for kind in ("logit", "probit"):
        model, fit = fit_binary(kind, data, x)
        rows = {names.get(k, k): (fit.params[k], fit.bse[k]) for k in fit.params.index}
        base = {"e(ll)": fit.llf, "e(ll_0)": fit.llnull, "e(chi2)": fit.llr, "e(p)": fit.llr_pvalue, "e(r2_p)": fit.prsquared, "e(N)": n, "e(rank)": 4}
        cases.add(kind, "spector.csv", f"{kind} grade gpa tuce psi", {**coefficients(rows), **base}, 1e-6)
        score = model.score_obs(fit.params)
        bread = np.linalg.inv(-model.hessian(fit.params))
        for label, meat, factor in [
            ("vce(robust)", score.T @ score, n / (n - 1)),
            ("vce(cluster id)", sum(np.outer(s, s) for s in [score[cluster == g].sum(0) for g in range(8)]), 8 / 7),
        ]:
            v = bread @ meat @ bread * factor
            rows = {names.get(k, k): (fit.params[k], v[i, i] ** 0.5) for i, k in enumerate(fit.params.index)}
            wald = fit.params[:3] @ np.linalg.solve(v[:3, :3], fit.params[:3])
            cases.add(f"{kind} {label}", "spector.csv", f"{kind} grade gpa tuce psi, {label}", {**coefficients(rows), "e(chi2)": wald}, 1e-6)
        options = [("dydx(*)", {}), ("eyex(*)", {"method": "eyex"}), ("dyex(*)", {"method": "dyex"}), ("eydx(*)", {"method": "eydx"}),
                   ("dydx(*) atmeans", {"at": "mean"}), ("eyex(*) atmeans", {"at": "mean", "method": "eyex"}), ("dydx(*) at((median) _all)", {"at": "median"}), ("dydx(*) at((zero) _all)", {"at": "zero"})]
        for text, arguments in options:
            effect = fit.get_margeff(**arguments)
            expect = {}
            for j in range(3):
                expect[f"m[1,{j + 1}]"], expect[f"m[2,{j + 1}]"] = effect.margeff[j], effect.margeff_se[j]
            if kind == "probit" and "zero" in text:
                continue
            cases.add(f"{kind}: margins, {text}", "spector.csv", f"{kind} grade gpa tuce psi\nmargins, {text}\nmatrix m = r(table)", expect, 1e-6)
        # A factor: the base level is a column of its own.
        effect = fit.get_margeff(dummy=True)
        expect = {}
        for column, j in ((1, 0), (2, 1), (4, 2)):
            expect[f"m[1,{column}]"], expect[f"m[2,{column}]"] = effect.margeff[j], effect.margeff_se[j]
        cases.add(f"{kind}: margins, dydx(*) with a factor", "spector.csv", f"{kind} grade gpa tuce i.psi\nmargins, dydx(*)\nmatrix m = r(table)", expect, 1e-6)
        p = fit.predict()
        y = data["grade"].to_numpy()
        auc = (stats.rankdata(p)[y == 1].sum() - y.sum() * (y.sum() + 1) / 2) / (y.sum() * (n - y.sum()))
        cases.add(f"{kind}: lroc", "spector.csv", f"{kind} grade gpa tuce psi\nlroc, nograph", {"r(area)": auc, "r(N)": n}, 1e-10, "scipy rankdata")
        positive = p >= 0.5
        expect = {"r(P_corr)": 100 * np.mean(positive == (y == 1)), "r(P_p1)": 100 * positive[y == 1].mean(), "r(P_n0)": 100 * (~positive[y == 0]).mean(), "r(P_1p)": 100 * y[positive].mean()}
        cases.add(f"{kind}: estat classification", "spector.csv", f"{kind} grade gpa tuce psi\nestat classification", expect, 1e-12)
        k = 4
        cases.add(f"{kind}: estat ic", "spector.csv", f"{kind} grade gpa tuce psi\nestat ic\nmatrix s = r(S)", {"s[1,5]": fit.aic, "s[1,6]": fit.bic, "s[1,4]": k}, 1e-8)
        link = model.cdf
        xb = sm.add_constant(data[x], prepend=False).to_numpy() @ fit.params.to_numpy()
        design = sm.add_constant(data[x], prepend=False).to_numpy()
        se = np.sqrt(np.einsum("ij,jk,ik->i", design, fit.cov_params().to_numpy(), design))
        cases.add(f"{kind}: predict", "spector.csv", f"{kind} grade gpa tuce psi\npredict double p\npredict double xb, xb\npredict double s, stdp",
                  {"p[1]": link(xb[0]), "p[32]": link(xb[31]), "xb[5]": xb[4], "s[7]": se[6]}, 1e-6)
    return cases


def diagnostics():
    cases = Cases("diagnostics", "statsmodels 0.15 diagnostics; RESET and VIF by auxiliary regressions")
    data = pd.read_csv(ROOT / "data/grunfeld.csv")
    y, x = data["invest"], sm.add_constant(data[["mvalue", "kstock"]], prepend=False)
    fit = sm.OLS(y, x).fit()
    command = "regress invest mvalue kstock\n"
    fitted = sm.add_constant(np.asarray(fit.fittedvalues))
    u2 = fit.resid**2 / (fit.ssr / fit.nobs)
    aux = sm.OLS(u2, fitted).fit()
    cases.add("hettest", "grunfeld.csv", command + "estat hettest", {"r(chi2)": aux.ess / 2, "r(df)": 1, "r(p)": stats.chi2.sf(aux.ess / 2, 1)}, 1e-8)
    lm, p, f, fp = het_breuschpagan(fit.resid, fitted)
    cases.add("hettest, iid", "grunfeld.csv", command + "estat hettest, iid", {"r(chi2)": lm, "r(p)": p}, 1e-8)
    cases.add("hettest, fstat", "grunfeld.csv", command + "estat hettest, fstat", {"r(F)": f, "r(p)": fp}, 1e-8)
    lm, p, f, fp = het_breuschpagan(fit.resid, x)
    cases.add("hettest, rhs iid", "grunfeld.csv", command + "estat hettest, rhs iid", {"r(chi2)": lm, "r(p)": p, "r(df)": 2}, 1e-8)
    lm, p, _, _ = het_white(fit.resid, x[["const", "mvalue", "kstock"]])
    cases.add("imtest, white", "grunfeld.csv", command + "estat imtest, white", {"r(chi2_h)": lm, "r(p_h)": p, "r(df_h)": 5}, 1e-8)
    z = (fit.fittedvalues - fit.fittedvalues.mean()) / fit.fittedvalues.std()
    big = sm.OLS(y, np.column_stack([x, z**2, z**3, z**4])).fit()
    f, p, df = big.compare_f_test(fit)
    cases.add("ovtest", "grunfeld.csv", command + "estat ovtest", {"r(F)": f, "r(p)": p, "r(df)": 3, "r(df_r)": big.df_resid}, 1e-7)
    value = variance_inflation_factor(x.to_numpy(), 0)
    cases.add("vif", "grunfeld.csv", command + "estat vif", {"r(vif_1)": value, "r(vif_2)": value}, 1e-8)
    influence = OLSInfluence(fit)
    expect = {}
    for name, values in (("h", influence.hat_matrix_diag), ("rs", influence.resid_studentized_internal), ("rt", influence.resid_studentized_external), ("c", influence.cooks_distance[0]), ("d", influence.dffits[0]), ("r", fit.resid)):
        for i in (0, 57, 199):
            expect[f"{name}[{i + 1}]"] = np.asarray(values)[i]
    cases.add("influence", "grunfeld.csv", command + "predict double h, leverage\npredict double rs, rstandard\npredict double rt, rstudent\npredict double c, cooksd\npredict double d, dfits\npredict double r, residuals", expect, 1e-8)
    prediction = fit.get_prediction(x.iloc[:3])
    cases.add("stdp and stdf", "grunfeld.csv", command + "predict double s, stdp\npredict double f, stdf", {"s[1]": prediction.se_mean[0], "f[2]": prediction.se_obs[1]}, 1e-8)
    for kind, option in (("HC1", "vce(robust)"), ("HC2", "vce(hc2)"), ("HC3", "vce(hc3)")):
        robust = fit.get_robustcov_results(kind)
        rows = {n: (robust.params[i], robust.bse[i]) for i, n in enumerate(["mvalue", "kstock", "_cons"])}
        cases.add(f"regress {option}", "grunfeld.csv", f"regress invest mvalue kstock, {option}", {**coefficients(rows), "e(F)": robust.fvalue if np.isscalar(robust.fvalue) else robust.fvalue.item()}, 1e-8)
    test = fit.f_test("mvalue = kstock")
    cases.add("test of equality", "grunfeld.csv", command + "test mvalue = kstock", {"r(F)": np.squeeze(test.fvalue).item(), "r(p)": float(test.pvalue)}, 1e-8)
    line = fit.t_test("2*mvalue - kstock = 0")
    cases.add("lincom", "grunfeld.csv", command + "lincom 2*mvalue - kstock", {"r(estimate)": line.effect[0], "r(se)": line.sd.item(), "r(p)": line.pvalue.item(), "r(lb)": line.conf_int()[0, 0]}, 1e-8)
    b, v = fit.params, fit.cov_params()
    g = np.array([1 / b["kstock"], -b["mvalue"] / b["kstock"] ** 2])
    se = np.sqrt(g @ v.loc[["mvalue", "kstock"], ["mvalue", "kstock"]] @ g)
    cases.add("nlcom", "grunfeld.csv", command + "nlcom _b[mvalue]/_b[kstock]\nmatrix b = r(b)\nmatrix V = r(V)", {"b[1,1]": b["mvalue"] / b["kstock"], "sqrt(V[1,1])": se}, 1e-8)
    # Interaction: the effect of one variable at values of the other, by hand.
    data["inter"] = data["mvalue"] * data["kstock"]
    inter = sm.OLS(y, sm.add_constant(data[["mvalue", "kstock", "inter"]], prepend=False)).fit()
    expect = {}
    for column, point in enumerate((100, 500), 1):
        effect = inter.t_test(np.array([1, 0, point, 0]))
        expect[f"m[1,{column}]"], expect[f"m[2,{column}]"] = effect.effect[0], effect.sd.item()
    cases.add("margins of an interaction", "grunfeld.csv", "regress invest c.mvalue##c.kstock\nmargins, dydx(mvalue) at(kstock=(100 500))\nmatrix m = r(table)", expect, 1e-8)
    mean = inter.t_test(np.array([1, 0, data["kstock"].mean(), 0]))
    cases.add("average effect in an interaction", "grunfeld.csv", "regress invest c.mvalue##c.kstock\nmargins, dydx(mvalue)\nmatrix m = r(table)", {"m[1,1]": mean.effect[0], "m[2,1]": mean.sd.item(), "m[4,1]": mean.pvalue.item()}, 1e-8)
    dummies = pd.get_dummies(data["company"], drop_first=True).astype(float)
    lsdv = sm.OLS(y, np.column_stack([data[["mvalue", "kstock"]], dummies, np.ones(len(y))])).fit()
    expect = {"_b[mvalue]": lsdv.params.iloc[0], "_se[mvalue]": lsdv.bse.iloc[0], "_b[5.company]": lsdv.params.iloc[5], "_se[_cons]": lsdv.bse.iloc[-1], "e(r2_a)": lsdv.rsquared_adj}
    cases.add("indicators", "grunfeld.csv", "regress invest mvalue kstock i.company", expect, 1e-8)
    cases.add("areg", "grunfeld.csv", "areg invest mvalue kstock, absorb(company)", {"_b[mvalue]": lsdv.params.iloc[0], "_se[kstock]": lsdv.bse.iloc[1], "e(r2)": lsdv.rsquared, "e(r2_a)": lsdv.rsquared_adj, "e(F_absorb)": lsdv.compare_f_test(fit)[0]}, 1e-8)
    hc1 = lsdv.get_robustcov_results("HC1")
    cases.add("areg, robust", "grunfeld.csv", "areg invest mvalue kstock, absorb(company) vce(robust)", {"_se[mvalue]": hc1.bse[0], "_se[kstock]": hc1.bse[1]}, 1e-8)
    clustered = lsdv.get_robustcov_results("cluster", groups=data["company"])
    cases.add("areg, cluster", "grunfeld.csv", "areg invest mvalue kstock, absorb(company) vce(cluster company)", {"_se[mvalue]": clustered.bse[0], "_se[kstock]": clustered.bse[1]}, 1e-8)
    joint = lsdv.f_test(np.eye(12)[2:11])
    cases.add("testparm", "grunfeld.csv", "regress invest mvalue kstock i.company\ntestparm i.company", {"r(F)": np.squeeze(joint.fvalue).item(), "r(df)": 9, "r(df_r)": 188}, 1e-8)
    return cases


def instruments():
    cases = Cases("ivtests", "linearmodels 7.1 IV2SLS diagnostics")
    data = pd.read_csv(ROOT / "data/housing.csv")
    region = pd.get_dummies(data["region"], prefix="r", drop_first=True).astype(float)
    exog = sm.add_constant(data[["pcturban"]])
    z = pd.concat([data[["faminc"]], region], axis=1)
    command = "ivregress 2sls rent pcturban (hsngval = faminc i.region)"
    fit = IV2SLS(data["rent"], exog, data[["hsngval"]], z).fit(cov_type="unadjusted")
    cases.add("overid", "housing.csv", command + "\nestat overid", {"r(sargan)": fit.sargan.stat, "r(p_sargan)": fit.sargan.pval, "r(basmann)": fit.basmann.stat, "r(df)": 3}, 1e-8)
    cases.add("endogenous", "housing.csv", command + "\nestat endogenous", {"r(durbin)": fit.durbin().stat, "r(p_durbin)": fit.durbin().pval, "r(wu)": fit.wu_hausman().stat, "r(p_wu)": fit.wu_hausman().pval, "r(wudf_r)": fit.wu_hausman().df_denom}, 1e-8)
    full = sm.OLS(data["hsngval"], pd.concat([exog, z], axis=1)).fit()
    short = sm.OLS(data["hsngval"], exog).fit()
    f = full.compare_f_test(short)
    partial = (short.ssr - full.ssr) / short.ssr
    cases.add("firststage", "housing.csv", command + "\nestat firststage\nmatrix s = r(singleresults)", {"s[1,1]": full.rsquared, "s[1,2]": full.rsquared_adj, "s[1,3]": partial, "s[1,4]": f[0], "s[1,7]": f[1], "r(mineig)": f[0]}, 1e-8)
    robust = IV2SLS(data["rent"], exog, data[["hsngval"]], z).fit(cov_type="robust")
    cases.add("robust overid", "housing.csv", command + ", vce(robust)\nestat overid", {"r(score)": robust.wooldridge_overid.stat, "r(p_score)": robust.wooldridge_overid.pval}, 1e-8)
    cases.add("robust endogenous score", "housing.csv", command + ", vce(robust)\nestat endogenous", {"r(r_score)": robust.wooldridge_score.stat, "r(p_r_score)": robust.wooldridge_score.pval}, 1e-8)
    stage = full.resid
    augmented = sm.OLS(data["rent"], pd.concat([exog, data[["hsngval"]], stage.rename("v")], axis=1)).fit(cov_type="HC1", use_t=True)
    test = augmented.f_test("v = 0")
    cases.add("robust endogenous regression", "housing.csv", command + ", vce(robust)\nestat endogenous", {"r(regF)": np.squeeze(test.fvalue).item(), "r(p_regF)": float(test.pvalue), "r(regFdf_d)": augmented.df_resid}, 1e-8)
    hc1 = full.get_robustcov_results("HC1")
    wald = hc1.f_test(np.eye(6)[2:])
    cases.add("robust firststage", "housing.csv", command + ", vce(robust)\nestat firststage\nmatrix s = r(singleresults)", {"s[1,4]": np.squeeze(wald.fvalue).item(), "s[1,7]": float(wald.pvalue)}, 1e-8)
    return cases


def tests():
    cases = Cases("tests", "scipy 1.17; rank tests with the tie-adjusted normal approximation")
    data = pd.read_csv(ROOT / "data/spector.csv")
    a, b = data.loc[data.psi == 0, "gpa"], data.loc[data.psi == 1, "gpa"]
    t, p = stats.ttest_ind(a, b)
    cases.add("ttest", "spector.csv", "ttest gpa, by(psi)", {"r(t)": t, "r(p)": p, "r(p_l)": stats.t.cdf(t, 30), "r(p_u)": stats.t.sf(t, 30), "r(df_t)": 30, "r(mu_1)": a.mean(), "r(sd_2)": b.std(), "r(sd)": data.gpa.std()})
    result = stats.ttest_ind(a, b, equal_var=False)
    cases.add("ttest, unequal", "spector.csv", "ttest gpa, by(psi) unequal", {"r(t)": result.statistic, "r(p)": result.pvalue, "r(df_t)": result.df})
    va, vb = a.var() / len(a), b.var() / len(b)
    df = (va + vb) ** 2 / (va**2 / (len(a) + 1) + vb**2 / (len(b) + 1)) - 2
    cases.add("ttest, welch", "spector.csv", "ttest gpa, by(psi) unequal welch", {"r(df_t)": df, "r(p)": 2 * stats.t.sf(abs(result.statistic), df)})
    one = stats.ttest_1samp(data.gpa, 3)
    cases.add("ttest of one mean", "spector.csv", "ttest gpa == 3", {"r(t)": one.statistic, "r(p)": one.pvalue, "r(se)": stats.sem(data.gpa)})
    pair = stats.ttest_rel(data.tuce, 7 * data.gpa)
    cases.add("paired ttest", "spector.csv", "gen double g7 = 7*gpa\nttest tuce == g7", {"r(t)": pair.statistic, "r(p)": pair.pvalue, "r(df_t)": 31})
    f = a.var() / b.var()
    low, high = stats.f.cdf(f, len(a) - 1, len(b) - 1), stats.f.sf(f, len(a) - 1, len(b) - 1)
    cases.add("sdtest", "spector.csv", "sdtest gpa, by(psi)", {"r(F)": f, "r(p_l)": low, "r(p_u)": high, "r(p)": 2 * min(low, high), "r(sd)": data.gpa.std(), "r(N)": 32})
    chi2 = 31 * data.gpa.var() / 0.25
    cases.add("sdtest of one", "spector.csv", "sdtest gpa == 0.5", {"r(chi2)": chi2, "r(p_u)": stats.chi2.sf(chi2, 31)})
    matrix = data[["gpa", "tuce", "psi"]].corr()
    cases.add("correlate", "spector.csv", "correlate gpa tuce psi\nmatrix c = r(C)", {"c[2,1]": matrix.iloc[1, 0], "c[3,2]": matrix.iloc[2, 1], "r(N)": 32, "r(rho)": matrix.iloc[0, 1]})
    cases.add("correlate, covariance", "spector.csv", "correlate gpa tuce, covariance", {"r(cov_12)": data.gpa.cov(data.tuce), "r(Var_1)": data.gpa.var(), "r(rho)": data.gpa.corr(data.tuce), "r(sum_w)": 32})
    r, p = stats.pearsonr(data.tuce, data.psi)
    cases.add("pwcorr", "spector.csv", "pwcorr gpa tuce psi, sig\nmatrix c = r(C)\nmatrix s = r(sig)", {"c[3,2]": r, "s[3,2]": p})
    cases.add("pwcorr, bonferroni", "spector.csv", "pwcorr gpa tuce grade, sig bonferroni\nmatrix s = r(sig)", {"s[3,1]": 3 * stats.pearsonr(data.gpa, data.grade)[1]})
    rho = stats.spearmanr(data.gpa, data.tuce)
    cases.add("spearman", "spector.csv", "spearman gpa tuce", {"r(rho)": rho.statistic, "r(p)": rho.pvalue, "r(N)": 32})
    x, g = data.tuce.to_numpy(), data.psi.to_numpy()
    ranks = stats.rankdata(x)
    n, n1 = len(x), (g == 0).sum()
    w = ranks[g == 0].sum()
    variance = n1 * (n - n1) / n * ranks.var(ddof=1)
    z = (w - n1 * (n + 1) / 2) / variance**0.5
    u = stats.mannwhitneyu(x[g == 0], x[g == 1]).statistic
    cases.add("ranksum", "spector.csv", "ranksum tuce, by(psi) porder", {"r(z)": z, "r(p)": 2 * stats.norm.sf(abs(z)), "r(sum_obs)": w, "r(Var_a)": variance, "r(porder)": u / (n1 * (n - n1))})
    grun = pd.read_csv(ROOT / "data/grunfeld.csv")
    groups = [v["invest"].to_numpy() for _, v in grun.groupby("company")]
    h, p = stats.kruskal(*groups)
    cases.add("kwallis", "grunfeld.csv", "kwallis invest, by(company)", {"r(chi2_adj)": h, "r(df)": 9})
    f, p = stats.f_oneway(*groups)
    bart = stats.bartlett(*groups)
    cases.add("oneway", "grunfeld.csv", "oneway invest company", {"r(F)": f, "r(chi2bart)": bart.statistic, "r(df_bart)": 9, "r(df_m)": 9})
    return cases


if __name__ == "__main__":
    binary().write()
    diagnostics().write()
    instruments().write()
    tests().write()
