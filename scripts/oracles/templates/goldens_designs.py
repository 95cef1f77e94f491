"""Golden numbers of decomposition, spline, clustering and causal designs (statsmodels, linearmodels, pyfixest, by hand)."""

import contextlib
import io
import math

import linearmodels
import numpy as np
import pandas as pd
import pyfixest
import statsmodels
import statsmodels.api as sm
from linearmodels.iv import IV2SLS, IVGMM, IVLIML
from rdrobust import rdrobust
from scipy import stats
from statsmodels.stats.oaxaca import OaxacaBlinder
from statsmodels.treatment.treatment_effects import TreatmentEffect

from golden import case, dummies, fit, read, save, table
from goldens_models import CLOSED, t_rows, within_fit, z_rows
from oracle_r import same

SM = f"statsmodels {statsmodels.__version__}"
Z = stats.norm.ppf(0.975)


def twoway_cluster() -> None:
    """Output of firms, clustered by firm and year; with industries absorbed."""
    def one(absorb, name=None, parameters=None):
        names = ["log_capital", "log_labor", "exporter"]
        frame = read("firms_panel.csv").dropna(subset=["log_output", *names])
        x = frame[names].astype(float)
        groups = 0
        if absorb:
            f = within_fit(frame["log_output"], x, frame[absorb], classical=True)
            x, y, groups = f["xw"], f["yw"], f["groups"] - 1
        else:
            x, y = x.assign(_cons=1.0), frame["log_output"]
        values = x.to_numpy()
        n, k = values.shape
        inverse = np.linalg.inv(values.T @ values)
        b = inverse @ values.T @ y.to_numpy()
        e = y.to_numpy() - values @ b

        def meat(codes):
            sums = pd.DataFrame(values * e[:, None]).groupby(codes).sum().to_numpy()
            g = len(sums)
            return inverse @ sums.T @ sums @ inverse * g / (g - 1) * (n - 1) / (n - k - groups), g

        (v1, g1), (v2, g2) = meat(frame["firm"].to_numpy()), meat(frame["year"].to_numpy())
        v12, g12 = meat((frame["firm"] + frame["year"].astype(str)).to_numpy())
        cov = v1 + v2 - v12
        se, df = np.sqrt(np.diag(cov)), min(g1, g2) - 1
        # pyfixest with the same factor for each sum
        formula = "log_output ~ log_capital + log_labor + exporter" + (f" | {absorb}" if absorb else "")
        check = pyfixest.feols(formula, frame, vcov={"CRV1": "firm + year"}, ssc=pyfixest.ssc(adj=True, fixef_k="full" if absorb else "none", cluster_adj=True, cluster_df="conventional"))
        same(check.coef().loc[names], b[:3], 1e-8)
        same(check.se().loc[names], se[:3], 1e-7)
        rows = [{"term": t, "estimate": b[i], "se_first": math.sqrt(v1[i, i]), "se_second": math.sqrt(v2[i, i]), "se_both": se[i]} for i, t in enumerate(x.columns)]
        total = ((frame["log_output"] - frame["log_output"].mean()) ** 2).sum()
        r2 = 1 - e @ e / total
        values = {"N": n, "r2": r2, "rmse": math.sqrt(e @ e / (n - k - groups)), "clusters_first": g1, "clusters_second": g2, "clusters_both": g12, "df_r": df, "n_clusters": df + 1}
        return case({"table_coefficients.csv": table(["term"], t_rows("log_output", x.columns, b, se, df)), "table_errors.csv": table(["term"], rows), "table_fit.csv": fit(values)},
                    {"n_used": n, "r2": r2, "n_first": g1, "n_second": g2, "n_clusters": df + 1}, parameters, name)

    save("firms_panel.twoway_cluster.json", f"pyfixest {pyfixest.__version__} CRV1; numpy by hand", CLOSED, one(None), [one("industry", "industries absorbed", {"absorb_vars": ["industry"]})])


def oaxaca() -> None:
    """Log pay of men and women."""
    def one(reference, name=None, parameters=None):
        names = ["schooling", "years_work", "hours"]
        frame = read("pay.csv").dropna(subset=["log_pay", "female", *names])
        parts = [g for _, g in frame.groupby("female")]
        x = [sm.add_constant(g[names].astype(float), prepend=False) for g in parts]
        fits = [sm.OLS(g["log_pay"], z).fit(cov_type="HC1") for g, z in zip(parts, x)]
        b, v = [f.params.to_numpy() for f in fits], [f.cov_params().to_numpy() for f in fits]
        m = [z.mean().to_numpy() for z in x]
        cov = [np.pad(np.cov(g[names].to_numpy(float).T) / len(g), ((0, 1), (0, 1))) for g in parts]
        gap = m[0] @ b[0] - m[1] @ b[1]
        pooled = sm.OLS(frame["log_pay"], sm.add_constant(frame[names].assign(first=(frame["female"] == 0)).astype(float)[[*names, "first"]], prepend=False)).fit(cov_type="HC1")
        pb = pooled.params.to_numpy()
        ref, vr = {"first": (b[0], v[0]), "second": (b[1], v[1]), "pooled": (pb[[0, 1, 2, 4]], None)}[reference]
        d = m[0] - m[1]
        explained = d @ ref
        unexplained = gap - explained
        # delta method (Jann 2008): means and coefficients are uncorrelated. The pooled model shares its rows with both groups: the
        # covariance of all three is that of their joint scores, with n / (n - 1)
        k, joint = len(ref), np.zeros((2 * len(ref), 2 * len(ref)))
        joint[:k, :k], joint[k:, k:] = v
        of_group = {"first": (1.0, 0.0), "second": (0.0, 1.0), "pooled": (0.0, 0.0)}[reference]
        if reference == "pooled":
            n = len(frame)
            z = pooled.model.exog
            scores = [np.zeros((n, k)), np.zeros((n, k)), ((z * pooled.resid.to_numpy()[:, None]) @ np.linalg.inv(z.T @ z))[:, [0, 1, 2, 4]]]
            for i, (g, f, w) in enumerate(zip(parts, fits, x)):
                w = w.to_numpy()
                scores[i][frame.index.get_indexer(g.index)] = (w * f.resid.to_numpy()[:, None]) @ np.linalg.inv(w.T @ w)
            scores = np.hstack(scores)
            joint = scores.T @ scores * n / (n - 1)
            vr = joint[2 * k:, 2 * k:]
            v = [joint[:k, :k], joint[k:2 * k, k:2 * k]]

        def error(positions):
            """Errors of the explained and the unexplained part of some regressors."""
            pick = np.zeros(k)
            pick[positions] = 1
            on_means = pick * ref
            explain = (pick * d) @ vr @ (pick * d) + on_means @ (cov[0] + cov[1]) @ on_means
            gradient = np.r_[pick * (m[0] - of_group[0] * d), pick * (-m[1] - of_group[1] * d), -pick * d if reference == "pooled" else []]
            a, c = pick * (b[0] - ref), pick * (ref - b[1])
            return math.sqrt(explain), math.sqrt(gradient @ joint @ gradient + a @ cov[0] @ a + c @ cov[1] @ c)

        se_e, se_u = error(list(range(k)))
        if reference == "pooled":
            same(unexplained, pb[3], 1e-8)
        # statsmodels: its unexplained part is evaluated at the coefficients of one group
        found = OaxacaBlinder(frame["log_pay"], frame[["female", *names]].astype(float), "female", hasconst=False, swap=False)
        if reference != "pooled":
            weight = 1 if reference == "first" else 0
            parts_of = [found.two_fold(two_fold_type="self_submitted", submitted_weight=w).params for w in (weight, 1 - weight)]
            assert any(np.allclose(np.abs(p[:2]), np.abs([unexplained, explained]), rtol=1e-8) for p in parts_of), parts_of
        level = [m[i] @ v[i] @ m[i] + b[i] @ cov[i] @ b[i] for i in (0, 1)]
        se_gap = math.sqrt(sum(level))

        def row(part, value, se):
            return {"part": part, "estimate": value, "std_error": se, "statistic": value / se, "p_value": 2 * stats.norm.sf(abs(value / se)), "ci_low": value - Z * se, "ci_high": value + Z * se, "share": value / gap}

        rows = [row("gap", gap, se_gap), row("explained", explained, se_e), row("unexplained", unexplained, se_u)]
        rows[0]["share"] = 1
        for i, g in enumerate(parts):
            rows.append({"part": f"mean_group{i + 1}", "estimate": g["log_pay"].mean(), "std_error": math.sqrt(level[i])})
        detail = []
        for i, t in enumerate([*names, "_cons"]):
            (own_e, own_u), rest = error([i]), m[0][i] * (b[0] - ref)[i] + m[1][i] * (ref - b[1])[i]
            line = {"term": t, "unexplained": rest, "unexplained_error": own_u, "unexplained_p": 2 * stats.norm.sf(abs(rest / own_u))}
            if t != "_cons":
                value = d[i] * ref[i]
                line |= {"mean_first": m[0][i], "mean_second": m[1][i], "coefficient": ref[i], "explained": value, "explained_error": own_e, "explained_p": 2 * stats.norm.sf(abs(value / own_e)), "share": value / gap}
            detail.append(line)
        n = [len(g) for g in parts]
        return case({"table_decomposition.csv": table(["part"], rows), "table_detail.csv": table(["term"], detail),
                     "table_fit.csv": fit({"N": sum(n), "n_first": n[0], "n_second": n[1], "r2_first": fits[0].rsquared, "r2_second": fits[1].rsquared})},
                    {"n_used": sum(n), "gap": gap, "explained": explained, "unexplained": unexplained}, parameters, name)

    save("pay.oaxaca.json", f"{SM} OLS, OaxacaBlinder; delta rule by hand", CLOSED, one("first"), [one(r, f"coefficients {r}", {"reference": r}) for r in ("second", "pooled")])


def spline() -> None:
    """Log pay on age: linear pieces, and a restricted cubic spline."""
    def one(kind, knots, name=None, parameters=None):
        frame = read("pay.csv").dropna(subset=["log_pay", "age", "schooling", "female"])
        a = frame["age"].to_numpy(float)

        def basis(x):
            x = np.asarray(x, float)
            if kind == "linear":
                edges = [*knots, np.inf]
                out = [np.minimum(x, edges[0])]
                out += [np.clip(x - edges[i], 0, edges[i + 1] - edges[i]) for i in range(len(knots))]
                return np.column_stack(out)
            t, cube = knots, lambda v: np.maximum(0, v) ** 3
            tail = [(cube(x - t[j]) - cube(x - t[-2]) * (t[-1] - t[j]) / (t[-1] - t[-2]) + cube(x - t[-1]) * (t[-2] - t[j]) / (t[-1] - t[-2])) / (t[-1] - t[0]) ** 2 for j in range(len(t) - 2)]
            return np.column_stack([x, *tail])

        s = basis(a)
        k = s.shape[1]
        x = np.column_stack([s, frame[["schooling", "female"]], np.ones(len(a))])
        result = sm.OLS(frame["log_pay"].to_numpy(), x).fit(cov_type="HC1", use_t=True)
        df = len(a) - x.shape[1]
        names = [f"ss_s{i + 1}" for i in range(k)] + ["schooling", "female", "_cons"]
        wide = np.eye(x.shape[1])
        tests = [("no_relation", wide[:k])]
        if kind == "linear":
            tests.append(("one_slope", wide[1:k] - wide[0]))
            tests += [(f"knot{i}", wide[i:i + 1] - wide[i - 1:i]) for i in range(1, k)]
        else:
            tests.append(("one_slope", wide[1:k]))
        rows = []
        for label, r in tests:
            f = float(np.squeeze(result.f_test(r).fvalue))
            rows.append({"test": label, "statistic": f, "df1": len(r), "df2": df, "p_value": stats.f.sf(f, len(r), df)})
        grid = a.min() + (a.max() - a.min()) * np.arange(41) / 40
        at = np.column_stack([basis(grid), np.tile(frame[["schooling", "female"]].mean().to_numpy(), (41, 1)), np.ones(41)])
        y, se = at @ result.params, np.sqrt(np.einsum("ij,jk,ik->i", at, result.cov_params(), at))
        t = stats.t.ppf(0.975, df)
        curve = [{"x": g, "y": v, "low": v - t * e, "high": v + t * e} for g, v, e in zip(grid, y, se)]
        values = {"N": len(a), "r2": result.rsquared, "r2_a": result.rsquared_adj, "rmse": math.sqrt(result.mse_resid), "df_m": x.shape[1] - 1, "df_r": df, "knots": len(knots)}
        return case({"table_coefficients.csv": table(["term"], t_rows("log_pay", names, result.params, result.bse, df)), "table_tests.csv": table(["test"], rows),
                     "table_curve.csv": table([], curve), "table_fit.csv": fit(values)}, {"n_used": len(a), "r2": result.rsquared, "nonlinear_p": rows[1]["p_value"]}, parameters, name)

    # the pieces are stored as float: seven digits
    save("pay.spline.json", f"{SM} OLS on the basis of Harrell (2001)", {"default": 1e-6}, one("linear", [30.0, 45.0]),
         [one("cubic", [25.0, 38.0, 55.0], "restricted cubic spline", {"kind": "cubic", "knots": "25 38 55"})])


def gmm() -> None:
    """Return to education; robust and clustered moments."""
    def one(cluster, name=None, parameters=None):
        frame = read("returns.csv").dropna(subset=["log_wage", "education", "near_college", "father_education", "experience", "south", "urban"])
        exog = frame[["experience", "south", "urban"]].astype(float).assign(_cons=1.0)
        args = (frame["log_wage"], exog, frame[["education"]].astype(float), frame[["near_college", "father_education"]].astype(float))
        kinds = {"cov_type": "clustered", "clusters": frame["county"]} if cluster else {"cov_type": "robust"}
        weights = {"weight_type": "clustered", "clusters": frame["county"]} if cluster else {"weight_type": "robust"}
        g = IVGMM(*args, **weights).fit(iter_limit=2, **kinds)
        two, liml = IV2SLS(*args).fit(debiased=False, **kinds), IVLIML(*args).fit(debiased=False, **kinds)
        order = ["education", "experience", "south", "urban", "_cons"]
        rows = []
        # Stata's clustered covariances have G/(G-1)
        n_clusters = frame["county"].nunique()
        for model, result in (("gmm", g), ("tsls", two), ("liml", liml)):
            rows += [{"model": model} | r for r in z_rows("log_wage", order, result.params[order], result.std_errors[order])]
        if cluster:
            rows = [{k: r[k] for k in ("model", "term", "estimate")} for r in rows]
        j = g.j_stat
        z = sm.add_constant(frame[["near_college", "father_education", "experience", "south", "urban"]].astype(float), prepend=False)
        first = sm.OLS(frame["education"].astype(float), z).fit(use_t=True, **({"cov_type": "cluster", "cov_kwds": {"groups": frame["county"]}} if cluster else {"cov_type": "HC1"}))
        f = float(np.squeeze(first.f_test(np.eye(6)[:2]).fvalue))
        df2 = n_clusters - 1 if cluster else len(frame) - 6
        stages = [{"endogenous": "education", "r2": first.rsquared, "f_stat": f, "df1": 2, "df2": df2, "p_value": stats.f.sf(f, 2, df2)}]
        tests = [{"test": "hansen_j", "statistic": j.stat, "df1": 1, "p_value": j.pval}, {"test": "liml_kappa", "statistic": liml.kappa}]
        metrics = {"n_used": len(frame), "first_stage_f": f, "rmse": math.sqrt((np.asarray(g.resids) ** 2).mean())}
        tables = {"table_first_stage.csv": table(["endogenous"], stages)}
        if not cluster:
            metrics["j_p"] = j.pval
            tables |= {"table_coefficients.csv": table(["model", "term"], rows), "table_tests.csv": table(["test"], tests)}
            tables["table_fit.csv"] = fit({"N": len(frame), "df_m": 4, "instruments": 2, "first_stage_f": f})
        else:
            del metrics["rmse"]
        return case(tables, metrics, parameters, name)

    save("returns.gmm.json", f"linearmodels {linearmodels.__version__} IVGMM, IVLIML, IV2SLS; {SM} OLS", {"default": 1e-7}, one(False),
         [one(True, "clustered moments", {"cluster_vars": ["county"]})])


def triple() -> None:
    """Employment of young and older workers under a wage rule."""
    frame = read("wage_law.csv")
    t, p, g = (frame[c].to_numpy(float) for c in ("treated", "post", "young"))
    names = ["1.treated", "1.post", "1.treated#1.post", "1.young", "1.treated#1.young", "1.post#1.young", "1.treated#1.post#1.young", "_cons"]
    x = np.column_stack([t, p, t * p, g, t * g, p * g, t * p * g, np.ones(len(t))])
    result = sm.OLS(frame["employment"], x).fit(cov_type="cluster", cov_kwds={"groups": pd.factorize(frame["region"])[0]}, use_t=True)
    df = frame["region"].nunique() - 1
    b, cov = np.asarray(result.params), np.asarray(result.cov_params())
    means = frame.groupby(["young", "treated", "post"])["employment"].agg(["size", "mean", "sem"])
    did = lambda k: (means.loc[(k, 1, 1), "mean"] - means.loc[(k, 1, 0), "mean"]) - (means.loc[(k, 0, 1), "mean"] - means.loc[(k, 0, 0), "mean"])
    same([did(0), did(1), did(1) - did(0)], [b[2], b[2] + b[6], b[6]], 1e-8)
    rows = []
    for label, w in (("did_unexposed", np.eye(8)[2]), ("did_exposed", np.eye(8)[2] + np.eye(8)[6]), ("triple_difference", np.eye(8)[6])):
        r = t_rows("", [label], [w @ b], [math.sqrt(w @ cov @ w)], df)[0]
        rows.append({"effect": label} | {k: r[k] for k in ("estimate", "std_error", "statistic", "p_value", "ci_low", "ci_high")})
    eight = [{"third": k[0], "treatment": k[1], "post": k[2], "n": r["size"], "mean": r["mean"], "std_error": r["sem"]} for k, r in means.iterrows()]
    values = {"N": len(frame), "r2": result.rsquared, "r2_a": result.rsquared_adj, "rmse": math.sqrt(result.ssr / (len(frame) - 8)), "df_r": df, "n_clusters": df + 1}
    save("wage_law.triple.json", f"{SM} OLS; eight means by hand", CLOSED, case(
        {"table_coefficients.csv": table(["term"], [dict(r, equation="employment") for r in t_rows("", names, b, np.sqrt(np.diag(cov)), df)]), "table_effects.csv": table(["effect"], rows),
         "table_eight_means.csv": table(["third", "treatment", "post"], eight), "table_fit.csv": fit(values)},
        {"n_used": len(frame), "effect": b[6], "p": rows[2]["p_value"], "r2": result.rsquared, "df_r": df}))


def staggered() -> None:
    """Towns that adopt a programme in three years or never."""
    data = read("adoption.csv")
    cohorts = [2014, 2016, 2018]
    relative = (data["year"] - data["start_year"]).clip(-4, 4).where(data["start_year"] > 0)
    cells = [(g, k) for g in cohorts for k in range(-4, 5) if k != -1 and ((data["start_year"] == g) & (relative == k)).any()]
    x = pd.concat([pd.DataFrame({f"{g}:{k}": ((data["start_year"] == g) & (relative == k)).astype(float) for g, k in cells}), data[["income"]], dummies(data["year"], "year")], axis=1)
    f = within_fit(data["visits"], x, data["town"])
    b, cov, df = f["b"], f["cov"], f["df"]
    named = x.rename(columns=lambda c: "v" + c.replace(":", "_").replace("-", "m").replace(".", "_"))
    short = list(named.columns[: len(cells) + 1])
    check = pyfixest.feols("visits ~ " + " + ".join(short) + " | town + year", pd.concat([data[["visits", "town", "year"]], named[short]], axis=1), vcov={"CRV1": "town"})
    same(check.coef().to_numpy(), b[: len(short)], 1e-7)
    n = np.array([((data["start_year"] == g) & (relative == k)).sum() for g, k in cells])
    se = np.sqrt(np.diag(cov))

    def mean(inside):
        w = np.zeros(len(b))
        w[: len(cells)] = np.where(inside, n, 0) / n[inside].sum()
        r = t_rows("", [""], [w @ b], [math.sqrt(w @ cov @ w)], df)[0]
        return {k: r[k] for k in ("estimate", "std_error", "statistic", "p_value", "ci_low", "ci_high")}

    g, k = np.array([c[0] for c in cells]), np.array([c[1] for c in cells])
    dynamic = [{"relative_period": p} | mean(k == p) | {"n": n[k == p].sum()} for p in range(-4, 5) if p != -1]
    dynamic.append({"relative_period": -1, "estimate": 0, "n": (relative == -1).sum(), "note": "base"})
    total = [{"effect": "att"} | mean(k >= 0)] + [{"effect": f"att_cohort_{c}"} | mean((k >= 0) & (g == c)) for c in cohorts]
    before = np.flatnonzero(k < -1)
    stat = b[before] @ np.linalg.solve(cov[np.ix_(before, before)], b[before]) / len(before)
    chance = stats.f.sf(stat, len(before), df)
    metrics = {"att": total[0]["estimate"], "att_se": total[0]["std_error"], "p_pretrend": chance, "n_used": len(data), "n_groups": 90}
    total.append({"effect": "pre_trend", "statistic": stat, "df1": len(before), "df2": df, "p_value": chance})
    rows = [{"cohort": c[0], "relative_period": c[1], "estimate": b[i], "std_error": se[i], "n": n[i]} for i, c in enumerate(cells)]
    save("adoption.staggered.json", f"pyfixest {pyfixest.__version__}; numpy {np.__version__}, two-way within regression by hand", {"default": 1e-7}, case(
        {"table_aggregate.csv": table(["effect"], total), "table_dynamic.csv": table(["relative_period"], dynamic), "table_cohorts.csv": table(["cohort", "relative_period"], rows),
         "table_fit.csv": fit({"N": len(data), "N_g": 90, "df_r": df, "cohorts": 3})}, metrics))


def doubly_robust() -> None:
    """Training and earnings: AIPW, IPWRA and RA with covariances from stacked moments."""
    frame = read("training.csv").dropna(subset=["earnings"])
    names = ["age", "schooling", "married", "earnings_before"]
    x = np.column_stack([frame[names].to_numpy(float), np.ones(len(frame))])
    y, t = frame["earnings"].to_numpy(), frame["trained"].to_numpy(float)
    n, k = x.shape
    logit = sm.Logit(t, x).fit(disp=0, tol=1e-14)

    def estimate(kind):
        g = logit.params
        score = lambda a: 1 / (1 + np.exp(-x @ a))
        p = score(g)
        w = {"aipw": np.ones(n), "ra": np.ones(n), "ipwra": np.where(t == 1, 1 / p, 1 / (1 - p))}[kind]
        beta = [sm.WLS(y[t == d], x[t == d], weights=w[t == d]).fit().params for d in (0, 1)]

        def moments(theta):
            m0, m1, b0, b1, a = theta[0], theta[1], theta[2:2 + k], theta[2 + k:2 + 2 * k], theta[2 + 2 * k:]
            q = score(a)
            weight = np.where(t == 1, 1 / q, 1 / (1 - q)) if kind == "ipwra" else np.ones(n)
            h0, h1 = x @ b0, x @ b1
            r0, r1 = ((1 - t) * (y - h0) / (1 - q), t * (y - h1) / q) if kind == "aipw" else (0, 0)
            return np.column_stack([h0 + r0 - m0, h1 + r1 - m1, x * (weight * (1 - t) * (y - h0))[:, None], x * (weight * t * (y - h1))[:, None], x * (t - q)[:, None]])

        h0, h1 = x @ beta[0], x @ beta[1]
        c0, c1 = ((1 - t) * (y - h0) / (1 - p), t * (y - h1) / p) if kind == "aipw" else (0, 0)
        theta = np.concatenate([[(h0 + c0).mean(), (h1 + c1).mean()], *beta, g])
        jac = np.column_stack([(moments(theta + d).mean(0) - moments(theta - d).mean(0)) / (2 * d.max()) for d in np.eye(len(theta)) * 1e-5])
        bread = np.linalg.inv(jac)
        s = moments(theta)
        cov = bread @ (s.T @ s / n) @ bread.T / n
        rows = []
        for term, v in (("ate", np.r_[-1, 1]), ("mean_without_treatment", np.r_[1, 0])):
            r = z_rows("", [term], [v @ theta[:2]], [math.sqrt(v @ cov[:2, :2] @ v)])[0]
            rows.append({"estimator": kind, "term": term} | {c: r[c] for c in ("estimate", "std_error", "statistic", "p_value", "ci_low", "ci_high")})
        return rows

    rows = estimate("aipw") + estimate("ipwra") + estimate("ra")
    naive = y[t == 1].mean() - y[t == 0].mean()
    te = TreatmentEffect(sm.OLS(y, x), t.astype(int), results_select=logit)
    same(te.aipw(return_results=False)[0], rows[0]["estimate"], 1e-8)
    same(te.ipw_ra(return_results=False)[0], rows[2]["estimate"], 1e-8)
    rows.append({"estimator": "unadjusted", "term": "difference_of_means", "estimate": naive})
    same(te.ra(return_results=False)[0], rows[4]["estimate"], 1e-8)
    save("training.doubly_robust.json", f"{SM} TreatmentEffect; numpy: covariance from stacked moments", {"default": 1e-6, "p_value": 1e-5}, case(
        {"table_effects.csv": table(["estimator", "term"], rows), "table_fit.csv": fit({"N": n, "n_treated": t.sum(), "n_control": n - t.sum()})},
        {"n_used": n, "effect": rows[0]["estimate"], "effect_se": rows[0]["std_error"], "naive": naive}))


def mediation_case(cause, mediator, controls, name=None, parameters=None):
    """Paths and effects on log pay; a variant has resampled limits too."""
    frame = read("pay.csv").dropna(subset=["log_pay", cause, mediator, *controls])
    short, long = [cause, *controls], [cause, mediator, *controls]
    ols = lambda y, names: sm.OLS(frame[y].astype(float), sm.add_constant(frame[names].astype(float), prepend=False)).fit(cov_type="HC1", use_t=True)
    total, first, second = ols("log_pay", short), ols(mediator, short), ols("log_pay", long)
    a, b, c = first.params[cause], second.params[mediator], second.params[cause]
    va, vb, vc = first.bse[cause] ** 2, second.bse[mediator] ** 2, second.bse[cause] ** 2
    # with the same controls the total effect is the sum of its parts
    same(total.params[cause], a * b + c, 1e-8)

    def row(name, value, se):
        return {"effect": name, "estimate": value, "std_error": se, "statistic": value / se, "p_value": 2 * stats.norm.sf(abs(value / se)), "ci_low": value - Z * se, "ci_high": value + Z * se}

    def coefficient(name, result):
        return {"effect": name} | {k: v for k, v in t_rows("path", [cause], result.params[[cause]], result.bse[[cause]], result.df_resid)[0].items() if k not in ("equation", "term", "note")}

    rows = [row("indirect", a * b, math.sqrt(a * a * vb + b * b * va)), coefficient("direct", second), coefficient("total", total),
            {"effect": "share_mediated", "estimate": a * b / (a * b + c)}]
    joint = max(2 * stats.norm.sf(abs(a / math.sqrt(va))), 2 * stats.norm.sf(abs(b / math.sqrt(vb))))
    extra = sm.OLS(frame["log_pay"], sm.add_constant(frame[long].assign(x=frame[cause] * frame[mediator]).astype(float))).fit(cov_type="HC1", use_t=True)
    rows += [{"effect": "joint_test", "p_value": joint}, {"effect": "interaction", "statistic": extra.tvalues["x"] ** 2, "p_value": extra.pvalues["x"]}]
    paths = []
    for model, result, names in (("total", total, short), ("mediator", first, short), ("outcome", second, long)):
        order = [*names, "const"]
        paths += [{"model": model} | r for r in t_rows("path", [*names, "_cons"], result.params[order], result.bse[order], result.df_resid)]
    tables = {"table_paths.csv": table(["model", "term"], paths), "table_effects.csv": table(["effect"], rows),
              "table_fit.csv": fit({"N": len(frame), "r2_total": total.rsquared, "r2_mediator": first.rsquared, "r2_with_mediator": second.rsquared})}
    if name:
        tables["table_bootstrap.csv"] = table(["effect"], bootstrap_rows(frame, cause, mediator, controls, {"indirect": a * b, "direct": c, "total": a * b + c}))
    return case(tables, {"n_used": len(frame), "indirect": a * b, "direct": c, "total": a * b + c, "p_joint": joint}, parameters, name)


def mediation() -> None:
    """Sex, hours and log pay; schooling, work experience and log pay."""
    # limits of 2,000 resamples against 20,000: four times the error of the simulation
    loose = {"boot_error": 0.08} | {f"{kind}_{side}": 0.15 for kind in ("percentile", "corrected") for side in ("low", "high")}
    save("pay.mediation.json", f"{SM} OLS HC1; delta rule by hand; resamples by numpy", {"default": 1e-8, "p_value": 1e-7} | loose, mediation_case("female", "hours", ["schooling", "age"]), [
        mediation_case("schooling", "years_work", ["female"], "bootstrap", {"treatment": "schooling", "mediator": "years_work", "controls": ["female"], "bootstrap": True, "reps": 2000, "seed": 5})])


def bootstrap_rows(frame, cause, mediator, controls, effects):
    """Errors, percentiles and bias-corrected limits (Efron 1987) of 20,000 resamples."""
    x = np.column_stack([np.ones(len(frame)), frame[[cause, *controls]].to_numpy(float)])
    m, y = frame[mediator].to_numpy(float), frame["log_pay"].to_numpy(float)
    rng = np.random.default_rng(2)
    draws = []
    for _ in range(20_000):
        own = rng.integers(0, len(frame), len(frame))
        first = np.linalg.lstsq(x[own], m[own], rcond=None)[0][1]
        second = np.linalg.lstsq(np.column_stack([x[own], m[own]]), y[own], rcond=None)[0]
        draws.append([first * second[-1], second[1], first * second[-1] + second[1]])
    out = []
    for (name, value), own in zip(effects.items(), np.array(draws).T):
        z0 = stats.norm.ppf((own <= value).mean())
        low, high = (np.quantile(own, stats.norm.cdf(2 * z0 + s * Z)) for s in (-1, 1))
        out.append({"effect": name, "estimate": value, "boot_error": own.std(ddof=1), "percentile_low": np.quantile(own, 0.025), "percentile_high": np.quantile(own, 0.975), "corrected_low": low, "corrected_high": high})
    return out


def fuzzy() -> None:
    """Enrolment and wage around the score 100."""
    def one(bandwidth, kernel, name=None, parameters=None):
        frame = read("admission.csv")
        run = frame["score"] - 100
        with contextlib.redirect_stdout(io.StringIO()):
            robust = rdrobust(frame["wage"].to_numpy(float), run.to_numpy(float), fuzzy=frame["enrolled"].to_numpy(float), h=bandwidth, kernel=kernel)
        base = float(np.asarray(robust.bws, float)[0, 0])
        corrected, corrected_se = float(np.asarray(robust.coef, float)[1, 0]), float(np.asarray(robust.se, float)[2, 0])
        rows, effects, used = [], [], None
        for factor in (0.5, 0.75, 1.0, 1.5, 2.0):
            h = factor * base
            w = (run.abs() <= h).astype(float) if kernel == "uniform" else (1 - run.abs() / h).clip(lower=0)
            data = pd.DataFrame({"y": frame["wage"], "d": frame["enrolled"].astype(float), "above": (run >= 0).astype(float), "run": run, "w": w, "one": 1.0})
            data["slope"] = data["run"] * data["above"]
            data = data[data["w"] > 0]
            iv = IV2SLS(data["y"], data[["run", "slope", "one"]], data[["d"]], data[["above"]], weights=data["w"]).fit(cov_type="robust", debiased=False)
            z = data[["above", "run", "slope", "one"]]
            first, reduced = (sm.WLS(data[v], z, weights=data["w"]).fit(cov_type="HC1", use_t=True) for v in ("d", "y"))
            b, se = iv.params["d"], iv.std_errors["d"]
            f = first.tvalues["above"] ** 2
            rows.append({"bandwidth": h, "factor": factor, "n_below": (data["above"] == 0).sum(), "n_above": (data["above"] == 1).sum(), "estimate": b, "std_error": se,
                         "p_value": 2 * stats.norm.sf(abs(b / se)), "ci_low": b - Z * se, "ci_high": b + Z * se, "jump_treatment": first.params["above"], "first_stage_f": f})
            same(b, reduced.params["above"] / first.params["above"], 1e-8)
            if factor == 1.0:
                pick = ("estimate", "std_error", "statistic", "p_value", "ci_low", "ci_high")
                r = z_rows("", [""], [b], [se])[0]
                effects = [{"term": "effect"} | {c: r[c] for c in pick}]
                r = z_rows("", [""], [corrected], [corrected_se])[0]
                effects.append({"term": "effect_robust"} | {c: r[c] for c in pick})
                for term, res in (("jump_treatment", first), ("jump_outcome", reduced)):
                    r = t_rows("", [""], [res.params["above"]], [res.bse["above"]], res.df_resid)[0]
                    effects.append({"term": term} | {c: r[c] for c in pick})
                used = len(data)
                metrics = {"n_used": used, "bandwidth": h, "effect": b, "effect_se": se, "effect_robust": corrected, "se_robust": corrected_se,
                           "jump_treatment": first.params["above"], "first_stage_f": f}
        return case({"table_effects.csv": table(["term"], effects), "table_bandwidths.csv": table([], sorted(rows, key=lambda r: r["factor"])), "table_fit.csv": fit({"N": used, "bandwidth": base})}, metrics, parameters, name)

    save("admission.fuzzy.json", f"linearmodels {linearmodels.__version__} IV2SLS; {SM} WLS; Python rdrobust", {"default": 1e-7}, one(None, "triangular"),
         [one(8.0, "uniform", "uniform kernel", {"bandwidth": 8, "kernel": "uniform"})])


def write_all() -> None:
    """Writes all golden files of this module."""
    for make in (twoway_cluster, oaxaca, spline, gmm, triple, staggered, doubly_robust, mediation, fuzzy):
        make()


if __name__ == "__main__":
    write_all()
