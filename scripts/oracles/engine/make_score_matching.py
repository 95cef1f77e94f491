"""`psmatch2`: scores by statsmodels and R glm, neighbours by search over all pairs (numpy, R) and by scikit-learn, kernels and
standard errors by their formulas (Leuven and Sianesi 2003)."""

import json
import subprocess

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases
from sklearn.neighbors import NearestNeighbors

DATA = ROOT / "data"

BY_R = """
d <- read.csv("lbw.csv")
p <- fitted(glm(smoke ~ age + lwt + ht, binomial, d, control = glm.control(epsilon = 1e-14, maxit = 60)))
t <- which(d$smoke == 1); u <- which(d$smoke == 0)
one <- function(i, pool) { g <- abs(p[i] - p[pool]); if (min(g) < 0.02) pool[which(g == min(g))] else integer(0) }
m <- lapply(t, one, pool = u); on <- lengths(m) > 0
value <- sapply(m[on], function(j) mean(d$bwt[j]))
w <- numeric(nrow(d)); for (j in m[on]) w[j] <- w[j] + 1 / length(j)
n <- sum(on); s <- w[u] > 0
se <- sqrt(var(d$bwt[t][on]) / n + var(d$bwt[u][s]) * sum(w[u]^2) / n^2)
cat("[", paste(format(c(mean(d$bwt[t][on]) - mean(value), se, n, sum(w^2), max(lengths(m))), digits = 17), collapse = ","), "]")
"""


def read():
    frame = pd.read_csv(DATA / "lbw.csv")
    x = sm.add_constant(frame[["age", "lwt", "ht"]])
    score = sm.Probit(frame["smoke"], x).fit(disp=0, tol=1e-15, maxiter=200).predict()
    return frame, score


def effect(frame, groups, shares, own, other):
    """Mean difference of outcomes of `own` rows and their weighted matches."""
    y = frame["bwt"].to_numpy(dtype=float)
    matched = np.array([(s * y[g]).sum() for g, s in zip(groups, shares)])
    return y[own].mean() - matched.mean()


def error(y, on, weights, others):
    used = others[weights[others] > 0]
    n = len(on)
    return np.sqrt(y[on].var(ddof=1) / n + y[used].var(ddof=1) * (weights[used] ** 2).sum() / n**2)


def weights_of(groups, shares, n):
    w = np.zeros(n)
    for g, s in zip(groups, shares):
        np.add.at(w, g, s)
    return w


def neighbors(cases, frame, score):
    y = frame["bwt"].to_numpy(dtype=float)
    treated, others = np.flatnonzero(frame["smoke"] == 1), np.flatnonzero(frame["smoke"] == 0)
    for k in (1, 3):
        search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(score[others][:, None])
        groups = [others[g] for g in search.kneighbors(score[treated][:, None], return_distance=False)]
        # scikit-learn leaves the order of equally near candidates open
        gaps = np.sort(np.abs(score[treated][:, None] - score[others]), axis=1)
        alone = gaps[:, k - 1] < gaps[:, k] - 1e-12
        shares = [np.full(k, 1 / k)] * len(groups)
        chosen = treated[alone]
        expect = {}
        for row in chosen[:5]:
            own = groups[list(treated).index(row)]
            expect[f"_bwt[{row + 1}]"] = y[own].mean()
        cases.add(f"neighbor({k}), matched values", "lbw.csv", f"psmatch2 smoke age lwt ht, outcome(bwt) neighbor({k}) quietly", expect, 1e-9,
                  "scikit-learn NearestNeighbors")
    frame = frame.copy()
    order = np.argsort(score[others], kind="stable")
    sorted_others = others[order]
    first = lambda i: sorted_others[np.argmin(np.abs(score[i] - score[sorted_others]))]
    groups, shares = [np.array([first(i)]) for i in treated], [np.ones(1)] * len(treated)
    w = weights_of(groups, shares, len(frame))
    sorted_treated = treated[np.argsort(score[treated], kind="stable")]
    back = lambda i: sorted_treated[np.argmin(np.abs(score[i] - score[sorted_treated]))]
    groups0 = [np.array([back(i)]) for i in others]
    att = effect(frame, groups, shares, treated, others)
    atu = -effect(frame, groups0, [np.ones(1)] * len(others), others, treated)
    ate = (att * len(treated) + atu * len(others)) / len(frame)
    gap = abs(score[treated] - score[np.concatenate(groups)]).sum()
    cases.add("one neighbor, ate", "lbw.csv", "psmatch2 smoke age lwt ht, outcome(bwt) ate quietly\nsummarize _pdif if _treated == 1\nscalar gap = r(sum)\n"
              "psmatch2 smoke age lwt ht, outcome(bwt) ate quietly",
              {"r(att)": att, "r(atu)": atu, "r(ate)": ate, "r(seatt)": error(y, treated, w, others), "gap": gap}, 1e-9, "numpy, all pairs")


def kernels(cases, frame, score):
    y = frame["bwt"].to_numpy(dtype=float)
    treated, others = np.flatnonzero(frame["smoke"] == 1), np.flatnonzero(frame["smoke"] == 0)
    low, high = score[others].min(), score[others].max()
    inside = treated[(score[treated] >= low) & (score[treated] <= high)]
    forms = {
        "epan": lambda u: np.where(abs(u) <= 1, 1 - u**2, 0.0),
        "normal": lambda u: np.exp(-(u**2) / 2),
        "biweight": lambda u: np.where(abs(u) <= 1, (1 - u**2) ** 2, 0.0),
        "tricube": lambda u: np.where(abs(u) <= 1, (1 - abs(u) ** 3) ** 3, 0.0),
    }
    for name, form in forms.items():
        raw = [form((score[others] - score[i]) / 0.04) for i in inside]
        keep = [r.sum() > 0 for r in raw]
        on = inside[keep]
        shares = [r / r.sum() for r, k in zip(raw, keep) if k]
        groups = [others] * len(shares)
        w = weights_of(groups, shares, len(frame))
        cases.add(f"kernel {name}, common", "lbw.csv",
                  f"psmatch2 smoke age lwt ht, outcome(bwt) kernel kerneltype({name}) bwidth(.04) common quietly\nscalar att = r(att)\nscalar se = r(seatt)\n"
                  "count if _support == 1 & _treated == 1\nscalar on = r(N)\ngenerate double w2 = _weight^2 if _treated == 0\nsummarize w2",
                  {"att": effect(frame, groups, shares, on, others), "se": error(y, on, w, others), "on": len(on), "r(sum)": (w**2).sum()},
                  1e-8, "numpy")


def by_r(cases):
    done = subprocess.run(["Rscript", "-e", BY_R], cwd=DATA, capture_output=True, text=True, check=True)
    att, se, on, squares, most = json.loads(done.stdout)
    cases.add("logit, caliper, ties", "lbw.csv",
              "psmatch2 smoke age lwt ht, outcome(bwt) logit ties caliper(.02) quietly\nscalar att = r(att)\nscalar se = r(seatt)\n"
              "count if _support == 1 & _treated == 1\nscalar on = r(N)\nsummarize _nn\nscalar most = r(max)\n"
              "generate double w2 = _weight^2 if _treated == 0\nsummarize w2",
              {"att": att, "se": se, "on": on, "r(sum)": squares, "most": most}, 1e-8, "R glm, all pairs")


def main():
    cases = Cases("score_matching", "statsmodels, scikit-learn, numpy; R glm")
    frame, score = read()
    neighbors(cases, frame, score)
    kernels(cases, frame, score)
    by_r(cases)
    cases.write()


if __name__ == "__main__":
    main()
