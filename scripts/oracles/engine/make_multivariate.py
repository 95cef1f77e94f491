"""Cluster analysis (scipy linkage, scikit-learn), factors and rotations (R factanal, varimax, promax; scipy).
Writes `multivariate.json`, `flowers.csv`."""

import json
import subprocess

import numpy as np
import pandas as pd
from common import ROOT, Cases, write_data
from scipy import optimize
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.metrics import calinski_harabasz_score

NAMES = ["sl", "sw", "pl", "pw"]


def flowers():
    d = load_iris()
    x = d.data.copy()
    # a little noise against ties of measures that were rounded to a millimetre
    x += np.random.default_rng(3).normal(0, 0.01, x.shape)
    frame = pd.DataFrame(x, columns=NAMES)
    frame["kind"] = d.target + 1
    write_data("flowers", frame)
    return x


def trees(cases, x):
    n = len(x)
    for method, ours, transform in (("single", "single", lambda h: h), ("complete", "complete", lambda h: h), ("average", "average", lambda h: h), ("weighted", "waverage", lambda h: h),
                                    ("ward", "wards", lambda h: h**2)):
        z = linkage(x, method)
        h = np.sort(transform(z[:, 2]))
        expect = {"t_hgt[1]": h[0], "t_hgt[2]": h[1], f"t_hgt[{n - 1}]": h[-1], f"t_hgt[{n - 2}]": h[-2], f"t_hgt[{n // 2}]": h[n // 2 - 1]}
        do = f"cluster {ours} sl sw pl pw, name(t)\ncluster generate g4 = groups(4)\nquietly tabulate g4, matcell(m)\nmatrix sizes = J(4, 1, 0)\nforvalues i = 1/4 {{\n matrix sizes[`i', 1] = m[`i', 1]^2\n}}\nmatrix total = J(1, 4, 1)*sizes\nsort t_hgt"
        sizes = np.bincount(fcluster(z, 4, "maxclust"))[1:]
        expect["total[1,1]"] = (sizes**2).sum()
        cases.add(f"cluster {ours}", "flowers.csv", do, expect, 1e-9, "scipy.cluster.hierarchy.linkage")
    z = linkage(x, "complete", metric="cityblock")
    h = np.sort(z[:, 2])
    cases.add("cluster complete, L1", "flowers.csv", "cluster complete sl sw pl pw, name(t) measure(L1)\nsort t_hgt", {"t_hgt[5]": h[4], f"t_hgt[{n - 1}]": h[-1]}, 1e-9, "scipy linkage, cityblock")
    z = linkage(x, "ward")
    out = {f"r(calinski_{k})": calinski_harabasz_score(x, fcluster(z, k, "maxclust")) for k in (2, 3, 5, 15)}
    cases.add("cluster stop, calinski", "flowers.csv", "cluster wards sl sw pl pw\ncluster stop", out, 1e-9, "scikit-learn calinski_harabasz_score")

    def within(m):
        return ((m - m.mean(0)) ** 2).sum()

    out = {}
    for k in (1, 2, 4):
        before, after = (fcluster(z, j, "maxclust") for j in (k, k + 1))
        split = next(g for g in np.unique(before) if len(np.unique(after[before == g])) > 1)
        own = before == split
        parts = sum(within(x[own & (after == a)]) for a in np.unique(after[own]))
        whole = within(x[own])
        out[f"r(duda_{k})"] = parts / whole
        out[f"r(dudat2_{k})"] = (whole - parts) / (parts / (own.sum() - 2))
    cases.add("cluster stop, duda", "flowers.csv", "cluster wards sl sw pl pw\ncluster stop, rule(duda)", out, 1e-9, "Duda and Hart (1973) with numpy, groups of scipy")
    fit = KMeans(3, init=x[:3], n_init=1, algorithm="lloyd", tol=0, max_iter=1000).fit(x)
    sizes = np.bincount(fit.labels_)
    cases.add("cluster kmeans", "flowers.csv", "cluster kmeans sl sw pl pw, k(3) start(firstk) name(k)\ncluster stop k\nscalar f = r(calinski_3)\ncount if k == 1\nscalar a = r(N)\ncount if k == 3",
              {"f": calinski_harabasz_score(x, fit.labels_), "a": sizes[0], "r(N)": sizes[2]}, 1e-9, "scikit-learn KMeans from the first three rows")


def run_r(code):
    found = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True)
    return json.loads(found.stdout[found.stdout.index("{"):])


def factors(cases):
    rng = np.random.default_rng(11)
    n = 300
    f = rng.normal(size=(n, 2))
    load = np.array([[0.8, 0.1], [0.7, 0.2], [0.6, -0.1], [0.1, 0.7], [0.0, 0.8], [0.2, 0.6], [0.5, 0.5]])
    x = f @ load.T + rng.normal(size=(n, 7)) * np.sqrt(1 - (load**2).sum(1))
    names = [f"v{i}" for i in range(1, 8)]
    frame = pd.DataFrame(x, columns=names)
    write_data("tests", frame)
    r = np.corrcoef(x.T)

    # the likelihood by scipy, to more digits than factanal gives
    def value(logs):
        psi = np.exp(logs)
        s = 1 / np.sqrt(psi)
        w = np.sort(np.linalg.eigvalsh(r * np.outer(s, s)))[:-2]
        return (w - np.log(w) - 1).sum()

    def slope(logs):
        psi = np.exp(logs)
        s = 1 / np.sqrt(psi)
        w, v = np.linalg.eigh(r * np.outer(s, s))
        return ((1 - w[:-2]) * v[:, :-2] ** 2).sum(1)

    start = np.log(0.7 / np.diag(np.linalg.inv(r)))
    found = optimize.root(slope, optimize.minimize(value, start, jac=slope, method="BFGS").x, tol=1e-14)
    psi = np.exp(found.x)
    s = np.sqrt(psi)
    w, v = np.linalg.eigh(r / np.outer(s, s))
    w, v = w[::-1][:2], v[:, ::-1][:, :2]
    l = s[:, None] * v * np.sqrt(w - 1)
    l *= np.sign(l.sum(0))
    p = len(names)
    # n, not n - 1, as in the results of Stata 18
    correction = n - (2 * p + 5) / 6
    out = {f"el(e(Psi),1,{i + 1})": psi[i] for i in range(p)}
    out |= {"el(e(L),1,1)": l[0, 0], "el(e(L),5,2)": l[4, 1], "e(chi2_1)": (correction - 4 / 3) * value(found.x), "e(df_1)": 8, "e(chi2_i)": -correction * np.log(np.linalg.det(r)), "e(df_i)": 21}
    every = "v1 v2 v3 v4 v5 v6 v7"
    cases.add("factor ml", "tests.csv", f"factor {every}, ml factors(2)", out, 1e-7, "scipy BFGS and root on the profile likelihood (Lawley and Maxwell 1971)")
    data = ROOT / "data/tests.csv"
    r_out = run_r(f"""
d <- read.csv('{data}'); f <- factanal(d, 2, rotation='none', control=list(opt=list(factr=1, pgtol=0), nstart=3))
l <- unclass(f$loadings); for (j in 1:2) if (sum(l[,j]) < 0) l[,j] <- -l[,j]
v <- varimax(l, normalize=FALSE, eps=1e-15); k <- varimax(l, normalize=TRUE, eps=1e-15); q <- promax(k$loadings, m=4)
x <- unclass(v$loadings); u <- lm.fit(x, x * abs(x)^2)$coefficients; u <- u %*% diag(sqrt(diag(solve(t(u) %*% u)))); p <- x %*% u; turn <- v$rotmat %*% u; phi <- solve(t(turn) %*% turn)
cat(sprintf('{{"stat": %.15g, "u": %.15g, "v2": %.15g, "k2": %.15g, "p2": %.15g, "q2": %.15g, "phi": %.15g}}', f$STATISTIC, f$uniquenesses[3], max(abs(v$loadings[2,])), max(abs(k$loadings[5,])),
  max(abs(p[2,])), max(abs(q$loadings[5,])), phi[1,2]))""")
    cases.add("factor ml, R", "tests.csv", f"factor {every}, ml factors(2)", {"e(chi2_1)": r_out["stat"] * (correction - 4 / 3) / (correction - 7 / 3), "el(e(Psi),1,3)": r_out["u"]}, 1e-5, "R factanal")
    ml = f"quietly factor {every}, ml factors(2)\n"
    cases.add("rotate varimax", "tests.csv", ml + "rotate, varimax\nmatrix L = e(r_L)", {"max(abs(L[2,1]), abs(L[2,2]))": r_out["v2"]}, 1e-5, "R varimax")
    cases.add("rotate varimax, normalize", "tests.csv", ml + "rotate, varimax normalize\nmatrix L = e(r_L)", {"max(abs(L[5,1]), abs(L[5,2]))": r_out["k2"]}, 1e-5, "R varimax")
    cases.add("rotate promax", "tests.csv", ml + "rotate, promax\nmatrix L = e(r_L)\nmatrix P = e(r_Phi)", {"max(abs(L[2,1]), abs(L[2,2]))": r_out["p2"], "abs(P[1,2])": abs(r_out["phi"]), "P[1,1]": 1}, 1e-5, "Hendrickson and White (1964) with R varimax and lm.fit")
    cases.add("rotate promax(4) normalize", "tests.csv", ml + "rotate, promax(4) normalize\nmatrix L = e(r_L)", {"max(abs(L[5,1]), abs(L[5,2]))": r_out["q2"]}, 1e-5, "R promax")
    # principal factors: eigenvalues of the correlations with squared multiple correlations
    reduced = r.copy()
    np.fill_diagonal(reduced, 1 - 1 / np.diag(np.linalg.inv(r)))
    w, v = np.linalg.eigh(reduced)
    w, v = w[::-1], v[:, ::-1]
    l = v[:, :2] * np.sqrt(w[:2])
    l *= np.sign(l.sum(0))
    cases.add("factor pf", "tests.csv", f"factor {every}, factors(2)", {"el(e(Ev),1,1)": w[0], "el(e(Ev),1,7)": w[6], "el(e(L),3,1)": l[2, 0], "el(e(L),4,2)": l[3, 1], "el(e(Psi),1,1)": 1 - (l[0] ** 2).sum()}, 1e-9, "numpy eigh ([MV] factor)")
    for _ in range(5000):
        np.fill_diagonal(reduced, (l**2).sum(1))
        w, v = np.linalg.eigh(reduced)
        w, v = w[::-1], v[:, ::-1]
        l = v[:, :2] * np.sqrt(w[:2])
    l *= np.sign(l.sum(0))
    cases.add("factor ipf", "tests.csv", f"factor {every}, ipf factors(2)", {"el(e(L),3,1)": l[2, 0], "el(e(Psi),1,5)": 1 - (l[4] ** 2).sum()}, 1e-7, "numpy eigh, iterated ([MV] factor)")
    w, v = np.linalg.eigh(r)
    w, v = w[::-1], v[:, ::-1]
    l = v[:, :2] * np.sqrt(w[:2])
    l *= np.sign(l.sum(0))
    cases.add("factor pcf", "tests.csv", f"factor {every}, pcf factors(2)", {"el(e(Ev),1,2)": w[1], "el(e(L),3,1)": l[2, 0], "el(e(Psi),1,5)": 1 - (l[4] ** 2).sum()}, 1e-9, "numpy eigh ([MV] factor)")


def main():
    cases = Cases("multivariate", "scipy, scikit-learn, numpy, R stats")
    trees(cases, flowers())
    factors(cases)
    cases.write()


if __name__ == "__main__":
    main()
