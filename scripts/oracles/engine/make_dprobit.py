"""Marginal effects of `dprobit`: statsmodels, Probit with effects at the means."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import Cases, write_data


def main():
    rng = np.random.default_rng(31)
    n = 400
    x, d = rng.normal(size=n).round(3), rng.integers(0, 2, n)
    firm = rng.integers(1, 31, n)
    y = (0.3 + 0.5 * x - 0.6 * d + rng.normal(size=n) > 0).astype(int)
    frame = pd.DataFrame({"y": y, "x": x, "d": d, "firm": firm})
    write_data("dprobit", frame)
    cases = Cases("dprobit", "statsmodels Probit, get_margeff(at='mean')")
    exog = sm.add_constant(frame[["x", "d"]].astype(float), prepend=False)
    for name, options, kind in (("plain", "", {}), ("robust", ", robust", {"cov_type": "HC0"}), ("cluster", ", cluster(firm)", {"cov_type": "cluster", "cov_kwds": {"groups": firm, "use_correction": False}})):
        fit = sm.Probit(frame["y"], exog).fit(disp=0, tol=1e-12, maxiter=100, **kind)
        # vce(robust) of maximum likelihood: n/(n-1); clusters g/(g-1)
        g = len(np.unique(firm))
        scale = {"plain": 1, "robust": n / (n - 1), "cluster": g / (g - 1)}[name]
        for label, dummy in (("", True), (" classic", False)):
            effects = fit.get_margeff(at="mean", dummy=dummy)
            expect = {}
            for k in (0, 1):
                expect[f"el(e(dfdx), 1, {k + 1})"] = effects.margeff[k]
                expect[f"el(e(se_dfdx), 1, {k + 1})"] = effects.margeff_se[k] * np.sqrt(scale)
            index = exog.mean() @ fit.params
            expect |= {"e(xbar)": index, "e(pbar)": y.mean(), "_b[x]": fit.params["x"]}
            do = f"dprobit y x d{options}" + ((label if options else "," + label) if label else "")
            cases.add(name + label, "dprobit.csv", do, expect, 1e-6)
    cases.write()


main()
