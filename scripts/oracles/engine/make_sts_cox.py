"""`sts test, cox`: likelihood-ratio tests of groups by R coxph and by lifelines."""

import json
import subprocess

import pandas as pd
from common import ROOT, Cases
from lifelines import CoxPHFitter

CODE = """
suppressMessages(library(survival)); a <- read.csv("%s"); f <- function(m) c(2*diff(m$loglik), length(coef(m)))
x <- c(f(coxph(Surv(time, status) ~ factor(cell), a, ties="breslow", eps=1e-12)),
       f(coxph(Surv(time, status) ~ factor(trt) + strata(cell), a, ties="breslow", eps=1e-12)))
cat("[", paste(sprintf("%%.17g", x), collapse=","), "]")
"""


def main():
    cases = Cases("sts_cox", "R survival coxph, lifelines")
    path = ROOT / "data/veteran.csv"
    done = subprocess.run(["Rscript", "-e", CODE % path], capture_output=True, text=True, check=True)
    cell, df, strata, df_strata = json.loads(done.stdout)
    a = pd.read_csv(path)
    # lifelines has Efron's ties: it agrees where no two failures have one time
    b = a.sort_values("time", kind="stable").drop_duplicates("time")
    b = pd.get_dummies(b[["time", "status", "cell"]].astype({"cell": str}), drop_first=True, dtype=float)
    fitted = CoxPHFitter().fit(b, "time", "status", fit_options={"precision": 1e-12})
    untied = fitted.log_likelihood_ratio_test().test_statistic
    start = "stset time, failure(status)\n"
    cases.add("cell types", "veteran.csv", start + "sts test cell, cox", {"r(chi2)": cell, "r(df)": df}, 1e-8, "R coxph")
    cases.add("strata", "veteran.csv", start + "sts test trt, cox strata(cell)", {"r(chi2)": strata, "r(df)": df_strata}, 1e-8, "R coxph")
    first = "sort time, stable\nby time: keep if _n == 1\n"
    cases.add("no ties", "veteran.csv", first + start + "sts test cell, cox", {"r(chi2)": untied, "r(df)": 3}, 1e-6, "lifelines")
    cases.write()


if __name__ == "__main__":
    main()
