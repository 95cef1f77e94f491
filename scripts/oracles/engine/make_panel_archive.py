"""Panel tests and corrections of the SSC archive. `xtscc`: Stata output for the data of Munnell (1990) as printed in a
question on Stack Overflow (65200432), R plm vcovSCC times the factor of small samples, linearmodels; `xttest2`, `xttest3`,
`xtcsd`: formulas in numpy and scipy."""

import subprocess

import numpy as np
import pandas as pd
from common import ROOT, Cases, write_data
from linearmodels.panel import PanelOLS, PooledOLS
from scipy import integrate, optimize, stats

R_SCRIPT = """
library(plm)
data(Produc)
write.csv(Produc[, c("state", "year", "gsp", "pcap", "emp", "unemp")], "{folder}/produc.csv", row.names = FALSE)
g <- read.csv("{grunfeld}")
u <- g[-c(3, 4, 25, 41, 90, 91, 92, 150, 200), ]
show <- function(name, m, lag) {{
  v <- vcovSCC(m, type = "HC0", maxlag = lag)
  cat(name, lag, sprintf("%.17g", c(coef(m), sqrt(diag(v)))), "\\n")
}}
for (d in list(list("balanced", g), list("unbalanced", u))) {{
  for (model in c("pooling", "within")) {{
    m <- plm(invest ~ mvalue + kstock, d[[2]], index = c("company", "year"), model = model)
    for (lag in c(0, 2, 4)) show(paste(d[[1]], model), m, lag)
  }}
}}
"""


def read_r(folder):
    text = R_SCRIPT.format(folder=folder, grunfeld=ROOT / "data/grunfeld.csv")
    out = subprocess.run(["Rscript", "-"], input=text, capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        sample, model, lag, *numbers = line.split()
        yield sample, model, int(lag), [float(x) for x in numbers]


DROPPED = [3, 4, 25, 41, 90, 91, 92, 150, 200]
UNBALANCED = "drop if inlist(_n, " + ", ".join(map(str, DROPPED)) + ")\n"
SET = "xtset company year\n"


def scc(cases):
    """R's covariance has no factor; the command's is (N-1)/(N-k) T/(T-1)."""
    for sample, model, lag, numbers in read_r("/tmp"):
        n, t = (200, 20) if sample == "balanced" else (191, 20)
        factor = np.sqrt((n - 1) / (n - 3) * t / (t - 1))
        b, se = numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]
        names = (["_cons"] if model == "pooling" else []) + ["mvalue", "kstock"]
        setup = (UNBALANCED if sample == "unbalanced" else "") + SET
        fe = " fe" if model == "within" else ""
        expect = {f"_b[{c}]": v for c, v in zip(names, b)}
        cases.add(f"xtscc ase {sample} {model} {lag}", "grunfeld.csv", f"{setup}xtscc invest mvalue kstock, lag({lag}) ase{fe}", expect | {f"_se[{c}]": v for c, v in zip(names, se)}, 1e-9, "R plm vcovSCC")
        cases.add(f"xtscc {sample} {model} {lag}", "grunfeld.csv", f"{setup}xtscc invest mvalue kstock, lag({lag}){fe}", expect | {f"_se[{c}]": v * factor for c, v in zip(names, se)} | {"e(df_r)": t - 1, "e(lag)": lag}, 1e-9, "R plm vcovSCC, factor by hand")
    produc = pd.read_csv("/tmp/produc.csv")
    produc["state"] = produc.state.astype("category").cat.codes + 1
    write_data("produc", produc)
    cases.add(
        "xtscc of Munnell's states",
        "produc.csv",
        "xtset state year\nxtscc gsp pcap emp unemp i.year, fe",
        {"_b[pcap]": -0.1769881, "_se[pcap]": 0.265713, "_b[emp]": 40.61522, "_se[emp]": 2.238392, "_b[unemp]": 23.59849, "_se[unemp]": 85.10647, "e(lag)": 2, "e(df_r)": 16, "el(r(table), 5, 1)": -0.7402745, "el(r(table), 6, 1)": 0.3862983},
        3e-6,
        "Stata output quoted on Stack Overflow, question 65200432",
    )
    d = pd.read_csv(ROOT / "data/grunfeld.csv").set_index(["company", "year"])
    for name, fit in (("pooled", PooledOLS(d.invest, d[["mvalue", "kstock"]].assign(c=1.0))), ("fe", PanelOLS(d.invest, d[["mvalue", "kstock"]], entity_effects=True))):
        how = {} if name == "pooled" else {"auto_df": False, "count_effects": False}
        r = fit.fit(cov_type="kernel", kernel="bartlett", bandwidth=3, debiased=False, **how)
        cases.add(f"xtscc {name} linearmodels", "grunfeld.csv", f"{SET}xtscc invest mvalue kstock, lag(3) ase {name}", {f"_{w}[{c}]": v[c] for w, v in (("b", r.params), ("se", r.std_errors)) for c in ("mvalue", "kstock")}, 1e-9, "linearmodels")


def frees_quantile(t, alpha):
    a = 4 * (t + 2) / (5 * (t - 1) ** 2 * (t + 1))
    b = 2 * (5 * t + 6) / (5 * t * (t - 1) * (t + 1))
    one, two = t - 1, t * (t - 3) / 2

    def tail(q):
        level = q + a * one + b * two
        inner = lambda x: stats.chi2.pdf(x, one) * stats.chi2.sf((level - a * x) / b, two)
        return integrate.quad(inner, 0, level / a, epsabs=1e-13, epsrel=1e-12, limit=400)[0] + stats.chi2.sf(level / a, one)

    return optimize.brentq(lambda q: tail(q) - alpha, -a * one - b * two + 1e-9, 5, xtol=1e-13)


def residual_tests(cases):
    d = pd.read_csv(ROOT / "data/grunfeld.csv")
    for sample, frame, setup in (("balanced", d, SET), ("unbalanced", d.drop(index=[i - 1 for i in DROPPED]), UNBALANCED + SET)):
        x = frame[["mvalue", "kstock"]]
        within = lambda v: v - v.groupby(frame.company).transform("mean")
        b = np.linalg.lstsq(within(x), within(frame.invest), rcond=None)[0]
        raw = frame.invest - x @ b
        e = raw - raw.groupby(frame.company).transform("mean")
        groups = [g.to_numpy() for _, g in e.groupby(frame.company)]
        pooled = np.mean(e**2)
        own = np.array([np.mean(g**2) for g in groups])
        v = np.array([np.sum((g**2 - s) ** 2) / (len(g) * (len(g) - 1)) for g, s in zip(groups, own)])
        wald = np.sum((own - pooled) ** 2 / v)
        run = f"{setup}xtreg invest mvalue kstock, fe\n"
        cases.add(f"xttest3 {sample}", "grunfeld.csv", run + "xttest3", {"r(wald)": wald, "r(df)": 10, "r(p)": stats.chi2.sf(wald, 10)}, 1e-8)
        table = frame.assign(e=e).pivot(index="year", columns="company", values="e")
        whole = table.dropna()
        t, n = whole.shape
        r = np.corrcoef(whole.to_numpy().T)
        pairs = np.triu_indices(n, 1)
        lm = t * np.sum(r[pairs] ** 2)
        cases.add(f"xttest2 {sample}", "grunfeld.csv", run + "xttest2", {"r(chi2_bp)": lm, "r(df_bp)": 45, "r(n_bp)": t, "r(p)": stats.chi2.sf(lm, 45), "el(r(C), 2, 1)": r[1, 0]}, 1e-8)
        each = table.corr().to_numpy()
        seen = table.notna().to_numpy().astype(float)
        common = seen.T @ seen
        cd = np.sqrt(2 / (n * (n - 1))) * np.sum(np.sqrt(common[pairs]) * each[pairs])
        cases.add(f"xtcsd pesaran {sample}", "grunfeld.csv", run + "xtcsd, pesaran abs show", {"r(pesaran)": cd, "r(p)": 2 * stats.norm.sf(abs(cd)), "r(abs_corr)": np.mean(np.abs(each[pairs]))}, 1e-8)
        ranks = stats.spearmanr(whole.to_numpy()).statistic
        friedman = (t - 1) * ((n - 1) * np.mean(ranks[pairs]) + 1)
        assert abs(friedman - stats.friedmanchisquare(*whole.to_numpy()).statistic) < 1e-8
        cases.add(f"xtcsd friedman {sample}", "grunfeld.csv", run + "xtcsd, friedman", {"r(friedman)": friedman, "r(p)": stats.chi2.sf(friedman, t - 1)}, 1e-8)
        frees = n * (np.mean(ranks[pairs] ** 2) - 1 / (t - 1))
        expect = {"r(frees)": frees} | {f"r(frees{k})": frees_quantile(t, a) for k, a in (("10", 0.1), ("05", 0.05), ("01", 0.01))}
        cases.add(f"xtcsd frees {sample}", "grunfeld.csv", run + "xtcsd, frees", expect, 1e-8)
    # Random effects: the residuals are those without the predicted effects.
    cases.add("xttest3 after xtgls", "grunfeld.csv", f"{SET}regress invest mvalue kstock\npredict double e, residuals\ngenerate double e2 = e^2\nxtgls invest mvalue kstock\nxttest3", greene(d), 1e-8, "Greene's formulas on least-squares residuals, numpy")


def greene(d):
    x = np.column_stack([d.mvalue, d.kstock, np.ones(len(d))])
    e = d.invest - x @ np.linalg.lstsq(x, d.invest, rcond=None)[0]
    own = (e**2).groupby(d.company).mean()
    v = (e**2).groupby(d.company).apply(lambda g: np.sum((g - g.mean()) ** 2) / (len(g) * (len(g) - 1)))
    wald = np.sum((own - np.mean(e**2)) ** 2 / v)
    return {"r(wald)": wald, "r(df)": 10}


def overidentification(cases):
    """Wald test of the deviations from means in the transformed regression (Arellano 1993); the same steps give the 63.427 that is
    printed for the traffic fatalities of Stock and Watson with standard errors by state."""
    d = pd.read_csv(ROOT / "data/grunfeld.csv")
    x, y, g = d[["mvalue", "kstock"]].to_numpy(), d.invest.to_numpy(), d.company.to_numpy()
    n, units, t = len(d), 10, 20
    means = lambda v: pd.DataFrame(v).groupby(g).transform("mean").to_numpy()  # noqa: E731
    xw, yw = x - means(x), y - means(y)[:, 0]
    rss = lambda a, b: np.sum((b - a @ np.linalg.lstsq(a, b, rcond=None)[0]) ** 2)  # noqa: E731
    within = rss(xw, yw) / (n - units - 2)
    between = rss(np.column_stack([pd.DataFrame(x).groupby(g).mean(), np.ones(units)]), pd.Series(y).groupby(g).mean().to_numpy()) / (units - 3)
    theta = 1 - np.sqrt(within / (t * max(0, between - within / t) + within))
    z = np.column_stack([x - theta * means(x), np.full(n, 1 - theta), xw])
    ys = y - theta * means(y)[:, 0]
    b = np.linalg.lstsq(z, ys, rcond=None)[0]
    e, bread = ys - z @ b, np.linalg.inv(z.T @ z)
    scores = pd.DataFrame(z * e[:, None]).groupby(g).sum().to_numpy()
    robust = bread @ (scores.T @ scores) @ bread * units / (units - 1) * (n - 1) / (n - z.shape[1])
    classical = bread * (e @ e) / (n - z.shape[1])
    for name, v, option in (("", classical, ""), (", robust", robust, " vce(cluster company)")):
        j = b[3:] @ np.linalg.solve(v[3:, 3:], b[3:])
        cases.add(f"xtoverid{name}", "grunfeld.csv", f"{SET}xtreg invest mvalue kstock, re{option}\nxtoverid", {"r(j)": j, "r(jdf)": 2, "r(jp)": stats.chi2.sf(j, 2)}, 1e-8, "numpy")


def main():
    cases = Cases("panel_archive", "R plm, linearmodels, numpy, Stata output on Stack Overflow")
    scc(cases)
    residual_tests(cases)
    overidentification(cases)
    balance = "xtset company year\nreplace invest = . in 5\ndrop in 30\nxtbalance, range(1936 1950) miss(invest)"
    # Companies 1 and 2 have a gap within the range: 8 companies over 15 years.
    cases.add("xtbalance", "grunfeld.csv", balance, {"_N": 120, "company[1]": 3, "year[1]": 1936, "year[120]": 1950}, 1e-12, "counted by hand")
    cases.write()


main()
