"""Seemingly unrelated regressions: Stata output stored with the tests of linearmodels."""

import os
import re

import linearmodels
import pandas as pd
from common import Cases, write_data

FOLDER = os.path.join(os.path.dirname(linearmodels.__file__), "tests/system/results")


def blocks(file, equations, separator):
    """Name -> coefficients by equation, scalars, Sigma rows."""
    text = open(os.path.join(FOLDER, file)).read()
    out = {}
    for part in re.split(separator, text)[1:]:
        name, body = (p.strip() for p in part.split("!", 1))
        equation, coefficients, scalars = None, {}, {}
        lines = body.split("*********** Variance")[0].splitlines()
        for i, line in enumerate(lines):
            cells = line.split("\t")
            word = cells[0].strip()
            if re.fullmatch(equations, word) and (len(cells) < 2 or not cells[1].strip()):
                equation = word
            elif re.fullmatch(r"(chi2|F|p|mss|r2|rss)_\d|df_m\d", word):
                if len(cells) > 1 and cells[1].strip():
                    scalars[word] = float(cells[1])
            elif word and equation and len(cells) > 1 and cells[1].strip():
                b, t = float(cells[1]), float(lines[i + 1].split("\t")[1])
                coefficients[(equation, word)] = (b, b / t)
        sigma = [line.split("\t") for line in body.split("*********** Sigma")[1].splitlines() if re.match(equations, line)]
        out[name] = coefficients, scalars, [[float(v) for v in row[1:] if v.strip()] for row in sigma]
    return out


if __name__ == "__main__":
    data = pd.read_stata(os.path.join(FOLDER, "simulated-sur.dta"))
    data = data[[c for c in data.columns if c.startswith("mod_")]]
    write_data("sur", data)
    cases = Cases("systems", "Stata output in linearmodels tests/system/results")
    for name, (coefficients, scalars, sigma) in blocks("stata-sur-results.txt", r"mod_\d_y_\d", r"#{10,}!").items():
        if name.endswith("constrained"):
            continue
        equations = {}
        for (equation, term), _ in coefficients.items():
            equations.setdefault(equation, []).append(term)
        command = "sureg " + " ".join(f"({e} {' '.join(t for t in terms if t != '_cons')})" for e, terms in equations.items())
        command += ", small dfk" if name.endswith("ss") else ""
        expect = {f"[{e}]_b[{t}]": b for (e, t), (b, _) in coefficients.items()} | {f"[{e}]_se[{t}]": s for (e, t), (_, s) in coefficients.items()}
        expect |= {f"e({k})": v for k, v in scalars.items() if v > 1e-30}
        expect |= {f"el(e(Sigma),{i + 1},{j + 1})": v for i, row in enumerate(sigma) for j, v in enumerate(row)}
        cases.add(f"sureg {name}", "sur.csv", command, expect, 1e-6, f"stata-sur-results.txt {name}")
        if name == "basic-base":
            below = [(i, j) for i in range(len(sigma)) for j in range(i)]
            used = [v for pair in equations.items() for v in (pair[0], *pair[1]) if v != "_cons"]
            statistic = len(data[used].dropna()) * sum(sigma[i][j] ** 2 / (sigma[i][i] * sigma[j][j]) for i, j in below)
            tested = {"e(chi2_bp)": statistic, "e(df_bp)": float(len(below))}
            cases.add("sureg correlations", "sur.csv", command + ", corr", tested, 1e-6, f"Sigma of stata-sur-results.txt {name}; Breusch and Pagan (1980)")
    data = pd.read_stata(os.path.join(FOLDER, "simulated-3sls.dta"))
    write_data("simultaneous", data)
    for name, (coefficients, scalars, sigma) in blocks("stata-3sls-results.txt", r"dependent_\d", r"!{20,} ").items():
        if name == "sur":
            name = "sure"
        parts = []
        for e in range(3):
            others = " ".join(f"dependent_{j}" for j in range(3) if j != e)
            parts.append(f"(dependent_{e} {others} exog_1 exog_2 exog_3 exog_{4 + 2 * e} exog_{5 + 2 * e})")
        expect = {f"[{e}]_b[{t}]": b for (e, t), (b, _) in coefficients.items()} | {f"[{e}]_se[{t}]": s for (e, t), (_, s) in coefficients.items()}
        expect |= {f"e({k})": v for k, v in scalars.items() if v > 1e-9}
        expect |= {f"el(e(Sigma),{i + 1},{j + 1})": v for i, row in enumerate(sigma) for j, v in enumerate(row)}
        cases.add(f"reg3 {name}", "simultaneous.csv", "reg3 " + " ".join(parts) + f", {name}", expect, 1e-6, f"stata-3sls-results.txt {name}")
    cases.write()
