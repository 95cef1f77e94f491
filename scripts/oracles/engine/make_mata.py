"""Oracle cases of Mata: linear algebra and statistics against numpy and scipy, examples of the manual with the numbers
that it prints, and whole programs (least squares, maximum likelihood, panels, bootstrap) against numpy, scipy and
closed forms."""

import numpy as np
import scipy.linalg as la
from scipy import optimize, special, stats

from common import Cases, write_data


def literal(m):
    m = np.atleast_2d(m)
    return "(" + " \\ ".join(", ".join(f"{x:.17g}" for x in row) for row in m) + ")"


def cells(name, m, complex_part=None):
    m = np.atleast_2d(m)
    return {f"{name}[{i + 1},{j + 1}]": m[i, j] for i in range(m.shape[0]) for j in range(m.shape[1])}


def mata(code):
    return "mata:\n" + code.strip() + "\nend"


def value(cases, name, code, m, tol=1e-11, source=None):
    """`code` is an expression with the value `m`; cells that are zero are compared with one added."""
    shifted = np.atleast_2d(np.asarray(m, dtype=float)) + 1.0
    do = mata(f"R = {code}\nst_matrix(\"R\", R :+ 1)") if "\n" not in code else mata(code + "\nst_matrix(\"R\", R :+ 1)")
    cases.add(name, None, do, cells("R", shifted), tol, source)


A = np.array([[4.0, 1.5, -2.0], [0.5, 3.0, 1.25], [-1.0, 2.5, 6.0]])
S = np.array([[76.0, 53, 48], [53, 88, 46], [48, 46, 63]])
T = np.array([[1.0, 2], [3, 4], [5, 6], [7, 9]])
B = np.array([[1.0, -2], [0.5, 4], [3, 1]])


def linear_algebra(c):
    a, s, t, b = literal(A), literal(S), literal(T), literal(B)
    value(c, "luinv", f"luinv({a})", la.inv(A))
    value(c, "invsym", f"invsym({s})", la.inv(S))
    value(c, "cholinv", f"cholinv({s})", la.inv(S))
    value(c, "qrinv", f"qrinv({a})", la.inv(A))
    value(c, "pinv of a tall matrix", f"pinv({t})", la.pinv(T))
    value(c, "pinv of a singular matrix", "pinv((1,2\\2,4\\3,6))", la.pinv(np.array([[1.0, 2], [2, 4], [3, 6]])))
    value(c, "cholesky", f"cholesky({s})", la.cholesky(S, lower=True))
    value(c, "lusolve", f"lusolve({a}, {b})", la.solve(A, B))
    value(c, "cholsolve", f"cholsolve({s}, {b})", la.solve(S, B))
    value(c, "qrsolve", f"qrsolve({t}, (1\\0\\2\\5))", la.lstsq(T, np.array([[1.0], [0], [2], [5]]))[0])
    value(c, "svsolve", f"svsolve({t}, (1\\0\\2\\5))", la.lstsq(T, np.array([[1.0], [0], [2], [5]]))[0])
    low = np.tril(A)
    value(c, "solvelower", f"solvelower({a}, {b})", la.solve_triangular(low, B, lower=True))
    value(c, "solveupper", f"solveupper({a}, {b})", la.solve_triangular(np.triu(A), B))
    value(c, "det", f"det({a})", la.det(A))
    value(c, "trace", f"trace({a})", np.trace(A))
    value(c, "trace of a product", f"trace({a}, {s})", np.trace(A @ S))
    value(c, "rank", f"(rank({a}), rank((1,2\\2,4)), rank({t}))", [[3, 1, 2]])
    value(c, "cond", f"cond({a})", np.linalg.cond(A))
    value(c, "svdsv", f"svdsv({t})", la.svdvals(T).reshape(-1, 1))
    value(c, "svd gives the matrix back", f"svd({t}, U=., s=., Vt=.)\nR = U*diag(s)*Vt", T)
    value(c, "fullsvd has orthonormal vectors", f"fullsvd({t}, U=., s=., Vt=.)\nR = U'U", np.eye(4))
    value(c, "symeigenvalues", f"symeigenvalues({s})", la.eigvalsh(S)[::-1])
    value(c, "symeigensystem", f"symeigensystem({s}, X=., L=.)\nR = X*diag(L)*X'", S)
    value(c, "qrd gives the matrix back", f"qrd({t}, Q=., Rt=.)\nR = Q*Rt", T)
    value(c, "qrd has orthonormal columns", f"qrd({t}, Q=., Rt=.)\nR = Q'Q", np.eye(4))
    value(c, "qrdp gives the columns back", f"qrdp({t}, Q=., Rt=., p=.)\nR = (Q*Rt)[., invorder(p)]", T)
    value(c, "lud gives the matrix back", f"lud({a}, L=., U=., p=.)\nR = L[p,.]*U", A)
    value(c, "eigenvalues of a general matrix", f"Re(eigenvalues({a}))", np.sort(la.eigvals(A).real)[::-1])
    value(c, "eigenvectors satisfy their definition", f"A = {a}\neigensystem(A, X=., L=.)\nR = edittozerotol(abs(A*X - X*diag(L)), 1e-12)", np.zeros((3, 3)))
    value(c, "Kronecker product", f"{b} # (1,2)", np.kron(B, np.array([[1.0, 2]])))
    value(c, "norms", f"(norm({a}), norm({a},1), norm({a},.), norm({a},0), norm((3,4)), norm((3,-4),1))",
          [[la.norm(A, 2), la.norm(A, 1), la.norm(A, np.inf), la.norm(A), 5, 7]])
    value(c, "matpowersym", f"matpowersym({s}, .5)", la.sqrtm(S))
    value(c, "matexpsym", "matexpsym((1,.5\\.5,2))", la.expm(np.array([[1, 0.5], [0.5, 2]])))
    value(c, "matlogsym", f"matlogsym({s})", la.logm(S))
    value(c, "Hilbert", "invHilbert(4)", la.invhilbert(4))
    value(c, "Toeplitz", "Toeplitz((1\\2\\3), (1,5,6,7))", la.toeplitz([1, 2, 3], [1, 5, 6, 7]))
    value(c, "Vandermonde", "Vandermonde((2\\3\\5))", np.vander([2, 3, 5], increasing=True))
    value(c, "blockdiag", f"blockdiag({b}, (7,8))", la.block_diag(B, np.array([[7.0, 8]])))
    value(c, "duplication", "Dmatrix(3)*vech((1,2,3\\2,4,5\\3,5,6)) - vec((1,2,3\\2,4,5\\3,5,6))", np.zeros((9, 1)))
    value(c, "elimination", "Lmatrix(3)*vec((1,2,3\\2,4,5\\3,5,6)) - vech((1,2,3\\2,4,5\\3,5,6))", np.zeros((6, 1)))
    value(c, "commutation", f"Kmatrix(3,2)*vec({b}) - vec({b}')", np.zeros((6, 1)))
    value(c, "invvech", "invvech((1\\2\\3\\4\\5\\6))", [[1, 2, 3], [2, 4, 5], [3, 5, 6]])


def statistics(c):
    rng = np.random.default_rng(7)
    x = np.round(rng.normal(size=(8, 3)), 3)
    w = np.array([1.0, 2, 1, 3, 1, 1, 2, 4])
    z = np.round(rng.normal(size=(8, 2)), 3)
    lx, lw, lz = literal(x), literal(w.reshape(-1, 1)), literal(z)
    value(c, "mean", f"mean({lx})", x.mean(0))
    value(c, "weighted mean", f"mean({lx}, {lw})", np.average(x, axis=0, weights=w))
    value(c, "variance", f"variance({lx})", np.cov(x.T))
    value(c, "weighted variance", f"variance({lx}, {lw})", np.cov(x.T, fweights=w.astype(int)))
    value(c, "correlation", f"correlation({lx})", np.corrcoef(x.T))
    value(c, "meanvariance", f"meanvariance({lx})", np.vstack([x.mean(0), np.cov(x.T)]))
    value(c, "cross", f"cross({lx}, {lz})", x.T @ z)
    value(c, "quadcross", f"quadcross({lx}, {lz})", x.T @ z)
    value(c, "weighted cross", f"cross({lx}, {lw}, {lz})", x.T @ (w[:, None] * z))
    one = np.ones((8, 1))
    value(c, "cross with constants", f"cross({lx}, 1, {lw}, {lz}, 1)",
          np.hstack([x, one]).T @ (w[:, None] * np.hstack([z, one])))
    value(c, "crossdev", f"crossdev({lx}, mean({lx}), {lz}, mean({lz}))", (x - x.mean(0)).T @ (z - z.mean(0)))
    missing = lx.replace(f"{x[2, 1]:.17g}", ".", 1)
    kept = np.delete(x, 2, axis=0)
    value(c, "rows with missing values are left out of a mean", f"mean({missing})", kept.mean(0))
    value(c, "rows with missing values are left out of a product", f"cross({missing}, {missing})", kept.T @ kept)
    value(c, "sums", f"(sum({lx}), quadsum({lx}))", [[x.sum(), x.sum()]])
    value(c, "rowsum and colsum", f"rowsum({lx})' , colsum({lx})", np.concatenate([x.sum(1), x.sum(0)]))
    value(c, "runningsum", f"runningsum({lw})", np.cumsum(w).reshape(-1, 1))
    ids = np.array([1, 1, 2, 2, 2, 3, 4, 4])
    info = f"panelsetup({literal(ids.reshape(-1, 1))}, 1)"
    value(c, "panelsetup", info, [[1, 2], [3, 5], [6, 6], [7, 8]])
    sums = np.array([x[ids == k].sum(0) for k in (1, 2, 3, 4)])
    value(c, "panelsum", f"panelsum({lx}, {info})", sums)
    weighted = np.array([(w[:, None] * x)[ids == k].sum(0) for k in (1, 2, 3, 4)])
    value(c, "weighted panelsum", f"panelsum({lx}, {lw}, {info})", weighted)
    value(c, "panelsubmatrix", f"panelsubmatrix({lx}, 2, {info})", x[2:5])
    value(c, "normal and its inverse", "(normal(1.3), invnormal(.2), normalden(.7), chi2tail(3,5), invttail(10,.05))",
          [[stats.norm.cdf(1.3), stats.norm.ppf(0.2), stats.norm.pdf(0.7), stats.chi2.sf(5, 3), stats.t.isf(0.05, 10)]])
    value(c, "gamma functions", "(gamma(2.5), lngamma((3,4.5)), digamma(1.5), trigamma(2), factorial(10))",
          [[special.gamma(2.5), special.gammaln(3), special.gammaln(4.5), special.digamma(1.5),
            special.polygamma(1, 2), 3628800]], 1e-10)
    value(c, "halton", "halton(5, 3)", stats.qmc.Halton(3, scramble=False).random(6)[1:])


def polynomials(c):
    value(c, "polyeval", "polyeval((1,2,3), (0,1,2))", [[1, 6, 17]])
    value(c, "polymult", "polymult((1,2), (3,4,5))", np.polynomial.polynomial.polymul([1, 2], [3, 4, 5]))
    value(c, "polyderiv", "polyderiv((1,2,3,4), 2)", [[6, 24]])
    value(c, "polyinteg", "polyinteg((1,2,3), 1)", [[0, 1, 1, 1]])
    q, r = np.polynomial.polynomial.polydiv([1, 2, 3, 4], [2, 1])
    value(c, "polydiv", "polydiv((1,2,3,4), (2,1), Q=., r=.)\nR = Q, r", np.concatenate([q, r]))
    value(c, "polysolve", "polysolve((1,6,17), (0,1,2))", [[1, 2, 3]])
    value(c, "polyroots", "sort(Re(polyroots((-6,11,-6,1)))', 1)'", [[1, 2, 3]], 1e-10)


BETA = np.array([0.35, 0.29, 0.3, 0.3, 0.65, 0.56, 0.37, 0.16, 0.26, 0.19])


def published(c):
    """Numbers that the manual prints."""
    value(c, "manual: invsym", "invsym((76,53,48\\53,88,46\\48,46,63))",
          [[0.0298458083, -0.0098470272, -0.0155497706], [-0.0098470272, 0.0216268926, -0.0082885675],
           [-0.0155497706, -0.0082885675, 0.0337724301]], 1e-10, "[M-1] First")
    a = "(.31,.69,.13,.56\\.31,.5,.72,.42\\.68,.37,.71,.8\\.09,.16,.83,.9)"
    value(c, "manual: eigenvalues", f"eigensystem({a}, X=., L=.)\nR = abs(L)",
          [[2.10742167, 0.4658398402, 0.4005757984, 0.4005757984]], 1e-9, "[M-5] eigensystemselect()")
    value(c, "manual: a complex eigenvector", f"eigensystem({a}, X=., L=.)\nR = Re(X[.,3]), Im(X[.,3])",
          [[0.672770333, 0], [-0.292386384, -0.171958335], [-0.102481414, 0.519705293], [-0.08043663, -0.381122722]],
          2e-9, "[M-5] eigensystemselect()")
    value(c, "manual: stability of a vector autoregression",
          "eigensystem((.6,-.3,.2,.3\\.4,.2,-.1,.1\\1,0,0,0\\0,1,0,0), X=., L=.)\nR = Re(L') , Im(L')",
          [[0.858715598, 0], [-0.217760515, 0.32727213], [-0.217760515, -0.32727213], [0.376805431, 0]], 2e-9,
          "StataCorp's blog on vector autoregressions")
    x = literal(BETA.reshape(-1, 1))
    evaluator = "lnf = lngamma(a+b) :- lngamma(a) :- lngamma(b) :+\n(a-1)*log(x) :+ (b-1)*log(1:-x)"
    head = f"""void f(todo, p, x, lnf, S, H) {{
a = p[1]
b = p[2]
{evaluator}
SCORES
}}
S = optimize_init()
optimize_init_evaluator(S, &f())
optimize_init_evaluatortype(S, "KIND")
optimize_init_params(S, (1,1))
optimize_init_argument(S, 1, {x})
optimize_init_tracelevel(S, "none")
p = optimize(S)
V = optimize_result_V_oim(S)
st_matrix("P", p)
st_matrix("V", V)
st_numscalar("ll", optimize_result_value(S))
st_numscalar("converged", optimize_result_converged(S))"""
    scores = """if (todo >= 1) {
S = J(rows(x), 2, .)
S[.,1] = log(x) :+ digamma(a+b) :- digamma(a)
S[.,2] = log(1:-x) :+ digamma(a+b) :- digamma(b)
}"""
    second = """if (todo == 2) {
n = rows(x)
H[1,1] = n*(trigamma(a+b) - trigamma(a))
H[2,1] = n*(trigamma(a+b))
H[2,2] = n*(trigamma(a+b) - trigamma(b))
_makesymmetric(H)
}"""
    expect = {"P[1,1]": 3.714209343, "P[1,2]": 7.014925751, "ll": 5.7647122, "converged": 1}
    v = {"gf0": (2.556301184, 4.498194785, 9.716647065), "gf1": (2.556299425, 4.49819212, 9.716643068),
         "gf2": (2.556299574, 4.498192412, 9.716643651)}
    for kind, body in [("gf0", ""), ("gf1", scores), ("gf2", scores + "\n" + second)]:
        do = head.replace("KIND", kind).replace("SCORES", body)
        names = ("V[1,1]", "V[2,1]", "V[2,2]")
        c.add(f"manual: optimize() {kind}", None, mata(do), expect | dict(zip(names, v[kind])), 2e-6, "[M-5] optimize()")
    two = """void f(todo, p, v, g, H) {
v = exp(-p[1]^2 - p[2]^2 - p[1]*p[2] + p[1] - p[2] - 3)
if (todo >= 1) {
g[1] = (-2*p[1] - p[2] + 1)*v
g[2] = (-2*p[2] - p[1] - 1)*v
}
if (todo == 2) {
H[1,1] = -2*v + (-2*p[1]-p[2]+1)*g[1]
H[2,1] = -1*v + (-2*p[2]-p[1]-1)*g[1]
H[2,2] = -2*v + (-2*p[2]-p[1]-1)*g[2]
_makesymmetric(H)
}
}
S = optimize_init()
optimize_init_evaluator(S, &f())
optimize_init_evaluatortype(S, "KIND")
optimize_init_technique(S, "METHOD")
optimize_init_nmsimplexdeltas(S, (.1,.1))
optimize_init_params(S, (0,0))
optimize_init_tracelevel(S, "none")
p = optimize(S)
st_numscalar("a", p[1])
st_numscalar("b", p[2])
st_numscalar("v", optimize_result_value(S))"""
    for kind in ("d0", "d1", "d2"):
        for method in ("nr", "dfp", "bfgs", "nm", "bfgs 3 nr 2"):
            do = mata(two.replace("KIND", kind).replace("METHOD", method))
            tol = 2e-3 if method == "nm" else 1e-6
            c.add(f"manual: optimize() {kind} by {method}", None, do, {"a": 1, "b": -1, "v": 0.13533528}, tol,
                  "[M-5] optimize()")


def programs(c):
    """Whole programs."""
    rng = np.random.default_rng(11)
    n = 60
    x1, x2 = np.round(rng.normal(size=n), 3), np.round(rng.uniform(0, 4, size=n), 3)
    id_ = np.repeat(np.arange(1, 13), 5)
    y = np.round(1 + 0.5 * x1 - 0.8 * x2 + rng.normal(size=n) * (0.5 + 0.3 * x2), 3)
    d = (0.3 + 0.9 * x1 - 0.4 * x2 + rng.normal(size=n) > 0).astype(float)
    k = rng.poisson(np.exp(0.2 + 0.3 * x1))
    import pandas as pd

    write_data("mata", pd.DataFrame({"id": id_, "y": y, "x1": x1, "x2": x2, "d": d, "k": k}))
    X = np.column_stack([x1, x2, np.ones(n)])
    b = la.solve(X.T @ X, X.T @ y)
    e = y - X @ b
    bread = la.inv(X.T @ X)
    robust = bread @ (X.T @ (X * (e**2)[:, None])) @ bread * n / (n - 3)
    groups = np.array([(X * e[:, None])[id_ == g].sum(0) for g in np.unique(id_)])
    clustered = bread @ (groups.T @ groups) @ bread * 12 / 11 * (n - 1) / (n - 3)
    ols = """
real matrix sandwich(real matrix X, real colvector e, real matrix bread, | real colvector id)
{
    real matrix info, M, Xi
    real scalar i
    if (args() == 3) return(bread * cross(X, e:^2, X) * bread)
    info = panelsetup(id, 1)
    M = J(cols(X), cols(X), 0)
    for (i = 1; i <= rows(info); i++) {
        Xi = panelsubmatrix(X, i, info)' * panelsubmatrix(e, i, info)
        M = M + Xi*Xi'
    }
    return(bread*M*bread)
}
st_view(y=., ., "y")
st_view(X=., ., ("x1", "x2"))
X = X, J(rows(X), 1, 1)
bread = invsym(cross(X, X))
b = bread*cross(X, y)
e = y - X*b
n = rows(X)
V = sandwich(X, e, bread) * n/(n - cols(X))
id = st_data(., "id")
C = sandwich(X, e, bread, id) * rows(uniqrows(id))/(rows(uniqrows(id))-1) * (n-1)/(n-cols(X))
st_matrix("b", b')
st_matrix("V", V)
st_matrix("C", C)
st_matrixcolstripe("b", (J(3,1,""), ("x1" \\ "x2" \\ "_cons")))
"""
    expect = cells("b", b.reshape(1, -1)) | cells("V", robust) | cells("C", clustered)
    expect["colnumb(b, \"_cons\")"] = 3
    c.add("least squares with robust and clustered variances", "mata.csv", mata(ols), expect, 1e-9)

    def probit(p):
        q = 2 * d - 1
        return -stats.norm.logcdf(q * (X @ p)).sum()

    fit = optimize.minimize(probit, np.zeros(3), method="BFGS", options={"gtol": 1e-10})
    p = fit.x
    for _ in range(5):
        q = 2 * d - 1
        lam = q * stats.norm.pdf(q * (X @ p)) / stats.norm.cdf(q * (X @ p))
        H = -(X.T * (lam * (lam + X @ p))) @ X
        p = p - la.solve(H, X.T @ lam)
    se = np.sqrt(np.diag(la.inv(-H)))
    scores = X * lam[:, None]
    rob = la.inv(-H) @ scores.T @ scores @ la.inv(-H) * n / (n - 1)
    program = """
void probit_ll(todo, b, y, X, lnf, S, H)
{
    real colvector xb, q
    xb = X*b'
    q = 2*y :- 1
    lnf = lnnormal(q:*xb)
}
d = st_data(., "d")
X = st_data(., ("x1", "x2")), J(st_nobs(), 1, 1)
S = optimize_init()
optimize_init_evaluator(S, &probit_ll())
optimize_init_evaluatortype(S, "gf0")
optimize_init_argument(S, 1, d)
optimize_init_argument(S, 2, X)
optimize_init_params(S, J(1, 3, 0))
b = optimize(S)
st_matrix("b", b)
st_matrix("se", sqrt(diagonal(optimize_result_V_oim(S)))')
st_matrix("ro", sqrt(diagonal(optimize_result_V_robust(S)))')
st_numscalar("ll", optimize_result_value(S))
"""
    expect = cells("b", p.reshape(1, -1)) | cells("se", se.reshape(1, -1))
    expect |= cells("ro", np.sqrt(np.diag(rob)).reshape(1, -1)) | {"ll": -probit(p)}
    c.add("probit by optimize() without derivatives", "mata.csv", mata(program), expect, 1e-6)

    lam_p = np.zeros(3)
    for _ in range(50):
        mu = np.exp(X @ lam_p)
        lam_p = lam_p + la.solve((X.T * mu) @ X, X.T @ (k - mu))
    mu = np.exp(X @ lam_p)
    poisson = """
void f(todo, b, y, X, v, g, H) {
    real colvector mu
    mu = exp(X*b')
    v = sum(y:*(X*b') - mu - lngamma(y:+1))
    if (todo >= 1) g = (y - mu)'X
}
y = st_data(., "k")
X = st_data(., "x1 x2"), J(st_nobs(), 1, 1)
S = optimize_init()
optimize_init_evaluator(S, &f())
optimize_init_evaluatortype(S, "d1")
optimize_init_argument(S, 1, y)
optimize_init_argument(S, 2, X)
optimize_init_params(S, (0,0,0))
optimize_init_tracelevel(S, "none")
b = optimize(S)
V = optimize_result_V(S)
st_matrix("b", b)
st_matrix("V", V)
"""
    v = la.inv((X.T * mu) @ X)
    c.add("Poisson regression by optimize() with a gradient", "mata.csv", mata(poisson),
          cells("b", lam_p.reshape(1, -1)) | cells("V", v), 1e-6)

    within_x, within_y = x1.copy(), y.copy()
    for g in np.unique(id_):
        within_x[id_ == g] -= within_x[id_ == g].mean()
        within_y[id_ == g] -= within_y[id_ == g].mean()
    fe = (within_x @ within_y) / (within_x @ within_x)
    panel = """
real scalar within(string scalar y, string scalar x, string scalar id)
{
    real matrix info, V, P
    real scalar i, a, b
    st_view(V=., ., (y, x, id))
    info = panelsetup(V, 3)
    a = b = 0
    for (i=1; i<=rows(info); i++) {
        panelsubview(P=., V, i, info)
        a = a + crossdev(P[.,2], mean(P[.,2]), P[.,1], mean(P[.,1]))
        b = b + crossdev(P[.,2], mean(P[.,2]), P[.,2], mean(P[.,2]))
    }
    return(a/b)
}
st_numscalar("fe", within("y", "x1", "id"))
"""
    c.add("within estimator by a loop over panels", "mata.csv", mata(panel), {"fe": fe}, 1e-10)

    bounded = """
void f(todo, p, v, g, H) v = -(p[1]-1)^2 - (p[2]-2)^2 - .5*p[1]*p[2]
S = optimize_init()
optimize_init_evaluator(S, &f())
optimize_init_params(S, (0,0))
optimize_init_constraints(S, (1,1,1))
optimize_init_tracelevel(S, "none")
p = optimize(S)
st_numscalar("a", p[1])
st_numscalar("b", p[2])
"""
    c.add("a constraint on the parameters of optimize()", None, mata(bounded), dict(zip("ab", solve_bounded())), 1e-6)

    lowest = """
void f(todo, p, v, g, H) v = 100*(p[2]-p[1]^2)^2 + (1-p[1])^2
S = optimize_init()
optimize_init_which(S, "min")
optimize_init_evaluator(S, &f())
optimize_init_params(S, (-1.2,1))
optimize_init_technique(S, "bfgs")
optimize_init_tracelevel(S, "none")
p = optimize(S)
st_numscalar("a", p[1])
st_numscalar("b", p[2])
"""
    c.add("the minimum of Rosenbrock's function", None, mata(lowest), {"a": 1, "b": 1}, 1e-4)

    derivative = """
void f(p, v) v = ln(p[1])*p[2] + exp(p[1]*p[2])
D = deriv_init()
deriv_init_evaluator(D, &f())
deriv_init_params(D, (1.5,-.7))
g = deriv(D, 1)
H = deriv(D, 2)
st_matrix("g", g)
st_matrix("H", H)
"""
    q = (1.5, -0.7)
    ex = np.exp(q[0] * q[1])
    g = np.array([[q[1] / q[0] + q[1] * ex, np.log(q[0]) + q[0] * ex]])
    cross = 1 / q[0] + ex * (1 + q[0] * q[1])
    h = np.array([[-q[1] / q[0] ** 2 + q[1] ** 2 * ex, cross], [cross, q[0] ** 2 * ex]])
    c.add("deriv()", None, mata(derivative), cells("g", g) | cells("H", h), 1e-6)

    # the sample mean's bootstrap variance is the variance of the sample with divisor n over n, in the limit
    bootstrap = """
rseed(42)
y = st_data(., "y")
n = rows(y)
m = J(4000, 1, .)
for (r=1; r<=4000; r++) m[r] = mean(y[runiformint(n, 1, 1, n)])
st_numscalar("ratio", variance(m)/(variance(y)*(n-1)/n^2))
st_numscalar("centre", (mean(m)-mean(y))/sqrt(variance(y)/n) + 1)
"""
    c.add("a bootstrap in Mata", "mata.csv", mata(bootstrap), {"ratio": 1, "centre": 1}, 0.08)


def solve_bounded():
    """Maximum of -(a-1)^2 - (b-2)^2 - ab/2 with a + b = 1: with b = 1 - a the derivative in a is
    -2(a-1) - 2(a+1) - 1/2 + a, which is zero at a = -1/6."""
    return -1 / 6, 7 / 6


def main():
    c = Cases("mata", "numpy, scipy, numbers printed in the manual [M] (source in the case)")
    linear_algebra(c)
    statistics(c)
    polynomials(c)
    published(c)
    programs(c)
    c.write()


main()
