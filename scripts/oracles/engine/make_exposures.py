"""`margins` after models with an exposure or an offset: averages of predictions and derivatives by the delta method."""

import numpy as np
import pandas as pd
import statsmodels.api as sm
from common import ROOT, Cases

STORE = "\nmatrix B = r(b)\nmatrix V = r(V)"


def delta(value, gradient, v):
    return value, np.sqrt(gradient @ v @ gradient)


def expectations(found):
    out = {}
    for i, (value, se) in enumerate(found, 1):
        out |= {f"B[1,{i}]": value, f"sqrt(V[{i},{i}])": se}
    return out


def counts(cases, name, command, b, v, x, shift, columns):
    """Mean count, rate, derivative in the first regressor, and the count with the second one at 0 and 1."""
    b = np.asarray(b)
    mu = np.exp(x @ b + shift)
    rate = np.exp(x @ b)
    count = delta(mu.mean(), (mu[:, None] * x).mean(0), v)
    cases.add(f"{name}: count", "ships.csv", f"{command}\nmargins{STORE}", expectations([count]), 1e-6)
    each = delta(rate.mean(), (rate[:, None] * x).mean(0), v)
    cases.add(f"{name}: rate", "ships.csv", f"{command}\nmargins, predict(ir){STORE}", expectations([each]), 1e-6)
    gradient = b[0] * (mu[:, None] * x).mean(0)
    gradient[0] += mu.mean()
    slope = delta(b[0] * mu.mean(), gradient, v)
    do = f"{command}\nmargins, dydx({columns[0]}){STORE}"
    cases.add(f"{name}: derivative", "ships.csv", do, expectations([slope]), 1e-6)
    found = []
    for level in (0, 1):
        moved = x.copy()
        moved[:, 1] = level
        own = np.exp(moved @ b + shift)
        found.append(delta(own.mean(), (own[:, None] * moved).mean(0), v))
    do = f"{command}\nmargins, at({columns[1]}=(0 1)){STORE}"
    cases.add(f"{name}: at", "ships.csv", do, expectations(found), 1e-6)


def main():
    cases = Cases("exposures", "statsmodels estimates; averages and the delta method in numpy")
    frame = pd.read_csv(ROOT / "data/ships.csv").dropna()
    columns = ["yr_con", "op_75_79"]
    x = sm.add_constant(frame[columns].to_numpy(float), prepend=False)
    y, service = frame["accident"].to_numpy(float), frame["service"].to_numpy(float)
    shift = np.log(service)
    poisson = sm.Poisson(y, x, offset=shift).fit(method="newton", tol=1e-14, disp=0)
    listed = " ".join(columns)
    command = f"poisson accident {listed}, exposure(service)"
    counts(cases, "poisson", command, poisson.params, poisson.cov_params(), x, shift, columns)
    command = f"generate double l = ln(service)\npoisson accident {listed}, offset(l)"
    do = f"{command}\nmargins, expression(predict(n)/2){STORE}"
    mu = np.exp(x @ poisson.params + shift)
    half = delta(mu.mean() / 2, (mu[:, None] * x).mean(0) / 2, poisson.cov_params())
    cases.add("poisson: expression", "ships.csv", do, expectations([half]), 1e-6)
    command = f"glm accident {listed}, family(poisson) exposure(service)"
    count = delta(mu.mean(), (mu[:, None] * x).mean(0), poisson.cov_params())
    cases.add("glm: mean", "ships.csv", f"{command}\nmargins{STORE}", expectations([count]), 1e-6)
    z = frame["accident"].to_numpy(float) > 5
    logit = sm.GLM(z.astype(float), x, family=sm.families.Binomial(), offset=shift / 10).fit(tol=1e-14)
    p = logit.fittedvalues
    share = delta(p.mean(), ((p * (1 - p))[:, None] * x).mean(0), logit.cov_params())
    do = f"generate z = accident > 5\ngenerate double l = ln(service)/10\nlogit z {listed}, offset(l)\nmargins{STORE}"
    cases.add("logit: probability", "ships.csv", do, expectations([share]), 1e-6)
    cases.write()


if __name__ == "__main__":
    main()
