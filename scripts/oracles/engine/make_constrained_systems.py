"""`sureg` and `reg3` under constraints: linearmodels (`SUR`, `IV3SLS`, both with `add_constraints`) on the investment of
two firms. Its first step is under the constraints too."""

import numpy as np
import pandas as pd
from common import ROOT, Cases
from linearmodels.system import IV3SLS, SUR

START = ("keep if company == 3 | company == 4\nreshape wide invest mvalue kstock, i(year) j(company)\n"
         "constraint 1 [invest3]mvalue3 = [invest4]mvalue4\nconstraint 2 [invest3]kstock3 + [invest4]kstock4 = 0.25\n"
         "constraint 3 [invest4]_cons = 0\n")
LIMITS = {1: ({"invest3_mvalue3": 1, "invest4_mvalue4": -1}, 0.0), 2: ({"invest3_kstock3": 1, "invest4_kstock4": 1}, 0.25), 3: ({"invest4__cons": 1}, 0.0)}


def firms():
    f = pd.read_csv(ROOT / "data/grunfeld.csv")
    f = f[f.company.isin([3, 4])].pivot(index="year", columns="company")
    f.columns = [f"{name}{company}" for name, company in f.columns]
    return f.reset_index().assign(_cons=1.0)


def expectations(fit):
    out = {}
    for name in fit.params.index:
        eq, term = name.split("_", 1)
        if fit.std_errors[name] > 1e-9:
            out |= {f"[{eq}]_b[{term}]": fit.params[name], f"[{eq}]_se[{term}]": fit.std_errors[name]}
    return out


def held(model, numbers):
    rows = pd.DataFrame(0.0, index=range(len(numbers)), columns=model.param_names)
    for i, number in enumerate(numbers):
        for name, weight in LIMITS[number][0].items():
            rows.loc[i, name] = weight
    model.add_constraints(rows, pd.Series([LIMITS[n][1] for n in numbers]))
    return model


def main():
    cases = Cases("constrained_systems", "linearmodels 7.1")
    d = firms()
    sets = [(1,), (1, 2), (1, 2, 3)]
    for numbers in sets:
        equations = {f"invest{c}": {"dependent": d[f"invest{c}"], "exog": d[[f"mvalue{c}", f"kstock{c}", "_cons"]]} for c in (3, 4)}
        text = " ".join(map(str, numbers))
        do = START + f"sureg (invest3 mvalue3 kstock3) (invest4 mvalue4 kstock4), constraints({text})"
        model = held(SUR(equations), numbers)
        cases.add(f"sureg, constraints {text}", "grunfeld.csv", do, expectations(model.fit(method="gls", cov_type="unadjusted")), 1e-7)
        fit = held(SUR(equations), numbers).fit(method="gls", cov_type="unadjusted", iterate=True, iter_limit=5000, tol=1e-14)
        cases.add(f"sureg, isure, constraints {text}", "grunfeld.csv", do + " isure", expectations(fit), 1e-6)
    instruments = d[["mvalue3", "mvalue4", "year"]]
    for numbers in sets:
        equations = {f"invest{c}": {"dependent": d[f"invest{c}"], "exog": d[[f"mvalue{c}", "_cons"]], "endog": d[[f"kstock{c}"]],
                                    "instruments": instruments.drop(columns=f"mvalue{c}")} for c in (3, 4)}
        text = " ".join(map(str, numbers))
        fit = held(IV3SLS(equations), numbers).fit(method="gls", cov_type="unadjusted")
        do = START + f"reg3 (invest3 mvalue3 kstock3) (invest4 mvalue4 kstock4), exog(year) endog(kstock3 kstock4) constraints({text})"
        cases.add(f"reg3, constraints {text}", "grunfeld.csv", do, expectations(fit), 1e-6)
    assert np.isfinite([v for c in cases.cases for v in c["expect"].values()]).all()
    cases.write()


if __name__ == "__main__":
    main()
