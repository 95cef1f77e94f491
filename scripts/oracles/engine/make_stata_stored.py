"""Numbers that Stata stored, in the tests of other packages: weighted regressions with `vce(hc2|hc3)`, tests after
`ivregress` with `forceweights` (R estimatr, run-stata-*.do), leverage and working residuals of weighted `glm`, criteria of
constrained `glm`, the dispersion test of `tnbreg` (statsmodels), `xtivreg2, fe` (Python econtools).

Argument 1: the folder of estimatr's tests (Debian: r-cran-estimatr, tests/testthat, unpacked); argument 2: the folder
econtools/metrics/tests/data of the package econtools; argument 3: R's data mtcars as CSV."""

import gzip
import importlib.util
import sys
from pathlib import Path

import pandas as pd
from common import Cases, write_data
from statsmodels.discrete.tests.results import results_glm_logit_constrained, results_poisson_constrained, results_truncated_st
from statsmodels.genmod.tests.results import results_glm_poisson_weights

CARS = "recast float w, force\n"
COVARIANCES = {"classical": "", "HC1": "vce(robust)", "HC2": "vce(hc2)", "HC3": "vce(hc3)", "stata_cl": "vce(cluster cyl)"}


def lines(folder, name):
    path = folder / name
    text = path.read_text() if path.exists() else gzip.open(f"{path}.gz", "rt").read()
    return [line for line in text.splitlines() if line.strip()]


def number(text):
    """A number of enough digits; p-values below 1e-4 are stored with four."""
    return None if text == "." or ("e-" in text or "." in text and len(text.split(".")[1].lstrip("0")) < 6 and text[0] == ".") else float(text)


def robust_regressions(cases, folder):
    source = "Stata output in the tests of R estimatr (stata-ests.txt, stata-fe-ests.txt)"
    for name, command, columns in (
        ("stata-ests.txt", "regress mpg hp{weight}, {vce}", ("_se[hp]^2", None, "e(df_r)", "e(F)")),
        ("stata-fe-ests.txt", "areg mpg hp{weight}, absorb(carb) {vce}", ("_se[hp]^2", "e(F)")),
    ):
        for line in lines(folder, name):
            kind, *values = line.split()
            weighted = kind.endswith("w")
            do = command.format(weight=" [aweight=w]" if weighted else "", vce=COVARIANCES[kind.removesuffix("w")])
            expect = {key: value for key, value in zip(columns, values) if key}
            cases.add(do, "mtcars.csv", CARS + do, expect, 5e-5, source)


def instrument_tests(cases, folder):
    """One case for each model and covariance, with and without weights; eight digits are stored."""
    source = "Stata output in the tests of R estimatr (stata-iv-diagnostics.txt)"
    found = {}
    for line in lines(folder, "stata-iv-diagnostics.txt"):
        model, weight, options, test, *values = line.split(";")
        found.setdefault((model, weight, options), {})[test] = [number(v) for v in values]
    for (model, weight, options), tests in found.items():
        robust = "rob" in options or "cluster" in options
        do, expect = [f"ivregress 2sls mpg {model} {weight}, {options}", "estat firststage, all", "matrix S = r(singleresults)"], {}
        for test, (df, df_r, statistic, p) in tests.items():
            if test.startswith("weak"):
                row = int(test[4:])
                expect |= {f"S[{row},5]": df, f"S[{row},6]": df_r, f"S[{row},4]": statistic, f"S[{row},7]": p}
        kept = {}
        do.append("estat endogenous, forceweights")
        names = ("regFdf_n", "regFdf_d", "regF", "p_regF") if robust else ("df", "wudf_r", "wu", "p_wu")
        kept |= dict(zip((f"endog_{n}" for n in names), tests["endog"]))
        do += [f"scalar endog_{n} = r({n})" for n in names]
        # The engine refuses the score test with clusters.
        if tests.get("overid", [None] * 4)[2] is not None and "cluster" not in options:
            do.append("estat overid, forceweights")
            names = ("df", "score", "p_score") if robust else ("df", "sargan", "p_sargan")
            df, _, statistic, p = tests["overid"]
            kept |= dict(zip((f"overid_{n}" for n in names), (df, statistic, p)))
            do += [f"scalar overid_{n} = r({n})" for n in names]
        label = f"{model}{' ' + weight if weight else ''}, {options}"
        cases.add(f"tests after ivregress {label}", "mtcars.csv", CARS + "\n".join(do), expect | kept, 2e-5, source)


def weighted_glm(cases):
    """Stored as float; Anscombe residuals and the rest are compared in glm_residuals."""
    kinds = {"predict_hat": "hat", "score_factor": "score", "resid_working": "working", "resid_pearson": "pearson"}
    for kind in ("none", "fweight", "aweight", "pweight"):
        stored = getattr(results_glm_poisson_weights, f"results_poisson_{kind}_nonrobust")
        columns = dict(zip(stored["resids_colnames"], stored["resids"].T))
        if stored["predicted"].shape[1] == 3:
            columns |= dict(zip(stored["predicted_colnames"], stored["predicted"].T))
        used = {name: kinds[name] for name in kinds if name in columns}
        weight = "" if kind == "none" else f" [{kind}=fweight]"
        do = f"glm executions income perpoverty perblack ln_vc100k96 south degree{weight}, family(poisson)\n"
        do += "\n".join(f"predict double {option}, {option}" for option in used.values())
        expect = {f"{option}[{row + 1}]": columns[name][row] for name, option in used.items() for row in (0, 3, 8, 15)}
        cases.add(f"predict after glm, {kind}", "cpunish.csv", do, expect, 2e-5, f"results_glm_poisson_weights, {kind}")


def constrained(cases):
    for name, number in (("results_constraint1", 1), ("results_constraint2", 2)):
        stored = getattr(results_glm_logit_constrained, name)
        do = f"constraint 1 gpa = 2.8\nconstraint 2 gpa = psi\nglm grade gpa tuce psi, family(binomial) constraints({number})"
        expect = {f"e({e})": stored[e] for e in ("aic", "bic", "deviance", "deviance_p", "chi2", "ll", "df")}
        if number == 2:
            do += "\npredict double h, hat\npredict double se, stdp"
            rows = (0, 4, 13, 31)
            expect |= {f"h[{r + 1}]": stored["predict_hat"][r] for r in rows}
            expect |= {f"se[{r + 1}]": stored["predict_linpred_std"][r] for r in rows}
        do += "\nestat ic\nmatrix S = r(S)"
        for column, key in ((2, None), (3, "S[1,4]"), (4, "S[1,5]"), (5, "S[1,6]")):
            if key:
                expect[key] = stored["infocrit"].ravel()[column]
        cases.add(f"constrained glm, {name}", "spector.csv", do, expect, 2e-6, f"results_glm_logit_constrained.{name}")
    stored = results_poisson_constrained.results_exposure_constraint2_robust
    do = "\n".join(["clear", "input agecat smokes deaths pyears", *(
        "1 1 32 52407", "2 1 104 43248", "3 1 206 28612", "4 1 186 12663", "5 1 102 5317",
        "1 0 2 18790", "2 0 12 10673", "3 0 28 5710", "4 0 28 2585", "5 0 31 1462"), "end",
        "constraint 2 5.agecat - 4.agecat = 0.5",
        "poisson deaths smokes i.agecat, exposure(pyears) constraints(2) vce(robust)"])
    expect = {f"e({e})": stored[e] for e in ("k", "rank", "df_m", "chi2", "ll")} | {"_b[smokes]": stored["params_table"][0, 0]}
    cases.add("constrained poisson with robust errors", None, do, expect, 2e-6, "results_poisson_constrained, exposure, robust")


def truncated(cases):
    """Stata's constant-only truncated Poisson model is at the log of the mean: with ll(1) -11791.345, the maximum is -11791.289."""
    for name, limit in (("results_trunc_poisson", 0), ("results_trunc_poisson1", 1)):
        stored = getattr(results_truncated_st, name)
        do = f"tpoisson docvis aget totchr if docvis > {limit}, ll({limit})"
        expect = {f"e({e})": stored[e] for e in ("ll", "ll_0", "chi2", "r2_p", "rank", "k")}
        cases.add(f"constant-only model, {name}", "docvis.csv", do, expect, 1e-8, f"results_truncated_st.{name}")
    for name, limit in (("results_trunc_negbin", 0), ("results_trunc_negbin1", 1)):
        stored = getattr(results_truncated_st, name)
        do = f"tnbreg docvis aget totchr if docvis > {limit}, ll({limit})"
        expect = {f"e({e})": stored[e] for e in ("ll", "ll_0", "ll_c", "chi2", "chi2_c", "alpha", "rank", "rank0", "k", "k_eq")}
        cases.add(f"test of the dispersion, {name}", "docvis.csv", do, expect, 2e-6, f"results_truncated_st.{name}")
        line = f"LR test of alpha=0: chibar2(01) = {stored['chi2_c']:.2f} Prob >= chibar2 = 0.000"
        cases.cases[-1]["printed"] = [line]
        if limit:
            # the stored covariance has numerical second derivatives: 1e-3 from the analytic one
            continue
        do += "\nmargins, predict(n) predict(cm) predict(cpr(2)) predict(pr(4, .))\nmatrix T = r(table)"
        expect = {}
        for column, (key, row) in enumerate((("means", 0), ("cm", 0), ("cpr", 1), ("pr", 4)), 1):
            values = stored[f"margins_{key}"]["table"].reshape(-1, 9)[row]
            expect |= {f"T[1,{column}]": values[0], f"T[2,{column}]": values[1], f"T[5,{column}]": values[4]}
        cases.add(f"margins after {name}", "docvis.csv", do, expect, 1e-5, f"results_truncated_st.{name}")


def within(cases, folder):
    spec = importlib.util.spec_from_file_location("src_areg", folder / "src_areg.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    stored = module.areg_cluster
    do = "egen gear = group(gear_ratio)\nxtset gear\nxtivreg2 price mpg length, fe small cluster(gear)"
    expect = {f"e({e})": getattr(stored, e) for e in ("N", "r2", "r2_a", "rss", "mss", "F")}
    expect |= {f"_se[{x}]": stored.summary.values[i][1] for i, x in enumerate(("mpg", "length"))}
    cases.add("xtivreg2, fe cluster", "printed_auto.csv", do, expect, 1e-8, "Stata output in the tests of econtools, src_areg.areg_cluster")


def averaged(cases):
    """Units of different sizes with weights, quoted in genmod/tests/test_gee.py with six or seven digits."""
    y = (1, 2, 3, 2, 3, 4, 3, 4, 5, 4, 5, 6, 5, 6, 7, 6, 7, 8, 7, 8)
    x = (1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 3, 3, 3, 3)
    unit = (1, 1, 2, 2, 2, 2, 4, 4, 5, 5, 6, 6, 6, 6, 8, 8, 9, 9, 10, 10)
    rows = "\n".join(f"{a} {b} {c} {1 + (i > 9)}" for i, (a, b, c) in enumerate(zip(y, x, unit)))
    do = f"clear\ninput y x id w\n{rows}\nend\nxtset id\nxtgee y x [pw=w], corr(independent)"
    expect = {"_b[_cons]": 1.247573, "_b[x]": 1.436893, "_se[_cons]": 0.895366, "_se[x]": 0.3425498, "e(phi)": 1.808576}
    cases.add("xtgee with sampling weights", None, do, expect, 2e-6, "Stata output in statsmodels, genmod/tests/test_gee.py")


def main():
    if len(sys.argv) != 4:
        print(__doc__)
        return
    folder, econtools = Path(sys.argv[1]), Path(sys.argv[2])
    cars = pd.read_csv(sys.argv[3])
    cars["w"] = cars["drat"] / 5
    write_data("mtcars", cars[["mpg", "cyl", "hp", "wt", "am", "gear", "carb", "w"]])
    cases = Cases("stata_stored", "results of Stata stored in the tests of R estimatr, statsmodels and Python econtools; see each case")
    robust_regressions(cases, folder)
    instrument_tests(cases, folder)
    weighted_glm(cases)
    constrained(cases)
    truncated(cases)
    within(cases, econtools)
    averaged(cases)
    cases.write()


if __name__ == "__main__":
    main()
