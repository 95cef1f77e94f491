"""Published output of the manuals on small data sets."""

import math

import pandas as pd
from common import ROOT, Cases


def main():
    cases = Cases("published", "published output of the manuals")
    cases.add(
        "imtest", "cars.csv", "regress price weight foreign##c.mpg\nestat imtest",
        {
            "round(r(chi2_h), .01)": 18.86, "r(df_h)": 10, "round(r(chi2_s), .01)": 11.69, "r(df_s)": 4, "round(r(chi2_k), .01)": 2.33, "r(df_k)": 1,
            "round(r(chi2_t), .01)": 32.87, "r(df_t)": 15, "round(r(p_h), .0001)": 0.0420, "round(r(p_s), .0001)": 0.0198, "round(r(p_k), .0001)": 0.1273,
            "round(r(p_t), .0001)": 0.0049,
        },
        1e-9, "[R] regress postestimation, automobile data",
    )
    apples = "input g double w\n1 117.5\n1 113.8\n1 104.4\n2 48.9\n2 50.4\n2 58.9\n3 70.4\n3 86.9\n4 87.7\n4 67.3\nend\n"
    cases.add(
        "oneway apples", None, apples + "oneway w g, scheffe",
        {"r(mss)": 5295.54433, "r(df_m)": 3, "r(rss)": 493.591667, "r(df_r)": 6, "round(r(F), .01)": 21.46, "round(r(chi2bart), .0001)": 1.3900},
        1e-8, "[R] oneway, apple data",
    )
    st = "stset studytime, failure(died)\nstdescribe"
    cases.add(
        "stdescribe", "drugtr.csv", st,
        {
            "r(N_sub)": 48, "r(N_total)": 48, "r(N_mean)": 1, "r(t0_max)": 0, "r(t1_mean)": 15.5, "r(t1_min)": 1, "r(t1_med)": 12.5, "r(t1_max)": 39, "r(N_gap)": 0, "r(gap)": 0, "r(tr)": 744,
            "round(r(f_mean), 1e-7)": 0.6458333, "r(f_min)": 0, "r(f_med)": 1, "r(f_max)": 1, "r(N_fail)": 31, "missing(r(gap_mean))": 1,
        },
        1e-9, "[ST] stdescribe, cancer drug trial",
    )
    heart = pd.read_csv(ROOT / "data" / "heart.csv")
    of, exits = heart.groupby("id"), heart.groupby("id")["stop"].max()
    cases.add(
        "stdescribe records", "heart.csv", "stset stop, id(id) failure(event) time0(start)\nstdescribe",
        {
            "r(N_sub)": len(exits), "r(N_total)": len(heart), "r(N_mean)": of.size().mean(), "r(N_max)": of.size().max(), "r(t1_mean)": exits.mean(), "r(t1_med)": exits.median(),
            "r(t1_max)": exits.max(), "r(tr)": (heart["stop"] - heart["start"]).sum(), "r(N_fail)": heart["event"].sum(), "r(f_mean)": of["event"].sum().mean(),
        },
        1e-9, "pandas",
    )
    part = heart[heart["transplant"] == 1]
    deaths, time = part["event"].sum(), (part["stop"] - part["start"]).sum()
    wide = math.exp(1.959963984540054 / math.sqrt(deaths))
    do = "stset stop, id(id) failure(event) time0(start)\nstrate transplant, per(100) output(rates, replace)\nuse rates, clear"
    rate = 100 * deaths / time
    cases.add("strate output", "heart.csv", do, {"_N": 2, "transplant[2]": 1, "_D[2]": deaths, "_Y[2]": time / 100, "_Rate[2]": rate, "_Lower[2]": rate / wide, "_Upper[2]": rate * wide}, 1e-9, "pandas")
    cases.write()


if __name__ == "__main__":
    main()
