"""Systems of time series: real Stata's var stored in statsmodels, cointegrating ranks, forecasts and their errors."""

import importlib
import warnings

import numpy as np
import pandas as pd
from common import ROOT, Cases, write_data
from scipy import optimize
from statsmodels.tsa.api import VAR
from statsmodels.tsa.vector_ar.tests import test_coint
from statsmodels.tsa.vector_ar.vecm import VECM

warnings.simplefilter("ignore")

# as the do-file of the source, in doubles
SOURCE = "tsset t\ngen double gdp = ln(realgdp) - ln(L.realgdp)\ngen double cons = ln(realcons) - ln(L.realcons)\ngen double inv = ln(realinv) - ln(L.realinv)\n"


def stata(cases):
    """`var` with dfk and small, from the output of svar."""
    found = importlib.import_module("statsmodels.tsa.vector_ar.tests.results.results_svar_st")
    est, b, v = found.est, found.bf_var, found.V_var
    expect = {f"el(e(b),1,{i + 1})": value for i, value in enumerate(b)}
    for i in range(len(b)):
        expect[f"sqrt(el(e(V),{i + 1},{i + 1}))"] = np.sqrt(v[i, i])
    names = ["F_{}", "df_r{}", "df_m{}", "ll_{}", "r2_{}", "rmse_{}", "k_{}", "obs_{}"]
    for name in [n.format(j) for j in (1, 2, 3) for n in names]:
        stem, equation = name[:-1], name[-1]
        expect[f"e({name})"] = est[f"{stem}{equation}_var"] if f"{stem}{equation}_var" in est else est[f"{stem.rstrip('_')}_{equation}_var"]
    for name in ("ll", "aic", "hqic", "sbic", "fpe", "detsig", "detsig_ml", "mlag", "df_eq", "df_r", "k"):
        expect[f"e({name})"] = est[f"{name}_var"]
    cases.add("var dfk small", "macrots.csv", SOURCE + "var gdp cons inv, lags(1/3) dfk small", expect, 1e-8, "Stata output of svar stored in statsmodels (results_svar_st)")
    # without dfk the divisor is the number of rows
    n, k = est["N"], est["df_eq_var"]
    plain = {f"sqrt(el(e(V),{i + 1},{i + 1}))": np.sqrt(v[i, i] * (n - k) / n) for i in range(len(b))}
    plain |= {f"e(F_{j})": est[f"F_{j}_var"] * n / (n - k) for j in (1, 2, 3)} | {"e(df_r)": n - k}
    cases.add("var small", "macrots.csv", SOURCE + "var gdp cons inv, lags(1/3) small", plain, 1e-6, "the same with the divisor T: [TS] var, small changes the distributions alone")


def ranks(cases):
    """Log likelihoods of all ranks and trends; traces of another program."""
    y = pd.read_csv(ROOT / "data/macrots.csv")[["lgdp", "lcons", "linv"]].to_numpy()
    n = len(y) - 3
    for deterministic, trend, extra in (("n", "none", 0), ("ci", "rconstant", 0), ("co", "constant", 3), ("coli", "rtrend", 3), ("colo", "trend", 6)):
        inside = int(trend in ("rconstant", "rtrend"))
        ll = {r: VECM(y, k_ar_diff=2, coint_rank=r, deterministic=deterministic).fit().llf for r in (1, 2, 3)}
        expect = {f"el(e(ll),1,{r + 1})": value for r, value in ll.items()}
        for r in (1, 2):
            expect[f"el(e(trace),1,{r + 1})"] = 2 * (ll[3] - ll[r])
            expect[f"el(e(max),1,{r + 1})"] = 2 * (ll[r + 1] - ll[r])
            expect[f"el(e(lambda),1,{r + 1})"] = 1 - np.exp(-2 * (ll[r + 1] - ll[r]) / n)
            parameters = 18 + extra + r * (6 + inside - r)
            expect[f"el(e(k_rank),1,{r + 1})"] = parameters
            expect[f"el(e(aic),1,{r + 1})"] = (-2 * ll[r] + 2 * parameters) / n
            expect[f"el(e(sbic),1,{r + 1})"] = (-2 * ll[r] + np.log(n) * parameters) / n
            expect[f"el(e(hqic),1,{r + 1})"] = (-2 * ll[r] + 2 * np.log(np.log(n)) * parameters) / n
        cases.add(f"vecrank {trend}", "macrots.csv", f"tsset t\nvecrank lgdp lcons linv, lags(3) trend({trend}) max ic levela", expect | {"e(N)": n}, 1e-7, "statsmodels VECM, fitted at each rank")
    frame = pd.DataFrame(test_coint.dta, columns=[f"y{j}" for j in range(1, 9)])
    frame.insert(0, "t", np.arange(1, len(frame) + 1))
    write_data("eightseries", frame)
    series = " ".join(frame.columns[1:])
    for name, options in (("TestCointJoh09", "lags(10)"), ("TestCointJohMin18", "lags(9) trend(none)")):
        case = getattr(test_coint, name, None)
        if case is None:
            continue
        case.setup_class()
        expect = {f"el(e(trace),1,{j + 1})": v for j, v in enumerate(case.res1_m[:8])} | {f"el(e(max),1,{j + 1})": v for j, v in enumerate(case.res2_m[:8])}
        cases.add(f"vecrank eight series, {options}", "eightseries.csv", f"tsset t\nvecrank {series}, {options}", expect, 1e-6, "jplv Econometrics Toolbox for Matlab, stored in statsmodels")
    cases.add("vecrank chosen ranks", "eightseries.csv", f"tsset t\nvecrank {series}, lags(10)", {"e(k_ce95)": 6, "e(k_ce99)": 4}, 0, "traces of the Matlab program against Osterwald-Lenum (1992): 30.20 > 29.68, 13.84 < 15.41; 83.31 > 76.07, 52.52 < 54.46")


def forecasts(cases):
    """Forecasts with the errors of the parameters."""
    raw = pd.read_csv(ROOT / "data/macrots.csv")
    y = np.log(raw[["realgdp", "realcons", "realinv"]]).diff().dropna().to_numpy()
    make = "tsset t\ngenerate double g = ln(realgdp) - ln(L.realgdp)\ngenerate double c = ln(realcons) - ln(L.realcons)\ngenerate double i = ln(realinv) - ln(L.realinv)\n"
    fit = VAR(y).fit(2)
    paths = fit.forecast(y[-2:], 4)
    omega, mse = fit._omega_forc_cov(4), fit.mse(4)
    covariance = [mse[h] + omega[h] / fit.nobs for h in range(4)]
    covariance[0] = mse[0] * (1 + fit.df_model / fit.nobs)
    expect, rows = {}, len(raw)
    for h in range(4):
        for j, name in enumerate("gci"):
            error = np.sqrt(covariance[h][j, j])
            expect[f"f_{name}[{rows + h + 1}]"] = paths[h, j]
            expect[f"f_{name}_SE[{rows + h + 1}]"] = error
            expect[f"f_{name}_UB[{rows + h + 1}]"] = paths[h, j] + 1.959963984540054 * error
    cases.add("fcast compute", "macrots.csv", make + "var g c i, lags(1/2) dfk\nfcast compute f_, step(4)", expect, 1e-7, "statsmodels VAR: forecast, mse and the term of the parameters (Luetkepohl 2005, 3.5)")
    within = fit.forecast(y[98:100], 3)
    expect = {f"f_{name}[{101 + h + 1}]": within[h, j] for h in range(3) for j, name in enumerate("gci")}
    cases.add("fcast compute inside the sample", "macrots.csv", make + "var g c i, lags(1/2)\nfcast compute f_, step(3) dynamic(t[102]) nose", expect | {"_N": rows}, 1e-8, "statsmodels VAR.forecast")


def error_correction(cases):
    """Models of all trends: estimates of statsmodels with the divisor of the covariances made T - k."""
    y = pd.read_csv(ROOT / "data/macrots.csv")[["lgdp", "lcons", "linv"]].to_numpy()
    names, n = ["lgdp", "lcons", "linv"], len(y) - 3
    for deterministic, trend in (("n", "none"), ("ci", "rconstant"), ("co", "constant"), ("coli", "rtrend"), ("colo", "trend")):
        for rank in (1, 2):
            fit = VECM(y, k_ar_diff=2, coint_rank=rank, deterministic=deterministic).fit()
            outside = fit.det_coef.shape[1] if fit.det_coef.size else 0
            k = rank + 6 + outside
            wider = np.sqrt(n / (n - k))
            expect = {"e(N)": n, "e(ll)": fit.llf, "e(detsig_ml)": np.linalg.det(fit.sigma_u), "e(k_1)": k}
            rows = 3 + (1 if trend in ("rconstant", "rtrend") else 0)
            beta = np.vstack([fit.beta, fit.det_coef_coint]) if fit.det_coef_coint.size else fit.beta
            errors = np.zeros_like(beta)
            # the variances are those of vec(beta'), Luetkepohl (2005), 7.2.13; statsmodels 0.14 reads them as vec(beta)
            errors[rank:] = fit.stderr_coint[rank:].ravel(order="F").reshape(-1, rank)
            for j in range(rank):
                for i in range(rank, rows):
                    at = j * rows + i + 1
                    # statsmodels counts a restricted trend from another period: its constant alone differs
                    expect[f"el(e(betavec),1,{at})"] = beta[i, j]
                    full = j * (rows + (1 if trend in ("constant", "rtrend") else 2 if trend == "trend" else 0)) + i + 1
                    expect[f"sqrt(el(e(V_beta),{full},{full}))"] = errors[i, j] * wider
            for a, name in enumerate(names):
                for j in range(rank):
                    expect[f"[D_{name}]_b[L._ce{j + 1}]"] = fit.alpha[a, j]
                    expect[f"[D_{name}]_se[L._ce{j + 1}]"] = fit.stderr_alpha[a, j] * wider
                for lag in (1, 2):
                    for b, other in enumerate(names):
                        term = f"L{'' if lag == 1 else lag}D.{other}"
                        expect[f"[D_{name}]_b[{term}]"] = fit.gamma[a, (lag - 1) * 3 + b]
                        expect[f"[D_{name}]_se[{term}]"] = fit.stderr_gamma[a, (lag - 1) * 3 + b] * wider
                resid = fit.resid[:, a]
                expect[f"e(rmse_{a + 1})"] = np.sqrt(resid @ resid / (n - k))
            if trend == "constant":
                # the constant is v = a m + g with g'a m = 0
                v = fit.det_coef[:, 0]
                m = np.linalg.solve(fit.alpha.T @ fit.alpha, fit.alpha.T @ v)
                for a, name in enumerate(names):
                    expect[f"[D_{name}]_b[_cons]"] = (v - fit.alpha @ m)[a]
                for j in range(rank):
                    expect[f"el(e(beta),1,{j * 4 + 4})"] = m[j]
            do = f"tsset t\nvec lgdp lcons linv, lags(3) rank({rank}) trend({trend})"
            cases.add(f"vec {trend} rank {rank}", "macrots.csv", do, expect, 1e-6, "statsmodels VECM; divisor T - k: published chi2 and R-squared of [TS] vec agree with it")


def after_error_correction(cases):
    """Predictions, responses, stability and the Lagrange-multiplier test by numpy from the estimates of statsmodels."""
    y = pd.read_csv(ROOT / "data/macrots.csv")[["lgdp", "lcons", "linv"]].to_numpy()
    fit = VECM(y, k_ar_diff=1, coint_rank=1, deterministic="ci").fit()
    n = len(y) - 2
    ce = y @ fit.beta[:, 0] + fit.det_coef_coint[0, 0]
    change = fit.alpha[:, 0] * ce[98] + fit.gamma @ (y[98] - y[97])
    do = "tsset t\nvec lgdp lcons linv, lags(2) trend(rconstant)\npredict double c, ce\npredict double d, equation(D_lcons)\npredict double r, residuals equation(#2)\npredict double l, levels equation(D_linv)\n"
    expect = {"c[99]": ce[98], "d[100]": change[1], "r[100]": y[99, 1] - y[98, 1] - change[1], "l[100]": y[98, 2] + change[2]}
    cases.add("predict after vec", "macrots.csv", do, expect, 1e-6, "numpy from statsmodels VECM")
    pi = fit.alpha @ fit.beta.T
    lag1, lag2 = np.eye(3) + pi + fit.gamma, -fit.gamma
    companion = np.block([[lag1, lag2], [np.eye(3), np.zeros((3, 3))]])
    moduli = np.sort(np.abs(np.linalg.eigvals(companion)))[::-1]
    expect = {f"m[1,{i + 1}]": v for i, v in enumerate(moduli)}
    cases.add("vecstable", "macrots.csv", "tsset t\nvec lgdp lcons linv, lags(2) trend(rconstant)\nvecstable\nmatrix m = r(Modulus)", expect, 1e-6, "numpy from statsmodels VECM")
    responses = fit.irf(6)
    expect = {}
    for step in (1, 4, 6):
        row = f"impulse == \"lgdp\" & response == \"linv\" & step == {step}"
        expect[f"v{step}"], expect[f"o{step}"] = responses.irfs[step][2, 0], responses.orth_irfs[step][2, 0]
        do_row = f"quietly summarize irf if {row}\nscalar v{step} = r(mean)\nquietly summarize oirf if {row}\nscalar o{step} = r(mean)\n"
        expect.setdefault("do", "")
        expect["do"] += do_row
    lines = expect.pop("do")
    do = "tsset t\nvec lgdp lcons linv, lags(2) trend(rconstant)\ntempfile f\nirf create m, step(6) set(`f'.irf)\nuse `f'.irf, clear\n" + lines + "erase `f'.irf"
    cases.add("irf after vec", "macrots.csv", do, expect, 1e-6, "statsmodels VECMResults.irf")
    u = fit.resid
    regressors = np.column_stack([ce[1:-1], (y[1:-1] - y[:-2])])
    base = np.log(np.linalg.det(u.T @ u / n))
    expect = {}
    for lag in (1, 2):
        shifted = np.vstack([np.zeros((lag, 3)), u[:-lag]])
        x = np.column_stack([regressors, shifted])
        left = u - x @ np.linalg.lstsq(x, u, rcond=None)[0]
        expect[f"m[{lag},2]"] = (n - x.shape[1] - 0.5) * (base - np.log(np.linalg.det(left.T @ left / n)))
    cases.add("veclmar", "macrots.csv", "tsset t\nvec lgdp lcons linv, lags(2) trend(rconstant)\nveclmar\nmatrix m = r(lm)", expect, 1e-6, "numpy from statsmodels VECM; Johansen (1995)")


def corrected_forecasts(cases):
    """Forecasts after `vec`: least squares given the cointegrating vectors of statsmodels, carried on by numpy."""
    y = pd.read_csv(ROOT / "data/macrots.csv")[["lgdp", "lcons", "linv"]].to_numpy()
    total = len(y)
    for deterministic, trend in (("n", "none"), ("ci", "rconstant"), ("co", "constant"), ("coli", "rtrend"), ("colo", "trend")):
        fit = VECM(y, k_ar_diff=2, coint_rank=2, deterministic=deterministic).fit()

        def row(values, t):
            """Regressors of the change in period t (from 0), of values until t - 1."""
            ce = values[t - 1] @ fit.beta
            if deterministic in ("ci", "coli"):
                ce = ce + fit.det_coef_coint[0] * (1 if deterministic == "ci" else t)
            outside = {"co": [1.0], "coli": [1.0], "colo": [1.0, t]}.get(deterministic, [])
            changes = [values[t - lag] - values[t - lag - 1] for lag in (1, 2)]
            return np.concatenate([ce, *changes, outside])

        x = np.array([row(y, t) for t in range(3, total)])
        b = np.linalg.lstsq(x, y[3:] - y[2:-1], rcond=None)[0]
        values = y.copy()
        for h in range(4):
            values = np.vstack([values, values[-1] + row(values, total + h) @ b])
        if deterministic in ("n", "ci", "co"):
            assert np.allclose(values[total:], fit.predict(4), rtol=1e-9), trend
        expect = {f"f_{name}[{total + h + 1}]": values[total + h, j] for h in range(4) for j, name in enumerate(("lgdp", "lcons", "linv"))}
        do = f"tsset t\nvec lgdp lcons linv, lags(3) rank(2) trend({trend})\nfcast compute f_, step(4) nose"
        cases.add(f"fcast compute after vec, {trend}", "macrots.csv", do, expect, 1e-8, "statsmodels VECM.predict; numpy from its cointegrating vectors")


def structural(cases):
    """Short-run restrictions: output of Stata, and maximum likelihood by scipy for restrictions that can be tested."""
    found = importlib.import_module("statsmodels.tsa.vector_ar.tests.results.results_svar_st")
    restrict = "matrix A = (1,0,0\\.,1,0\\.,.,1)\nmatrix B = (.,0,0\\0,.,0\\0,0,.)\n"
    expect = {f"el(e(b),1,{i + 1})": v for i, v in enumerate(found.b)}
    expect |= {f"sqrt(el(e(V),{i + 1},{i + 1}))": v for i, v in enumerate(np.sqrt(np.diag(found.cov)))}
    for name in ("ll", "N", "N_cns", "k_eq", "k_aux", "k_dv", "neqs", "oid_df", "rank", "df_r"):
        expect[f"e({name})"] = found.est[name]
    expect |= {"e(ll_var)": found.est["ll_var"], "e(rmse_1_var)": found.est["rmse_1_var"]}
    cases.add("svar", "macrots.csv", SOURCE + restrict + "svar gdp cons inv, aeq(A) beq(B) lags(1/3) dfk small", expect, 1e-6, "Stata output of svar stored in statsmodels (results_svar_st)")
    raw = pd.read_csv(ROOT / "data/macrots.csv")
    y = np.log(raw[["realgdp", "realcons", "realinv"]]).diff().dropna().to_numpy()
    fit = VAR(y).fit(2)
    n, sigma = fit.nobs, fit.resid.T @ fit.resid / fit.nobs

    def loss(p):
        a = np.array([[1, 0, 0], [p[0], 1, 0], [p[1], 0, 1]])
        k = np.diag(1 / np.exp(p[2:])) @ a
        return -(n * (np.linalg.slogdet(k)[1]) - n / 2 * (3 * np.log(2 * np.pi) + np.trace(k @ sigma @ k.T)))

    best = optimize.minimize(loss, np.r_[0, 0, np.log(np.sqrt(np.diag(sigma)))], method="BFGS", options={"gtol": 1e-9})
    free = -n / 2 * (3 * (1 + np.log(2 * np.pi)) + np.linalg.slogdet(sigma)[1])
    expect = {"el(e(A),2,1)": best.x[0], "el(e(A),3,1)": best.x[1], "el(e(B),1,1)": np.exp(best.x[2]), "el(e(B),3,3)": np.exp(best.x[4])}
    do = SOURCE + "matrix A = (1,0,0\\.,1,0\\.,0,1)\nmatrix B = (.,0,0\\0,.,0\\0,0,.)\nsvar gdp cons inv, aeq(A) beq(B) lags(1/2)"
    cases.add("svar overidentified", "macrots.csv", do, expect | {"e(ll)": -best.fun, "e(chi2_oid)": 2 * (free + best.fun), "e(oid_df)": 1}, 1e-5, "scipy minimize of the likelihood of Amisano and Giannini (1997)")


def structural_responses(cases):
    """Responses to structural shocks from the estimates of real Stata: the moving-average form times A^-1 B."""
    found = importlib.import_module("statsmodels.tsa.vector_ar.tests.results.results_svar_st")
    raw = pd.read_csv(ROOT / "data/macrots.csv")
    y = np.log(raw[["realgdp", "realcons", "realinv"]]).diff().dropna().to_numpy()
    phi = VAR(y).fit(3).ma_rep(6)
    # e(b) has the elements of A, then those of B, column by column
    values = np.asarray(found.b).ravel()
    a, b = values[:9].reshape(3, 3).T, values[9:].reshape(3, 3).T
    theta = phi @ np.linalg.inv(a) @ b
    names, expect, lines = ["gdp", "cons", "inv"], {}, ""
    for step in (0, 1, 4, 6):
        squares = (theta[:step] ** 2).sum(axis=0)
        for i, j in ((0, 0), (2, 0), (1, 2), (2, 1)):
            key = f"{names[i]}{names[j]}{step}"
            expect[f"s{key}"] = theta[step][i, j]
            row = f"impulse == \"{names[j]}\" & response == \"{names[i]}\" & step == {step}"
            lines += f"quietly summarize sirf if {row}\nscalar s{key} = r(mean)\n"
            if step > 0:
                expect[f"v{key}"] = squares[i, j] / squares[i].sum()
                lines += f"quietly summarize sfevd if {row}\nscalar v{key} = r(mean)\n"
    expect = {k: v for k, v in expect.items() if abs(v) > 1e-12}
    restrict = "matrix A = (1,0,0\\.,1,0\\.,.,1)\nmatrix B = (.,0,0\\0,.,0\\0,0,.)\n"
    do = SOURCE + restrict + "svar gdp cons inv, aeq(A) beq(B) lags(1/3) dfk small\ntempfile f\nirf create m, step(6) set(`f'.irf)\nuse `f'.irf, clear\n" + lines + "erase `f'.irf"
    cases.add("irf after svar", "macrots.csv", do, expect, 1e-5, "statsmodels VAR.ma_rep; A and B of Stata, stored in statsmodels (results_svar_st)")


def main():
    cases = Cases("vectors", "Stata output in statsmodels, Matlab jplv, statsmodels VECM and VAR")
    stata(cases)
    ranks(cases)
    forecasts(cases)
    error_correction(cases)
    after_error_correction(cases)
    corrected_forecasts(cases)
    structural(cases)
    structural_responses(cases)
    cases.write()


if __name__ == "__main__":
    main()
