"""`xtunitroot`: Stata 18 output stored in the tests of the Python package StatsPAI, statsmodels, R plm, numpy."""

import subprocess
import warnings

import numpy as np
import pandas as pd
from common import ROOT, Cases, write_data
from scipy import stats
from statsmodels.tsa.stattools import adfuller

STATA = "Stata 18, stored in StatsPAI tests/reference_parity (timeseries_Stata.json)"


def panel():
    """The simulated panel of those tests: 20 stationary series and 20 random walks of 40 periods."""
    rng = np.random.default_rng(21)
    rows = []
    for i in range(20):
        a = rng.normal(0, 1)
        z, walk = np.zeros(40), np.zeros(40)
        z[0] = a / 0.3 + rng.normal()
        for t in range(1, 40):
            z[t] = a + 0.7 * z[t - 1] + rng.normal()
            walk[t] = walk[t - 1] + rng.normal()
        rows += [{"id": i + 1, "time": t + 1, "y": z[t], "yrw": walk[t]} for t in range(40)]
    return pd.DataFrame(rows)


def stored(cases):
    """Numbers of real Stata. Its p-value of L* with panel means, 2.03998596e-10, is left out: scipy gives 2.03998574e-10 for it."""
    values = {
        "": {
            "llc y, lags(1)": {"tds": -4.6562471056637849, "td": -12.163032263836467, "delta": -0.38801129419569635, "se_delta": 0.031900868613934742, "sbar": 0.64252929936364289,
                               "Var_ep": 1.0265122694806377, "mu_adj": -0.5386, "sig_adj": 0.8568, "ttilde": 38, "p_tds": 1.6101270168869117e-06, "hac_lagm": 10},
            "ips y, lags(1)": {"wtbar": -6.1086695221313629, "p_wtbar": 5.0232556078520350e-10},
            "fisher y, dfuller lags(1)": {"P": 117.09403192223492, "p_P": 1.7232261220530213e-09, "Z": -6.6439630165519619, "p_Z": 1.5267961290648105e-11, "L": -6.9060022230012486,
                                          "Pm": 8.6193748018828025},
            "hadri y": {"z": 11.808910260574025},
            "hadri y, robust": {"z": 11.705254707899151},
        },
        " trend": {
            "llc y, lags(1)": {"tds": -3.5908523726828721, "td": -13.194690411876616, "delta": -0.44466134341708008, "se_delta": 0.033700020958190718, "sbar": 0.61561574096916061,
                               "Var_ep": 1.0350213447690830, "mu_adj": -0.6434, "sig_adj": 0.945, "ttilde": 38, "p_tds": 1.6479914716629446e-04, "hac_lagm": 10},
            "ips y, lags(1)": {"wtbar": -4.1414560695679645, "p_wtbar": 1.7255398877386927e-05},
            "fisher y, dfuller lags(1)": {"P": 90.257632538948798, "p_P": 9.4844022637703007e-06, "Z": -4.5205118702455724, "p_Z": 3.0845142855581959e-06, "L": -4.6864432800761229,
                                          "p_L": 4.2280316482345981e-06, "Pm": 5.6189741372647424},
            "hadri y,": {"z": 17.853623798899680},
            "hadri y, robust": {"z": 14.712558531937281},
        },
    }
    for option, tests in values.items():
        for command, expect in tests.items():
            line = f"xtset id time\nxtunitroot {command}{option}"
            cases.add(f"xtunitroot {command}{option}", "panelroots.csv", line, {f"r({k})": v for k, v in expect.items()}, 1e-9, STATA)
    none = {"r(tds)": -2.3364725879538435, "r(td)": -2.3832283471227318}
    cases.add("xtunitroot llc, noconstant", "panelroots.csv", "xtset id time\nxtunitroot llc y, lags(1) noconstant", none, 1e-9, STATA)


def detrended(x, trend):
    columns = np.ones((len(x), 1)) if not trend else np.c_[np.ones(len(x)), np.arange(len(x))]
    return x - columns @ np.linalg.lstsq(columns, x, rcond=None)[0]


def harris(cases, series):
    """The pooled coefficient by numpy; moments of Harris and Tzavalis (1999), equations (5) and (7)."""
    for option, trend in (("", False), (" trend", True)):
        for alternative, t in (("", 40), (" altt", 39)):
            above = below = 0.0
            for x in series:
                y, lag = detrended(x[1:], trend), detrended(x[:-1], trend)
                above, below = above + y @ lag, below + lag @ lag
            rho = above / below
            mean = 1 - 15 / (2 * (t + 2)) if trend else 1 - 3 / (t + 1)
            variance = 15 * (193 * t**2 - 728 * t + 1147) / (112 * (t + 2) ** 3 * (t - 2)) if trend else 3 * (17 * t**2 - 20 * t + 17) / (5 * (t - 1) * (t + 1) ** 3)
            z = np.sqrt(len(series)) * (rho - mean) / np.sqrt(variance)
            cases.add(f"xtunitroot ht{option}{alternative}", "panelroots.csv", f"xtset id time\nxtunitroot ht yrw,{option}{alternative}", {"r(rho)": rho, "r(z)": z, "r(p)": stats.norm.cdf(z)}, 1e-9, "numpy; Harris and Tzavalis (1999)")
    # the moments against the example of the manual: rho 0.8184, z -13.1239 with 151 panels of 34 periods
    z = np.sqrt(151) * (0.8184 - (1 - 3 / 35)) / np.sqrt(3 * (17 * 34**2 - 20 * 34 + 17) / (5 * 33 * 35**3))
    assert abs(z + 13.1239) < 0.008, z


def single(cases, series):
    """Tests of each panel by statsmodels with MacKinnon's (1994) p-values, combined by formula."""
    warnings.simplefilter("ignore")
    n = len(series)
    for regression, option in (("c", ""), ("ct", " trend")):
        for lags in (0, 2):
            found = [adfuller(x, maxlag=lags, regression=regression, autolag=None) for x in series]
            p = np.array([f[1] for f in found])
            expect = {"r(P)": -2 * np.log(p).sum(), "r(Z)": stats.norm.ppf(p).sum() / np.sqrt(n), "r(df_L)": 5 * n + 4, "r(df_P)": 2 * n}
            cases.add(f"xtunitroot fisher{option}, {lags} lags", "panelroots.csv", f"xtset id time\nxtunitroot fisher yrw, dfuller lags({lags}){option}", expect, 1e-7, "statsmodels adfuller; Choi (2001)")
        t = np.mean([adfuller(x, maxlag=0, regression=regression, autolag=None)[0] for x in series])
        cases.add(f"xtunitroot ips without lags{option}", "panelroots.csv", f"xtset id time\nxtunitroot ips yrw,{option}", {"r(tbar)": t}, 1e-9, "statsmodels adfuller")
        lags = [adfuller(x, maxlag=4, regression=regression, autolag="BIC")[2] for x in series]
        cases.add(f"xtunitroot ips, lags by the criterion{option}", "panelroots.csv", f"xtset id time\nxtunitroot ips yrw, lags(bic 4){option}", {"r(lagm)": np.mean(lags)}, 1e-12, "statsmodels adfuller(autolag=BIC)")
    published = {"r(cv_1)": -2.00, "r(cv_5)": -1.86, "r(cv_10)": -1.78}
    cases.add("xtunitroot ips, critical values", "panelroots.csv", "xtset id time\nxtunitroot ips yrw if time <= 20", published, 1e-12, "Im, Pesaran and Shin (2003), table 2, N = T = 20")


R = """
suppressMessages(library(plm)); d <- read.csv("panelroots.csv")
y <- pdata.frame(d, index = c("id", "time"))$yrw
for (e in c("intercept", "trend")) { f <- purtest(y, test = "hadri", exo = e, Hcons = FALSE, dfcor = TRUE); cat("hadri", e, 0, format(f$statistic$statistic, digits = 15), "\\n")
f <- purtest(y, test = "hadri", exo = e, Hcons = TRUE, dfcor = TRUE); cat("hadri", e, 1, format(f$statistic$statistic, digits = 15), "\\n") }
"""


def from_plm(cases):
    """purtest of R plm on the random walks."""
    done = subprocess.run(["Rscript", "-e", R], cwd=ROOT / "data", capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        _, exo, robust, value = line.split()
        command = f"hadri yrw,{' trend' if exo == 'trend' else ''}{' robust' if robust == '1' else ''}"
        cases.add(f"xtunitroot {command}, plm", "panelroots.csv", f"xtset id time\nxtunitroot {command}", {"r(z)": float(value)}, 1e-8, "R plm 2.6 purtest")


if __name__ == "__main__":
    data = panel()
    write_data("panelroots", data)
    walks = [g["yrw"].to_numpy() for _, g in data.groupby("id")]
    cases = Cases("panelroots", "Stata 18 output in StatsPAI, statsmodels, R plm, numpy")
    stored(cases)
    harris(cases, walks)
    single(cases, walks)
    from_plm(cases)
    cases.write()
