"""Golden numbers of the dynamic panel template (numpy, one- and two-step GMM by hand)."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from golden import case, fit, read, save, table
from goldens_models import z_rows

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))
from make_dynamic import build, estimate  # noqa: E402


def gmm_case(kind, plain, name=None, parameters=None):
    """Output of firms on its lag, capital and labour; at most three instrument lags."""
    data = read("firms_panel.csv").dropna(subset=["log_capital"])
    panel = pd.DataFrame({"id": pd.factorize(data["firm"])[0], "year": data["year"].to_numpy(), "n": data["log_output"].to_numpy(),
                          "k": data["log_capital"].to_numpy(), "l": data["log_labor"].to_numpy()})
    units = build(panel, 1, most=3, regressors=("k", "l"), standard=("k", "l"))
    r = estimate(units)
    b, v, _, ar = r[kind]
    sargan, df = r[plain][2], r["rank"] - 3
    sizes = np.array([len(u[1]) for u in units])
    wald = b @ np.linalg.solve(v, b)
    values = {"N": r["n"], "N_g": r["groups"], "g_min": sizes.min(), "g_avg": sizes.mean(), "g_max": sizes.max(), "zrank": r["rank"],
              "chi2": wald, "df_m": 3, "level": 95}
    tests = [{"test": "sargan", "statistic": sargan, "df1": df, "p_value": stats.chi2.sf(sargan, df)},
             {"test": "ar1", "statistic": ar[0], "p_value": 2 * stats.norm.sf(abs(ar[0]))},
             {"test": "ar2", "statistic": ar[1], "p_value": 2 * stats.norm.sf(abs(ar[1]))}]
    return case({"table_coefficients.csv": table(["term"], z_rows("log_output", ["L.log_output", "log_capital", "log_labor"], b, np.sqrt(np.diag(v)))),
                 "table_tests.csv": table(["test"], tests), "table_fit.csv": fit(values)},
                {"n_used": r["n"], "n_groups": r["groups"], "n_instruments": r["rank"]}, parameters, name)


def write_all() -> None:
    """One step robust; two steps with Windmeijer's correction; one step with equal variances."""
    save("firms_panel.diff_gmm.json", f"numpy {np.__version__}, difference GMM by hand", {"default": 1e-6, "p_value": 2e-5}, gmm_case("one robust", "one"), [
        gmm_case("two robust", "two", "two steps, corrected", {"twostep": True}),
        gmm_case("one", "one", "one step, equal variances", {"vce": "classical"})])


if __name__ == "__main__":
    write_all()
