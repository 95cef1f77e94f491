"""Decompositions of group differences: output of oaxaca in Stata stored in statsmodels, statsmodels, complex-step derivatives."""

import warnings

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import Cases, write_data
from scipy import stats
from statsmodels.stats.oaxaca import OaxacaBlinder

warnings.filterwarnings("ignore")


def sample():
    """Wages of two groups in firms, with sampling weights and a sector."""
    rng = np.random.default_rng(17)
    n = 500
    g = rng.integers(0, 2, n)
    school = (12 + 2 * rng.normal(size=n) - 0.6 * g).round(1)
    years = rng.uniform(0, 30, n).round(1)
    sector = rng.integers(1, 4, n)
    firm = rng.integers(1, 41, n)
    effect = rng.normal(size=41)[firm] * 0.15
    wage = 1 + (0.09 - 0.01 * g) * school + (0.02 - 0.005 * g) * years + 0.1 * (sector == 2) + 0.2 * (sector == 3) - 0.1 * g + effect + 0.4 * rng.normal(size=n)
    frame = pd.DataFrame({"wage": wage.round(4), "school": school, "years": years, "sector": sector, "firm": firm, "g": g, "w": rng.uniform(0.5, 2, n).round(3)})
    write_data("decomposition", frame)
    return frame


def published(cases):
    """Expenditure of owners and tenants (Greene): numbers of Stata in the tests of statsmodels, four decimals."""
    data = sm.datasets.ccard.load_pandas()
    frame = pd.concat([data.endog, data.exog], axis=1)
    frame.columns = [c.lower() for c in frame.columns]
    write_data("ccard", frame)
    names = ["difference", "endowments", "coefficients", "interaction"]
    source = "Stata oaxaca, in the tests of statsmodels"
    for do, values in ((", by(ownrent) swap", [158.7504, 321.7482, 75.45371, -238.4515]), (", by(ownrent)", [-158.7504, -83.29674, 162.9978, -238.4515])):
        cases.add(f"published{do}", "ccard.csv", f"oaxaca avgexp age income incomesq{do}", {f"[overall]_b[{k}]": v for k, v in zip(names, values)}, 1e-6, source)
    cases.add("published pooled", "ccard.csv", "oaxaca avgexp age income incomesq, by(ownrent) swap pooled",
              {"[overall]_b[difference]": 158.7504, "[overall]_b[explained]": 130.8095, "[overall]_b[unexplained]": 27.94091}, 1e-6, source)


def by_package(cases, frame):
    """Parts by OaxacaBlinder; its first group is the one with the larger code if swapped."""
    x = sm.add_constant(frame[["school", "years", "g"]], prepend=False)
    base = "oaxaca wage school years, by(g)"
    model = OaxacaBlinder(frame["wage"], x, "g", swap=False)
    first = frame.loc[frame["g"] == 0, "wage"].mean() > frame.loc[frame["g"] == 1, "wage"].mean()
    assert first
    model = OaxacaBlinder(frame["wage"], x, "g", swap=False)
    e, c, i, gap = model.three_fold().params
    if gap < 0:
        model = OaxacaBlinder(frame["wage"], x, "g", swap=True)
        e, c, i, gap = model.three_fold().params
    cases.add("statsmodels threefold", "decomposition.csv", base, {"[overall]_b[endowments]": e, "[overall]_b[coefficients]": c, "[overall]_b[interaction]": i, "[overall]_b[difference]": gap}, 1e-9, "statsmodels OaxacaBlinder")
    for option, kind in (("pooled", "pooled"), ("omega", "nuemark")):
        u, e, _ = model.two_fold(two_fold_type=kind).params
        cases.add(f"statsmodels {option}", "decomposition.csv", f"{base} {option}", {"[overall]_b[explained]": e, "[overall]_b[unexplained]": u}, 1e-9, "statsmodels OaxacaBlinder")
    u, e, _ = model.two_fold(two_fold_type="reimers").params
    cases.add("statsmodels weight", "decomposition.csv", f"{base} weight(.5)", {"[overall]_b[explained]": e, "[overall]_b[unexplained]": u}, 1e-9, "statsmodels OaxacaBlinder")


def design(frame):
    x = pd.DataFrame({"school": frame["school"], "years": frame["years"], "2.sector": (frame["sector"] == 2) * 1.0, "3.sector": (frame["sector"] == 3) * 1.0})
    x["_cons"] = 1.0
    return x


def stacked(frame, kind, pooled, cluster=None, weight=None, fixed=False):
    """Coefficients and means of both groups with their covariance."""
    x, y, g = design(frame), frame["wage"].to_numpy(), frame["g"].to_numpy()
    k, n = x.shape[1], len(x)
    w = np.ones(n) if weight is None else frame[weight].to_numpy()
    values, blocks, scores = [], [], []
    pieces = [(g == 0, False), (g == 1, False)] + ([(g >= 0, pooled == "pooled")] if pooled else [])
    for rows, group in pieces:
        z = x.copy()
        if group:
            z["g"] = g
        fit = sm.WLS(y[rows], z[rows], weights=w[rows]).fit() if weight else sm.OLS(y[rows], z[rows]).fit()
        if kind == "robust" or weight:
            fit = fit.get_robustcov_results("HC1")
        values.append(np.asarray(fit.params)[:k])
        blocks.append(np.asarray(fit.cov_params())[:k, :k])
        u = np.zeros((n, z.shape[1]))
        u[rows] = z[rows].to_numpy() * (w[rows] * np.asarray(y[rows] - z[rows].to_numpy() @ np.asarray(fit.params)))[:, None]
        zz = z[rows].to_numpy()
        scores.append((u @ np.linalg.inv(zz.T @ (zz * w[rows][:, None])))[:, :k])
    scores = np.hstack(scores)
    means, influence = [], []
    for side in (0, 1):
        rows = g == side
        m = (x[rows].to_numpy() * w[rows][:, None]).sum(0) / w[rows].sum()
        u = np.zeros((n, k))
        u[rows] = (x[rows].to_numpy() - m) * w[rows][:, None] / w[rows].sum()
        if cluster is None:
            u *= np.sqrt(rows.sum() / (rows.sum() - 1))
        means.append(m)
        influence.append(u)
    influence = np.hstack(influence)
    if cluster is not None:
        codes = frame[cluster]
        scores, influence = (pd.DataFrame(s).groupby(codes.to_numpy()).sum().to_numpy() for s in (scores, influence))
        factor = len(scores) / (len(scores) - 1)
        vb, vx = factor * scores.T @ scores, factor * influence.T @ influence
    else:
        vx = influence.T @ influence
        vb = n / (n - 1) * scores.T @ scores
        if kind != "joint":
            vb = np.zeros_like(vb)
            for i, block in enumerate(blocks):
                vb[i * k:(i + 1) * k, i * k:(i + 1) * k] = block
    if fixed:
        vx = np.zeros_like(vx)
    v = np.block([[vb, np.zeros((len(vb), len(vx)))], [np.zeros((len(vx), len(vb))), vx]])
    return np.concatenate(values + means), v, k


def decompose(theta, k, form):
    """All parts as functions of coefficients and means; details by regressor."""
    count = len(theta) // k
    b, x = theta[: (count - 2) * k].reshape(-1, k), theta[(count - 2) * k:].reshape(2, k)
    d = x[0] - x[1]
    if form == "threefold":
        parts = {"endowments": d * b[1], "coefficients": x[1] * (b[0] - b[1]), "interaction": d * (b[0] - b[1])}
    elif form == "reverse":
        parts = {"endowments": d * b[0], "coefficients": x[0] * (b[0] - b[1]), "interaction": -d * (b[0] - b[1])}
    else:
        r = b[2] if form == "pooled" else form * b[0] + (1 - form) * b[1]
        parts = {"explained": d * r, "unexplained": x[0] * (b[0] - r) + x[1] * (r - b[1])}
    out = {"overall": {"group_1": x[0] @ b[0], "group_2": x[1] @ b[1], "difference": x[0] @ b[0] - x[1] @ b[1]}}
    names = ["school", "years", "2.sector", "3.sector", "_cons"]
    for part, values in parts.items():
        out["overall"][part] = values.sum()
        out[part] = dict(zip(names, values))
    for part in ("endowments", "interaction", "explained"):
        out.get(part, {}).pop("_cons", None)
    return out


def flat(found):
    return {(e, n): v for e, rows in found.items() for n, v in rows.items()}


def delta(theta, v, k, form):
    """Values with standard errors; derivatives by a complex step."""
    value = flat(decompose(theta, k, form))
    columns = []
    for i in range(len(theta)):
        moved = theta.astype(complex)
        moved[i] += 1e-30j
        columns.append([z.imag / 1e-30 for z in flat(decompose(moved, k, form)).values()])
    jacobian = np.array(columns).T
    se = np.sqrt(np.diag(jacobian @ v @ jacobian.T))
    return value, dict(zip(value, se))


def by_hand(cases, frame):
    base = "oaxaca wage school years i.sector"
    rows = [
        (", by(g) detail", "threefold", {"kind": "plain"}),
        (", by(g) detail threefold(reverse)", "reverse", {"kind": "plain"}),
        (", by(g) detail weight(1)", 1.0, {"kind": "plain"}),
        (", by(g) detail weight(.3) vce(robust)", 0.3, {"kind": "robust"}),
        (", by(g) detail pooled", "pooled", {"kind": "joint", "pooled": "pooled"}),
        (", by(g) detail omega", "pooled", {"kind": "joint", "pooled": "omega"}),
        (", by(g) detail pooled vce(cluster firm)", "pooled", {"kind": "joint", "pooled": "pooled", "cluster": "firm"}),
        (", by(g) detail cluster(firm)", "threefold", {"kind": "joint", "cluster": "firm"}),
        (", by(g) suest", "threefold", {"kind": "joint"}),
        (", by(g) fixed", "threefold", {"kind": "plain", "fixed": True}),
        (" [pweight=w], by(g) detail weight(0)", 0.0, {"kind": "robust", "weight": "w"}),
        (" [pweight=w], by(g) omega", "pooled", {"kind": "joint", "pooled": "omega", "weight": "w"}),
    ]
    for text, form, own in rows:
        own = {"pooled": None} | own
        theta, v, k = stacked(frame, **own)
        value, se = delta(theta, v, k, form)
        expect = {}
        for (e, name), found in value.items():
            if e == "overall" or "detail" in text:
                expect |= {f"[{e}]_b[{name}]": found, f"[{e}]_se[{name}]": se[(e, name)]}
        cases.add(base + text, "decomposition.csv", base + text, expect, 1e-8, "statsmodels OLS, delta method by complex steps")
    # groups of regressors, and limits of the normal distribution
    theta, v, k = stacked(frame, "plain", None)
    count = len(theta) // k
    gradient = np.zeros(len(theta))
    b2, x1, x2 = theta[k:2 * k], theta[(count - 2) * k:(count - 1) * k], theta[(count - 1) * k:]
    gradient[k + 2:k + 4] = (x1 - x2)[2:4]
    gradient[2 * k + 2:2 * k + 4], gradient[3 * k + 2:3 * k + 4] = b2[2:4], -b2[2:4]
    total = ((x1 - x2) * b2)[2:4].sum()
    se = np.sqrt(gradient @ v @ gradient)
    do = f"{base}, by(g) detail(where: i.sector) weight(0)"
    expect = {"[explained]_b[where]": total, "[explained]_se[where]": se, "el(r(table),5,8)": total - stats.norm.ppf(0.975) * se, "el(r(table),4,8)": 2 * stats.norm.sf(abs(total / se))}
    cases.add(do, "decomposition.csv", do, expect, 1e-8, "statsmodels OLS, gradient by hand")


def main():
    cases = Cases("decomposition", "Stata oaxaca (tests of statsmodels); statsmodels; numpy")
    frame = sample()
    published(cases)
    by_package(cases, frame)
    by_hand(cases, frame)
    cases.write()


if __name__ == "__main__":
    main()
