"""Collinear and nearly collinear regressors.

Published output: StataCorp, FAQ "Estimation commands and omitted variables" (J. Hardin; the 1978 automobile data), and
its account of the NIST data, by which two powers of Filip are omitted. Everything else is least squares by mpmath with
60 digits on the stored values.
"""

import json
import math

import mpmath as mp
import pandas as pd

from common import ROOT, Cases, write_data

mp.mp.dps = 60

# price mpg trunk weight displacement foreign of the 74 cars.
CARS = """
4099,22,11,2930,121,0;4749,17,11,3350,258,0;3799,22,12,2640,121,0;6295,23,11,2070,97,1;9690,17,15,2830,131,1;
9735,25,12,2650,121,1;4816,20,16,3250,196,0;7827,15,20,4080,350,0;5788,18,21,3670,231,0;4453,26,10,2230,304,0;
5189,20,16,3280,196,0;10372,16,17,3880,231,0;4082,19,13,3400,231,0;11385,14,20,4330,425,0;
14500,14,16,3900,350,0;15906,21,13,4290,350,0;3299,29,9,2110,231,0;5705,16,20,3690,250,0;4504,22,17,3180,200,0;
5104,22,16,3220,200,0;3667,24,7,2750,151,0;3955,19,13,3430,250,0;6229,23,6,2370,119,1;4589,35,8,2020,85,1;
5079,24,8,2280,119,1;8129,21,8,2750,146,1;3984,30,8,2120,98,0;4010,18,17,3600,318,0;5886,16,17,3600,318,0;
6342,17,21,3740,225,0;4296,21,16,2130,105,1;4389,28,9,1800,98,0;4187,21,10,2650,140,0;5799,25,10,2240,107,1;
4499,28,5,1760,91,1;11497,12,22,4840,400,0;13594,12,18,4720,400,0;13466,14,15,3830,302,0;3995,30,11,1980,86,1;
3829,22,9,2580,140,0;5379,14,16,4060,302,0;6303,14,16,4130,302,0;6165,15,23,3720,302,0;4516,18,15,3370,250,0;
3291,20,17,2830,140,0;4733,19,16,3300,231,0;5172,19,16,3310,231,0;4890,18,20,3690,231,0;4181,19,14,3370,231,0;
4195,24,10,2730,151,0;10371,16,17,4030,350,0;8814,21,20,4060,350,0;12990,14,14,3420,163,1;
4647,28,11,3260,156,0;4425,34,11,1800,86,0;4482,25,17,2200,105,0;6486,26,8,2520,119,0;4060,18,16,3330,225,0;
5798,18,20,3700,231,0;4934,18,7,3470,231,0;5222,19,16,3210,231,0;4723,19,17,3200,231,0;4424,19,13,3420,231,0;
4172,24,7,2690,151,0;3895,26,10,1830,79,1;3798,35,11,2050,97,1;5899,18,14,2410,134,1;3748,31,9,2200,97,1;
5719,18,11,2670,134,1;4697,25,15,1930,89,1;5397,41,15,2040,90,1;6850,25,16,1990,97,1;7140,23,12,2160,97,1;
11995,17,14,3170,163,1
"""


def centred(values):
    values = [mp.mpf(float(v)) for v in values]
    mean = mp.fsum(values) / len(values)
    return [v - mean for v in values]


def least_squares(y, columns):
    """Coefficients, standard errors and R squared of a regression with a constant (not reported)."""
    n, k = len(y), len(columns)
    c = [centred(x) for x in columns]
    t = centred(y)
    a = mp.matrix(k, k)
    b = mp.matrix(k, 1)
    for i in range(k):
        b[i] = mp.fsum(p * q for p, q in zip(c[i], t))
        for j in range(k):
            a[i, j] = mp.fsum(p * q for p, q in zip(c[i], c[j]))
    inverse = a**-1
    slopes = inverse * b
    rss = mp.fsum((t[r] - mp.fsum(slopes[i] * c[i][r] for i in range(k))) ** 2 for r in range(n))
    tss = mp.fsum(v * v for v in t)
    s2 = rss / (n - k - 1)
    se = [mp.sqrt(s2 * inverse[i, i]) for i in range(k)]
    return [float(s) for s in slopes], [float(s) for s in se], float(1 - rss / tss)


def single(value):
    """The value in single precision."""
    import struct

    return struct.unpack("f", struct.pack("f", value))[0]


def main():
    cases = Cases("collinear", "StataCorp's published output; least squares with 60 digits (mpmath)")
    rows = [[float(v) for v in row.split(",")] for row in CARS.strip().replace("\n", "").split(";")]
    names = ["price", "mpg", "trunk", "weight", "displacement", "foreign"]
    cars = pd.DataFrame(rows, columns=names)
    write_data("cars", cars)
    faq = "Estimation commands and omitted variables, stata.com/support/faqs/stat/drop.html"
    cases.add(
        "the column in the middle is omitted",
        "cars.csv",
        "generate newvar = price + 2.4*weight - 1.2*displacement\n"
        "regress trunk price weight mpg foreign newvar displacement\nlocal names : colnames e(b)\n"
        "scalar middle = strpos(\"`names'\", \"o.weight\") > 0",
        {
            "_b[price]": -0.0017329,
            "_se[price]": 0.0006706,
            "_b[mpg]": -0.0709254,
            "_se[mpg]": 0.1125374,
            "_b[foreign]": 1.374419,
            "_se[foreign]": 1.287406,
            "_b[newvar]": 0.0015145,
            "_se[newvar]": 0.0005881,
            "_b[displacement]": 0.007182,
            "_se[displacement]": 0.0092692,
            "_b[_cons]": 4.170958,
            "e(rss)": 708.707655,
            "e(df_m)": 5,
            "middle": 1,
        },
        tol=1e-4,
        source=faq,
    )
    kg = [single(w / 2.2046) for w in cars.weight]
    b, se, r2 = least_squares(cars.price, [cars.weight, cars.mpg])
    cases.add(
        "a rescaled float is omitted",
        "cars.csv",
        "generate kg = weight/2.2046\nregress price weight kg mpg",
        {"_b[weight]": b[0], "_se[weight]": se[0], "e(r2)": r2, "e(df_m)": 2, "e(df_r)": 71},
    )
    assert single(kg[0]) == kg[0]
    total = cars.price + cars.weight + cars.displacement
    shares = [[single(v / t) for v, t in zip(cars[n], total)] for n in ("price", "weight", "displacement")]
    b, se, r2 = least_squares(cars.mpg, shares[:2])
    cases.add(
        "shares that sum to one",
        "cars.csv",
        "generate total = price + weight + displacement\nforeach v in price weight displacement {\n"
        "generate s_`v' = `v'/total\n}\nregress mpg s_price s_weight s_displacement",
        {"e(r2)": r2, "e(df_m)": 2, "e(df_r)": 71},
        tol=1e-5,
    )
    # Age, period and cohort with parts of years, in single precision.
    born = [single(1950 + 31.7 * math.sin(i) ** 2) for i in range(74)]
    period = [single(1996 + 7.3 * math.cos(3 * i) ** 2) for i in range(74)]
    age = [single(p - b) for p, b in zip(period, born)]
    cars["born"], cars["period"] = born, period
    write_data("cars", cars)
    _, _, r2 = least_squares(cars.price, [born, age])
    cases.add(
        "age, period and cohort",
        "cars.csv",
        "generate age = period - born\nregress price age period born",
        {"e(r2)": r2, "e(df_m)": 2, "e(df_r)": 71},
        tol=1e-6,
    )
    # Both sides of the edge, in double and in float.
    n = 40
    x = [math.sin(0.7 * i) * 3 + 0.1 * i for i in range(n)]
    u = [math.cos(1.9 * i * i) for i in range(n)]
    y = [1 + 2 * a + 0.3 * math.sin(5 * i) for i, a in enumerate(x)]
    cx, cu = centred(x), centred(u)
    along = mp.fsum(a * b for a, b in zip(cx, cu)) / mp.fsum(a * a for a in cx)
    pure = [b - along * a for a, b in zip(cx, cu)]
    length = mp.fsum(a * a for a in cx) / mp.fsum(a * a for a in pure)
    edge = pd.DataFrame({"y": y, "x": x})
    for name, share in (("near", 4e-10), ("gone", 4e-11)):
        step = mp.sqrt(length * share)
        edge[name] = [float(mp.mpf(a) + step * b) for a, b in zip(x, pure)]
    edge["level"] = [1000 + math.sin(1.3 * i) * 1.5 for i in range(n)]
    write_data("edge", edge)
    b, se, r2 = least_squares(y, [x, edge.near])
    cases.add(
        "a share of 4e-10 is estimated",
        "edge.csv",
        "regress y x near",
        {"_b[x]": b[0], "_se[x]": se[0], "_b[near]": b[1], "_se[near]": se[1], "e(r2)": r2, "e(df_m)": 2},
    )
    _, _, r2 = least_squares(y, [x])
    cases.add("a share of 4e-11 is omitted", "edge.csv", "regress y x gone", {"e(r2)": r2, "e(df_m)": 1}, tol=1e-7)
    level = [single(v) for v in edge.level]
    tenth = [single(v / 3) for v in level]
    b, se, r2 = least_squares(y, [level, tenth])
    cases.add(
        "single precision far from zero leaves more than the edge",
        "edge.csv",
        "recast float level, force\ngenerate third = level/3\nregress y level third",
        {"_b[level]": b[0], "_se[level]": se[0], "_b[third]": b[1], "e(r2)": r2, "e(df_m)": 2},
        tol=1e-7,
    )
    nist = json.loads((ROOT.parents[2] / "estimators/tests/it/nist.json").read_text())["cases"]
    filip = next(c for c in nist if c["name"] == "Filip")
    write_data("nist_filip", pd.DataFrame({"y": filip["y"], "x": filip["powers_of"]}))
    powers = {1: [float(v) for v in filip["powers_of"]]}
    for p in range(2, 11):
        powers[p] = [a * b for a, b in zip(powers[1], powers[p - 1])]
    _, _, r2 = least_squares(filip["y"], [powers[p] for p in (2, 4, 5, 6, 7, 8, 9, 10)])
    cases.add(
        "two powers of Filip are omitted",
        "nist_filip.csv",
        "generate double x1 = x\nforvalues i = 2/10 {\nlocal j = `i' - 1\ngenerate double x`i' = x*x`j'\n}\n"
        "regress y x1-x10",
        {"e(df_m)": 8, "e(r2)": r2},
        source="StataCorp's account of the NIST data: two coefficients are omitted and the fit stays good",
    )
    cases.write()


main()
