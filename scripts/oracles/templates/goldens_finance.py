"""Golden numbers of finance, accounting and balanced panels (numpy and pandas by hand, statsmodels)."""

import math

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
from scipy import stats

from golden import case, fit, percentile, read, save, table
from goldens_models import CLOSED

SM = f"statsmodels {statsmodels.__version__}"


def event_study() -> None:
    """Announcements of 24 shares; market-adjusted and mean-adjusted returns as variants."""
    def one(model, first, last, name=None, parameters=None):
        frame = read("announcements.csv").dropna(subset=["ret", "event_day"] + (["market"] if model != "mean" else [])).sort_values(["share", "day"])
        events, paths, length = [], [], last - first + 1
        for share, own in frame.groupby("share"):
            own = own.reset_index(drop=True)
            zero = own.index[own["day"] >= own["event_day"]][0]
            day = own.index.to_numpy() - zero
            before = (day < first - 10) & (day >= first - 10 - 100)
            r, m = own["ret"].to_numpy(), own["market"].to_numpy()
            n, window = before.sum(), (day >= first) & (day <= last)
            alpha, beta = 0.0, None
            if model == "market":
                line = sm.OLS(r[before], sm.add_constant(m[before])).fit()
                alpha, beta = line.params
                s, ar = math.sqrt(line.mse_resid), r - alpha - beta * m
                # variance of the sum of predictions of new days
                x = np.array([length, m[window].sum()])
                variance = s**2 * length + x @ line.cov_params() @ x
            elif model == "adjusted":
                ar, beta = r - m, 1
                s = ar[before].std(ddof=1)
                variance = s**2 * length
            else:
                alpha = r[before].mean()
                s, ar = r[before].std(ddof=1), r - alpha
                variance = s**2 * (length + length**2 / n)
            car = ar[window].sum()
            z = car / math.sqrt(variance)
            events.append({"asset": share, "n_estimation": n, "alpha": alpha, "beta": beta, "residual_sd": s, "car": car, "std_error": math.sqrt(variance), "statistic": z, "p_value": 2 * stats.norm.sf(abs(z))})
            paths.append(ar[window])
        paths, k = np.array(paths), len(events)
        sums = paths.cumsum(1)
        t = lambda a: (a.mean(), a.std(ddof=1) / math.sqrt(k))
        days = []
        half = stats.t.ppf(0.975, k - 1)
        for j, d in enumerate(range(first, last + 1)):
            (mean, se), (total, total_se) = t(paths[:, j]), t(sums[:, j])
            days.append({"day": d, "n": k, "mean_ar": mean, "std_error": se, "statistic": mean / se, "p_value": 2 * stats.t.sf(abs(mean / se), k - 1), "share_positive": (paths[:, j] > 0).mean(), "mean_car": total, "car_se": total_se,
                         "ci_low": total - half * total_se, "ci_high": total + half * total_se})
        car, z = np.array([e["car"] for e in events]), np.array([e["statistic"] for e in events])
        cross, bmp = stats.ttest_1samp(car, 0), stats.ttest_1samp(z, 0)
        patell, up = z.mean() * math.sqrt(k), (car > 0).sum()
        sign = (up - k / 2) / math.sqrt(k / 4)
        tests = [{"test": "cross_sectional", "estimate": car.mean(), "std_error": t(car)[1], "statistic": cross.statistic, "df2": k - 1, "p_value": cross.pvalue}, {"test": "patell", "estimate": z.mean(), "statistic": patell, "p_value": 2 * stats.norm.sf(abs(patell))},
                 {"test": "bmp", "estimate": z.mean(), "std_error": t(z)[1], "statistic": bmp.statistic, "df2": k - 1, "p_value": bmp.pvalue}, {"test": "sign", "estimate": up / k, "statistic": sign, "p_value": 2 * stats.norm.sf(abs(sign))}]
        return case({"table_car.csv": table(["asset"], events), "table_caar.csv": table(["day"], days), "table_tests.csv": table(["test"], tests), "table_fit.csv": fit({"N": len(frame), "events": k, "events_left_out": 0, "first_day": first, "last_day": last, "estimation_days": 100})},
                    {"n_used": len(frame), "n_events": k, "caar": car.mean(), "caar_se": t(car)[1], "p": cross.pvalue}, parameters, name)

    save("announcements.event_study.json", f"{SM} OLS; numpy by hand", CLOSED, one("market", -1, 1),
         [one("adjusted", 0, 3, "less the market, days 0 to 3", {"model": "adjusted", "first": 0, "last": 3}), one("mean", -1, 1, "less the own mean", {"model": "mean"})])


def portfolio_sort() -> None:
    """Shares by book-to-market; value weights and three portfolios as a variant."""
    def one(groups, weight, factors, name=None, parameters=None):
        frame = read("stocks.csv").dropna(subset=["ret", "log_bm", *factors])
        count = frame.groupby("month")["log_bm"].transform("count")
        rank = frame.groupby("month")["log_bm"].rank()
        frame["portfolio"] = np.minimum(groups, np.floor((rank - 0.5) / count * groups) + 1).astype(int)
        frame["w"] = frame[weight] if weight else 1.0
        frame["wr"] = frame["w"] * frame["ret"]
        sums = frame.groupby(["month", "portfolio"])[["wr", "w"]].sum()
        returns = (sums["wr"] / sums["w"]).unstack()
        size, level = frame.groupby(["month", "portfolio"]).size().unstack(), frame.groupby(["month", "portfolio"])["log_bm"].mean().unstack()
        returns["high_minus_low"] = returns[groups] - returns[1]
        periods = len(returns)
        m = math.floor(4 * (periods / 100) ** (2 / 9))
        other = frame.groupby("month")[factors].first() if factors else None

        def newey(y, x):
            return sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": m, "use_correction": True}, use_t=True)

        rows = []
        for g in returns.columns:
            y = returns[g]
            mean = newey(y.to_numpy(), np.ones(periods))
            low, high = mean.conf_int()[0]
            row = {"portfolio": str(g), "assets": size[g].mean() if g in size else None, "characteristic": level[g].mean() if g in level else None, "mean_return": mean.params[0], "std_error": mean.bse[0], "statistic": mean.tvalues[0],
                   "p_value": mean.pvalues[0], "ci_low": low, "ci_high": high, "sd": y.std(), "sharpe": y.mean() / y.std(), "alpha": None}
            if factors:
                a = newey(y.to_numpy(), sm.add_constant(other.to_numpy()))
                row |= {"alpha": a.params[0], "alpha_se": a.bse[0], "alpha_t": a.tvalues[0], "alpha_p": a.pvalues[0]}
            rows.append(row)
        return case({"table_portfolios.csv": table(["portfolio"], rows), "table_fit.csv": fit({"periods": periods, "portfolios": groups, "lags": m})},
                    {"n_used": len(frame), "n_periods": periods, "spread": rows[-1]["mean_return"], "spread_se": rows[-1]["std_error"], "spread_p": rows[-1]["p_value"]}, parameters, name)

    save("stocks.portfolio_sort.json", f"pandas {pd.__version__}; {SM} OLS HAC", CLOSED, one(5, None, ["market", "smb", "hml"]), [one(3, "log_size", [], "three portfolios, weighted", {"n_groups": 3, "value_weight": "log_size", "factors": []})])


def risk_measures() -> None:
    """Every share of a month panel; one share alone as a variant."""
    def one(frame, year, tail, name=None, parameters=None, single=False):
        frame = frame.dropna(subset=["ret", "risk_free"]).sort_values(["share", "month"])
        rows = []
        for share, own in frame.groupby("share"):
            r, e = own["ret"].to_numpy(), (own["ret"] - own["risk_free"]).to_numpy()
            n = len(r)
            wealth = np.cumprod(1 + r / 100)
            drop = (wealth / np.maximum(1, np.maximum.accumulate(wealth)) - 1).min()
            cut, ratio = percentile(r, 100 * tail), e.mean() / e.std(ddof=1)
            annual = wealth[-1] ** (year / n) - 1
            rows.append({"asset": "all" if single else share, "n": n, "mean": r.mean(), "sd": r.std(ddof=1), "skewness": stats.skew(r), "kurtosis": stats.kurtosis(r, fisher=False), "annual_return": annual, "annual_sd": r.std(ddof=1) * math.sqrt(year) / 100,
                         "sharpe": ratio * math.sqrt(year), "sharpe_se": math.sqrt((1 + ratio**2 / 2) / n) * math.sqrt(year), "sortino": e.mean() / math.sqrt((np.minimum(0, e) ** 2).mean()) * math.sqrt(year), "max_drawdown": drop, "calmar": annual / -drop,
                         "var_historical": -cut, "es_historical": -r[r <= cut].mean(), "var_normal": -(r.mean() + stats.norm.ppf(tail) * r.std(ddof=1)), "min": r.min(), "max": r.max(), "share_negative": (r < 0).mean()})
        return case({"table_risk.csv": table(["asset"], rows), "table_fit.csv": fit({"N": len(frame), "assets": len(rows), "periods_per_year": year, "tail": tail})},
                    {"n_used": len(frame), "n_assets": len(rows), "sharpe": rows[0]["sharpe"], "max_drawdown": rows[0]["max_drawdown"], "value_at_risk": rows[0]["var_historical"]}, parameters, name)

    frame = read("stocks.csv")
    save("stocks.risk_measures.json", "numpy, scipy by hand", CLOSED, one(frame, 12, 0.05),
         [one(frame[frame["share"] == "S07"], 12, 0.1, "one share, a tail of a tenth", {"asset_id": None, "tail": 0.1, "sample_if": 'share == "S07"'}, single=True)])


def accruals() -> None:
    """Accruals of 180 firms: the three models of the family."""
    def one(model, name=None, parameters=None):
        names = ["total_accruals", "lagged_assets", "sales_change", "ppe"] + (["receivables_change"] if model != "jones" else []) + (["return_on_assets"] if model == "performance" else [])
        frame = read("accounts.csv").dropna(subset=names).copy()
        a = frame["lagged_assets"]
        frame["y"], frame["inverse"], frame["s"], frame["p"] = frame["total_accruals"] / a, 1 / a, frame["sales_change"] / a, frame["ppe"] / a
        frame["cash"] = frame["s"] if model == "jones" else (frame["sales_change"] - frame["receivables_change"]) / a
        rows, normal = [], pd.Series(np.nan, frame.index)
        for (industry, year), own in frame.groupby(["industry", "year"]):
            columns = ["inverse", "cash" if model == "performance" else "s", "p"] + (["return_on_assets"] if model == "performance" else [])
            result = sm.OLS(own["y"], own[columns].assign(one=1.0)).fit()
            b = result.params.to_numpy()
            design = own[["inverse", "cash", "p"] + columns[3:]].assign(one=1.0)
            normal[own.index] = design.to_numpy() @ b
            rows.append({"industry": str(industry), "period": str(year), "n": len(own), "inverse_assets": b[0], "sales": b[1], "ppe": b[2], "performance": b[3] if model == "performance" else None, "constant": b[-1], "r2": result.rsquared})
        left = frame["y"] - normal
        summary = [{"variable": v, "n": x.count(), "mean": x.mean(), "sd": x.std(), **{f"p{q}": percentile(x.to_numpy(), q) for q in (25, 50, 75)}}
                   for v, x in (("accruals_total", frame["y"]), ("accruals_normal", normal), ("accruals_discretionary", left), ("accruals_absolute", left.abs()))]
        return case({"table_coefficients.csv": table(["industry", "period"], rows), "table_summary.csv": table(["variable"], summary), "table_fit.csv": fit({"N": len(frame), "cells": len(rows), "cells_too_small": 0, "least_rows": 10})},
                    {"n_used": len(frame), "n_cells": len(rows), "mean_absolute": left.abs().mean()}, parameters, name)

    inputs = ["lagged_assets", "sales_change", "ppe"]
    save("accounts.accruals.json", f"{SM} OLS by industry and year", CLOSED, one("modified"),
         [one("jones", "Jones", {"model": "jones", "inputs": inputs}), one("performance", "with performance", {"model": "performance", "inputs": [*inputs, "receivables_change", "return_on_assets"]})])


def distress_scores() -> None:
    """Z scores by industry in the four versions."""
    def one(version, name=None, parameters=None):
        frame = read("accounts.csv")
        a = frame["assets"]
        ratios = {"working_capital_to_assets": frame["working_capital"] / a, "retained_earnings_to_assets": frame["retained_earnings"] / a, "ebit_to_assets": frame["ebit"] / a, "equity_to_liabilities": frame["equity_value"] / frame["liabilities"]}
        weights, sales, constant, low, high = {"listed": ([1.2, 1.4, 3.3, 0.6], 0.999, 0, 1.81, 2.99), "private": ([0.717, 0.847, 3.107, 0.42], 0.998, 0, 1.23, 2.9), "service": ([6.56, 3.26, 6.72, 1.05], 0, 0, 1.1, 2.6),
                                               "emerging": ([6.56, 3.26, 6.72, 1.05], 0, 3.25, 4.15, 5.85)}[version]
        z = sum(w * x for w, x in zip(weights, ratios.values())) + sales * frame["sales"] / a + constant
        rows = []
        for group, here in [("all", z == z)] + [(str(g), frame["industry"] == g) for g in sorted(frame["industry"].unique())]:
            x = z[here].to_numpy()
            rows.append({"group": group, "n": len(x), "mean": x.mean(), "sd": x.std(ddof=1), **{f"p{q}": percentile(x, q) for q in (25, 50, 75)}, "share_distress": (x < low).mean(), "share_grey": ((x >= low) & (x <= high)).mean(), "share_safe": (x > high).mean()})
        parts = [{"ratio": k, "mean": v.mean(), "sd": v.std(), "p50": percentile(v.to_numpy(), 50)} for k, v in ratios.items()]
        return case({"table_scores.csv": table(["group"], rows), "table_ratios.csv": table(["ratio"], parts), "table_fit.csv": fit({"N": len(z), "lower_limit": low, "upper_limit": high, "share_distress": rows[0]["share_distress"]})},
                    {"n_used": len(z), "mean_score": z.mean(), "share_distress": rows[0]["share_distress"]}, parameters, name)

    save("accounts.distress_scores.json", f"pandas {pd.__version__} by hand", CLOSED, one("listed"), [one(v, f"{v} firms", {"version": v}) for v in ("private", "service", "emerging")])


def panel_balance() -> None:
    """Firms with all years, or rows added for the missing ones."""
    def one(method, first, last, name=None, parameters=None):
        frame = read("firms_panel.csv")
        units, rows = frame["firm"].nunique(), len(frame)
        frame = frame[frame["year"].between(first, last)]
        whole = frame["log_output"].notna()
        periods = frame["year"].nunique()
        before, complete = frame["year"].value_counts(), frame.loc[whole, "year"].value_counts()
        if method == "keep":
            full = frame[whole].groupby("firm").size()
            after = frame[frame["firm"].isin(full[full == periods].index)]
            added = 0
        else:
            index = pd.MultiIndex.from_product([frame["firm"].unique(), sorted(frame["year"].unique())], names=["firm", "year"])
            after = frame.set_index(["firm", "year"]).reindex(index).reset_index()
            added = len(after) - len(frame)
        final = after["year"].value_counts()
        values = {"rows_before": rows, "rows_in_periods": len(frame), "rows_added": added, "rows_after": len(after), "units_before": units, "units_after": after["firm"].nunique(), "periods": periods, "first_period": first, "last_period": last}
        years = sorted(frame["year"].unique())
        return case({"table_balance.csv": table(["metric"], [{"metric": k, "value": v} for k, v in values.items()]), "table_periods.csv": table(["time"], [{"time": y, "rows_before": before[y], "complete_before": complete[y], "rows_after": final[y]} for y in years])},
                    {"n_used": rows, "n_units": values["units_after"], "n_periods": periods, "rows_after": len(after)}, parameters, name)

    save("firms_panel.panel_balance.json", f"pandas {pd.__version__}", CLOSED, one("keep", 2012, 2020), [one("fill", 2012, 2020, "rows added", {"method": "fill"}), one("keep", 2014, 2018, "five years", {"first": 2014, "last": 2018})])


def write_all() -> None:
    """Writes all golden files of this module."""
    for make in (event_study, portfolio_sort, risk_measures, accruals, distress_scores, panel_balance):
        make()


if __name__ == "__main__":
    write_all()
