"""Commands of do-files of research: baseline tables, concentration indices, stepdown p-values, models of shares and of
outcomes in two parts. Numbers from scipy, statsmodels, numpy and R; resamples from an own Mersenne Twister."""

import subprocess

import numpy as np
import pandas as pd
import scipy.optimize as so
import scipy.stats as st
import statsmodels.api as sm
from common import ROOT, Cases, write_data

LBW = pd.read_csv(ROOT / "data" / "lbw.csv")
AUTO = pd.read_csv(ROOT / "data" / "printed_auto.csv")


def texts(expect):
    return {f'{name} == "{text}"': 1 for name, text in expect.items()}


def p_text(p):
    if p < 0.001:
        return "<0.001"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def quartiles(x, fmt):
    a, b, c = (format(q, fmt) for q in np.quantile(x, [0.25, 0.5, 0.75], method="averaged_inverted_cdf"))
    return f"{b} ({a}-{c})"


def share(n, of, digits=0):
    p = f"{100 * n / of:.{digits}f}"
    return f"{n} ({' ' if len(p.split('.')[0]) == 1 else ''}{p}%)"


def fisher(table):
    numbers = ",".join(str(int(x)) for x in table.T.ravel())
    code = f"cat(format(fisher.test(matrix(c({numbers}), nrow={table.shape[0]}))$p.value, digits=12))"
    return float(subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True).stdout)


def rank_sum(x, y):
    return st.mannwhitneyu(x, y, use_continuity=False, method="asymptotic").pvalue


def baseline(cases):
    groups = {k: g for k, g in LBW.groupby("smoke")}
    a, b = groups[0], groups[1]
    do = "table1_mc, by(smoke) vars(age contn %4.1f %5.2f \\ lwt conts %4.0f \\ bwt contln %6.1f %5.3f \\ race cat \\ ht bine \\ ui bin) onecol total(after) clear"
    cells = {}
    for name, g in (("smoke_0", a), ("smoke_1", b), ("smoke_T", LBW)):
        cells[f"{name}[2]"] = f"N={len(g)}"
        cells[f"{name}[3]"] = f"{g.age.mean():.1f} ({g.age.std():.2f})"
        cells[f"{name}[4]"] = quartiles(g.lwt, ".0f")
        logs = np.log(g.bwt)
        cells[f"{name}[5]"] = f"{np.exp(logs.mean()):.1f} (×/{np.exp(logs.std()):.3f})"
        for row, race in zip((7, 8, 9), (1, 2, 3)):
            cells[f"{name}[{row}]"] = share(int((g.race == race).sum()), len(g))
        cells[f"{name}[10]"] = share(int(g.ht.sum()), len(g))
        cells[f"{name}[11]"] = share(int(g.ui.sum()), len(g))
    race = pd.crosstab(LBW.race, LBW.smoke).to_numpy()
    ht = pd.crosstab(LBW.ht, LBW.smoke).to_numpy()
    ui = pd.crosstab(LBW.ui, LBW.smoke).to_numpy()
    for row, p in (
        (3, st.ttest_ind(a.age, b.age).pvalue),
        (4, rank_sum(a.lwt, b.lwt)),
        (5, st.ttest_ind(np.log(a.bwt), np.log(b.bwt)).pvalue),
        (6, st.chi2_contingency(race, correction=False).pvalue),
        (10, fisher(ht)),
        (11, st.chi2_contingency(ui, correction=False).pvalue),
    ):
        cells[f"pvalue[{row}]"] = p_text(p)
    cases.add("table1_mc: two groups", "lbw.csv", do, texts(cells), 1e-12, "scipy, R fisher.test")
    three = [g for _, g in LBW.groupby("race")]
    table = pd.crosstab(LBW.ftv, LBW.race).to_numpy()
    cells = {
        "pvalue[3]": p_text(st.f_oneway(*(g.age for g in three)).pvalue),
        "pvalue[4]": p_text(st.kruskal(*(g.lwt for g in three)).pvalue),
        "pvalue[5]": p_text(fisher(table)),
        "race_2[3]": f"{three[1].age.mean():.1f} ± {three[1].age.std():.1f}",
        "race_3[4]": quartiles(three[2].lwt, ".0f").replace("-", ", "),
        "race_1[6]": f"{100 * (three[0].ftv == 0).mean():.1f} ({int((three[0].ftv == 0).sum())})",
    }
    do = 'table1_mc, by(race) vars(age contn %4.1f \\ lwt conts %4.0f \\ ftv cate %5.1f) onecol percent_n percsign("") nospace iqrmiddle(", ") sdleft(" ± ") sdright("") clear'
    cases.add("table1_mc: three groups, other texts", "lbw.csv", do, texts(cells), 1e-12, "scipy, R fisher.test")
    twice = pd.concat([LBW, LBW[LBW.smoke == 1]])
    g = twice[twice.smoke == 1]
    cells = {
        "smoke_1[3]": f"{g.age.mean():.1f} ({g.age.std():.1f})",
        "smoke_1[4]": share(int((g.low == 1).sum()), len(g), 1),
        "pvalue[3]": p_text(st.ttest_ind(twice.age[twice.smoke == 0], g.age).pvalue),
    }
    do = "generate w = 1 + smoke\ntable1_mc [fweight = w], by(smoke) vars(age contn %4.1f \\ low bin %5.1f) clear"
    cases.add("table1_mc: frequency weights", "lbw.csv", do, texts(cells), 1e-12, "scipy on repeated rows")


def ranks(by, w):
    total = w.sum()
    return np.array([(w[by < x].sum() + w[by == x].sum() / 2) / total for x in by])


def convenient(h, r, w, factor, cov="nonrobust", groups=None):
    mu = np.average(h, weights=w)
    centre = np.average(r, weights=w)
    variance = np.average((r - centre) ** 2, weights=w)
    value = 2 * np.average((h - mu) * (r - centre), weights=w) / mu * factor(mu)
    y = 2 * variance * h / mu * factor(mu)
    model = sm.WLS(y, sm.add_constant(r), weights=w)
    kwargs = {"cov_kwds": {"groups": groups}} if groups is not None else {}
    return value, model.fit(cov_type=cov, **kwargs).bse[1]


def concentration(cases):
    h, y = LBW.bwt.to_numpy(float), LBW.lwt.to_numpy(float)
    low = LBW.low.to_numpy(float)
    one = np.ones(len(LBW))
    w = LBW.age.to_numpy(float)
    same = lambda mu: 1.0
    add = lambda name, do, value, se=None, more=None: cases.add(
        f"conindex: {name}", "lbw.csv", do, {"r(CI)": value} | ({"r(CIse)": se} if se is not None else {}) | (more or {}), 1e-9, "formulas of the help file; statsmodels WLS"
    )
    add("Gini", "conindex bwt, truezero", *convenient(h, ranks(h, one), one, same), {"r(Nunique)": len(set(h)), "r(N)": len(h)})
    r = ranks(y, one)
    add("ranks of another variable", "conindex bwt, rankvar(lwt) truezero", *convenient(h, r, one, same))
    add("robust", "conindex bwt, rankvar(lwt) truezero robust", *convenient(h, r, one, same, "HC1"))
    add("clusters", "conindex bwt, rankvar(lwt) truezero cluster(age)", *convenient(h, r, one, same, "cluster", LBW.age.to_numpy()))
    add("generalized", "conindex bwt, rankvar(lwt) truezero generalized", *convenient(h, r, one, lambda mu: mu))
    add("modified", "conindex bwt, rankvar(lwt) limits(500)", *convenient(h, r, one, lambda mu: mu / (mu - 500)))
    add("Wagstaff", "conindex low, rankvar(lwt) bounded limits(0 1) wagstaff", *convenient(low, r, one, lambda mu: 1 / (1 - mu)))
    z = (h - 500) / 5000
    add("Erreygers", "conindex bwt, rankvar(lwt) bounded limits(500 5500) erreygers", *convenient(z, r, one, lambda mu: 4 * mu))
    rw = ranks(y, w)
    add("analytic weights", "conindex bwt [aweight = age], rankvar(lwt) truezero", *convenient(h, rw, w, same))
    add("sampling weights", "conindex bwt [pweight = age], rankvar(lwt) truezero", *convenient(h, rw, w, same, "HC1"))
    i = np.repeat(np.arange(len(h)), LBW.race)
    add("frequency weights", "conindex bwt [fweight = race], rankvar(lwt) truezero", *convenient(h[i], ranks(y[i], np.ones(len(i))), np.ones(len(i)), same))
    value, se = convenient(h, rw, w, same, "cluster", LBW.race.to_numpy())
    n = len(h)
    add("survey design", "svyset race [pweight = age]\nconindex bwt, rankvar(lwt) truezero svy", value, se * np.sqrt((n - 2) / (n - 1)))
    add("extended", "conindex bwt, rankvar(lwt) truezero v(3)", np.mean((1 - 3 * (1 - r) ** 2) * h) / h.mean())
    add("extended, generalized", "conindex low, rankvar(lwt) truezero generalized bounded limits(0 1) v(3)", 3**1.5 / 2 * np.mean((1 - 3 * (1 - r) ** 2) * low))
    symmetric = lambda b: b * 2 ** (b - 2) * ((r - 0.5) ** 2) ** ((b - 2) / 2) * (r - 0.5)
    add("symmetric", "conindex bwt, rankvar(lwt) truezero beta(3)", np.mean(symmetric(3) * h) / h.mean())
    add("symmetric, generalized", "conindex low, rankvar(lwt) truezero generalized bounded limits(0 1) beta(1.5)", 4 * np.mean(symmetric(1.5) * low))
    parts = [convenient(h[k], ranks(y[k], one[k]), one[k], same) for k in (LBW.smoke == 0, LBW.smoke == 1)]
    (c0, s0), (c1, s1) = parts
    more = {"r(CI0)": c0, "r(CI1)": c1, "r(CIse0)": s0, "r(CIse1)": s1, "r(Diff)": c1 - c0, "r(Diffse)": np.hypot(s0, s1), "r(z)": (c1 - c0) / np.hypot(s0, s1)}
    add("two groups", "conindex bwt, rankvar(lwt) truezero compare(smoke)", convenient(h, r, one, same)[0], None, more)


def ordinate(y, w, p):
    """Cumulative outcome of the poorest share, linear between the rows."""
    order = np.argsort(y, kind="stable")
    return np.interp(p * w.sum(), np.concatenate([[0], np.cumsum(w[order])]), np.concatenate([[0], np.cumsum((w * y)[order])]))


def numbers(y, w, lower, upper, kind):
    total, people, p = (w * y).sum(), w.sum(), upper - lower
    amount = ordinate(y, w, upper) - ordinate(y, w, lower)
    return {
        "": amount / total,
        "gap": p - amount / total,
        "sum": amount,
        "generalized": amount / people,
        "absolute": (amount - p * total) / people,
        "proportion": amount / total,
        "density": amount / total / p if p else 0,
        "average": amount / people / p if p else 0,
    }[kind]


def variance(y, w, f, units=None, times=None):
    """Squares of the influences, which are numerical derivatives in the weights."""
    z = np.zeros(len(y))
    for i in range(len(y)):
        h = np.zeros(len(y))
        h[i] = 1e-5 * w[i]
        z[i] = (f(y, w + h) - f(y, w - h)) / (2e-5 * w[i]) * w[i]
    if times is not None:
        z = np.repeat(z / times, times.astype(int))
    if units is not None:
        z = pd.Series(z).groupby(units).sum().to_numpy()
    return len(z) / (len(z) - 1) * ((z - z.mean()) ** 2).sum()


def curves(cases):
    data = pd.read_csv(ROOT / "data" / "inequality.csv").iloc[:157]
    y, group, f = data.income.to_numpy(), data.group.to_numpy(), data.f.to_numpy(float)
    one = np.ones(len(y))
    source = "interpolated cumulative sums; variance of numerical influences, numpy"

    def add(name, command, kind, pairs, w, scale=1.0, extra="", keep=None, units=None, times=None, offset=0, more=None):
        sub = (lambda v: np.where(keep, v, 0.0)) if keep is not None else (lambda v: v)
        expect = dict(more or {})
        for j, (lower, upper) in enumerate(pairs):
            stat = lambda y, w: scale * numbers(y[sub(w) > 0], w[sub(w) > 0], lower, upper, kind)
            expect[f"el(e(b), 1, {j + 1 + offset})"] = stat(y, w)
            v = variance(y, w, stat, units, times)
            expect[f"el(e(V), {j + 1 + offset}, {j + 1 + offset})"] = v
        expect = {k: v for k, v in expect.items() if abs(v) > 1e-12}
        cases.add(name, "inequality.csv", f"keep if _n <= 157\n{extra}{command}", expect, 2e-6, source)

    grid = [(0, p / 100) for p in range(0, 101, 5)]
    gini = np.abs(y[:, None] - y[None, :]).mean() / (2 * y.mean())
    add("lorenz", "lorenz estimate income, gini", "", grid, one, more={"el(e(G), 1, 1)": gini, "e(N)": 157, "e(df_r)": 156, "el(e(p), 1, 4)": 15})
    few = [(0, p) for p in (0.1, 0.5, 0.9)]
    for kind in ("gap", "sum", "generalized", "absolute"):
        add(f"lorenz, {kind}", f"lorenz income, {kind} percentiles(10 50 90)", kind, few, one)
    add("lorenz, sampling weights in percent", "lorenz income [pweight = f], percentiles(10 50 90) percent", "", few, f, 100.0)
    add("lorenz, frequency weights", "lorenz income [fweight = f], percentiles(11 50 93)", "", [(0, p) for p in (0.11, 0.5, 0.93)], f, times=f)
    add("lorenz, clusters", "lorenz income, percentiles(10 50 90) vce(cluster c)", "", few, one, extra="generate c = mod(_n, 20)\n", units=np.arange(1, 158) % 20)
    add("lorenz, groups", "lorenz income, percentiles(10 50 90) over(group) total", "", few, one, keep=group == 2, offset=3)
    order = np.argsort(y)
    cumulated = np.cumsum((f * y)[order]) / f.sum()
    shares = np.cumsum(f[order]) / f.sum()
    expect = {f"gl[{order[i] + 1}]": cumulated[i] for i in (0, 70, 156)} | {f"p[{order[i] + 1}]": shares[i] for i in (0, 70, 156)}
    do = "keep if _n <= 157\nglcurve income [fweight = f], pvar(p) glvar(gl) nograph"
    cases.add("glcurve", "inequality.csv", do, expect, 1e-10, "cumulative sums, numpy")
    fifths = [(p, p + 0.2) for p in (0, 0.2, 0.4, 0.6, 0.8)]
    for kind in ("proportion", "density", "average", "generalized"):
        add(f"pshare, {kind}", f"pshare estimate income, {kind}", kind, fifths, one)
    tops = [(0, 0.5), (0.5, 0.9), (0.9, 0.99), (0.99, 1)]
    add("pshare, top shares", "pshare income [pweight = f], percentiles(50 90 99) percent", "proportion", tops, f, 100.0)


class Twister:
    """MT19937-64 of Nishimura and Matsumoto."""

    def __init__(self, seed):
        self.state = [seed]
        for i in range(1, 312):
            x = self.state[-1] ^ (self.state[-1] >> 62)
            self.state.append((6364136223846793005 * x + i) & (2**64 - 1))
        self.next = 312

    def draw(self):
        if self.next == 312:
            for i in range(312):
                x = (self.state[i] & 0xFFFFFFFF80000000) | (self.state[(i + 1) % 312] & 0x7FFFFFFF)
                self.state[i] = self.state[(i + 156) % 312] ^ (x >> 1) ^ (0xB5026F5AA96619E9 if x & 1 else 0)
            self.next = 0
        x = self.state[self.next]
        self.next += 1
        x ^= (x >> 29) & 0x5555555555555555
        x ^= (x << 17) & 0x71D67FFFEDA60000
        x ^= (x << 37) & 0xFFF7EEE000000000
        return x ^ (x >> 43)

    def below(self, n):
        """A whole number below n: as many top bits as n - 1 has, values beyond it drawn again."""
        bits = (n - 1).bit_length()
        while bits:
            x = self.draw() >> (64 - bits)
            if x < n:
                return x
        return 0


def regression(frame, y, x, cluster=None):
    data = frame.dropna(subset=[y, *x])
    model = sm.OLS(data[y], sm.add_constant(data[x].astype(float)))
    if cluster is None:
        fit = model.fit()
        return fit.params[x[0]], fit.bse[x[0]], fit.df_resid
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": data[cluster]})
    return fit.params[x[0]], fit.bse[x[0]], data[cluster].nunique() - 1


def stepdown(t, draws, extra):
    m = len(draws)
    own = [((draws[:, j] >= t[j]).sum() + extra) / (m + extra) for j in range(len(t))]
    adjusted, before, left = [0] * len(t), 0, list(range(len(t)))
    while left:
        j = max(left, key=lambda k: t[k])
        before = max(before, ((draws[:, left].max(axis=1) >= t[j]).sum() + extra) / (m + extra))
        adjusted[j] = before
        left.remove(j)
    return own, adjusted


def resampled(frame, outcomes, x, seed, reps, units=None, cluster=None):
    twister = Twister(seed)
    sample = [regression(frame, y, x, cluster) for y in outcomes]
    draws = []
    for _ in range(reps):
        if units is None:
            rows = [twister.below(len(frame)) for _ in range(len(frame))]
        else:
            groups = [g.index.to_list() for _, g in frame.groupby(units)]
            rows = [i for _ in groups for i in groups[twister.below(len(groups))]]
        drawn = frame.iloc[rows].reset_index(drop=True)
        draws.append([regression(drawn, y, x, cluster) for y in outcomes])
    return sample, draws


def holm(p):
    order, out, before = np.argsort(p), np.zeros(len(p)), 0
    for k, j in enumerate(order):
        before = max(before, min(1, p[j] * (len(p) - k)))
        out[j] = before
    return out


def steps(cases):
    outcomes, x = ["headroom", "turn", "price", "rep78"], ["weight", "trunk", "mpg"]
    sample, draws = resampled(AUTO, outcomes, x, 121316, 120)
    p = [2 * st.t.sf(abs(b / se), df) for b, se, df in sample]
    t = np.array([abs(b / se) for b, se, _ in sample])
    centred = np.array([[abs((b - sample[j][0]) / se) for j, (b, se, _) in enumerate(d)] for d in draws])
    own, adjusted = stepdown(t, centred, 1)
    table = lambda columns: {f"el(e(RW), {i + 1}, {j + 1})": v for j, c in enumerate(columns) for i, v in enumerate(c)}
    expect = table([p, own, adjusted, holm(np.array(p))]) | {f"e(rw_{y})": adjusted[i] for i, y in enumerate(outcomes)}
    source = "Romano and Wolf (2016) in numpy, resamples from an own MT19937-64, statsmodels OLS"
    do = "rwolf headroom turn price rep78, indepvar(weight) controls(trunk mpg) reps(120) seed(121316) holm nodots"
    cases.add("rwolf", "printed_auto.csv", do, expect, 1e-9, source)
    own, adjusted = stepdown(t, centred, 0)
    models = " ".join(f"(regress {y} weight trunk mpg)" for y in outcomes)
    do = f"rwolf2 {models}, indepvars(weight, weight, weight, weight) reps(120) seed(121316) noplusone nodots"
    names = {f"e(rw_{y}_weight)": adjusted[i] for i, y in enumerate(outcomes)}
    cases.add("rwolf2", "printed_auto.csv", do, table([p, own, adjusted]) | names, 1e-9, source)
    signed = np.array([[(b - sample[j][0]) / se for j, (b, se, _) in enumerate(d)] for d in draws])
    own, adjusted = stepdown(np.array([b / se for b, se, _ in sample]), signed, 1)
    one = [st.t.sf(b / se, df) for b, se, df in sample]
    do = "rwolf headroom turn price rep78, indepvar(weight) controls(trunk mpg) reps(120) seed(121316) onesided(negative) nodots"
    cases.add("rwolf: one side", "printed_auto.csv", do, table([one, own, adjusted]), 1e-9, source)
    clustered = AUTO.assign(cl=(np.arange(len(AUTO)) // 6) + 1)
    sample, draws = resampled(clustered, outcomes[:3], x[:2], 77, 60, "cl", "cl")
    p = [2 * st.t.sf(abs(b / se), df) for b, se, df in sample]
    t = np.array([abs(b / se) for b, se, _ in sample])
    centred = np.array([[abs((b - sample[j][0]) / se) for j, (b, se, _) in enumerate(d)] for d in draws])
    own, adjusted = stepdown(t, centred, 1)
    do = "generate cl = floor((_n - 1)/6) + 1\nrwolf headroom turn price, indepvar(weight) controls(trunk) reps(60) seed(77) vce(cluster cl) nodots"
    cases.add("rwolf: clusters", "printed_auto.csv", do, table([p, own, adjusted]), 1e-9, source)
    sample, draws = resampled(AUTO, outcomes, x, 9, 100)
    p = np.array([2 * st.t.sf(abs(b / se), df) for b, se, df in sample])
    star = np.array([[2 * st.t.sf(abs((b - sample[j][0]) / se), df) for j, (b, se, df) in enumerate(d)] for d in draws])
    young = stepdown(-p, -star, 0)[1]
    sidak, before = np.zeros(len(p)), 0
    for k, j in enumerate(np.argsort(p)):
        before = max(before, 1 - (1 - p[j]) ** (len(p) - k))
        sidak[j] = before
    expect = {}
    for i in range(len(p)):
        for j, v in enumerate([sample[i][0], sample[i][1], p[i], young[i], holm(p)[i]]):
            expect[f"el(r(table), {i + 1}, {j + 1})"] = v
        if sidak[i] > 1e-6:
            expect[f"el(r(table), {i + 1}, 6)"] = sidak[i]
    do = "wyoung headroom turn price rep78, cmd(regress OUTCOMEVAR weight trunk mpg) familyp(weight) bootstraps(100) seed(9)"
    cases.add("wyoung", "printed_auto.csv", do, expect, 1e-8, "Westfall and Young (1993), algorithm 2.8, in numpy")


def softmax(x, b):
    eta = np.column_stack([np.zeros(len(x)), x @ b.reshape(-1, x.shape[1]).T])
    e = np.exp(eta - eta.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def jacobian(f, b, h=1e-6):
    return np.array([(f(b + h * e) - f(b - h * e)) / (2 * h) for e in np.eye(len(b))]).T


def shares(cases):
    total = AUTO.weight + 10 * AUTO.length + 50 * AUTO.turn
    y = np.column_stack([AUTO.weight / total, 10 * AUTO.length / total, 50 * AUTO.turn / total])
    x = np.column_stack([AUTO.mpg, AUTO.foreign, np.ones(len(AUTO))]).astype(float)
    score = lambda b: np.column_stack([(y - softmax(x, b))[:, [j]] * x for j in (1, 2)])
    b = so.root(lambda b: score(b).sum(axis=0), np.zeros(6), tol=1e-14).x
    bread = np.linalg.inv(-jacobian(lambda b: score(b).sum(axis=0), b))
    n = len(x)
    g = AUTO.rep78.fillna(0).to_numpy()
    make = "generate double total = weight + 10*length + 50*turn\ngenerate double a = weight/total\ngenerate double b = 10*length/total\ngenerate double c = 50*turn/total\n"
    names = [f"[eta_{o}]" for o in "bc"]
    terms = ["mpg", "foreign", "_cons"]
    for title, option, groups in (("robust", "", np.arange(n)), ("clusters", " cluster(g)", g)):
        sums = pd.DataFrame(score(b)).groupby(groups).sum().to_numpy()
        v = bread @ (sums.T @ sums) @ bread * len(sums) / (len(sums) - 1)
        se = np.sqrt(np.diag(v))
        expect = {}
        for i, (eq, term) in enumerate((e, t) for e in names for t in terms):
            expect |= {f"{eq}_b[{term}]": b[i], f"{eq}_se[{term}]": se[i]}
        expect["e(ll)"] = (y * np.log(softmax(x, b))).sum()
        slopes = [0, 1, 3, 4]
        expect["e(chi2)"] = b[slopes] @ np.linalg.solve(v[np.ix_(slopes, slopes)], b[slopes])
        do = f"{make}replace rep78 = 0 if missing(rep78)\ngenerate g = rep78\nfmlogit a b c, etavar(mpg foreign){option} nolog"
        cases.add(f"fmlogit: {title}", "printed_auto.csv", do, expect, 1e-6, "quasi-likelihood equations solved by scipy, sandwich in numpy")

    def effect(b):
        p = softmax(x, b)
        slope = np.column_stack([np.zeros(n), np.full(n, b[0]), np.full(n, b[3])])
        return (p[:, 1] * (slope[:, 1] - (p * slope).sum(axis=1))).mean()

    sums = score(b)
    v = bread @ (sums.T @ sums) @ bread * n / (n - 1)
    j = jacobian(lambda b: np.array([effect(b)]), b)
    expect = {"el(r(b), 1, 1)": effect(b), "sqrt(el(r(V), 1, 1))": np.sqrt((j @ v @ j.T)[0, 0])}
    do = f"{make}fmlogit a b c, etavar(mpg foreign) nolog\nmargins, predict(outcome(b)) dydx(mpg)"
    cases.add("fmlogit: margins", "printed_auto.csv", do, expect, 1e-6, "delta method in numpy")


def cauchy(cases):
    """Likelihood equations solved by scipy: the maximum that clm of R ordinal 2022.11 reports is lower."""
    y = np.minimum(LBW.ftv, 2).to_numpy()
    x, z = LBW[["age", "lwt"]].to_numpy(float), LBW[["smoke"]].to_numpy(float)
    for scale in (False, True):

        def parts(b):
            cuts = np.concatenate([[-np.inf], b[:2], [np.inf]])
            sigma = np.exp(z @ b[4:]) if scale else np.ones(len(y))
            return [(cuts[y + k] - x @ b[2:4]) / sigma for k in (1, 0)], sigma

        def ll(b):
            (high, low), _ = parts(b)
            return np.log(st.cauchy.cdf(high) - st.cauchy.cdf(low)).sum()

        def score(b):
            (high, low), sigma = parts(b)
            p = st.cauchy.cdf(high) - st.cauchy.cdf(low)
            f, g = st.cauchy.pdf(high) / p, st.cauchy.pdf(low) / p
            cut = [((y == k) * f / sigma - (y == k + 1) * g / sigma).sum() for k in (0, 1)]
            slopes = -((f - g) / sigma) @ x
            finite = lambda u, d: np.where(np.isfinite(u), u, 0) * d
            spread = [-(finite(high, f) - finite(low, g)) @ z[:, 0]] if scale else []
            return np.concatenate([cut, slopes, spread])

        start = np.concatenate([[1.8, 3.0, 0.07, 0.001], [0.1] if scale else []])
        b = so.root(score, start, tol=1e-13).x
        se = np.sqrt(np.diag(np.linalg.inv(-jacobian(score, b))))
        order = ["/cut1", "/cut2", "age", "lwt"]
        order = order[:2] + [f"y:{n}" for n in order[2:]] + ["lnsigma:smoke"] if scale else order
        expect = {"e(ll)": ll(b)}
        for i, name in enumerate(order):
            expect |= {f"_b[{name}]": b[i], f"_se[{name}]": se[i]}
        do = f"generate y = min(ftv, 2)\noglm y age lwt, link(cauchit){' hetero(smoke)' if scale else ''}"
        cases.add(f"oglm: cauchit{', scale' if scale else ''}", "lbw.csv", do, expect, 1e-6, "likelihood equations solved by scipy")


def ordered(cases):
    """R counts the probability up to a cut, `oglm` that above it: the two skewed links change places."""
    names = {"logit": "logit", "probit": "probit", "cloglog": "loglog", "loglog": "cloglog"}
    for link, of_r in names.items():
        for scale in ("", "smoke"):
            code = f"""library(ordinal)
d <- read.csv('{ROOT / "data" / "lbw.csv"}'); d$y <- factor(pmin(d$ftv, 2))
m <- clm(y ~ age + lwt, {"scale = ~ " + scale + "," if scale else ""} data = d, link = '{of_r}', control = clm.control(gradTol = 1e-11, maxIter = 300))
b <- coef(m); v <- sqrt(diag(vcov(m)))
cat(format(c(logLik(m), b, v, fitted(m)[1]), digits = 16), sep = "\\n")"""
            out = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True).stdout.split()
            numbers = [float(x) for x in out]
            order = ["/cut1", "/cut2", "age", "lwt"] + (["lnsigma:smoke"] if scale else [])
            k = len(order)
            expect = {"e(ll)": numbers[0]}
            for i, name in enumerate(order):
                name = f"y:{name}" if scale and i in (2, 3) else name
                expect |= {f"_b[{name}]": numbers[1 + i], f"_se[{name}]": numbers[1 + k + i]}
            first = min(int(LBW.ftv[0]), 2)
            expect["p[1]"] = numbers[1 + 2 * k]
            do = f"generate y = min(ftv, 2)\noglm y age lwt, link({link}){' hetero(smoke)' if scale else ''}\npredict double p, outcome({first})"
            cases.add(f"oglm: {link}{', scale' if scale else ''}", "lbw.csv", do, expect, 1e-6, "R ordinal 2022.11-16, clm")


def two_parts(cases):
    y = np.where(AUTO.price < 5000, 0, AUTO.price).astype(float)
    x = np.column_stack([AUTO.mpg, AUTO.foreign, np.ones(len(AUTO))]).astype(float)
    positive = y > 0
    make = "generate y = cond(price < 5000, 0, price)\n"
    probit = sm.Probit(positive.astype(float), x).fit(disp=0, tol=1e-14)
    model = sm.GLM(y[positive], x[positive], family=sm.families.Gamma(sm.families.links.Log()))
    gamma = model.fit(tol=1e-14, maxiter=500)
    v_gamma = np.linalg.inv(-model.hessian(gamma.params, scale=gamma.scale, observed=True))
    v_probit = probit.cov_params()
    terms = ["mpg", "foreign", "_cons"]
    expect = {}
    for part, b, v in (("probit", probit.params, v_probit), ("glm", gamma.params, v_gamma)):
        for i, t in enumerate(terms):
            expect |= {f"_b[{part}:{t}]": b[i], f"_se[{part}:{t}]": np.sqrt(v[i, i])}
    b = np.concatenate([probit.params, gamma.params])
    v = np.block([[v_probit, np.zeros((3, 3))], [np.zeros((3, 3)), v_gamma]])
    fitted = st.norm.cdf(x @ b[:3]) * np.exp(x @ b[3:])
    expect |= {"m[1]": fitted[0], "m[60]": fitted[59], "e(ll_probit)": probit.llf, "e(N_glm)": positive.sum()}
    do = f"{make}twopm y mpg foreign, firstpart(probit) secondpart(glm, family(gamma) link(log))\npredict double m"
    cases.add("twopm: probit and gamma", "printed_auto.csv", do, expect, 1e-6, "statsmodels Probit and GLM")

    def effect(b, second):
        p, d, mu = st.norm.cdf(x @ b[:3]), st.norm.pdf(x @ b[:3]), second(x @ b[3:])
        return np.array([(d * b[0] * mu + p * b[3] * mu).mean()])

    one = lambda b: effect(b, np.exp)
    j = jacobian(one, b)
    expect = {"el(r(b), 1, 1)": one(b)[0], "sqrt(el(r(V), 1, 1))": np.sqrt((j @ v @ j.T)[0, 0])}
    do = f"{make}twopm y mpg foreign, firstpart(probit) secondpart(glm, family(gamma) link(log))\nmargins, dydx(mpg)"
    cases.add("twopm: margins", "printed_auto.csv", do, expect, 1e-6, "delta method in numpy")
    logit = sm.Logit(positive.astype(float), x).fit(disp=0, tol=1e-14)
    ols = sm.OLS(np.log(y[positive]), x[positive]).fit()
    expect = {}
    for part, fit in (("logit", logit), ("regress_log", ols)):
        for i, t in enumerate(terms):
            expect |= {f"_b[{part}:{t}]": fit.params[i], f"_se[{part}:{t}]": fit.bse[i]}
    p, eta = 1 / (1 + np.exp(-x @ logit.params)), x @ ols.params
    expect |= {"d[3]": p[2] * np.exp(eta[2]) * np.exp(ols.resid).mean(), "n[3]": p[2] * np.exp(eta[2] + ols.scale / 2)}
    do = f"{make}twopm y mpg foreign, firstpart(logit) secondpart(regress, log)\npredict double d, duan\npredict double n, normal"
    cases.add("twopm: logit and the log", "printed_auto.csv", do, expect, 1e-7, "statsmodels Logit and OLS; Duan (1983)")


def main():
    cases = Cases("research", "scipy, statsmodels, numpy and R")
    baseline(cases)
    concentration(cases)
    curves(cases)
    steps(cases)
    shares(cases)
    ordered(cases)
    cauchy(cases)
    two_parts(cases)
    cases.write()


main()
