"""Expected numbers of sample sizes and power: R's pwr and power.prop.test, and statsmodels; every size is the first with enough power."""

import math

import numpy as np
from golden import case, read, save, table
from oracle_r import r_numbers, same
from scipy import optimize, stats
from statsmodels.stats.power import TTestIndPower, TTestPower


def two_means(d, alpha=0.05):
    """Power of a t test of two groups of n each."""
    return lambda n: TTestIndPower().power(d, n, alpha)


def two_shares(p1, p2, ratio, alpha=0.05):
    """Power of the Pearson test of two shares, group 2 with `ratio` times the rows (Fleiss, Levin and Paik 2003, chapter 4)."""
    def power(n, m=None):
        m = ratio * n if m is None else m
        pooled = (n * p1 + m * p2) / (n + m)
        null = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        other = math.sqrt(p1 * (1 - p1) / n + p2 * (1 - p2) / m)
        z = stats.norm.ppf(1 - alpha / 2) * null
        return stats.norm.sf((z - (p2 - p1)) / other) + stats.norm.cdf((-z - (p2 - p1)) / other)
    return power


def one_share(p0, p, alpha=0.05):
    """Power of the score test of one share."""
    def power(n):
        z = stats.norm.ppf(1 - alpha / 2) * math.sqrt(p0 * (1 - p0) / n)
        other = math.sqrt(p * (1 - p) / n)
        return stats.norm.sf((z - (p - p0)) / other) + stats.norm.cdf((-z - (p - p0)) / other)
    return power


def first(power, target):
    """The smallest whole size with so much power."""
    n = 3
    while power(n) < target:
        n += 1
    return n


TARGETS = (0.8, 0.7, 0.9, 0.95)


def sizes(power, arms, inflation=1.0, dropout=0.0, ratio=1):
    rows = []
    for target in TARGETS:
        n = first(power, target)
        m, reached = n, power(n)
        if ratio != 1:
            # each group is filled up from its own real number
            real = optimize.brentq(lambda x: power(x) - target, n - 1, n, xtol=1e-12)
            n, m = math.ceil(real), math.ceil(ratio * real)
            reached = power(n, m)
        groups = [math.ceil(n * inflation), math.ceil(m * inflation) if arms == 2 else None]
        total = sum(g or 0 for g in groups)
        rows.append({"target_power": target, "n_group1": groups[0], "n_group2": groups[1], "n_total": total,
                     "n_recruited": math.ceil(total / (1 - dropout)), "power": reached})
    return rows


def facts(baseline, sd, effect, difference, rows, dropout=0.0, available=(None, None)):
    """All rows of the table of assumptions for means."""
    values = {"baseline": baseline, "std_deviation": sd, "effect_size": effect, "difference": difference, "significance_level": 0.05, "pilot_rows": rows,
              "design_effect": 1, "dropout": dropout, "available_power": available[0], "available_difference": available[1]}
    return table(["quantity"], [{"quantity": name, "value": value} for name, value in values.items()])


def write_all() -> None:
    """Writes the golden file."""
    days = read("clinic.csv")["recovery_days"].dropna().to_numpy(float)
    d = float(3 / days.std(ddof=1))
    means = sizes(two_means(d), 2, dropout=0.1)
    exact = r_numbers(f"library(pwr)\nsapply(c(0.8, 0.7, 0.9, 0.95), function(p) ceiling(pwr.t.test(d = {d!r}, power = p)$n))")
    same([row["n_group1"] for row in means], exact)
    available = 180
    # the least effect of two groups of 90 with a power of 0.8; solve_power stops at a power of 0.799999
    least = optimize.brentq(lambda effect: two_means(effect)(available / 2) - 0.8, 0.1, 1, xtol=1e-14)
    sd = days.std(ddof=1)
    at_hand = (two_means(d)(available / 2), least * sd)
    main = case({"table_sample_size.csv": table([], means), "table_assumptions.csv": facts(days.mean(), sd, d, 3, len(days), 0.1)},
                {"units_total": means[0]["n_total"], "units_recruited": means[0]["n_recruited"], "effect_size": d})

    frame = read("clinic.csv")[["readmitted", "arm"]].dropna()
    base = frame.loc[frame["arm"] == "new care", "readmitted"].mean().item()
    inflation = 1 + 19 * 0.02
    shares = sizes(two_shares(base, base - 0.08, 2), 2, inflation, ratio=2)
    equal = [first(two_shares(base, base - 0.08, 1), target) for target in TARGETS]
    # power.prop.test leaves the other tail out, which is far below 1e-6 here
    same(equal, r_numbers(f"sapply(c(0.8, 0.7, 0.9, 0.95), function(p) ceiling(power.prop.test(p1 = {base!r}, p2 = {base - 0.08!r}, power = p)$n))"))
    clusters = case({"table_sample_size.csv": table([], shares)}, {"units_total": shares[0]["n_total"], "effect_size": 2 * np.arcsin(np.sqrt(base - 0.08)) - 2 * np.arcsin(np.sqrt(base))},
                    {"outcome": "readmitted", "group": "arm", "difference": -0.08, "ratio": 2, "cluster_size": 20, "icc": 0.02, "dropout": 0}, "clusters of 20, two to one")
    everyone = read("clinic.csv")["readmitted"].dropna().mean()
    share = sizes(one_share(everyone, everyone + 0.05), 1)
    fixed = case({"table_sample_size.csv": table([], share)}, {"units_total": share[0]["n_total"]},
                 {"outcome": "readmitted", "difference": 0.05, "design": "one_group", "dropout": 0}, "a share against a fixed one")
    one = sizes(lambda n: TTestPower().power(2 / days.std(ddof=1), n, 0.05), 1)
    mean = case({"table_sample_size.csv": table([], one)}, {"units_total": one[0]["n_total"]},
                {"outcome": "recovery_days", "difference": 2, "design": "one_group", "dropout": 0}, "a mean against a fixed one")
    groups = [days_of.to_numpy(float) for _, days_of in read("clinic.csv")[["recovery_days", "arm"]].dropna().groupby("arm")["recovery_days"]]
    pooled = math.sqrt(sum((len(g) - 1) * g.var(ddof=1) for g in groups) / sum(len(g) - 1 for g in groups))
    within = sizes(two_means(2 / pooled), 2)
    grouped = case({"table_sample_size.csv": table([], within),
                    "table_assumptions.csv": facts(groups[0].mean(), pooled, 2 / pooled, 2, sum(map(len, groups)))},
                   {"units_total": within[0]["n_total"]}, {"outcome": "recovery_days", "group": "arm", "difference": 2, "dropout": 0}, "spread within groups")
    enough = case({"table_sample_size.csv": table([], means), "table_assumptions.csv": facts(days.mean(), sd, d, 3, len(days), 0.1, at_hand)}, {"units_total": means[0]["n_total"]},
                  {"outcome": "recovery_days", "difference": 3, "dropout": 0.1, "available": 200}, "units at hand")
    # the share falls: the least fall of two groups of 90 that has a power of 0.8
    fall = optimize.brentq(lambda d: two_shares(everyone, everyone - d, 1)(available / 2) - 0.8, 0.05, everyone - 0.001, xtol=1e-14)
    falls = [{"quantity": "available_power", "value": two_shares(everyone, everyone - 0.1, 1)(available / 2)}, {"quantity": "available_difference", "value": -fall}]
    fewer = [{"quantity": name, "value": value} for name, value in {"baseline": everyone, "compared_with": everyone - 0.1, "difference": -0.1, "significance_level": 0.05, "design_effect": 1, "dropout": 0,
             "pilot_rows": len(read("clinic.csv")["readmitted"].dropna()), "effect_size": 2 * np.arcsin(np.sqrt(everyone - 0.1)) - 2 * np.arcsin(np.sqrt(everyone))}.items()]
    decrease = case({"table_assumptions.csv": table(["quantity"], [*fewer, *falls])}, {}, {"outcome": "readmitted", "difference": -0.1, "dropout": 0, "available": available}, "a share that falls, units at hand")
    save("clinic.sample_size.json", "R pwr 1.3 and power.prop.test; statsmodels TTestIndPower, TTestPower; scipy", {"default": 1e-8},
         main, [clusters, fixed, mean, grouped, enough, decrease])


if __name__ == "__main__":
    write_all()
