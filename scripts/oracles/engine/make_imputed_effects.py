"""Imputation estimates of staggered treatments: dense least squares by numpy, pyfixest for the periods before."""

import warnings

import numpy as np
import pandas as pd
import pyfixest as pf
from common import Cases, write_data
from scipy.stats import f as f_distribution

warnings.filterwarnings("ignore")


def sample():
    """Eighty units in eight periods with gaps; cohorts 4, 5, 7 and never; effects grow with time and differ by unit."""
    rng = np.random.default_rng(23)
    rows = []
    for i in range(1, 81):
        g = rng.choice([4, 5, 7, 0])
        a, own = rng.normal(), 1 + 0.5 * rng.normal()
        for t in range(1, 9):
            x = rng.normal() + 0.1 * t
            effect = own * (1 + 0.4 * (t - g)) if g and t >= g else 0
            y = a + 0.3 * t + 0.2 * x + effect + rng.normal()
            if rng.random() > 0.06:
                rows.append((i, t, g or np.nan, round(y, 4), round(x, 4), i % 17))
    frame = pd.DataFrame(rows, columns=["id", "t", "g", "y", "x", "c"])
    write_data("imputed_effects", frame)
    return frame


def dense(frame, controls):
    """Indicators of units and periods, and controls."""
    parts = [pd.get_dummies(frame["id"], dtype=float), pd.get_dummies(frame["t"], dtype=float).iloc[:, 1:]]
    return np.hstack([p.to_numpy() for p in parts] + [frame[[c]].to_numpy() for c in controls])


def estimates(frame, targets, controls=(), cluster="id"):
    """Effects and their conservative covariance from explicit weights of every outcome."""
    z, y = dense(frame, controls), frame["y"].to_numpy()
    treated = (frame["t"] >= frame["g"]).to_numpy()
    pseudo = np.linalg.pinv(z[~treated])
    b = pseudo @ y[~treated]
    e = y - z @ b
    codes = frame[cluster].to_numpy()
    cell = list(zip(frame["g"], frame["t"]))
    influences, values = [], []
    for own in targets:
        w = np.where(own, 1 / own.sum(), 0)
        v = w.copy()
        v[~treated] = -(w[treated] @ z[treated]) @ pseudo
        centred = e.copy()
        for key in {c for c, d in zip(cell, treated) if d}:
            inside = np.array([c == key for c in cell]) & treated
            top = bottom = 0.0
            for code in set(codes[inside]):
                m = inside & (codes == code)
                top += v[m].sum() * (v[m] * e[m]).sum()
                bottom += v[m].sum() ** 2
            if bottom > 0:
                centred[inside] -= top / bottom
        influences.append(pd.Series(v * centred).groupby(codes).sum().to_numpy())
        values.append(v @ y)
    influences = np.array(influences)
    return np.array(values), influences @ influences.T


def main():
    cases = Cases("imputed_effects", "numpy by hand; pyfixest")
    frame = sample()
    treated = (frame["t"] >= frame["g"]).to_numpy()
    relative = (frame["t"] - frame["g"]).to_numpy()
    base = "did_imputation y id t g"
    for text, controls, cluster in (("", (), "id"), (" controls(x)", ("x",), "id"), (" cluster(c)", (), "c"), (" controls(x) cluster(c)", ("x",), "c")):
        value, v = estimates(frame, [treated], controls, cluster)
        cases.add(f"{base}{text}", "imputed_effects.csv", f"{base}, minn(0){text}", {"_b[tau]": value[0], "_se[tau]": np.sqrt(v[0, 0]), "e(N)": len(frame), "e(Nc)": (~treated).sum()}, 1e-8, "numpy by hand")
        targets = [relative == h for h in range(4)]
        value, v = estimates(frame, targets, controls, cluster)
        expect = {f"_b[tau{h}]": value[h] for h in range(4)} | {f"_se[tau{h}]": np.sqrt(v[h, h]) for h in range(4)} | {"el(e(V),1,3)": v[0, 2], "el(e(Nt),1,2)": targets[1].sum()}
        cases.add(f"{base} horizons{text}", "imputed_effects.csv", f"{base}, horizons(0/3) minn(0){text}", expect, 1e-8, "numpy by hand")
    # the average effect by a regression on untreated rows alone and means
    fit = pf.feols("y ~ 1 | id + t", frame[~treated], fixef_rm="none")
    effects = fit.fixef(atol=1e-14, btol=1e-14)
    unit, period = effects["C(id)"], effects["C(t)"]
    gap = [r.y - unit[str(r.id)] - period.get(str(r.t), 0.0) for r in frame[treated].itertuples()]
    cases.add("mean effect by pyfixest", "imputed_effects.csv", f"{base}, minn(0)", {"_b[tau]": np.mean(gap)}, 1e-6, "pyfixest feols")
    # periods before the treatment
    own = frame[~treated].copy()
    for h in (1, 2):
        own[f"pre{h}"] = ((own["t"] - own["g"]) == -h).astype(float)
    for cluster in ("id", "c"):
        fit = pf.feols("y ~ pre1 + pre2 | id + t", own, vcov={"CRV1": cluster}, fixef_rm="singleton")
        test = fit.wald_test(np.eye(2), np.zeros(2), distribution="F")
        expect = {f"_b[pre{h}]": fit.coef()[f"pre{h}"] for h in (1, 2)} | {f"_se[pre{h}]": fit.se()[f"pre{h}"] for h in (1, 2)}
        expect |= {"e(pre_F)": test["statistic"], "e(pre_p)": test["pvalue"], "e(pre_df)": 2}
        # results of Stata have one parameter less in the factor of the covariance than feols
        rest = fit._N - 2 - own["t"].nunique()
        factor = rest / (rest + 1)
        for h in (1, 2):
            expect[f"_se[pre{h}]"] *= np.sqrt(factor)
        expect["e(pre_F)"] /= factor
        expect["e(pre_p)"] = f_distribution.sf(expect["e(pre_F)"], 2, own[cluster].nunique() - 1)
        option = "" if cluster == "id" else f" cluster({cluster})"
        cases.add(f"pretrends{option}", "imputed_effects.csv", f"{base}, pretrends(2) minn(0){option}", expect, 1e-6, "pyfixest feols, with one parameter less in the factor (printed by Stata)")
    # units without an untreated row, and the smallest number of rows
    early = frame[(frame["t"] >= 4)]
    some = treated & (frame["t"] >= 4).to_numpy() & ~(frame["g"] == 4).to_numpy()
    part = early[~(early["g"] == 4)]
    value, v = estimates(part, [(part["t"] >= part["g"]).to_numpy()])
    cases.add("autosample", "imputed_effects.csv", f"{base} if t >= 4, autosample minn(0)", {"_b[tau]": value[0], "_se[tau]": np.sqrt(v[0, 0]), "e(N)": len(part)}, 1e-8, "numpy by hand")
    last = relative == 4
    assert last.sum() < 30 and some.any()
    value, v = estimates(frame, [relative == 0])
    cases.add("minn", "imputed_effects.csv", f"{base}, horizons(0 4)", {"_b[tau0]": value[0], "_se[tau0]": np.sqrt(v[0, 0]), "_b[tau4]": 0, "el(e(V),2,2)": 0}, 1e-8, "numpy by hand")
    cases.write()


if __name__ == "__main__":
    main()
