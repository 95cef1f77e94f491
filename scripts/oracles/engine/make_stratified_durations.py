"""`streg, strata()`: R survreg with strata() in the metric of time, and maximum likelihood by scipy in the metric of hazards."""

import subprocess

import numpy as np
import pandas as pd
from common import ROOT, Cases
from numeric import maximise

# the stratum of reference has its own scale; the others are told by the difference of logs
SURVREG = """library(survival)
v <- read.csv('data/veteran.csv')
for (d in c('weibull', 'lognormal', 'loglogistic')) {
  f <- survreg(Surv(time, status) ~ karno + age + factor(cell) + strata(cell), data = v, dist = d,
               control = survreg.control(rel.tolerance = 1e-14, maxiter = 100))
  V <- f$var; L <- log(f$scale); se <- sqrt(diag(V))
  cat(sprintf('%.17g ', c(f$coef[2], se[2], f$coef[5], se[5], f$coef[1], se[1], L[1], se[7], L[3] - L[1],
      sqrt(V[9, 9] + V[7, 7] - 2 * V[7, 9]), f$loglik[2] + sum(v$status * log(v$time)))), '\\n')
}"""


def times(cases):
    out = subprocess.run(["Rscript", "-e", SURVREG], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for line, (name, ancillary) in zip(out.splitlines(), (("weibull", "ln_p"), ("lognormal", "lnsigma"), ("loglogistic", "lngamma"))):
        x = [float(w) for w in line.split()]
        sign = -1 if name == "weibull" else 1
        time = "time " if name == "weibull" else ""
        cases.add(f"streg {name} strata", "veteran.csv", f"stset time, failure(status)\nstreg karno age, distribution({name}) {time}strata(cell)", {
            "_b[_t:karno]": x[0], "_se[_t:karno]": x[1], "_b[_t:3.cell]": x[2], "_se[_t:3.cell]": x[3], "_b[_t:_cons]": x[4],
            "_se[_t:_cons]": x[5], f"_b[{ancillary}:_cons]": sign * x[6], f"_se[{ancillary}:_cons]": x[7],
            f"_b[{ancillary}:3.cell]": sign * x[8], f"_se[{ancillary}:3.cell]": x[9], "e(ll)": x[10]}, 1e-5,
            "R survival survreg with strata(); the log likelihood with the logs of the failure times")


def hazards(cases):
    v = pd.read_csv(ROOT / "data/veteran.csv")
    strata = np.column_stack([(v.cell == k) * 1.0 for k in (2, 3, 4)])
    ones = np.ones(len(v))
    x, z = np.column_stack([v.karno / 10, v.trt, strata, ones]), np.column_stack([strata, ones])
    t, d = v.time.to_numpy(float), v.status.to_numpy(float)

    def weibull(p):
        shape = z @ p[6:]
        return d * (x @ p[:6] + shape + np.exp(shape) * np.log(t)) - np.exp(x @ p[:6]) * t ** np.exp(shape)

    def gompertz(p):
        # rates per hundred days keep the parameters on one scale
        rate = z @ p[6:] / 100
        return d * (x @ p[:6] + rate * t + np.log(t)) - np.exp(x @ p[:6]) * np.expm1(rate * t) / rate

    def exponential(p):
        return d * (x @ p + np.log(t)) - np.exp(x @ p) * t

    start = [0.0] * 5 + [-4.0]
    models = (("weibull", weibull, start + [0.0] * 4, "ln_p", 1), ("gompertz", gompertz, start + [0.0, 0.0, 0.0, 0.1], "gamma", 100),
              ("exponential", exponential, start, None, 1))
    for name, likelihood, first, ancillary, unit in models:
        b, ll, information, _ = maximise(likelihood, first)
        se = np.sqrt(np.diag(np.linalg.inv(information)))
        expect = {}
        for i, own in enumerate(("karno", "trt", "2.cell", "3.cell", "4.cell", "_cons")):
            expect |= {f"_b[_t:{own}]": b[i], f"_se[_t:{own}]": se[i]}
        for i, own in enumerate(("2.cell", "3.cell", "4.cell") if ancillary else (), 6):
            expect |= {f"_b[{ancillary}:{own}]": b[i] / unit, f"_se[{ancillary}:{own}]": se[i] / unit}
        cases.add(f"streg {name} hazards strata", "veteran.csv",
                  f"replace karno = karno/10\nstset time, failure(status)\nstreg karno trt, distribution({name}) nohr strata(cell)",
                  expect | {"e(ll)": ll}, 2e-5, "scipy maximum likelihood")


def main():
    cases = Cases("stratified_durations", "R survival; scipy")
    times(cases)
    hazards(cases)
    cases.write()


if __name__ == "__main__":
    main()
