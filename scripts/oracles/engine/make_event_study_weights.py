"""Interaction-weighted event studies: effects of cohorts by pyfixest, shares and their covariance by numpy."""

import warnings

import numpy as np
import pandas as pd
import pyfixest as pf
from common import ROOT, Cases
from scipy import stats

warnings.filterwarnings("ignore")


def weighted(frame, periods, controls, vcov):
    """Estimates with their covariance, the shares and the effects by cohort."""
    own = frame.copy()
    never = own["g"].isna()
    cohorts = sorted(own["g"].dropna().unique())
    relative = own["t"] - own["g"]
    names = []
    for k in periods:
        for c in cohorts:
            name = f"d{k + 20}_{int(c)}"
            own[name] = ((own["g"] == c) & (relative == k)).astype(float)
            if own[name].any():
                names.append(name)
    fit = pf.feols(f"y ~ {' + '.join(names + controls)} | id + t", own, vcov=vcov, fixef_rm="singleton")
    place = {n: i for i, n in enumerate(fit.coef().index)}
    x = np.column_stack([(relative == k).astype(float) for k in periods])[~never]
    u = np.column_stack([(own["g"] == c).astype(float) for c in cohorts])[~never]
    inverse = np.linalg.inv(x.T @ x)
    share = inverse @ x.T @ u
    b, w, influence = [], np.zeros((len(periods), len(place))), []
    effects = np.zeros((len(periods), len(cohorts)))
    for i, k in enumerate(periods):
        for j, c in enumerate(cohorts):
            name = f"d{k + 20}_{int(c)}"
            if name in place:
                effects[i, j] = fit.coef()[name]
                w[i, place[name]] = share[i, j]
        b.append(share[i] @ effects[i])
        influence.append((x @ inverse)[:, i] * ((u - x @ share) @ effects[i]))
    influence = np.column_stack(influence)
    return np.array(b), w @ fit._vcov @ w.T + influence.T @ influence, share, effects, fit


def main():
    cases = Cases("event_study_weights", "pyfixest, numpy")
    frame = pd.read_csv(ROOT / "data" / "imputed_effects.csv")
    prepare = "generate never = missing(g)\ngenerate k = t - g\n"
    prepare += "forvalues h = 2/3 {\ngenerate m`h' = k == -`h'\n}\nforvalues h = 0/3 {\ngenerate p`h' = k == `h'\n}\n"
    # rows outside of the listed periods stay with the base, in the engine and here
    periods = [-3, -2, 0, 1, 2, 3]
    names = ["m3", "m2", "p0", "p1", "p2", "p3"]
    do = prepare + "eventstudyinteract y m3 m2 p0 p1 p2 p3, cohort(g) control_cohort(never) absorb(id t)"
    for text, controls, vcov in ((" vce(cluster id)", [], {"CRV1": "id"}), (" vce(cluster c) covariates(x)", ["x"], {"CRV1": "c"}), ("", [], "iid"), (" vce(robust)", [], "HC1")):
        b, v, share, effects, fit = weighted(frame, periods, controls, vcov)
        expect = {f"_b[{n}]": b[i] for i, n in enumerate(names)} | {f"_se[{n}]": np.sqrt(v[i, i]) for i, n in enumerate(names)}
        expect |= {"el(e(V),3,5)": v[2, 4], "el(e(V_iw),1,1)": v[0, 0], "el(e(ff_w),1,3)": share[2, 0], "el(e(ff_w),2,1)": share[0, 1], "el(e(b_interact),3,4)": effects[3, 2]}
        if "CRV1" in vcov:
            df = frame[vcov["CRV1"]].nunique() - 1
            expect |= {"e(df_r)": df, "el(r(table),4,3)": 2 * stats.t.sf(abs(b[2] / np.sqrt(v[2, 2])), df)}
        cases.add(f"eventstudyinteract{text}", "imputed_effects.csv", do + text, expect, 1e-7)
    cases.write()


if __name__ == "__main__":
    main()
