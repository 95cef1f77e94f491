"""`estat lceffects`: the design effect of a difference of means is that of the mean of differences (R survey; variances by hand in numpy)."""

import json
import subprocess

import numpy as np
import pandas as pd
from common import ROOT, Cases

CODE = """
suppressMessages(library(survey)); a <- read.csv("%s"); a$d <- a$api00 - 2*a$api99
s <- svydesign(id=~1, strata=~st, weights=~pw, data=a%s)
m <- svymean(~d, s, deff=TRUE); w <- svymean(~d, s, deff="replace")
cat("[", paste(sprintf("%%.17g", c(coef(m), SE(m), deff(m), deff(w))), collapse=","), "]")
"""


def by_r(path, fpc):
    done = subprocess.run(["Rscript", "-e", CODE % (path, fpc)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def by_hand(a):
    """Variance of a ratio mean over strata, and of a simple random sample with replacement."""
    d, w = a.api00 - 2 * a.api99, a.pw
    mean = (w * d).sum() / w.sum()
    z = w * (d - mean) / w.sum()
    v = sum(len(p) / (len(p) - 1) * ((p - p.mean()) ** 2).sum() for _, p in z.groupby(a.st))
    n = len(a)
    random = (w * (d - mean) ** 2).sum() / w.sum() * n / (n - 1) / n
    return mean, v**0.5, v / random


def main():
    cases = Cases("lceffects", "R survey, numpy")
    path = ROOT / "data/schoolstrat.csv"
    a = pd.read_csv(path)
    mean, se, deff, replace = by_r(path, "")
    hand = by_hand(a)
    assert np.allclose(hand, (mean, se, replace), rtol=1e-8), (hand, mean, se, replace)
    do = "svyset [pweight=pw], strata(st)\nsvy: mean api00 api99\nestat lceffects _b[api00] - 2*_b[api99]"
    cases.add("without a finite population", "schoolstrat.csv", do, {"r(estimate)": mean, "r(se)": se, "r(deff)": replace, "r(deft)": replace**0.5}, 1e-8)
    mean, se, deff, replace = by_r(path, ", fpc=~fpc")
    do = "svyset [pweight=pw], strata(st) fpc(fpc)\nsvy: mean api00 api99\nestat lceffects api00 - 2*api99, deff deft"
    cases.add("finite population", "schoolstrat.csv", do, {"r(estimate)": mean, "r(se)": se, "r(deff)": deff, "r(deft)": replace**0.5}, 1e-8)
    cases.write()


if __name__ == "__main__":
    main()
