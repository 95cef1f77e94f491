"""Density on both sides of a cutoff: output of Stata (tests of the authors' package), the Python package of the authors."""

import numpy as np
import pandas as pd
from common import Cases, write_data
from rddensity import rdbwdensity, rddensity
from scipy import stats

# Stata's numbers for x = -1.5 + 3 * (_n - 1) / 199 + 0.05 * sin(_n - 1) in 200 rows, as the authors of rddensity
# publish them with their package (github.com/rdpackages/rddensity, stata/tests/fixtures/numerical-baseline.csv)
CURVE = "set obs 200\ngenerate double x = -1.5 + 3 * (_n - 1) / 199 + 0.05 * sin(_n - 1)\n"
STATA = {
    "rddensity x, h(0.6 0.6) nobinomial all": {
        "e(f_ql)": .3543678844127101, "e(f_qr)": .3654067098688074, "e(se_ql)": .1934161455052967, "e(se_qr)": .2512375388293723, "e(se_q)": .3170648297419246,
        "e(T_q)": .0348156730757001, "e(pv_q)": .9722267229010353, "e(N_l)": 101, "e(N_r)": 99, "e(N_h_l)": 40, "e(N_h_r)": 38, "e(f_pl)": .3403542844764331, "e(f_pr)": .3419898797355359,
        "e(se_pl)": .1236699500204998, "e(se_pr)": .13872257370576, "e(se_p)": .1858445829009435, "e(T_p)": .0088008766980015, "e(pv_p)": .9929780070098337},
    "rddensity x, h(0.7 0.7) kernel(uniform) nobinomial": {
        "e(f_ql)": .3413002684153525, "e(f_qr)": .3420657749020393, "e(se_ql)": .1754874445537902, "e(se_qr)": .2158788302031204, "e(T_q)": .0027515649103405, "e(N_h_l)": 48, "e(N_h_r)": 45},
    "rdbwdensity x": {
        "el(e(h),1,1)": 1.5, "el(e(h),1,2)": 1.836396989467285, "el(e(h),1,3)": .0000788852992923, "el(e(h),2,1)": 1.509639538377138, "el(e(h),2,2)": 2.106373841239746,
        "el(e(h),2,3)": .0001565489826878, "el(e(h),3,2)": 3.942770830707171, "el(e(h),3,3)": .000013178453231, "el(e(h),4,3)": .0004576901107291, "e(N_l)": 101},
}


def sample():
    """Eight hundred scores: smooth, rounded, and one where people lift themselves over the cutoff."""
    rng = np.random.default_rng(31)
    x = rng.normal(-0.3, 1, 800)
    bunched = np.where((x > -0.3) & (x < 0) & (rng.random(800) < 0.5), x + 0.3, x)
    skewed = rng.gamma(2, 1, 800) - 1
    frame = pd.DataFrame({"x": x.round(6), "bunched": bunched.round(6), "grid": x.round(1), "tenths": (10 * x).round(0), "skewed": skewed.round(4)})
    write_data("scores_at_cutoff", frame)
    return frame


def expected(found):
    t = (found.hat["right"] - found.hat["left"]) / found.sd_jk["diff"]
    return {"e(h_l)": found.h["left"], "e(h_r)": found.h["right"], "e(N_h_l)": found.n["eff_left"], "e(N_h_r)": found.n["eff_right"], "e(f_ql)": found.hat["left"], "e(f_qr)": found.hat["right"],
            "e(se_ql)": found.sd_jk["left"], "e(se_qr)": found.sd_jk["right"], "e(se_q)": found.sd_jk["diff"], "e(T_q)": t, "e(pv_q)": 2 * stats.norm.sf(abs(t))}


def main():
    cases = Cases("density_tests", "Python rddensity 3.0")
    frame = sample()
    for do, expect in STATA.items():
        # a squared bias is a small difference of large numbers: Stata and R agree in nine digits
        cases.add(f"Stata: {do}", None, CURVE + do, expect, 1e-8, "Stata output, github.com/rdpackages/rddensity, stata/tests/fixtures/numerical-baseline.csv")
    for column, options, own in (
        ("x", "", {}), ("bunched", "", {}), ("skewed", "", {}), ("grid", "", {}), ("tenths", "", {}),
        ("grid", "nomasspoints", {"massPoints": False}), ("x", "p(1)", {"p": 1}), ("x", "p(3) kernel(epanechnikov)", {"p": 3, "kernel": "epanechnikov"}),
        ("skewed", "kernel(uniform) bwselect(each)", {"kernel": "uniform", "bwselect": "each"}), ("bunched", "bwselect(diff)", {"bwselect": "diff"}),
        ("x", "bwselect(sum) c(.2)", {"bwselect": "sum", "c": 0.2}), ("skewed", "c(2) q(4)", {"c": 2, "q": 4}), ("x", "h(.4 .7)", {"h": [0.4, 0.7]}),
        ("skewed", "c(4.5)", {"c": 4.5}), ("skewed", "c(4.5) noregularize", {"c": 4.5, "regularize": False}), ("x", "c(-2.2) nlocalmin(40) nuniquemin(35)", {"c": -2.2, "nLocalMin": 40, "nUniqueMin": 35}),
    ):
        do = f"rddensity {column}" + (f", {options}" if options else "")
        cases.add(do, "scores_at_cutoff.csv", do, expected(rddensity(frame[column].to_numpy(), **own)), 1e-7)
    for column, options, own in (("x", "", {}), ("grid", "p(1)", {"p": 1}), ("skewed", "c(2) kernel(uniform)", {"c": 2, "kernel": "uniform"}), ("skewed", "c(4.5) noregularize", {"c": 4.5, "regularize": False})):
        do = f"rdbwdensity {column}" + (f", {options}" if options else "")
        h = rdbwdensity(frame[column].to_numpy(), **own).h
        expect = {f"el(e(h),{i + 1},{j + 1})": h.iloc[i][name] for i in range(4) for j, name in enumerate(("bw", "variance", "biassq"))}
        cases.add(do, "scores_at_cutoff.csv", do, expect, 1e-7)
    cases.write()


if __name__ == "__main__":
    main()
