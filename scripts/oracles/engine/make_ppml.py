"""`ppmlhdfe`: statsmodels GLM (Poisson) with indicators for the effects; sandwich with N/(N-1) and G/(G-1) by numpy; coefficients
also against pyfixest. Writes `ppml.json` and `gravity.csv`. Needs `pip install pyfixest`."""

import warnings

import numpy as np
import pandas as pd
import pyfixest as pf
import statsmodels.api as sm
from common import Cases, write_data

warnings.simplefilter("ignore")
SOURCE = "statsmodels 0.15 GLM with indicators, sandwich by numpy; coefficients equal pyfixest 0.60 fepois"


def sample():
    """Trade flows with effects of exporter and importer by year; some pairs never trade."""
    rng = np.random.default_rng(20240611)
    n = 700
    frame = pd.DataFrame({"exp": rng.integers(1, 13, n), "imp": rng.integers(1, 13, n), "year": rng.integers(1, 5, n)})
    frame["dist"] = rng.normal(0, 1, n).round(4)
    frame["fta"] = rng.integers(0, 2, n)
    effects = 0.15 * frame["exp"] - 0.1 * frame["imp"] + 0.2 * frame["year"]
    frame["pop"] = np.exp(rng.normal(0, 0.5, n)).round(4)
    frame["trade"] = rng.poisson(frame["pop"] * np.exp(-0.4 + effects - 0.5 * frame["dist"] + 0.3 * frame["fta"]) * rng.gamma(2, 0.5, n))
    frame["w"] = rng.integers(1, 4, n)
    # an exporter that never trades, one row alone in its group, and rows that a regressor separates
    frame.loc[frame["exp"] == 12, "trade"] = 0
    frame.loc[0, ["exp", "trade"]] = [13, 3]
    frame["sep"] = ((frame["trade"] == 0) & (rng.random(n) < 0.25)).astype(int)
    return frame


def fit(frame, xs, effects, offset=None, weights=None):
    """Coefficients of the regressors, their rows of the influence, and the fitted model."""
    parts = [frame[xs].astype(float)] + [pd.get_dummies(frame[e], prefix=e, dtype=float) for e in effects]
    x = pd.concat(parts, axis=1).to_numpy() if effects else sm.add_constant(frame[xs].astype(float), prepend=False).to_numpy()
    q, r = np.linalg.qr(x)
    x = x[:, independent(x)]
    model = sm.GLM(frame["trade"], x, family=sm.families.Poisson(), offset=offset, freq_weights=weights)
    found = model.fit(tol=1e-14, maxiter=300)
    w = np.ones(len(frame)) if weights is None else weights
    mu = found.mu
    bread = np.linalg.inv((x * (w * mu)[:, None]).T @ x)
    return found, bread, x * (frame["trade"].to_numpy() - mu)[:, None], w


def independent(x):
    keep, basis = [], np.empty((x.shape[0], 0))
    for j in range(x.shape[1]):
        v = x[:, j] - basis @ (basis.T @ x[:, j])
        v -= basis @ (basis.T @ v)
        if np.linalg.norm(v) > 1e-8 * np.linalg.norm(x[:, j]):
            keep.append(j)
            basis = np.column_stack([basis, v / np.linalg.norm(v)])
    return keep


def sums(scores, w, groups):
    codes = pd.factorize(groups)[0]
    out = np.zeros((codes.max() + 1, scores.shape[1]))
    np.add.at(out, codes, scores * w[:, None])
    return out


def meat(frame, scores, w, clusters):
    if not clusters:
        n = w.sum()
        return (scores * w[:, None]).T @ scores * n / (n - 1)
    total, smallest = 0, min(frame[c].nunique() for c in clusters)
    for mask in range(1, 2 ** len(clusters)):
        chosen = [c for k, c in enumerate(clusters) if mask >> k & 1]
        s = sums(scores, w, frame[chosen].astype(str).agg("_".join, axis=1))
        total = total + (1 if len(chosen) % 2 else -1) * s.T @ s
    return total * smallest / (smallest - 1)


def main():
    frame = sample()
    write_data("gravity", frame)
    cases = Cases("ppml", "statsmodels, numpy, pyfixest")
    used = frame[(frame["exp"] != 12) & (frame["exp"] != 13)].reset_index(drop=True)
    for xs, effects, clusters, offset, weights in [
        (["dist", "fta"], [], [], None, None),
        (["dist", "fta"], ["exp"], [], None, None),
        (["dist", "fta"], ["exp", "imp"], [], None, None),
        (["dist", "fta"], ["exp", "imp", "year"], ["imp"], None, None),
        (["dist", "fta"], ["year"], ["exp", "imp"], None, None),
        (["dist", "fta"], ["exp"], [], "pop", None),
        (["dist", "fta"], ["exp", "imp"], [], None, "w"),
        (["dist", "fta", "sep"], ["exp"], [], None, None),
    ]:
        data = used if "exp" in effects else frame
        kept = data[data["sep"] == 0].reset_index(drop=True) if "sep" in xs else data
        names = [x for x in xs if x != "sep"]
        log_offset = np.log(kept[offset]) if offset else None
        w = kept[weights].to_numpy(float) if weights else None
        found, bread, scores, w = fit(kept, names, effects, log_offset, w)
        v = bread @ meat(kept, scores, w, clusters) @ bread
        if effects and not offset and not weights:
            other = pf.fepois(f"trade ~ {' + '.join(names)} | {' + '.join(effects)}", data=kept, iwls_tol=1e-13, fixef_tol=1e-12, iwls_maxiter=200)
            assert np.allclose(other.coef()[names], np.asarray(found.params)[: len(names)], rtol=1e-6), (other.coef(), found.params)
        expect = {f"_b[{n}]": found.params.iloc[k] for k, n in enumerate(names)}
        expect |= {f"_se[{n}]": np.sqrt(v[k, k]) for k, n in enumerate(names)}
        expect |= {"e(N)": w.sum(), "e(ll)": found.llf, "e(deviance)": found.deviance}
        alone = "exp" in effects
        # rows that a fixed effect separates count with the singletons, as printed results of Stata show
        apart = int((frame["exp"] == 12).sum()) if alone else 0
        expect["e(num_separated)"] = len(data) - len(kept)
        if effects:
            expect["e(num_singletons)"] = int(alone) + apart
        options = (f" absorb({' '.join(effects)})" if effects else "") + (f" vce(cluster {' '.join(clusters)})" if clusters else "")
        options += f" exposure({offset})" if offset else ""
        cases.add(f"ppmlhdfe {' '.join(xs)},{options} {weights or ''}", "gravity.csv",
                  f"ppmlhdfe trade {' '.join(xs)}{' [fweight=w]' if weights else ''},{options}", expect, 1e-6, SOURCE)
    cases.write()


if __name__ == "__main__":
    main()
