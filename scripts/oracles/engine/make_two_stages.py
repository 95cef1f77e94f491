"""`did2s`, `drdid`, `jwdid`, averages of `csdid`, `boottest` after two-stage least squares: results of Stata 18 with the commands of their authors,
stored in the Python package statspai (MIT licence, `reference_parity/_fixtures`: _generate_did_commands_Stata.do,
_generate_etwfe_linear_jwdid_Stata.do, _generate_iv_wild_Stata.do); `boottest` with several instruments: numpy, each draw estimated by itself."""

import itertools
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from common import Cases, write_data

FIXTURES = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
MAKE = "gen d = g > 0 & year >= g\ngen relshift = cond(g > 0, year - g + 10, 0)\ngen post0 = relshift == 10\ngen post1 = relshift == 11\ngen post2 = relshift >= 12 & g > 0\n"
FE = "first_stage(i.id i.year)"
TWO_STAGES = {
    "did2s_static": f"{FE} second_stage(i.d) treatment(d) cluster(id)",
    "did2s_static_unit": "first_stage(i.year) second_stage(i.d) treatment(d) cluster(id) unit(id)",
    "did2s_event": f"{FE} second_stage(ib0.relshift) treatment(d) cluster(id)",
    "did2s_cell_fe": "first_stage(i.x2#i.year) second_stage(i.d) treatment(d) cluster(id) unit(id)",
    "did2s_control": "first_stage(i.id i.year xt) second_stage(i.d) treatment(d) cluster(id)",
    "did2s_dummies": f"{FE} second_stage(post0 post1 post2) treatment(d) cluster(id)",
    "did2s_cluster_x2": f"{FE} second_stage(d) treatment(d) cluster(x2)",
}


def rows(result, b="el(r(b), 1, {})", v="sqrt(el(r(V), {0}, {0}))"):
    """Estimates and standard errors by position."""
    out = {}
    for i, (value, se) in enumerate(zip(result["b"], result["se"]), 1):
        value, se = float(value), float(se)
        out[b.format(i)] = value
        if se > 0:
            out[v.format(i)] = se
    return out


def wild_p(y, x, exogenous, instruments, cluster, null):
    """Share of the draws of signs by cluster with a larger |t| (restricted efficient residuals), each draw by two-stage least squares."""
    groups, cluster = np.unique(cluster, return_inverse=True)
    member = np.eye(len(groups))[cluster]

    def t(y, x):
        z, w = np.c_[instruments, exogenous], np.c_[x, exogenous]
        fit = z @ np.linalg.lstsq(z, w, rcond=None)[0]
        bread = np.linalg.inv(fit.T @ w)
        b = bread @ (fit.T @ y)
        score = member.T @ (fit * (y - w @ b)[:, None])
        return (b[0] - null) / np.sqrt((bread @ score.T @ score @ bread.T)[0, 0])

    e = y - x * null
    explained = exogenous @ np.linalg.lstsq(exogenous, e, rcond=None)[0]
    u = e - explained
    first = np.c_[instruments, exogenous, u]
    fit = first[:, :-1] @ np.linalg.lstsq(first, x, rcond=None)[0][:-1]
    v, own = x - fit, abs(t(y, x))
    more = 0
    for signs in itertools.product([1.0, -1.0], repeat=len(groups)):
        w = np.array(signs)[cluster]
        drawn = fit + w * v
        more += abs(t(drawn * null + explained + w * u, drawn)) > own * (1 + 1e-9)
    return more / 2 ** len(groups)


def wild(cases):
    """The bounds of the confidence set lie where a step function crosses 0.05; boottest stops next to it."""
    stored = json.loads((FIXTURES / "iv_wild_Stata.json").read_text())
    data = pd.read_csv(FIXTURES / "iv_wild_data.csv")
    write_data("wild_instruments", data)
    near = {f"abs(el(r(CI), 1, {i}) - {stored[k]}) < 6e-4": 1 for i, k in ((1, "lo"), (2, "hi"))}
    for line in ("ivregress 2sls y w (x = z), vce(cluster cl)", "ivreg2 y w (x = z), cluster(cl)"):
        cases.add(f"boottest after {line}", "wild_instruments.csv", f"{line}\nboottest x, reps(2000) weight(rademacher) nograph", {"r(p)": stored["p"], "r(reps)": stored["reps"], **near}, 1e-12)
    rng = np.random.default_rng(5)
    data["z2"] = data["z"] ** 2 + rng.normal(size=len(data))
    data["few"] = data["cl"] % 7
    write_data("wild_instruments_two", data)
    exogenous = np.c_[data["w"], np.ones(len(data))]
    for null in (0.0, 0.3):
        p = wild_p(data["y"].to_numpy(), data["x"].to_numpy(), exogenous, data[["z", "z2"]].to_numpy(), data["few"].to_numpy(), null)
        do = f"ivregress 2sls y w (x = z z2), vce(cluster few) small\nboottest x = {null}, noci"
        cases.add(f"boottest with two instruments, x = {null}", "wild_instruments_two.csv", do, {"r(p)": p, "r(reps)": 128}, 1e-12, "numpy")


def main():
    cases = Cases("two_stages", __doc__.replace("\n", " "))
    stored = json.loads((FIXTURES / "did_commands_Stata.json").read_text())
    write_data("did_commands", pd.read_csv(FIXTURES / "did_commands_data.csv"))
    e = ("el(e(b), 1, {})", "sqrt(el(e(V), {0}, {0}))")
    for name, options in TWO_STAGES.items():
        # the iterations of did2s, unit() end at about 1e-8
        expect = {k: v for k, v in rows(stored[name], *e).items() if v != 0}
        cases.add(name, "did_commands.csv", f"{MAKE}did2s y, {options}", expect, 3e-8)
    two = "keep if (g == 2004 | g == 0) & (year == 2003 | year == 2005)\n"
    for method in ("drimp", "dripw", "reg", "stdipw", "ipw"):
        do = f"{two}drdid y x1 x2, ivar(id) time(year) treatment(d04) {method}"
        cases.add(f"drdid, {method}", "did_commands.csv", do, rows(stored[f"drdid_panel_{method}"], *e), 1e-8)
    for agg in ("simple", "group", "calendar", "event"):
        do = f"jwdid y, ivar(id) tvar(year) gvar(g)\nestat {agg}, post"
        cases.add(f"jwdid, estat {agg}", "did_commands.csv", do, rows(stored[f"jwdid_{agg}"], *e), 1e-9)
    for agg in ("simple", "event"):
        do = f"jwdid y, ivar(id) tvar(year) gvar(g) never\nestat {agg}"
        expect = {k: v for k, v in rows(stored[f"jwdid_never_{agg}"]).items() if v != 0}
        cases.add(f"jwdid, never: estat {agg}", "did_commands.csv", do, expect, 1e-9)
    for agg in ("simple", "group", "calendar", "event"):
        do = f"csdid y x1 x2, ivar(id) time(year) gvar(g) method(dripw)\nestat {agg}, post"
        cases.add(f"csdid, estat {agg}, post", "did_commands.csv", do, rows(stored[f"csdid_dripw_{agg}"], *e), 1e-8)
    linear = json.loads((FIXTURES / "etwfe_linear_jwdid_Stata.json").read_text())
    write_data("jwdid", pd.read_csv(FIXTURES / "etwfe_linear_jwdid_hettype.csv"))
    for name in ("default", "never", "xc"):
        result = linear[name]
        line = f"jwdid {result['vars']}, ivar(id) tvar(year) gvar(g) {result['opts']}"
        for agg in ("simple", "event"):
            expect = {k: v for k, v in rows(result[agg]).items() if v != 0}
            cases.add(f"{line}: {agg}", "jwdid.csv", f"{line}\nestat {agg}", expect, 1e-9)
    wild(cases)
    cases.write()


if __name__ == "__main__":
    main()
