"""Indirect effects by two regressions with bootstrap errors: products of coefficients and resampled errors by statsmodels and numpy."""

import warnings

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases
from statsmodels.stats.mediation import Mediation

warnings.filterwarnings("ignore")


def paths(frame):
    """Effect of the group on schooling, and of schooling and the group on wages."""
    first = sm.OLS(frame["school"], sm.add_constant(frame[["g", "years"]])).fit()
    second = sm.OLS(frame["wage"], sm.add_constant(frame[["g", "school", "years"]])).fit()
    return first, second


def main():
    cases = Cases("mediation", "statsmodels, numpy")
    frame = pd.read_csv(ROOT / "data" / "decomposition.csv")
    first, second = paths(frame)
    indirect, direct = first.params["g"] * second.params["school"], second.params["g"]
    # the simulated effect of statsmodels goes around the product
    rng = np.random.RandomState(1)
    np.random.seed(1)
    simulated = Mediation(sm.OLS.from_formula("wage ~ g + school + years", frame), sm.OLS.from_formula("school ~ g + years", frame), "g", "school").fit(n_rep=2000)
    acme = float(simulated.summary().loc["ACME (average)", "Estimate"])
    assert abs(acme / indirect - 1) < 0.05, (acme, indirect)
    draws = []
    for _ in range(3000):
        own = frame.iloc[rng.randint(0, len(frame), len(frame))]
        a, b = paths(own)
        draws.append(a.params["g"] * b.params["school"])
    spread = np.std(draws, ddof=1)
    program = "program mediated, rclass\nregress school g years\nlocal a = _b[g]\nregress wage g school years\nreturn scalar indirect = `a' * _b[school]\nreturn scalar direct = _b[g]\nend\n"
    do = program + "bootstrap indirect=r(indirect) direct=r(direct), reps(300) seed(7) nodots: mediated"
    # the error of a resampled standard error with 300 draws is four per cent
    expect = {"_b[indirect]": indirect, "_b[direct]": direct, f"abs(_se[indirect] / {spread:.9g} - 1) < .12": 1, "e(N_reps)": 300, "el(e(ci_percentile),1,1) < el(e(ci_percentile),2,1)": 1}
    cases.add("indirect effect", "decomposition.csv", do, expect, 1e-8, "statsmodels OLS; 3,000 resamples by numpy")
    cases.write()


if __name__ == "__main__":
    main()
