"""Standardised and pooled measures of `cs`, `cc`, `ir`, and ratios of observed to expected failures: printed numbers of [R] Epitab, and the
delta method with numerical derivatives over Poisson and binomial counts (numpy, mpmath), pandas for `strate` and `stptime`."""

import mpmath as mp
import numpy as np
import pandas as pd
from common import ROOT, Cases
from scipy import stats

SOURCE = "[R] Epitab; numpy, mpmath"
Z = stats.norm.ppf(0.975)
mp.mp.dps = 40

# exposed cases, unexposed cases, exposed others, unexposed others: the trial of [R] Epitab, and the case-control study there
TRIAL = [(8, 5, 98, 115), (22, 16, 76, 69)]
STUDY = [(3, 9, 104, 1059), (1, 3, 5, 86)]
RATES = [(32, 2, 52407, 18790), (104, 12, 43248, 10673), (206, 28, 28612, 5710), (186, 28, 12663, 2585), (102, 31, 5317, 1462)]


def delta(measure, counts, variances):
    """Value and variance of a function of independent counts."""
    values = [mp.mpf(c) for c in counts]
    total = mp.mpf(0)
    for i, v in enumerate(variances):
        part = mp.diff(lambda t: measure(values[:i] + [t] + values[i + 1 :]), values[i])
        total += part**2 * v
    return float(measure(values)), float(total)


def limits(value, variance, log):
    half = Z * np.sqrt(variance)
    return (value * np.exp(-half), value * np.exp(half)) if log else (value - half, value + half)


def expected(name, value, variance, log):
    low, high = limits(value, variance, log)
    return {f"r({name})": value, f"r(lb_{name})": low, f"r(ub_{name})": high}


def standardised(name, strata, weights, variance, log):
    """Strata are (cases, size) of the exposed and of the unexposed."""
    sizes = [(n1, n0) for (_, n1), (_, n0) in strata]

    def parts(c):
        p = sum(w * c[2 * i] / n1 for i, (w, (n1, _)) in enumerate(zip(weights, sizes)))
        q = sum(w * c[2 * i + 1] / n0 for i, (w, (_, n0)) in enumerate(zip(weights, sizes)))
        return p / sum(weights), q / sum(weights)

    counts = [x for (a, _), (b, _) in strata for x in (a, b)]
    variances = [variance(x, n) for (a, n1), (b, n0) in strata for x, n in ((a, n1), (b, n0))]
    ratio = lambda c: mp.log(parts(c)[0] / parts(c)[1])
    difference = lambda c: parts(c)[0] - parts(c)[1]
    value, v = delta(ratio if log else difference, counts, variances)
    return expected(name, np.exp(value) if log else value, v, log)


def pooled(parts, log):
    weights = np.array([1 / v for _, v in parts])
    values = np.array([x for x, _ in parts])
    mean = (weights * values).sum() / weights.sum()
    out = expected("pooled", np.exp(mean) if log else mean, 1 / weights.sum(), log)
    return out | {"r(chi2_p)": (weights * (values - mean) ** 2).sum(), "r(df)": len(parts) - 1}


def typed(tables):
    lines = [f"{g} {y} {x} {n} {w}" for g, t in enumerate(tables, 1) for (y, x), n in zip(((1, 1), (1, 0), (0, 1), (0, 0)), t[:4]) for w in [10 * g + 3]]
    return "input g y x n w\n" + "\n".join(lines) + "\nend\n"


def risks(cases):
    do = typed(TRIAL)
    strata = [((a, a + c), (b, b + d)) for a, b, c, d in TRIAL]
    binomial = lambda x, n: x * (n - x) / n
    weights = {"istandard": [n1 for (_, n1), _ in strata], "estandard": [n0 for _, (_, n0) in strata], "standard(w)": [13, 23]}
    for option, w in weights.items():
        for name, log in (("rr", True), ("rd", False)):
            extra = "" if log else " rd"
            cases.add(f"cs {option}{extra}", None, do + f"cs y x [fweight=n], by(g) {option}{extra}", standardised(name, strata, w, binomial, log), 1e-9)
    manual = {"r(rr)": 1.312122, "r(lb_rr)": 0.7889772, "r(ub_rr)": 2.182147}
    cases.add("cs istandard, manual", None, do + "cs y x [fweight=n], by(g) istandard", manual, 4e-7, "[R] Epitab")
    log_ratio = lambda a, n1, b, n0: (np.log(a / n1 * n0 / b), 1 / a - 1 / n1 + 1 / b - 1 / n0)
    parts = [log_ratio(a, n1, b, n0) for (a, n1), (b, n0) in strata]
    cases.add("cs pool", None, do + "cs y x [fweight=n], by(g) pool", {k: v for k, v in pooled(parts, True).items()}, 1e-9)
    gap = lambda a, n1, b, n0: (a / n1 - b / n0, a * (n1 - a) / n1**3 + b * (n0 - b) / n0**3)
    parts = [gap(a, n1, b, n0) for (a, n1), (b, n0) in strata]
    cases.add("cs pool rd", None, do + "cs y x [fweight=n], by(g) pool rd estandard", pooled(parts, False), 1e-9)


def odds(cases):
    do = typed(STUDY)
    manual = {"r(or)": 3.779749, "r(lb_or)": 1.180566, "r(ub_or)": 12.10141}
    cases.add("cc istandard, manual", None, do + "cc y x [fweight=n], by(g) istandard", manual, 4e-7, "[R] Epitab")
    cases.add("cc pool, manual", None, do + "cc y x [fweight=n], by(g) pool", {"r(pooled)": 3.824166}, 4e-7, "[R] Epitab")
    parts = [(np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d) for a, b, c, d in STUDY]
    cases.add("cc pool", None, do + "cc y x [fweight=n], by(g) pool", pooled(parts, True), 1e-9)
    # with one odds ratio in all strata the formula of the manual is the delta method for four independent counts
    same = [(6, 4, 9, 12), (10, 5, 8, 8), (3, 2, 4, 16 / 3)]
    for option, w in (("estandard", [t[3] for t in same[:2]]), ("standard(w)", [13, 23])):
        two = same[:2]
        measure = lambda x: mp.log(sum(k * x[4 * i] / x[4 * i + 2] for i, k in enumerate(w)) / sum(k * x[4 * i + 1] / x[4 * i + 3] for i, k in enumerate(w)))
        counts = [v for t in two for v in t]
        value, variance = delta(measure, counts, counts)
        cases.add(f"cc {option}", None, typed(two) + f"cc y x [fweight=n], by(g) {option}", expected("or", np.exp(value), variance, True), 1e-9)


def rates(cases):
    lines = [f"{g} {x} {d} {t} {10 * g + 3}" for g, (a, b, t1, t0) in enumerate(RATES, 1) for x, d, t in ((1, a, t1), (0, b, t0))]
    do = "input g x d t w\n" + "\n".join(lines) + "\nend\n"
    strata = [((a, t1), (b, t0)) for a, b, t1, t0 in RATES]
    poisson = lambda x, n: x
    weights = {"istandard": [r[2] for r in RATES], "estandard": [r[3] for r in RATES], "standard(w)": [10 * g + 3 for g in range(1, 6)]}
    for option, w in weights.items():
        for name, log in (("irr", True), ("ird", False)):
            extra = "" if log else " ird"
            cases.add(f"ir {option}{extra}", None, do + f"ir d x t, by(g) {option}{extra}", standardised(name, strata, w, poisson, log), 1e-9)
    parts = [(np.log(a / t1 * t0 / b), 1 / a + 1 / b) for a, b, t1, t0 in RATES]
    want = {k: v for k, v in pooled(parts, True).items()}
    cases.add("ir pool", None, do + "ir d x t, by(g) pool", want, 1e-9)
    parts = [(a / t1 - b / t0, a / t1**2 + b / t0**2) for a, b, t1, t0 in RATES]
    cases.add("ir pool ird", None, do + "ir d x t, by(g) pool ird istandard", pooled(parts, False), 1e-9)


def smr(observed, expect):
    half = Z / np.sqrt(observed)
    return observed / expect, observed / expect * np.exp(-half), observed / expect * np.exp(half)


def failures(cases):
    a = pd.read_csv(ROOT / "data/heart.csv")
    start = "stset stop, id(id) failure(event) time0(start)\n"
    a["rate"] = 0.5 + 0.01 * a.age.abs()
    a["time"] = a.stop - a.start
    expect = {}
    for i, (_, part) in enumerate(a.groupby("transplant"), 1):
        d, e = part.event.sum(), (part.time * part.rate).sum() / 1000
        for j, x in enumerate((d, e, *smr(d, e)), 1):
            expect[f"m[{i},{j}]"] = x
    do = start + "generate double rate = .5 + .01*abs(age)\nstrate transplant, per(1000) smr(rate) output(out, replace)\nmatrix m = r(rates)\n"
    cases.add("strate, smr()", "heart.csv", do + "use out, clear", expect | {"_SMR[2]": expect["m[2,3]"], "_E[1]": expect["m[1,2]"]}, 1e-9, "pandas: [ST] strate")
    cuts, reference = [50, 100, 500], {50: 3.0, 100: 2.0}
    file = "preserve\nclear\ninput lower double rate\n0 4\n50 3\n100 2\n500 1\nend\nsave reference, replace\nrestore\n"
    expect, sums = {}, np.zeros(3)
    for i, (low, high) in enumerate(zip(cuts, cuts[1:]), 1):
        time = (a.stop.clip(upper=high) - a.start.clip(lower=low)).clip(lower=0).sum()
        d = ((a.event == 1) & (a.stop > low) & (a.stop <= high)).sum()
        e = time / 1000 * reference[low]
        sums += (time, d, e)
        for j, x in enumerate((time, d, e, *smr(d, e)), 1):
            expect[f"m[{i},{j}]"] = x
    value, low, high = smr(sums[1], sums[2])
    expect |= {"r(ptime)": sums[0], "r(failures)": sums[1], "r(expected)": sums[2], "r(smr)": value, "r(lb)": low, "r(ub)": high}
    do = start + file + "stptime, at(50 100 500) trim per(1000) smr(lower rate) using(reference)\nmatrix m = r(rates)"
    cases.add("stptime, smr() at() trim", "heart.csv", do, expect, 1e-9, "pandas: [ST] stptime")
    rates = {0: 0.8, 1: 1.7}
    file = "preserve\nclear\ninput transplant double rate\n0 .8\n1 1.7\nend\nsave reference, replace\nrestore\n"
    d, e = a.event.sum(), (a.time * a.transplant.map(rates)).sum() / 500
    value, low, high = smr(d, e)
    expect = {"r(expected)": e, "r(smr)": value, "r(lb)": low, "r(ub)": high, "r(rate)": d / a.time.sum() * 500}
    do = start + file + "stptime, per(500) smr(transplant rate) using(reference) by(surgery)"
    cases.add("stptime, smr() by()", "heart.csv", do, expect, 1e-9, "pandas: [ST] stptime")


def main():
    cases = Cases("standardised", SOURCE)
    risks(cases)
    odds(cases)
    rates(cases)
    failures(cases)
    cases.write()


if __name__ == "__main__":
    main()
