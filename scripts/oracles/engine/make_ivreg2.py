"""`ivreg2`: output of Stata that statsmodels stores, and output of Stata with ivreg2 that the tests of the R package
ivreg2r (https://github.com/restatr/ivreg2r, tests/stata-benchmarks/fixtures) and of ivreg (test of Sanderson and
Windmeijer's statistics) publish."""

import os

import numpy as np
import pandas as pd
import statsmodels
from common import ROOT, Cases, write_data
from linearmodels.datasets import card, mroz
from statsmodels.regression.tests.results import results_grunfeld_ols_robust_cluster as grunfeld
from statsmodels.regression.tests.results import results_macro_ols_robust as macro
from statsmodels.sandbox.regression.tests import results_ivreg2_griliches as griliches

DATA = ROOT / "data"
SCALARS = "N r2 rmse rss mss r2_a F Fp Fdf1 Fdf2 yy yyc r2u r2c cdf widstat cd idp iddf idstat sargan j jp jdf ll N_clust".split()
STORED = "Stata output stored in statsmodels"
PUBLISHED = "Stata output in the tests of ivreg2r"


def stored(cases, name, data, do, result, extra=""):
    """A result of statsmodels: scalars, coefficients, standard errors."""
    expect = {f"e({s})": getattr(result, s) for s in SCALARS if getattr(result, s, None) is not None}
    rows = zip(result.params_table_rownames, result.params_table)
    for term, row in rows:
        expect[f"_b[{term}]"], expect[f"_se[{term}]"] = row[0], row[1]
    cases.add(name, data, extra + do, expect, 2e-8, STORED)


def wages():
    """Griliches' data as Stata holds them, in float."""
    folder = os.path.join(os.path.dirname(statsmodels.__file__), "sandbox/regression/tests")
    frame = pd.read_stata(os.path.join(folder, "griliches76.dta"))
    for year in (67, 68, 69, 70, 71, 73):
        frame[f"dyear_{year}"] = (frame["year"] == year).astype(int)
    kept = "lw s iq expr tenure rns smsa dyear_67 dyear_68 dyear_69 dyear_70 dyear_71 dyear_73 med kww age mrt year".split()
    write_data("griliches", frame[kept].astype(float))


def schooling():
    """Card's and Mroz's data; log wages are float in Stata's files."""
    frame = card.load()
    frame["region"] = sum(i * frame[f"reg66{i}"] for i in range(1, 10))
    frame["lwage"] = frame["lwage"].astype(np.float32).astype(float)
    write_data("schooling", frame["lwage educ exper expersq black south nearc2 nearc4 age region".split()])
    frame = mroz.load().dropna(subset=["lwage"])
    frame["lwage"] = frame["lwage"].astype(np.float32).astype(float)
    write_data("labour", frame["lwage educ exper expersq age kidslt6 kidsge6".split()])


def published(cases, name, data, do, expect, tol=2e-8):
    shown = {k if "(" in k or "[" in k else f"e({k})": v for k, v in expect.items()}
    cases.add(name, data, do, shown, tol, PUBLISHED)


def robust(cases):
    model = "ivreg2 lwage exper expersq black south (educ = nearc2 nearc4), "
    common = {"N": 3010, "idstat": 40.07919463212782, "idp": 1.98113224244e-09, "iddf": 2, "cdf": 19.68298484786327}
    common |= {"widstat": 20.42000777158254, "arf": 27.85140644476052, "archi2": 55.8326562762099, "ardf_r": 3003}
    own = {"F": 80.93661568458921, "j": 1.864712064638993, "jp": 0.1720819441017082, "rmse": 0.4959780170081774}
    own |= {"r2": -0.2469029222579018, "r2_a": -0.2489783265892231, "estat": 26.99331658566836, "estatdf": 1}
    published(cases, "2sls, robust small", "schooling.csv", model + "robust small first endog(educ)", common | own)
    own = {"F": 77.53246735194854, "j": 1.790733007191367, "sstat": 53.95511527248323, "sstatdf": 2, "kclass": 1.000605709462808}
    own |= {"_b[educ]": 0.2482702406090916, "_se[educ]": 0.0430528805549854, "_se[_cons]": 0.7435398735768396}
    published(cases, "liml, robust", "schooling.csv", model + "liml robust first", common | own)
    own = {"F": 79.42591498460213, "j": 1.831966607344715, "sstat": 53.95511527248323, "kclass": 1.000272709129807}
    own |= {"lambda": 1.000605709462808, "_b[educ]": 0.2438039568760709, "_se[educ]": 0.0414674755358928}
    published(cases, "fuller(1), robust", "schooling.csv", model + "fuller(1) robust first", common | own)


def classical(cases):
    model = "ivreg2 lwage exper expersq black south (educ = nearc2 nearc4), "
    common = {"idstat": 38.94717794124797, "idp": 3.48921529231e-09, "cdf": 19.68298484786327, "widstat": 19.68298484786327}
    common |= {"arf": 27.44834031338264, "arfp": 1.53810446629e-12, "archi2": 55.02464491727057, "archi2p": 1.12603054606e-12}
    own = {"F": 77.28464324347287, "sargan": 1.85880380002939, "sarganp": 0.17276292238585, "estat": 27.49203216234869}
    published(cases, "2sls", "schooling.csv", model + "first endog(educ)", common | own)
    own = {"F": 74.34080745704115, "sargan": 1.82208183090969, "sstat": 54.0368187497733, "kclass": 1.000605709462808}
    published(cases, "liml", "schooling.csv", model + "liml first", common | own)
    own = {"F": 75.98202337277169, "sargan": 1.833454323098784, "kclass": 1.000272709129807, "_se[educ]": 0.0413218094289278}
    published(cases, "fuller(1)", "schooling.csv", model + "fuller(1) first", common | own)


def clusters(cases):
    expect = {"N": 9510, "r2": -0.1940811675318954, "r2u": 0.9939514826521566, "rss": 2275.468618485819, "F": 182.6830554000475}
    expect |= {"Fp": 5.07422902312e-08, "Fdf2": 8, "j": 2.770258481426558, "jp": 0.0960306530127615, "idstat": 5.284706942929756}
    expect |= {"idp": 0.0711935203187375, "cdf": 73.24054251025515, "widstat": 20.52143986712553, "arf": 31.97117444760251}
    expect |= {"archi2": 71.98056088604309, "N_clust": 9, "estat": 4.756388871766742, "sstat": 8.057173935360659}
    expect |= {"_b[educ]": 0.2304313122570418, "_se[educ]": 0.0401670403765834, "_se[south]": 0.055092585134139}
    do = "gen f = mod(age, 5) + 1\nivreg2 lwage exper expersq black south (educ = nearc4 nearc2) [fw=f], first endog(educ) cluster(region) small"
    published(cases, "clusters and frequency weights", "schooling.csv", do, expect)
    cells = "collapse (mean) lwage (count) n=age, by(educ exper expersq black south nearc4 nearc2)\n"
    expect = {"N": 1030, "r2": -0.4549525542684778, "rmse": 0.3954448589474232, "F": 28.82176658269373, "j": 0.6108395909685757}
    expect |= {"idstat": 8.137675736508294, "widstat": 4.448147796045245, "arf": 19.42291910726139, "estat": 22.96874460095727}
    expect |= {"sstat": 33.48481328976233, "_b[educ]": 0.2403153190320181, "_se[educ]": 0.0682821920414894}
    do = cells + "ivreg2 lwage exper expersq black south (educ = nearc4 nearc2) [aw=n], first endog(educ) robust small"
    published(cases, "analytic weights", "schooling.csv", do, expect)


def tests(cases):
    model = "ivreg2 lw s expr tenure rns smsa dyear* (iq=med kww age mrt), "
    expect = {"cstat": 69.82477729511471, "cstatp": 6.48136011679e-17, "cstatdf": 1, "sargan": 87.65523169449581}
    published(cases, "orthogonality of a regressor", "griliches.csv", model + "gmm2s orthog(s)", expect)
    expect = {"cstat": 86.61881840023089, "cstatp": 1.55225322171e-19, "cstatdf": 2, "idstat": 52.43586586757127}
    published(cases, "orthogonality of instruments", "griliches.csv", model + "gmm2s orthog(age mrt)", expect)
    expect = {"estat": 0.4505461348002342, "estatp": 0.502075717708184, "j": 74.16487762436985, "widstat": 12.16664044347056}
    expect |= {"idstat": 41.53655121016365, "rmse": 0.3302676947025835, "F": 49.67302050676435, "_se[iq]": 0.0041488749851088}
    expect |= {"_b[iq]": -0.0014014339085774, "_se[_cons]": 0.2924692041540128}
    published(cases, "gmm2s, robust small", "griliches.csv", model + "gmm2s robust small endog(iq)", expect)
    expect = {"F": 6.017151080163226, "j": 0.5138487725388226, "idstat": 11.23055884485077, "widstat": 5.021219248782474}
    expect |= {"arf": 0.5795624306621397, "archi2": 1.763407964384331, "sstat": 1.661956948524388, "_se[educ]": 0.0864625931391508}
    do = "ivreg2 lwage exper expersq (educ=age kidslt6 kidsge6), robust ffirst"
    published(cases, "Mroz, robust", "labour.csv", do, expect)


def first_stage(cases):
    """The matrix e(first) and the statistics that ivreg's tests quote, with their digits."""
    rows = {1: (2.2580465, 6.8583957), 2: (0.03061089, 0.28010273), 3: (0.03063228, 0.28029844), 4: (4.4661716, 55.044363)}
    rows |= {5: (3, 3), 6: (424, 424), 7: (0.00421033, 4.562e-30), 8: (6.6942505, 81.812373), 9: (2, 2), 10: (424, 424)}
    rows |= {11: (0.00137303, 8.961e-31), 12: (13.514808, 165.16838), 14: (0.03061009, 0.27845108), 15: (6.6930319, 82.489816)}
    rows |= {19: (13.512347, 166.53604), 21: (0.03060469, 0.28011093)}
    expect = {f"el(e(first),{i},{j})": value for i, pair in rows.items() for j, value in enumerate(pair, 1)}
    do = "ivreg2 lwage (educ exper = age kidslt6 kidsge6), first"
    source = "Stata output quoted in the tests of the R package ivreg"
    short = {k: v for k, v in expect.items() if ",7," in k or ",11," in k}
    cases.add("first stages", "labour.csv", do, {k: v for k, v in expect.items() if k not in short}, 5e-7, source)
    cases.add("first stages, probabilities", "labour.csv", do, short, 2e-4, source)


def dependent(cases):
    """Two cluster variables, correlation over time, sums within periods: output of Stata that statsmodels stores."""
    data, model = "grunfeld.csv", "ivreg2 invest mvalue kstock, "
    for option, result in (
        ("cluster(company year) small", grunfeld.results_cluster_2groups_small),
        ("cluster(company year)", grunfeld.results_cluster_2groups_large),
    ):
        stored(cases, f"two cluster variables: {option}", data, model + option, result)
    for option, result in (
        ("dkraay(5)", grunfeld.results_nw_groupsum4_ivreg_large),
        ("dkraay(5) small", grunfeld.results_nw_groupsum4_ivreg_small),
    ):
        stored(cases, f"Driscoll and Kraay: {option}", data, model + option, result, "xtset company year\n")
    growth = "gen t = _n\ntsset t\ngen double g_realgdp = 400*(ln(realgdp) - ln(L.realgdp))\n"
    growth += "gen double g_realinv = 400*(ln(realinv) - ln(L.realinv))\n"
    for option, result in (("robust bw(5)", macro.results_ivhac4_large), ("robust bw(5) small", macro.results_ivhac4_small)):
        do = f"ivreg2 g_realinv g_realgdp L.realint, {option}"
        stored(cases, f"autocorrelation: {option}", "macrodata.csv", do, result, growth)


def computed(cases):
    """Instruments with dependent rows, from formulas in numpy: 2SLS, its sandwich and Hansen's J."""
    frame = pd.read_csv(DATA / "grunfeld.csv")
    frame["z"] = frame.groupby("company")["kstock"].shift(1)
    frame["z2"] = frame.groupby("company")["mvalue"].shift(1)
    frame = frame.dropna().reset_index(drop=True)
    y, n = frame["invest"].to_numpy(), len(frame)
    x = np.column_stack([frame["mvalue"], np.ones(n)])
    z = np.column_stack([frame["z"], frame["z2"], np.ones(n)])
    projected = z @ np.linalg.solve(z.T @ z, z.T @ x)
    b = np.linalg.solve(projected.T @ x, projected.T @ y)
    e = y - x @ b
    bread = np.linalg.inv(projected.T @ x)

    def by_groups(scores, group):
        sums = pd.DataFrame(scores).groupby(np.asarray(group)).sum().to_numpy()
        return sums.T @ sums

    def two_way(scores):
        pair = frame["company"] * 10000 + frame["year"]
        return by_groups(scores, frame["company"]) + by_groups(scores, frame["year"]) - by_groups(scores, pair)

    def parzen(scores):
        rows = {(c, t): i for i, (c, t) in enumerate(zip(frame["company"], frame["year"]))}
        out = scores.T @ scores
        for lag in (1, 2, 3):
            u = lag / 4
            weight = 1 - 6 * u**2 + 6 * u**3 if u <= 0.5 else 2 * (1 - u) ** 3
            pairs = [(i, rows[c, t - lag]) for (c, t), i in rows.items() if (c, t - lag) in rows]
            now, then = (scores[[p[k] for p in pairs]] for k in (0, 1))
            out += weight * (now.T @ then + then.T @ now)
        return out

    def hansen(meat):
        inverse = np.linalg.inv(meat(z * e[:, None]))
        left = x.T @ z @ inverse
        best = np.linalg.solve(left @ z.T @ x, left @ z.T @ y)
        moment = z.T @ (y - x @ best)
        return moment @ inverse @ moment

    start = "xtset company year\ngen double z = L.kstock\ngen double z2 = L.mvalue\n"
    for option, meat in (("cluster(company year)", two_way), ("robust bw(4) kernel(parzen)", parzen)):
        v = bread @ meat(projected * e[:, None]) @ bread
        expect = {"_b[mvalue]": b[0], "_se[mvalue]": np.sqrt(v[0, 0]), "_se[_cons]": np.sqrt(v[1, 1]), "e(j)": hansen(meat)}
        do = f"{start}ivreg2 invest (mvalue = z z2), {option}"
        cases.add(f"instruments, {option}", "grunfeld.csv", do, expect, 1e-8, "formulas in numpy")
    # Partialled-out regressors leave the other coefficients and their errors as they are.
    w = np.column_stack([frame["mvalue"], frame["kstock"], frame["year"], np.ones(n)])
    z = np.column_stack([frame["z"], frame["z2"], frame["kstock"], frame["year"], np.ones(n)])
    fitted = z @ np.linalg.lstsq(z, w, rcond=None)[0]
    b = np.linalg.lstsq(fitted, y, rcond=None)[0]
    e = y - w @ b
    bread = np.linalg.inv(fitted.T @ fitted)
    v = bread @ ((fitted * (e**2)[:, None]).T @ fitted) @ bread * n / (n - 4)
    base = np.column_stack([frame["year"], np.ones(n)])
    left = y - base @ np.linalg.lstsq(base, y, rcond=None)[0]
    expect = {"_b[mvalue]": b[0], "_b[kstock]": b[1], "_se[mvalue]": np.sqrt(v[0, 0]), "_se[kstock]": np.sqrt(v[1, 1])}
    expect |= {"e(partial_ct)": 1, "e(rss)": e @ e, "e(yy)": left @ left, "e(df_r)": n - 4}
    for option in ("partial", "fwl"):
        do = f"{start}ivreg2 invest kstock year (mvalue = z z2), robust small {option}(year)"
        cases.add(f"{option}()", "grunfeld.csv", do, expect, 1e-7, "formulas in numpy")


def main():
    wages()
    schooling()
    cases = Cases("ivreg2", "Stata output stored in statsmodels; Stata output in the tests of ivreg2r and ivreg")
    model = "ivreg2 lw expr tenure rns smsa dyear* (s iq=med kww age mrt)"
    for option, result in (
        ("", griliches.results),
        (", robust", griliches.results_robust),
        (", small", griliches.results_small),
        (", small robust", griliches.results_small_robust),
        (", gmm2s robust", griliches.results_gmm2s_robust),
    ):
        stored(cases, f"Griliches{option}", "griliches.csv", model + option, result)
    do = "ivreg2 invest mvalue kstock, cluster(company)"
    stored(cases, "regression by clusters", "grunfeld.csv", do, grunfeld.results_cluster_large)
    do = "ivregress 2sls lw expr tenure rns smsa dyear_67 dyear_68 dyear_69 dyear_70 dyear_71 dyear_73 (s iq=med kww age mrt), first vce(robust)"
    expect = {f"_se[{t}]": r[1] for t, r in zip(griliches.results_robust.params_table_rownames, griliches.results_robust.params_table)}
    cases.add("ivregress with its first stage", "griliches.csv", do, expect, 2e-8, STORED)
    classical(cases)
    robust(cases)
    clusters(cases)
    tests(cases)
    first_stage(cases)
    dependent(cases)
    computed(cases)
    cases.write()


if __name__ == "__main__":
    main()
