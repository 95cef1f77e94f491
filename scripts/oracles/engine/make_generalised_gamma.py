"""`streg, distribution(ggamma)` (scipy: maximum likelihood with the incomplete gamma function) and `kap` with weights of
`kapwgt` (published output of [R] kappa)."""

import numpy as np
import pandas as pd
from common import ROOT, Cases
from numeric import maximise
from scipy import special, stats


def log_parts(w, kappa):
    """Log density of the standardised log time, log survivor function."""
    if abs(kappa) < 1e-8:
        return stats.norm.logpdf(w), stats.norm.logsf(w)
    g = kappa**-2
    u = g * np.exp(kappa * w)
    density = np.log(abs(kappa)) + g * np.log(g) - special.gammaln(g) + w / kappa - u
    tail = special.gammaincc(g, u) if kappa > 0 else special.gammainc(g, u)
    return density, np.log(tail)


def survival(cases):
    data = pd.read_csv(ROOT / "data/veteran.csv")
    time, status = data.time.to_numpy(float), data.status.to_numpy(float)
    begin = np.where(np.arange(len(data)) % 3 == 0, time / 4, 0.0)

    def log_likelihood(p, x, entry):
        sigma, kappa = np.exp(p[-2]), p[-1]
        eta = x @ p[:-2]
        density, tail = log_parts((np.log(time) - eta) / sigma, kappa)
        out = status * (density - p[-2]) + (1 - status) * tail
        late = entry > 0
        out[late] -= log_parts((np.log(entry[late]) - eta[late]) / sigma, kappa)[1]
        return out
    ones = np.ones(len(data))
    full = np.column_stack([data.karno / 10, data.trt, ones])
    for name, entry, option in (("", 0 * time, ""), (" with late entry", begin, " enter(time begin)")):
        b, ll, information, _ = maximise(lambda p: log_likelihood(p, full, entry), [0.3, 0.0, 3.0, 0.1, 0.3])
        ll_0 = maximise(lambda p: log_likelihood(p, ones[:, None], entry), [4.0, 0.3, 0.3])[1]
        se = np.sqrt(np.diag(np.linalg.inv(information)))
        do = ("replace karno = karno/10\ngenerate double begin = cond(mod(_n - 1, 3) == 0, time/4, 0)\n"
              f"stset time, failure(status){option}\n"
              "streg karno trt, distribution(ggamma)")
        cases.add(f"streg ggamma{name}", "veteran.csv", do, {
            "_b[karno]": b[0], "_se[karno]": se[0], "_b[trt]": b[1], "_se[trt]": se[1], "_b[_cons]": b[2],
            "_b[/lnsigma]": b[3], "_se[/lnsigma]": se[3], "e(kappa)": b[4], "_se[/kappa]": se[4], "e(ll)": ll,
            "e(ll_0)": ll_0, "e(sigma)": np.exp(b[3])}, 2e-5, "scipy maximum likelihood")


def agreement(cases):
    table = [[21, 12, 0, 0], [4, 17, 1, 0], [3, 9, 15, 2], [0, 0, 0, 1]]
    rows = "\n".join(f"{i} {j} {n}" for i, own in enumerate(table, 1) for j, n in enumerate(own, 1) if n)
    do = (f"input rada radb n\n{rows}\nend\nkapwgt xm 1 \\ .8 1 \\ 0 0 1 \\ 0 0 .8 1\n"
          "kap rada radb [fweight=n]%s")
    for option, found in (("", (.6353, .3082, .4728, .0694, 6.81)), (", wgt(w)", (.8667, .6911, .5684, .0788, 7.22)),
                          (", wgt(xm)", (.8047, .5267, .5874, .0865, 6.79))):
        names = ("prop_o", "prop_e", "kappa", "se")
        expect = {f"round(r({n}), .0001)": x for n, x in zip(names, found)}
        expect["round(r(z), .01)"] = found[4]
        cases.add(f"kap{option} of the manual", None, do % option, expect, 1e-9, "published: [R] kappa, xeromammograms")


def main():
    cases = Cases("generalised_gamma", "scipy; published output of [R] kappa")
    survival(cases)
    agreement(cases)
    cases.write()


if __name__ == "__main__":
    main()
