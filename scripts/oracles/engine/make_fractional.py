"""Fractional polynomials: all powers fitted by statsmodels. Writes `fractional.json`."""

import itertools

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases
from scipy import stats

DATA = ROOT / "data"
POWERS = [-2, -1, -0.5, 0, 0.5, 1, 2, 3]


def terms(x, powers):
    out = []
    for i, p in enumerate(powers):
        if i and powers[i - 1] == p:
            out.append(out[-1] * np.log(x))
        else:
            out.append(np.log(x) if p == 0 else x**p)
    return out


def best(y, x, others, m, fit):
    found = []
    for powers in itertools.combinations_with_replacement(POWERS, m):
        design = np.column_stack([*terms(x, powers), *others, np.ones(len(y))])
        f = fit(y, design)
        found.append((-2 * f.llf, powers, f))
    return min(found, key=lambda t: t[0])


def main():
    cases = Cases("fractional", "statsmodels over all combinations of powers")
    d = pd.read_csv(DATA / "cars.csv").astype(float)
    ols = lambda y, x: sm.OLS(y, x).fit()
    y, x, f = d.mpg.to_numpy(), (d.weight / 1000).to_numpy(), d.foreign.to_numpy()
    (d1, p1, _), (d2, p2, two) = best(y, x, [f], 1, ols), best(y, x, [f], 2, ols)
    lin, none = -2 * ols(y, np.column_stack([x, f, np.ones(len(y))])).llf, -2 * ols(y, np.column_stack([f, np.ones(len(y))])).llf
    n, n2 = len(y), two.df_resid - 2
    p = lambda dev, df: stats.f.sf(n2 / (4 - df) * np.expm1((dev - d2) / n), 4 - df, n2)
    expect = {"m[1,2]": none, "m[2,2]": lin, "m[3,2]": d1, "m[4,2]": d2, "m[1,5]": p(none, 0), "m[2,5]": p(lin, 1), "m[3,5]": p(d1, 2), "a[1,1]": p2[0],
              "a[1,2]": p2[1], "_b[w_1]": two.params[0], "_b[w_2]": two.params[1], "_se[w_1]": two.bse[0], "e(ll)": two.llf}
    setup = "generate double w = weight/1000\n"
    tail = "\nmatrix m = e(fp_compare)\nmatrix a = e(fp_fp)"
    cases.add("fp regress", "cars.csv", setup + "fp <w>: regress mpg <w> foreign" + tail, expect, 1e-7, "statsmodels OLS; F by [R] fp, Methods and formulas")
    logit = lambda y, x: sm.Logit(y, x).fit(disp=0, method="newton", maxiter=100)
    b = pd.read_csv(DATA / "lbw.csv").astype(float)
    yb, xb = b.low.to_numpy(), (b.lwt / 100).to_numpy()
    d1, p1, one = best(yb, xb, [b.smoke.to_numpy()], 1, logit)
    lin = -2 * logit(yb, np.column_stack([xb, b.smoke, np.ones(len(yb))])).llf
    expect = {"m[3,2]": d1, "m[2,2]": lin, "m[2,5]": stats.chi2.sf(lin - d1, 1), "a[1,1]": p1[0], "_b[w_1]": one.params[0], "_se[w_1]": one.bse[0]}
    cases.add("fp logit dimension(1)", "lbw.csv", "generate double w = lwt/100\nfp <w>, dimension(1): logit low <w> smoke" + tail, expect, 1e-6, "statsmodels Logit")
    fixed = ols(y, np.column_stack([*[t - c for t, c in zip(terms(x, (0, 0)), terms(np.array(3.0), (0, 0)))], np.ones(len(y))]))
    cases.add("fp fixed powers, center()", "cars.csv", setup + "fp <w>, fp(0 0) center(3): regress mpg <w>", {"_b[w_1]": fixed.params[0], "_b[w_2]": fixed.params[1],
              "_b[_cons]": fixed.params[2]}, 1e-8, "statsmodels OLS")
    cases.write()


if __name__ == "__main__":
    main()
