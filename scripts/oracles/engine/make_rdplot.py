"""`rdplot`: numbers of bins, bins and polynomials (Python rdrobust)."""

import contextlib
import io
import warnings

import numpy as np
import pandas as pd
from common import Cases, write_data
from rdrobust import rdplot

warnings.filterwarnings("ignore")


def main():
    cases = Cases("rdplot", "Python rdrobust")
    rng = np.random.default_rng(5)
    n = 600
    x = np.round(rng.uniform(-1, 1.5, n) ** 3 + rng.normal(0, 0.2, n), 9)
    y = np.round(2 * x - x**2 + (x >= 0) * 1.5 + np.sin(4 * x) + rng.normal(0, 0.4, n), 9)
    write_data("cutoff_plot", pd.DataFrame({"y": y, "x": x}))
    runs = {
        "esmv": ({}, ""),
        "es": ({"binselect": "es"}, "binselect(es)"),
        "qs": ({"binselect": "qs"}, "binselect(qs)"),
        "qsmv": ({"binselect": "qsmv"}, "binselect(qsmv)"),
        "espr": ({"binselect": "espr"}, "binselect(espr)"),
        "esmvpr": ({"binselect": "esmvpr"}, "binselect(esmvpr)"),
        "qspr": ({"binselect": "qspr"}, "binselect(qspr)"),
        "qsmvpr": ({"binselect": "qsmvpr"}, "binselect(qsmvpr)"),
        "order and cutoff": ({"p": 2, "c": 0.3}, "p(2) c(.3)"),
        "scale": ({"binselect": "es", "scale": 3}, "binselect(es) scale(3)"),
        "numbers": ({"nbins": [7, 9], "p": 1}, "nbins(7 9) p(1)"),
        "bandwidth and kernel": ({"nbins": [8, 8], "kernel": "triangular", "h": [0.5, 0.8], "p": 2}, "nbins(8) kernel(triangular) h(.5 .8) p(2)"),
        "epanechnikov": ({"nbins": [8, 8], "kernel": "epa", "h": [0.6, 0.6], "p": 3}, "nbins(8) kernel(epanechnikov) h(.6) p(3)"),
    }
    for name, (how, option) in runs.items():
        with contextlib.redirect_stdout(io.StringIO()):
            r = rdplot(y, x, hide=True, **how)
        expect = {"e(J_star_l)": r.J[0], "e(J_star_r)": r.J[1]}
        for side, column in (("l", 0), ("r", 1)):
            expect |= {f"el(e(coef_{side}), {i + 1}, 1)": v for i, v in enumerate(r.coef.iloc[:, column])}
        bins = r.vars_bins
        cutoff = how.get("c", 0)
        first, last = bins.iloc[0], bins.iloc[-1]
        wide = bins[bins.rdplot_N > 1]
        one = wide[wide.rdplot_mean_x > cutoff].iloc[2]
        do = f"rdplot y x, genvars {option}\nsort x"
        expect |= {"rdplot_mean_y[1]": first.rdplot_mean_y, "rdplot_mean_x[1]": first.rdplot_mean_x, "rdplot_N[1]": first.rdplot_N, "rdplot_max_bin[1]": first.rdplot_max_bin, f"rdplot_mean_y[{n}]": last.rdplot_mean_y, f"rdplot_min_bin[{n}]": last.rdplot_min_bin}
        row = int(np.sum(np.sort(x) < one.rdplot_mean_bin)) or 1
        inside = np.sort(x)[row - 1]
        if one.rdplot_min_bin < inside < one.rdplot_max_bin:
            expect |= {f"rdplot_se_y[{row}]": one.rdplot_se_y, f"rdplot_ci_l[{row}]": one.rdplot_ci_l, f"rdplot_N[{row}]": one.rdplot_N}
        cases.add(f"rdplot {name}", "cutoff_plot.csv", do, expect, 1e-8)
    # values on one side that occur again change the estimators of both sides
    repeated = np.where(x < 0, np.round(x, 2), x)
    for method in ("esmv", "es", "qs", "qsmv"):
        with contextlib.redirect_stdout(io.StringIO()):
            r = rdplot(y, repeated, hide=True, binselect=method)
        expect = {"e(J_star_l)": r.J[0], "e(J_star_r)": r.J[1]}
        do = f"replace x = round(x, .01) if x < 0\nrdplot y x, binselect({method}) hide"
        cases.add(f"rdplot mass points {method}", "cutoff_plot.csv", do, expect, 1e-8)
    cases.write()


main()
