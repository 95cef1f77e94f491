"""`reghdfe` with slopes of groups and `ivreghdfe`: least squares and instrumental variables on columns from which a
regression on all indicators has taken the effects, by numpy."""

import numpy as np
import pandas as pd
from common import ROOT, Cases

START = "generate h = mod(id, 7)\ngenerate t = year - 1980\ngenerate f = 1 + mod(id, 3)\ngenerate c = mod(id + year, 23)\n"


def indicators(values):
    return pd.get_dummies(values).to_numpy(float)


def residual_maker(effects, w):
    """Residuals of a weighted regression on columns of any rank, and the rank."""
    root = np.sqrt(w)[:, None]
    u, s, _ = np.linalg.svd(effects * root, full_matrices=False)
    q = u[:, s > 1e-9 * s[0]]
    return lambda v: v - (q @ (q.T @ (v * root[:, 0]))) / root[:, 0], q.shape[1]


def estimate(y, x, z, effects, kind, w=None, clusters=None, absorbed=None):
    """Coefficients and standard errors; `z` are the instruments with the exogenous regressors, or `x` itself."""
    w = np.ones(len(y)) if w is None else w
    clean, rank = residual_maker(effects, w)
    x, z = (np.column_stack([clean(c) for c in m.T]) for m in (x, z))
    y = clean(y)
    n, k = w.sum(), x.shape[1] + (rank if absorbed is None else absorbed)
    wz = z * w[:, None]
    p = z @ np.linalg.solve(z.T @ wz, wz.T @ x)
    bread = np.linalg.inv(p.T @ (x * w[:, None]))
    b = bread @ (p.T @ (w * y))
    e = y - x @ b
    if kind == "classical":
        v = bread * (w * e * e).sum() / (n - k)
    elif kind == "robust":
        v = bread @ ((p * (w * e * e)[:, None]).T @ p) @ bread * n / (n - k)
    else:
        labels = np.unique(clusters)
        sums = np.array([(p * (w * e)[:, None])[clusters == c].sum(0) for c in labels])
        g = len(labels)
        v = bread @ (sums.T @ sums) @ bread * g / (g - 1) * (n - 1) / (n - k)
    return b, np.sqrt(np.diag(v)), v


def named(names, found):
    b, se, _ = found
    return {f"_b[{n}]": v for n, v in zip(names, b)} | {f"_se[{n}]": v for n, v in zip(names, se)}


def slopes(cases, d):
    x = d[["w", "k"]].to_numpy()
    unit, year = indicators(d.id), indicators(d.year)
    trend = unit * d.t.to_numpy()[:, None]
    own = indicators(d.h) * d.ys.to_numpy()[:, None]
    both = np.column_stack([unit, year, own])
    y, ones = d.n.to_numpy(), np.ones((len(d), 1))
    names = ["w", "k"]
    for name, absorb, effects, kind, more in [
        ("slopes and intercepts", "id##c.t", np.column_stack([unit, trend]), "classical", {}),
        ("slopes alone", "i.h#c.ys", np.column_stack([ones, own]), "robust", {}),
        ("two sets and slopes", "id year h#c.ys", both, "robust", {}),
        ("slopes of two variables", "h##c.(t ys)", None, "classical", {}),
        ("slopes nested in clusters", "id##c.t year", np.column_stack([unit, trend, year]), "cluster",
         {"clusters": d.id.to_numpy(), "absorbed": d.year.nunique()}),
        ("clusters of another kind", "year h##c.ys", None, "cluster", {"clusters": d.id.to_numpy()}),
    ]:
        if effects is None:
            groups = indicators(d.h)
            parts = [groups, groups * d.ys.to_numpy()[:, None]]
            parts.append(groups * d.t.to_numpy()[:, None] if "c.(t" in absorb else year)
            effects = np.column_stack(parts)
        option = {"robust": " vce(robust)", "cluster": " vce(cluster id)"}.get(kind, "")
        found = estimate(y, x, x, effects, kind, **more)
        do = f"{START}reghdfe n w k, absorb({absorb}){option}"
        cases.add(f"reghdfe: {name}", "employment.csv", do, named(names, found), 1e-8)
    weighted = estimate(y, x, x, both, "classical", w=d.f.to_numpy())
    do = f"{START}reghdfe n w k [fw=f], absorb(id year h#c.ys) tolerance(1e-6)"
    cases.add("reghdfe: slopes with weights", "employment.csv", do, named(names, weighted), 1e-8)


def saved(cases, d):
    """The saved effects and the prediction of their sum."""
    x = d[["w", "k"]].to_numpy()
    unit, trend = indicators(d.id), indicators(d.id) * d.t.to_numpy()[:, None]
    found = estimate(d.n.to_numpy(), x, x, np.column_stack([unit, trend]), "classical")[0]
    rest = d.n.to_numpy() - x @ found
    lines = [np.polyfit(d.t[d.id == i], rest[d.id == i], 1) for i in (1, 50, 140)]
    expect = {f"s[{k}]": line[0] for k, line in enumerate(lines, 1)}
    expect |= {f"a[{k}] + _b[_cons]": line[1] for k, line in enumerate(lines, 1)}
    do = (START + "reghdfe n w k, absorb(fe=id##c.t)\ngenerate e1 = id == 1\ngenerate e2 = id == 50\ngenerate e3 = id == 140\n"
          "matrix s = J(1, 3, .)\nmatrix a = J(1, 3, .)\nforvalues j = 1/3 {\nsummarize fe_Slope1 if e`j', meanonly\n"
          "matrix s[1, `j'] = r(mean)\nsummarize fe if e`j', meanonly\nmatrix a[1, `j'] = r(mean)\n}")
    expect = {k.replace("s[", "s[1,").replace("a[", "a[1,"): v for k, v in expect.items()}
    cases.add("reghdfe: saved slopes", "employment.csv", do, expect, 1e-7)


def instruments(cases, d):
    data = d.dropna(subset=["lw"])
    y, x = data.n.to_numpy(), data[["w", "k"]].to_numpy()
    z = data[["lw", "lys", "k"]].to_numpy()
    effects = np.column_stack([indicators(data.id), indicators(data.year)])
    lags = START + "xtset id year\ngenerate double lw = L.w\ngenerate double lys = L.ys\n"
    command = "ivreghdfe n k (w = lw lys), absorb(id year)"
    for name, option, kind, more in [
        ("equal variances", "", "classical", {}),
        ("robust", " robust", "robust", {}),
        ("clusters", " cluster(c)", "cluster", {"clusters": data.c.to_numpy()}),
        ("nested clusters", " cluster(id)", "cluster",
         {"clusters": data.id.to_numpy(), "absorbed": data.year.nunique()}),
    ]:
        expect = named(["w", "k"], estimate(y, x, z, effects, kind, **more))
        stage = estimate(data.w.to_numpy(), z, z, effects, kind, **more)
        b, v = stage[0][:2], stage[2][:2, :2]
        expect["e(widstat)"] = b @ np.linalg.solve(v, b) / 2
        cases.add(f"ivreghdfe: {name}", "employment.csv", lags + command + option, expect, 1e-8)
    w = data.f.to_numpy()
    expect = named(["w", "k"], estimate(y, x, z, effects, "robust", w=w))
    do = lags + "ivreghdfe n k (w = lw lys) [fw=f], absorb(id year) robust"
    cases.add("ivreghdfe: weights", "employment.csv", do, expect, 1e-8)
    expect = named(["w", "k"], estimate(y, x, x, effects, "robust"))
    cases.add("ivreghdfe: no instruments", "employment.csv", lags + "ivreghdfe n w k if lw < ., absorb(id year) robust", expect, 1e-8)


def main():
    d = pd.read_csv(ROOT / "data/employment.csv")
    d["h"], d["t"], d["f"] = d.id % 7, d.year - 1980.0, 1.0 + d.id % 3
    d["c"] = (d.id + d.year) % 23
    d["lw"], d["lys"] = (d.groupby("id")[c].shift(1) for c in ("w", "ys"))
    cases = Cases("absorbed", "numpy")
    slopes(cases, d)
    saved(cases, d)
    instruments(cases, d)
    cases.write()


if __name__ == "__main__":
    main()
