"""Golden numbers of agreement, accuracy, meta-analysis and dose templates (statsmodels, scikit-learn, pingouin, scipy)."""

import math

import numpy as np
import pingouin
import scipy
import sklearn
import statsmodels
import statsmodels.api as sm
from scipy import optimize, stats
from sklearn.metrics import cohen_kappa_score, recall_score
from statsmodels.stats.contingency_tables import mcnemar as sm_mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.proportion import proportion_confint

from golden import case, fit, read, save, table
from goldens_models import CLOSED, LIKELIHOOD, z_rows
from oracle_r import r_numbers, same

SM = f"statsmodels {statsmodels.__version__}"
Z = stats.norm.ppf(0.975)


def kappa() -> None:
    """Two raters with all kinds of weights."""
    def one(kind, name=None, parameters=None):
        frame = read("rehab.csv").dropna(subset=["rater_a", "rater_b"])
        a, b = frame["rater_a"].to_numpy(), frame["rater_b"].to_numpy()
        levels = np.unique(np.concatenate([a, b]))
        counts = np.array([[((a == i) & (b == j)).sum() for j in levels] for i in levels], float)
        n, k = counts.sum(), len(levels)
        result = cohens_kappa(counts, wt={"none": None, "linear": "linear", "quadratic": "fc"}[kind])
        same(result.kappa, cohen_kappa_score(a, b, weights=None if kind == "none" else kind))
        z = result.kappa / math.sqrt(result.var_kappa0)
        gap = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / (k - 1)
        w = {"none": np.eye(k), "linear": 1 - gap, "quadratic": 1 - gap**2}[kind]
        p = counts / n
        po, pe = (p * w).sum(), (np.outer(p.sum(1), p.sum(0)) * w).sum()
        rows = [{"measure": "kappa", "estimate": result.kappa, "std_error": result.std_kappa, "statistic": z, "p_value": 2 * stats.norm.sf(abs(z)),
                 "ci_low": result.kappa - Z * result.std_kappa, "ci_high": result.kappa + Z * result.std_kappa, "n": n},
                {"measure": "observed_agreement", "estimate": po}, {"measure": "expected_agreement", "estimate": pe}]
        if kind == "none":
            rows += [{"measure": "largest_kappa", "estimate": result.kappa_max}, {"measure": "pabak", "estimate": (k * po - 1) / (k - 1)}]
        cells = [{"rater_a": str(int(i)), "rater_b": str(int(j)), "count": counts[x, y], "share": p[x, y]} for x, i in enumerate(levels) for y, j in enumerate(levels)]
        return case({"table_kappa.csv": table(["measure"], rows), "table_counts.csv": table(["rater_a", "rater_b"], cells)},
                    {"n_used": n, "kappa": result.kappa, "agreement": po, "p": 2 * stats.norm.sf(abs(z))}, parameters, name)

    save("rehab.kappa.json", f"{SM} cohens_kappa; scikit-learn {sklearn.__version__}", CLOSED, one("quadratic"),
         [one(kind, f"weights {kind}", {"weights": kind}) for kind in ("none", "linear")])


def icc() -> None:
    """Two devices; a variant with three raters."""
    def one(names, name=None, parameters=None):
        frame = read("rehab.csv").dropna(subset=names)
        long = frame.melt("patient", names, "rater", "rating")
        found = pingouin.intraclass_corr(long, "patient", "rater", "rating")
        # limits by [R] icc, here from the mean squares: pingouin rounds its intervals
        x = frame[names].to_numpy(float)
        n, k = x.shape
        grand = x.mean()
        msr = k * ((x.mean(1) - grand) ** 2).sum() / (n - 1)
        msc = n * ((x.mean(0) - grand) ** 2).sum() / (k - 1)
        sse = ((x - x.mean(1, keepdims=True) - x.mean(0) + grand) ** 2).sum()
        mse, msw = sse / ((n - 1) * (k - 1)), ((x - x.mean(1, keepdims=True)) ** 2).sum() / (n * (k - 1))
        values = {"one_way": ((msr - msw) / (msr + (k - 1) * msw), (msr - msw) / msr),
                  "random": ((msr - mse) / (msr + (k - 1) * mse + k / n * (msc - mse)), (msr - mse) / (msr + (msc - mse) / n)),
                  "mixed": ((msr - mse) / (msr + (k - 1) * mse), (msr - mse) / msr)}
        same([v for model in values.values() for v in model], found["ICC"].to_numpy()[[0, 3, 1, 4, 2, 5]])
        q = lambda d1, d2: stats.f.ppf(0.975, d1, d2)
        rows = []
        for model, (single, average) in values.items():
            d1, d2 = n - 1, (n * (k - 1) if model == "one_way" else (n - 1) * (k - 1))
            f = msr / (msw if model == "one_way" else mse)
            if model == "random":
                a, b = k * single / (n * (1 - single)), 1 + k * single * (n - 1) / (n * (1 - single))
                v = (a * msc + b * mse) ** 2 / ((a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1)))
                low = n * (msr - q(n - 1, v) * mse) / (q(n - 1, v) * (k * msc + (k * n - k - n) * mse) + n * msr)
                high = n * (q(v, n - 1) * msr - mse) / (k * msc + (k * n - k - n) * mse + n * q(v, n - 1) * msr)
                many = [k * e / (1 + (k - 1) * e) for e in (low, high)]
            else:
                fl, fu = f / q(d1, d2), f * q(d2, d1)
                low, high, many = (fl - 1) / (fl + k - 1), (fu - 1) / (fu + k - 1), [1 - 1 / fl, 1 - 1 / fu]
            test = {"statistic": f, "df1": d1, "df2": d2, "p_value": stats.f.sf(f, d1, d2)}
            if model == "random":
                test = {}
            rows += [{"model": model, "unit": "single", "icc": single, "ci_low": low, "ci_high": high, **test},
                     {"model": model, "unit": "average", "icc": average, "ci_low": many[0], "ci_high": many[1], **test}]
        raters = [{"rater": c, "n": n, "mean": frame[c].mean(), "sd": frame[c].std(), "min": frame[c].min(), "max": frame[c].max()} for c in names]
        return case({"table_icc.csv": table(["model", "unit"], rows), "table_raters.csv": table(["rater"], raters)},
                    {"n_used": n, "icc_single": values["random"][0], "icc_average": values["random"][1], "icc_consistency": values["mixed"][0]}, parameters, name)

    three = ["rater_a", "rater_b", "rater_c"]
    save("rehab.icc.json", f"pingouin {pingouin.__version__} intraclass_corr; mean squares by hand", CLOSED, one(["device_a", "device_b"]), [one(three, "three raters", {"vars": three})])


def bland_altman() -> None:
    """Two devices on the same patients."""
    frame = read("rehab.csv").dropna(subset=["device_a", "device_b"])
    a, b = frame["device_a"].to_numpy(), frame["device_b"].to_numpy()
    d, m, n = a - b, (a + b) / 2, len(a)
    bias, sd = d.mean(), d.std(ddof=1)
    t = stats.t.ppf(0.975, n - 1)
    test = stats.ttest_rel(a, b)
    se = sd * math.sqrt(1 / n + Z**2 / (2 * (n - 1)))
    low, high = bias - Z * sd, bias + Z * sd
    line = sm.OLS(d, sm.add_constant(m)).fit()
    ci = line.conf_int()[1]
    ccc = 2 * np.cov(a, b, ddof=0)[0, 1] / (a.var() + b.var() + bias**2)
    outside = ((d < low) | (d > high)).sum()
    rows = [{"measure": "bias", "estimate": bias, "std_error": sd / math.sqrt(n), "statistic": test.statistic, "p_value": test.pvalue,
             "ci_low": bias - t * sd / math.sqrt(n), "ci_high": bias + t * sd / math.sqrt(n), "n": n}, {"measure": "sd_of_differences", "estimate": sd},
            {"measure": "lower_limit", "estimate": low, "std_error": se, "ci_low": low - t * se, "ci_high": low + t * se},
            {"measure": "upper_limit", "estimate": high, "std_error": se, "ci_low": high - t * se, "ci_high": high + t * se},
            {"measure": "share_outside", "estimate": outside / n, "n": outside},
            {"measure": "proportional_bias", "estimate": line.params[1], "std_error": line.bse[1], "statistic": line.tvalues[1], "p_value": line.pvalues[1], "ci_low": ci[0], "ci_high": ci[1]},
            {"measure": "concordance", "estimate": ccc}, {"measure": "correlation", "estimate": stats.pearsonr(a, b).statistic}]
    save("rehab.bland_altman.json", f"{SM} OLS; scipy {scipy.__version__} ttest_rel; by hand", CLOSED, case({"table_agreement.csv": table(["measure"], rows)},
         {"n_used": n, "bias": bias, "lower_limit": low, "upper_limit": high, "concordance": ccc}))


def mcnemar() -> None:
    """Walking without help before and after."""
    frame = read("rehab.csv")
    first, second = frame["walks_before"].to_numpy(), frame["walks_after"].to_numpy()
    n = len(frame)
    c = {(i, j): int(((first == i) & (second == j)).sum()) for i in (0, 1) for j in (0, 1)}
    square = np.array([[c[0, 0], c[0, 1]], [c[1, 0], c[1, 1]]])
    chi2, exact = sm_mcnemar(square, exact=False, correction=False), sm_mcnemar(square, exact=True)
    up, down = c[0, 1], c[1, 0]
    same(exact.pvalue, stats.binomtest(up, up + down).pvalue)
    d = (up - down) / n
    se = (second - first).std() / math.sqrt(n)
    low, high = proportion_confint(up, up + down, method="beta")
    rows = [{"measure": "share_first", "estimate": first.mean()}, {"measure": "share_second", "estimate": second.mean()},
            {"measure": "difference", "estimate": d, "std_error": se, "ci_low": d - Z * se, "ci_high": d + Z * se},
            {"measure": "mcnemar_chi2", "statistic": chi2.statistic, "df1": 1, "p_value": chi2.pvalue},
            {"measure": "mcnemar_exact", "statistic": up + down, "p_value": exact.pvalue},
            {"measure": "odds_ratio", "estimate": up / down, "ci_low": low / (1 - low), "ci_high": high / (1 - high)}]
    cells = [{"first": i, "second": j, "count": c[i, j], "share": c[i, j] / n} for i in (0, 1) for j in (0, 1)]
    save("rehab.mcnemar.json", f"{SM} mcnemar, proportion_confint; scipy {scipy.__version__} binomtest", CLOSED, case(
        {"table_mcnemar.csv": table(["measure"], rows), "table_counts.csv": table(["first", "second"], cells)},
        {"n_used": n, "chi2": chi2.statistic, "p_exact": exact.pvalue, "difference": d}))


def accuracy() -> None:
    """A quick test for an injury, also at a prevalence of one in ten."""
    frame = read("rehab.csv")
    ill, test = frame["injury"].to_numpy(), frame["quick_test"].to_numpy()
    c = {(i, j): int(((ill == i) & (test == j)).sum()) for i in (0, 1) for j in (0, 1)}
    sick, well, n = c[1, 0] + c[1, 1], c[0, 0] + c[0, 1], len(frame)
    rows = []
    for name, k, m in (("sensitivity", c[1, 1], sick), ("specificity", c[0, 0], well), ("accuracy", c[1, 1] + c[0, 0], n), ("prevalence", sick, n),
                       ("positive_predictive", c[1, 1], c[1, 1] + c[0, 1]), ("negative_predictive", c[0, 0], c[0, 0] + c[1, 0])):
        low, high = proportion_confint(k, m, method="beta")
        rows.append({"measure": name, "estimate": k / m, "ci_low": low, "ci_high": high, "numerator": k, "denominator": m})
    sens, spec = recall_score(ill, test), recall_score(ill, test, pos_label=0)
    for name, value, se in (("likelihood_ratio_positive", sens / (1 - spec), math.sqrt(1 / c[1, 1] - 1 / sick + 1 / c[0, 1] - 1 / well)),
                            ("likelihood_ratio_negative", (1 - sens) / spec, math.sqrt(1 / c[1, 0] - 1 / sick + 1 / c[0, 0] - 1 / well)),
                            ("diagnostic_odds_ratio", c[1, 1] * c[0, 0] / (c[1, 0] * c[0, 1]), math.sqrt(sum(1 / v for v in c.values())))):
        rows.append({"measure": name, "estimate": value, "ci_low": math.exp(math.log(value) - Z * se), "ci_high": math.exp(math.log(value) + Z * se)})
    ratio = sm.stats.Table2x2(np.array([[c[1, 1], c[1, 0]], [c[0, 1], c[0, 0]]]))
    same([rows[-1]["ci_low"], rows[-1]["ci_high"]], ratio.oddsratio_confint())
    same([rows[-3]["ci_low"], rows[-3]["ci_high"]], ratio.riskratio_confint())
    rows += [{"measure": "youden", "estimate": sens + spec - 1}, {"measure": "positive_predictive_at", "estimate": 0.1 * sens / (0.1 * sens + 0.9 * (1 - spec))},
             {"measure": "negative_predictive_at", "estimate": 0.9 * spec / (0.9 * spec + 0.1 * (1 - sens))}]
    cells = [{"disease": i, "test_result": j, "count": v} for (i, j), v in c.items()]
    save("rehab.diagnostic_accuracy.json", f"{SM} proportion_confint, Table2x2; scikit-learn {sklearn.__version__} recall_score", CLOSED, case(
        {"table_accuracy.csv": table(["measure"], rows), "table_counts.csv": table(["disease", "test_result"], cells)}, {"n_used": n, "sensitivity": sens, "specificity": spec}))


def meta() -> None:
    """Sixteen trials."""
    frame = read("studies.csv")
    y, s = frame["log_rr"].to_numpy(), frame["se"].to_numpy()
    k = len(y)
    found = combine_effects(y, s**2, method_re="dl", use_t=False)
    w = 1 / s**2
    fixed, q = found.mean_effect_fe, found.q
    tau2, random = found.tau2, found.mean_effect_re
    same(tau2, max(0, (q - (k - 1)) / (w.sum() - (w**2).sum() / w.sum())))
    star = 1 / (s**2 + tau2)
    fe, re, hk = found.sd_eff_w_fe, found.sd_eff_w_re, found.sd_eff_w_re_hksj
    t, t2 = stats.t.ppf(0.975, k - 1), stats.t.ppf(0.975, k - 2)
    half = t2 * math.sqrt(tau2 + re**2)

    def row(model, b, se, quantile, p):
        low, high = b - quantile * se, b + quantile * se
        return {"model": model, "estimate": b, "std_error": se, "statistic": b / se, "p_value": p, "ci_low": low, "ci_high": high,
                "ratio": math.exp(b), "ratio_low": math.exp(low), "ratio_high": math.exp(high)}

    pooled = [row("fixed", fixed, fe, Z, 2 * stats.norm.sf(abs(fixed / fe))), row("random", random, re, Z, 2 * stats.norm.sf(abs(random / re))),
              row("random_hartung_knapp", random, hk, t, 2 * stats.t.sf(abs(random / hk), k - 1)),
              {"model": "prediction_interval", "estimate": random, "ci_low": random - half, "ci_high": random + half}]
    egger = sm.OLS(y / s, sm.add_constant(1 / s)).fit()
    i2 = max(0, (q - (k - 1)) / q)
    tests = [{"test": "cochran_q", "statistic": q, "df1": k - 1, "p_value": stats.chi2.sf(q, k - 1)}, {"test": "i_squared", "statistic": i2},
             {"test": "tau_squared", "statistic": tau2}, {"test": "egger", "statistic": egger.tvalues[0], "df1": k - 2, "p_value": egger.pvalues[0]}]
    studies = [{"study": n, "effect": a, "std_error": b, "ci_low": a - Z * b, "ci_high": a + Z * b, "weight_fixed": 100 * u / w.sum(), "weight_random": 100 * v / star.sum()}
               for n, a, b, u, v in zip(frame["study"], y, s, w, star)]
    save("studies.meta.json", f"{SM} combine_effects, OLS", CLOSED, case(
        {"table_pooled.csv": table(["model"], pooled), "table_tests.csv": table(["test"], tests), "table_studies.csv": table(["study"], studies)},
        {"n_used": k, "estimate": random, "tau2": tau2, "i2": i2, "n_studies": k}), [case({}, {"estimate": fixed}, {"model": "fixed"}, "fixed effects")])


def dose() -> None:
    """Insects at seven doses; logit on the log dose, probit on the dose."""
    def one(link, log, name=None, parameters=None):
        frame = read("bioassay.csv")
        x = frame["dose"].to_numpy(float)
        x = np.log(x) if log else x
        y = frame["dead"].to_numpy(float)
        model = (sm.Logit if link == "logit" else sm.Probit)(y, np.column_stack([x, np.ones(len(x))]))
        result = model.fit(disp=0, method="newton", tol=1e-14, maxiter=200)
        (b, a), v = result.params, np.linalg.inv(-model.hessian(result.params))
        back = np.exp if log else (lambda value: value)
        g = (Z / (b / math.sqrt(v[0, 0]))) ** 2
        rows = []
        for share in (10, 50, 90):
            target = math.log(share / (100 - share)) if link == "logit" else stats.norm.ppf(share / 100)
            at = (target - a) / b
            se = math.sqrt(v[1, 1] + 2 * at * v[0, 1] + at**2 * v[0, 0]) / abs(b)
            # Fieller: the doses at which the index is the limit away from its target
            edge = lambda z: (a + b * z - target) ** 2 - Z**2 * (v[1, 1] + 2 * z * v[0, 1] + z * z * v[0, 0])
            low, high = optimize.brentq(edge, at - 40 * se, at, xtol=1e-14, rtol=1e-15), optimize.brentq(edge, at, at + 40 * se, xtol=1e-14, rtol=1e-15)
            rows.append({"share_percent": share, "dose": back(at), "scale": at, "std_error": se, "delta_low": back(at - Z * se), "delta_high": back(at + Z * se),
                         "fieller_low": back(low), "fieller_high": back(high)})
        groups = frame.assign(p=result.predict()).groupby("dose").agg(o=("dead", "sum"), n=("dead", "size"), p=("p", "first"))
        chi2 = ((groups.o - groups.n * groups.p) ** 2 / (groups.n * groups.p * (1 - groups.p))).sum()
        df = len(groups) - 2
        values = {"N": len(y), "ll": result.llf, "ll_0": result.llnull, "chi2": result.llr, "r2_p": result.prsquared, "fieller_g": g, "dose_chi2": chi2, "dose_df": df,
                  "dose_p": stats.chi2.sf(chi2, df)}
        return case({"table_coefficients.csv": table(["term"], z_rows("dead", ["ss_x", "_cons"], [b, a], np.sqrt(np.diag(v)))), "table_doses.csv": table(["share_percent"], rows),
                     "table_fit.csv": fit(values)}, {"n_used": len(y), "ll": result.llf, "slope": b, "fit_p": values["dose_p"]}, parameters, name)

    main = one("logit", True)
    same(r_numbers('m <- glm(dead ~ log(dose), binomial, data("bioassay.csv"), control = list(epsilon = 1e-14)); exp(-coef(m)[1] / coef(m)[2])'),
         [main["tables"]["table_doses.csv"]["rows"][1]["dose"]], 1e-8)
    save("bioassay.dose_response.json", f"{SM} Logit, Probit; R glm; Fieller limits by root finding", LIKELIHOOD, main,
         [one("probit", False, "probit of the dose", {"link": "probit", "log_dose": False})])


def write_all() -> None:
    """Writes all golden files of this module."""
    for make in (kappa, icc, bland_altman, mcnemar, accuracy, meta, dose):
        make()


if __name__ == "__main__":
    write_all()
