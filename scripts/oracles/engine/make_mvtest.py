"""`mvtest`: statistics written in numpy from Rencher and Christensen (2012), Mardia, Henze and Zirkler, Doornik and Hansen; statsmodels for equal means."""

import numpy as np
import pandas as pd
from common import ROOT, Cases
from scipy import stats
from statsmodels.multivariate.manova import MANOVA


def mardia_and_friends(x):
    n, p = x.shape
    z = (x - x.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T, bias=True))).T
    g = z @ z.T
    skew, kurt = (g**3).sum() / n**2, (np.diag(g) ** 2).sum() / n
    chi_skew = skew * (p + 1) * (n + 1) * (n + 3) / (6 * ((n + 1) * (p + 1) - 6))
    chi_kurt = (kurt - p * (p + 2)) ** 2 / (8 * p * (p + 2) / n)
    beta2 = (((2 * p + 1) * n / 4) ** (1 / (p + 4)) / np.sqrt(2)) ** 2
    far = ((z[:, None] - z[None]) ** 2).sum(-1)
    own = (z**2).sum(1)
    hz = np.exp(-beta2 / 2 * far).sum() / n - 2 * (1 + beta2) ** (-p / 2) * np.exp(-beta2 * own / (2 * (1 + beta2))).sum() + n * (1 + 2 * beta2) ** (-p / 2)
    a, w = 1 + 2 * beta2, (1 + beta2) * (1 + 3 * beta2)
    mean = 1 - a ** (-p / 2) * (1 + p * beta2 / a + p * (p + 2) * beta2**2 / (2 * a**2))
    var = 2 * (1 + 4 * beta2) ** (-p / 2) + 2 * a**-p * (1 + 2 * p * beta2**2 / a**2 + 3 * p * (p + 2) * beta2**4 / (4 * a**4)) - 4 * w ** (-p / 2) * (1 + 3 * p * beta2**2 / (2 * w) + p * (p + 2) * beta2**4 / (2 * w**2))
    log_z = (np.log(hz) - np.log(np.sqrt(mean**4 / (var + mean**2)))) / np.sqrt(np.log((var + mean**2) / mean**2))
    return {"r(mskew)": skew, "r(chi2_mskew)": chi_skew, "r(mkurt)": kurt, "r(chi2_mkurt)": chi_kurt, "r(p_mkurt)": stats.chi2.sf(chi_kurt, 1),
            "r(hzirkler)": hz, "r(chi2_hzirkler)": log_z**2, "r(df_mskew)": p * (p + 1) * (p + 2) / 6}


def doornik_hansen(x):
    n, p = x.shape
    z = (x - x.mean(0)) / x.std(0)
    roots, vectors = np.linalg.eigh(np.corrcoef(x.T))
    y = z @ vectors @ np.diag(roots**-0.5) @ vectors.T
    total = 0.0
    for column in y.T:
        b1, b2 = stats.skew(column), stats.kurtosis(column, fisher=False)
        # D'Agostino (1970), as in scipy
        z1 = stats.skewtest(column).statistic
        delta = (n - 3) * (n + 1) * (n**2 + 15 * n - 4)
        a = (n - 2) * (n + 5) * (n + 7) * (n**2 + 27 * n - 70) / (6 * delta)
        c = (n - 7) * (n + 5) * (n + 7) * (n**2 + 2 * n - 5) / (6 * delta)
        k = (n + 5) * (n + 7) * (n**3 + 37 * n**2 + 11 * n - 313) / (12 * delta)
        alpha = a + b1**2 * c
        z2 = ((((b2 - 1 - b1**2) * 2 * k) / (2 * alpha)) ** (1 / 3) - 1 + 1 / (9 * alpha)) * np.sqrt(9 * alpha)
        total += z1**2 + z2**2
    return {"r(chi2_dh)": total, "r(df_dh)": 2 * p, "r(p_dh)": stats.chi2.sf(total, 2 * p)}


def one_sample(cases, x, words):
    n, p = x.shape
    m, s = x.mean(0), np.cov(x.T)

    def means(away, spread, do):
        k = len(away)
        t2 = n * away @ np.linalg.solve(spread, away)
        f = (n - k) / ((n - 1) * k) * t2
        cases.add(do, "firm_years.csv", do, {"r(T2)": t2, "r(F)": f, "r(df_m)": k, "r(df_r)": n - k, "r(p_F)": stats.f.sf(f, k, n - k)}, 1e-9)

    c = np.column_stack([np.eye(p - 1), -np.ones(p - 1)])
    means(c @ m, c @ s @ c.T, f"mvtest means {words}")
    means(m, s, f"mvtest means {words}, zero")
    det, r = np.linalg.det(s), np.corrcoef(x.T)
    chi = -(n - 1 - (2 * p + 5) / 6) * np.log(np.linalg.det(r))
    cases.add("mvtest covariances, diagonal", "firm_years.csv", f"mvtest covariances {words}", {"r(chi2)": chi, "r(df)": p * (p - 1) / 2, "r(p_chi2)": stats.chi2.sf(chi, p * (p - 1) / 2)}, 1e-9)
    u = p**p * det / np.trace(s) ** p
    cases.add("mvtest covariances, spherical", "firm_years.csv", f"mvtest covariances {words}, spherical", {"r(chi2)": -(n - 1 - (2 * p**2 + p + 2) / (6 * p)) * np.log(u), "r(df)": p * (p + 1) / 2 - 1}, 1e-9)
    s2 = np.trace(s) / p
    rho = (s.sum() - np.trace(s)) / (p * (p - 1)) / s2
    u = det / (s2**p * (1 - rho) ** (p - 1) * (1 + (p - 1) * rho))
    chi = -(n - 1 - p * (p + 1) ** 2 * (2 * p - 3) / (6 * (p - 1) * (p**2 + p - 4))) * np.log(u)
    cases.add("mvtest covariances, compound", "firm_years.csv", f"mvtest covariances {words}, compound", {"r(chi2)": chi, "r(df)": p * (p + 1) / 2 - 2}, 1e-9)
    off = r[np.tril_indices(p, -1)]
    mean, rows = off.mean(), (r.sum(0) - 1) / (p - 1)
    gamma = (p - 1) ** 2 * (1 - (1 - mean) ** 2) / (p - (p - 2) * (1 - mean) ** 2)
    chi = (n - 1) / (1 - mean) ** 2 * (((off - mean) ** 2).sum() - gamma * ((rows - mean) ** 2).sum())
    cases.add("mvtest correlations, compound", "firm_years.csv", f"mvtest correlations {words}, compound", {"r(chi2)": chi, "r(df)": (p + 1) * (p - 2) / 2}, 1e-9)
    cases.add("mvtest normality", "firm_years.csv", f"mvtest normality {words}, stats(all)", mardia_and_friends(x) | doornik_hansen(x), 1e-8)
    cases.add("mvtest normality bivariate", "firm_years.csv", f"mvtest normality {words}, bivariate", {"el(r(Btests),1,1)": doornik_hansen(x[:, :2])["r(chi2_dh)"]}, 1e-8)


def by_groups(cases, frame, names, words):
    groups = [g[names].to_numpy() for _, g in frame.groupby("group")]
    k, m = len(names), len(groups)
    nu = np.array([len(g) - 1 for g in groups])
    s = [np.cov(g.T) for g in groups]
    pooled = sum(v * c for v, c in zip(nu, s)) / nu.sum()
    ln_m = 0.5 * (sum(v * np.linalg.slogdet(c)[1] for v, c in zip(nu, s)) - nu.sum() * np.linalg.slogdet(pooled)[1])
    c1 = ((1 / nu).sum() - 1 / nu.sum()) * (2 * k**2 + 3 * k - 1) / (6 * (k + 1) * (m - 1))
    c2 = (k - 1) * (k + 2) / (6 * (m - 1)) * ((1 / nu**2).sum() - 1 / nu.sum() ** 2)
    a1 = (m - 1) * k * (k + 1) / 2
    a2 = (a1 + 2) / abs(c2 - c1**2)
    if c2 > c1**2:
        f = -2 * (1 - c1 - a1 / a2) / a1 * ln_m
    else:
        b2 = (1 - c1 + 2 / a2) / a2
        f = -(2 * a2 * b2 * ln_m) / (a1 * (1 + 2 * b2 * ln_m))
    expect = {"r(chi2)": -2 * (1 - c1) * ln_m, "r(df)": a1, "r(F_Box)": f, "r(df_r_Box)": a2, "r(p_F_Box)": stats.f.sf(f, a1, a2)}
    cases.add("mvtest covariances, by()", "firm_years.csv", f"mvtest covariances {words}, by(group)", expect, 1e-8)
    table = MANOVA.from_formula(" + ".join(names) + " ~ C(group)", frame).mv_test().results["C(group)"]["stat"].astype(float)
    expect = {}
    for i, row in enumerate(("Wilks' lambda", "Pillai's trace", "Hotelling-Lawley trace", "Roy's greatest root"), 1):
        expect[f"el(r(stat_m),{i},1)"] = table.loc[row, "Value"]
        if i < 4 and i != 3:
            expect[f"el(r(stat_m),{i},2)"] = table.loc[row, "F Value"]
    cases.add("mvtest means, by()", "firm_years.csv", f"mvtest means {words}, by(group)", expect, 1e-8)


def main():
    frame = pd.read_csv(ROOT / "data" / "firm_years.csv")
    names = ["sales", "output", "decayed", "cost"]
    cases = Cases("mvtest", "numpy, scipy, statsmodels")
    one_sample(cases, frame[names].to_numpy(), " ".join(names))
    by_groups(cases, frame, names, " ".join(names))
    cases.write()


if __name__ == "__main__":
    main()
