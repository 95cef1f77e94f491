"""Difference and system GMM on the employment panel of Arellano and Bond (R plm, data EmplUK): numpy by hand, R plm pgmm,
Stata 18 output stored in the tests of the Python package StatsPAI."""

import os
import subprocess
import tempfile

import numpy as np
import pandas as pd
from common import Cases, write_data

R = """
suppressMessages(library(plm)); data("EmplUK", package = "plm")
write.csv(EmplUK, "DATA", row.names = FALSE)
for (m in c("onestep", "twosteps")) {
  f <- pgmm(log(emp) ~ lag(log(emp), 1:2) + log(wage) + log(capital) + log(output) | lag(log(emp), 2:99), EmplUK, effect = "individual", model = m, transformation = "d")
  cat(m, format(coef(f), digits = 17), "\\n")
}
"""


def build(data, lags, gmm_x=(), first_x=2, most=99, regressors=("w", "k", "ys"), standard=("w", "k", "ys")):
    """Differenced equations by unit: periods, outcome, regressors, instruments."""
    units, keys = [], {}
    for _, d in data.groupby("id"):
        d = d.set_index("year")
        y = d["n"].to_dict()
        rows = []
        for t in sorted(y):
            if all(t - j in y and t - j - 1 in y for j in range(lags + 1)):
                z = {("n", t, t - s): v for s, v in y.items() if s <= t - 2 and t - s - 2 < most}
                for x in gmm_x:
                    z |= {(x, t, t - s): d.loc[s, x] for s in y if s <= t - first_x and t - s - first_x < most}
                rows.append((t, y[t] - y[t - 1], [y[t - j] - y[t - j - 1] for j in range(1, lags + 1)] + [d.loc[t, x] - d.loc[t - 1, x] for x in regressors], z,
                             [d.loc[t, x] - d.loc[t - 1, x] for x in standard]))
                for k in z:
                    keys.setdefault(k, len(keys))
        if rows:
            units.append(rows)
    out = []
    for rows in units:
        z = np.zeros((len(rows), len(keys) + len(standard)))
        for i, r in enumerate(rows):
            for k, v in r[3].items():
                z[i, keys[k]] = v
            z[i, len(keys):] = r[4]
        out.append((np.array([r[0] for r in rows]), np.array([r[1] for r in rows]), np.array([r[2] for r in rows]), z))
    return out


def estimate(units):
    """One- and two-step estimates with all covariances and tests."""
    h = lambda t: np.where(np.abs(t[:, None] - t[None, :]) == 0, 2.0, np.where(np.abs(t[:, None] - t[None, :]) == 1, -1.0, 0.0))
    a1 = np.linalg.pinv(sum(z.T @ h(t) @ z for t, _, _, z in units), rcond=1e-11, hermitian=True)
    wz = sum(x.T @ z for _, _, x, z in units)
    zy = sum(z.T @ y for _, y, _, z in units)
    rank = np.linalg.matrix_rank(sum(z.T @ h(t) @ z for t, _, _, z in units), tol=1e-9)
    q1 = np.linalg.inv(wz @ a1 @ wz.T)
    b1 = q1 @ wz @ a1 @ zy
    e1 = [y - x @ b1 for _, y, x, _ in units]
    n, k = sum(len(e) for e in e1), len(b1)
    s2 = sum(e @ e for e in e1) / (2 * (n - k))
    meat = sum(np.outer(z.T @ e, z.T @ e) for (_, _, _, z), e in zip(units, e1))
    v1r = q1 @ wz @ a1 @ meat @ a1 @ wz.T @ q1
    a2 = np.linalg.pinv(meat, rcond=1e-11, hermitian=True)
    v2 = np.linalg.inv(wz @ a2 @ wz.T)
    b2 = v2 @ wz @ a2 @ zy
    e2 = [y - x @ b2 for _, y, x, _ in units]
    g2 = sum(z.T @ e for (_, _, _, z), e in zip(units, e2))
    d = np.zeros((k, k))
    for j in range(k):
        slope = -sum(np.outer(z.T @ x[:, j], z.T @ e) + np.outer(z.T @ e, z.T @ x[:, j]) for (_, _, x, z), e in zip(units, e1))
        d[:, j] = -v2 @ wz @ a2 @ slope @ a2 @ g2
    wc = v2 + d @ v2 + v2 @ d.T + d @ v1r @ d.T
    g1 = sum(z.T @ e for (_, _, _, z), e in zip(units, e1))

    def ar(order, e, v, q, a, plain):
        lag = [np.array([dict(zip(t, r)).get(s - order, 0.0) for s in t]) for (t, _, _, _), r in zip(units, e)]
        lx = sum(l @ x for l, (_, _, x, _) in zip(lag, units))
        if plain:
            own = s2 * sum(l @ h(t) @ l for l, (t, _, _, _) in zip(lag, units))
            cross = s2 * sum(z.T @ h(t) @ l for l, (t, _, _, z) in zip(lag, units))
        else:
            own = sum((l @ r) ** 2 for l, r in zip(lag, e))
            cross = sum(z.T @ r * (r @ l) for l, r, (_, _, _, z) in zip(lag, e, units))
        return sum(l @ r for l, r in zip(lag, e)) / np.sqrt(own - 2 * lx @ q @ wz @ a @ cross + lx @ v @ lx)

    return {"one": (b1, s2 * q1, g1 @ a1 @ g1 / s2, [ar(m, e1, s2 * q1, q1, a1, True) for m in (1, 2)]),
            "one robust": (b1, v1r, None, [ar(m, e1, v1r, q1, a1, False) for m in (1, 2)]),
            "two": (b2, v2, g2 @ a2 @ g2, [ar(m, e2, v2, v2, a2, False) for m in (1, 2)]),
            "two robust": (b2, wc, g2 @ a2 @ g2, [ar(m, e2, wc, v2, a2, False) for m in (1, 2)]), "n": n, "rank": rank, "groups": len(units)}


def stored(cases, raw):
    """Numbers of real Stata on its own copy of the data, whose columns are floats (tests/reference_parity, dynpanel_stata.json)."""
    single = lambda v: np.log(v.astype("float32").astype(float)).astype("float32").astype(float)
    frame = pd.DataFrame({"id": raw["firm"], "year": raw["year"], "n": single(raw["emp"]), "w": single(raw["wage"]), "k": single(raw["capital"])})
    write_data("employment_single", frame)
    wide = "n l(0/1).w l(0/2).k, lags(2)"
    models = [
        ("xtabond n, noconstant vce(robust)", {"L.n": (1.02334909496074, 0.103532032226272)},
         {"N": 751, "N_g": 140, "arm1": -2.58586598245692, "arm2": -1.10805518046044, "chi2": 97.7008049692028, "g_avg": 5.36428571428571, "rss": 21.9507071552753, "sig2": 0.0146338047701835, "zrank": 28}),
        ("xtabond n, noconstant", {"L.n": (1.02334909496074, 0.0607887361496908)}, {"arm1": -7.2051405086531, "arm2": -1.48145264553418, "sargan": 157.426047564184}),
        ("xtabond n, noconstant twostep", {"L.n": (0.994444048865288, 0.0399211101620612)}, {"arm1": -2.2434566598246, "arm2": -1.22203422273458, "sargan": 64.2808239655053, "sig2": 0.0142194462785833, "rss": 21.329169417875}),
        ("xtabond n, noconstant twostep vce(robust)", {"L.n": (0.994444048865288, 0.120794088832063)}, {"arm1": -2.1000415571793, "arm2": -1.12451237049628, "chi2": 67.7749712169287}),
        ("xtabond n, noconstant maxldep(3) vce(robust)", {"L.n": (1.04773889218578, 0.0995318063079646)}, {"zrank": 18, "arm1": -2.60241992251054}),
        (f"xtabond {wide} noconstant vce(robust)",
         {"L.n": (0.849082292112334, 0.134885708270624), "L2.n": (-0.0864429944874489, 0.0639295703763046), "w": (-0.512048338833618, 0.18750786486549), "L.w": (0.444186571702161, 0.154886658779406),
          "k": (0.384935171564648, 0.0593056928728438), "L.k": (-0.143367730746527, 0.0669355884429769), "L2.k": (-0.0985512107357887, 0.0411618072770272)},
         {"N": 611, "chi2": 1029.45576586478, "zrank": 32, "rank": 7, "sig2": 0.0097626457733785, "arm1": -5.36984533095654}),
        (f"xtabond {wide} vce(robust)",
         {"L.n": (0.849082292111257, 0.134885708270391), "w": (-0.512048338833732, 0.187507864865408), "L2.k": (-0.0985512107356045, 0.0411618072770076), "_cons": (0.503707758377385, 0.565769863309307)},
         {"N": 611, "df_m": 7, "chi2": 1029.45576586645, "zrank": 33, "rank": 8, "rss": 11.7932760942304, "sig2": 0.0097788358990301, "arm1": -5.36984533095667, "arm2": -0.775253416510646}),
        (f"xtabond {wide} noconstant twostep vce(robust)", {"L.n": (0.875652446914693, 0.174963064047925), "w": (-0.462475120798582, 0.186151262540178), "L2.k": (-0.126838704525682, 0.0523398048549277)}, {"chi2": 588.192598621084}),
        ("xtabond n l(0/2).k, lags(2) noconstant pre(w, lagstruct(1, .)) vce(robust)",
         {"L.n": (0.859410622465403, 0.158513336326461), "w": (-0.715551295700314, 0.133145877390935), "L.w": (0.810184115307114, 0.246289672683757), "k": (0.39179600691139, 0.0581121487985316)},
         {"zrank": 57, "arm1": -4.90893078533697, "arm2": 0.173034354020374, "chi2": 928.282869827469}),
        ("xtabond n l(0/2).k, lags(2) noconstant endogenous(w, lagstruct(1, .)) vce(robust)",
         {"L.n": (0.929284554501576, 0.147195728054713), "w": (-0.777101361825533, 0.141634212718642), "L.w": (0.918132398732091, 0.208608502484389)}, {"zrank": 51, "chi2": 963.279900305305}),
        ("xtdpdsys n, vce(robust)", {"L.n": (1.17037444964012, 0.0760321386752626), "_cons": (-0.228391043017645, 0.0858123588789571)},
         {"N": 891, "N_g": 140, "g_min": 6, "g_avg": 6.36428571428571, "g_max": 8, "arm1": -2.67466605293937, "arm2": -1.30689001142339, "chi2": 236.949202240355, "rank": 2, "rss": 25.5218412161931, "sig2": 0.0170372771803692, "zrank": 36}),
        ("xtdpdsys n, twostep vce(robust)", {"L.n": (1.15630112543733, 0.0766167012106742), "_cons": (-0.175475533705557, 0.07624294441555)},
         {"arm1": -2.18029445380378, "arm2": -1.45766864285895, "chi2": 227.769201009566, "sig2": 0.016789302777934}),
        ("xtdpdsys n w k, vce(robust)", {"L.n": (0.541910588172322, 0.140298440691608), "_cons": (2.53167462042397, 0.57467807675324), "k": (0.330625538901315, 0.078841807796936), "w": (-0.615298782606181, 0.142155277537728)},
         {"arm1": -4.19816331930298, "arm2": -0.710585305039441, "chi2": 581.169938608087, "rank": 4, "zrank": 38, "sig2": 0.0074545180286628}),
    ]
    for command, terms, scalars in models:
        expect = {f"_b[{t}]": b for t, (b, _) in terms.items()} | {f"_se[{t}]": se for t, (_, se) in terms.items()}
        names = {"arm1": "r(m1)", "arm2": "r(m2)"}
        expect |= {names.get(s, f"e({s})"): v for s, v in scalars.items()}
        cases.add(f"{command}, Stata 18", "employment_single.csv", f"xtset id year\n{command}\nestat abond", expect, 1e-7, "Stata 18, stored in StatsPAI tests/reference_parity (dynpanel_stata.json)")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "d.csv")
        text = subprocess.run(["Rscript", "-e", R.replace("DATA", path)], capture_output=True, text=True, check=True).stdout
        raw = pd.read_csv(path)
    data = pd.DataFrame({"id": raw["firm"], "year": raw["year"], "n": np.log(raw["emp"]), "w": np.log(raw["wage"]), "k": np.log(raw["capital"]), "ys": np.log(raw["output"])})
    write_data("employment", data)
    found = {line.split()[0]: [float(v) for v in line.split()[1:]] for line in text.splitlines() if line.strip()}
    cases = Cases("dynamic", "numpy by hand; R plm pgmm; Stata 18 output in StatsPAI")
    names = ["L.n", "L2.n", "w", "k", "ys"]
    for name, option in (("onestep", ""), ("twosteps", " twostep")):
        cases.add(f"pgmm {name}", "employment.csv", f"xtset id year\nxtabond n w k ys, lags(2) noconstant{option}", {f"_b[{m}]": v for m, v in zip(names, found[name])}, 1e-7, "R plm pgmm")
    models = [("all exogenous", "xtabond n w k ys, lags(2) noconstant", names, build(data, 2)),
              ("few lags", "xtabond n w k ys, noconstant maxldep(2)", ["L.n", "w", "k", "ys"], build(data, 1, most=2)),
              ("endogenous wage", "xtabond n k ys, noconstant endogenous(w) maxldep(3) maxlags(3)", ["L.n", "k", "ys", "w"], build(data, 1, ("w",), 2, 3, ("k", "ys", "w"), ("k", "ys"))),
              ("predetermined wage", "xtabond n k ys, noconstant pre(w) maxldep(2) maxlags(2)", ["L.n", "k", "ys", "w"], build(data, 1, ("w",), 1, 2, ("k", "ys", "w"), ("k", "ys")))]
    for label, command, terms, units in models:
        r = estimate(units)
        for kind, option in (("one", ""), ("one robust", " vce(robust)"), ("two", " twostep"), ("two robust", " twostep vce(robust)")):
            b, v, sargan, ar = r[kind]
            expect = {f"_b[{m}]": q for m, q in zip(terms, b)} | {f"_se[{m}]": q for m, q in zip(terms, np.sqrt(np.diag(v)))}
            expect |= {"e(N)": r["n"], "e(N_g)": r["groups"], "e(zrank)": r["rank"], "r(m1)": ar[0], "r(m2)": ar[1]}
            if sargan is not None:
                expect["e(sargan)"] = sargan
            cases.add(f"{label}, {kind}", "employment.csv", f"xtset id year\n{command}{option}\nestat abond", expect, 1e-6, "numpy by hand")
    stored(cases, raw)
    cases.write()
