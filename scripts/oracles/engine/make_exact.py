"""`exlogistic` and `expoisson`: enumeration of every outcome in Python with whole numbers, R fisher.test, mantelhaen.test and poisson.test."""

import itertools
import json
import math
import subprocess
from collections import defaultdict
from fractions import Fraction

import numpy as np
from common import Cases
from scipy.optimize import brentq

SOURCE = "enumeration in Python; R fisher.test, mantelhaen.test, poisson.test"


def r(code):
    done = subprocess.run(["Rscript", "-e", f"x <- {code}; cat('[', paste(sprintf('%.17g', x), collapse=','), ']')"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.replace("Inf", "1e999"))


class Space:
    """All outcomes with the sums of the groups and the statistics of `given` as observed; weights by value of the other statistics."""

    def __init__(self, y, x, free, given=(), groups=None, sums=True, trials=None, exposure=None):
        y, self.free = list(y), list(free)
        groups = groups or [0] * len(y)
        tops = trials or [1] * len(y)
        if exposure is not None:
            tops = [sum(v for v, g in zip(y, groups) if g == own) for own in groups]
        total = lambda v: tuple(sum(a for a, g in zip(v, groups) if g == k) for k in sorted(set(groups)))
        stat = lambda v, names: tuple(sum(a * b for a, b in zip(v, x[n])) for n in names)
        self.weights = defaultdict(Fraction)
        for v in itertools.product(*(range(t + 1) for t in tops)):
            if (sums and total(v) != total(y)) or stat(v, given) != stat(y, given):
                continue
            w = Fraction(1)
            for i, k in enumerate(v):
                w *= math.comb(tops[i], k) if exposure is None else Fraction(exposure[i]) ** k / math.factorial(k)
            self.weights[stat(v, self.free)] += w
        self.observed = stat(y, self.free)

    def part(self, names):
        """Probabilities of the statistics of some variables given those of the other free ones."""
        at = [self.free.index(n) for n in names]
        rest = [i for i in range(len(self.free)) if i not in at]
        out = defaultdict(Fraction)
        for point, w in self.weights.items():
            if all(point[i] == self.observed[i] for i in rest):
                out[tuple(point[i] for i in at)] += w
        whole = sum(out.values())
        return {t: w / whole for t, w in sorted(out.items())}, tuple(self.observed[i] for i in at)

    def joint(self, names):
        p, own = self.part(names)
        points = np.array([[float(v) for v in t] for t in p])
        weights = np.array([float(w) for w in p.values()])
        mean = weights @ points
        inverse = np.linalg.pinv((points - mean).T * weights @ (points - mean))
        score = {t: (np.array(t, float) - mean) @ inverse @ (np.array(t, float) - mean) for t in p}
        return score[own], sum(w for t, w in zip(p, weights) if score[t] >= score[own] - 1e-9), float(p[own]), sum(float(w) for w in p.values() if w <= p[own])

    def estimate(self, name, level=0.95, mid=False, median=False):
        p, (own,) = self.part([name])
        t = np.array([float(v[0]) for v in p])
        log = np.array([math.log(w) for w in p.values()])
        own = float(own)

        def at(beta):
            w = np.exp(log + beta * (t - own) - (log + beta * (t - own)).max())
            return w / w.sum()

        half = lambda w, m: (0.5 if m else 1) * w[t == own].sum()
        upper = lambda beta, m=mid: at(beta)[t > own].sum() + half(at(beta), m)
        lower = lambda beta, m=mid: at(beta)[t < own].sum() + half(at(beta), m)
        root = lambda f: brentq(f, -40, 40, xtol=1e-14, rtol=1e-14)
        tail = (1 - level) / 2
        out = {"suff": own, "p": min(1, 2 * min(upper(0), lower(0)))}
        out["low"] = None if own == t.min() else root(lambda b: upper(b) - tail)
        out["high"] = None if own == t.max() else root(lambda b: lower(b) - tail)
        if own == t.min():
            out["b"] = root(lambda b: lower(b, False) - 0.5)
        elif own == t.max():
            out["b"] = root(lambda b: upper(b, False) - 0.5)
        elif median:
            out["b"] = 0.5 * (root(lambda b: upper(b) - 0.5) + root(lambda b: lower(b) - 0.5))
        else:
            out["b"] = root(lambda b: at(b) @ t - own)
            w = at(out["b"])
            out["se"] = (w @ (t - w @ t) ** 2) ** -0.5
        return out


GET = "".join(f"matrix {k} = e({v})\n" for k, v in {"b": "b", "se": "se", "t": "sufficient", "p": "p_sufficient", "c": "ci", "s": "scoretest", "ps": "p_scoretest", "q": "probtest", "pq": "p_probtest", "m": "scoretest_m", "pm": "p_scoretest_m", "mq": "p_probtest_m"}.items())


def expected(space, names, **options):
    out = {"e(n_possible)": len(space.weights)}
    for j, name in enumerate(names, 1):
        e = space.estimate(name, **options)
        out |= {f"b[1,{j}]": e["b"], f"t[1,{j}]": e["suff"], f"p[1,{j}]": e["p"]}
        out |= {k: v for k, v in ((f"se[1,{j}]", e.get("se")), (f"c[1,{j}]", e["low"]), (f"c[2,{j}]", e["high"])) if v is not None}
        score, ps, q, pq = space.joint([name])
        out |= {f"s[1,{j}]": score, f"ps[1,{j}]": ps, f"q[1,{j}]": q, f"pq[1,{j}]": pq}
    score, ps, _, pq = space.joint(names)
    return out | {"m[1,1]": score, "pm[1,1]": ps, "mq[1,1]": pq}


def typed(columns):
    names = list(columns)
    lines = "\n".join(" ".join(str(v) for v in row) for row in zip(*columns.values()))
    return f"clear\ninput {' '.join('double ' + n if n == 'z' else n for n in names)}\n{lines}\nend\n"


Y = [1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 0, 0]
A = [1, 1, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0]
Z = [0.5, 1.5, 0.5, 2.0, 1.0, 0.5, 1.0, 1.5, 2.0, 1.5, 0.5, 0.0, 1.0]
G = [1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3]


def logistic(cases):
    x = {"a": A, "z": [Fraction(v) for v in Z]}
    do = typed({"y": Y, "a": A, "z": Z, "g": G})
    cases.add("two variables", None, do + "exlogistic y a z\n" + GET, expected(Space(Y, x, ["a", "z"]), ["a", "z"]), 1e-8, "enumeration")
    cases.add("midp", None, do + "exlogistic y a z, midp level(90) test(score)\n" + GET, expected(Space(Y, x, ["a", "z"]), ["a", "z"], mid=True, level=0.9), 1e-8, "enumeration")
    cases.add("mue()", None, do + "exlogistic y a z, mue(a) coef\n" + GET, {"b[1,1]": Space(Y, x, ["a", "z"]).estimate("a", median=True)["b"]}, 1e-8, "enumeration")
    grouped = expected(Space(Y, x, ["a", "z"], groups=G), ["a", "z"])
    cases.add("group()", None, do + "exlogistic y a z, group(g)\n" + GET, grouped, 1e-8, "enumeration")
    cases.add("condvars()", None, do + "exlogistic y a, condvars(z) nolog\n" + GET, expected(Space(Y, x, ["a"], given=["z"]), ["a"]), 1e-8, "enumeration")
    x["_cons"] = [1] * len(Y)
    cases.add("estconstant", None, do + "exlogistic y a, estconstant test(prob)\n" + GET, expected(Space(Y, x, ["a", "_cons"], sums=False), ["a", "_cons"]), 1e-8, "enumeration")
    cases.add("noconstant", None, do + "exlogistic y a, noconstant\n" + GET, expected(Space(Y, x, ["a"], sums=False), ["a"]), 1e-8, "enumeration")
    three = {"a": A, "z": [Fraction(v) for v in Z], "w": [v % 3 for v in range(len(Y))]}
    space = Space(Y, three, ["a", "z", "w"])
    do = typed({"y": Y, "a": A, "z": Z, "w": three["w"]})
    cases.add("three variables, terms()", None, do + "exlogistic y a z w, terms(t = a w)\n" + GET, expected(space, ["a", "z", "w"]), 1e-8, "enumeration")
    # all cases are exposed: median unbiased estimates and infinite limits
    y, a = [1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0]
    cases.add("separated", None, typed({"y": y, "a": a}) + "exlogistic y a\n" + GET + "matrix u = e(mue_indicators)\n", expected(Space(y, {"a": a}, ["a"]), ["a"]) | {"u[1,1]": 1, "c[2,1] == .": 1}, 1e-8, "enumeration")
    n, k, dose = [4, 3, 5, 2], [0, 1, 3, 2], [0, 1, 2, 4]
    do = typed({"k": k, "n": n, "dose": dose})
    cases.add("binomial()", None, do + "exlogistic k dose, binomial(n)\n" + GET + "estat se, coef\nmatrix r = r(estimates)\n", expected(Space(k, {"dose": dose}, ["dose"], trials=n), ["dose"]), 1e-8, "enumeration")


# R's own tests stop their search at 1e-4; the same distributions are solved here with a tolerance of 1e-13
SOLVED = """{s <- %s; lo <- 0; d <- 1; x <- 0
for (t in s) {m <- t[1]+t[2]; n <- t[3]+t[4]; k <- t[1]+t[3]; l <- max(0, k-n); h <- min(k, m)
 e <- dhyper(l:h, m, n, k); d <- convolve(d, rev(e), type="open"); lo <- lo + l; x <- x + t[1]}
v <- lo + seq_along(d) - 1; p <- function(b) {w <- log(d) + b*(v-x); w <- exp(w-max(w)); w/sum(w)}
z <- function(f) uniroot(f, c(-20, 20), tol=1e-13)$root
c(z(function(b) sum(p(b)*v)-x), z(function(b) sum(p(b)[v>=x])-.025), z(function(b) .025-sum(p(b)[v<=x])))}"""


def solved(strata):
    """Logarithms of the conditional odds ratio and its exact limits by R's hypergeometric distribution."""
    return r(SOLVED % ("list(" + ",".join(f"c({a},{c},{b},{d})" for a, b, c, d in strata) + ")"))


def by_r(cases):
    table = [7, 2, 3, 9]  # exposed cases, exposed others, unexposed cases, unexposed others
    do = f"clear\ninput y x n\n1 1 {table[0]}\n0 1 {table[1]}\n1 0 {table[2]}\n0 0 {table[3]}\nend\n"
    m = f"matrix(c({','.join(map(str, table))}), 2)"
    rough, low, high, p = r(f"{{f <- fisher.test({m}); c(f$estimate, f$conf.int, f$p.value)}}")
    less, greater = r(f"c(fisher.test({m}, alternative='less')$p.value, fisher.test({m}, alternative='greater')$p.value)")
    b = solved([table])
    assert np.allclose(np.exp(b), (rough, low, high), rtol=1e-3)
    expect = {"b[1,1]": b[0], "c[1,1]": b[1], "c[2,1]": b[2], "pq[1,1]": p, "p[1,1]": 2 * min(less, greater)}
    cases.add("exlogistic, table", None, do + "exlogistic y x [fweight=n], nolog\n" + GET, expect, 1e-8, "R dhyper, fisher.test")
    strata = [(4, 2, 1, 5), (3, 3, 2, 6), (5, 1, 2, 4)]
    rows = [f"{g} {y} {x} {n}" for g, t in enumerate(strata) for (y, x), n in zip(((1, 1), (0, 1), (1, 0), (0, 0)), t)]
    do = "clear\ninput g y x n\n" + "\n".join(rows) + "\nend\n"
    array = ",".join(str(v) for t in strata for v in t)
    rough, low, high, p = r(f"{{f <- mantelhaen.test(array(c({array}), c(2,2,3)), exact=TRUE); c(f$estimate, f$conf.int, f$p.value)}}")
    b = solved(strata)
    assert np.allclose(np.exp(b), (rough, low, high), rtol=1e-3)
    expect = {"b[1,1]": b[0], "c[1,1]": b[1], "c[2,1]": b[2], "pq[1,1]": p}
    cases.add("exlogistic, strata", None, do + "exlogistic y x [fweight=n], group(g)\n" + GET, expect, 1e-8, "R dhyper, mantelhaen.test(exact=TRUE)")
    rate, low, high, p = r("{f <- poisson.test(c(14, 6), c(120.5, 98)); c(f$estimate, f$conf.int, f$p.value)}")
    do = typed({"y": [14, 6], "x": [1, 0], "t": [120.5, 98]})
    expect = {"exp(b[1,1])": rate, "exp(c[1,1])": low, "exp(c[2,1])": high, "pq[1,1]": p}
    cases.add("expoisson, two rates", None, do + "expoisson y x, exposure(t) irr\n" + GET, expect, 1e-8, "R poisson.test")


def poisson(cases):
    y, a, w, t = [2, 0, 3, 1, 0, 2], [1, 0, 1, 0, 0, 1], [1, 2, 3, 1, 2, 2], [4, 6, 5, 3, 7, 4]
    g = [1, 1, 1, 2, 2, 2]
    x = {"a": a, "w": w}
    do = typed({"y": y, "a": a, "w": w, "t": t, "g": g})
    cases.add("expoisson", None, do + "expoisson y a w, exposure(t)\n" + GET, expected(Space(y, x, ["a", "w"], exposure=t), ["a", "w"]), 1e-8, "enumeration")
    cases.add("expoisson, group()", None, do + "expoisson y a w, exposure(t) group(g)\n" + GET, expected(Space(y, x, ["a", "w"], exposure=t, groups=g), ["a", "w"]), 1e-8, "enumeration")
    cases.add("expoisson, condvars()", None, do + "generate o = ln(t)\nexpoisson y a, offset(o) condvars(w) midp\n" + GET, expected(Space(y, x, ["a"], given=["w"], exposure=t), ["a"], mid=True), 1e-6, "enumeration")


def main():
    cases = Cases("exact_regression", SOURCE)
    logistic(cases)
    by_r(cases)
    poisson(cases)
    cases.write()


if __name__ == "__main__":
    main()
