"""`reghdfe`: pyfixest with the degrees of freedom of reghdfe (its documentation: K.fixef "nested", G.df "min").

Needs `pip install pyfixest`.
"""

import warnings

import pandas as pd
import pyfixest as pf

from common import ROOT, Cases

warnings.simplefilter("ignore")
SOURCE = "pyfixest 0.60 feols, ssc(k_fixef='nonnested', G_df='min'), singletons dropped"


def main():
    frame = pd.read_csv(ROOT / "data/workers.csv")
    cases = Cases("community", "pyfixest")
    ssc = pf.ssc(k_adj=True, k_fixef="nonnested", G_adj=True, G_df="min")
    used = frame[frame.groupby("worker")["y"].transform("size") > 1]
    assert used.groupby("firm").size().min() > 1
    for effects, kind, option in [
        (["worker", "firm"], "iid", ""),
        (["worker", "firm"], "hetero", " vce(robust)"),
        (["worker", "firm"], {"CRV1": "worker"}, " vce(cluster worker)"),
        (["worker"], {"CRV1": "worker"}, " cluster(worker)"),
        (["worker", "firm", "year"], {"CRV1": "firm"}, " vce(cluster firm)"),
        (["worker", "year"], {"CRV1": "firm+year"}, " vce(cluster firm year)"),
    ]:
        fit = pf.feols(f"y ~ x1 + x2 | {' + '.join(effects)}", data=frame, vcov=kind, fixef_rm="singleton", ssc=ssc)
        rss = fit._rmse**2 * fit._N
        expect = {f"_b[{n}]": fit.coef()[n] for n in ("x1", "x2")} | {f"_se[{n}]": fit.se()[n] for n in ("x1", "x2")}
        expect |= {"e(N)": fit._N, "e(num_singletons)": len(frame) - fit._N, "e(rss)": rss,
                   "e(r2)": fit._r2, "e(r2_within)": fit._r2_within}
        if isinstance(kind, dict):
            names = kind["CRV1"].split("+")
            expect["e(df_r)"] = min(used[n].nunique() for n in names) - 1
        else:
            # the graph of workers and firms is connected: one effect is redundant
            expect["e(df_r)"] = fit._N - 2 - (used["worker"].nunique() + used["firm"].nunique() - 1)
        cases.add(f"reghdfe {' '.join(effects)},{option or ' unadjusted'}", "workers.csv",
                  f"reghdfe y x1 x2, absorb({' '.join(effects)}){option}", expect, 1e-6, SOURCE)
    cases.write()


if __name__ == "__main__":
    main()
