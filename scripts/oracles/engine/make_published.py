"""Published output of the manuals on small data sets."""

from common import Cases


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
    cases.write()


if __name__ == "__main__":
    main()
