"""Survey variances from replicates: R survey, and numpy by hand. Writes `replicates.json`."""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from common import Cases, write_data

R = r"""
suppressMessages({library(survey); library(jsonlite)})
num <- function(x) unname(as.numeric(x))
set.seed(8)
d <- expand.grid(k = 1:6, psu = 1:2, h = 1:7)
d$x <- round(rnorm(nrow(d)), 3); d$grp <- rep(1:2, length.out = nrow(d)); d$w <- round(runif(nrow(d), 1, 4), 2)
d$y <- round(1 + .5 * d$x + .2 * d$h + rnorm(nrow(d)), 3); d$b <- as.integer(d$y > 1.6); d$c <- d$h * 10 + d$psu
base <- svydesign(~c, strata = ~h, weights = ~w, data = d)
brr <- as.svrepdesign(base, type = "BRR"); fay <- as.svrepdesign(base, type = "Fay", fay.rho = .3)
jkn <- as.svrepdesign(base, type = "JKn")
w <- weights(brr, "analysis"); colnames(w) <- paste0("brr", 1:ncol(w)); f <- weights(fay, "analysis"); colnames(f) <- paste0("fay", 1:ncol(f))
one <- as.svrepdesign(svydesign(~c, weights = ~w, data = d), type = "JK1")
j <- weights(one, "analysis"); colnames(j) <- paste0("jk", 1:ncol(j))
write.csv(cbind(d[, c("h", "c", "grp", "x", "y", "b", "w")], w, f, j), "replicates.csv", row.names = FALSE)
out <- list(n_brr = ncol(w), n_jk = ncol(j))
see <- function(d) {
  m <- svymean(~y, d); t <- svytotal(~b, d); l <- svyglm(y ~ x + factor(grp), d); b <- svyglm(b ~ x, d, family = quasibinomial)
  r <- svyratio(~y, ~w, d); u <- svymean(~y, subset(d, grp == 1))
  list(mean = c(coef(m), SE(m)), total = c(coef(t), SE(t)), reg = c(coef(l), sqrt(diag(vcov(l)))), ratio = c(num(coef(r)), num(SE(r))),
    logit = c(coef(b), sqrt(diag(vcov(b)))), sub = c(coef(u), SE(u)))
}
for (mse in c(FALSE, TRUE)) {
  options(survey.replicates.mse = mse)
  for (k in c("brr", "fay", "jkn", "one")) {
    d2 <- get(k); d2$mse <- mse
    out[[paste0(k, if (mse) "_mse" else "")]] <- lapply(see(d2), num)
  }
}
cat(toJSON(out, digits = NA))
"""


def by_hand(d, weights, factor, groups, mse):
    """Mean of y and regression of y on x with each replicate's weights; deviations from the means of groups of replicates."""

    def fit(w):
        x = np.column_stack([d.x, np.ones(len(d))])
        b = np.linalg.solve(x.T @ (x * w[:, None]), x.T @ (w * d.y))
        return np.append(b, np.average(d.y, weights=w))

    full = fit(d.w.to_numpy())
    fits = np.array([fit(w) for w in weights])
    centre = full if mse else np.array([fits[groups == g].mean(axis=0) for g in groups])
    return full, np.sqrt((np.asarray(factor)[:, None] * (fits - centre) ** 2).sum(axis=0))


def left_out(d):
    """Weights without one unit after the other, those of its stratum enlarged."""
    weights, strata = [], []
    for h, c in d[["h", "c"]].drop_duplicates().itertuples(index=False):
        w = d.w.to_numpy() * np.where(d.h == h, 2.0, 1.0)
        weights.append(np.where(d.c == c, 0.0, w))
        strata.append(h)
    return weights, np.array(strata)


def main():
    with tempfile.TemporaryDirectory() as folder:
        text = subprocess.run(["Rscript", "-e", R], cwd=folder, check=True, capture_output=True, text=True).stdout
        d = pd.read_csv(Path(folder) / "replicates.csv")
    write_data("replicates", d)
    r = json.loads(text)
    c = Cases("replicates", "R survey, numpy")
    brr, jk = r["n_brr"][0], r["n_jk"][0]
    designs = {
        "brr": f"svyset [pw=w], brrweight(brr1-brr{brr}) vce(brr)",
        "fay": f"svyset [pw=w], brrweight(fay1-fay{brr}) fay(.3) vce(brr)",
        "jkn": "svyset c [pw=w], strata(h) vce(jackknife)",
        "one": f"svyset [pw=w], jkrweight(jk1-jk{jk}, multiplier({(jk - 1) / jk!r})) vce(jackknife)",
    }
    models = {
        "mean": ("svy: mean y", ["_b[y]", "_se[y]"]),
        "total": ("svy: total b", ["_b[b]", "_se[b]"]),
        "reg": ("svy: regress y x i.grp", ["_b[_cons]", "_b[x]", "_b[2.grp]", "_se[_cons]", "_se[x]", "_se[2.grp]"]),
        "logit": ("svy: logit b x", ["_b[_cons]", "_b[x]", "_se[_cons]", "_se[x]"]),
        "ratio": ("svy: ratio (r: y/w)", ["_b[r]", "_se[r]"]),
        "sub": ("svy, subpop(if grp == 1): mean y", ["_b[y]", "_se[y]"]),
    }
    for name, declare in designs.items():
        # R takes deviations of a stratified jackknife from one mean, Stata from that of each stratum: see by hand.
        for mse in ["_mse"] if name == "jkn" else ["", "_mse"]:
            for model, (command, expressions) in models.items():
                c.add(f"svy {name}{mse} {model}", "replicates.csv", f"{declare}{' mse' if mse else ''}\n{command}",
                      dict(zip(expressions, r[name + mse][model], strict=True)), 1e-6, "R survey, replicate weights")
    columns = {"brr": [f"brr{i + 1}" for i in range(brr)], "fay": [f"fay{i + 1}" for i in range(brr)], "one": [f"jk{i + 1}" for i in range(jk)]}
    factors = {"brr": 1 / brr, "fay": 1 / (brr * 0.49), "one": (jk - 1) / jk, "jkn": 0.5}
    for name, factor in factors.items():
        if name == "jkn":
            weights, groups = left_out(d)
        else:
            weights = [d[k].to_numpy() for k in columns[name]]
            groups = np.zeros(len(weights))
        df = 7 if name == "jkn" else len(weights) - 1
        for mse in [False, True]:
            b, se = by_hand(d, weights, [factor] * len(weights), groups, mse)
            design = designs[name].replace("vce(brr)", "").replace("vce(jackknife)", "")
            prefix = f"svy {'brr' if name in ('brr', 'fay') else 'jackknife'}, {'mse' if mse else 'nodots'}:"
            c.add(f"svy {name} by hand regress, mse {mse}", "replicates.csv", f"{design}\n{prefix} regress y x",
                  {"_b[x]": b[0], "_se[x]": se[0], "_se[_cons]": se[1], "e(df_r)": df}, 1e-8, "numpy")
            c.add(f"svy {name} by hand mean, mse {mse}", "replicates.csv", f"{design}\n{prefix} mean y", {"_b[y]": b[2], "_se[y]": se[2]}, 1e-9,
                  "numpy")
    c.write()


if __name__ == "__main__":
    main()
