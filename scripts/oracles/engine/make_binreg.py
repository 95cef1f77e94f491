"""`binreg`: odds, risk and health ratios and risk differences (R glm; numpy; closed forms of a two-by-two table)."""

import subprocess

import numpy as np
import pandas as pd
from common import ROOT, Cases

def by_r(link):
    text = f"""d <- read.csv('data/lbw.csv'); d$w <- pmin(d$lwt, 150)/100
f <- glm(low ~ smoke + ht + w, {'quasi(identity, "mu(1-mu)")' if link == 'identity' else f'binomial({link})'}, d, start = c({'.4, .1, .1, -.15' if link == 'identity' else '-.5, .3, .3, -.3'}),
         control = glm.control(epsilon = 1e-17, maxit = 1000))
s <- summary(f, dispersion = 1)$coefficients
cat(sprintf('%.17g ', c(s[, 1], s[, 2], f$deviance)))"""
    out = subprocess.run(["Rscript", "-e", text], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [float(x) for x in out.split()]


def fitted(x, y, link, b):
    """Newton's method on the log likelihood in closed form with halved steps; both information matrices."""
    def parts(b):
        eta = x @ b
        if link == "or":
            mu = 1 / (1 + np.exp(-eta))
            return mu, mu * (1 - mu), mu * (1 - mu) * (1 - 2 * mu)
        if link == "rr":
            return np.exp(eta), np.exp(eta), np.exp(eta)
        if link == "hr":
            return 1 - np.exp(eta), -np.exp(eta), -np.exp(eta)
        return eta, np.ones_like(eta), np.zeros_like(eta)

    def value(b):
        mu = parts(b)[0]
        return np.sum(np.log(np.where(y == 1, mu, 1 - mu))) if np.all((mu > 0) & (mu < 1)) else -np.inf
    for _ in range(500):
        mu, first, second = parts(b)
        v = mu * (1 - mu)
        score = (y - mu) / v
        expected = (x * (first**2 / v)[:, None]).T @ x
        observed = expected - (x * (score * second - (y - mu) * (1 - 2 * mu) / v**2 * first**2)[:, None]).T @ x
        step = np.linalg.solve(expected, x.T @ (score * first))
        length = 1.0
        while value(b + length * step) < value(b) - 1e-13 and length > 1e-12:
            length /= 2
        b = b + length * step
        if np.max(np.abs(step)) < 1e-14:
            break
    return b, expected, observed, value(b), parts(b)[0]


def rows(cases):
    data = pd.read_csv(ROOT / "data/lbw.csv")
    x = np.column_stack([data.smoke, data.ht, np.minimum(data.lwt, 150) / 100, np.ones(len(data))])
    y = data.low.to_numpy(float)
    n, k = x.shape
    for option, name in (("or", "logit"), ("rr", "log"), ("hr", None), ("rd", "identity")):
        do = f"generate double w = min(lwt, 150)/100\nbinreg low smoke ht w, {option}"
        start = {"or": [0, 0, 0, 0], "rr": [.1, .1, -.1, -1], "hr": [0, 0, 0, -.4], "rd": [0, 0, 0, .3]}[option]
        b, expected, observed, ll, mu = fitted(x, y, option, np.array(start, float))
        pearson = np.sum((y - mu) ** 2 / (mu * (1 - mu)))
        for kind, information in (("", expected), (" ml", observed)):
            se = np.sqrt(np.diag(np.linalg.inv(information)))
            expect = {}
            for i, own in enumerate(("smoke", "ht", "w", "_cons")):
                expect |= {f"_b[{own}]": b[i], f"_se[{own}]": se[i]}
            expect |= {"e(deviance)": -2 * ll, "e(deviance_p)": pearson, "e(df)": n - k, "e(bic)": -2 * ll - (n - k) * np.log(n)}
            if kind:
                expect |= {"e(ll)": ll}
            cases.add(f"binreg, {option}{kind}", "lbw.csv", do + kind, expect, 1e-6, "numpy, the likelihood in closed form")
        if name:
            own = by_r(name)
            expect = {f"_b[{v}]": own[i] for i, v in enumerate(("_cons", "smoke", "ht", "w"))}
            expect |= {f"_se[{v}]": own[4 + i] for i, v in enumerate(("_cons", "smoke", "ht", "w"))}
            cases.add(f"binreg, {option} by R", "lbw.csv", do, expect | {"e(deviance)": own[8]}, 1e-6, "R glm")


def table(cases):
    a, n1, c, n0 = 18, 30, 12, 45
    p1, p0 = a / n1, c / n0
    v1, v0 = p1 * (1 - p1) / n1, p0 * (1 - p0) / n0
    found = {"or": (np.log(p1 / (1 - p1) / (p0 / (1 - p0))), v1 / (p1 * (1 - p1)) ** 2 + v0 / (p0 * (1 - p0)) ** 2),
             "rr": (np.log(p1 / p0), v1 / p1**2 + v0 / p0**2),
             "hr": (np.log((1 - p1) / (1 - p0)), v1 / (1 - p1) ** 2 + v0 / (1 - p0) ** 2),
             "rd": (p1 - p0, v1 + v0)}
    for option, (b, v) in found.items():
        cases.add(f"binreg, {option} of a table", None, f"input y x m\n{a} 1 {n1}\n{c} 0 {n0}\nend\nbinreg y x, {option} n(m)",
                  {"_b[x]": b, "_se[x]": np.sqrt(v), "e(deviance) < 1e-10": 1.0}, 1e-9, "closed form of two proportions")


def main():
    cases = Cases("binreg", "R glm; numpy; closed forms")
    rows(cases)
    table(cases)
    cases.write()


if __name__ == "__main__":
    main()
