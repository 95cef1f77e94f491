"""`bootstrap, bca`: the acceleration from the jackknife (closed form of a mean, Efron 1987; numpy over all rows or clusters of a
regression), and the limits as percentiles of the saved replications (Efron 1987, by the do-file's own `centile`)."""

import numpy as np
import pandas as pd
from common import ROOT, Cases

LIMITS = ("\nmatrix A = e(accel)\nmatrix Z = e(z0)\nmatrix C = e(ci_bca)\nscalar a = A[1,1]\nscalar z = Z[1,1]\nscalar low = C[1,1]\nscalar high = C[2,1]\n"
          "scalar q = invnormal(.975)\nscalar p1 = 100*normal(z + (z - q)/(1 - a*(z - q)))\nscalar p2 = 100*normal(z + (z + q)/(1 - a*(z + q)))\n"
          "use reps, clear\nds\nlocal v = word(\"`r(varlist)'\", 1)\nlocal p1 = p1\nlocal p2 = p2\ncentile `v', centile(`p1' `p2')")


def acceleration(values):
    d = np.mean(values) - np.asarray(values)
    return np.sum(d**3) / (6 * np.sum(d**2) ** 1.5)


def main():
    cases = Cases("acceleration", "closed form; numpy jackknife")
    d = pd.read_csv(ROOT / "data/lbw.csv")
    x = d.lwt.to_numpy(float)
    e = x - x.mean()
    a = np.sum(e**3) / (6 * np.sum(e**2) ** 1.5)
    inside = {"reldif(low, r(c_1)) < 1e-6": 1.0, "reldif(high, r(c_2)) < 1e-6": 1.0, "low < high": 1.0}
    cases.add("bootstrap, bca of a mean", "lbw.csv", f"bootstrap m=r(mean), reps(200) seed(4) bca nodots saving(reps, double): summarize lwt{LIMITS}",
              {"a": a} | inside, 1e-9, "closed form; percentiles of the replications")
    y, z = d.bwt.to_numpy(float), np.column_stack([d.lwt, d.smoke, np.ones(len(d))])

    def slope(keep):
        return np.linalg.lstsq(z[keep], y[keep], rcond=None)[0][0]
    n = len(d)
    rows = [slope(np.arange(n) != i) for i in range(n)]
    cases.add("bootstrap, bca of a slope", "lbw.csv", f"bootstrap _b[lwt], reps(60) seed(4) bca nodots saving(reps, double): regress bwt lwt smoke{LIMITS}",
              {"a": acceleration(rows)} | inside, 1e-8, "numpy jackknife; percentiles of the replications")
    groups = [slope((d.age != g).to_numpy()) for g in sorted(d.age.unique())]
    cases.add("bootstrap, bca by clusters", "lbw.csv", f"bootstrap _b[lwt], reps(60) seed(4) cluster(age) bca nodots saving(reps, double): regress bwt lwt smoke{LIMITS}",
              {"a": acceleration(groups)} | inside, 1e-8, "numpy jackknife; percentiles of the replications")
    cases.write()


if __name__ == "__main__":
    main()
