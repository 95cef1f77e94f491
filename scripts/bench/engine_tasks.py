"""Tasks of `engine.py`: the do-file command and the same work by its peers.

A peer is a function of the data that prepares its input and returns the work that is timed. The work returns the numbers
that the do-file shows, in the same order.
"""

import numpy as np

REGRESSORS = [f"x{j}" for j in range(1, 11)]
LIST = " ".join(REGRESSORS)
SUM = " + ".join(REGRESSORS)
ENDS = ["_b[x1]", "_b[x10]", "_se[x1]", "_se[x10]"]


def make(rows):
    """A panel with correlated unit effects; the same numbers on every machine."""
    import pandas as pd
    rng = np.random.Generator(np.random.PCG64(20240501))
    firm = rng.integers(0, rows // 10, rows)
    year = rng.integers(2000, 2020, rows)
    region = rng.integers(0, 1000, rows)
    effect = rng.standard_normal(rows // 10)
    x = rng.standard_normal((rows, 10)) + 0.3 * effect[firm][:, None]
    index = x @ np.linspace(-0.5, 0.5, 10)
    y = 1 + index + effect[firm] + 0.1 * (year - 2010) + rng.standard_normal(rows)
    z = (index + rng.logistic(size=rows) > 0).astype(float)
    data = pd.DataFrame({"y": y, "z": z, **{f"x{j + 1}": x[:, j] for j in range(10)}})
    data = data.assign(firm=firm.astype(np.int32), year=year.astype(np.int16), region=region.astype(np.int16))
    data["events"] = rng.poisson(np.exp(0.3 * index)).astype(np.int16)
    instruments, common = rng.standard_normal((rows, 2)), rng.standard_normal(rows)
    data["i1"], data["i2"] = instruments[:, 0], instruments[:, 1]
    data["w"] = instruments @ [0.8, -0.4] + common + rng.standard_normal(rows)
    data["v"] = 1 + 0.5 * data["w"] + 0.3 * data["x1"] + common + rng.standard_normal(rows)
    duration, limit = rng.exponential(np.exp(-0.3 * index)), rng.exponential(2.0, rows)
    data["time"], data["died"] = np.minimum(duration, limit), (duration <= limit).astype(np.int8)
    return data


def ends(fit, first="x1", last="x10"):
    """Coefficients and standard errors of a fit with names."""
    b, se = (fit.coef(), fit.se()) if callable(getattr(fit, "coef", None)) else (fit.params, getattr(fit, "bse", None))
    if se is None:
        se = fit.std_errors
    return [b[first], b[last], se[first], se[last]]


def fixest(formula, vcov, estimator="feols", shown=("x1", "x10")):
    def prepare(data):
        import pyfixest as pf
        run = getattr(pf, estimator)
        return lambda: ends(run(formula.format(x=SUM), data, vcov=vcov, copy_data=False, store_data=False), *shown)
    return prepare


def sm_model(kind, outcome, regressors=REGRESSORS, **fit):
    def prepare(data):
        import statsmodels.api as sm
        design = np.column_stack([data[regressors].to_numpy(), np.ones(len(data))])
        target, options, last = data[outcome].to_numpy(), dict(fit), len(regressors) - 1
        if options.get("cov_type") == "cluster":
            options["cov_kwds"] = {"groups": data["region"].to_numpy()}

        def work():
            found = getattr(sm, kind)(target, design).fit(**options)
            return [found.params[0], found.params[last], found.bse[0], found.bse[last]]
        return work
    return prepare


def panel(kind, **fit):
    def prepare(data):
        import linearmodels.panel as lm
        import pandas as pd
        place = pd.Series(np.arange(len(data))).groupby(data["firm"].to_numpy()).cumcount()
        frame = data[["y"] + REGRESSORS].set_index([data["firm"], pd.Index(place.to_numpy(), name="place")])
        frame["one"] = 1.0
        if kind == "RandomEffects":
            return lambda: ends(lm.RandomEffects(frame["y"], frame[REGRESSORS + ["one"]]).fit(**fit))
        return lambda: ends(lm.PanelOLS(frame["y"], frame[REGRESSORS], entity_effects=True).fit(**fit))
    return prepare


def two_stage(data):
    from linearmodels.iv import IV2SLS
    own = data.assign(one=1.0)
    return lambda: ends(IV2SLS(own["v"], own[["one", "x1"]], own[["w"]], own[["i1", "i2"]]).fit(cov_type="robust"), "w", "x1")


def cox_lifelines(data):
    from lifelines import CoxPHFitter
    own = data[["time", "died", "x1", "x2", "x3"]]

    def work():
        fit = CoxPHFitter().fit(own, "time", "died")
        return [fit.params_["x1"], fit.params_["x3"], fit.standard_errors_["x1"], fit.standard_errors_["x3"]]
    return work


def cox_statsmodels(data):
    import statsmodels.api as sm
    x, time, died = data[["x1", "x2", "x3"]].to_numpy(), data["time"].to_numpy(), data["died"].to_numpy()

    def work():
        fit = sm.PHReg(time, x, status=died, ties="breslow").fit()
        return [fit.params[0], fit.params[2], fit.bse[0], fit.bse[2]]
    return work


def logit_sklearn(data):
    from sklearn.linear_model import LogisticRegression
    x, z = data[REGRESSORS].to_numpy(), data["z"].to_numpy()

    def work():
        fit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-8).fit(x, z)
        return [fit.coef_[0][0], fit.coef_[0][9]]
    return work


def quantile(data):
    import statsmodels.api as sm
    design = np.column_stack([data[["x1", "x2", "x3"]].to_numpy(), np.ones(len(data))])
    y = data["y"].to_numpy()

    def work():
        fit = sm.QuantReg(y, design).fit(q=0.5, p_tol=1e-8)
        return [fit.params[0], fit.params[2]]
    return work


def pandas_task(work):
    return lambda data: lambda: work(data)


def crosstab(data):
    import pandas as pd
    table = pd.crosstab(data["year"], data["events"])
    return [table.to_numpy().sum(), table.to_numpy()[:, 0].sum() + table.to_numpy()[:, 1:].sum()]


def collapsed(data):
    found = data.groupby("firm")[["y", "x1", "x2", "x3"]].mean()
    return [len(found), found["x3"].iloc[-1]]


def collapsed_median(data):
    found = data.groupby("region").agg(y=("y", "median"), s=("x1", "std"), n=("x2", "count"))
    return [len(found), found["y"].iloc[-1], found["s"].iloc[-1]]


def merged(data):
    import pandas as pd
    firms = np.unique(data["firm"])
    table = pd.DataFrame({"firm": firms, "size": firms * 2.0})

    def work():
        found = data.merge(table, on="firm", how="left", validate="m:1")
        return [len(found), found["size"].sum()]
    return work


def ordered(data):
    found = data.sort_values(["region", "y"], kind="stable")
    return [found["y"].iloc[0], found["y"].iloc[-1]]


def firm_means(data):
    found = data.groupby("firm")["y"].transform("mean")
    return [found.iloc[0], found.iloc[-1]]


class Task:
    """A command with what it shows, its peers, and the largest relative differences of coefficients and of errors."""

    def __init__(self, name, command, peers, shown=None, before=(), change=False, limits=(1e-5, 1e-3)):
        self.name, self.command, self.peers = name, command, peers
        self.shown, self.before, self.change, self.limits = shown or ENDS, list(before), change, limits


# Peers differ in their finite-sample factors where effects are absorbed or clusters are counted.
FACTORS = (1e-5, 6e-2)

TASKS = [
    Task("OLS, classical", f"regress y {LIST}", {"pyfixest": fixest("y ~ {x}", "iid"), "statsmodels": sm_model("OLS", "y")}),
    Task("OLS, robust", f"regress y {LIST}, vce(robust)", {"pyfixest": fixest("y ~ {x}", "HC1"), "statsmodels": sm_model("OLS", "y", cov_type="HC1")}),
    Task("OLS, cluster (1,000)", f"regress y {LIST}, vce(cluster region)",
         {"pyfixest": fixest("y ~ {x}", {"CRV1": "region"}), "statsmodels": sm_model("OLS", "y", cov_type="cluster")}),
    Task("one-way effects (a tenth of the rows), xtreg fe", f"xtreg y {LIST}, fe", {"pyfixest": fixest("y ~ {x} | firm", "iid"), "linearmodels": panel("PanelOLS")}, before=["xtset firm"], limits=FACTORS),
    Task("one-way effects, cluster by unit", f"xtreg y {LIST}, fe vce(cluster firm)",
         {"pyfixest": fixest("y ~ {x} | firm", {"CRV1": "firm"}), "linearmodels": panel("PanelOLS", cov_type="clustered", cluster_entity=True)}, before=["xtset firm"], limits=FACTORS),
    # Swamy and Arora with an unbalanced panel: the harmonic mean of linearmodels differs from Stata's default
    Task("random effects, xtreg re", f"xtreg y {LIST}, re", {"linearmodels": panel("RandomEffects")}, before=["xtset firm"], limits=(2e-2, 2e-2)),
    Task("one-way effects, areg", f"areg y {LIST}, absorb(firm)", {"pyfixest": fixest("y ~ {x} | firm", "iid")}, limits=FACTORS),
    Task("two-way effects (+ 20), areg, cluster", f"areg y {LIST}, absorb(firm year) vce(cluster firm)", {"pyfixest": fixest("y ~ {x} | firm + year", {"CRV1": "firm"})}, limits=FACTORS),
    Task("two-way effects (+ 1,000), areg", f"areg y {LIST}, absorb(firm region)", {"pyfixest": fixest("y ~ {x} | firm + region", "iid")}, limits=FACTORS),
    Task("two-way effects (+ 20), reghdfe, cluster", f"reghdfe y {LIST}, absorb(firm year) vce(cluster firm)", {"pyfixest": fixest("y ~ {x} | firm + year", {"CRV1": "firm"})}, limits=FACTORS),
    Task("two-way effects (+ 1,000), reghdfe", f"reghdfe y {LIST}, absorb(firm region)", {"pyfixest": fixest("y ~ {x} | firm + region", "iid")}, limits=FACTORS),
    Task("instruments, ivregress 2sls, robust", "ivregress 2sls v x1 (w = i1 i2), vce(robust)", {"linearmodels": two_stage}, shown=["_b[w]", "_b[x1]", "_se[w]", "_se[x1]"]),
    Task("logit", f"logit z {LIST}", {"statsmodels": sm_model("Logit", "z", disp=0), "scikit-learn (no errors)": logit_sklearn}),
    Task("probit", f"probit z {LIST}", {"statsmodels": sm_model("Probit", "z", disp=0)}),
    Task("poisson", f"poisson events {LIST}", {"statsmodels": sm_model("Poisson", "events", disp=0), "pyfixest": fixest("events ~ {x}", "iid", "fepois")}),
    Task("median regression, 3 regressors", "qreg y x1 x2 x3", {"statsmodels": quantile}, shown=["_b[x1]", "_b[x3]"], limits=(1e-3, 1)),
    Task("Cox, 3 regressors", "stcox x1 x2 x3", {"lifelines": cox_lifelines, "statsmodels": cox_statsmodels}, shown=["_b[x1]", "_b[x3]", "_se[x1]", "_se[x3]"], before=["stset time, failure(died)"]),
    Task("tabulate, two variables", "tabulate year events", {"pandas": pandas_task(crosstab)}, shown=["r(N)", "r(N)"]),
    Task("collapse, means of 4 by unit", "collapse (mean) y x1 x2 x3, by(firm)", {"pandas": pandas_task(collapsed)}, shown=["_N", "x3[_N]"], change=True),
    Task("collapse, median, sd and count by region", "collapse (median) y (sd) s=x1 (count) n=x2, by(region)", {"pandas": pandas_task(collapsed_median)}, shown=["_N", "y[_N]", "s[_N]"], change=True),
    Task("merge m:1", "merge m:1 firm using firms.dta", {"pandas": merged}, shown=["_N", "total"], change=True),
    Task("sort by two variables", "sort region y", {"pandas": pandas_task(ordered)}, shown=["y[1]", "y[_N]"], change=True),
    Task("egen mean by unit", "egen m = mean(y), by(firm)", {"pandas": pandas_task(firm_means)}, shown=["m[1]", "m[_N]"], change=True),
]
