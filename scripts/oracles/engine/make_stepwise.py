"""Cases of stepwise selection: the terms and their p-values as numpy, scipy and statsmodels choose them.

Writes crates/dofile/tests/oracles/cases/stepwise.json. Run from the repository root.
"""

import json

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

FOLDER = "crates/dofile/tests/oracles"
TERMS = ["hours", "educ", "age", "meduc", "feduc", "tenure", "south", "black", "urban", "sibs", "kww", "iq", "brthord"]
data = pd.read_csv(f"{FOLDER}/data/wage2.csv").dropna().reset_index(drop=True)


def fit(outcome, terms, model):
    x = sm.add_constant(data[terms], has_constant="add")
    return model(data[outcome], x).fit(**({} if model is sm.OLS else {"disp": 0, "tol": 1e-14, "maxiter": 100}))


def lr_p(outcome, large, small, model):
    return stats.chi2.sf(2 * (fit(outcome, large, model).llf - fit(outcome, small, model).llf), len(large) - len(small))


def p_of(outcome, terms, term, model, lr):
    if lr:
        return lr_p(outcome, terms, [t for t in terms if t != term], model)
    return fit(outcome, terms, model).pvalues[term]


def backward(outcome, terms, model, limit, lr=False, hierarchical=False):
    terms = list(terms)
    while terms:
        candidates = terms[-1:] if hierarchical else terms
        worst = max(candidates, key=lambda t: p_of(outcome, terms, t, model, lr))
        if p_of(outcome, terms, worst, model, lr) < limit:
            break
        place = terms.index(worst)
        # the last term takes the place of the removed one, as printed results of Stata show
        terms[place] = terms[-1]
        terms.pop()
    return terms


def forward(outcome, terms, model, limit, lr=False, hierarchical=False):
    chosen, rest = [], list(terms)
    while rest:
        candidates = rest[:1] if hierarchical else rest
        best = min(candidates, key=lambda t: p_of(outcome, chosen + [t], t, model, lr))
        if p_of(outcome, chosen + [best], best, model, lr) >= limit:
            break
        chosen.append(best)
        rest.remove(best)
    return chosen


def case(name, command, outcome, terms, model):
    result = fit(outcome, terms, model)
    expect = {"e(df_m)": len(terms), "e(ll)": result.llf}
    equation = "" if model is sm.OLS else f"{outcome}:"
    for place, term in enumerate(terms, 1):
        expect[f'colnumb(e(b), "{equation}{term}")'] = place
        expect[f"_b[{term}]"] = result.params[term]
        expect[f"_se[{term}]"] = result.bse[term]
    return {"name": name, "data": "wage2.csv", "do": command, "expect": {k: float(v) for k, v in expect.items()}, "tol": 2e-8}


LIST = " ".join(TERMS)
SHORT = ["iq", "educ", "kww", "age", "hours", "south"]
CASES = [
    case("stepwise: backward, logit, lr", f"stepwise, pr(.1) lr: logit married {LIST}", "married",
         backward("married", TERMS, sm.Logit, 0.1, lr=True), sm.Logit),
    case("stepwise: forward, logit, lr", f"stepwise, pe(.1) lr: logit married {LIST}", "married",
         forward("married", TERMS, sm.Logit, 0.1, lr=True), sm.Logit),
    case("stepwise: forward, probit", f"stepwise, pe(.1): probit married {LIST}", "married",
         forward("married", TERMS, sm.Probit, 0.1), sm.Probit),
    case("stepwise: backward, poisson", f"stepwise, pr(.05): poisson tenure {LIST.replace('tenure ', '')}", "tenure",
         backward("tenure", [t for t in TERMS if t != "tenure"], sm.Poisson, 0.05), sm.Poisson),
    case("stepwise: backward, hierarchical", f"stepwise, pr(.05) hierarchical: regress lwage {' '.join(SHORT)} sibs brthord", "lwage",
         backward("lwage", SHORT + ["sibs", "brthord"], sm.OLS, 0.05, hierarchical=True), sm.OLS),
    case("stepwise: forward, hierarchical", f"stepwise, pe(.05) hier: regress lwage {' '.join(SHORT)} sibs brthord", "lwage",
         forward("lwage", SHORT + ["sibs", "brthord"], sm.OLS, 0.05, hierarchical=True), sm.OLS),
]
# rows with missing values in a term of no model are not used, as in the prefix: every case has the complete rows
for one in CASES:
    one["do"] = "drop if missing(meduc, feduc, brthord)\n" + one["do"]

with open(f"{FOLDER}/cases/stepwise.json", "w") as out:
    json.dump({"source": "numpy, scipy and statsmodels (scripts/oracles/engine/make_stepwise.py)", "cases": CASES}, out, indent=1)
    out.write("\n")
for one in CASES:
    print(one["name"], [k for k in one["expect"] if k.startswith("colnumb")])
