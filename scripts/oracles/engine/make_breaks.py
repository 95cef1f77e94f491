"""`estat sbsingle`, `sbknown`, `sbcusum`, `threshold`, `egranger`: results of Stata 18 stored in the Python package statspai (MIT licence,
`reference_parity/_fixtures`), and p-values of the mean and exponential statistics (R strucchange, `pvalue.Fstats`)."""

import sys
from pathlib import Path

import pandas as pd
from common import Cases, write_data

FIXTURES = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
# command: swald, p, break date, first and last date
SINGLE = {
    "regress ym": (97.81388283457251, 0.0, 171, 39, 213),
    "regress y x": (68.8574724852889, 3.51940698806e-14, 133, 39, 213),
    "regress y3": (20.80784589585545, 0.000151785113671, 231, 46, 256),
    "regress yx x": (83.6931045123886, 0.0, 121, 46, 256),
    "regress yx2 x": (59.10416705140207, 5.02653474399e-12, 204, 46, 256),
    "regress wn": (5.173512999836747, 0.2297329322069938, 107, 46, 256),
}
# Zt, cv1, cv5, cv10
GRANGER = {
    "y1 y2": (-9.636378828105235, -3.9407868669860164, -3.360778600829019, -3.0615268019870645),
    "y1 y2, lags(2)": (-7.640979793457201, -3.9407868669860164, -3.360778600829019, -3.0615268019870645),
    "y1 y2 y3, lags(1)": (-8.4519683892068, -4.352245816132386, -3.775223176763116, -3.477196994887179),
    "w y1, lags(1)": (-3.734149479512968, -3.9407868669860164, -3.360778600829019, -3.0615268019870645),
    "y1 y2, lags(1) trend": (-8.423429953474344, -4.390198269705327, -3.818959919517427, -3.524869919683897),
    "y1 y2, lags(1) qtrend": (-8.41678478536042, -4.775039860585226, -4.207782815397653, -3.915759365860727),
}


def main():
    cases = Cases("breaks", "results of Stata 18 stored in the Python package statspai; R strucchange where named")
    first, second = (pd.read_csv(FIXTURES / f"{n}.csv") for n in ("ts_break", "r2_ts_break"))
    write_data("breaks_first", first[["t", "y", "x", "ym"]])
    write_data("breaks_second", second)
    for command, (chi2, p, date, start, end) in SINGLE.items():
        data = "breaks_first.csv" if command in ("regress ym", "regress y x") else "breaks_second.csv"
        expect = {"r(chi2_swald)": chi2, "real(r(breakdate))": date, "real(r(ltrim))": start, "real(r(rtrim))": end}
        expect |= {"r(p_swald)": p} if p > 1e-6 else {"r(p_swald) < 1e-6": 1}
        cases.add(f"estat sbsingle after {command}", data, f"tsset t\n{command}\nestat sbsingle, trim(15) swald", expect, 1e-9)
    cases.add("estat sbsingle, mean and exponential", "breaks_second.csv", "tsset t\nregress wn\nestat sbsingle, awald ewald", {"r(chi2_awald)": 1.91129489673349, "r(p_awald)": 0.123055957789703, "r(chi2_ewald)": 1.14404092255978, "r(p_ewald)": 0.159747796229056}, 1e-9, "R strucchange")
    # the critical values solve an equation, there to about six digits
    critical = {f"abs(el(r(cvalues), 1, {i}) - {v}) < 3e-6": 1 for i, v in ((1, 1.142972691), (2, 0.9479006054), (3, 0.8499248005))}
    expect = {"r(cusum)": 1.08310269066876, **critical, "cs[3]": 0.0918385760331866, "cs[4]": 0.024946025270774, "cs[5]": 0.0384378245163725, "cs[250]": 3.246575804586272}
    cases.add("estat sbcusum", "breaks_first.csv", "tsset t\nregress y x\nestat sbcusum, generate(cs)", expect, 1e-9)
    dynamic = pd.read_csv(FIXTURES / "dynamic_modelling.csv")
    write_data("breaks_known", dynamic[["t", "y", "x"]])
    single = "recast float y x, force\ntsset t\nregress y x\n"
    cases.add("estat sbknown", "breaks_known.csv", single + "estat sbknown, break(101)", {"r(chi2)": 40.586100946611, "r(p)": 1.53758862858e-09, "r(df)": 2}, 1e-8)
    # the data were read as float there, and so were the residuals
    cases.add("estat sbcusum, ols", "breaks_known.csv", single + "estat sbcusum, ols", {"abs(r(cusum) - 0.730362054528) < 1e-8": 1}, 1e-9)
    book = pd.read_csv(FIXTURES / "textbook_ts.csv")
    write_data("thresholds", book[["t", "x1", "x2", "z1", "z2"]])
    do = "tsset t\ngenerate double yt = 1 + 0.5 * x1 + (x2 > 0.3) * (1 + x1) + 0.5 * z1\n"
    ols = {"el(e(thresholds), 1, 2)": 0.28527952, "e(ssr)": 47.162688666883128, "_b[Region1:x1]": 0.56059343089538971, "_b[Region1:_cons]": 1.0645769982701947, "_b[Region2:x1]": 1.5549691082857873, "_b[Region2:_cons]": 2.2192385858808712, "_se[Region1:x1]^2": 4.2585531888587767e-03, "_se[Region2:x1]^2": 9.7080400595846474e-03, "_se[Region2:_cons]^2": 8.6626445212619665e-03}
    cases.add("threshold", "thresholds.csv", do + "threshold yt, regionvars(x1) threshvar(x2)", ols, 1e-9)
    robust = {"el(e(thresholds), 1, 2)": 0.28527952, "e(ssr)": 40.504240514692363, "el(e(b), 1, 1)": 0.19360957250382480, "_b[Region1:x1]": 0.51825115671017252, "_b[Region1:_cons]": 1.0897661936560348, "_b[Region2:x1]": 1.4922197790877569, "_b[Region2:_cons]": 2.2502445394750241, "el(e(V), 1, 1)": 1.5339119801637241e-03, "_se[Region1:x1]^2": 3.3127471301600308e-03, "_se[Region2:x1]^2": 1.3494099037791278e-02, "_se[Region2:_cons]^2": 8.2183413089431841e-03}
    cases.add("threshold with a common coefficient, robust", "thresholds.csv", do + "threshold yt z2, regionvars(x1) threshvar(x2) trim(15) vce(robust)", robust, 1e-9)
    write_data("cointegrated", pd.read_csv(FIXTURES / "ts_coint.csv"))
    for command, (zt, one, five, ten) in GRANGER.items():
        cases.add(f"egranger {command}", "cointegrated.csv", f"gen t = _n\ntsset t\negranger {command}", {"e(Zt)": zt, "e(cv1)": one, "e(cv5)": five, "e(cv10)": ten, "e(N1)": 250}, 1e-9)
    cases.write()


if __name__ == "__main__":
    main()
