"""`gmm`: output of Stata that statsmodels stores; clusters, weights, residuals and systems of equations by linearmodels, which divides by no
degrees of freedom either and agrees with that output for independent rows.

Stata stops a minimisation when its steps are small: its two-step estimates of the ratio model are the second iterate of
Gauss and Newton to 7e-9, and 8e-7 from the minimum. The data on visits that statsmodels ships show `ssiratio` with
seven digits, which moves J by 1e-7. Its standard errors of one step differ by 2e-7, the size of errors of one-sided
differences; the cause is not established. Stata's output for the ratio is therefore met to 1e-6; numpy with exact derivatives
gives more digits from the same data."""

import numpy as np
import pandas as pd
from common import ROOT, Cases
from linearmodels.iv import IVGMM
from linearmodels.system import IVSystemGMM
from scipy.stats import chi2
from statsmodels.sandbox.regression.tests import results_gmm_griliches as griliches
from statsmodels.sandbox.regression.tests import results_gmm_griliches_iter as iterated
from statsmodels.sandbox.regression.tests import results_gmm_poisson as visits

STORED = "Stata output stored in statsmodels"
BY_HAND = "numpy: Gauss-Newton with exact derivatives"
COMPUTED = "linearmodels IVGMM"
YEARS = "dyear_67 dyear_68 dyear_69 dyear_70 dyear_71 dyear_73"
WAGES = "gmm (lw - {xb:s iq expr tenure rns smsa dyear*} - {b0}), instruments(expr tenure rns smsa dyear* med kww age mrt) "
REGRESSORS = "{xb:private medicaid aget aget2 educyr actlim totchr}+{b0}"
ADDITIVE = f"gmm (docvis - exp({REGRESSORS})), instruments(incomet ssiratio aget aget2 educyr actlim totchr) "
RATIO = f"gmm ((docvis / exp({REGRESSORS})) - 1), instruments(income ssiratio medicaid aget aget2 educyr actlim totchr) "


def shown(name):
    """`xb_s` of Stata 12 is `xb:s` today."""
    return name.replace("xb_", "xb:", 1) if name.startswith("xb_") else f"/{name}"


def stored(cases, name, data, do, result, tol):
    """A result of statsmodels; J of an exactly identified model is rounding."""
    expect = {f"e({s})": getattr(result, s) for s in "N J_df k n_moments rank converged n_eq".split()}
    if result.J_df > 0:
        expect |= {"e(J)": result.J, "e(Q)": result.Q}
    for term, row in zip(result.params_1.split(), result.params_table):
        expect[f"_b[{shown(term)}]"], expect[f"_se[{shown(term)}]"] = row[0], row[1]
    cases.add(name, data, do, expect, tol, STORED)


def overidentified(cases, name, data, do, result, tol):
    expect = {"r(J)": result.J, "r(J_df)": result.J_df, "r(J_p)": chi2.sf(result.J, result.J_df)}
    cases.add(name + ", estat overid", data, do + "\nestat overid", expect, tol, STORED)


def computed(cases, name, do, frame, residual=False, **options):
    """Two steps with the same covariance in the weight matrix and in that of the parameters."""
    frame = frame.assign(const=1.0)
    own = frame[["expr", "tenure", "rns", "smsa", *YEARS.split(), "const"]]
    weights = options.pop("weights", None)
    kind = "clustered" if options else "robust"
    model = IVGMM(
        frame["lw"], own, frame[["s", "iq"]], frame[["med", "kww", "age", "mrt"]], weights=weights, weight_type=kind, **options
    )
    fit = model.fit(iter_limit=2, cov_type=kind, debiased=False, **options)
    expect = {"e(N)": len(frame), "e(J)": fit.j_stat.stat, "e(J_df)": 2}
    for term in fit.params.index:
        at = "/b0" if term == "const" else f"xb:{term}"
        expect[f"_b[{at}]"], expect[f"_se[{at}]"] = fit.params[term], fit.std_errors[term]
    if options:
        expect["e(N_clust)"] = options["clusters"].nunique()
    if residual:
        do += "\npredict double r"
        expect |= {f"r[{i + 1}]": fit.resids.iloc[i] for i in (0, 99, 757)}
    cases.add(name, "griliches.csv", do, expect, 1e-8, COMPUTED)


def covariance(z, u, groups):
    scores = z * u[:, None]
    if groups is not None:
        scores = pd.DataFrame(scores).groupby(np.asarray(groups)).sum().to_numpy()
    return scores.T @ scores


def minimum(residual, slope, x, z, weight, b):
    for _ in range(100):
        m, g = z.T @ residual(x @ b), z.T @ (slope(x @ b)[:, None] * x)
        b = b - np.linalg.solve(g.T @ weight @ g, g.T @ weight @ m)
    return b


def visits_by_hand(frame, kind, instruments, steps=2, center=False, efficient=False, groups=None, start=None):
    """Estimates, standard errors and J; `kind` is the error of the exponential mean, "additive" or "ratio"."""
    x = frame["private medicaid aget aget2 educyr actlim totchr".split()].assign(c=1.0).to_numpy(float)
    z = np.linalg.qr(frame[instruments.split()].assign(c=1.0).to_numpy(float))[0]
    y, n = frame["docvis"].to_numpy(float), len(frame)
    additive = kind == "additive"
    residual = (lambda e: y - np.exp(e)) if additive else (lambda e: y * np.exp(-e) - 1)
    slope = (lambda e: -np.exp(e)) if additive else (lambda e: -y * np.exp(-e))
    b = minimum(residual, slope, x, z, np.eye(z.shape[1]), np.asarray(start, float))
    u = residual(x @ b)
    weight = np.eye(z.shape[1]) / (u @ u / n)
    if steps == 2:
        m = z.T @ u
        weight = np.linalg.inv(covariance(z, u, groups) - center * np.outer(m, m) / n)
        b = minimum(residual, slope, x, z, weight, b)
        u = residual(x @ b)
    g = z.T @ (slope(x @ b)[:, None] * x)
    bread = np.linalg.inv(g.T @ weight @ g)
    v = bread if efficient else bread @ g.T @ weight @ covariance(z, u, groups) @ weight @ g @ bread
    return b, np.sqrt(np.diag(v)), (z.T @ u) @ weight @ (z.T @ u)


def by_hand(cases, name, do, result, kind, instruments, **options):
    frame = pd.read_csv(ROOT / "data/docvis.csv")
    groups = options.get("groups")
    if groups is not None:
        options["groups"] = frame[groups]
    b, se, j = visits_by_hand(frame, kind, instruments, start=result.params_table[:, 0], **options)
    expect = {"e(J)": j} if kind == "ratio" else {}
    for term, value, error in zip(result.params_1.split(), b, se):
        expect[f"_b[{shown(term)}]"], expect[f"_se[{shown(term)}]"] = value, error
    cases.add(name + ", by hand", "docvis.csv", do, expect, 1e-8, BY_HAND)


def moments_by_hand(b, residuals, jacobians, instruments, weight, steps, groups=None):
    """Gauss and Newton's method for several residual functions; `weight` is that of the first step."""
    def parts(b):
        u, d = residuals(b), jacobians(b)
        m = np.concatenate([z.T @ e for z, e in zip(instruments, u)])
        g = np.vstack([z.T @ j for z, j in zip(instruments, d)])
        scores = np.column_stack([z * e[:, None] for z, e in zip(instruments, u)])
        if groups is not None:
            scores = pd.DataFrame(scores).groupby(np.asarray(groups)).sum().to_numpy()
        return m, g, scores.T @ scores

    for step in range(steps):
        if step:
            weight = np.linalg.inv(parts(b)[2])
        for _ in range(200):
            m, g, _ = parts(b)
            change = np.linalg.solve(g.T @ weight @ g, g.T @ weight @ m)
            b = b - change
    m, g, cover = parts(b)
    bread = np.linalg.inv(g.T @ weight @ g)
    v = bread @ g.T @ weight @ cover @ weight @ g @ bread
    return b, np.sqrt(np.diag(v)), m @ weight @ m


def systems(cases):
    frame = pd.read_csv(ROOT / "data/griliches.csv").assign(const=1.0)
    own = [["s", "iq", "expr", "const"], ["s", "age", "const"]]
    lists = [["s", "expr", "med", "mrt"], ["s", "age", "tenure", "smsa"]]
    do = "gmm (wage: lw - {a:s iq expr} - {a0}) (work: kww - {c:s age} - {c0}), instruments(wage: s expr med mrt) instruments(2: s age tenure smsa) winitial(unadjusted, independent) "
    names = ["a:s", "a:iq", "a:expr", "/a0", "c:s", "c:age", "/c0"]
    equations = {
        "wage": {"dependent": frame.lw, "exog": frame[["s", "expr", "const"]], "endog": frame[["iq"]], "instruments": frame[["med", "mrt"]]},
        "work": {"dependent": frame.kww, "exog": frame[["s", "age", "const"]], "endog": None, "instruments": frame[["tenure", "smsa"]]},
    }
    order = ["wage_s", "wage_iq", "wage_expr", "wage_const", "work_s", "work_age", "work_const"]
    for option, limit in (("", 2), ("igmm", 1000)):
        fit = IVSystemGMM(equations, weight_type="robust").fit(iter_limit=limit, tol=1e-13, cov_type="robust", debiased=False)
        expect = {f"_b[{n}]": fit.params[o] for n, o in zip(names, order)} | {f"_se[{n}]": fit.std_errors[o] for n, o in zip(names, order)}
        expect |= {"e(J)": fit.j_stat.stat, "e(J_df)": 3, "e(n_eq)": 2, "e(n_moments)": 10, "e(k_1)": 4, "e(k_2)": 3, "e(N)": len(frame)}
        add = "\npredict double u, equation(work)\npredict double v, equation(#1)" if not option else ""
        if add:
            work = frame.kww - frame[own[1]].to_numpy() @ fit.params[order[4:]].to_numpy()
            wage = frame.lw - frame[own[0]].to_numpy() @ fit.params[order[:4]].to_numpy()
            expect |= {"u[3]": work[2], "v[700]": wage[699]}
        cases.add(f"two equations {option}".strip(), "griliches.csv", do + option + add, expect, 1e-6 if option else 1e-8, "linearmodels IVSystemGMM" + (", iterated to the end; igmm ends when parameters change by less than 1e-6" if option else ""))
    x = [frame[c].to_numpy(float) for c in own]
    y = [frame.lw.to_numpy(), frame.kww.to_numpy(float)]
    z = [frame[c + ["const"]].to_numpy(float) for c in lists]
    residuals = lambda b: [y[0] - x[0] @ b[:4], y[1] - x[1] @ b[4:]]
    jacobians = lambda b: [np.column_stack([-x[0], 0 * x[1]]), np.column_stack([0 * x[0], -x[1]])]
    block = np.zeros((10, 10))
    block[:5, :5], block[5:, 5:] = np.linalg.inv(z[0].T @ z[0]), np.linalg.inv(z[1].T @ z[1])
    frame["g"] = (frame.index + 1) % 60
    for name, options, weight, steps, groups in (
        ("one step", "onestep", block, 1, None),
        ("clusters", "wmatrix(cluster g)", block, 2, frame.g),
    ):
        b, se, j = moments_by_hand(np.zeros(7), residuals, jacobians, z, weight, steps, groups)
        expect = {f"_b[{n}]": v for n, v in zip(names, b)} | {f"_se[{n}]": v for n, v in zip(names, se)} | ({"e(J)": j} if steps > 1 else {})
        cases.add(f"two equations, {name}", "griliches.csv", "gen g = mod(_n, 60)\n" + do + options, expect, 1e-8, BY_HAND)
    b, se, j = moments_by_hand(np.zeros(7), residuals, jacobians, z, np.eye(10), 2)
    expect = {f"_b[{n}]": v for n, v in zip(names, b)} | {f"_se[{n}]": v for n, v in zip(names, se)} | {"e(J)": j}
    cases.add("two equations, identity matrix first", "griliches.csv", do.replace("unadjusted, independent", "identity"), expect, 1e-6, BY_HAND)
    shared(cases)


def shared(cases):
    """One parameter in two equations, instruments that do not depend on each other, and an equation of a mean."""
    frame = pd.read_csv(ROOT / "data/docvis.csv")
    y, n = frame.docvis.to_numpy(float), len(frame)
    x = frame[["private", "totchr"]].assign(c=1.0).to_numpy(float)
    z = [frame[["private", "totchr", "income"]].assign(c=1.0).to_numpy(float), np.ones((n, 1)), frame[["actlim", "educyr"]].to_numpy(float)]

    def residuals(b):
        e = np.exp(x @ b[:3])
        return [y - e, y - b[3], y / e - 1]

    def jacobians(b):
        e, none = np.exp(x @ b[:3]), np.zeros((n, 1))
        return [np.column_stack([-e[:, None] * x, none]), np.column_stack([0 * x, -np.ones(n)]), np.column_stack([-(y / e)[:, None] * x, none])]

    names = ["xb:private", "xb:totchr", "xb:_cons", "/mu"]
    do = "gmm (docvis - exp({xb: private totchr _cons})) (docvis - {mu}) (docvis / exp({xb:}) - 1), instruments(1: private totchr income) instruments(3: actlim educyr, noconstant) "
    start = "from(xb:_cons 1 mu 5) "
    for name, options, weight in (
        ("independent", "winitial(unadjusted, independent)", [np.linalg.inv(q.T @ q) for q in z]),
        ("identity", "winitial(identity)", [np.eye(q.shape[1]) for q in z]),
    ):
        block = np.zeros((7, 7))
        block[:4, :4], block[4:5, 4:5], block[5:, 5:] = weight
        b, se, j = moments_by_hand(np.array([0, 0, 1.0, 5]), residuals, jacobians, z, block, 2)
        expect = {f"_b[{k}]": v for k, v in zip(names, b)} | {f"_se[{k}]": v for k, v in zip(names, se)} | {"e(J)": j, "e(J_df)": 3, "e(n_eq)": 3}
        cases.add(f"shared parameters, {name}", "docvis.csv", do + start + options, expect, 1e-6, BY_HAND)
    joint = [z[0][:, :3], z[2]]
    values = lambda b: [r for i, r in enumerate(residuals(np.r_[b, 0])) if i != 1]
    slopes = lambda b: [d[:, :3] for i, d in enumerate(jacobians(np.r_[b, 0])) if i != 1]
    both = np.column_stack(joint)
    b, se, j = moments_by_hand(np.array([0, 0, 1.0]), values, slopes, joint, np.linalg.inv(both.T @ both), 1)
    expect = {f"_b[{k}]": v for k, v in zip(names, b)} | {f"_se[{k}]": v for k, v in zip(names, se)}
    do = "gmm (docvis - exp({xb: private totchr _cons})) (docvis / exp({xb:}) - 1), instruments(1: private totchr income, noconstant) instruments(2: actlim educyr, noconstant) onestep from(xb:_cons 1)"
    cases.add("shared parameters, joint first weights", "docvis.csv", do, expect, 1e-6, BY_HAND)


def main():
    cases = Cases("gmm", "Stata output stored in statsmodels; linearmodels IVGMM; numpy by hand")
    stored(cases, "wages, two steps", "griliches.csv", WAGES, griliches.results_twostep, 2e-8)
    stored(cases, "wages, one step", "griliches.csv", WAGES + "onestep", griliches.results_onestep, 2e-8)
    stored(cases, "wages, iterated", "griliches.csv", WAGES + "igmm", iterated.results, 2e-8)
    overidentified(cases, "wages, two steps", "griliches.csv", WAGES, griliches.results_twostep, 2e-8)
    overidentified(cases, "wages, iterated", "griliches.csv", WAGES + "igmm", iterated.results, 2e-8)
    own = "incomet ssiratio aget aget2 educyr actlim totchr"
    two = "income ssiratio medicaid aget aget2 educyr actlim totchr"
    first, second = ("additive", own), ("ratio", two)
    efficient = "twostep wmatrix(robust) vce(unadjusted) center"
    for name, do, result, model, options in (
        ("additive error, one step", ADDITIVE + "onestep vce(robust)", visits.results_addonestep, first, {"steps": 1}),
        ("additive error, two steps", ADDITIVE + "twostep vce(robust)", visits.results_addtwostep, first, {}),
        ("ratio, one step", RATIO + "onestep vce(robust)", visits.results_multonestep, second, {"steps": 1}),
        ("ratio, two steps", RATIO + "twostep vce(robust)", visits.results_multtwostep, second, {}),
        ("centred, efficient", RATIO + efficient, visits.results_multtwostepdefault, second, {"center": True, "efficient": True}),
        ("centred", RATIO + "twostep wmatrix(robust) center", visits.results_multtwostepcenter, second, {"center": True}),
    ):
        stored(cases, name, "docvis.csv", do, result, 1e-6 if model == second else 1e-7)
        by_hand(cases, name, do, result, *model, **options)
    by_hand(cases, "clusters", RATIO + "vce(cluster educyr) onestep", visits.results_multonestep, *second, steps=1, groups="educyr")
    frame = pd.read_csv(ROOT / "data/griliches.csv")
    frame["g"] = (frame.index + 1) % 60
    computed(cases, "residuals", WAGES + "wmatrix(robust)", frame, residual=True)
    computed(cases, "clusters", "gen g = mod(_n, 60)\n" + WAGES + "wmatrix(cluster g)", frame, clusters=frame["g"])
    weighted = WAGES.replace("), instruments", ") [pw=kww], instruments")
    computed(cases, "probability weights", weighted, frame, weights=frame["kww"])
    repeated = frame.loc[frame.index.repeat((frame["age"] % 3 + 1).astype(int))].reset_index(drop=True)
    weighted = "gen f = mod(age, 3) + 1\n" + WAGES.replace("), instruments", ") [fw=f], instruments")
    computed(cases, "frequency weights", weighted, repeated)
    computed(cases, "frequency weights and clusters", "gen g = mod(_n, 60)\n" + weighted + "wmatrix(cluster g)", repeated, clusters=repeated["g"])
    systems(cases)
    cases.write()


if __name__ == "__main__":
    main()
