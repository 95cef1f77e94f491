"""Epidemiological tables, ROC curves and agreement: scipy, statsmodels, scikit-learn, and textbook formulas by hand.
Writes `epidemiology.json`."""

import math

import numpy as np
import pandas as pd
from common import Cases, write_data
from scipy import optimize, stats
from scipy.stats.contingency import odds_ratio, relative_risk
from sklearn.metrics import cohen_kappa_score, roc_auc_score
from statsmodels.stats.contingency_tables import StratifiedTable, Table2x2, mcnemar
from statsmodels.stats.inter_rater import cohens_kappa

Z = stats.norm.ppf(0.975)


def data():
    """Invented rows: case, exposure, stratum, person-time, two markers, two raters."""
    rng = np.random.default_rng(20240302)
    n = 260
    age = rng.integers(1, 4, n)
    exposed = (rng.random(n) < 0.25 + 0.1 * age).astype(int)
    case = (rng.random(n) < 0.15 + 0.08 * age + 0.15 * exposed).astype(int)
    time = rng.uniform(0.5, 6, n).round(2)
    marker = (rng.normal(size=n) + 1.1 * case).round(1)
    second = (rng.normal(size=n) + 0.6 * case + 0.3 * marker).round(2)
    first = rng.integers(1, 5, n)
    other = np.where(rng.random(n) < 0.6, first, rng.integers(1, 5, n))
    frame = pd.DataFrame({"case": case, "exposed": exposed, "age": age, "time": time, "marker": marker, "second": second,
                          "rater1": first, "rater2": other, "fw": rng.integers(1, 4, n)})
    write_data("epidemiology", frame)
    return frame


def cells(frame, w=None):
    w = np.ones(len(frame)) if w is None else w
    count = lambda c, e: float(w[(frame["case"] == c) & (frame["exposed"] == e)].sum())
    return count(1, 1), count(1, 0), count(0, 1), count(0, 0)


def cohort(cases, frame):
    a, b, c, d = cells(frame)
    rr = relative_risk(int(a), int(a + c), int(b), int(b + d))
    ci = rr.confidence_interval()
    t = Table2x2(np.array([[a, c], [b, d]]))
    diff = a / (a + c) - b / (b + d)
    se = math.sqrt(a * c / (a + c) ** 3 + b * d / (b + d) ** 3)
    chi2 = stats.chi2_contingency([[a, b], [c, d]], correction=False)
    cases.add("cs", "epidemiology.csv", "cs case exposed", {"r(rr)": rr.relative_risk, "r(lb_rr)": ci.low, "r(ub_rr)": ci.high, "r(rd)": diff,
              "r(lb_rd)": diff - Z * se, "r(ub_rd)": diff + Z * se, "r(chi2)": chi2.statistic, "r(p)": chi2.pvalue,
              "r(afe)": 1 - 1 / rr.relative_risk, "r(afp)": (1 - 1 / rr.relative_risk) * a / (a + b)}, 1e-10, "scipy relative_risk, chi2_contingency")
    low, high = t.oddsratio_confint()
    cases.add("cs or woolf", "epidemiology.csv", "cs case exposed, or woolf", {"r(or)": t.oddsratio, "r(lb_or)": low, "r(ub_or)": high}, 1e-10,
              "statsmodels Table2x2")
    cases.add("cs exact", "epidemiology.csv", "cs case exposed, exact", {"r(p_exact)": stats.fisher_exact([[a, b], [c, d]]).pvalue}, 1e-9,
              "scipy fisher_exact")
    w = frame["fw"].to_numpy(float)
    a, b, c, d = cells(frame, w)
    cases.add("cs fweight", "epidemiology.csv", "cs case exposed [fweight = fw]", {"r(rr)": (a / (a + c)) / (b / (b + d))}, 1e-10, "by hand")
    cases.add("csi of the manual", None, "csi 7 12 9 2", {"r(rr)": 7 / 16 / (12 / 14), "r(chi2)": stats.chi2_contingency([[7, 12], [9, 2]], correction=False).statistic},
              1e-10, "scipy chi2_contingency")


def strata(cases, frame):
    tables = [cells(g) for _, g in frame.groupby("age")]
    table = StratifiedTable([np.array([[a, b], [c, d]]) for a, b, c, d in tables])
    low, high = table.oddsratio_pooled_confint()
    null = table.test_null_odds(correction=False)
    cases.add("cc by", "epidemiology.csv", "cc case exposed, by(age)", {"r(or)": table.oddsratio_pooled, "r(lb_or)": low, "r(ub_or)": high,
              "r(chi2)": null.statistic, "r(p)": null.pvalue}, 1e-9, "statsmodels StratifiedTable")
    day, tarone = table.test_equal_odds(adjust=False), table.test_equal_odds(adjust=True)
    cases.add("cc bd tarone", "epidemiology.csv", "cc case exposed, by(age) bd tarone",
              {"r(chi2_bd)": day.statistic, "r(chi2_t)": tarone.statistic, "r(df_bd)": 2, "r(df_t)": 2}, 1e-8, "statsmodels StratifiedTable")
    logs = np.array([math.log(a * d / (b * c)) for a, b, c, d in tables])
    variance = np.array([1 / a + 1 / b + 1 / c + 1 / d for a, b, c, d in tables])
    hom = np.sum((logs - math.log(table.oddsratio_pooled)) ** 2 / variance)
    cases.add("cc by homogeneity", "epidemiology.csv", "cc case exposed, by(age)", {"r(chi2_mh)": hom, "r(df)": 2}, 1e-9,
              "[R] Epitab by hand")
    # Greenland and Robins (1985)
    p = sum(a * (b + d) / (a + b + c + d) for a, b, c, d in tables)
    q = sum(b * (a + c) / (a + b + c + d) for a, b, c, d in tables)
    v = sum(((a + b) * (a + c) * (b + d) - a * b * (a + b + c + d)) / (a + b + c + d) ** 2 for a, b, c, d in tables) / (p * q)
    cases.add("cs by", "epidemiology.csv", "cs case exposed, by(age)", {"r(rr)": p / q, "r(lb_rr)": p / q * math.exp(-Z * v**0.5),
              "r(ub_rr)": p / q * math.exp(Z * v**0.5)}, 1e-9, "Greenland and Robins (1985) by hand")
    q1 = sum(a * d / (a + b + c + d) for a, b, c, d in tables)
    r1 = sum(b * c / (a + b + c + d) for a, b, c, d in tables)
    v1 = sum((a + c) * (b + d) * (a + b) * (c + d) / ((a + b + c + d) ** 2 * (a + b + c + d - 1)) for a, b, c, d in tables)
    half = Z * math.sqrt(v1 / (q1 * r1))
    cases.add("mhodds", "epidemiology.csv", "mhodds case exposed age", {"r(or)": table.oddsratio_pooled, "r(chi2)": null.statistic,
              "r(lb_or)": q1 / r1 * math.exp(-half), "r(ub_or)": q1 / r1 * math.exp(half)}, 1e-9, "statsmodels StratifiedTable, limits by hand")


def control(cases, frame):
    a, b, c, d = cells(frame)
    exact = odds_ratio([[int(a), int(b)], [int(c), int(d)]])
    ci = exact.confidence_interval(0.95)
    cases.add("cc", "epidemiology.csv", "cc case exposed", {"r(or)": a * d / (b * c), "r(lb_or)": ci.low, "r(ub_or)": ci.high}, 1e-7,
              "scipy odds_ratio conditional")
    z2 = stats.chi2.ppf(0.95, 1)

    def limit(low, high):
        f = lambda x: (x - a) ** 2 * (1 / x + 1 / (a + b - x) + 1 / (a + c - x) + 1 / (d - a + x)) - z2
        x = optimize.brentq(f, low, high, xtol=1e-14)
        return x * (d - a + x) / ((a + b - x) * (a + c - x))

    cases.add("cc cornfield", "epidemiology.csv", "cc case exposed, cornfield", {"r(lb_or)": limit(1e-6, a - 1e-9), "r(ub_or)": limit(a + 1e-9, min(a + b, a + c) - 1e-6)},
              1e-8, "equation of Cornfield (1956) solved by scipy")
    e = odds_ratio([[4, 386], [4, 1250]]).confidence_interval(0.9)
    cases.add("cci of the manual", None, "cci 4 386 4 1250, level(90)", {"r(or)": 4 * 1250 / (386 * 4), "r(lb_or)": e.low, "r(ub_or)": e.high}, 1e-7,
              "scipy odds_ratio conditional")


def rates(cases, frame):
    def exact(a, b, t1, t0):
        ci = stats.binomtest(int(a), int(a + b)).proportion_ci(0.95, method="exact")
        return [p / (1 - p) * t0 / t1 for p in (ci.low, ci.high)]

    def row(g):
        e = g["exposed"] == 1
        return g.loc[e, "case"].sum(), g.loc[~e, "case"].sum(), g.loc[e, "time"].sum(), g.loc[~e, "time"].sum()

    a, b, t1, t0 = row(frame)
    low, high = exact(a, b, t1, t0)
    se = math.sqrt(a / t1**2 + b / t0**2)
    upper = a >= (a + b) * t1 / (t1 + t0)
    dist = stats.binom(a + b, t1 / (t1 + t0))
    mid = (dist.sf(a) if upper else dist.cdf(a - 1)) + 0.5 * dist.pmf(a)
    cases.add("ir", "epidemiology.csv", "ir case exposed time", {"r(irr)": a * t0 / (b * t1), "r(lb_irr)": low, "r(ub_irr)": high, "r(ird)": a / t1 - b / t0,
              "r(lb_ird)": a / t1 - b / t0 - Z * se, "r(p)": min(1, 2 * mid)}, 1e-9, "scipy binomtest, binom")
    groups = [row(g) for _, g in frame.groupby("age")]
    r = sum(a * t0 / (t1 + t0) for a, b, t1, t0 in groups)
    s = sum(b * t1 / (t1 + t0) for a, b, t1, t0 in groups)
    v = sum((a + b) * t1 * t0 / (t1 + t0) ** 2 for a, b, t1, t0 in groups)
    half = Z * math.sqrt(v / (r * s))
    cases.add("ir by", "epidemiology.csv", "ir case exposed time, by(age)", {"r(irr)": r / s, "r(lb_irr)": r / s * math.exp(-half), "r(ub_irr)": r / s * math.exp(half)},
              1e-9, "Rothman, Greenland and Lash (2008) by hand")
    low, high = exact(41, 15, 28010, 19017)
    cases.add("iri of the manual", None, "iri 41 15 28010 19017", {"r(irr)": 41 * 19017 / (15 * 28010), "r(lb_irr)": low, "r(ub_irr)": high}, 1e-9, "scipy binomtest")


def matched(cases):
    table = [[8, 8], [3, 8]]
    exact = mcnemar(table, exact=True)
    plain = mcnemar(table, exact=False, correction=False)
    ci = stats.binomtest(8, 11).proportion_ci(0.95, method="exact")
    cases.add("mcci", None, "mcci 8 8 3 8", {"r(chi2)": plain.statistic, "r(p)": plain.pvalue, "r(p_exact)": exact.pvalue, "r(or)": 8 / 3,
              "r(lb_or)": ci.low / (1 - ci.low), "r(ub_or)": ci.high / (1 - ci.high), "r(D_f)": 5 / 27, "r(R_f)": 16 / 11}, 1e-9, "statsmodels mcnemar, scipy binomtest")


def delong(markers, y):
    """Areas and covariance, kernel by kernel as in DeLong, DeLong and Clarke-Pearson (1988)."""
    ones, zeros = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    v10, v01, area = [], [], []
    for m in markers:
        psi = (m[ones][:, None] > m[zeros][None, :]) + 0.5 * (m[ones][:, None] == m[zeros][None, :])
        v10.append(psi.mean(axis=1))
        v01.append(psi.mean(axis=0))
        area.append(psi.mean())
    return np.array(area), np.cov(v10) / len(ones) + np.cov(v01) / len(zeros)


def roc(cases, frame):
    y = frame["case"].to_numpy()
    m = [frame["marker"].to_numpy(), frame["second"].to_numpy()]
    area, v = delong(m, y)
    assert abs(area[0] - roc_auc_score(y, m[0])) < 1e-12
    se = v[0, 0] ** 0.5
    cases.add("roctab", "epidemiology.csv", "roctab case marker", {"r(area)": area[0], "r(se)": se, "r(lb)": area[0] - Z * se, "r(ub)": area[0] + Z * se, "r(N)": len(y)},
              1e-10, "scikit-learn roc_auc_score; DeLong by hand")
    n1, n0 = y.sum(), (1 - y).sum()
    q1, q2 = area[0] / (2 - area[0]), 2 * area[0] ** 2 / (1 + area[0])
    hanley = math.sqrt((area[0] * (1 - area[0]) + (n1 - 1) * (q1 - area[0] ** 2) + (n0 - 1) * (q2 - area[0] ** 2)) / (n1 * n0))
    cases.add("roctab hanley", "epidemiology.csv", "roctab case marker, hanley", {"r(se)": hanley}, 1e-10, "Hanley and McNeil (1982) by hand")
    chi2 = (area[0] - area[1]) ** 2 / (v[0, 0] + v[1, 1] - 2 * v[0, 1])
    cases.add("roccomp", "epidemiology.csv", "roccomp case marker second", {"r(chi2)": chi2, "r(df)": 1, "r(p)": stats.chi2.sf(chi2, 1)}, 1e-9, "DeLong by hand")
    rows = np.repeat(np.arange(len(y)), frame["fw"])
    area, v = delong([x[rows] for x in m], y[rows])
    cases.add("roctab fweight", "epidemiology.csv", "roctab case second [fweight = fw]", {"r(area)": area[1], "r(se)": v[1, 1] ** 0.5}, 1e-10, "DeLong by hand on repeated rows")


def agreement(cases, frame):
    table = pd.crosstab(frame["rater1"], frame["rater2"]).to_numpy()
    for option, weights, power in (("", None, None), (", wgt(w)", "linear", 1), (", wgt(w2)", "quadratic", 2)):
        k = cohen_kappa_score(frame["rater1"], frame["rater2"], weights=weights)
        expect = {"r(kappa)": k}
        full = cohens_kappa(table, wt="linear" if power == 1 else "quadratic" if power == 2 else None)
        expect["r(se)"] = full.std_kappa0
        cases.add(f"kap{option}", "epidemiology.csv", f"kap rater1 rater2{option}", expect, 1e-9, "scikit-learn cohen_kappa_score, statsmodels cohens_kappa")
    # The ratings of Shrout and Fleiss (1979): six targets, four judges; correlations printed there.
    ratings = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    long = pd.DataFrame([(t + 1, j + 1, ratings[t, j]) for t in range(6) for j in range(4)], columns=["target", "judge", "rating"])
    write_data("judges", long)
    msb, mst = ratings.mean(1).var(ddof=1) * 4, ratings.mean(0).var(ddof=1) * 6
    total = ((ratings - ratings.mean()) ** 2).sum()
    mse = (total - msb * 5 - mst * 3) / 15
    msw = (total - msb * 5) / 18
    one = (msb - msw) / (msb + 3 * msw)
    two = (msb - mse) / (msb + 3 * mse + 4 / 6 * (mst - mse))
    three = (msb - mse) / (msb + 3 * mse)
    assert (round(one, 2), round(two, 2), round(three, 2)) == (0.17, 0.29, 0.71)
    f = msb / msw
    low, high = f / stats.f.ppf(0.975, 5, 18), f * stats.f.ppf(0.975, 18, 5)
    cases.add("icc one-way", "judges.csv", "icc rating target", {"r(icc_i)": one, "r(icc_avg)": 1 - 1 / f, "r(icc_i_lb)": (low - 1) / (low + 3),
              "r(icc_i_ub)": (high - 1) / (high + 3), "r(icc_i_F)": f, "r(icc_i_p)": stats.f.sf(f, 5, 18)}, 1e-8, "Shrout and Fleiss (1979), limits by hand")
    f3 = msb / mse
    low, high = f3 / stats.f.ppf(0.975, 5, 15), f3 * stats.f.ppf(0.975, 15, 5)
    cases.add("icc mixed", "judges.csv", "icc rating target judge, mixed", {"r(icc_i)": three, "r(icc_avg)": 1 - 1 / f3, "r(icc_i_lb)": (low - 1) / (low + 3),
              "r(icc_i_ub)": (high - 1) / (high + 3), "r(icc_i_F)": f3}, 1e-8, "Shrout and Fleiss (1979), limits by hand")
    a, b = 4 * two / (6 * (1 - two)), 1 + 4 * two * 5 / (6 * (1 - two))
    v = (a * mst + b * mse) ** 2 / ((a * mst) ** 2 / 3 + (b * mse) ** 2 / 15)
    fl, fu = stats.f.ppf(0.975, 5, v), stats.f.ppf(0.975, v, 5)
    low = 6 * (msb - fl * mse) / (fl * (4 * mst + (24 - 10) * mse) + 6 * msb)
    high = 6 * (fu * msb - mse) / (4 * mst + (24 - 10) * mse + 6 * fu * msb)
    cases.add("icc two-way", "judges.csv", "icc rating target judge", {"r(icc_i)": two, "r(icc_i_lb)": low, "r(icc_i_ub)": high,
              "r(icc_avg)": 4 * two / (1 + 3 * two)}, 1e-8, "McGraw and Wong (1996) by hand")


if __name__ == "__main__":
    rows = data()
    out = Cases("epidemiology", "scipy, statsmodels, scikit-learn, textbook formulas")
    cohort(out, rows)
    strata(out, rows)
    control(out, rows)
    rates(out, rows)
    matched(out)
    roc(out, rows)
    agreement(out, rows)
    out.write()
