"""`manova`: R's summary.manova, for several terms with sums of squares of type III by car; Wilks and Pillai also by statsmodels."""

import json
import subprocess

import pandas as pd
from common import ROOT, Cases
from statsmodels.multivariate.manova import MANOVA

DATA = ROOT / "data"

BY_R = """
suppressMessages(library(car)); options(contrasts = c("contr.sum", "contr.poly"))
d <- read.csv("lbw.csv"); d$race <- factor(d$race); d$smoke <- factor(d$smoke)
tests <- c("Wilks", "Pillai", "Hotelling-Lawley", "Roy")
one <- manova(cbind(bwt, lwt, age) ~ race, d)
a <- t(sapply(tests, function(t) { s <- summary(one, test = t)$stats[1, ]; c(s[2], s[3], s[4], s[5], s[6]) }))
m <- Anova(lm(cbind(bwt, lwt) ~ race * smoke + age, d), type = 3)
full <- function(name) { h <- m$SSP[[name]]; e <- m$SSPE; r <- Re(eigen(solve(e, h))$values); df <- m$df[name]
  c(prod(1 / (1 + r)), sum(r / (1 + r)), sum(r), max(r), df, m$error.df, h[1, 2]) }
b <- t(sapply(c("race", "smoke", "race:smoke", "age"), full))
rows <- function(x) paste0("[", paste(apply(x, 1, function(v) paste0("[", paste(format(v, digits = 17), collapse = ","), "]")), collapse = ","), "]")
cat("[", rows(a), ",", rows(b), "]")
"""


def main():
    cases = Cases("manova", "R manova and car; statsmodels MANOVA")
    done = subprocess.run(["Rscript", "-e", BY_R], cwd=DATA, capture_output=True, text=True, check=True)
    one, several = json.loads(done.stdout)
    expect = {f"m[{i + 1},{j + 1}]": value for i, row in enumerate(one) for j, value in enumerate(row)}
    cases.add("one factor", "lbw.csv", "manova bwt lwt age = race\nmatrix m = e(stat_1)", expect, 1e-8, "R summary.manova")
    expect, lines = {}, []
    for i, row in enumerate(several):
        expect |= {f"m{i + 1}[{k + 1},1]": row[k] for k in range(4)} | {f"e(df_{i + 1})": row[4], f"h{i + 1}[1,2]": row[6]}
        lines.append(f"matrix m{i + 1} = e(stat_{i + 1})\nmatrix h{i + 1} = e(H_{i + 1})")
    expect["e(df_r)"] = several[0][5]
    cases.add("two factors and a covariate", "lbw.csv", "manova bwt lwt = race##smoke c.age\n" + "\n".join(lines), expect, 1e-8, "R car Anova")
    frame = pd.read_csv(DATA / "lbw.csv")
    found = MANOVA.from_formula("bwt + lwt ~ C(race) + age", frame).mv_test().results["C(race)"]["stat"]
    expect = {}
    for i, name in enumerate(["Wilks' lambda", "Pillai's trace"]):
        row = found.loc[name]
        expect |= {f"m[{i + 1},1]": row["Value"], f"m[{i + 1},2]": row["F Value"], f"m[{i + 1},3]": row["Num DF"], f"m[{i + 1},4]": row["Den DF"],
                   f"m[{i + 1},5]": row["Pr > F"]}
    cases.add("a factor and a covariate", "lbw.csv", "manova bwt lwt = race c.age\nmatrix m = e(stat_1)", expect, 1e-8, "statsmodels MANOVA")
    cases.write()


if __name__ == "__main__":
    main()
