"""Linear structural equation models: R lavaan (Rosseel 2012, Journal of Statistical Software 48(2)) with the likelihood of the
divisor N and a mean structure, by `sem.R`; least squares in numpy for the path models. The data are those of lavaan: Holzinger
and Swineford (1939), Bollen's (1989) political democracy, and its growth curves. Writes `sem.json`.

lavaan has no factor N/(N-1) in robust covariances; `sem.R` asks for tolerances that its optimizer cannot meet and takes three
Newton steps from their last point, except where labels make parameters equal."""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from common import ROOT, Cases

HERE = Path(__file__).resolve().parent
THREE = "sem (Visual -> x1 x2 x3) (Textual -> x4 x5 x6) (Speed -> x7 x8 x9)"
DEMOCRACY = (
    "sem (Ind60 -> x1 x2 x3) (Dem60 -> y1 y2@b y3@c y4@d) (Dem65 -> y5 y6@b y7@c y8@d) (Dem60 <- Ind60) (Dem65 <- Ind60 Dem60), "
    "cov(e.y1*e.y5 e.y2*e.y4 e.y2*e.y6) cov(e.y3*e.y7 e.y4*e.y8 e.y6*e.y8) nolog"
)


def names(rows, order, capital):
    """Names in `e(b)` of the rows of lavaan's table; `order` lists the variables of the command."""
    paths = [(r["rhs"], r["lhs"]) if r["op"] == "=~" else (r["lhs"], r["rhs"]) for r in rows if r["op"] in ("=~", "~")]
    endogenous = {to for to, _ in paths}
    shown = lambda v: capital.get(v, v)
    error = lambda v: ("e." if v in endogenous else "") + shown(v)
    out = []
    for r in rows:
        left, op, right = r["lhs"], r["op"], r["rhs"]
        if op == "=~":
            out.append(f"{shown(right)}:{shown(left)}")
        elif op == "~":
            out.append(f"{shown(left)}:{shown(right)}")
        elif op == "~1":
            out.append(f"{shown(left)}:_cons" if left in endogenous else f"/mean({shown(left)})")
        elif op == "~~" and left == right:
            out.append(f"/var({error(left)})")
        elif op == "~~":
            a, b = sorted((left, right), key=order.index)
            out.append(f"/cov({error(a)},{error(b)})")
        else:
            out.append(None)
    return out


class Model:
    """A fitted model of lavaan."""

    def __init__(self, found, order, latent="", hide=()):
        self.found, self.capital = found, {v: v.capitalize() for v in latent.split()}
        self.order, self.hide = order.split() + latent.split(), set(hide.split() if hide else ())
        self.names = names(found["rows"], self.order, self.capital)

    def expect(self, se=1.0, ll=True):
        """Estimates and standard errors of what is estimated; `se` is a factor of the standard errors."""
        out = {"e(ll)": self.found["ll"]} if ll else {}
        for name, row in zip(self.names, self.found["rows"]):
            own = {row["lhs"], row["rhs"]} - {""}
            if name is None or row.get("se", 0) == 0 or (own <= self.hide and row["op"] in ("~~", "~1")):
                continue
            out[f"_b[{name}]"] = row["est"]
            out[f"_se[{name}]"] = row["se"] * se
        return out

    def derived(self):
        """Parameters that the model defines."""
        return {r["lhs"]: (r["est"], r["se"]) for r in self.found["rows"] if r["op"] == ":="}

    def standardized(self):
        """Columns of `b_std` and `V_std` by name."""
        own = names(self.found["std"], self.order, self.capital)
        out = {}
        for name, row in zip(own, self.found["std"]):
            if name is None or row.get("se", 0) < 1e-10:
                continue
            full = name if ":" in name else f"/:{name[1:]}"
            out[f'S[1,colnumb(S,"{full}")]'] = row["est.std"]
            out[f'sqrt(W[colnumb(S,"{full}"),colnumb(S,"{full}")])'] = row["se"]
        return out


def fit_statistics(model, information=True):
    f = model.found["fit"]
    out = {"e(chi2_ms)": f["chisq"], "e(df_ms)": f["df"], "e(chi2_bs)": f["baseline.chisq"], "e(df_bs)": f["baseline.df"]}
    out |= {"g_rmsea": f["rmsea"], "g_low": f["low"], "g_high": f["high"]}
    if f["rmsea.pvalue"] > 1e-8:  # beyond, R subtracts from one
        out["g_close"] = f["rmsea.pvalue"]
    out |= {"g_cfi": f["cfi"], "g_tli": f["tli"], "g_srmr": f["residual"], "e(p_ms)": f["pvalue"]}
    return out | ({"g_aic": f["aic"], "g_bic": f["bic"]} if information else {})


GOF = "\nestat gof, stats(all)\n" + "\n".join(
    f"scalar g_{short} = r({full})"
    for short, full in [
        ("rmsea", "rmsea"), ("low", "lb90_rmsea"), ("high", "ub90_rmsea"), ("close", "pclose"),
        ("cfi", "cfi"), ("tli", "tli"), ("srmr", "srmr"), ("aic", "aic"), ("bic", "bic"),
    ]
)


def least_squares(cases, frame):
    """A path model equation by equation: least squares with variances of the divisor N."""
    expect, ll = {}, 0.0
    n = len(frame)
    for to, causes in (("x4", ["x1", "x2"]), ("x1", ["x2", "x3"])):
        x, y = np.column_stack([frame[causes], np.ones(n)]), frame[to].to_numpy()
        b = np.linalg.lstsq(x, y, rcond=None)[0]
        s2 = ((y - x @ b) ** 2).mean()
        se = np.sqrt(s2 * np.diag(np.linalg.inv(x.T @ x)))
        ll -= 0.5 * n * (np.log(2 * np.pi * s2) + 1)
        for name, value, error in zip([*causes, "_cons"], b, se):
            expect |= {f"_b[{to}:{name}]": value, f"_se[{to}:{name}]": error}
        expect |= {f"_b[/var(e.{to})]": s2, f"_se[/var(e.{to})]": s2 * np.sqrt(2 / n)}
    cover = np.cov(frame[["x2", "x3"]].T, bias=True)
    ll -= 0.5 * n * (2 * np.log(2 * np.pi) + np.log(np.linalg.det(cover)) + 2)
    cases.add("sem path model by least squares", "holzinger.csv", "sem (x4 <- x1 x2) (x1 <- x2 x3), nolog", expect | {"e(ll)": ll}, 1e-8, "numpy")


def measurement(cases, found):
    hs = "holzinger.csv"
    items = " ".join(f"x{i}" for i in range(1, 10))
    one = Model(found["one"], "x7 x8 x9 x4", "speed")
    cases.add("sem one factor", hs, "sem (Speed -> x7 x8 x9 x4), nolog" + GOF, one.expect() | fit_statistics(one), 1e-7)
    three = Model(found["three"], items, "visual textual speed")
    cases.add("sem three factors", hs, THREE + GOF, three.expect() | fit_statistics(three), 1e-7)
    cases.add("sem three factors, other order", hs, "sem (x9 x8 <- Speed) (x7 <- Speed@1) (Visual -> x3 x2 x1@1) (Textual -> x6 x5 x4@1), nolog", {k: v for k, v in three.expect().items() if "cov" not in k}, 1e-7)
    cases.add("sem standardized", hs, THREE + ", standardized nolog\nmatrix S = e(b_std)\nmatrix W = e(V_std)", three.standardized(), 1e-7)
    eim = Model(found["eim"], items, "visual textual speed")
    cases.add("sem vce(eim)", hs, THREE + ", vce(eim) nolog", eim.expect(), 1e-7)
    scores = found["scores"]
    expect = {f"f{j + 1}[{row}]": scores[key][j] for row, key in ((1, "first"), (301, "last")) for j in range(3)}
    cases.add("sem predict latent", hs, THREE + ", nolog\npredict double f*, latent", expect, 1e-7)
    expect = {}
    for row in found["mi"]:
        order = [*items.split(), "visual", "textual", "speed"]
        a, b = sorted((row["lhs"], row["rhs"]), key=order.index)
        name = f"{row['rhs']}:{row['lhs'].capitalize()}" if row["op"] == "=~" else f"/:cov(e.{a},e.{b})"
        for column, value in ((1, row["mi"]), (4, row["epc"])):
            expect[f'm[rownumb(m,"{name}"),{column}]'] = value
    cases.add("sem estat mindices", hs, THREE + ", nolog\nestat mindices\nmatrix m = r(mindices)", expect, 1e-7)
    r2 = {f"q[{i + 1},4]": found["r2"][f"x{i + 1}"] for i in range(9)}
    cases.add("sem estat eqgof", hs, THREE + ", nolog\nestat eqgof\nmatrix q = r(eqfit)", r2, 1e-7)
    fixed = Model(found["fixed"], "x1 x2 x3 x4 x5 x6", "visual textual")
    cases.add("sem fixed variances", hs, "sem (Visual -> x1 x2 x3) (Textual -> x4 x5 x6), variance(Visual@1 Textual@2) nolog", fixed.expect(), 1e-7)
    errors = Model(found["errors"], items, "visual textual speed")
    cases.add("sem correlated errors", hs, THREE + ", cov(e.x7*e.x8 e.x2*e.x9) nolog" + GOF, errors.expect() | fit_statistics(errors), 1e-6)
    equal = Model(found["equal"], "x4 x5 x6", "textual")
    do = "sem (Textual -> x4 x5@l x6@l) (x4 <- _cons@m) (x5 x6 <- _cons@n), variance(e.x4@v e.x5@v) nolog"
    cases.add("sem constraints by name", hs, do, equal.expect() | {"e(df_ms)": 3, "e(chi2_ms)": found["equal"]["fit"]["chisq"]}, 1e-5)
    second = Model(found["second"], items, "visual textual speed g")
    cases.add("sem second order", hs, THREE + " (G -> Visual Textual Speed), nolog", second.expect(), 1e-7)


def sandwiches(cases, found):
    hs, n = "holzinger.csv", 301
    items = " ".join(f"x{i}" for i in range(1, 10))
    make = lambda key: Model(found[key], items, "visual textual speed")
    small = np.sqrt(n / (n - 1))
    cases.add("sem robust", hs, THREE + ", vce(robust) nolog", make("robust").expect(small), 1e-7)
    cases.add("sem clusters", hs, THREE + ", vce(cluster cl) nolog", make("cluster").expect(1.0), 1e-7)
    cases.add("sem pweights", hs, THREE + " [pw=pw], nolog", make("weighted").expect(small, ll=False), 1e-7)
    repeated = make("repeated")
    cases.add("sem fweights", hs, THREE + " [fw=w], nolog" + GOF, repeated.expect() | fit_statistics(repeated), 1e-7)


def structural(cases, found):
    hs = "holzinger.csv"
    items = " ".join([*(f"x{i}" for i in range(1, 4)), *(f"y{i}" for i in range(1, 9))])
    democracy = Model(found["democracy"], items, "ind60 dem60 dem65")
    cases.add("sem political democracy", "democracy.csv", DEMOCRACY + GOF, democracy.expect() | fit_statistics(democracy), 1e-5)
    own = democracy.derived()
    do = DEMOCRACY + "\nestat teffects\nmatrix I = r(indirect)\nmatrix VI = r(V_indirect)\nmatrix T = r(total)\nmatrix VT = r(V_total)\nlincom [y2]Dem60 - [y1]Dem60\nnlcom _b[Dem60:Ind60]*_b[Dem65:Dem60]\nmatrix N = r(V)"
    at = lambda m, name: f'{m}[1,colnumb({m},"{name}")]'
    root = lambda m, name: f'sqrt({m}[colnumb({m},"{name}"),colnumb({m},"{name}")])'
    expect = {
        at("I", "Dem65:Ind60"): own["indirect"][0], root("VI", "Dem65:Ind60"): own["indirect"][1],
        at("T", "Dem65:Ind60"): own["total"][0], root("VT", "Dem65:Ind60"): own["total"][1],
        at("T", "y8:Dem60"): own["whole"][0], root("VT", "y8:Dem60"): own["whole"][1],
        "sqrt(N[1,1])": own["indirect"][1],
    }
    cases.add("sem teffects of latent variables", "democracy.csv", do, expect, 1e-5)
    mediation = Model(found["mediation"], "x4 x1 x2 x3", "", "x2 x3")
    own = mediation.derived()
    do = "sem (x4 <- x1 x2) (x1 <- x2 x3), nolog\nestat teffects\nmatrix I = r(indirect)\nmatrix VI = r(V_indirect)\nmatrix T = r(total)\nmatrix VT = r(V_total)"
    expect = mediation.expect(ll=False) | {
        at("I", "x4:x2"): own["through2"][0], root("VI", "x4:x2"): own["through2"][1],
        at("I", "x4:x3"): own["through3"][0], root("VI", "x4:x3"): own["through3"][1],
        at("T", "x4:x2"): own["total2"][0], root("VT", "x4:x2"): own["total2"][1],
    }
    fit = found["mediation"]["fit"]
    expect |= {"e(chi2_ms)": fit["chisq"], "e(df_ms)": fit["df"], "e(chi2_bs)": fit["baseline.chisq"], "e(df_bs)": fit["baseline.df"]}
    cases.add("sem mediation", hs, do, expect, 1e-7)
    mimic = Model(found["mimic"], "x4 x5 x6 ageyr pasteur", "textual", "ageyr pasteur")
    cases.add("sem MIMIC", hs, "sem (Textual -> x4 x5 x6) (Textual <- ageyr pasteur) (x4 <- pasteur), nolog", mimic.expect(ll=False) | {"e(chi2_ms)": found["mimic"]["fit"]["chisq"], "e(df_ms)": found["mimic"]["fit"]["df"]}, 1e-7)
    exogenous = Model(found["exogenous"], "x4 x5 x6 x1 x2", "textual")
    cases.add("sem latent and observed exogenous variables", hs, "sem (Textual -> x4 x5 x6) (x1 <- Textual x2), nolog", exogenous.expect(), 1e-7)
    feedback = Model(found["feedback"], "x4 x7 x1 x9", "", "x1 x9")
    cases.add("sem feedback", hs, "sem (x4 <- x7 x1) (x7 <- x4 x9), cov(e.x4*e.x7) nolog", feedback.expect(ll=False), 1e-7)


def curves(cases, found):
    growth = Model(found["growth"], "t1 t2 t3 t4 x1 x2", "i s", "x1 x2")
    do = "sem (t1 <- I@1 S@0 _cons@0) (t2 <- I@1 S@1 _cons@0) (t3 <- I@1 S@2 _cons@0) (t4 <- I@1 S@3 _cons@0) (I S <- x1 x2 _cons), cov(e.I*e.S) nolog"
    cases.add("sem growth curve with covariates", "growth_curves.csv", do, growth.expect(ll=False), 1e-7)
    means = Model(found["growth_means"], "t1 t2 t3 t4", "i s")
    do = "sem (t1 t2 t3 t4 <- I@1) (t2 <- S@1) (t3 <- S@2) (t4 <- S@3), means(I S) noconstant nolog"
    cases.add("sem growth curve", "growth_curves.csv", do, means.expect() | {"e(chi2_ms)": found["growth_means"]["fit"]["chisq"]}, 1e-7)


def missing(cases, found):
    items = " ".join(f"x{i}" for i in range(1, 10))
    gaps = Model(found["gaps"], items + " ageyr", "visual textual speed")
    expect = gaps.expect() | {"e(chi2_ms)": found["gaps"]["fit"]["chisq"], "e(N)": 301}
    cases.add("sem mlmv", "holzinger_gaps.csv", THREE + " (x9 <- ageyr), method(mlmv) nolog", expect, 1e-7)
    path = Model(found["gaps_path"], "x4 x1 x2 x5 ageyr", "")
    cases.add("sem mlmv path model", "holzinger_gaps.csv", "sem (x4 <- x1 x2) (x5 <- x4 ageyr), method(mlmv) nolog", path.expect(), 1e-7)


def scaled(cases, found):
    """Data in other units and far from zero."""
    three = Model(found["three"], " ".join(f"x{i}" for i in range(1, 10)), "visual textual speed")
    by = {k: v for k, v in zip(three.names, three.found["rows"]) if k}
    do = "replace x1 = 1e6*x1\nreplace x2 = x2 + 1e6\nreplace x3 = x3*1e-6\nreplace x4 = 1e6*x4 + 1e6\n" + THREE + ", nolog"
    size = {"x2:Visual": 1e-6, "x3:Visual": 1e-12, "x5:Textual": 1e-6, "/var(Visual)": 1e12, "/cov(Visual,Textual)": 1e12, "/var(e.x4)": 1e12, "/var(e.x3)": 1e-12, "x8:Speed": 1}
    expect = {}
    for name, factor in size.items():
        expect |= {f"_b[{name}]": by[name]["est"] * factor, f"_se[{name}]": by[name]["se"] * factor}
    expect |= {"e(chi2_ms)": found["three"]["fit"]["chisq"], "_b[x2:_cons] - 1e6": by["x2:_cons"]["est"], "_se[x2:_cons]": by["x2:_cons"]["se"]}
    cases.add("sem other units", "holzinger.csv", do, expect, 1e-7)


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["Rscript", "sem.R", folder], cwd=HERE, check=True, capture_output=True)
        found = json.loads((Path(folder) / "sem.json").read_text())
    cases = Cases("sem", "R lavaan 0.6-14 by sem.R, numpy")
    least_squares(cases, pd.read_csv(ROOT / "data/holzinger.csv"))
    measurement(cases, found)
    sandwiches(cases, found)
    structural(cases, found)
    curves(cases, found)
    missing(cases, found)
    scaled(cases, found)
    cases.write()


if __name__ == "__main__":
    main()
