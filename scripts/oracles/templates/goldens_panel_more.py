"""Golden numbers of further panel analyses and of matching on covariates (numpy by hand, pyfixest, R)."""

import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyfixest
import statsmodels.api as sm
from scipy import stats
from scipy.special import expit

from golden import case, fit, read, save, table
from goldens_causal import effect_row
from goldens_models import CLOSED, KEY, effect_rows, t_rows, with_differences, z_rows
from oracle_r import r_numbers, same

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))
from numeric import jacobian  # noqa: E402

Z = stats.norm.ppf(0.975)


def sizes(codes) -> dict:
    """Numbers of rows of the units."""
    n = np.bincount(codes)
    return {"N": n.sum(), "N_g": len(n), "g_min": n.min(), "g_avg": n.mean(), "g_max": n.max()}


def random_effects(y, x, unit):
    """Swamy and Arora's estimator where columns may repeat within or between units; harmonic mean group size."""
    codes, _ = pd.factorize(unit)
    size = np.bincount(codes).astype(float)
    groups, n = len(size), len(y)
    mean = lambda v: np.bincount(codes, v) / size
    ym, xm = mean(y), np.column_stack([mean(c) for c in x.T])

    def variance(a, v, less):
        rest = v - a @ np.linalg.lstsq(a, v, rcond=1e-10)[0]
        return rest @ rest / (len(v) - np.linalg.matrix_rank(a, 1e-8) - less)

    s_e2 = variance(x - xm[codes], y - ym[codes], groups)
    s_u2 = max(0, variance(np.column_stack([xm, np.ones(groups)]), ym, 0) - s_e2 / (groups / (1 / size).sum()))
    theta = (1 - np.sqrt(s_e2 / (size * s_u2 + s_e2)))[codes]
    xs = np.column_stack([x - theta[:, None] * xm[codes], 1 - theta])
    result = sm.OLS(y - theta * ym[codes], xs).fit(cov_type="cluster", cov_kwds={"groups": codes})
    xb = x @ result.params[:-1]
    r2 = [np.corrcoef(y - ym[codes], xb - mean(xb)[codes])[0, 1] ** 2, np.corrcoef(ym, mean(xb))[0, 1] ** 2, np.corrcoef(y, xb)[0, 1] ** 2]
    return {"b": result.params, "robust": result.cov_params(), "s_u2": s_u2, "s_e2": s_e2, "r2": r2, "codes": codes, "groups": groups}


def mundlak() -> None:
    """Output of firms with firm means of capital and labour."""
    names = ["log_capital", "log_labor"]
    frame = read("firms_panel.csv").dropna(subset=["log_output", *names, "exporter"])
    means = frame.groupby("firm")[names].transform("mean")
    x = np.column_stack([frame[[*names, "exporter"]], means]).astype(float)
    f = random_effects(frame["log_output"].to_numpy(), x, frame["firm"].to_numpy())
    b, v = f["b"], f["robust"]
    terms = [*names, "exporter", "ss_mean1", "ss_mean2", "_cons"]
    p = lambda value, se: 2 * stats.norm.sf(abs(value / se))
    rows = []
    for i, name in enumerate(names):
        j = 3 + i
        between, se = b[i] + b[j], math.sqrt(v[i, i] + v[j, j] + 2 * v[i, j])
        w, c = math.sqrt(v[i, i]), math.sqrt(v[j, j])
        rows.append({"term": name, "within": b[i], "se_within": w, "p_within": p(b[i], w), "between": between, "se_between": se, "p_between": p(between, se), "contextual": b[j], "se_contextual": c, "p_contextual": p(b[j], c)})
    chi2 = b[3:5] @ np.linalg.solve(v[3:5, 3:5], b[3:5])
    wald = b[:5] @ np.linalg.solve(v[:5, :5], b[:5])
    rho = f["s_u2"] / (f["s_u2"] + f["s_e2"])
    values = {**sizes(f["codes"]), "r2_w": f["r2"][0], "r2_b": f["r2"][1], "r2_o": f["r2"][2], "sigma_u": math.sqrt(f["s_u2"]), "sigma_e": math.sqrt(f["s_e2"]), "rho": rho, "chi2": wald, "df_m": 5, "n_clusters": f["groups"]}
    save("firms_panel.mundlak.json", "numpy by hand (Swamy and Arora)", CLOSED,
         case({"table_coefficients.csv": table(KEY, z_rows("log_output", terms, b, np.sqrt(np.diag(v)))), "table_within_between.csv": table(["term"], rows),
               "table_tests.csv": table(["test"], [{"test": "unit_means", "statistic": chi2, "df1": 2, "p_value": stats.chi2.sf(chi2, 2)}]), "table_fit.csv": fit(values)},
              {"n_used": len(frame), "n_groups": f["groups"], "rho": rho, "mundlak_chi2": chi2, "mundlak_p": stats.chi2.sf(chi2, 2)}))


def diagnostics() -> None:
    """Visits in towns after unit effects."""
    names = ["income", "programme"]
    frame = read("rollout.csv").dropna(subset=["visits", *names]).sort_values(["town", "year"])
    codes, _ = pd.factorize(frame["town"])
    within = frame[["visits", *names]].astype(float)
    within = within - within.groupby(codes).transform("mean")
    y, x = within["visits"].to_numpy(), within[names].to_numpy()
    b = np.linalg.lstsq(x, y, rcond=None)[0]
    e = y - x @ b
    n, groups = len(e), codes.max() + 1
    df = n - groups - 2
    pooled = sm.OLS(frame["visits"].astype(float), sm.add_constant(frame[names].astype(float))).fit()
    f = (pooled.ssr - e @ e) / (groups - 1) / (e @ e / df)
    tests = [{"test": "unit_effects", "statistic": f, "df1": groups - 1, "df2": df, "p_value": stats.f.sf(f, groups - 1, df)}]
    d = frame.groupby("town")[["visits", *names]].diff().astype(float)
    d[["town", "year"]] = frame[["town", "year"]]
    gap = frame.groupby("town")["year"].diff()
    d = d[(gap == 1)]
    first = sm.OLS(d["visits"], d[names]).fit()
    d["e"] = first.resid
    d["lag"] = d.groupby("town")["e"].shift()
    d.loc[d.groupby("town")["year"].diff() != 1, "lag"] = np.nan
    d = d.dropna()
    second = sm.OLS(d["e"], d[["lag"]]).fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(d["town"])[0]}, use_t=True)
    serial = ((second.params["lag"] + 0.5) / second.bse["lag"]) ** 2
    clusters = d["town"].nunique()
    tests.append({"test": "wooldridge_serial", "statistic": serial, "df1": 1, "df2": clusters - 1, "p_value": stats.f.sf(serial, 1, clusters - 1)})
    s2, wald = e @ e / n, 0.0
    for g in range(groups):
        own = e[codes == g] ** 2
        wald += (own.mean() - s2) ** 2 / (((own - own.mean()) ** 2).sum() / (len(own) * (len(own) - 1)))
    tests.append({"test": "modified_wald", "statistic": wald, "df1": groups, "p_value": stats.chi2.sf(wald, groups)})
    wide = pd.DataFrame({"e": e, "g": codes, "t": frame["year"].to_numpy()}).pivot(index="t", columns="g", values="e")
    r = wide.corr(min_periods=3).to_numpy()
    count = wide.notna().astype(int).T.dot(wide.notna().astype(int)).to_numpy()
    upper = np.triu_indices(groups, 1)
    ok = ~np.isnan(r[upper])
    cd = math.sqrt(1 / ok.sum()) * (np.sqrt(count[upper]) * r[upper])[ok].sum()
    tests.append({"test": "pesaran_cd", "statistic": cd, "p_value": 2 * stats.norm.sf(abs(cd))})
    mean = frame[["visits", *names]].astype(float).mean()
    cons = mean["visits"] - mean[names] @ b
    centred = np.column_stack([x + mean[names].to_numpy(), np.ones(n)])
    cov = np.linalg.inv(centred.T @ centred) * (e @ e) / df
    u = (frame["visits"] - frame[names] @ b).groupby(codes).mean() - cons
    sigma_u, sigma_e = u.std(), math.sqrt(e @ e / df)
    values = {**sizes(codes), "r2_w": np.corrcoef(y, x @ b)[0, 1] ** 2, "sigma_u": sigma_u, "sigma_e": sigma_e, "rho": sigma_u**2 / (sigma_u**2 + sigma_e**2), "df_r": df}
    save("rollout.diagnostics.json", "numpy by hand; statsmodels OLS", CLOSED,
         case({"table_tests.csv": table(["test"], tests), "table_coefficients.csv": table(KEY, t_rows("visits", [*names, "_cons"], [*b, cons], np.sqrt(np.diag(cov)), df)), "table_fit.csv": fit(values)},
              {"n_used": n, "serial_p": tests[1]["p_value"], "hetero_p": tests[2]["p_value"], "cd_p": tests[3]["p_value"]}))


def pcse_fgls() -> None:
    """Visits in 90 towns over ten years."""
    def one(method, panels, ar1, name=None, parameters=None):
        names = ["income", "programme"]
        frame = read("adoption.csv").dropna(subset=["visits", *names]).sort_values(["town", "year"])
        codes, _ = pd.factorize(frame["town"])
        n, m = len(frame), codes.max() + 1
        t = n // m
        assert n == m * t
        x = np.column_stack([frame[names], np.ones(n)]).astype(float)
        y = frame["visits"].to_numpy(float)
        solve = lambda a, v: np.linalg.lstsq(a, v, rcond=None)[0]
        plain = (x, y)
        rho = None
        if ar1:
            # one correlation: the mean of the units' regressions of the residual on its lag; first periods by Prais-Winsten
            e = (y - x @ solve(x, y)).reshape(m, t)
            each = (e[:, 1:] * e[:, :-1]).sum(1) / (e[:, :-1] ** 2).sum(1)
            rho = np.clip(each, -1, 1).mean()
            move = lambda v: np.concatenate([np.vstack([math.sqrt(1 - rho**2) * g[:1], g[1:] - rho * g[:-1]]) for g in v.reshape(m, t, -1)])
            x, y = move(x), move(y[:, None])[:, 0]
        b = solve(x, y)
        e = (y - x @ b).reshape(m, t)
        sigma = e @ e.T / t
        if panels == "heteroskedastic":
            sigma = np.diag(np.diag(sigma))
        blocks = x.reshape(m, t, -1)
        if method == "pcse":
            bread = np.linalg.inv(x.T @ x)
            meat = sum(sigma[i, j] * blocks[i].T @ blocks[j] for i in range(m) for j in range(m))
            v = bread @ meat @ bread
        else:
            inverse = np.linalg.inv(sigma)
            v = np.linalg.inv(sum(inverse[i, j] * blocks[i].T @ blocks[j] for i in range(m) for j in range(m)))
            b = v @ sum(inverse[i, j] * blocks[i].T @ y.reshape(m, t)[j] for i in range(m) for j in range(m))
        chi2 = b[:2] @ np.linalg.solve(v[:2, :2], b[:2])
        values = {**sizes(codes), "chi2": chi2, "p": stats.chi2.sf(chi2, 2), "df_m": 2, "rho": rho, "correlation2": np.corrcoef(plain[0] @ b, plain[1])[0, 1] ** 2, "periods": t}
        return case({"table_coefficients.csv": table(KEY, z_rows("visits", [*names, "_cons"], b, np.sqrt(np.diag(v)))), "table_fit.csv": fit(values)}, {"n_used": n, "n_groups": m, "chi2": chi2}, parameters, name)

    save("adoption.pcse_fgls.json", "numpy by hand (Beck and Katz 1995; [XT] xtgls)", CLOSED, one("pcse", "heteroskedastic", False),
         [one("pcse", "correlated", False, "correlated towns", {"panels": "correlated"}), one("fgls", "heteroskedastic", False, "feasible GLS", {"method": "fgls"}), one("pcse", "heteroskedastic", True, "AR(1) errors", {"ar1": True})])


def gee_fit(frame, outcome, names, family, corr):
    """Estimating equations with dense matrices; moment estimators of the correlation of [XT] xtgee."""
    codes, _ = pd.factorize(frame["firm"])
    x = np.column_stack([frame[names], np.ones(len(frame))]).astype(float)
    y = frame[outcome].to_numpy(float)
    groups = [np.flatnonzero(codes == g) for g in range(codes.max() + 1)]
    inverse = {"gaussian": lambda v: v, "binomial": lambda v: 1 / (1 + np.exp(-v)), "poisson": np.exp}[family]
    variance = {"gaussian": np.ones_like, "binomial": lambda m: m * (1 - m), "poisson": lambda m: m}[family]
    b = np.asarray(sm.GLM(y, x, {"gaussian": sm.families.Gaussian(), "binomial": sm.families.Binomial(), "poisson": sm.families.Poisson()}[family]).fit().params)
    for _ in range(300):
        mu = inverse(x @ b)
        w = variance(mu)
        r = (y - mu) / np.sqrt(w)
        a = 0.0
        if corr == "exchangeable":
            total = sum((r[g] ** 2).mean() for g in groups)
            a = sum((r[g].sum() ** 2 - (r[g] ** 2).sum()) / (len(g) * (len(g) - 1)) for g in groups if len(g) > 1) / total
        h, u = 0, []
        for g in groups:
            root = np.sqrt(w[g])
            # canonical links: the derivative of the mean is the variance
            d = x[g] * (1 if family == "gaussian" else w[g][:, None])
            cov = np.diag(root) @ (np.full((len(g), len(g)), a) + (1 - a) * np.eye(len(g))) @ np.diag(root)
            h = h + d.T @ np.linalg.solve(cov, d)
            u.append(d.T @ np.linalg.solve(cov, y[g] - mu[g]))
        step = np.linalg.solve(h, sum(u))
        b = b + step
        if np.abs(step).max() < 1e-14:
            break
    bread, m = np.linalg.inv(h), len(groups)
    v = bread @ sum(np.outer(s, s) for s in u) @ bread * m / (m - 1)
    phi = ((y - mu) ** 2 / w).mean() if family == "gaussian" else 1
    return b, v, a, phi, codes, x, inverse(x @ b)


def gee() -> None:
    """Exporting firms; output as a linear model; independent rows."""
    def one(outcome, family, corr, name=None, parameters=None, names=("log_capital", "log_labor")):
        names = list(names)
        frame = read("firms_panel.csv").dropna(subset=[outcome, *names]).sort_values(["firm", "year"])
        b, v, a, phi, codes, x, mu = gee_fit(frame, outcome, names, family, corr)
        rows = z_rows(outcome, [*names, "_cons"], b, np.sqrt(np.diag(v)))
        for row in rows:
            row.update({"exp_b": math.exp(row["estimate"]), "exp_b_low": math.exp(row["ci_low"]), "exp_b_high": math.exp(row["ci_high"])} if family != "gaussian" else {"exp_b": None})
        inverse = {"gaussian": lambda i: i, "binomial": expit, "poisson": np.exp}[family]
        slope = {"gaussian": np.ones_like, "binomial": lambda m: m * (1 - m), "poisson": lambda m: m}[family]
        average = with_differences(lambda t: slope(inverse(x @ t)).mean() * t[:2], lambda x, t: inverse(x @ t), x)
        gradient = jacobian(average, b)
        effects, errors = average(b), np.sqrt(np.diag(gradient @ v @ gradient.T))
        margins = [{"prediction": "observed", **r, "equation": "dydx"} for r in effect_rows(names, effects, errors, x)]
        chi2 = b[:2] @ np.linalg.solve(v[:2, :2], b[:2])
        values = {**sizes(codes), "chi2": chi2, "p": stats.chi2.sf(chi2, 2), "df_m": 2, "phi": phi}
        distance = [{"distance": k, "correlation": a} for k in range(1, 9)]
        return case({"table_coefficients.csv": table(KEY, rows), "table_margins.csv": table(["term"], margins), "table_correlation.csv": table(["distance"], distance), "table_fit.csv": fit(values)},
                    {"n_used": len(frame), "n_groups": codes.max() + 1, "chi2": chi2, "working_correlation": a}, parameters, name)

    save("firms_panel.gee.json", "numpy by hand (Liang and Zeger 1986)", {"default": 1e-6, "p_value": 1e-5}, one("exporter", "binomial", "exchangeable"),
         [one("log_output", "gaussian", "exchangeable", "a number as outcome", {"outcome": "log_output", "family": "gaussian"}), one("exporter", "binomial", "independent", "independent rows", {"corr": "independent"}),
          one("log_output", "poisson", "exchangeable", "a positive outcome and a regressor of 0 and 1", {"outcome": "log_output", "family": "poisson", "regressors": ["log_capital", "exporter"]}, ["log_capital", "exporter"])])


def bacon() -> None:
    """Every pair of groups of towns, by a regression with town and year effects on its window."""
    frame = read("adoption.csv").dropna(subset=["visits"])
    full = frame.groupby("town")["year"].transform("size") == frame["year"].nunique()
    assert full.all()
    frame["start"] = frame["start_year"].where((frame["start_year"] > 0) & (frame["start_year"] <= frame["year"].max()))
    frame["d"] = (frame["year"] >= frame["start"]).astype(int)
    towns = frame["town"].nunique()

    def spread(part):
        d = part["d"] - part.groupby("town")["d"].transform("mean") - part.groupby("year")["d"].transform("mean") + part["d"].mean()
        return (d**2).mean()

    whole = pyfixest.feols("visits ~ d | town + year", frame, vcov={"CRV1": "town"})
    att, total = whole.coef()["d"], spread(frame)
    starts = sorted(frame["start"].dropna().unique())
    rows = []
    for k in starts:
        for other in [*starts, None]:
            if other == k:
                continue
            control = frame["start"].isna() if other is None else frame["start"] == other
            part = frame[(frame["start"] == k) | control]
            kind = "treated and never treated"
            if other is not None:
                kind = "earlier and not yet treated" if k < other else "later and already treated"
                part = part[part["year"] < other] if k < other else part[part["year"] >= other]
            estimate = pyfixest.feols("visits ~ d | town + year", part.copy()).coef()["d"]
            rows.append({"kind": kind, "treated_start": k, "control_start": other, "estimate": estimate, "weight": (len(part) / len(frame)) ** 2 * spread(part) / total,
                         "n_treated": part.loc[part["start"] == k, "town"].nunique(), "n_control": frame.loc[control, "town"].nunique()})
    same(sum(r["weight"] for r in rows), 1, 1e-9)
    same(sum(r["weight"] * r["estimate"] for r in rows), att, 1e-8)
    kinds = []
    for kind in ("treated and never treated", "earlier and not yet treated", "later and already treated"):
        here = [r for r in rows if r["kind"] == kind]
        weight = sum(r["weight"] for r in here)
        kinds.append({"kind": kind, "comparisons": len(here), "weight": weight, "estimate": sum(r["weight"] * r["estimate"] for r in here) / weight})
    save("adoption.bacon.json", f"pyfixest {pyfixest.__version__} on every pair of groups", CLOSED,
         case({"table_comparisons.csv": table(["treated_start", "control_start"], [{**r, "control_start": "" if r["control_start"] is None else r["control_start"]} for r in rows]), "table_kinds.csv": table(["kind"], kinds),
               "table_fit.csv": fit({"N": len(frame), "N_g": towns, "att": att, "starts": len(starts), "units_never": frame.loc[frame["start"].isna(), "town"].nunique(), "periods": frame["year"].nunique(), "n_clusters": towns})},
              {"n_used": len(frame), "att": att, "share_already_treated": kinds[2]["weight"]}))


def nn_match() -> None:
    """Earnings and training: nearest covariates with ties; variance of Abadie and Imbens (2006)."""
    def one(atet, m, exact, bias, name=None, parameters=None):
        names = ["age", "schooling", "earnings_before"]
        frame = read("training.csv").dropna(subset=["earnings", *names, *exact])
        y, t, x = frame["earnings"].to_numpy(), frame["trained"].to_numpy() == 1, frame[names].to_numpy(float)
        blocks = frame[exact].to_numpy() if exact else np.zeros((len(y), 1))
        inverse, tie, n = np.linalg.inv(np.cov(x.T)), np.sqrt(np.finfo(float).eps), len(y)

        def near(i, group, count):
            others = np.flatnonzero((t == group) & (blocks == blocks[i]).all(1))
            gap = x[others] - x[i]
            d = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", gap, inverse, gap), 0))
            return others[d <= np.partition(d, count - 1)[count - 1] + tie]

        used, squared, matches = np.zeros(n), np.zeros(n), {}
        counted = t if atet else np.ones(n, bool)
        for i in np.flatnonzero(counted):
            matches[i] = near(i, not t[i], m)
            used[matches[i]] += 1 / len(matches[i])
            squared[matches[i]] += 1 / len(matches[i]) ** 2
        fitted = np.zeros((2, n))
        if bias:
            z = np.column_stack([x, np.ones(n)])
            for g in (0, 1):
                here = (t == bool(g)) & (used > 0)
                if here.any():
                    fitted[g] = z @ np.asarray(sm.WLS(y[here], z[here], weights=used[here]).fit().params)
        difference = np.full(n, np.nan)
        for i, match in matches.items():
            g = int(not t[i])
            difference[i] = (y[i] - (y[match] + fitted[g][i] - fitted[g][match]).mean()) * (1 if t[i] else -1)
        effect, size = difference[counted].mean(), counted.sum()
        # two other rows of the same treatment and the row itself, as Stata prints for teffects nnmatch
        own = np.array([y[near(i, t[i], 3)].var(ddof=1) for i in range(n)])
        factor = np.where(t, 0, used**2 - squared) if atet else used**2 + 2 * used - squared
        se = math.sqrt((((difference[counted] - effect) ** 2).sum() + (factor * own).sum()) / size**2)
        weight = used + counted

        def moments(v, w, here):
            a = w[here] / w[here].sum() * (w[here] > 0).sum()
            mean = (a * v[here]).sum() / a.sum()
            return mean, (a * (v[here] - mean) ** 2).sum() / (a.sum() - 1)

        rows = []
        for j, column in enumerate(names):
            row = {"term": column}
            for label, w in (("before", np.ones(n)), ("after", weight)):
                (m1, v1), (m0, v0) = moments(x[:, j], w, t), moments(x[:, j], w, ~t)
                row |= {f"std_diff_{label}": (m1 - m0) / math.sqrt((v1 + v0) / 2), f"var_ratio_{label}": v1 / v0}
            rows.append(row)
        naive = y[t].mean() - y[~t].mean()
        effects = [effect_row("atet" if atet else "ate", effect, se), {"term": "difference_of_means", "estimate": naive}]
        values = {"N": n, "n_treated": t.sum(), "n_control": (~t).sum(), "neighbors": m, "most_matches": max(len(v) for v in matches.values())}
        return case({"table_effects.csv": table(["term"], effects), "table_balance.csv": table(["term"], rows), "table_fit.csv": fit(values)},
                    {"n_used": n, "effect": effect, "effect_se": se, "naive": naive, "n_treated": t.sum(), "n_control": (~t).sum(), "worst_balance": max(abs(r["std_diff_after"]) for r in rows)}, parameters, name)

    plain = one(False, 1, [], False, "no bias adjustment", {"bias": False})
    check = r_numbers('suppressMessages(library(Matching)); d <- data("training.csv"); k <- c("age", "schooling", "earnings_before"); d <- d[complete.cases(d[, c("earnings", k)]), ]\n'
                      'as.numeric(Match(d$earnings, d$trained, d[, k], estimand = "ATE", M = 1, Weight = 2, ties = TRUE, distance.tolerance = 1e-10)$est)')
    same(plain["metrics"]["effect"], check[0], 1e-8)
    save("training.nn_match.json", "numpy by hand; R Matching", CLOSED, one(False, 1, [], True),
         [plain, one(True, 2, ["married"], True, "the treated, two neighbours, exact on married", {"estimand": "atet", "neighbors": 2, "exact": ["married"]})])


def write_all() -> None:
    """Writes all golden files of this module."""
    for make in (mundlak, diagnostics, pcse_fgls, gee, bacon, nn_match):
        make()


if __name__ == "__main__":
    write_all()
