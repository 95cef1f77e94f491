"""Commands on data: published counts of [D] inspect for the automobile data, episodes of R survival's survSplit, linked
frames by merges of pandas and R. Writes `datacommands.json`."""

import json
import subprocess

import pandas as pd

from common import ROOT, Cases

SCRIPT = """
suppressMessages({library(survival); library(jsonlite)})
d <- read.csv('veteran.csv'); d$id <- seq_len(nrow(d)); d$died <- d$status
s <- survSplit(Surv(time, died) ~ ., d, cut = c(30, 90, 180), start = 't0', end = 't1', event = 'dd', episode = 'e')
low <- c(0, 30, 90, 180)[s$e]
at <- lapply(split(seq_len(nrow(s)), low), function(i) c(length(i), sum(s$t1[i] - s$t0[i]), sum(s$dd[i])))
f <- coxph(Surv(t0, t1, dd) ~ age + I(age * (low >= 90)), s, ties = 'breslow')
cuts <- sort(unique(d$time[d$died == 1]))
r <- survSplit(Surv(time, died) ~ ., d, cut = cuts, start = 't0', end = 't1', event = 'dd')
cat(toJSON(list(n = nrow(s), at = at, b = unname(coef(f)), ll = f$loglik, risk = nrow(r)), digits = NA, auto_unbox = TRUE))
"""

LINKED = """
d <- read.csv('lbw.csv'); m <- aggregate(bwt ~ race + smoke, d, mean); names(m)[3] <- 'mean'
j <- merge(d[d$age > 18, ], m[m$mean > 2600, ], by = c('race', 'smoke'), all.x = TRUE)
cat(format(c(sum(is.na(j$mean)), sum(j$bwt - j$mean, na.rm = TRUE), var(j$mean, na.rm = TRUE)), digits = 17), sep = ',')
"""


def linked(cases):
    frame = pd.read_csv(ROOT / "data" / "lbw.csv")
    means = frame.groupby(["race", "smoke"], as_index=False).agg(mean=("bwt", "mean"), top=("bwt", "max"))
    joined = frame.merge(means, on=["race", "smoke"])
    do = ("frame put race smoke bwt, into(cells)\nframe cells: collapse (mean) mean=bwt (max) top=bwt, by(race smoke)\n"
          "frlink m:1 race smoke, frame(cells)\nfrget mean top, from(cells)\ngenerate double gap = (bwt - mean)*(top - bwt)\nsummarize gap")
    gap = (joined["bwt"] - joined["mean"]) * (joined["top"] - joined["bwt"])
    cases.add("frlink and frget, every row", "lbw.csv", do, {"r(N)": len(gap), "r(mean)": gap.mean(), "r(Var)": gap.var()}, 1e-9, "pandas merge")
    found = subprocess.run(["Rscript", "-"], input=LINKED, cwd=ROOT / "data", capture_output=True, text=True, check=True).stdout
    left, total, spread = (float(x) for x in found.split(","))
    do = ("frame copy default cells\nframe cells: collapse (mean) mean=bwt, by(race smoke)\nframe cells: keep if mean > 2600\nkeep if age > 18\n"
          "frlink m:1 race smoke, frame(cells) generate(cell)\nscalar left = r(unmatched)\ngenerate double mean = frval(cell, mean)\n"
          "generate double gap = bwt - mean\nsummarize gap\nscalar total = r(sum)\nsummarize mean")
    cases.add("frlink and frval(), rows without a match", "lbw.csv", do, {"left": left, "total": total, "r(Var)": spread}, 1e-9, "R merge")


def main():
    cases = Cases("datacommands", "published output of [D] inspect; R survival survSplit; merges of pandas and R")
    linked(cases)
    cases.add("inspect mpg of the manual", "cars.csv", "inspect mpg",
              {"r(N)": 74, "r(N_neg)": 0, "r(N_0)": 0, "r(N_pos)": 74, "r(N_posint)": 74, "r(N_unique)": 21}, 1e-12, "[D] inspect, example 1")
    done = subprocess.run(["Rscript", "-"], input=SCRIPT, cwd=ROOT / "data", capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    setup = "generate id = _n\nquietly stset time, failure(status) id(id)\n"
    expect = {"_N": found["n"]}
    lines = []
    for k, (low, (rows, time, events)) in enumerate(sorted(found["at"].items(), key=lambda i: float(i[0]))):
        lines.append(f"quietly generate len{k} = (_t - _t0)*(band == {low})\nquietly generate ev{k} = _d*(band == {low})\n"
                     f"quietly summarize len{k}\nscalar time{k} = r(sum)\nquietly summarize ev{k}\nscalar events{k} = r(sum)\n"
                     f"quietly count if band == {low}\nscalar rows{k} = r(N)\n")
        expect |= {f"time{k}": time, f"events{k}": events, f"rows{k}": rows}
    cases.add("stsplit at()", "veteran.csv", setup + "stsplit band, at(30 90 180)\n" + "".join(lines), expect, 1e-9, "R survSplit")
    cases.add("stsplit and a coefficient that changes", "veteran.csv",
              setup + "stsplit band, at(30 90 180)\ngenerate late = age*(band >= 90)\nstcox age late, nohr",
              {"_b[age]": found["b"][0], "_b[late]": found["b"][1], "e(ll)": found["ll"][1], "e(ll_0)": found["ll"][0]}, 1e-6, "R survSplit and coxph (Breslow)")
    cases.add("stsplit at(failures)", "veteran.csv", setup + "stsplit, at(failures)", {"_N": found["risk"]}, 1e-12, "R survSplit")
    cases.write()


if __name__ == "__main__":
    main()
