"""Linear, panel and instrumental-variables cases from stored Stata output."""

import importlib
import itertools
import os
import re

import linearmodels
import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import Cases, coefficients, write_data

LM = os.path.dirname(linearmodels.__file__)


def stored(cases, module, attribute, data, do, names=None, extra=("r2", "rmse", "rss", "mss", "r2_a", "ll", "ll_0", "F", "df_r", "N"), tol=1e-8):
    bunch = getattr(importlib.import_module(module), attribute)
    table = np.asarray(bunch.params_table)
    rows = dict(zip(bunch.params_table_rownames, table[:, :2]))
    expect = coefficients(rows, names)
    for name in extra:
        if name in bunch and np.isscalar(bunch[name]):
            expect[f"e({name})"] = bunch[name]
    cases.add(f"{data}: {do}", f"{data}.csv", do, expect, tol, f"{module}.{attribute}")


def regress():
    cases = Cases("regress", "Stata output stored in statsmodels tests; module and attribute in each case")
    grunfeld = sm.datasets.grunfeld.load_pandas().data.iloc[:200].rename(columns={"value": "mvalue", "capital": "kstock"})
    grunfeld["company"] = pd.factorize(grunfeld["firm"])[0] + 1
    # Stata held these variables as floats.
    for name in ("invest", "mvalue", "kstock"):
        grunfeld[name] = grunfeld[name].astype(np.float32).astype(float)
    write_data("grunfeld", grunfeld[["company", "year", "invest", "mvalue", "kstock"]])
    module = "statsmodels.regression.tests.results.results_grunfeld_ols_robust_cluster"
    stored(cases, module, "results_cluster", "grunfeld", "regress invest mvalue kstock, vce(cluster company)")
    stored(cases, module, "results_hc1_wls_small", "grunfeld", "regress invest mvalue kstock [aw=1/mvalue], vce(robust)")
    stored(cases, module, "results_cluster_wls_small", "grunfeld", "regress invest mvalue kstock [aw=1/mvalue], vce(cluster company)")
    cp = sm.datasets.cpunish.load_pandas().data.rename(columns=str.lower)
    cp["wt"] = [1, 1, 1, 2, 2, 2, 3, 3, 3, 1, 1, 1, 2, 2, 2, 3, 3]
    cp["id"] = np.arange(1, len(cp) + 1) // 2
    cp = cp.rename(columns={"vc100k96": "ln_vc100k96", "wt": "fweight"})
    cp["ln_vc100k96"] = np.log(cp["ln_vc100k96"])
    for name in cp.columns:
        cp[name] = cp[name].astype(np.float32).astype(float)
    write_data("cpunish", cp)
    module = "statsmodels.genmod.tests.results.results_glm_poisson_weights"
    for attribute in ("aweight_robust", "aweight_clu1", "fweight_clu1", "pweight_clu1"):
        bunch = getattr(importlib.import_module(module), f"results_wls_{attribute}")
        stored(cases, module, f"results_wls_{attribute}", "cpunish", bunch.cmdline.lower(), {n: n.lower() for n in bunch.params_table_rownames})
    return cases


def linearmodels_blocks(path, separator):
    blocks, block, key = {}, [], ""
    for line in open(path):
        text = line.strip()
        if separator in text:
            if key:
                blocks[key] = block
            key, block = text.split("!")[1], []
        elif text:
            block.append(text)
    blocks[key] = block
    return blocks


def parse(block, step):
    start = next(i for i, t in enumerate(block) if t.startswith("b/t")) + 1
    end = next(i for i, t in enumerate(block) if "Variance" in t)
    params, stats = {}, {}
    i = start
    statistics = {"r2", "r2_a", "mss", "rss", "rmse", "J", "kappa", "F", "p", "chi2", "df_m"}
    while i < end and block[i].split("\t")[0] not in statistics:
        name, value = block[i].split("\t")
        params[name] = (float(value), float(value) / float(block[i + 1]))
        i += step
    for text in block[i:end]:
        # Numbers below 1e-5 are printed with an exponent and only seven digits.
        if "\t" in text and "e-" not in text:
            name, value = text.split("\t")
            stats.setdefault(name, float(value))
    return params, stats


def iv():
    cases = Cases("ivregress", "Stata output stored in linearmodels tests/iv/results")
    housing = pd.read_csv(f"{LM}/tests/iv/results/housing.csv", index_col=0)
    housing["region"] = pd.Categorical(housing["region"], ["N Cntrl", "NE", "South", "West"]).codes + 1 if housing["region"].dtype == object else housing["region"]
    keep = ["rent", "pcturban", "hsngval", "faminc", "region", "division"]
    housing["division"] = pd.factorize(housing["division"])[0] + 1
    housing["region"] = pd.factorize(housing["region"])[0] + 1
    write_data("housing", housing[keep])
    for key, block in linearmodels_blocks(f"{LM}/tests/iv/results/stata-iv-housing-results.txt", "!").items():
        method, vce, small = key.split("-")
        params, stats = parse(block, 2)
        option = {"unadjusted": "unadjusted", "robust": "robust", "cluster": "cluster division"}[vce]
        kind = "wmatrix" if method == "gmm" else "vce"
        option = f"{kind}({option}) small" if small == "small" else f"{kind}({option})"
        do = f"ivregress {method} rent pcturban (hsngval = faminc i.region), {option}".rstrip(", ")
        expect = coefficients(params)
        for name in ("r2", "r2_a", "mss", "rss", "rmse", "J", "kappa", "F", "chi2", "p"):
            if name in stats and not (name == "kappa" and method == "2sls") and not (name == "p" and stats[name] < 1e-3):
                expect[f"e({name})"] = stats[name]
        cases.add(f"housing {key}", "housing.csv", do, expect, 2e-8)
    data = pd.read_stata(f"{LM}/tests/iv/results/simulated-data.dta")
    columns = ["y_unadjusted", "y_robust", "y_clustered", "x1", "x2", "x3", "x4", "x5", "z1", "z2", "cluster_id", "weights"]
    write_data("ivsimulated", data[columns])
    return cases, data


def iv_simulated(cases):
    path = f"{LM}/tests/iv/results/stata-iv-simulated-results.txt"
    outcome = {"unadjusted": "y_unadjusted", "robust": "y_robust", "cluster cluster_id": "y_clustered"}
    for key, block in linearmodels_blocks(path, "!").items():
        found = re.match(r"(\w+)-num_endog_(\d)-num_exog_(\d)-num_instr_(\d)-weighted_(\w+)-(vce|wmatrix)\((.*)\)-(.*)", key)
        method, endogenous, exogenous, instruments, weighted, kind, vce, other = found.groups()
        if vce not in outcome or "center" in other:
            continue
        left = f"ivregress {method} {outcome[vce]} {'x3 x4 x5' if exogenous == '3' else ''} "
        middle = f"({'x1 x2' if endogenous == '2' else 'x1'} = {'z1 z2' if instruments == '2' else 'z1'})"
        weight = " [aweight=weights]" if weighted == "True" else ""
        do = f"{left}{middle}{weight}, {kind}({vce}) {other.replace('_', ' ')}".rstrip()
        params, stats = parse(block, 2)
        expect = coefficients(params)
        for name in ("r2", "r2_a", "mss", "rss", "rmse", "J", "kappa"):
            if name in stats and not (name == "kappa" and method == "2sls") and not (name == "p" and stats[name] < 1e-3):
                expect[f"e({name})"] = stats[name]
        cases.add(f"simulated {key}", "ivsimulated.csv", do, expect, 5e-8)


def panel():
    cases = Cases("panel", "Stata output stored in linearmodels tests/panel/results")
    data = pd.read_stata(f"{LM}/tests/panel/results/simulated-panel.dta")
    data["firm_id"] = pd.factorize(data["firm"])[0] + 1
    data["year"] = pd.to_datetime(data["time"]).dt.year
    names = ["y", "x1", "x2", "x3", "x4", "x5"]
    write_data("panelsimulated", data[["firm_id", "year", "w"] + names + [n + "_heavy" for n in names]])
    commands = {
        "between-conventional-": ("xtreg {v}, be", 1), "fixed_effect-conventional-": ("xtreg {v}, fe vce(conventional)", 1),
        "fixed_effect-robust-": ("xtreg {v}, fe vce(robust)", 1), "fixed_effect-cluster-": ("xtreg {v}, fe vce(cluster firm_id)", 1),
        "random_effect-conventional-": ("xtreg {v}, re", 1), "random_effect-robust-": ("xtreg {v}, re vce(robust)", 1),
        "random_effect-cluster-": ("xtreg {v}, re vce(cluster firm_id)", 1),
        "fixed_effect-conventional-weighted": ("xtreg {v} [aweight=w], fe", 1), "fixed_effect-robust-weighted": ("xtreg {v} [aweight=w], fe vce(robust)", 1),
        "fixed_effect-cluster-weighted": ("xtreg {v} [aweight=w], fe vce(cluster firm_id)", 1),
        "pooled-conventional-": ("regress {v}", 0), "pooled-robust-": ("regress {v}, vce(robust)", 0), "pooled-cluster-": ("regress {v}, vce(cluster firm_id)", 0),
        "pooled-conventional-weighted": ("regress {v} [aweight=w]", 0), "pooled-robust-weighted": ("regress {v} [aweight=w], vce(robust)", 0),
        "pooled-cluster-weighted": ("regress {v} [aweight=w], vce(cluster firm_id)", 0),
    }
    for key, block in linearmodels_blocks(f"{LM}/tests/panel/results/stata-panel-simulated-results.txt", "###!").items():
        config, ending = key.rsplit("-", 1)
        if config not in commands or ending == "_light":
            continue
        command, xtset = commands[config]
        start = next(i for i, t in enumerate(block) if t.startswith("b/t")) + 1
        end = next(i for i, t in enumerate(block) if "Variance" in t)
        stop = next(i for i, t in enumerate(block) if t.startswith("rss"))
        params = {}
        for i in range(start, stop, 3):
            name, value = block[i].split("\t")
            params[name] = (float(value), float(value) / float(block[i + 1]))
        expect = coefficients(params)
        for text in block[stop:end]:
            if "\t" in text and "e-" not in text:
                name, value = text.split("\t")
                expect[f"e({name})"] = float(value)
        if "between" in config or "random" in config:
            expect = {k: v for k, v in expect.items() if k not in ("e(ll)", "e(ll_0)", "e(tss)", "e(df_b)")}
        expect = {k: v for k, v in expect.items() if k not in ("e(df_b)",)}
        if "robust" in config or "cluster" in config:
            # Stata 13 counts one parameter less here, which no formula of the manual explains.
            expect.pop("e(df_m)", None) if "fixed" in config else None
        do = command.format(v=" ".join(n + ending for n in names))
        if xtset:
            do += " i(firm_id)" if ", " in do else ", i(firm_id)"
        cases.add(key, "panelsimulated.csv", do, expect, 2e-8)
    return cases


if __name__ == "__main__":
    regress().write()
    cases, _ = iv()
    iv_simulated(cases)
    cases.write()
    panel().write()
