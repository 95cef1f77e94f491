"""`irf`, `varwle`: numbers that [TS] irf table and [TS] varwle print for the Luetkepohl data (shipped with statsmodels), and dynamic
multipliers with their delta-method errors by numerical derivatives."""

from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels
from common import Cases, write_data

# step: oirf, its error, share, its error; order of the series dln_inv dln_inc dln_consump
FIRST = [(.005123, .000878, 0, 0), (.001635, .000984, .288494, .077483), (.002948, .000993, .294288, .073722), (-.000221, .000662, .322454, .075562), (.000811, .000586, .319227, .074063), (.000462, .000333, .322579, .075019), (.000044, .000275, .323552, .075371), (.000151, .000162, .323383, .075314), (.000091, .000114, .323499, .075386)]
# order dln_inc dln_inv dln_consump
SECOND = [(.005461, .000925, 0, 0), (.001578, .000988, .327807, .08159), (.003307, .001042, .328795, .077519), (-.00019, .000676, .370775, .080604), (.000846, .000617, .366896, .079019), (.000491, .000349, .370399, .079941), (.000069, .000292, .371487, .080323), (.000158, .000172, .371315, .080287), (.000096, .000122, .371438, .080366)]
SMALL = [(2.64902, .0560, 1.25799, .2960), (2.19276, .0971, .907499, .4423), (1.80804, .1543, 5.57645, .0018), (3.78884, .0007, 2.96811, .0050)]
CHI2 = [(6.88775, .032, 1.873546, .392), (9.938547, .007, 13.89996, .001), (34.54276, .000, 19.44093, .001)]


def near(expression, value, digits):
    return {f"abs({expression} - ({value})) <= {0.51 * 10.0 ** -digits:.3g}": 1.0}


def printed(cases):
    show = "irf set f, replace\nirf create order1, step(8)\nirf create order2, step(8) order(dln_inc dln_inv dln_consump)\nirf table oirf fevd, impulse(dln_inc) response(dln_consump) noci std title(\"Two orders\")\nuse f.irf, clear\nkeep if impulse == \"dln_inc\" & response == \"dln_consump\"\nsort irfname step\nerase f.irf"
    expect = {}
    for start, rows in ((1, FIRST), (10, SECOND)):
        for at, values in enumerate(rows):
            for name, value in zip(("oirf", "stdoirf", "fevd", "stdfevd"), values):
                expect |= near(f"{name}[{start + at}]", value, 6)
    cases.add("irf of two orders, as printed in the manual", "lutkepohl2.csv", "tsset qtr, quarterly\nvar dln_inv dln_inc dln_consump\n" + show, expect, source="[TS] irf table, example 1")
    cases.cases[-1]["printed"] = [
        "Two orders",
        "         |      (1)         (1)         (1)         (1)  ",
        "    Step |     oirf        S.E.        fevd        S.E.  ",
        "       0 |  .005123     .000878           0           0",
        "       3 | -.000221     .000662     .322454     .075562",
        "(1) irfname = order1, impulse = dln_inc, and response = dln_consump.",
    ]
    expect = {}
    for row, values in enumerate(SMALL, 1):
        for lag in (1, 2):
            expect |= near(f"el(r(F), {row}, {lag})", values[2 * lag - 2], 5) | near(f"el(r(p), {row}, {lag})", values[2 * lag - 1], 4)
    expect |= {"r(df_r)": 66, "el(r(df), 1, 1)": 3, "el(r(df), 4, 2)": 9}
    cases.add("varwle after small, as printed in the manual", "lutkepohl2.csv", "tsset qtr, quarterly\nvar dln_inv dln_inc dln_consump if qtr <= tq(1978q4), dfk small\nvarwle", expect, source="[TS] varwle, example 1")
    expect = {}
    for row, values in enumerate(CHI2, 1):
        for lag in (1, 2):
            expect |= near(f"el(r(chi2), {row}, {lag})", values[2 * lag - 2], 5) | near(f"el(r(p), {row}, {lag})", values[2 * lag - 1], 3)
    cases.add("varwle, as printed in the manual", "lutkepohl2.csv", "tsset qtr, quarterly\nvar dln_inc dln_consump\nvarwle", expect, source="[TS] varwle, example 2")


def multipliers(cases, frame):
    y = frame[["dln_inc", "dln_consump"]].to_numpy()[1:]
    x = frame[["dln_inv"]].to_numpy()[1:]
    rows = range(2, len(y))
    design = np.array([np.r_[y[t - 1, 0], y[t - 2, 0], y[t - 1, 1], y[t - 2, 1], x[t], 1] for t in rows])
    target = y[2:]
    b = np.linalg.solve(design.T @ design, design.T @ target).T
    e = target - design @ b.T
    v = np.kron(e.T @ e / len(target), np.linalg.inv(design.T @ design))

    def effects(theta):
        b = theta.reshape(2, -1)
        a = [b[:, [lag, 2 + lag]] for lag in (0, 1)]
        phi = [np.eye(2)]
        for h in range(1, 7):
            phi.append(sum(phi[h - 1 - lag] @ a[lag] for lag in (0, 1) if h > lag))
        dm = np.array([p @ b[:, 4] for p in phi])
        return np.concatenate([dm.ravel(), dm.cumsum(axis=0).ravel()])

    theta = b.ravel()
    step = 1e-5
    jacobian = np.array([(effects(theta + step * d) - effects(theta - step * d)) / (2 * step) for d in np.eye(len(theta))])
    value, error = effects(theta), np.sqrt(np.diag(jacobian.T @ v @ jacobian))
    expect = {}
    for name, start in (("dm", 0), ("cdm", 14)):
        for h in range(7):
            for j in range(2):
                at = start + 2 * h + j
                row = 1 + 7 * j + h
                expect |= {f"{name}[{row}]": value[at], f"std{name}[{row}]": error[at]}
    cases.add("dynamic multipliers", "lutkepohl2.csv", "tsset qtr, quarterly\nvar dln_inc dln_consump, exog(dln_inv)\nirf create x, set(f, replace) step(6)\nuse f.irf, clear\nkeep if impulse == \"dln_inv\"\ngen order = 1 + (response == \"dln_consump\")\nsort order step\nerase f.irf", expect, 1e-7, "numpy")


def main():
    data = Path(statsmodels.__file__).parent / "tsa/tests/results/lutkepohl2.dta"
    frame = pd.read_stata(data)
    quarter = (frame.qtr.dt.year - 1960) * 4 + frame.qtr.dt.quarter - 1
    numbers = frame.drop(columns="qtr").astype(float)
    write_data("lutkepohl2", pd.concat([quarter, numbers], axis=1))
    cases = Cases("impulses", "numbers printed in the manual, numpy")
    printed(cases)
    multipliers(cases, numbers)
    cases.write()


if __name__ == "__main__":
    main()
