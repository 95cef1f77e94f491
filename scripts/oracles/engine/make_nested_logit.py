"""`nlogit` (likelihood in numpy, scipy) and `ivpoisson gmm` (moments in numpy)."""

import numpy as np
import pandas as pd
from common import Cases, write_data
from numeric import maximise, robust
from scipy.optimize import root
from scipy.special import logsumexp

NEST = np.array([0, 0, 1, 1, 1])


def diners():
    """Two hundred and fifty cases of five alternatives in two nests."""
    rng = np.random.default_rng(91)
    count = 250
    case = np.repeat(np.arange(1, count + 1), 5)
    alt = np.tile(np.arange(1, 6), count)
    cost, rating = rng.normal(size=5 * count).round(3), rng.normal(size=5 * count).round(3)
    income = np.repeat(rng.normal(size=count).round(3), 5)
    nest = NEST[alt - 1]
    u = (-0.6 * cost + 0.5 * rating + np.array([0, 0.2, -0.3, 0.1, 0])[alt - 1]).reshape(count, 5)
    w = 0.5 * income.reshape(count, 5)[:, 0]
    tau = np.array([0.6, 0.8])
    inclusive = np.column_stack([logsumexp(u[:, NEST == m] / tau[m], axis=1) for m in (0, 1)])
    upper = np.column_stack([tau[0] * inclusive[:, 0], w + tau[1] * inclusive[:, 1]])
    picks = []
    for i in range(count):
        p = np.exp(upper[i] - logsumexp(upper[i]))
        m = rng.choice(2, p=p)
        inside = np.flatnonzero(NEST == m)
        q = np.exp(u[i, inside] / tau[m] - logsumexp(u[i, inside] / tau[m]))
        picks.append(rng.choice(inside, p=q))
    chosen = (np.tile(np.arange(5), count) == np.repeat(picks, 5)).astype(int)
    frame = pd.DataFrame({"case": case, "alt": alt, "kind": nest + 1, "cost": cost, "rating": rating, "income": income, "chosen": chosen})
    frame["area"] = case % 20
    write_data("diners", frame)
    return frame


def arrays(frame):
    """Cost, rating and choice by case and alternative, income by case."""
    by_case = [frame[name].to_numpy(float).reshape(-1, 5) for name in ("cost", "rating", "chosen")]
    return (*by_case, frame.income.to_numpy().reshape(-1, 5)[:, 0])


def density(data, t, base, constants, normalised=True):
    """Log likelihood by case: cost, rating, (constants of alternatives but the base), income of the first or second nest, tau."""
    cost, rating, chosen, income = data
    u = cost * t[0] + rating * t[1]
    at = 2
    if constants:
        others = [a for a in range(5) if a != base[0]]
        shift = np.zeros(5)
        shift[others] = t[at : at + 4]
        u, at = u + shift, at + 4
    w = np.zeros((len(u), 2))
    w[:, 1 - base[1]] = income * t[at]
    tau = t[at + 1 : at + 3]
    scale = tau if normalised else np.ones(2)
    inclusive = np.column_stack([logsumexp(u[:, NEST == m] / scale[m], axis=1) for m in (0, 1)])
    upper = w + tau * inclusive
    pick = chosen.argmax(axis=1)
    i = np.arange(len(u))
    m = NEST[pick]
    return u[i, pick] / scale[m] - inclusive[i, m] + upper[i, m] - logsumexp(upper, axis=1), u, upper, inclusive


def nested(cases, frame):
    shares = frame.groupby("alt").chosen.sum().to_numpy()
    base = (int(shares.argmax()), int(frame.groupby("kind").chosen.sum().to_numpy().argmax()))
    other = 2 - base[1]
    data = arrays(frame)
    names = {False: ["[alt]_{}[cost]", "[alt]_{}[rating]"], True: ["[alt]_{}[cost]", "[alt]_{}[rating]"] + ["[%d]_{}[_cons]" % (a + 1) for a in range(5) if a != base[0]]}
    tail = ["[%d]_{}[income]" % other, "_{}[/1_tau]", "_{}[/2_tau]"]
    for constants, option in ((False, "noconstant "), (True, "")):
        own = names[constants] + tail
        start = [-0.5, 0.5] + [0.0] * (4 * constants) + [0.3, 1, 1]
        theta, ll, information, scores = maximise(lambda t: density(data, t, base, constants)[0], start, steps=3)

        def expect(v):
            return {n.format("b"): theta[i] for i, n in enumerate(own)} | {n.format("se"): np.sqrt(v[i, i]) for i, n in enumerate(own)}

        def plain(t):
            return density(data, np.append(t, [1, 1]), base, constants)[0]

        v = np.linalg.inv(information)
        _, ll_c, _, _ = maximise(plain, start[:-2], steps=3)
        head = f"nlogit chosen cost rating || kind: income || alt:, {option}case(case)"
        slopes = [0, 1, len(own) - 3]
        base_line = expect(v) | {"e(ll)": ll, "e(ll_c)": ll_c, "e(chi2_c)": 2 * (ll - ll_c), "e(df_c)": 2}
        base_line["e(chi2)"] = theta[slopes] @ np.linalg.solve(v[np.ix_(slopes, slopes)], theta[slopes])
        cases.add(f"nlogit {option}", "diners.csv", head, base_line, 2e-6)
        cases.add(f"nlogit {option}vce(robust)", "diners.csv", head + " vce(robust)", expect(robust(information, scores)), 2e-6)
        clusters = frame.groupby("case").area.first().to_numpy()
        cases.add(f"nlogit {option}vce(cluster)", "diners.csv", head + " vce(cluster area)", expect(robust(information, scores, clusters)), 2e-6)
        if not constants:
            _, u, upper, inclusive = density(data, theta, base, constants)
            tau = theta[-2:]
            within = np.exp(u[0] / tau[NEST] - inclusive[0, NEST])
            nest = np.exp(upper[0] - logsumexp(upper[0]))
            do = head + "\npredict double p, pr\npredict double q, condp\npredict double v, iv"
            cases.add("nlogit predict", "diners.csv", do, {"p[1]": within[0] * nest[0], "p[4]": within[3] * nest[1], "q[4]": within[3], "v[4]": inclusive[0, 1]}, 2e-6)
            theta2, ll2, information2, _ = maximise(lambda t: density(data, t, base, False, False)[0], start, steps=3)
            v2 = np.linalg.inv(information2)
            cases.add("nlogit nonnormalized", "diners.csv", head + " nonnormalized", {n.format("b"): theta2[i] for i, n in enumerate(own)} | {n.format("se"): np.sqrt(v2[i, i]) for i, n in enumerate(own)} | {"e(ll)": ll2}, 2e-6)
            joined = lambda t: density(data, np.append(t, t[-1]), base, False)[0]
            theta3, ll3, information3, _ = maximise(joined, start[:-1], steps=3)
            v3 = np.linalg.inv(information3)
            do = "constraint 1 [/]1_tau = [/]2_tau\n" + head + " constraints(1)"
            both = {"[alt]_b[cost]": theta3[0], "_b[/1_tau]": theta3[3], "_b[/2_tau]": theta3[3], "_se[/1_tau]": np.sqrt(v3[3, 3]), "_se[/2_tau]": np.sqrt(v3[3, 3]), "e(ll)": ll3}
            cases.add("nlogit constraints()", "diners.csv", do, both, 2e-6)


def trips():
    """Six hundred counts with an endogenous regressor and two instruments."""
    rng = np.random.default_rng(17)
    n = 600
    x, z1, z2 = (rng.normal(size=n).round(3) for _ in range(3))
    e = 0.4 * rng.normal(size=n)
    w = (0.5 * x + 0.6 * z1 + 0.4 * z2 + e + 0.5 * rng.normal(size=n)).round(4)
    frame = pd.DataFrame({"x": x, "z1": z1, "z2": z2, "w": w, "y": rng.poisson(np.exp(0.3 + 0.3 * x + 0.4 * w + e)), "g": np.arange(n) % 40, "t": rng.uniform(1, 2, n).round(3)})
    write_data("counts_endogenous", frame)
    return frame


def moments(cases, frame):
    y, x = frame.y.to_numpy(), np.column_stack([frame.w, frame.x, np.ones(len(frame))])
    n, names = len(y), ["w", "x", "_cons"]

    def fit(z, multiplicative, groups=None, steps=2, shift=0.0):
        def residual(b):
            mean = np.exp(x @ b + shift)
            return y / mean - 1 if multiplicative else y - mean

        def slope(b):
            mean = np.exp(x @ b + shift)
            return -(z.T @ (x * (y / mean if multiplicative else mean)[:, None])) / n

        def covariance(b):
            m = z * residual(b)[:, None]
            if groups is not None:
                m = np.array([m[groups == g].sum(axis=0) for g in np.unique(groups)])
            return m.T @ m / n

        weight, b = np.linalg.inv(z.T @ z / n), np.array([0.3, 0.3, 0.3])
        for step in range(steps):
            b = root(lambda t: slope(t).T @ weight @ (z.T @ residual(t) / n), b, tol=1e-13).x
            if step + 1 < steps:
                weight = np.linalg.inv(covariance(b))
        g = slope(b)
        bread = np.linalg.inv(g.T @ weight @ g) @ g.T @ weight
        v = bread @ covariance(b) @ bread.T / n
        mean = z.T @ residual(b) / n
        return b, np.sqrt(np.diag(v)), n * mean @ weight @ mean

    over = np.column_stack([frame.x, frame.z1, frame.z2, np.ones(n)])
    exact = over[:, [0, 1, 3]]
    head = "ivpoisson gmm y x (w = z1 z2)"

    def add(name, do, b, se, j=None):
        expect = {f"_b[{k}]": b[i] for i, k in enumerate(names)} | {f"_se[{k}]": se[i] for i, k in enumerate(names)}
        cases.add(name, "counts_endogenous.csv", do, expect | ({"e(J)": j} if j else {}), 1e-6)

    add("ivpoisson additive", head, *fit(over, False))
    add("ivpoisson multiplicative", head + ", multiplicative", *fit(over, True))
    add("ivpoisson onestep", head + ", onestep", *fit(over, False, steps=1)[:2])
    add("ivpoisson exact", "ivpoisson gmm y x (w = z1), multiplicative", *fit(exact, True)[:2])
    add("ivpoisson cluster", head + ", wmatrix(cluster g)", *fit(over, False, frame.g.to_numpy()))
    b, se, j = fit(over, False, shift=np.log(frame.t.to_numpy()))
    add("ivpoisson exposure", head + ", exposure(t)", b, se, j)
    b, se, j = fit(over, True)
    index = x[0] @ b
    cases.add("ivpoisson predict", "counts_endogenous.csv", head + ", multiplicative\npredict double m\npredict double i, xb", {"m[1]": np.exp(index), "i[1]": index}, 1e-6)


def main():
    cases = Cases("nested_logit", "numpy, scipy")
    nested(cases, diners())
    moments(cases, trips())
    cases.write()


if __name__ == "__main__":
    main()
