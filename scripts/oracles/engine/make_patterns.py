"""Residuals and influence by pattern of regressors after `logit` (R glm on grouped data, statsmodels)."""

import json
import subprocess

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases

ROWS = (1, 20, 77, 150, 189)
NAMES = "residuals deviance hat rstandard dx2 ddeviance dbeta".split()

GROUPED = """
d <- read.csv("lbw.csv"); key <- paste(d$lwt, d$smoke)
g <- data.frame(y = tapply(d$low, key, sum), m = tapply(d$low, key, length), lwt = tapply(d$lwt, key, mean), smoke = tapply(d$smoke, key, mean))
f <- glm(cbind(y, m - y) ~ lwt + smoke, binomial, g, control = glm.control(epsilon = 1e-14, maxit = 50))
h <- hatvalues(f); r <- residuals(f, "pearson"); e <- residuals(f, "deviance"); s <- rstandard(f, type = "pearson")
out <- cbind(r, e, h, s, s^2, rstandard(f)^2, cooks.distance(f) * 3)[key, ]
cat("[", paste(apply(out, 1, function(v) paste0("[", paste(format(v, digits = 17), collapse = ","), "]")), collapse = ","), "]")
"""


def by_r():
    done = subprocess.run(["Rscript", "-e", GROUPED], cwd=ROOT / "data", capture_output=True, text=True, check=True)
    return np.array(json.loads(done.stdout))


def by_statsmodels():
    """Rows that are their own pattern: every woman has her own age in days."""
    frame = pd.read_csv(ROOT / "data" / "lbw.csv")
    frame["z"] = frame["age"] + frame["id"] / 1000
    x = sm.add_constant(frame[["z", "lwt"]])
    fit = sm.GLM(frame["low"], x, family=sm.families.Binomial()).fit(tol=1e-14, maxiter=100)
    influence = fit.get_influence()
    h = influence.hat_matrix_diag
    r, e = fit.resid_pearson.to_numpy(), fit.resid_deviance.to_numpy()
    return np.column_stack([r, e, h, r / np.sqrt(1 - h), r**2 / (1 - h), e**2 / (1 - h), influence.cooks_distance[0] * 3])


def script(model):
    return model + "".join(f"\npredict double p_{name}, {name}" for name in NAMES)


def main():
    cases = Cases("patterns", "R 4.2 glm on grouped data; statsmodels GLM influence")
    for name, model, table in (
        ("patterns, R", "logit low lwt smoke", by_r()),
        ("single rows, statsmodels", "gen double z = age + id/1000\nlogistic low z lwt", by_statsmodels()),
    ):
        expect = {f"p_{n}[{i}]": table[i - 1][k] for k, n in enumerate(NAMES) for i in ROWS}
        cases.add(name, "lbw.csv", script(model), expect, 1e-7)
    cases.write()


if __name__ == "__main__":
    main()
