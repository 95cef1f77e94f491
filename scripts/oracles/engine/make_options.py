"""Options and combinations: semielasticities of factors, weights with clusters and two limits, dates that are read with
masks, leap seconds. Writes `options.json`. Sources: numpy, scipy, Python's calendar; numbers printed in [D] Datetime."""

from datetime import datetime

import numpy as np
import pandas as pd
from common import ROOT, Cases
from numeric import jacobian, maximise, robust
from scipy import special, stats

DATA = ROOT / "data"
WEIGHT = "generate w = 1 + mod(_n - 1, 3)\n"


def weights(n):
    return (1 + np.arange(n) % 3).astype(float)


def delta(value, theta, v):
    """A value with its standard error by the delta method."""
    j = jacobian(lambda t: np.array([value(t)]), theta)
    return float(value(theta)), float((j @ v @ j.T)[0, 0] ** 0.5)


def margin(place, value, theta, v):
    b, se = delta(value, theta, v)
    return {f"b[1,{place}]": b, f"sqrt(V[{place},{place}])": se}


STORE = "matrix b = r(b)\nmatrix V = r(V)"


def semielasticities(cases):
    """ey/dx of a factor is the mean of ln y at the level minus the mean of ln y at the base (StataCorp's article of
    5 April 2022 on margins with different functional forms)."""
    source = "numpy; definition by StataCorp (blog of 5 April 2022)"
    d = pd.read_csv(DATA / "lbw.csv")
    n = len(d)
    x = np.column_stack([d.age, d.ui, np.ones(n)]).astype(float)
    b = np.linalg.lstsq(x, d.bwt, rcond=None)[0]
    e = d.bwt - x @ b
    v = np.linalg.inv(x.T @ x) * (e @ e) / (n - 3)
    up, down = x.copy(), x.copy()
    up[:, 1], down[:, 1] = 1, 0
    change = lambda t: np.mean(np.log(up @ t) - np.log(down @ t))
    slope = lambda t: np.mean(t[0] / (x @ t))
    cases.add("eydx after regress", "lbw.csv", "regress bwt age i.ui\nmargins, eydx(age ui)\n" + STORE,
              {**margin(1, slope, b, v), **margin(3, change, b, v)}, 1e-8, source)
    at = lambda t: np.log(up.mean(0) @ t) - np.log(down.mean(0) @ t)
    cases.add("eydx atmeans", "lbw.csv", "regress bwt age i.ui\nmargins, eydx(ui) atmeans\n" + STORE, margin(2, at, b, v), 1e-8, source)
    cases.add("eydx of an expression", "lbw.csv", "regress bwt age i.ui\nmargins, eydx(ui) expression(predict(xb))\n" + STORE,
              margin(2, change, b, v), 1e-7, source)
    w = weights(n)
    z = np.column_stack([d.age, d.smoke, d.lwt / 10, np.ones(n)]).astype(float)
    levels = d.race.to_numpy() - 1

    def p(t, z):
        eta = np.column_stack([np.zeros(len(z)), z @ t[:4], z @ t[4:]])
        return special.softmax(eta, axis=1)

    theta, ll, info, _ = maximise(lambda t: np.log(p(t, z)[np.arange(n), levels]), np.zeros(8), w)
    up, down = z.copy(), z.copy()
    up[:, 1], down[:, 1] = 1, 0
    change = lambda t: np.average(np.log(p(t, up)[:, 0]) - np.log(p(t, down)[:, 0]), weights=w)
    do = WEIGHT + "generate double l = lwt/10\nmlogit race age i.smoke l [fweight=w], base(1)\n"
    cases.add("eydx of an outcome of mlogit, fweight", "lbw.csv", do + "margins, eydx(smoke) predict(outcome(1))\n" + STORE,
              {**margin(2, change, theta, np.linalg.inv(info)), "e(ll)": ll}, 1e-6, source)


def ordered(cases):
    """Margins of one outcome with weights and clusters."""
    d = pd.read_csv(DATA / "lbw.csv")
    n = len(d)
    w, g = weights(n), np.arange(n) % 17
    x = np.column_stack([d.age, d.smoke, d.lwt / 10]).astype(float)
    levels = d.race.to_numpy() - 1
    setup = WEIGHT + "generate g = mod(_n - 1, 17)\ngenerate double l = lwt/10\n"
    for name, cdf in (("ologit", special.expit), ("oprobit", stats.norm.cdf)):
        def p(t, x, cdf=cdf):
            cuts = np.r_[-np.inf, t[3], t[4], np.inf]
            return np.diff(cdf(cuts[None, :] - (x @ t[:3])[:, None]), axis=1)

        theta, ll, info, scores = maximise(lambda t, p=p: np.log(p(t, x)[np.arange(n), levels]), np.array([0, 0, 0, 0, 0.5]), w)
        v = robust(info, scores, g, w)
        up, down = x.copy(), x.copy()
        up[:, 1], down[:, 1] = 1, 0
        change = lambda t, p=p, up=up, down=down: np.average(p(t, up)[:, 2] - p(t, down)[:, 2], weights=w)
        over = lambda t, p=p: np.average(p(t, x)[:, 0], weights=w * (d.ui == 1))
        do = setup + f"{name} race age i.smoke l [pweight=w], vce(cluster g)\n"
        cases.add(f"{name} pweight cluster, dydx of a factor", "lbw.csv", do + "margins, dydx(smoke) predict(outcome(3))\n" + STORE,
                  {**margin(2, change, theta, v), "e(ll)": ll}, 1e-6)
        cases.add(f"{name} pweight cluster, over()", "lbw.csv", do + "margins, over(ui) predict(outcome(1))\n" + STORE, margin(2, over, theta, v), 1e-6)


def two_limits(cases):
    """tobit with both limits, weights and clusters."""
    d = pd.read_csv(DATA / "households.csv")
    n, phi = len(d), stats.norm
    y, w = d.spending.to_numpy(float), weights(n)
    x = np.column_stack([d.income, d.age, np.ones(n)]).astype(float)

    def rows(t):
        m, s = x @ t[:3], np.exp(t[3])
        inside = phi.logpdf((y - m) / s) - t[3]
        return np.where(y <= 20, phi.logcdf((20 - m) / s), np.where(y >= 150, phi.logsf((150 - m) / s), inside))

    start = np.r_[np.linalg.lstsq(x, y, rcond=None)[0], np.log(y.std())]
    for name, option, of in (("pweight", "", w), ("cluster", "vce(cluster cluster)", None)):
        theta, ll, info, scores = maximise(rows, start, of)
        v = robust(info, scores, None if of is not None else d.cluster.to_numpy(), of)
        m, s = x @ theta[:3], np.exp(theta[3])
        a, b = phi.cdf((20 - m) / s), phi.cdf((150 - m) / s)
        mean = m + s * (phi.pdf((20 - m) / s) - phi.pdf((150 - m) / s)) / (b - a)
        cases.add(f"tobit two limits {name}", "households.csv", "replace w = 1 + mod(_n - 1, 3)\ntobit spending income age "
                  + ("[pweight=w]" if of is not None else "") + f", ll(20) ul(150) {option}\npredict double m, e(20,150)\n"
                  "predict double p, pr(20,150)\npredict double s, ystar(20,150)", {
                      "_b[income]": theta[0], "_se[income]": v[0, 0] ** 0.5, "e(ll)": ll, "m[3]": mean[2], "p[4]": (b - a)[3],
                      "s[5]": ((b - a) * mean + 20 * a + 150 * (1 - b))[4]}, 1e-6)


def ms(*parts):
    return (datetime(*parts) - datetime(1960, 1, 1)).total_seconds() * 1000


def dates(cases):
    day = lambda *p: (datetime(*p) - datetime(1960, 1, 1)).days
    cases.add("clock with fractions", None, "display 1", {
        'clock("2020-02-29 13:05:10.250", "YMDhms")': ms(2020, 2, 29, 13, 5, 10, 250000),
        'clock("20jan2010 09:15:22.120", "DMYhms")': 1579598122120,
        'clock("09:15:22.1", "hms")': 33322100, 'clock("3:05 p.m. 3jan2020", "hmDMY")': ms(2020, 1, 3, 15, 5)}, 1e-15,
              "1,579,598,122,120: [D] Datetime; Python datetime")
    cases.add("clock passes over what a mask ignores", None, "display 1", {
        'clock("2020-05-06T07:08:09", "YMD#hms")': ms(2020, 5, 6, 7, 8, 9), 'clock("2020-05-06T07:08:09Z", "YMD#hms#")': ms(2020, 5, 6, 7, 8, 9),
        'clock("2020-05-06T07:08:09.250Z", "YMD#hms##")': ms(2020, 5, 6, 7, 8, 9, 250000),
        'clock("1-1-2010 at 3:23:17 PM", "MDY#hms")': ms(2010, 1, 1, 15, 23, 17), 'clock("2020-05-06T07:08:09", "YMDhms")': ms(2020, 5, 6, 7, 8, 9),
        'date("2020-05-06T07:08:09Z", "YMD#hms#")': day(2020, 5, 6)}, 1e-15, "[D] Datetime conversion; Python datetime")
    cases.add("leap seconds", None, "display 1", {
        'Clock("20jan2010 09:15:22.120", "DMYhms")': 1579598146120, "tC(20jan2010 09:15:22.120)": 1579598146120,
        'Cofc(clock("20jan2010 09:15:22.120", "DMYhms"))': 1579598146120, "cofC(1579598146120)": 1579598122120,
        "Cmdyhms(1, 20, 2010, 9, 15, 22.12)": 1579598146120, "dofC(1579598146120)": day(2010, 1, 20),
        "hhC(1579598146120)": 9, "mmC(1579598146120)": 15, "ssC(1579598146120)": 22.12, "Cofd(0)": 0,
        "Cofd(mdy(1, 1, 2017))": ms(2017, 1, 1) + 27000,
        'ssC(Clock("31dec2016 23:59:60", "DMYhms"))': 60, 'dofC(Clock("31dec2016 23:59:60", "DMYhms"))': day(2016, 12, 31),
        'missing(Clock("31dec2017 23:59:60", "DMYhms"))': 1,
        'string(Clock("30jun2015 23:59:60", "DMYhms"), "%tC") == "30jun2015 23:59:60"': 1,
        'string(cofC(Clock("30jun2015 23:59:60", "DMYhms")), "%tc") == "01jul2015 00:00:00"': 1}, 1e-15,
              "1,579,598,146,120: [D] Datetime; Bulletin C of the IERS (27 leap seconds until 2017)")
    cases.add("periods by masks", None, "display 1", {
        'halfyearly("2h2024", "HY")': 129, 'halfyearly("1/2024", "HY")': 128, 'monthly("3/98", "MY", 2050)': 458, 'monthly("3/98", "M19Y")': 458,
        'missing(monthly("3/98", "MY"))': 1, 'yearly("98", "Y", 2050)': 1998, 'missing(yearly("98", "Y"))': 1,
        'quarterly("24q3", "20YQ")': 258, 'weekly("2024w3", "YW")': 64 * 52 + 2,
        'date("Thu 29 feb 2024", "#DMY")': day(2024, 2, 29)}, 1e-15, "[D] Datetime conversion; Python datetime")
    cases.add("rounding keeps extended missing values", None, "display 1", {
        "floor(.a) == .a": 1, "int(.b) == .b": 1, "ceil(.c) == .c": 1, "round(.d) == .d": 1, "round(.d, 2) == .d": 1,
        "trunc(.e) == .e": 1, "round(2.3, .a) == .": 1, "abs(.a) == .": 1}, 1e-15, "help of floor(), int(), round()")
    cases.add("Unicode expressions without case", None, "display 1", {
        'ustrregexm("abc", "B", 1)': 1, 'ustrregexm("abc", "B")': 0, 'ustrregexrf("aBb", "b", "x", 1) == "axb"': 1,
        'ustrregexra("aBb", "b", "x", 1) == "axx"': 1}, 1e-15, "help of ustrregexm()")


def generated(cases):
    """margins, at(variable = generate(exp))."""
    d = pd.read_csv(DATA / "lbw.csv")
    age, smoke = d.age.to_numpy(float), d.smoke.to_numpy(float)
    x = np.column_stack([age, smoke, age * smoke, np.ones(len(d))])
    theta, ll, info, _ = maximise(lambda t: -np.logaddexp(0, np.where(d.low == 1, -1, 1) * (x @ t)),
                                  np.array([0, 0, 0, -0.5]))
    v = np.linalg.inv(info)
    p = lambda t, age: special.expit(t[0] * age + t[1] * smoke + t[2] * age * smoke + t[3])
    do = "logit low c.age##i.smoke\n"
    more = lambda t: p(t, age + 5).mean()
    cases.add("margins at generate()", "lbw.csv", do + "margins, at(age = generate(age)) at(age = gen(age + 5))\n" + STORE,
              {**margin(1, lambda t: p(t, age).mean(), theta, v), **margin(2, more, theta, v)}, 1e-6, "numpy")
    cases.add("margins at generate() with a condition", "lbw.csv", do + "margins, at(age = generate(cond(smoke == 1, age*2, age)))\n" + STORE,
              margin(1, lambda t: p(t, np.where(smoke == 1, 2 * age, age)).mean(), theta, v), 1e-6, "numpy")
    cases.add("contrast of margins at generate()", "lbw.csv", do + "margins, at(age = generate(age)) at(age = generate(age + 5)) contrast(atcontrast(r))\n" + STORE,
              margin(1, lambda t: (p(t, age + 5) - p(t, age)).mean(), theta, v), 1e-6, "numpy")
    slope = lambda t: (lambda q: q * (1 - q) * (t[0] + t[2] * smoke))(p(t, age + 5)).mean()
    cases.add("dydx at generate()", "lbw.csv", do + "margins, dydx(age) at(age = generate(age + 5))\n" + STORE, margin(1, slope, theta, v), 1e-6, "numpy")


def edges(cases):
    b, p = stats.binom, stats.poisson
    cases.add("probabilities of counts outside their range", None, "display 1", {
        "binomial(5, -1, .3)": 0, "binomial(5, -.5, .3)": 0, "binomial(5, 7, .3)": 1, "binomial(5.7, 2.9, .3)": b.cdf(2, 5, 0.3),
        "binomialtail(5, 6, .3)": 0, "binomialtail(5, -2, .3)": 1, "binomialtail(5, .5, .3)": 1, "missing(binomial(-1, 0, .3))": 1,
        "missing(binomialp(5, -1, .3))": 1, "poisson(2, -1)": 0, "poisson(2, 3.9)": p.cdf(3, 2), "poissontail(2, .5)": 1, "poissontail(2, -3)": 1,
        "poissontail(2, 1.5)": p.sf(0, 2), "missing(poissonp(2, -1))": 1, "missing(exponential(-1, 2))": 1, "missing(exponentialtail(0, 2))": 1}, 1e-13, "scipy; domains of [FN] Statistical functions")
    cases.add("quantiles at zero, logarithms of densities", None, "display 1", {
        "invchi2(3, 0)": 0, "invF(2, 3, 0)": 0, "invgammap(2, 0)": 0, "missing(invchi2(3, 1))": 1, "lnnormalden(1, 2, 3)": stats.norm.logpdf(1, 2, 3),
        "lnnormalden(1, 2)": stats.norm.logpdf(1, 0, 2), "lngamma(-.5)": special.gammaln(-0.5), "lngamma(-3.25)": special.gammaln(-3.25),
        "missing(lngamma(-2))": 1}, 1e-13, "scipy")
    cases.add("inrange of missing values and texts", None, "display 1", {
        "inrange(., ., .)": 0, "inrange(., 1, .)": 0, "inrange(5, ., .)": 1, "inrange(5, ., 4)": 0, "inrange(5, 4, .)": 1, "inrange(5, 6, .)": 0,
        'inrange("b", "a", "c")': 1, 'inrange("d", "a", "c")': 0, 'inrange("", "", "c")': 0, 'inrange("b", ".", "c")': 1}, 1e-15, "ordered rules in the help of inrange()")
    data = "input x g\n1 1\n2 1\n4 2\n9 2\n7 2\nend\nmean x, over(g)"
    cases.add("coefficients of means over groups", None, data, {"_b[c.x@1.g]": 1.5, "_b[c.x@1bn.g]": 1.5, "_b[x@2.g]": 20 / 3,
              "_se[c.x@2.g]": np.std([4, 9, 7], ddof=1) / 3**0.5}, 1e-12, "numpy")


def main():
    cases = Cases("options", "numpy, scipy, Python datetime; numbers of the manual where a case says so")
    semielasticities(cases)
    ordered(cases)
    two_limits(cases)
    dates(cases)
    generated(cases)
    edges(cases)
    cases.write()


if __name__ == "__main__":
    main()
