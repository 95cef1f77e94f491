"""Structural equation models of several groups: R lavaan (Rosseel 2012, Journal of Statistical Software 48(2)) by `sem_groups.R`,
with the fit that lavaan's tutorial publishes for the same models of Holzinger and Swineford's (1939) data; the log likelihood of
the invariant model is checked against one written in numpy, Wald tests and regressions are those of numpy. Writes
`sem_groups.json`.

lavaan's search ends where the likelihood is flat within rounding, and takes no Newton steps with equal parameters: its estimates are
good to 1e-4. That models without equal parameters are those of each group alone is a test of the engine (groups_and_seasons.rs)."""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from common import ROOT, Cases
from scipy.stats import chi2

# What lavaan's estimates of several groups are good to.
LAVAAN = 1e-4
HERE = Path(__file__).resolve().parent
THREE = "sem (Visual -> x1 x2 x3) (Textual -> x4 x5 x6) (Speed -> x7 x8 x9), group(pasteur)"
GOF = "\nestat gof, stats(all)\nscalar g_rmsea = r(rmsea)\nscalar g_close = r(pclose)\nscalar g_cfi = r(cfi)\nscalar g_tli = r(tli)"
LATENT = ("visual", "textual", "speed")


def name(row, endogenous):
    """The name in `e(b)` of a row of lavaan's table."""
    left, op, right = row["lhs"], row["op"], row["rhs"]
    shown = lambda v: v.capitalize() if v in LATENT else v
    error = lambda v: ("e." if v in endogenous else "") + shown(v)
    level = ("0bn" if row["group"] == 1 else "1") + ".pasteur"
    if op == "=~":
        return f"{right}:{level}#c.{shown(left)}"
    if op == "~":
        return f"{shown(left)}:{level}#c.{shown(right)}"
    if op == "~1":
        return f"{shown(left)}:{level}" if left in endogenous else f"/mean({shown(left)})#{level}"
    if left == right:
        return f"/var({error(left)})#{level}"
    return f"/cov({error(left)},{error(right)})#{level}"


def estimates(found, ll=True):
    """Estimates and standard errors of what is estimated; lavaan's log likelihood is conditional on observed causes."""
    rows = found["rows"]
    endogenous = {r["rhs"] for r in rows if r["op"] == "=~"} | {r["lhs"] for r in rows if r["op"] == "~"}
    out = {"e(ll)": found["ll"]} if ll else {}
    for row in rows:
        if row.get("se", 0):
            out[f"_b[{name(row, endogenous)}]"] = row["est"]
            out[f"_se[{name(row, endogenous)}]"] = row["se"]
    return out


def tests(found):
    fit = found["fit"]
    return {
        "e(chi2_ms)": fit["chisq"], "e(df_ms)": fit["df"], "e(chi2_bs)": fit["baseline.chisq"], "e(df_bs)": fit["baseline.df"],
        "scalar(g_rmsea)": fit["rmsea"], "scalar(g_close)": fit["rmsea.pvalue"], "scalar(g_cfi)": fit["cfi"],
        "scalar(g_tli)": fit["tli"],
    }


def log_likelihood(data, rows):
    """The normal log likelihood of three factors in each group, at the estimates."""
    total = 0.0
    for group in (1, 2):
        x = data.loc[data.pasteur == group - 1, [f"x{i}" for i in range(1, 10)]].to_numpy()
        at = {(r["lhs"], r["op"], r["rhs"]): r["est"] for r in rows if r["group"] == group}
        loadings = np.array([[at.get((f, "=~", f"x{i}"), 0.0) for f in LATENT] for i in range(1, 10)])
        phi = np.array([[at.get((a, "~~", b), at.get((b, "~~", a))) for b in LATENT] for a in LATENT])
        theta = np.diag([at[(f"x{i}", "~~", f"x{i}")] for i in range(1, 10)])
        mean = np.array([at[(f"x{i}", "~1", "")] for i in range(1, 10)]) + loadings @ [at[(f, "~1", "")] for f in LATENT]
        sigma = loadings @ phi @ loadings.T + theta
        away = x - mean
        total += -0.5 * (len(x) * (9 * np.log(2 * np.pi) + np.linalg.slogdet(sigma)[1]))
        total += -0.5 * np.einsum("ij,jk,ik->", away, np.linalg.inv(sigma), away)
    return total


def regressions(data):
    """Least squares by group; the divisor of the variance is N."""
    out = {"e(ll)": 0.0}
    for value in (0, 1):
        d = data[data.pasteur == value]
        x, y = np.column_stack([d.x1, d.x2, np.ones(len(d))]), d.x4.to_numpy()
        b = np.linalg.solve(x.T @ x, x.T @ y)
        e = y - x @ b
        s2 = e @ e / len(d)
        v = s2 * np.linalg.inv(x.T @ x)
        level = ("0bn" if value == 0 else "1") + ".pasteur"
        for i, term in enumerate((f"{level}#c.x1", f"{level}#c.x2", level)):
            out[f"_b[x4:{term}]"], out[f"_se[x4:{term}]"] = b[i], np.sqrt(v[i, i])
        out[f"_b[/var(e.x4)#{level}]"] = s2
        exogenous = np.cov(d[["x1", "x2"]].to_numpy().T, bias=True)
        out["e(ll)"] += -0.5 * len(d) * (3 * (np.log(2 * np.pi) + 1) + np.log(s2) + np.linalg.slogdet(exogenous)[1])
    return out


def main():
    data = pd.read_csv(ROOT / "data" / "holzinger.csv")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["Rscript", "sem_groups.R", folder], check=True, cwd=HERE)
        res = json.loads((Path(folder) / "sem_groups.json").read_text())
    own = log_likelihood(data, res["invariant"]["rows"])
    assert abs(own / res["invariant"]["ll"] - 1) < 1e-9, own
    # lavaan's tutorial, "Multiple groups": chi-squared of the configural, the metric and the scalar model
    for key, chisq, df in (("configural", 115.851, 48), ("metric", 124.044, 54), ("invariant", 164.103, 60)):
        assert abs(res[key]["fit"]["chisq"] - chisq) < 6e-4 and res[key]["fit"]["df"] == df
    cases = Cases("sem_groups", "R lavaan 0.6-14 by sem_groups.R, numpy")
    add = lambda what, do, expect, tol=1e-6, file="holzinger.csv": cases.add(f"sem group: {what}", file, do, expect, tol)
    add("invariant measurement", THREE + " nolog" + GOF, estimates(res["invariant"]) | tests(res["invariant"])
        | {"e(N_groups)": 2, "e(N)": 301, "el(e(nobs), 1, 2)": 156}, LAVAAN)
    add("configural", THREE + " ginvariant(none) nolog" + GOF, estimates(res["configural"]) | tests(res["configural"]), LAVAAN)
    add("equal loadings", THREE + " ginvariant(mcoef)" + GOF, estimates(res["metric"]) | tests(res["metric"]), LAVAAN)
    add("all equal", THREE + " ginvariant(all) nolog" + GOF, estimates(res["strict"]) | tests(res["strict"]), LAVAAN)
    partial = ("sem (Visual -> x1 x2 x3) (Textual -> x4 x5 x6) (Speed -> x7 x8 x9) (0: x9 <- Speed@a) (1: x9 <- Speed@b) "
               "(0: x3 <- _cons@c) (1: x3 <- _cons@d), group(pasteur) nolog")
    add("partial by names", partial, estimates(res["partial"]), LAVAAN)
    add("robust", THREE + " vce(robust) nolog", {k: v * (np.sqrt(301 / 300) if k[:3] == "_se" else 1)
                                                   for k, v in estimates(res["robust"]).items()}, LAVAAN)
    add("missing values", THREE + " method(mlmv) nolog", estimates(res["gaps"]), LAVAAN, "holzinger_gaps.csv")
    add("latent variable with a cause", "sem (Textual -> x4 x5 x6) (Textual <- ageyr), group(pasteur) nolog",
        estimates(res["mimic"], ll=False) | {"e(N_groups)": 2}, LAVAAN)
    standard = {}
    endogenous = {f"x{i}" for i in range(1, 10)}
    for row in res["invariant"]["std"]:
        if row["op"] == "=~":
            term = name(row, endogenous)
            standard[f'S[1,colnumb(S,"{term}")]'] = row["est.std"]
            standard[f'sqrt(W[colnumb(W,"{term}"),colnumb(W,"{term}")])'] = row["se"]
    add("standardized", THREE + " standardized nolog\nmatrix S = e(b_std)\nmatrix W = e(V_std)", standard, LAVAAN)
    scores = {}
    for row, values in zip((1, 200, 301), res["scores"]):
        scores |= {f"f{i + 1}[{row}]": v for i, v in enumerate(values)}
    add("scores of latent variables", THREE + " nolog\npredict double f*, latent", scores, LAVAAN)
    fit = {f"el(r(gfit), {g + 1}, {c})": v[g] for g in (0, 1) for c, v in ((2, res["srmr"]), (3, res["cd"]))}
    add("fit of groups", THREE + " nolog\nestat ggof", fit | {"el(r(gfit), 1, 1)": 145, "el(r(gfit), 2, 1)": 156}, LAVAAN)
    score = {f'el(r(test), rownumb(r(test), "{r["name"].split("=~")[1]}:{r["name"].split("=~")[0].capitalize()}"), 4)': r["chi2"]
             for r in res["score"] if "=~" in r["name"]}
    intercepts = {f'el(r(test), rownumb(r(test), "{r["name"][:2]}:_cons"), 4)': r["chi2"]
                  for r in res["score"] if r["name"].endswith("~1")}
    add("score tests", THREE + " nolog\nestat ginvariant", score | intercepts, LAVAAN)
    b, v = res["configural_b"], np.array(res["configural_v"])
    keys = list(b)
    wald = {}
    for indicator, latent in (("x2", "visual"), ("x6", "textual"), ("x9", "speed")):
        i, j = keys.index(f"{latent}=~{indicator}"), keys.index(f"{latent}=~{indicator}.g2")
        w = (b[keys[i]] - b[keys[j]]) ** 2 / (v[i, i] + v[j, j] - 2 * v[i, j])
        at = f'rownumb(r(test), "{indicator}:{latent.capitalize()}")'
        wald |= {f"el(r(test), {at}, 1)": w, f"el(r(test), {at}, 3)": chi2.sf(w, 1)}
    # differences of two estimates
    add("Wald tests", THREE + " ginvariant(none) nolog\nestat ginvariant", wald, 5 * LAVAAN)
    add("regressions", "sem (x4 <- x1 x2), group(pasteur) nolog", regressions(data), 1e-7)
    cases.write()


main()
