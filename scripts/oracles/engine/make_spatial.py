"""Spatial weights and regressions: R spdep and spatialreg (sphet where it is installed), Python libpysal and spreg, and likelihoods by hand whose
information is differentiated numerically. Writes `spatial.json`, the data of Columbus (Anselin 1988, in R spData, CC0) and
a simulated set with two matrices."""

import json
import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from common import Cases, write_data
from libpysal.weights import W as Weights
from spreg import OLS, GM_Lag
from spreg.error_sp_het import BaseGM_Endog_Error_Het
from spreg.error_sp_hom import BaseGM_Endog_Error_Hom
from spreg.ml_error import ML_Error
from spreg.ml_lag import ML_Lag

warnings.filterwarnings("ignore")

R = r"""
suppressMessages({library(spdep); library(spatialreg); library(jsonlite)})
out <- list(); num <- function(x) unname(as.numeric(x))
d <- read.csv("columbus.csv"); W <- as.matrix(read.csv("W.csv", header = FALSE))
lw <- mat2listw(W, style = "M")
tight <- list(tol.opt = 1e-14, fdHess = TRUE)
f <- crime ~ inc + hoval
m <- moran.test(d$crime, lw); g <- geary.test(d$crime, lw)
out$moran <- c(num(m$estimate), num(m$statistic)); out$geary <- c(num(g$estimate), num(g$statistic))
out$lm <- num(lm.LMtests(lm(f, d), lw, test = "LMerr")$LMerr$statistic)
see <- function(m) list(b = num(coef(m)), ll = num(logLik(m)), s2 = m$s2)
l <- lagsarlm(f, d, lw, method = "eigen", tol.solve = 1e-18, control = tight)
out$lag <- see(l); out$lag_impacts <- lapply(impacts(l, listw = lw), num)
e <- errorsarlm(f, d, lw, method = "eigen", tol.solve = 1e-18, control = tight); out$error <- see(e)
s <- sacsarlm(f, d, lw, tol.solve = 1e-18, control = list(tol.opt = 1e-14)); out$sac <- see(s)
b <- lagsarlm(f, d, lw, Durbin = TRUE, method = "eigen", tol.solve = 1e-18, control = tight)
out$durbin <- see(b); out$durbin_impacts <- lapply(impacts(b, listw = lw), num)
out$fd <- list(lag = num(diag(l$fdHess)), error = num(diag(e$fdHess)))
t <- stsls(f, d, mat2listw(W, style = "W"), W2X = TRUE, legacy = FALSE); out$stsls <- list(b = num(coef(t)), v = num(diag(t$var)), df = t$df, n = nrow(d))
if (requireNamespace("sphet", quietly = TRUE)) {
  s <- read.csv("sar.csv"); A <- as.matrix(read.csv("A.csv", header = FALSE)); B <- as.matrix(read.csv("B.csv", header = FALSE))
  la <- mat2listw(B, style = "M"); h <- read.csv("H.csv"); s <- cbind(s, h)
  ins <- as.formula(paste("~", paste(names(h)[names(h) != "wy"], collapse = "+")))
  for (het in c(FALSE, TRUE)) {
    m <- sphet::spreg(y ~ x1 + x2, data = s, listw = la, endog = ~ wy, instruments = ins, lag.instr = FALSE, model = "error", het = het)
    out[[if (het) "sphet_het" else "sphet_hom"]] <- list(b = num(m$coefficients), v = num(diag(as.matrix(m$var))))
  }
}
cat(toJSON(out, digits = NA, auto_unbox = TRUE))
"""


def idistance(points, least=0.0):
    gap = np.hypot(points[:, None, 0] - points[None, :, 0], points[:, None, 1] - points[None, :, 1])
    with np.errstate(divide="ignore"):
        w = np.where(gap > 0, 1 / gap, 0.0)
    return np.where(w <= least, 0.0, w)


def rows(w):
    sums = w.sum(1, keepdims=True)
    return np.divide(w, sums, out=np.zeros_like(w), where=sums > 0)


def spectral(w):
    return w / np.abs(np.linalg.eigvals(w)).max()


def pysal(w):
    near = {i: list(np.flatnonzero(r)) for i, r in enumerate(w)}
    made = Weights(near, {i: list(w[i, near[i]]) for i in near}, silence_warnings=True)
    made.transform = "o"
    return made


def likelihood(y, x, w, m):
    """Log likelihood of coefficients, lags and variance; either matrix may be missing."""
    n = len(y)

    def value(p):
        k = x.shape[1]
        a, b, rest = np.eye(n), np.eye(n), list(p[k:])
        if w is not None:
            a = a - rest.pop(0) * w
        if m is not None:
            b = b - rest.pop(0) * m
        if rest[0] <= 0 or min(np.linalg.slogdet(a)[0], np.linalg.slogdet(b)[0]) <= 0:
            return -1e6
        e = b @ (a @ y - x @ p[:k])
        return (-n / 2 * np.log(2 * np.pi * rest[0]) + np.linalg.slogdet(a)[1] + np.linalg.slogdet(b)[1] - e @ e / (2 * rest[0]))

    return value


def covariance(f, p):
    """Inverse of minus the second differences, extrapolated to a step of zero (Richardson)."""
    def second(h):
        k = len(p)
        step = h * np.maximum(np.abs(p), 1e-2)
        out = np.zeros((k, k))
        for i in range(k):
            for j in range(i + 1):
                ei, ej = np.eye(k)[i] * step[i], np.eye(k)[j] * step[j]
                out[i, j] = out[j, i] = (f(p + ei + ej) - f(p + ei - ej) - f(p - ei + ej) + f(p - ei - ej)) / (4 * step[i] * step[j])
        return out

    return np.linalg.inv(-(4 * second(5e-4) - second(1e-3)) / 3)


def polish(f, p):
    """Newton's steps from another program's estimates, which end a search earlier."""
    from scipy.optimize import minimize

    scale = np.maximum(np.abs(p), 1e-2)
    best = minimize(lambda q: -f(q * scale), p / scale, method="BFGS", options={"gtol": 1e-9})
    return best.x * scale


def delta(p, v, w, lagged, k, base):
    """Average impacts of regressors 0 .. k-1 with standard errors from numerical derivatives."""
    n = len(w)

    def impacts(q):
        s = np.linalg.inv(np.eye(n) - q[base] * w)
        out = []
        for j in range(k):
            d = s @ (q[j] * np.eye(n) + (q[lagged + j] * w if lagged else 0))
            out.append((np.trace(d) / n, d.sum() / n))
        direct, total = np.array(out).T
        return np.concatenate([direct, total - direct, total])

    at = impacts(p)
    jac = np.array([(impacts(p + h) - impacts(p - h)) / (2 * h.max()) for h in np.diag(1e-6 * np.maximum(np.abs(p), 0.01))]).T
    return at, np.sqrt(np.diag(jac @ v @ jac.T))


DECLARE = "spset id, coord(cx cy)\n"
TRUNCATED = DECLARE + "spmatrix create idistance W, vtruncate(.1) normalize(row)\n"


def named(values, se, names):
    out = {f"_b[{n}]": b for n, b in zip(names, values)}
    out.update({f"_se[{n}]": s for n, s in zip(names, se)})
    return out


def columbus(cases, r, d, w):
    y, x = d.crime.to_numpy(), np.column_stack([d.inc, d.hoval, np.ones(len(d))])
    own = ["crime:inc", "crime:hoval", "crime:_cons"]
    ends = {"lag": ["W:crime"], "error": ["W:e.crime"], "sac": ["W:crime", "W:e.crime"]}
    options = {"lag": "dvarlag(W)", "error": "errorlag(W)", "sac": "dvarlag(W) errorlag(W)"}
    for kind, tail in ends.items():
        b = np.array(r[kind]["b"])
        lags = len(tail)
        # R has the lags first, the constant before the slopes
        p = np.concatenate([b[lags + 1 :], b[lags : lags + 1], b[:lags], [r[kind]["s2"]]])
        f = likelihood(y, x, w if kind != "error" else None, w if kind != "lag" else None)
        p = polish(f, p)
        assert abs(f(p) - r[kind]["ll"]) < 1e-6, (kind, f(p), r[kind]["ll"])
        v = covariance(f, p)
        if kind != "sac":
            lag = r["fd"][kind]
            assert abs(v[3, 3] / lag[0 if kind == "lag" else 0] - 1) < 0.05, (kind, v[3, 3], lag)
            fit = (ML_Lag if kind == "lag" else ML_Error)(y[:, None], x[:, :2], w=pysal(w), method="full", epsilon=1e-12)
            betas = fit.betas.ravel()
            assert np.allclose(betas, [p[2], p[0], p[1], p[3]], rtol=1e-4), (betas, p)
            assert abs(fit.logll - f(p)) < 1e-6
        names = own + tail + ["/var(e.crime)"]
        expect = named(p, np.sqrt(np.diag(v)), names) | {"e(ll)": f(p), "e(N)": len(d)}
        source = "R spatialreg, spreg (coefficients), likelihood differentiated numerically (standard errors)"
        cases.add(f"spregress ml {kind}", "columbus.csv", TRUNCATED + f"spregress crime inc hoval, ml {options[kind]}", expect, 2e-5, source)
        if kind == "lag":
            at, se = delta(p, v, w, 0, 2, 3)
            assert np.allclose(at, np.concatenate([r["lag_impacts"][k] for k in ("direct", "indirect", "total")]), rtol=1e-4)
            impact_case(cases, "spregress crime inc hoval, ml dvarlag(W)", at, se)
            predictions(cases, y, x, w, p)


def impact_case(cases, command, at, se):
    expect, do = {}, TRUNCATED + command + "\nestat impact\n"
    for i, kind in enumerate(["direct", "indirect", "total"]):
        do += f"matrix b{i} = r(b_{kind})\nmatrix v{i} = r(V_{kind})\n"
        for j in range(2):
            expect[f"b{i}[1,{j + 1}]"], expect[f"sqrt(v{i}[{j + 1},{j + 1}])"] = at[2 * i + j], se[2 * i + j]
    cases.add("estat impact: " + command, "columbus.csv", do, expect, 5e-5, "R spatialreg impacts; delta method with numerical derivatives")


def predictions(cases, y, x, w, p):
    s = np.linalg.inv(np.eye(len(y)) - p[3] * w)
    xb = x @ p[:3]
    mean, direct = s @ xb, np.diag(s) * xb
    naive = xb + p[3] * (w @ y)
    do = TRUNCATED + "spregress crime inc hoval, ml dvarlag(W)\nsort crime\n"
    expect = {"e(r2_p)": np.corrcoef(y, mean)[0, 1] ** 2}
    order = np.argsort(y, kind="stable")
    for k, (name, values) in enumerate(dict(rform=mean, direct=direct, indirect=mean - direct, naive=naive, xb=xb, residuals=y - naive, ucresiduals=y - naive).items()):
        do += f"predict double p{k}, {name}\n"
        for place in (0, 20, 48):
            expect[f"p{k}[{place + 1}]"] = values[order[place]]
    cases.add("predict after spregress", "columbus.csv", do, expect, 2e-5, "matrix algebra in numpy on estimates of R spatialreg")


def durbin(cases, r, d, w):
    y = d.crime.to_numpy()
    x = np.column_stack([d.inc, d.hoval, np.ones(len(d)), w @ d.inc, w @ d.hoval])
    b = np.array(r["durbin"]["b"])
    f = likelihood(y, x, w, None)
    p = polish(f, np.concatenate([b[2:4], b[1:2], b[4:6], b[:1], [r["durbin"]["s2"]]]))
    assert abs(f(p) - r["durbin"]["ll"]) < 1e-6
    v = covariance(f, p)
    command = "spregress crime inc hoval, ml dvarlag(W) ivarlag(W: inc hoval)"
    names = ["crime:inc", "crime:hoval", "crime:_cons", "W:inc", "W:hoval", "W:crime", "/var(e.crime)"]
    cases.add("spregress ml durbin", "columbus.csv", TRUNCATED + command, named(p, np.sqrt(np.diag(v)), names) | {"e(ll)": f(p)}, 2e-5, "R spatialreg, likelihood differentiated numerically")
    at, se = delta(p, v, w, 3, 2, 5)
    assert np.allclose(at, np.concatenate([r["durbin_impacts"][k] for k in ("direct", "indirect", "total")]), rtol=1e-4)
    impact_case(cases, command, at, se)


def two_stage(cases, r, d, w):
    y, x = d.crime.to_numpy()[:, None], d[["inc", "hoval"]].to_numpy()
    names = ["crime:_cons", "crime:inc", "crime:hoval", "W:crime"]
    for robust, options in ((None, ""), ("white", " heteroskedastic")):
        fit = GM_Lag(y, x, w=pysal(w), w_lags=2, robust=robust, sig2n_k=False)
        b, se = fit.betas.ravel(), np.sqrt(np.diag(fit.vm))
        other = r["stsls"]
        assert np.allclose(other["b"], [b[3], b[0], b[1], b[2]], rtol=1e-7), (other, b)
        if robust is None:
            scale = np.sqrt(other["df"] / other["n"])
            assert np.allclose(np.sqrt(other["v"]) * scale, se[[3, 0, 1, 2]], rtol=1e-7), (other, se)
        cases.add("spregress gs2sls dvarlag" + options, "columbus.csv", TRUNCATED + "spregress crime inc hoval, gs2sls dvarlag(W)" + options, named(b, se, names), 1e-6, "spreg GM_Lag, R spatialreg stsls (coefficients)")


def simulated():
    rng = np.random.default_rng(20260)
    n = 120
    points = rng.uniform(0, 10, (n, 2))
    a, b = rows(idistance(points, 0.4)), spectral(idistance(points, 0.6))
    x = rng.normal(size=(n, 2))
    e = rng.normal(size=n) * (0.6 + np.abs(x[:, 0]))
    u = np.linalg.solve(np.eye(n) - 0.45 * b, e)
    y = np.linalg.solve(np.eye(n) - 0.4 * a, 1 + 2 * x[:, 0] - x[:, 1] + u)
    ids = rng.permutation(n) + 101
    return pd.DataFrame({"id": ids, "cx": points[:, 0], "cy": points[:, 1], "x1": x[:, 0], "x2": x[:, 1], "y": y}), a, b


def instruments(s, a, b):
    x = s[["x1", "x2"]].to_numpy()
    ax = a @ x
    aax = a @ ax
    parts = [ax, aax, b @ np.column_stack([np.ones(len(s)), x, ax, aax])]
    return np.column_stack(parts)


def by_hand(y, z, h, m, het):
    """Steps 1a to 2b of Drukker, Prucha and Raciborski (2013) with full matrices."""
    from scipy.optimize import minimize_scalar

    n, i = len(y), np.eye(len(y))
    mm = m.T @ m
    t = np.trace(mm) / n
    a = [mm - np.diag(np.diag(mm)) if het else (mm - t * i) / (1 + t * t), m]
    project = h @ np.linalg.pinv(h)

    def stage(r):
        ys, zs = (i - r * m) @ y, (i - r * m) @ z
        return np.linalg.solve(zs.T @ project @ zs, zs.T @ project @ ys)

    def moments(r, u):
        e = (i - r * m) @ u
        return np.array([e @ k @ e for k in a]) / n

    def search(u, weight):
        return minimize_scalar(lambda r: moments(r, u) @ weight @ moments(r, u), bounds=(-0.99, 0.99), method="bounded", options={"xatol": 1e-13}).x

    def parts(r, u):
        e, zs = (i - r * m) @ u, (i - r * m) @ z
        hh, hz = h.T @ h / n, h.T @ zs / n
        p = np.linalg.solve(hh, hz) @ np.linalg.inv(hz.T @ np.linalg.solve(hh, hz))
        at = [h @ p @ (-zs.T @ (k + k.T) @ e / n) for k in a]
        s2 = e @ e / n
        sigma = np.diag(e**2) if het else s2 * i
        third, fourth = (e**3).mean(), (e**4).mean()
        psi, cross = np.zeros((2, 2)), np.zeros((h.shape[1], 2))
        for r1 in range(2):
            d1 = np.diag(a[r1])
            cross[:, r1] = h.T @ sigma @ at[r1] / n + (0 if het else third * h.T @ d1 / n)
            for r2 in range(2):
                d2 = np.diag(a[r2])
                psi[r1, r2] = np.trace((a[r1] + a[r1].T) @ sigma @ (a[r2] + a[r2].T) @ sigma) / (2 * n) + at[r1] @ sigma @ at[r2] / n
                if not het:
                    psi[r1, r2] += (fourth - 3 * s2**2) * d1 @ d2 / n + third * (at[r1] @ d2 + at[r2] @ d1) / n
        return p, psi, cross, h.T @ sigma @ h / n

    first = search(y - z @ stage(0.0), np.eye(2))
    delta = stage(first)
    u = y - z @ delta
    r = search(u, np.linalg.inv(parts(first, u)[1]))
    p, psi, cross, own = parts(r, u)
    j = (moments(r + 1e-5, u) - moments(r - 1e-5, u)) / 2e-5
    gain = np.linalg.solve(psi, j) / (j @ np.linalg.solve(psi, j))
    v = np.zeros((len(delta) + 1, len(delta) + 1))
    v[:-1, :-1], v[-1, -1] = p.T @ own @ p, gain @ psi @ gain
    v[:-1, -1] = v[-1, :-1] = -p.T @ cross @ gain
    return np.r_[delta, r], v / n


def sarar(cases, r, s, a, b):
    y, x = s.y.to_numpy()[:, None], s[["x1", "x2"]].to_numpy()
    wy, q = a @ y, instruments(s, a, b)
    names = ["y:_cons", "y:x1", "y:x2", "A:y", "B:e.y"]
    declare = DECLARE + "spmatrix create idistance A, vtruncate(.4) normalize(row)\nspmatrix create idistance B, vtruncate(.6)\n"
    ones = np.column_stack([np.ones(len(s)), x])
    hom = BaseGM_Endog_Error_Hom(y, ones, wy, q, pysal(b).sparse, A1="hom_sc", max_iter=1)
    het = BaseGM_Endog_Error_Het(y, ones, wy, q, pysal(b).sparse, max_iter=1, step1c=False, inv_method="true_inv")
    for fit, options, other in ((hom, "", r.get("sphet_hom")), (het, " heteroskedastic", r.get("sphet_het"))):
        v = np.diag(fit.vm)
        beta, se = fit.betas.ravel(), np.sqrt(v)
        mine, mine_v = by_hand(y.ravel(), np.column_stack([ones, wy]), np.column_stack([ones, q]), b, bool(options))
        assert np.allclose(mine, beta, rtol=2e-5) and np.allclose(np.sqrt(np.diag(mine_v)), se, rtol=2e-5), (mine, beta)
        if other:
            assert np.allclose(sorted(other["b"]), sorted(beta), rtol=1e-4)
        cases.add("spregress gs2sls dvarlag errorlag" + options, "sar.csv", declare + "spregress y x1 x2, gs2sls dvarlag(A) errorlag(B)" + options, named(beta, se, names), 1e-4, "spreg; the formulas of Drukker, Prucha and Raciborski (2013) in numpy")
    # without a lag of the outcome the instruments are X and MX
    beta, v = by_hand(y.ravel(), ones, np.column_stack([ones, b @ ones]), b, False)
    command = "spmatrix create idistance B, vtruncate(.6)\nspregress y x1 x2, gs2sls errorlag(B)"
    cases.add("spregress gs2sls errorlag", "sar.csv", DECLARE + command, named(beta, np.sqrt(np.diag(v)), [names[k] for k in (0, 1, 2, 4)]), 1e-4, "the formulas of Drukker, Prucha and Raciborski (2013) in numpy")


def neighbours(cases, r, d):
    """Four nearest neighbours made in Mata, as users make them; distances on the sphere; the joint test of two lags."""
    from libpysal.cg import arcdist
    from libpysal.weights import KNN

    points = d[["cx", "cy"]].to_numpy()
    w = KNN.from_array(points, k=4).full()[0] / 4
    mata = "spmatrix create idistance D, normalize(none)\nspmatrix matafromsp W v = D\nmata:\nfor (i=1; i<=rows(W); i++) {\no = order(-W[i,.]', 1)\nkeep = J(1, cols(W), 0)\nkeep[o[1..4]'] = J(1, 4, 1)\nW[i,.] = keep\n}\nend\nspmatrix spfrommata K = W v, normalize(row)\n"
    y, x = d.crime.to_numpy()[:, None], d[["inc", "hoval"]].to_numpy()
    lag, err = ML_Lag(y, x, w=pysal(w), method="full", epsilon=1e-12), ML_Error(y, x, w=pysal(w), method="full", epsilon=1e-12)
    do = DECLARE + mata + "spregress crime inc hoval, ml dvarlag(K)\nscalar ll = e(ll)\nscalar rho = _b[K:crime]\nspregress crime inc hoval, ml errorlag(K)"
    cases.add("spregress with nearest neighbours", "columbus.csv", do, {"ll": lag.logll, "rho": float(np.ravel(lag.rho)[0]), "e(ll)": err.logll, "_b[K:e.crime]": float(np.ravel(err.lam)[0])}, 2e-5, "libpysal KNN, spreg")
    pairs = {f"d{k}": arcdist(tuple(points[0]), tuple(points[k]), radius=6371.009) for k in (1, 20, 48)}
    do = "spset id, coord(cx cy) coordsys(latlong)\n" + "".join(f"spdistance `=id[1]' `=id[{k[1:]}+1]'\nscalar {k} = r(dist)\n" for k in pairs)
    cases.add("spdistance on the sphere", "columbus.csv", do, pairs, 1e-10, "libpysal arcdist")
    z = np.column_stack([np.ones(len(d)), x])
    e = y.ravel() - z @ np.linalg.lstsq(z, y.ravel(), rcond=None)[0]
    m = rows(idistance(points))
    q = np.array([e @ k @ e for k in (w, m)]) / (e @ e / len(e))
    p = np.array([[np.trace((a + a.T) @ (b + b.T)) / 2 for b in (w, m)] for a in (w, m)])
    cases.add("estat moran, two lags", "columbus.csv", DECLARE + mata + "spmatrix create idistance M, normalize(row)\nregress crime inc hoval\nestat moran, errorlag(K) errorlag(M)", {"r(chi2)": q @ np.linalg.solve(p, q), "r(df)": 2}, 1e-8, "matrix algebra in numpy")


def main():
    cases = Cases("spatial", "R spdep, spatialreg; Python libpysal, spreg; numpy")
    get = 'd <- NULL; e <- new.env(); data(columbus, package = "spData", envir = e); d <- e$columbus; write.csv(data.frame(id = d$POLYID, cx = d$X, cy = d$Y, crime = d$CRIME, inc = d$INC, hoval = d$HOVAL), "columbus.csv", row.names = FALSE)'
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["Rscript", "-e", get], cwd=folder, check=True, capture_output=True)
        d = pd.read_csv(Path(folder) / "columbus.csv")
        points = d[["cx", "cy"]].to_numpy()
        w = rows(idistance(points, 0.1))
        s, a, b = simulated()
        np.savetxt(Path(folder) / "W.csv", w, delimiter=",", fmt="%.17g")
        np.savetxt(Path(folder) / "A.csv", a, delimiter=",", fmt="%.17g")
        np.savetxt(Path(folder) / "B.csv", b, delimiter=",", fmt="%.17g")
        s.to_csv(Path(folder) / "sar.csv", index=False, float_format="%.17g")
        h = pd.DataFrame(instruments(s, a, b)).add_prefix("h")
        h["wy"] = a @ s.y
        h.to_csv(Path(folder) / "H.csv", index=False, float_format="%.17g")
        (Path(folder) / "o.R").write_text(R)
        done = subprocess.run(["Rscript", "o.R"], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        r = json.loads(done.stdout[done.stdout.index("{") :])
    write_data("columbus", d)
    write_data("sar", s)
    raw = idistance(points)
    for scaling, made in (("spectral", spectral(raw)), ("row", rows(raw)), ("minmax", raw / min(raw.sum(0).max(), raw.sum(1).max())), ("none", raw)):
        positive = made[made > 0]
        cases.add(f"spmatrix create idistance {scaling}", "columbus.csv", DECLARE + f"spmatrix create idistance W, normalize({scaling})\nspmatrix summarize W\nscalar m = r(max)\nscalar l = r(min0)\nspgenerate double c = W*crime", {"m": made.max(), "l": positive.min(), "r(mean)": made.mean(), "c[1]": (made @ d.crime)[0], "c[49]": (made @ d.crime)[48]}, 1e-10, "numpy")
    cases.add("spatgsa", "columbus.csv", DECLARE + "spmatrix create idistance W, vtruncate(.1) normalize(row)\nspmatrix matafromsp A v = W\nmata: st_matrix(\"A\", A)\nspatgsa crime, weights(A) moran geary\nmatrix m = r(Moran)\nmatrix g = r(Geary)", {"m[1,1]": r["moran"][0], "m[1,2]": r["moran"][1], "m[1,3]^2": r["moran"][2], "m[1,4]": r["moran"][3], "g[1,1]": r["geary"][0], "g[1,3]^2": r["geary"][2], "g[1,4]": -r["geary"][3]}, 1e-9, "R spdep moran.test, geary.test")
    e = OLS(d.crime.to_numpy()[:, None], d[["inc", "hoval"]].to_numpy(), w=pysal(w), spat_diag=True)
    assert abs(e.lm_error[0] - r["lm"]) < 1e-8
    cases.add("estat moran", "columbus.csv", TRUNCATED + "regress crime inc hoval\nestat moran, errorlag(W)", {"r(chi2)": r["lm"], "r(p)": e.lm_error[1]}, 1e-8, "R spdep LMerr, spreg")
    columbus(cases, r, d, w)
    durbin(cases, r, d, w)
    two_stage(cases, r, d, w)
    sarar(cases, r, s, a, b)
    neighbours(cases, r, d)
    cases.write()


if __name__ == "__main__":
    main()
