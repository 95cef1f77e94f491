"""`stcox, shared()`: published output of [ST] stcox for the catheter data (McGilchrist and Aisbett 1991), R survival.

`frailty.R` writes data and the numbers of R into the folder that is the first argument of both.
"""

import json
import sys
from pathlib import Path

from common import Cases

FOLDER = Path(sys.argv[1])


def main():
    cases = Cases("shared_frailty", "published output of [ST] stcox; R survival")
    found = json.loads((FOLDER / "frailty.json").read_text())
    do = "stset time, failure(status)\nstcox age female, shared(patient)"
    # The manual's data have one age for each patient, R's one for each record, and 33 days where R has 333 (total time
    # at risk 7,424).
    mean = "replace time = 33 if patient == 11 & time == 333\nrename age single\nbysort patient: egen double age = mean(single)\n" + do
    cases.add("stcox, shared() of the manual", "catheter.csv", mean, {
        "exp(_b[age])": 1.006202, "exp(_b[age])*_se[age]": .0120965, "exp(_b[female])": .2068678,
        "exp(_b[female])*_se[female]": .095708, "e(theta)": .4754497, "e(se_theta)": .2673108, "e(ll)": -181.97453,
        "e(N_g)": 38, "e(N_fail)": 58, "e(risk)": 7424}, 5e-6, "published: [ST] stcox, shared frailty")
    cases.add("stcox, shared() of the manual: tests", "catheter.csv", mean, {
        "round(e(chi2), .01)": 11.66, "round(e(p), .0001)": .0029, "round(e(chi2_c), .01)": 6.27,
        "round(e(p_c), .001)": .006}, 1e-9, "published: [ST] stcox, shared frailty")
    for name, data, option in (("breslow", "catheter.csv", ""), ("efron", "litters.csv", " efron")):
        want = found[name]
        expect = {"_b[age]": want["b"][0], "_b[female]": want["b"][1], "_se[age]": want["se"][0],
                  "_se[female]": want["se"][1], "e(theta)": want["theta"], "e(ll)": want["ll"]}
        cases.add(f"stcox, shared(){option} by R", data, do + option, expect, 2e-4, "R survival coxph(frailty())")
    cases.write()


if __name__ == "__main__":
    main()
