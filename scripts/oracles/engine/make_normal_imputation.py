"""`mi impute mvn`: estimates of the EM algorithm (observed-data likelihood maximised by scipy; the closed form of two variables
with a monotone pattern, Anderson 1957)."""

import numpy as np
from common import Cases
from numeric import maximise

N = 60
DATA = ("set obs 60\ngenerate z = mod(_n*7, 11) - 5\ngenerate double a = round(1 + .5*z + 2*sin(_n*1.7), .001)\n"
        "generate double b = round(2 - .3*z + .6*a + 1.5*cos(_n*2.3), .001)\ngenerate double c = round(.4*a - .5*b + sin(_n*3.1), .001)\n")


def series():
    n = np.arange(1, N + 1)
    z = (n * 7) % 11 - 5.0
    a = np.round(1 + 0.5 * z + 2 * np.sin(n * 1.7), 3)
    b = np.round(2 - 0.3 * z + 0.6 * a + 1.5 * np.cos(n * 2.3), 3)
    c = np.round(0.4 * a - 0.5 * b + np.sin(n * 3.1), 3)
    return n, z, a, b, c


def arbitrary(cases):
    n, z, a, b, c = series()
    a, b, c = a.copy(), b.copy(), c.copy()
    a[n % 5 == 0], b[n % 4 == 1], c[n % 7 == 2] = np.nan, np.nan, np.nan
    y, x = np.column_stack([a, b, c]), np.column_stack([z, np.ones(N)])
    low = np.tril_indices(3)

    def parts(p):
        root = np.zeros((3, 3))
        root[low] = p[6:]
        return p[:6].reshape(2, 3), root @ root.T

    def rows(p):
        beta, sigma = parts(p)
        out = np.zeros(N)
        e = y - x @ beta
        for o in np.unique(~np.isnan(y), axis=0):
            if o.any():
                own = (~np.isnan(y) == o).all(1)
                s = sigma[np.ix_(o, o)]
                r = e[np.ix_(own, o)]
                out[own] = -0.5 * (o.sum() * np.log(2 * np.pi) + np.linalg.slogdet(s)[1] + (r * np.linalg.solve(s, r.T).T).sum(1))
        return out
    p, ll, _, _ = maximise(rows, [0.3, 0, 0, 1, 2, 0] + [1.0, 0, 1, 0, 0, 1])
    beta, sigma = parts(p)
    gaps = "replace a = . if mod(_n, 5) == 0\nreplace b = . if mod(_n, 4) == 1\nreplace c = . if mod(_n, 7) == 2\n"
    do = f"{DATA}{gaps}mi set wide\nmi register imputed a b c\nmi impute mvn a b c = z, emonly\nmatrix B = r(Beta_em)\nmatrix S = r(Sigma_em)"
    expect = {f"B[{k + 1},{j + 1}]": beta[k, j] for k in range(2) for j in range(3)}
    expect |= {f"S[{i + 1},{j + 1}]": sigma[i, j] for i in range(3) for j in range(3)}
    cases.add("mi impute mvn, emonly", None, do, expect | {"r(llobs_em)": ll, "r(converged_em)": 1.0,
              "r(N_mis_em)": float(np.isnan(y).all(1).sum())}, 1e-6, "observed-data likelihood by scipy")


def monotone(cases):
    n, z, a, b, _ = series()
    seen = n % 3 != 0
    x = np.column_stack([z, np.ones(N)])
    w = np.column_stack([x, a])[seen]
    g = np.linalg.lstsq(w, b[seen], rcond=None)[0]
    rest = np.mean((b[seen] - w @ g) ** 2)
    # one gap in `a` of a row without `b` leaves the pattern monotone: both are missing there
    gone = n == 3
    keep = ~gone
    beta_a = np.linalg.lstsq(x[keep], a[keep], rcond=None)[0]
    s_aa = np.mean((a[keep] - x[keep] @ beta_a) ** 2)
    beta_b = g[:2] + g[2] * beta_a
    sigma = [[s_aa, g[2] * s_aa], [g[2] * s_aa, rest + g[2] ** 2 * s_aa]]
    do = (f"{DATA}replace b = . if mod(_n, 3) == 0\nreplace a = . in 3\nmi set mlong\nmi register imputed a b\n"
          "mi impute mvn a b = z, emonly\nmatrix B = r(Beta_em)\nmatrix S = r(Sigma_em)")
    expect = {"B[1,1]": beta_a[0], "B[2,1]": beta_a[1], "B[1,2]": beta_b[0], "B[2,2]": beta_b[1]}
    expect |= {f"S[{i + 1},{j + 1}]": sigma[i][j] for i in range(2) for j in range(2)}
    cases.add("mi impute mvn, emonly, monotone", None, do, expect | {"r(N_em)": N - 1.0, "r(N_mis_em)": 1.0}, 1e-7,
              "closed form (Anderson 1957)")


def main():
    cases = Cases("normal_imputation", "scipy; closed form")
    arbitrary(cases)
    monotone(cases)
    cases.write()


if __name__ == "__main__":
    main()
