"""Regressions with autocorrelated errors: Stata's `prais` output stored in statsmodels; `prais`, `xtgls`, `xtpcse` by
dense matrices in numpy, with the numbers of Greene's Grunfeld data that the manual [XT] xtgls prints as a check."""

import numpy as np
import pandas as pd
from common import ROOT, Cases, write_data
from statsmodels.datasets import macrodata
from statsmodels.regression.tests.results import macro_gr_corc_stata as stored


def rho_of(e, kind="regress"):
    return (e[1:] @ e[:-1]) / {"regress": e[:-1] @ e[:-1], "tscorr": e @ e, "freg": e[1:] @ e[1:]}[kind]


def winsten(v, rho):
    return np.concatenate([[np.sqrt(1 - rho**2) * v[0]], v[1:] - rho * v[:-1]])


def ols(y, x):
    b = np.linalg.solve(x.T @ x, x.T @ y)
    return b, y - x @ b


def prais(y, x, kind, tol=1e-6):
    b, _ = ols(y, x)
    rho = 0.0
    while True:
        new = rho_of(y - x @ b, kind)
        ys, xs = winsten(y, new), np.column_stack([winsten(c, new) for c in x.T])
        b, e = ols(ys, xs)
        done, rho = abs(new - rho) < tol, new
        if done:
            v = np.linalg.inv(xs.T @ xs) * (e @ e) / (len(y) - x.shape[1])
            return b, np.sqrt(np.diag(v)), rho, e, xs


def panels(y, x, m, across, within, pcse, nmk=False):
    """Balanced panels, one after the other. Dense covariance of all errors."""
    n, k = x.shape
    t = n // m
    parts = [slice(i * t, (i + 1) * t) for i in range(m)]
    _, e = ols(y, x)
    if within:
        rho = np.clip([rho_of(e[p]) for p in parts], -1, 1)  # as the manual bounds it
        if within == "ar1":
            rho[:] = rho.mean()
        y = np.concatenate([winsten(y[p], r) for p, r in zip(parts, rho)])
        x = np.column_stack([np.concatenate([winsten(c[p], r) for p, r in zip(parts, rho)]) for c in x.T])
    b, e = ols(y, x)
    table = np.array([e[p] for p in parts])
    if across == "iid":
        sigma = np.eye(m) * (e @ e) / (n - (k if nmk else 0))
    else:
        # printed results of xtpcse, nmk have this factor
        sigma = table @ table.T / t * (n / (n - k) if nmk else 1)
        sigma = np.diag(np.diag(sigma)) if across == "hetero" else sigma
    omega = np.kron(sigma, np.eye(t))
    inv = np.linalg.inv(x.T @ x)
    if pcse:
        v = inv @ x.T @ omega @ x @ inv
    else:
        w = np.linalg.inv(omega)
        v = np.linalg.inv(x.T @ w @ x)
        b = v @ x.T @ w @ y
    return b, np.sqrt(np.diag(v))


def main():
    cases = Cases("autocorrelated", "Stata output in statsmodels, numpy by hand")
    add = lambda b, se, names: {f"_b[{c}]": v for c, v in zip(names, b)} | {f"_se[{c}]": v for c, v in zip(names, se)}
    d = macrodata.load_pandas().data[["realgdp", "realinv", "realint"]]
    write_data("investment", d)
    est, table = stored.est, stored.params_table
    expect = add(table[:, 0], table[:, 1], ["g_realgdp", "L.realint", "_cons"])
    expect |= {f"e({k})": est[k] for k in ("F", "r2", "rmse", "mss", "rss", "r2_a", "ll", "dw", "dw_0", "rho", "N", "df_r", "ic")}
    g = lambda v: f"generate double g_{v} = 400*(ln({v}) - ln(L.{v}))\n"
    setup = "generate t = _n\ntsset t\n" + g("realinv") + g("realgdp")
    cases.add("prais corc tscorr", "investment.csv", setup + "prais g_realinv g_realgdp L.realint, corc rhotype(tscorr)", expect, 1e-6, "statsmodels macro_gr_corc_stata")
    y = (400 * np.diff(np.log(d.realinv)))
    x = np.column_stack([400 * np.diff(np.log(d.realgdp)), np.ones(len(y))])
    for kind in ("regress", "tscorr", "freg"):
        b, se, rho, e, xs = prais(y, x, kind)
        cases.add(f"prais {kind}", "investment.csv", setup + f"prais g_realinv g_realgdp, rhotype({kind}) nolog", add(b, se, ["g_realgdp", "_cons"]) | {"e(rho)": rho, "e(rss)": e @ e})
    b, se, rho, e, xs = prais(y, x, "regress")
    inv = np.linalg.inv(xs.T @ xs)
    robust = np.sqrt(np.diag(inv @ (xs.T * e**2) @ xs @ inv * len(y) / (len(y) - 2)))
    cases.add("prais robust", "investment.csv", setup + "prais g_realinv g_realgdp, vce(robust) nolog", add(b, robust, ["g_realgdp", "_cons"]))
    f = pd.read_csv(ROOT / "data/grunfeld.csv").sort_values(["company", "year"])
    m = f.company.nunique()
    y, x = f.invest.to_numpy(), np.column_stack([f.mvalue, f.kstock, np.ones(len(f))])
    assert len(f) == 20 * m
    for across in ("iid", "hetero", "correlated"):
        for within in ("", "ar1", "psar1"):
            command = "xtset company year\nxtgls invest mvalue kstock, panels(%s)%s" % (across, f" corr({within})" if within else "")
            cases.add(f"xtgls {across} {within}", "grunfeld.csv", command, add(*panels(y, x, m, across, within, False), ["mvalue", "kstock", "_cons"]))
    cases.add("xtgls nmk", "grunfeld.csv", "xtset company year\nxtgls invest mvalue kstock, panels(hetero) nmk", add(*panels(y, x, m, "hetero", "", False, True), ["mvalue", "kstock", "_cons"]))
    # [XT] xtpcse, example 1 prints these for the same data.
    for within, printed in (("", (0.1155622, 0.0072124)), ("ar1", (0.0950157, 0.0129934))):
        b, se = panels(y, x, m, "correlated", within, True)
        assert abs(b[0] - printed[0]) < 5.1e-8 and abs(se[0] - printed[1]) < 5.1e-8
    for option, across in (("", "correlated"), (" hetonly", "hetero"), (" independent", "iid")):
        for within in ("", "ar1", "psar1"):
            command = f"xtset company year\nxtpcse invest mvalue kstock, corr({within or 'independent'}){option}"
            cases.add(f"xtpcse {across} {within}", "grunfeld.csv", command, add(*panels(y, x, m, across, within, True), ["mvalue", "kstock", "_cons"]))
    cases.write()
    return f


if __name__ == "__main__":
    f = main()
    print(f.groupby("company").invest.first())
