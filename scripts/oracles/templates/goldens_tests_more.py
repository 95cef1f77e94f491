"""Golden numbers of further test templates (scipy, statsmodels, pingouin); two programs are compared where both have a test."""

import math

import numpy as np
import pandas as pd
import pingouin
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.anova import AnovaRM
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint, proportion_effectsize, proportions_ztest
from statsmodels.stats.weightstats import ttost_ind

from golden import case, dummies, exact_rank_p, percentile, read, save, table
from goldens_models import CLOSED
from oracle_r import r_numbers, same

SCIPY = f"scipy {scipy.__version__}"


def signed_ranks(change: np.ndarray):
    """Signed-rank statistics of [R] signrank: zeros take part in the ranking, the variance is adjusted for them and for ties."""
    ranks = stats.rankdata(np.abs(change))
    up, down = ranks[change > 0].sum(), ranks[change < 0].sum()
    n, zero = len(change), int((change == 0).sum())
    _, ties = np.unique(np.abs(change[change != 0]), return_counts=True)
    variance = n * (n + 1) * (2 * n + 1) / 24 - zero * (zero + 1) * (2 * zero + 1) / 24 - (ties * (ties + 1) * (ties - 1)).sum() / 48
    z = (up - down) / 2 / math.sqrt(variance)
    return up, down, z


def signrank() -> None:
    """Score of patients at the start and after twelve weeks."""
    frame = read("rehab.csv").dropna(subset=["baseline", "week12"])
    change = np.round(frame["week12"] - frame["baseline"], 10).to_numpy()
    up, down, z = signed_ranks(change)
    scipy_z = stats.wilcoxon(change, zero_method="zsplit", correction=False, mode="approx")
    if not (change == 0).any():
        same(2 * stats.norm.sf(abs(z)), scipy_z.pvalue)
    n, pos, neg = len(change), int((change > 0).sum()), int((change < 0).sum())
    rows = [{"test": "sum_ranks_up", "estimate": up, "n": pos}, {"test": "sum_ranks_down", "estimate": down, "n": neg},
            {"test": "signed_rank", "statistic": z, "p_value": 2 * stats.norm.sf(abs(z)), "n": n},
            {"test": "sign", "estimate": pos / (pos + neg), "p_value": stats.binomtest(pos, pos + neg).pvalue, "n": pos + neg},
            {"test": "rank_biserial", "estimate": (up - down) / (up + down), "n": n}]
    p = 2 * stats.norm.sf(abs(z))
    if n <= 200:
        ranks = stats.rankdata(np.abs(change))
        p = exact_rank_p(ranks[change != 0], up, signs=True)
        rows.append({"test": "exact", "p_value": p, "n": n})
    rows += [{"test": f"{name}_change", "estimate": percentile(change, q)} for name, q in (("median", 50), ("lower_quartile", 25), ("upper_quartile", 75))]
    rows += [{"test": f"median_{k}", "estimate": percentile(frame[c].to_numpy(), 50), "note": c} for k, c in (("first", "baseline"), ("second", "week12"))]
    save("rehab.signrank.json", f"{SCIPY} wilcoxon, binomtest; rank sums by hand", CLOSED, case(
        {"table_signrank.csv": table(["test"], rows)},
        {"n_used": n, "z": z, "p": p, "rank_biserial": (up - down) / (up + down), "median_change": percentile(change, 50)}))


def variance_equality() -> None:
    """Recovery days by stage, and by arm."""
    def one(by, name=None, parameters=None):
        frame = read("clinic.csv").dropna(subset=["recovery_days"])
        groups = {str(k): g["recovery_days"].to_numpy() for k, g in frame.groupby(by)}
        values = list(groups.values())
        n, k = len(frame), len(values)
        levene, brown = stats.levene(*values, center="mean"), stats.levene(*values, center="median")
        bartlett = stats.bartlett(*values)
        same(brown.statistic, pingouin.homoscedasticity(frame.assign(g=frame[by].astype(str)), dv="recovery_days", group="g", method="levene", center="median").iloc[0]["W"])
        rows = [{"test": "levene", "statistic": levene.statistic, "df1": k - 1, "df2": n - k, "p_value": levene.pvalue},
                {"test": "brown_forsythe", "statistic": brown.statistic, "df1": k - 1, "df2": n - k, "p_value": brown.pvalue},
                {"test": "bartlett", "statistic": bartlett.statistic, "df1": k - 1, "p_value": bartlett.pvalue}]
        variances = [v.var(ddof=1) for v in values]
        if k == 2:
            f, d1, d2 = variances[0] / variances[1], len(values[0]) - 1, len(values[1]) - 1
            rows.append({"test": "variance_ratio_f", "statistic": f, "df1": d1, "df2": d2, "p_value": 2 * min(stats.f.sf(f, d1, d2), stats.f.cdf(f, d1, d2))})
        spread = [{"group": g, "n": len(v), "mean": v.mean(), "median": percentile(v, 50), "sd": v.std(ddof=1), "variance": v.var(ddof=1),
                   "iqr": percentile(v, 75) - percentile(v, 25)} for g, v in groups.items()]
        return case({"table_tests.csv": table(["test"], rows), "table_spread.csv": table(["group"], spread)},
                    {"n_used": n, "f_stat": brown.statistic, "p": brown.pvalue, "variance_ratio": max(variances) / min(variances)}, parameters, name)

    save("clinic.variance_equality.json", f"{SCIPY} levene, bartlett", CLOSED, one("stage"), [one("arm", "two groups", {"group": "arm"})])


def proportion_two() -> None:
    """Readmission by arm."""
    frame = read("clinic.csv").dropna(subset=["readmitted", "arm"])
    groups = [(str(k), g["readmitted"].to_numpy()) for k, g in frame.groupby("arm")]
    rows, n, p = [], [len(g) for _, g in groups], [g.mean() for _, g in groups]
    for i, (name, g) in enumerate(groups):
        low, high = proportion_confint(g.sum(), len(g), method="wilson")
        rows.append({"test": f"share_group{i + 1}", "estimate": p[i], "std_error": math.sqrt(p[i] * (1 - p[i]) / n[i]), "ci_low": low, "ci_high": high, "n": n[i]})
    z, chance = proportions_ztest([groups[1][1].sum(), groups[0][1].sum()], [n[1], n[0]])
    chi2 = stats.chi2_contingency(pd.crosstab(frame["arm"], frame["readmitted"]), correction=False)
    same(chi2.statistic, z * z)
    d, se = p[1] - p[0], math.sqrt(sum(q * (1 - q) / m for q, m in zip(p, n)))
    half = stats.norm.ppf(0.975) * se
    rows += [{"test": "difference", "estimate": d, "std_error": se, "statistic": z, "p_value": chance, "ci_low": d - half, "ci_high": d + half, "n": sum(n)},
             {"test": "cohen_h", "estimate": proportion_effectsize(p[1], p[0])}]
    save("clinic.proportion_two.json", f"statsmodels {statsmodels.__version__} proportions_ztest; {SCIPY} chi2_contingency", CLOSED, case(
        {"table_shares.csv": table(["test"], rows)}, {"n_used": sum(n), "difference": d, "z": z, "p": chance}))


def proportion_one() -> None:
    """Share of readmitted patients against 0.35 and against 0.5."""
    def one(null, name=None, parameters=None):
        x = read("clinic.csv")["readmitted"].dropna()
        n, k = len(x), int(x.sum())
        exact = stats.binomtest(k, n, null)
        limits = exact.proportion_ci(0.95, method="exact")
        wilson = exact.proportion_ci(0.95, method="wilson")
        same([limits.low, limits.high], proportion_confint(k, n, method="beta"))
        z = (k / n - null) / math.sqrt(null * (1 - null) / n)
        rows = [{"test": "binomial_exact", "estimate": k / n, "statistic": k, "p_value": exact.pvalue, "p_less": stats.binom.cdf(k, n, null),
                 "p_greater": stats.binom.sf(k - 1, n, null), "ci_low": limits.low, "ci_high": limits.high, "n": n},
                {"test": "z_score", "estimate": k / n, "statistic": z, "p_value": 2 * stats.norm.sf(abs(z)), "p_less": stats.norm.cdf(z),
                 "p_greater": stats.norm.sf(z), "ci_low": wilson.low, "ci_high": wilson.high, "n": n}]
        return case({"table_share.csv": table(["test"], rows)}, {"n_used": n, "share": k / n, "p_exact": exact.pvalue, "z": z}, parameters, name)

    save("clinic.proportion_one.json", f"{SCIPY} binomtest; statsmodels {statsmodels.__version__} proportion_confint", CLOSED, one(0.35),
         [one(0.5, "one half", {"null_value": 0.5})])


def trend() -> None:
    """Recovery days over stages: Cuzick (1985) and Jonckheere (1954) with ties by hand."""
    frame = read("clinic.csv").dropna(subset=["recovery_days", "stage"])
    x, g = frame["recovery_days"].to_numpy(), stats.rankdata(frame["stage"], method="dense")
    n = len(x)
    ranks = stats.rankdata(x)
    t = (g * ranks).sum()
    _, ties = np.unique(x, return_counts=True)
    a = (ties**3 - ties).sum() / (n**3 - n)
    variance = (n + 1) / 12 * (n * (g**2).sum() - g.sum() ** 2) * (1 - a)
    z = (t - (n + 1) / 2 * g.sum()) / math.sqrt(variance)
    rho = stats.spearmanr(x, g)
    # the score test is the correlation of ranks and group numbers times the root of n - 1
    same(z, stats.pearsonr(ranks, g).statistic * math.sqrt(n - 1))
    _, u = np.unique(g, return_counts=True)
    pairs = sum(((x[g == j][:, None] > x[g == i]) + 0.5 * (x[g == j][:, None] == x[g == i])).sum() for j in np.unique(g) for i in np.unique(g) if i < j)
    s = 2 * pairs - (n**2 - (u**2).sum()) / 2
    s1 = lambda c: (c * (c - 1) * (2 * c + 5)).sum()
    s2, s3 = (lambda c: (c * (c - 1)).sum()), (lambda c: (c * (c - 1) * (c - 2)).sum())
    v = (n * (n - 1) * (2 * n + 5) - s1(ties) - s1(u)) / 18 + s3(ties) * s3(u) / (9 * n * (n - 1) * (n - 2)) + s2(ties) * s2(u) / (2 * n * (n - 1))
    jt = s / math.sqrt(v)
    # Kendall's score test of x and g is the same statistic
    same(2 * stats.norm.sf(abs(jt)), stats.kendalltau(x, g, method="asymptotic").pvalue, 1e-8)
    rows = [{"test": "cuzick", "statistic": z, "p_value": 2 * stats.norm.sf(abs(z)), "n": n},
            {"test": "jonckheere_terpstra", "estimate": pairs, "statistic": jt, "p_value": 2 * stats.norm.sf(abs(jt)), "n": n},
            {"test": "spearman", "estimate": rho.statistic, "p_value": rho.pvalue}]
    for k in np.unique(g).astype(int):
        rows += [{"test": f"mean_group{k}", "estimate": x[g == k].mean(), "n": (g == k).sum()}, {"test": f"median_group{k}", "estimate": percentile(x[g == k], 50)}]
    save("clinic.trend.json", f"numpy by hand; {SCIPY} spearmanr, kendalltau", CLOSED, case(
        {"table_trend.csv": table(["test"], rows)}, {"n_used": n, "z": z, "p": 2 * stats.norm.sf(abs(z)), "jt_z": jt}))


def friedman() -> None:
    """Answers to four questions on trust; scipy and R."""
    names = ["trust1", "trust2", "trust3", "trust4"]
    frame = read("attitudes.csv").dropna(subset=names)
    x = frame[names].to_numpy(float)
    n, k = x.shape
    test = stats.friedmanchisquare(*x.T)
    same([test.statistic], r_numbers('friedman.test(as.matrix(na.omit(data("attitudes.csv")[, paste0("trust", 1:4)])))$statistic'))
    f = (n - 1) * test.statistic / (n * (k - 1) - test.statistic)
    w = test.statistic / (n * (k - 1))
    ranks = np.apply_along_axis(stats.rankdata, 1, x)
    rows = [{"test": "friedman", "statistic": test.statistic, "df1": k - 1, "p_value": test.pvalue, "n": n},
            {"test": "friedman_f", "statistic": f, "df1": k - 1, "df2": (k - 1) * (n - 1), "p_value": stats.f.sf(f, k - 1, (k - 1) * (n - 1))},
            {"test": "kendall_w", "estimate": w}]
    for j, name in enumerate(names):
        rows += [{"test": f"mean_rank{j + 1}", "estimate": ranks[:, j].mean(), "note": name}, {"test": f"median{j + 1}", "estimate": percentile(x[:, j], 50)}]
    pairs = []
    for i in range(k):
        for j in range(i + 1, k):
            z = signed_ranks(x[:, j] - x[:, i])[2]
            p = 2 * stats.norm.sf(abs(z))
            pairs.append({"first": names[i], "second": names[j], "statistic": z, "p_value": p, "p_bonferroni": min(1, 6 * p), "n_changed": (x[:, i] != x[:, j]).sum()})
    same(multipletests([r["p_value"] for r in pairs], method="bonferroni")[1], [r["p_bonferroni"] for r in pairs])
    save("attitudes.friedman.json", f"{SCIPY} friedmanchisquare; R friedman.test; signed ranks by hand", CLOSED, case(
        {"table_friedman.csv": table(["test"], rows), "table_pairs.csv": table(["first", "second"], pairs)},
        {"n_used": n, "chi2": test.statistic, "p": test.pvalue, "kendall_w": w}))


def anova_repeated() -> None:
    """A score on four occasions: AnovaRM, epsilons of pingouin."""
    names = ["baseline", "week4", "week8", "week12"]
    wide = read("rehab.csv").dropna(subset=names).set_index("patient")[names]
    n, k = wide.shape
    long = wide.reset_index().melt("patient", var_name="occasion", value_name="score")
    rm = AnovaRM(long, "score", "patient", within=["occasion"]).fit().anova_table.iloc[0]
    f, d1, d2 = rm["F Value"], int(rm["Num DF"]), int(rm["Den DF"])
    gg, hf, lb = (pingouin.epsilon(wide, correction=c) for c in ("gg", "hf", "lb"))
    mauchly = pingouin.sphericity(wide)
    x = wide.to_numpy()
    grand = x.mean()
    ss_o, ss_u = n * ((x.mean(0) - grand) ** 2).sum(), k * ((x.mean(1) - grand) ** 2).sum()
    ss_e = ((x - grand) ** 2).sum() - ss_o - ss_u
    p = lambda e: stats.f.sf(f, e * d1, e * d2)
    rows = [{"source": "occasion", "sum_squares": ss_o, "df": d1, "mean_square": ss_o / d1, "statistic": f, "p_value": p(1), "p_gg": p(gg), "p_hf": p(hf),
             "p_lower_bound": p(lb), "partial_eta2": ss_o / (ss_o + ss_e)},
            {"source": "unit", "sum_squares": ss_u, "df": n - 1, "mean_square": ss_u / (n - 1)},
            {"source": "residual", "sum_squares": ss_e, "df": d2, "mean_square": ss_e / d2}]
    sphericity = [{"measure": "greenhouse_geisser", "value": gg}, {"measure": "huynh_feldt", "value": hf}, {"measure": "lower_bound", "value": lb},
                  {"measure": "mauchly_w", "value": mauchly.W, "statistic": mauchly.chi2, "df": mauchly.dof, "p_value": stats.chi2.sf(mauchly.chi2, mauchly.dof)}]
    half = lambda v: stats.t.ppf(0.975, n - 1) * v.std(ddof=1) / math.sqrt(n)
    means = [{"occasion": c, "n": n, "mean": wide[c].mean(), "sd": wide[c].std(), "ci_low": wide[c].mean() - half(wide[c]), "ci_high": wide[c].mean() + half(wide[c])} for c in names]

    def pairs(factor, note):
        out = []
        for i in range(k):
            for j in range(i + 1, k):
                d = x[:, j] - x[:, i]
                t = stats.ttest_rel(x[:, j], x[:, i])
                se = d.std(ddof=1) / math.sqrt(n)
                h = stats.t.isf(0.025 / factor, n - 1) * se
                out.append({"first": names[i], "second": names[j], "difference": d.mean(), "std_error": se, "statistic": t.statistic,
                            "p_value": min(1, factor * t.pvalue), "ci_low": d.mean() - h, "ci_high": d.mean() + h, "note": note})
        return table(["first", "second"], out)

    save("rehab.anova_repeated.json", f"statsmodels {statsmodels.__version__} AnovaRM; pingouin {pingouin.__version__}; {SCIPY} ttest_rel", CLOSED, case(
        {"table_anova.csv": table(["source"], rows), "table_sphericity.csv": table(["measure"], sphericity), "table_means.csv": table(["occasion"], means),
         "table_pairs.csv": pairs(6, "bonferroni")}, {"n_used": n, "f_stat": f, "p": p(gg), "epsilon_gg": gg, "p_gg": p(gg)}),
        [case({"table_pairs.csv": pairs(1, "none")}, {}, {"adjust": "none"}, "pairs without adjustment")])


def ancova() -> None:
    """Recovery days by stage with age and body-mass index held equal."""
    frame = read("clinic.csv").dropna(subset=["recovery_days", "stage", "age", "bmi"])
    y, d = frame["recovery_days"], dummies(frame["stage"], "stage")
    covariates = frame[["age", "bmi"]].astype(float)
    x = sm.add_constant(pd.concat([d, covariates], axis=1))
    full = sm.OLS(y, x).fit()
    slopes = sm.OLS(y, pd.concat([x] + [d.mul(covariates[c], axis=0).add_suffix(c) for c in covariates], axis=1)).fit()
    n, k, df = len(y), d.shape[1] + 1, full.df_resid
    mse = full.mse_resid
    rows = []
    for name, left in (("stage", [*covariates]), ("age", [*d, "bmi"]), ("bmi", [*d, "age"])):
        f, p, q = full.compare_f_test(sm.OLS(y, x[["const", *left]]).fit())
        rows.append({"source": name, "sum_squares": f * q * mse, "df": q, "mean_square": f * mse, "statistic": f, "p_value": p, "partial_eta2": f * q / (f * q + df)})
    f, p, q = slopes.compare_f_test(full)
    rows += [{"source": "residual", "sum_squares": full.ssr, "df": df, "mean_square": mse},
             {"source": "equal_slopes", "sum_squares": full.ssr - slopes.ssr, "df": q, "statistic": f, "p_value": p}]
    ping = pingouin.ancova(frame, dv="recovery_days", between="stage", covar=["age", "bmi"]).iloc[0]
    same(ping["F"], rows[0]["statistic"])
    b, cov = full.params.to_numpy(), full.cov_params().to_numpy()
    levels = sorted(frame["stage"].unique())
    points = np.array([[1, *(float(f"{int(v)}.stage" == c) for c in d), *covariates.mean()] for v in levels])
    t = stats.t.ppf(0.975, df)
    means = []
    for v, row in zip(levels, points):
        m, se = row @ b, math.sqrt(row @ cov @ row)
        inside = y[frame["stage"] == v]
        means.append({"group": str(int(v)), "n": len(inside), "raw_mean": inside.mean(), "adjusted_mean": m, "std_error": se, "ci_low": m - t * se, "ci_high": m + t * se})

    def pairs(kind):
        out, m = [], k * (k - 1) / 2
        half = {"none": t, "bonferroni": stats.t.isf(0.025 / m, df), "sidak": stats.t.isf((1 - 0.95 ** (1 / m)) / 2, df), "scheffe": math.sqrt((k - 1) * stats.f.isf(0.05, k - 1, df))}[kind]
        for i in range(k):
            for j in range(i + 1, k):
                row = points[j] - points[i]
                diff, se = row @ b, math.sqrt(row @ cov @ row)
                p1 = 2 * stats.t.sf(abs(diff / se), df)
                chance = {"none": p1, "bonferroni": min(1, m * p1), "sidak": 1 - (1 - p1) ** m, "scheffe": stats.f.sf((diff / se) ** 2 / (k - 1), k - 1, df)}[kind]
                out.append({"group1": str(int(levels[j])), "group2": str(int(levels[i])), "difference": diff, "std_error": se, "statistic": diff / se, "p_value": chance,
                            "ci_low": diff - half * se, "ci_high": diff + half * se, "note": kind})
        return table(["group1", "group2"], out)

    save("clinic.ancova.json", f"statsmodels {statsmodels.__version__} OLS; pingouin {pingouin.__version__} ancova", CLOSED, case(
        {"table_ancova.csv": table(["source"], rows), "table_means.csv": table(["group"], means), "table_pairs.csv": pairs("bonferroni")},
        {"n_used": n, "f_stat": rows[0]["statistic"], "p": rows[0]["p_value"], "slopes_p": p, "r2": full.rsquared}),
        [case({"table_pairs.csv": pairs(kind)}, {}, {"adjust": kind}, kind) for kind in ("none", "sidak", "scheffe")])


def equivalence() -> None:
    """Body-mass index of the two arms within 1.2 units."""
    def one(unequal, name=None, parameters=None):
        frame = read("clinic.csv").dropna(subset=["bmi", "arm"])
        a, b = (g["bmi"].to_numpy() for _, g in frame.groupby("arm"))
        p, low, high = ttost_ind(a, b, -1.2, 1.2, usevar="unequal" if unequal else "pooled")
        test = stats.ttest_ind(a, b, equal_var=not unequal)
        d = a.mean() - b.mean()
        se = d / test.statistic
        limits = test.confidence_interval(0.90)
        rows = [{"test": "difference", "estimate": d, "std_error": se, "df1": test.df, "ci_low": limits.low, "ci_high": limits.high},
                {"test": "above_lower_margin", "estimate": d + 1.2, "statistic": low[0], "df1": low[2], "p_value": low[1]},
                {"test": "below_upper_margin", "estimate": d - 1.2, "statistic": high[0], "df1": high[2], "p_value": high[1]},
                {"test": "equivalence", "p_value": p}, {"test": "difference_from_zero", "statistic": test.statistic, "p_value": test.pvalue}]
        return case({"table_tost.csv": table(["test"], rows)}, {"n_used": len(frame), "difference": d, "p_equivalence": p}, parameters, name)

    save("clinic.equivalence.json", f"statsmodels {statsmodels.__version__} ttost_ind; {SCIPY} ttest_ind", CLOSED, one(True), [one(False, "equal variances", {"unequal": False})])


def goodness_of_fit() -> None:
    """Way to work: equal shares, and 4:3:2:1."""
    def one(shares, name=None, parameters=None):
        counts = read("households.csv")["transport"].dropna().astype(int).value_counts().sort_index()
        n, k = counts.sum(), len(counts)
        share = np.array(shares if shares else [1] * k) / (sum(shares) if shares else k)
        expected = n * share
        chi2, g = stats.chisquare(counts, expected), stats.power_divergence(counts, expected, lambda_="log-likelihood")
        rows = [{"category": str(c), "count": counts[c], "share": counts[c] / n, "expected_share": s, "expected": e, "residual": (counts[c] - e) / math.sqrt(e * (1 - s))}
                for c, s, e in zip(counts.index, share, expected)]
        tests = [{"test": "pearson_chi2", "statistic": chi2.statistic, "df1": k - 1, "p_value": chi2.pvalue},
                 {"test": "likelihood_ratio_chi2", "statistic": g.statistic, "df1": k - 1, "p_value": g.pvalue}, {"test": "cohen_w", "statistic": math.sqrt(chi2.statistic / n)}]
        return case({"table_shares.csv": table(["category"], rows), "table_tests.csv": table(["test"], tests)}, {"n_used": n, "chi2": chi2.statistic, "p": chi2.pvalue}, parameters, name)

    save("households.goodness_of_fit.json", f"{SCIPY} chisquare, power_divergence", CLOSED, one(None), [one([4, 3, 2, 1], "stated shares", {"expected_shares": "4 3 2 1"})])


def write_all() -> None:
    """Writes all golden files of this module."""
    for make in (signrank, variance_equality, proportion_two, proportion_one, trend, friedman, anova_repeated, ancova, equivalence, goodness_of_fit):
        make()


if __name__ == "__main__":
    write_all()
