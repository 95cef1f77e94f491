"""Expected numbers of the confirmatory factor analysis: R's lavaan; reliabilities and ratios of correlations by their formulas in numpy."""

import numpy as np
from golden import case, fit, read, save, table
from oracle_r import r_numbers
from scipy import stats

FACTORS = {"support": [f"support{j}" for j in range(1, 5)], "engage": [f"engage{j}" for j in range(1, 5)], "leave": [f"leave{j}" for j in range(1, 4)]}


def lavaan(factors, missing="listwise"):
    """lavaan's parameters (loadings, then correlations of factors) and fit measures; Stata's sem has the same likelihood (divisor N)."""
    model = "\n".join(f"{name} =~ {' + '.join(items)}" for name, items in factors.items())
    head = f'suppressMessages(library(lavaan))\nf <- cfa("{model}", data("staff.csv"), missing = "{missing}", meanstructure = TRUE, information = "observed")\n'
    loads = r_numbers(head + 'p <- parameterEstimates(f); s <- standardizedSolution(f); k <- p$op == "=~"\n'
                      "c(p$est[k], p$se[k], s$est.std[k], s$se[k], s$ci.lower[k], s$ci.upper[k])").reshape(6, -1)
    pairs = r_numbers(head + 's <- standardizedSolution(f); k <- s$op == "~~" & s$lhs != s$rhs\n'
                      "c(s$est.std[k], s$se[k], s$ci.lower[k], s$ci.upper[k])").reshape(4, -1)
    names = ["chisq", "df", "pvalue", "baseline.chisq", "baseline.df", "rmsea", "rmsea.ci.lower", "rmsea.ci.upper", "rmsea.pvalue", "cfi", "tli", "srmr_bentler_nomean", "aic", "bic", "ntotal"]
    measures = dict(zip(names, r_numbers(head + f"fitMeasures(f, c({', '.join(chr(34) + n + chr(34) for n in names)}))")))
    return loads, pairs, measures


def alpha(frame):
    k = frame.shape[1]
    return k / (k - 1) * (1 - frame.var(ddof=1).sum() / frame.sum(axis=1).var(ddof=1))


def htmt(frame, first, second):
    r = frame.corr().abs().to_numpy()
    at = {name: j for j, name in enumerate(frame)}
    across = np.mean([r[at[a], at[b]] for a in first for b in second])
    within = [np.mean([r[at[a], at[b]] for i, a in enumerate(items) for b in items[i + 1:]]) for items in (first, second)]
    return across / np.sqrt(within[0] * within[1])


def write_all() -> None:
    """Writes the golden file."""
    items = [item for names in FACTORS.values() for item in names]
    frame = read("staff.csv")[items].dropna()
    loads, pairs, m = lavaan(FACTORS)
    owner = {item: name for name, names in FACTORS.items() for item in names}
    rows = []
    for j, item in enumerate(items):
        is_fixed = loads[1, j] == 0
        rows.append({"factor": owner[item], "variable": item, "estimate": loads[0, j], "std_error": None if is_fixed else loads[1, j],
                     "p_value": None if is_fixed else 2 * stats.norm.sf(abs(loads[0, j] / loads[1, j])), "std_loading": loads[2, j], "std_loading_error": loads[3, j],
                     "ci_low": loads[4, j], "ci_high": loads[5, j], "r_squared": loads[2, j] ** 2})
    names = list(FACTORS)
    links = [(a, b) for i, a in enumerate(names) for b in names[i + 1:]]
    correlated = [{"factor_1": a, "factor_2": b, "correlation": pairs[0, j], "std_error": pairs[1, j], "ci_low": pairs[2, j], "ci_high": pairs[3, j],
                   "htmt": htmt(frame, FACTORS[a], FACTORS[b])} for j, (a, b) in enumerate(links)]
    reliable = []
    for name, own in FACTORS.items():
        std = np.array([loads[2, items.index(item)] for item in own])
        ave = (std**2).mean()
        largest = max(abs(pairs[0, j]) for j, link in enumerate(links) if name in link)
        reliable.append({"factor": name, "items": len(own), "alpha": alpha(frame[own]), "composite_reliability": std.sum() ** 2 / (std.sum() ** 2 + (1 - std**2).sum()),
                         "average_variance": ave, "root_average_variance": np.sqrt(ave), "largest_correlation": largest,
                         "note": "root above every correlation with another factor" if np.sqrt(ave) > largest else "root below a correlation with another factor"})
    fitted = {"N": m["ntotal"], "chi2": m["chisq"], "df": m["df"], "p_value": m["pvalue"], "rmsea": m["rmsea"], "rmsea_low": m["rmsea.ci.lower"], "rmsea_high": m["rmsea.ci.upper"],
              "pclose": m["rmsea.pvalue"], "cfi": m["cfi"], "tli": m["tli"], "srmr": m["srmr_bentler_nomean"], "chi2_baseline": m["baseline.chisq"], "df_baseline": m["baseline.df"]}
    # means fit exactly; Stata leaves them out of the mean of the squared residuals, and so does srmr_bentler_nomean
    fitted |= {"aic": m["aic"], "bic": m["bic"]}
    tables = {"table_loadings.csv": table(["variable"], rows), "table_correlations.csv": table(["factor_1", "factor_2"], correlated),
              "table_reliability.csv": table(["factor"], reliable), "table_fit.csv": fit(fitted)}
    metrics = {"n_used": len(frame), "chi2": m["chisq"], "cfi": m["cfi"]}

    # an item on the wrong factor; all rows by full information
    mixed = {"engage": [*FACTORS["engage"], "leave3"], "support": FACTORS["support"], "leave": ["leave1", "leave2"]}
    loads, pairs, m = lavaan(mixed, "ml")
    everything = [item for own in mixed.values() for item in own]
    variant = case({"table_loadings.csv": table(["variable"], [{"variable": item, "estimate": loads[0, j], "std_loading": loads[2, j], "std_loading_error": loads[3, j]} for j, item in enumerate(everything)]),
                    "table_fit.csv": fit({"N": m["ntotal"], "chi2": m["chisq"], "df": m["df"], "rmsea": m["rmsea"], "cfi": m["cfi"], "tli": m["tli"]})},
                   {"n_used": m["ntotal"], "chi2": m["chisq"]}, {"vars": mixed["engage"], "factor2": mixed["support"], "factor3": mixed["leave"], "method": "mlmv"}, "an item on the wrong factor, missing answers")
    save("staff.cfa.json", "R lavaan 0.6-14; numpy", {"default": 1e-5, "std_error": 1e-4, "std_loading_error": 1e-4, "p_value": 1e-3, "chi2": 1e-5, "rmsea": 1e-5, "srmr": 1e-5,
                                                      "rmsea_high": 1e-4, "pclose": 1e-4}, case(tables, metrics), [variant])


if __name__ == "__main__":
    write_all()
