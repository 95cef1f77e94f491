"""Latent classes: published output of Stata ([SEM] examples 50g and 51g: universalism of Stouffer and Toby 1951), R poLCA as
published (Linzer and Lewis 2011, Journal of Statistical Software 42(10)) on the ratings of carcinoma of Agresti (2002, table
13.1), and EM steps in numpy whose likelihood is differentiated by complex steps. Writes `latent_classes.json`."""

import itertools

import numpy as np
import pandas as pd
from common import Cases, write_data
from make_irt import derivatives
from numeric import jacobian

TOBY = [42, 23, 6, 25, 6, 24, 7, 38, 1, 4, 1, 6, 2, 9, 2, 20]
CARCINOMA = """0000000 34 0000100 2 0100000 6 0100001 1 0100100 4 0100101 5 1000000 2 1010101 1 1100000 2 1100001 1 1100100 2
1100101 7 1100111 1 1101001 1 1101101 2 1101111 3 1110101 13 1110111 5 1111101 10 1111111 16"""


def em(answers, weights, classes, sizes, seed=3, starts=40):
    """Class shares and probabilities by item of the best of several starts, the largest class first."""
    rng = np.random.default_rng(seed)
    hot = [np.eye(k)[answers[:, j]] for j, k in enumerate(sizes)]
    best = None
    for _ in range(starts):
        post = rng.dirichlet(np.ones(classes), len(answers))
        last = -np.inf
        for _ in range(20000):
            mass = post * weights[:, None]
            share = mass.sum(0) / mass.sum()
            p = [(mass.T @ h) / mass.sum(0)[:, None] for h in hot]
            joint = share * np.prod([h @ q.T for h, q in zip(hot, p)], axis=0)
            ll = weights @ np.log(joint.sum(1))
            post = joint / joint.sum(1, keepdims=True)
            if ll - last < 1e-13:
                break
            last = ll
        if best is None or ll > best[0]:
            best = (ll, share, p)
    ll, share, p = best
    order = np.argsort(-share)
    return ll, share[order], [q[order] for q in p]


def logits(share, p):
    return np.concatenate([np.log(share[1:] / share[0]), *[np.log(q[c, 1:] / q[c, 0]) for c in range(len(share)) for q in p]])


def split(t, classes, sizes):
    softmax = lambda u: np.exp(np.r_[0, u]) / np.exp(np.r_[0, u]).sum()
    at, p = classes - 1, []
    for _ in range(classes):
        own = []
        for k in sizes:
            own.append(softmax(t[at : at + k - 1]))
            at += k - 1
        p.append(own)
    return softmax(t[: classes - 1]), p


def rows_of(answers, classes, sizes):
    def rows(t):
        share, p = split(t, classes, sizes)
        return np.log(sum(share[c] * np.prod([p[c][j][answers[:, j]] for j in range(len(sizes))], axis=0) for c in range(classes)))

    return rows


def polished(answers, weights, classes, sizes):
    """Interior maximum: Newton steps from the EM solution; estimates, covariance and scores."""
    ll, share, p = em(answers, weights, classes, sizes)
    rows, t = rows_of(answers, classes, sizes), logits(share, p)
    gradient = lambda s: (weights * derivatives(rows, s).T).sum(1)
    for _ in range(4):
        info = -jacobian(gradient, t)
        t = t + np.linalg.solve((info + info.T) / 2, gradient(t))
    assert np.abs(gradient(t)).max() < 1e-8
    return float(weights @ rows(t).real), t, np.linalg.inv((info + info.T) / 2), derivatives(rows, t)


def toby(cases):
    grid = np.array(list(itertools.product((1, 0), repeat=4)))
    items = ["accident", "play", "insurance", "stock"]
    frame = pd.DataFrame(grid, columns=items).assign(n=TOBY)
    write_data("universalism", frame)
    command = "gsem (accident play insurance stock <- ) [fw=n], logit lclass(C 2)\n"
    tables = "estat lcgof\nscalar g = r(chi2_ms)\nscalar d = r(df_ms)\nscalar a = r(aic)\nestat lcprob\nmatrix p = r(table)\n"
    expect = {"e(ll)": -504.46767, "p[1,1]": 0.7207539, "p[2,1]": 0.0580926, "p[3,1]": 0.5944743, "p[4,1]": 0.8196407, "p[1,2]": 0.2792461, "d": 6}
    cases.add("gsem lclass published", "universalism.csv", command + tables, expect, 1e-6, "[SEM] examples 50g and 51g")
    cases.add("gsem lclass goodness of fit published", "universalism.csv", command + tables, {"g": 2.720, "a": 1026.935}, 2e-4, "[SEM] example 51g")
    weights, sizes = np.array(TOBY, float), [2] * 4
    ll, t, v, scores = polished(grid, weights, 2, sizes)
    se = np.sqrt(np.diag(v))
    expect = {"e(ll)": ll, "e(rank)": 9, "_b[2.C:_cons]": t[0], "_se[2.C:_cons]": se[0]}
    for c in range(2):
        for j, item in enumerate(items):
            expect |= {f"_b[{item}:{c + 1}.C]": t[1 + 4 * c + j], f"_se[{item}:{c + 1}.C]": se[1 + 4 * c + j]}
    cases.add("gsem lclass logits", "universalism.csv", command, expect, 1e-5, "numpy")
    n = weights.sum()
    r = np.sqrt(np.diag(v @ (scores.T @ (weights[:, None] * scores)) @ v * n / (n - 1)))
    expect = {"_se[2.C:_cons]": r[0], "_se[stock:2.C]": r[8]}
    cases.add("gsem lclass robust", "universalism.csv", command.strip() + " vce(robust)\n", expect, 1e-5, "numpy")
    means = lambda s: np.concatenate([[q[1] for q in own] for own in split(s, 2, sizes)[1]])
    j = jacobian(means, t)
    m, d = means(t), np.sqrt(np.diag(j @ v @ j.T))
    expect = {}
    for i in range(8):
        half = 1.959963984540054 * d[i] / (m[i] * (1 - m[i]))
        low, high = (1 / (1 + np.exp(-(np.log(m[i] / (1 - m[i])) + s * half))) for s in (-1, 1))
        expect |= {f"m[1,{i + 1}]": m[i], f"m[2,{i + 1}]": d[i], f"m[3,{i + 1}]": low, f"m[4,{i + 1}]": high}
    share, p = split(t, 2, sizes)
    joint = np.array([[share[c] * np.prod([p[c][j][row[j]] for j in range(4)]) for c in range(2)] for row in grid])
    post = joint / joint.sum(1, keepdims=True)
    do = command + "estat lcmean\nmatrix m = r(table)\npredict double q*, classposteriorpr\npredict double z, classpr class(2)\n"
    expect |= {"q1[1]": post[0, 0], "q2[8]": post[7, 1], "q1[16]": post[15, 0], "z[3]": share[1]}
    cases.add("gsem lclass means and posterior", "universalism.csv", do, expect, 1e-5, "numpy")


def carcinoma(cases):
    words = CARCINOMA.split()
    answers = np.array([[int(c) for c in w] for w in words[::2]])
    weights = np.array([int(w) for w in words[1::2]], float)
    assert weights.sum() == 118
    items = list("abcdefg")
    write_data("carcinoma", pd.DataFrame(answers, columns=items).assign(n=weights.astype(int)))
    command = "gsem (a-g <- ) [fw=n], logit lclass(C {})\nestat lcprob\nmatrix p = r(table)\nestat lcmean\nmatrix m = r(table)"
    known = {2: -317.2568, 3: -293.7050, 4: -289.2858}
    for classes in (2, 3, 4):
        cases.add(f"carcinoma {classes} classes published", "carcinoma.csv", command.format(classes), {"e(ll)": known[classes]}, 1e-6, "R poLCA, Linzer and Lewis (2011); logits held at 15 cost 1e-4")
    ll, share, p = em(answers, weights, 3, [2] * 7)
    expect = {"e(ll)": ll} | {f"p[1,{c + 1}]": share[c] for c in range(3)}
    for c in range(3):
        expect |= {f"m[1,{7 * c + j + 1}]": p[j][c, 1] for j in range(7) if 0.01 < p[j][c, 1] < 0.99}
    cases.add("carcinoma 3 classes", "carcinoma.csv", command.format(3), expect, 2e-4, "EM in numpy; some probabilities are zero or one")


def categorical(cases):
    rng = np.random.default_rng(5)
    kind = rng.choice(2, 600, p=[0.6, 0.4])
    shares = [np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]), np.array([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]]), np.array([[0.8, 0.2], [0.25, 0.75]]), np.array([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]])]
    answers = np.column_stack([[rng.choice(s.shape[1], p=s[k]) for k in kind] for s in shares])
    frame = pd.DataFrame(answers, columns=["m1", "m2", "d", "m3"])
    frame[["m1", "m2", "m3"]] += 1
    frame["site"] = np.arange(600) % 24
    write_data("class_items", frame)
    order, sizes = [0, 1, 3, 2], [3, 3, 3, 2]
    own = answers[:, order]
    ll, t, v, scores = polished(own, np.ones(600), 2, sizes)
    sums = np.zeros((24, len(t)))
    np.add.at(sums, frame["site"].to_numpy(), scores)
    c = np.sqrt(np.diag(v @ (sums.T @ sums) @ v * 24 / 23))
    se = np.sqrt(np.diag(v))
    command = "gsem (m1 m2 m3 <- , mlogit) (d <- , logit), lclass(K 2)"
    names = ["2.K:_cons"] + [f"{n}:{k}.K" for k in (1, 2) for n in ("2.m1", "3.m1", "2.m2", "3.m2", "2.m3", "3.m3", "d")]
    expect = {"e(ll)": ll} | {f"_b[{n}]": t[i] for i, n in enumerate(names)} | {f"_se[{n}]": se[i] for i, n in enumerate(names)}
    cases.add("gsem lclass mlogit", "class_items.csv", command, expect, 1e-5, "numpy")
    expect = {f"_se[{n}]": c[i] for i, n in enumerate(names)} | {"e(N_clust)": 24}
    cases.add("gsem lclass mlogit clusters", "class_items.csv", command + " vce(cluster site)", expect, 1e-5, "numpy")


def main():
    cases = Cases("latent_classes", "[SEM] gsem (published output of Stata), R poLCA (published), numpy")
    toby(cases)
    carcinoma(cases)
    categorical(cases)
    cases.write()


if __name__ == "__main__":
    main()
