"""`estat recovariance`: covariances of random effects from the logarithms of standard deviations and the inverse
hyperbolic tangents of correlations that `make_panel_models.py` finds by Newton steps in numpy."""

import json
from math import exp, tanh

from common import ROOT, Cases


def main():
    cases = Cases("recovariance", "numpy: the maxima of make_panel_models.py, transformed")
    found = json.loads((ROOT / "cases/panelmodels.json").read_text())["cases"]
    for case in (c for c in found if c["name"].startswith("mixed uns") and "variances" in c["name"]):
        at = {name.split("]")[0][1:]: value for name, value in case["expect"].items() if "_b[" in name}
        slope, constant, r = at["lns1_1_1"], at["lns1_1_2"], tanh(at["atr1_1_1_2"])
        covariance = r * exp(slope + constant)
        expect = {"el(r(Cov2), 1, 1)": exp(2 * slope), "el(r(Cov2), 2, 1)": covariance, "el(r(Cov2), 2, 2)": exp(2 * constant)}
        name = case["name"].replace(" variances", "")
        cases.add(f"estat recovariance {name}", case["data"], case["do"] + "\nestat recovariance", expect, case["tol"])
        expect = {"el(r(Corr2), 1, 2)": r, "el(r(Corr2), 1, 1)": 1.0}
        cases.add(f"estat recovariance, correlation {name}", case["data"], case["do"] + "\nestat recovariance, correlation", expect, case["tol"])
    cases.write()


if __name__ == "__main__":
    main()
