"""Tests of normality: published Stata output for the mileage of the automobile data, R's shapiro.test and scipy.

The mileages are those of the automobile data of the manuals (74 cars; mean 21.2973, sd 5.785503).
"""

import subprocess

import numpy as np
import pandas as pd
from common import Cases, write_data
from scipy import stats

MPG = """22 17 22 20 15 18 26 20 16 19 14 14 21 29 16 22 22 24 19 30 18 16 17 28 21 12 12 14 22 14 15 18 14 20 21 19 19 18 19
24 16 28 34 25 26 18 18 18 19 19 19 24 17 23 25 23 35 24 21 21 25 28 30 14 26 35 18 31 18 23 41 25 25 17"""


def shapiro(x):
    text = ",".join(repr(float(v)) for v in x)
    code = f"s <- shapiro.test(c({text})); cat(sprintf('%.17g', c(s$statistic, s$p.value)))"
    return [float(v) for v in subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True).stdout.split()]


def main():
    cases = Cases("normality", "published Stata output, R shapiro.test, scipy; see each case")
    mpg = pd.DataFrame({"mpg": [int(v) for v in MPG.split()]})
    rng = np.random.Generator(np.random.PCG64(3))
    mpg["heavy"] = rng.standard_t(4, len(mpg)).round(4)
    mpg["few"] = [*rng.exponential(size=9).round(4), *[None] * (len(mpg) - 9)]
    write_data("mileage", mpg)
    printed = "[R] swilk and [R] sktest, automobile data, as printed"
    half = "round(r({}), {})"
    cases.add("swilk mpg", "mileage.csv", "swilk mpg", {
        half.format("W", "0.00001"): 0.94821, half.format("V", "0.001"): 3.335, half.format("z", "0.001"): 2.627,
        half.format("p", "0.00001"): 0.00430}, 1e-9, printed)
    cases.add("sfrancia mpg", "mileage.csv", "sfrancia mpg", {
        half.format("W", "0.00001"): 0.94872, half.format("V", "0.001"): 3.650, half.format("z", "0.001"): 2.510,
        half.format("p", "0.00001"): 0.00604}, 1e-9, printed)
    cases.add("sktest mpg", "mileage.csv", "sktest mpg", {
        half.format("P_skew", "0.0001"): 0.0015, half.format("P_kurt", "0.0001"): 0.0804,
        half.format("chi2", "0.01"): 10.95, half.format("P_chi2", "0.0001"): 0.0042}, 1e-9, printed)
    for name in ("mpg", "heavy", "few"):
        x = mpg[name].dropna().to_numpy(float)
        w, p = shapiro(x)
        cases.add(f"swilk {name} against R", "mileage.csv", f"swilk {name}, noties", {"r(W)": w, "r(p)": p, "r(N)": len(x)}, 1e-7, "R shapiro.test")
        if len(x) > 20:
            joint = stats.normaltest(x)
            cases.add(f"sktest {name}, noadjust", "mileage.csv", f"sktest {name}, noadjust", {
                "r(P_skew)": stats.skewtest(x).pvalue, "r(P_kurt)": stats.kurtosistest(x).pvalue,
                "r(chi2)": joint.statistic, "r(P_chi2)": joint.pvalue}, 1e-8, "scipy skewtest, kurtosistest, normaltest")
    cases.write()


if __name__ == "__main__":
    main()
