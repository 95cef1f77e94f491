"""Means, totals, tables, ranks and counts: published output of the manuals, numpy and scipy by hand."""

import numpy as np
import pandas as pd
from scipy import stats

from common import ROOT, Cases


def data(name):
    return pd.read_csv(ROOT / "data" / name)


def linearised(z, units):
    """Variance of a sum over sampling units: m/(m-1) sum (z - mean)(z - mean)'."""
    totals = pd.DataFrame(z).groupby(np.asarray(units)).sum().to_numpy()
    m = len(totals)
    centred = totals - totals.mean(axis=0)
    return m / (m - 1) * centred.T @ centred, m


def estimates(cases):
    d = data("schoolclus.csv").dropna(subset=["enroll"])
    w, y = d.pw.to_numpy(), d.enroll.to_numpy()
    every = np.arange(len(d))
    v, _ = linearised(np.c_[w * y], every)
    cases.add("total pweight", "schoolclus.csv", "total enroll [pweight=pw]",
              {"_b[enroll]": w @ y, "_se[enroll]": v[0, 0] ** 0.5}, 1e-9, "numpy, [SVY] Variance estimation")
    # Groups are parts of one sample: all rows count in the factor, and totals of two groups are correlated.
    inside = np.c_[d.aw == 0, d.aw == 1].astype(float)
    v, _ = linearised(inside * (w * y)[:, None], every)
    cases.add("total over pweight", "schoolclus.csv", "total enroll [pweight=pw], over(aw)",
              {"el(e(b),1,1)": inside[:, 0] @ (w * y), "el(e(V),1,1)": v[0, 0], "el(e(V),2,2)": v[1, 1], "el(e(V),2,1)": v[1, 0]},
              1e-9, "numpy, [SVY] Variance estimation")
    means = (inside * (w * y)[:, None]).sum(0) / (inside * w[:, None]).sum(0)
    scores = inside * (w[:, None] * (y[:, None] - means)) / (inside * w[:, None]).sum(0)
    v, _ = linearised(scores, every)
    cases.add("mean over pweight", "schoolclus.csv", "mean enroll [pweight=pw], over(aw)",
              {"el(e(b),1,2)": means[1], "el(e(V),1,1)": v[0, 0], "el(e(V),2,2)": v[1, 1]}, 1e-9, "numpy, [SVY] Variance estimation")
    v, m = linearised(scores, d.dnum)
    cases.add("mean over pweight cluster", "schoolclus.csv", "mean enroll [pweight=pw], over(aw) vce(cluster dnum)",
              {"el(e(V),1,1)": v[0, 0], "el(e(V),2,2)": v[1, 1], "el(e(V),2,1)": v[1, 0], "e(N_clust)": m, "e(df_r)": m - 1},
              1e-9, "numpy, [SVY] Variance estimation")
    plain = np.c_[(y - y.mean()) / len(y)]
    v, m = linearised(plain, d.dnum)
    cases.add("mean cluster", "schoolclus.csv", "mean enroll, vce(cluster dnum)",
              {"_b[enroll]": y.mean(), "_se[enroll]": v[0, 0] ** 0.5, "e(df_r)": m - 1}, 1e-9, "numpy, [SVY] Variance estimation")


def ordered(cases):
    """Gamma and tau-b with the standard errors of Brown and Benedetti (1977)."""
    d = data("lbw.csv")
    t = pd.crosstab(d.race, d.ptl).to_numpy().astype(float)
    n, rows, cols = t.sum(), t.sum(1), t.sum(0)
    a, b = np.zeros_like(t), np.zeros_like(t)
    for i in range(t.shape[0]):
        for j in range(t.shape[1]):
            a[i, j] = t[:i, :j].sum() + t[i + 1:, j + 1:].sum()
            b[i, j] = t[:i, j + 1:].sum() + t[i + 1:, :j].sum()
    p, q = (t * a).sum(), (t * b).sum()
    wr, wc = n**2 - (rows**2).sum(), n**2 - (cols**2).sum()
    w = (wr * wc) ** 0.5
    tau = (p - q) / w
    assert abs(tau - stats.kendalltau(d.race, d.ptl).statistic) < 1e-12
    v = rows[:, None] * wc + cols[None, :] * wr
    ase_tau = ((t * (2 * w * (a - b) + tau * v) ** 2).sum() - n**3 * tau**2 * (wr + wc) ** 2) ** 0.5 / w**2
    ase_gamma = 4 / (p + q) ** 2 * ((t * (q * a - p * b) ** 2).sum()) ** 0.5
    cases.add("gamma and tau-b", "lbw.csv", "tabulate race ptl, gamma taub",
              {"r(gamma)": (p - q) / (p + q), "r(ase_gam)": ase_gamma, "r(taub)": tau, "r(ase_taub)": ase_tau},
              1e-9, "numpy after Brown and Benedetti (1977); scipy for tau-b")


def weighted(cases):
    """Analytic weights of a table sum to its rows; counts of collapse are sums of weights but for analytic ones."""
    d = data("lbw.csv")
    scaled = d.lwt * len(d) / d.lwt.sum()
    cells = scaled.groupby([d.race, d.smoke]).sum()
    cases.add("tabulate aweight", "lbw.csv", "tabulate race smoke [aweight=lwt], matcell(m)",
              {"el(m,1,1)": cells[1, 0], "el(m,1,2)": cells[1, 1], "el(m,3,2)": cells[3, 1], "r(N)": len(d)}, 1e-9, "numpy")
    sums, rows = d.lwt.groupby(d.race).sum(), d.lwt.groupby(d.race).size()
    for kind, count in (("pweight", sums[2]), ("iweight", sums[2]), ("aweight", rows[2])):
        cases.add(f"collapse count {kind}", "lbw.csv", f"collapse (count) n=bwt (mean) m=bwt [{kind}=lwt], by(race)",
                  {"n[2]": count, "m[2]": np.average(d.bwt[d.race == 2], weights=d.lwt[d.race == 2])}, 1e-9, "[D] collapse, Weights; numpy")
    pairs = stats.tukey_hsd(*[d.bwt[d.race == r] for r in (1, 2, 3)])
    limits = pairs.confidence_interval()
    cases.add("pwmean tukey", "lbw.csv", "pwmean bwt, over(race) mcompare(tukey) effects\nmatrix t = r(table_vs)",
              {f"el(t,{row},{column})": value for column, (i, j) in enumerate(((1, 0), (2, 0), (2, 1)), 1)
               for row, value in ((1, pairs.statistic[i, j]), (4, pairs.pvalue[i, j]), (5, limits.low[i, j]), (6, limits.high[i, j]))},
              1e-6, "scipy tukey_hsd")
    cases.add("pwcompare tukey", "lbw.csv", "regress bwt i.race\npwcompare race, mcompare(tukey) effects\nmatrix t = r(table_vs)",
              {"el(t,4,1)": pairs.pvalue[1, 0], "el(t,4,2)": pairs.pvalue[2, 0], "el(t,5,3)": limits.low[2, 1]}, 1e-6, "scipy tukey_hsd")


def ranks(cases):
    fuel = "input a b\n20 24\n23 25\n21 21\n25 22\n18 23\n17 18\n18 17\n24 28\n20 24\n24 27\n23 21\n19 23\nend\n"
    cases.add("exact signed ranks", None, fuel + "signrank a = b",
              {"round(r(z), .001)": -1.973, "round(r(p), .0001)": 0.0485, "round(r(p_exact), .0001)": 0.0479},
              1e-9, "[R] signrank, fuel data")
    cases.add("exact rank sum", None, fuel + "stack a b, into(mpg) clear\nranksum mpg, by(_stack)",
              {"round(r(z), .001)": -1.279, "round(r(p), .0001)": 0.2010, "round(r(p_exact), .0001)": 0.2117},
              1e-9, "[R] ranksum, fuel data")
    d = data("mileage.csv").dropna(subset=["mpg"])
    half = np.arange(len(d)) % 3 == 0
    untied = d.mpg + np.arange(len(d)) / 1000
    u = stats.mannwhitneyu(untied[~half], untied[half], method="exact")
    cases.add("exact rank sum without ties", "mileage.csv", "generate double u = mpg + (_n - 1)/1000\ngenerate g = mod(_n - 1, 3) == 0\nranksum u, by(g)",
              {"r(p_exact)": u.pvalue, "r(p_u_exact)": stats.mannwhitneyu(untied[~half], untied[half], method="exact", alternative="greater").pvalue},
              1e-9, "scipy mannwhitneyu")


def counts(cases):
    import statsmodels.api as sm
    d = data("docvis.csv")
    x = sm.add_constant(d[["private", "totchr"]])
    exposed = d.educyr + 1
    fit = sm.Poisson(d.docvis, x, exposure=exposed).fit(disp=0, tol=1e-14, method="newton")
    mu = fit.predict(x, exposure=exposed)
    do = "generate n = educyr + 1\npoisson docvis private totchr, exposure(n)\npredict double i, xb\npredict double p, pr(2)\npredict double r, pr(1, 4)\npredict double s, pr(3, .)\n"
    means = "".join(f"quietly summarize {v}, meanonly\nscalar m{v} = r(mean)\n" for v in "iprs")
    cases.add("poisson probabilities", "docvis.csv", do + means,
              {"scalar(mi)": np.log(mu).mean(), "scalar(mp)": stats.poisson.pmf(2, mu).mean(),
               "scalar(mr)": (stats.poisson.cdf(4, mu) - stats.poisson.cdf(0, mu)).mean(), "scalar(ms)": stats.poisson.sf(2, mu).mean()},
              1e-6, "statsmodels Poisson, scipy.stats.poisson")
    for dispersion, power in (("mean", "nb2"), ("constant", "nb1")):
        fit = sm.NegativeBinomial(d.docvis, x, loglike_method=power).fit(disp=0, maxiter=2000, gtol=1e-10, method="bfgs")
        mu, alpha = fit.predict(x), fit.params["alpha"]
        size = 1 / alpha if dispersion == "mean" else mu / alpha
        prob = size / (size + mu)
        do = f"nbreg docvis private totchr, dispersion({dispersion})\npredict double p, pr(2)\npredict double r, pr(1, 4)\n"
        means = "".join(f"quietly summarize {v}, meanonly\nscalar m{v} = r(mean)\n" for v in "pr")
        cases.add(f"nbreg probabilities {dispersion}", "docvis.csv", do + means,
                  {"scalar(mp)": stats.nbinom.pmf(2, size, prob).mean(), "scalar(mr)": (stats.nbinom.cdf(4, size, prob) - stats.nbinom.cdf(0, size, prob)).mean()},
                  1e-5, "statsmodels NegativeBinomial, scipy.stats.nbinom")


def dates(cases):
    """Codes of date formats, by strftime of Python."""
    from datetime import datetime
    moment = datetime(2014, 1, 4, 15, 7, 9, 45000)
    ms = round((moment - datetime(1960, 1, 1)).total_seconds() * 1000)
    twelve = moment.strftime("%I")
    shown = {
        "%tcHH:MM:SS.ss": moment.strftime("%H:%M:%S") + ".04",
        "%tcHh.MM_a.m.": f"{twelve}.07 p.m.",
        "%tchH.MM": "15.07",
        "%tchh:MM_AM": f"{int(twelve)}:07 PM",
    }
    day = (moment - datetime(1960, 1, 1)).days
    dated = {
        "%tdCY-N-D": moment.strftime("%Y-%m-%d"),
        "%tdD_m_CY": moment.strftime("%d %b %Y"),
        "%tdDlCY": moment.strftime("%d%b%Y").lower(),
        "%tdn/d/y": f"{moment.month}/{moment.day}/14",
        "%tdM+dd": moment.strftime("%B") + "4",
        "%tdDD.NN.CCYY": moment.strftime("%d.%m.%Y"),
    }
    expect = {f'string({ms}, "{f}") == "{t}"': 1 for f, t in shown.items()} | {f'string({day}, "{f}") == "{t}"': 1 for f, t in dated.items()}
    published = {
        "strofreal(1234567)": "1234567", "strofreal(12345678)": "1.23e+07", 'strofreal(4, "%9.2f")': "4.00",
        'strofreal(123456789, "%11.0g")': "123456789", 'strofreal(123456789, "%13.0gc")': "123,456,789",
        'strofreal(0, "%td")': "01jan1960", 'strofreal(225, "%tq")': "2016q2", 'strofreal(225, "not a format")': "",
    }
    cases.add("strofreal", None, "display 1", {f'{call} == "{text}"': 1 for call, text in published.items()}, 1e-9, "[FN] String functions, strofreal()")
    cases.add("date formats", None, "display %td 0", expect, 1e-9, "[D] Datetime display formats; strftime")


def exact(cases):
    """Fisher's exact test of tables that enumeration cannot do; R fisher.test."""
    for cells, p in (
        ("30 20 25 \\ 15 30 10 \\ 20 18 32", 0.00136177802837004), ("100 50 60 30 10 \\ 80 60 70 20 20", 0.0562935668554079),
        ("12 7 3 \\ 8 9 5 \\ 4 10 12 \\ 2 6 14", 0.00270838131533872),
    ):
        cases.add(f"exact {cells}", None, f"tabi {cells}, exact", {"r(p_exact)": p}, 1e-7, "R fisher.test")


def main():
    cases = Cases("tables", "published output of the manuals; numpy and scipy by hand")
    estimates(cases)
    ordered(cases)
    weighted(cases)
    ranks(cases)
    counts(cases)
    dates(cases)
    exact(cases)
    cases.add("Hosmer and Lemeshow groups", "lbw.csv", "logistic low age lwt i.race smoke ptl ht ui\nestat gof, group(10) table",
              {"round(r(chi2), .01)": 9.65, "r(df)": 8, "round(r(p), .0001)": 0.2904}, 1e-9, "[R] estat gof, low birth weight data")
    cases.write()


if __name__ == "__main__":
    main()
