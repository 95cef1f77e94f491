"""Item response models: published estimates of R ltm on LSAT6 (Rizopoulos 2006, Journal of Statistical Software 17(5)), and
marginal likelihoods by hand in numpy, integrated over 43 equidistant points of the trait and maximised by scipy. Writes
`irt.json`, LSAT6 and LSAT7 (Bock and Lieberman 1970, in R psych) and two simulated sets."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from common import Cases, write_data
from numeric import jacobian, robust
from scipy.optimize import minimize

STEP = 1e-30
THETA = np.linspace(-6.3, 6.3, 43)
DENSITY = np.exp(-THETA**2 / 2)
DENSITY = DENSITY / DENSITY.sum()


def expit(x):
    return 1 / (1 + np.exp(-x))


def softmax(u):
    u = np.asarray(u)
    e = np.exp(u - u.real.max(0))
    return e / e.sum(0)


def graded(slope, cuts):
    above = np.vstack([np.ones_like(THETA)] + [expit(slope * THETA - c) for c in cuts] + [np.zeros_like(THETA)])
    return above[:-1] - above[1:]


def utilities(slopes, constants):
    return softmax(np.array([a * THETA + c for a, c in zip([0.0, *slopes], [0.0, *constants])]))


def binary(slope, constant, guess=0.0):
    p = guess + (1 - guess) * expit(slope * THETA + constant)
    return np.vstack([1 - p, p])


def rows_of(answers, curves):
    """Log likelihood of each person: `curves(theta)` has the probabilities of the categories of each item."""

    def rows(t):
        total = np.zeros((len(answers), len(THETA)), complex)
        for item, p in enumerate(curves(t)):
            seen = answers[:, item] >= 0
            total[seen] += np.log(p)[answers[seen, item].astype(int)]
        return np.log(np.exp(total) @ DENSITY)

    return rows


def derivatives(f, at):
    """Derivatives by complex steps, exact to the last digit: one column for each parameter."""
    columns = []
    for j in range(len(at)):
        moved = at.astype(complex)
        moved[j] += 1j * STEP
        columns.append(np.imag(f(moved)) / STEP)
    return np.column_stack(columns)


def curvature(gradient, at, step=2e-3):
    """Minus the derivatives of a gradient, by differences of fourth order."""
    columns = []
    for j in range(len(at)):
        h = np.zeros(len(at))
        h[j] = step
        near, far = gradient(at + h) - gradient(at - h), gradient(at + 2 * h) - gradient(at - 2 * h)
        columns.append((8 * near - far) / (12 * step))
    info = -np.column_stack(columns)
    return (info + info.T) / 2


def maximise(rows, start, weights=None):
    """Estimates, log likelihood, information and scores."""
    w = 1.0 if weights is None else weights
    gradient = lambda t: (w * derivatives(rows, t).T).sum(1)
    found = minimize(lambda t: -np.sum(w * rows(t)).real, start, jac=lambda t: -gradient(t), method="BFGS", options={"gtol": 1e-5, "maxiter": 500})
    t = found.x
    info = curvature(gradient, t)
    for _ in range(4):
        t = t + np.linalg.solve(info, gradient(t))
    info = curvature(gradient, t)
    assert np.abs(gradient(t)).max() < 1e-6, np.abs(gradient(t)).max()
    print(len(t), flush=True)
    return t, np.sum(w * rows(t)).real, info, derivatives(rows, t)


def report(f, t, v):
    """A reported parameter with its standard error by the delta method."""
    j = jacobian(lambda s: np.atleast_1d(f(s)), t)
    return np.atleast_1d(f(t)), np.sqrt(np.diag(j @ v @ j.T))


def lsat():
    with tempfile.TemporaryDirectory() as folder:
        code = (
            "suppressMessages(library(psych)); data(bock); for (n in c('lsat6', 'lsat7')) { d <- as.data.frame(get(n)); names(d) <- tolower(names(d));"
            f" write.csv(aggregate(n ~ ., transform(d, n = 1), sum), paste0('{folder}/', n, '.csv'), row.names = FALSE) }}"
        )
        subprocess.run(["Rscript", "-e", code], check=True)
        return {n: pd.read_csv(Path(folder) / f"{n}.csv") for n in ("lsat6", "lsat7")}


def simulated():
    rng = np.random.default_rng(17)
    theta = rng.normal(size=400)
    frame = {"school": np.arange(400) % 20}
    for j, (a, cuts) in enumerate([(1.6, (-1.2, 0.1, 1.4)), (0.9, (-0.6, 0.4, 1.1)), (1.3, (-0.9, 0.2, 0.9)), (2.0, (-0.2, 0.7, 1.8))]):
        p = np.array([1 - expit(a * theta - cuts[0])] + [0 * theta] * 3)
        edge = [np.ones_like(theta), *[expit(a * (theta - c)) for c in cuts], np.zeros_like(theta)]
        p = np.array([edge[k] - edge[k + 1] for k in range(4)])
        u = rng.random(400)
        frame[f"v{j + 1}"] = (u[None, :] > np.cumsum(p, 0)).sum(0).clip(0, 3) + 1
    out = pd.DataFrame(frame).astype(float)
    out.loc[rng.choice(400, 25, replace=False), "v2"] = np.nan
    out.loc[rng.choice(400, 15, replace=False), "v4"] = np.nan
    theta = rng.normal(size=2000)
    guess = {}
    for j, (a, b) in enumerate([(1.5, -1.0), (2.0, 0.0), (1.2, 0.5), (2.5, 1.0), (1.8, -0.3), (1.0, 0.8)]):
        guess[f"g{j + 1}"] = (rng.random(2000) < 0.2 + 0.8 * expit(a * (theta - b))).astype(int)
    return out, pd.DataFrame(guess)


def published(cases):
    """[ltm] rasch and ltm of LSAT6 as printed in the article and in the manual of the package."""
    head = "estat ic\nmatrix s = r(S)\nestat report\nmatrix t = r(table)"
    expect = {"e(ll)": -2466.938, "s[1,5]": 4945.875, "s[1,6]": 4975.322, "t[1,1]": 0.7551, "t[2,1]": 0.0694}
    rasch = [(-3.6153, 0.3266), (-1.3224, 0.1422), (-0.3176, 0.0977), (-1.7301, 0.1691), (-2.7802, 0.2510)]
    for j, (b, se) in enumerate(rasch):
        expect |= {f"t[1,{j + 2}]": b, f"t[2,{j + 2}]": se}
    source = "R ltm, rasch(LSAT), Rizopoulos (2006)"
    cases.add("irt 1pl published", "lsat6.csv", "irt 1pl q1-q5 [fw=n], intpoints(21)\n" + head, expect, 8e-4, source)
    expect = {"e(ll)": -2466.653}
    two = [(-3.3597, 0.8254), (-1.3696, 0.7229), (-0.2799, 0.8905), (-1.8659, 0.6886), (-3.1236, 0.6575)]
    for j, (b, a) in enumerate(two):
        expect |= {f"t[1,{2 * j + 1}]": a, f"t[1,{2 * j + 2}]": b}
    source = "R ltm, ltm(LSAT ~ z1), Rizopoulos (2006); nonadaptive quadrature, search ended early"
    cases.add("irt 2pl published", "lsat6.csv", "irt 2pl q1-q5 [fw=n], intpoints(21)\n" + head, expect, 1.5e-3, source)


def binary_models(cases, name, frame):
    items = [f"q{j + 1}" for j in range(5)]
    patterns, weights = frame[items].to_numpy(float), frame["n"].to_numpy(float)
    for model, size in (("1pl", 6), ("2pl", 10)):
        slope = (lambda t, j: t[0]) if model == "1pl" else (lambda t, j: t[j])
        first = 1 if model == "1pl" else 5
        curves = lambda t: [binary(slope(t, j), t[first + j]) for j in range(5)]
        t, ll, info, scores = maximise(rows_of(patterns, curves), np.r_[np.ones(first), np.ones(5)], weights)
        v = np.linalg.inv(info)
        se = np.sqrt(np.diag(v))
        expect = {"e(ll)": ll, "e(N)": weights.sum(), "e(rank)": size}
        for j, q in enumerate(items):
            at = 0 if model == "1pl" else j
            expect |= {f"_b[{q}:Theta]": t[at], f"_se[{q}:Theta]": se[at], f"_b[{q}:_cons]": t[first + j], f"_se[{q}:_cons]": se[first + j]}
        cases.add(f"irt {model} {name}", f"{name}.csv", f"irt {model} q1-q5 [fw=n], intpoints(25)", expect, 2e-6, "numpy, scipy")
        if model == "1pl":
            continue
        n = weights.sum()
        r = np.linalg.inv(info) @ (scores.T @ (weights[:, None] * scores)) @ np.linalg.inv(info) * n / (n - 1)
        robust_se = np.sqrt(np.diag(r))
        expect = {f"_se[{q}:Theta]": robust_se[j] for j, q in enumerate(items)} | {"e(V_modelbased)[1,1]": v[0, 0]}
        cases.add(f"irt {model} robust {name}", f"{name}.csv", "irt 2pl q1-q5 [fw=n], intpoints(25) vce(robust)", expect, 1e-5, "numpy, scipy")
        b, d = report(lambda s: -s[5:10] / s[:5], t, v)
        do = "irt 2pl q1-q5 [fw=n], intpoints(25)\nestat report, byparm\nmatrix t = r(table)\nirtgraph tif, range(-1 2) n(4) se\nmatrix c = r(curves)\n"
        do += "irtgraph iif q2, range(-1 2) n(4)\nmatrix i = r(curves)\nirtgraph tcc, range(-1 2) n(4)\nmatrix s = r(curves)\nirtgraph icc q1, range(-1 2) n(4)\nmatrix p = r(curves)"
        expect = {}
        for j in range(5):
            expect |= {f"t[1,{6 + j}]": b[j], f"t[2,{6 + j}]": d[j]}
        for i, x in enumerate((-1.0, 0.0, 1.0, 2.0)):
            p = expit(t[:5] * x + t[5:])
            inf = t[:5] ** 2 * p * (1 - p)
            expect |= {f"c[{i + 1},2]": 1 + inf.sum(), f"c[{i + 1},3]": 1 / np.sqrt(1 + inf.sum()), f"i[{i + 1},2]": inf[1]}
            expect |= {f"s[{i + 1},2]": p.sum(), f"p[{i + 1},2]": p[0]}
        cases.add(f"irt report and curves {name}", f"{name}.csv", do, expect, 1e-5, "numpy, scipy")
        like = np.ones((len(patterns), len(THETA)))
        for j, p in enumerate(curves(t)):
            like *= p[patterns[:, j].astype(int)]
        post = like * DENSITY
        post /= post.sum(1, keepdims=True)
        mean = post @ THETA
        sd = np.sqrt(post @ THETA**2 - mean**2)
        do = "irt 2pl q1-q5 [fw=n], intpoints(25)\npredict double m, latent se(e)\npredict double p, outcome(q3)\npredict double x, xb outcome(q3)\npredict double a, marginal outcome(q1)\npredict double z, conditional(fixedonly) outcome(q1)"
        expect = {"a[1]": curves(t)[0][1] @ DENSITY, "z[1]": expit(t[5])}
        for i in (0, 7, 20):
            expect |= {f"m[{i + 1}]": mean[i], f"e[{i + 1}]": sd[i], f"x[{i + 1}]": t[7] + t[2] * mean[i], f"p[{i + 1}]": expit(t[7] + t[2] * mean[i])}
        cases.add(f"irt predict {name}", f"{name}.csv", do, expect, 1e-5, "numpy, scipy")


def ordered_models(cases, frame):
    answers = frame[["v1", "v2", "v3", "v4"]].to_numpy(float) - 1
    answers = np.where(np.isnan(answers), -1, answers)
    logodds = np.array([0.3, 0.2, -0.4])
    models = {
        "grm": (lambda t: [graded(t[4 * j], t[4 * j + 1 : 4 * j + 4]) for j in range(4)], np.tile([1.0, -1, 0.5, 1.5], 4)),
        "pcm": (lambda t: [utilities(t[0] * np.arange(1, 4), t[1 + 3 * j : 4 + 3 * j]) for j in range(4)], np.r_[1.0, np.tile(logodds, 4)]),
        "gpcm": (lambda t: [utilities(t[4 * j] * np.arange(1, 4), t[4 * j + 1 : 4 * j + 4]) for j in range(4)], np.tile([1.0, *logodds], 4)),
        "rsm": (
            lambda t: [utilities(t[0] * np.arange(1, 4), t[1 + j] * np.arange(1, 4) + np.array([0, t[5], t[6]])) for j in range(4)],
            np.r_[1.0, np.zeros(4), 0, 0],
        ),
        "nrm": (lambda t: [utilities(t[6 * j : 6 * j + 3], t[6 * j + 3 : 6 * j + 6]) for j in range(4)], np.tile([0.7, 1.4, 2.1, *logodds], 4)),
    }
    adjacent = lambda a, c: -np.diff(np.r_[0, c]) / a
    shown = {
        "grm": lambda t: np.concatenate([np.r_[t[4 * j], t[4 * j + 1 : 4 * j + 4] / t[4 * j]] for j in range(4)]),
        "pcm": lambda t: np.r_[t[0], np.concatenate([adjacent(t[0], t[1 + 3 * j : 4 + 3 * j]) for j in range(4)])],
        "gpcm": lambda t: np.concatenate([np.r_[t[4 * j], adjacent(t[4 * j], t[4 * j + 1 : 4 * j + 4])] for j in range(4)]),
        "rsm": lambda t: np.r_[t[0], np.concatenate([adjacent(t[0], t[1 + j] * np.arange(1, 4) + np.array([0, t[5], t[6]])) for j in range(4)])],
        "nrm": lambda t: np.concatenate([np.r_[t[6 * j : 6 * j + 3], -t[6 * j + 3 : 6 * j + 6] / t[6 * j : 6 * j + 3]] for j in range(4)]),
    }
    for model, (curves, start) in models.items():
        t, ll, info, scores = maximise(rows_of(answers, curves), start)
        v = np.linalg.inv(info)
        value, se = report(shown[model], t, v)
        do = f"irt {model} v1-v4, intpoints(61)\nmatrix t = r(table)"
        expect = {"e(ll)": ll, "e(rank)": len(t), "e(N)": len(frame)}
        for j in range(len(value)):
            expect |= {f"t[1,{j + 1}]": value[j], f"t[2,{j + 1}]": se[j]}
        cases.add(f"irt {model}", "ordered_items.csv", do, expect, 1e-5, "numpy, scipy")
        if model == "grm":
            value, se = report(shown[model], t, robust(info, scores, frame["school"].to_numpy()))
            expect = {f"t[2,{j + 1}]": se[j] for j in range(len(se))} | {"e(N_clust)": 20}
            cases.add("irt grm clusters", "ordered_items.csv", "irt grm v1-v4, intpoints(25) vce(cluster school)\nmatrix t = r(table)", expect, 1e-5, "numpy, scipy")
    listwise = answers[(answers >= 0).all(1)]
    t, ll, _, _ = maximise(rows_of(listwise, models["grm"][0]), models["grm"][1])
    do = "irt grm v1-v4, listwise intpoints(25)"
    cases.add("irt grm listwise", "ordered_items.csv", do, {"e(N)": len(listwise), "e(ll)": ll, "_b[v1:Theta]": t[0], "_b[/v2:cut3]": t[7]}, 1e-5, "numpy, scipy")


def guessed(cases, frame):
    answers, weights = np.unique(frame.to_numpy(float), axis=0, return_counts=True)
    curves = lambda t: [binary(t[j], t[6 + j], expit(t[12])) for j in range(6)]
    t, ll, info, _ = maximise(rows_of(answers, curves), np.r_[np.full(6, 1.5), np.zeros(6), -1.5], weights)
    value, se = report(lambda s: np.r_[np.column_stack([s[:6], -s[6:12] / s[:6]]).ravel(), expit(s[12])], t, np.linalg.inv(info))
    expect = {"e(ll)": ll, "e(rank)": 13}
    for j in range(13):
        expect |= {f"t[1,{j + 1}]": value[j], f"t[2,{j + 1}]": se[j]}
    cases.add("irt 3pl", "guessed_items.csv", "irt 3pl g1-g6, intpoints(31)\nmatrix t = r(table)", expect, 2e-4, "numpy, scipy")


def main():
    cases = Cases("irt", "R ltm (published), numpy, scipy")
    data = lsat()
    for name, frame in data.items():
        write_data(name, frame)
    published(cases)
    for name, frame in data.items():
        binary_models(cases, name, frame)
    ordered, guess = simulated()
    write_data("ordered_items", ordered)
    write_data("guessed_items", guess)
    ordered_models(cases, ordered)
    guessed(cases, guess)
    cases.write()


if __name__ == "__main__":
    main()
