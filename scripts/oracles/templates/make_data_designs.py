"""Writes the sample data of the templates on repeated ratings, finance, surveys and further designs from fixed seeds.

Run: python3 scripts/oracles/templates/make_data_designs.py. The rows are invented. Expected numbers do not
belong here (see the goldens_*.py files).
"""

import numpy as np
import pandas as pd
from make_data import holes, write


def rehab() -> None:
    """Patients of a rehabilitation: a score on four occasions, two raters, two devices, two tests."""
    rng = np.random.default_rng(71)
    n = 150
    ability = rng.normal(50, 9, n)
    frame = pd.DataFrame({"patient": np.arange(1, n + 1), "arm": rng.choice(["exercise", "usual"], n)})
    gain = np.where(frame["arm"] == "exercise", 1.4, 1.0)
    for column, effect, spread in (("baseline", 0, 3.0), ("week4", 2.2, 3.4), ("week8", 3.6, 4.1), ("week12", 4.1, 5.0)):
        frame[column] = np.round(ability + effect * gain + rng.normal(0, spread, n), 1)
    frame["week12"] = holes(rng, frame["week12"], 0.05)
    latent = (ability - 50) / 9
    cut = [-1.2, -0.3, 0.5, 1.3]
    for column, shift in (("rater_a", 0.0), ("rater_b", 0.15), ("rater_c", -0.1)):
        frame[column] = 1 + np.digitize(latent + shift + rng.normal(0, 0.45, n), cut)
    frame["device_a"] = np.round(120 + 1.1 * (ability - 50) + rng.normal(0, 3, n), 1)
    frame["device_b"] = np.round(121.5 + 1.1 * (ability - 50) + rng.normal(0, 3.5, n), 1)
    frame["walks_before"] = (latent + rng.normal(0, 0.7, n) > 0.4).astype(int)
    frame["walks_after"] = (latent + rng.normal(0, 0.7, n) > -0.1).astype(int)
    ill = rng.random(n) < 1 / (1 + np.exp(1.0 + 0.8 * latent))
    frame["injury"] = ill.astype(int)
    frame["quick_test"] = np.where(ill, rng.random(n) < 0.82, rng.random(n) < 0.12).astype(int)
    write(frame, "rehab.csv")


def stocks() -> None:
    """Monthly returns in percent of 40 shares over 60 months, with a market, two factors and two characteristics."""
    rng = np.random.default_rng(72)
    shares, months = 40, 60
    market = rng.normal(0.6, 4.2, months)
    smb, hml = rng.normal(0.2, 2.4, months), rng.normal(0.3, 2.6, months)
    free = np.round(np.clip(0.15 + np.cumsum(rng.normal(0, 0.01, months)), 0.01, None), 3)
    rows = []
    for s in range(shares):
        beta, size, value = rng.normal(1, 0.3), rng.normal(0.3, 0.5), rng.normal(0.1, 0.5)
        cap, book = rng.normal(8, 1.2), rng.normal(-0.4, 0.5)
        for t in range(months):
            cap += rng.normal(0, 0.05)
            book += rng.normal(0, 0.06)
            own = free[t] + beta * market[t] + size * smb[t] + value * hml[t] - 0.15 * (cap - 8) + 0.4 * (book + 0.4)
            rows.append({"share": f"S{s + 1:02d}", "month": 720 + t, "ret": own + rng.normal(0, 5.0), "market": market[t],
                         "smb": smb[t], "hml": hml[t], "risk_free": free[t], "log_size": cap, "log_bm": book})
    frame = pd.DataFrame(rows)
    frame[["ret", "market", "smb", "hml", "log_size", "log_bm"]] = frame[["ret", "market", "smb", "hml", "log_size", "log_bm"]].round(4)
    frame["ret"] = holes(rng, frame["ret"], 0.01)
    write(frame, "stocks.csv")


def panel_survey() -> None:
    """A two-stage sample of adults: five strata, eight districts in each, weights."""
    rng = np.random.default_rng(73)
    rows = []
    for stratum in range(1, 6):
        for district in range(1, 9):
            level = rng.normal(0, 0.25)
            for _ in range(int(rng.integers(14, 26))):
                age = int(rng.integers(18, 80))
                schooling = int(np.clip(np.round(rng.normal(11.5 + 0.4 * stratum, 2.5)), 5, 20))
                urban = int(rng.random() < 0.25 + 0.12 * stratum)
                income = np.exp(1.4 + 0.08 * schooling + 0.15 * urban + level + rng.normal(0, 0.5))
                insured = int(rng.random() < 1 / (1 + np.exp(2.2 - 0.14 * schooling - 0.5 * urban - level)))
                health = int(np.clip(np.round(4.2 - 0.025 * (age - 45) + 0.1 * (schooling - 12) + rng.normal(0, 0.9)), 1, 5))
                rows.append({"stratum": stratum, "district": 100 * stratum + district, "age": age, "schooling": schooling,
                             "urban": urban, "income": round(income, 2), "insured": insured, "health": health,
                             "weight": round(float(np.exp(rng.normal(5 + 0.2 * stratum, 0.3))), 1)})
    frame = pd.DataFrame(rows)
    frame.insert(0, "adult", np.arange(1, len(frame) + 1))
    frame["income"] = holes(rng, frame["income"], 0.03)
    write(frame, "adults.csv")


def studies() -> None:
    """Sixteen trials of a treatment: log risk ratio with standard error, dose and year."""
    rng = np.random.default_rng(74)
    n = 16
    se = np.round(np.exp(rng.normal(-1.6, 0.4, n)), 4)
    dose = rng.choice([10, 20, 40], n)
    effect = -0.12 - 0.006 * dose + rng.normal(0, 0.12, n) + rng.normal(0, se)
    write(pd.DataFrame({"study": [f"Trial {chr(65 + i)}" for i in range(n)], "log_rr": np.round(effect, 4), "se": se,
                        "dose": dose, "year": np.sort(rng.integers(1998, 2022, n))}), "studies.csv")


def causes() -> None:
    """Patients after a transplant: months to relapse (1), death without relapse (2) or the end of observation (0)."""
    rng = np.random.default_rng(75)
    n = 400
    age, treated = rng.integers(20, 70, n), rng.integers(0, 2, n)
    relapse = rng.exponential(1 / (0.028 * np.exp(-0.5 * treated + 0.005 * (age - 45))))
    death = rng.exponential(1 / (0.014 * np.exp(0.1 * treated + 0.035 * (age - 45))))
    end = rng.uniform(6, 60, n)
    time = np.minimum(np.minimum(relapse, death), end)
    cause = np.where(time == end, 0, np.where(relapse < death, 1, 2))
    write(pd.DataFrame({"patient": np.arange(1, n + 1), "months": np.maximum(0.1, np.round(time, 1)), "cause": cause,
                        "treated": treated, "age": age, "group": rng.choice(["low", "middle", "high"], n, p=[0.3, 0.5, 0.2])}),
          "causes.csv")


def adoption() -> None:
    """Ninety towns over ten years that adopt a programme in 2014, 2016, 2018 or never (0)."""
    rng = np.random.default_rng(76)
    rows = []
    for town in range(90):
        start = [2014, 2016, 2018, 0, 0][town % 5]
        own, size = rng.normal(40, 5), rng.normal(10, 1)
        for year in range(2010, 2020):
            on = int(start > 0 and year >= start)
            effect = on * (1.5 + 0.6 * (year - start) + (0.8 if start == 2014 else 0))
            rows.append({"town": f"T{town + 1:02d}", "year": year, "programme": on, "start_year": start,
                         "visits": round(own + 0.4 * (year - 2010) + 0.3 * size + effect + rng.normal(0, 1.6), 3),
                         "income": round(size + 0.1 * (year - 2010) + rng.normal(0, 0.4), 3)})
    write(pd.DataFrame(rows), "adoption.csv")


def matched() -> None:
    """Cases of an illness with two or three controls of equal age and sex each."""
    rng = np.random.default_rng(77)
    rows = []
    for number in range(1, 141):
        members = int(rng.integers(3, 5))
        exposed = (rng.random(members) < 0.35).astype(int)
        weight = np.round(rng.normal(26, 4, members), 1)
        smoker = (rng.random(members) < 0.3).astype(int)
        index = np.exp(0.8 * exposed + 0.06 * weight + 0.5 * smoker)
        case = rng.choice(members, p=index / index.sum())
        rows += [{"set_id": number, "ill": int(i == case), "exposed": exposed[i], "bmi": weight[i], "smoker": smoker[i]}
                 for i in range(members)]
    frame = pd.DataFrame(rows)
    frame["bmi"] = holes(rng, frame["bmi"], 0.02)
    write(frame, "matched.csv")


def claims() -> None:
    """Insured persons: number and cost of claims with many zeros, share of generic drugs, income in brackets, a rare event."""
    rng = np.random.default_rng(78)
    n = 700
    age, female = rng.integers(20, 75, n), rng.integers(0, 2, n)
    chronic = (rng.random(n) < 0.15 + 0.004 * (age - 20)).astype(int)
    premium = np.round(rng.normal(30, 7, n), 1)
    never = rng.random(n) < 1 / (1 + np.exp(0.9 + 0.9 * chronic - 0.03 * (premium - 30)))
    mean = np.exp(0.3 + 0.012 * (age - 45) + 0.6 * chronic)
    number = np.where(never, 0, rng.poisson(mean * rng.gamma(3, 1 / 3, n)))
    cost = np.where(number > 0, np.round(rng.gamma(1.6, np.exp(4.4 + 0.5 * chronic + 0.008 * (age - 45)) / 1.6), 2), 0)
    index = -0.2 + 0.02 * (age - 45) + 0.4 * female + rng.normal(0, 1.1, n)
    share = np.round(np.clip(1 / (1 + np.exp(-index)), 0, 1), 3)
    share = np.where(rng.random(n) < 0.06, 0.0, np.where(rng.random(n) < 0.05, 1.0, share))
    income = np.exp(2.9 + 0.01 * (age - 45) + 0.12 * female + rng.normal(0, 0.45, n))
    edges = np.array([0, 10, 15, 20, 30, 45])
    place = np.digitize(income, edges) - 1
    low, high = edges[place].astype(float), np.append(edges[1:], np.nan)[place]
    low[low == 0] = np.nan
    rare = (rng.random(n) < 1 - np.exp(-np.exp(-3.2 + 0.9 * chronic + 0.02 * (age - 45)))).astype(int)
    frame = pd.DataFrame({"person": np.arange(1, n + 1), "claims": number, "cost": cost, "generic_share": share, "income_low": low,
                          "income_high": high, "hospital": rare, "age": age, "female": female, "chronic": chronic, "premium": premium,
                          "years": rng.choice([0.5, 1.0, 2.0], n, p=[0.2, 0.6, 0.2]), "region": rng.choice([1, 2, 3], n)})
    write(frame, "claims.csv")


def admission() -> None:
    """Applicants around the score 100: crossing it makes a place likely, not certain."""
    rng = np.random.default_rng(79)
    n = 1400
    score = np.round(rng.normal(101, 12, n), 2)
    above = score >= 100
    motive = rng.normal(0, 1, n)
    enrolled = (rng.random(n) < np.clip(0.15 + 0.55 * above + 0.004 * (score - 100) + 0.08 * motive, 0.02, 0.98)).astype(int)
    wage = 12 + 0.05 * (score - 100) + 2.4 * enrolled + 0.7 * motive + rng.normal(0, 1.8, n)
    write(pd.DataFrame({"applicant": np.arange(1, n + 1), "score": score, "enrolled": enrolled, "wage": np.round(wage, 3),
                        "age": rng.integers(17, 30, n), "female": rng.integers(0, 2, n)}), "admission.csv")


def monthly() -> None:
    """Ninety-six months, 2012 to 2019: admissions with a smoking ban from month 60 on, two linked prices, sales with a season."""
    rng = np.random.default_rng(80)
    n = 96
    t = np.arange(n)
    ban = (t >= 60).astype(int)
    error = np.zeros(n)
    for i in range(1, n):
        error[i] = 0.35 * error[i - 1] + rng.normal(0, 5)
    admissions = 210 + 0.5 * t - 14 * ban - 0.6 * ban * (t - 60) + error
    spot = 50 + np.cumsum(rng.normal(0.1, 1.2, n))
    gap = np.zeros(n)
    for i in range(1, n):
        gap[i] = 0.5 * gap[i - 1] + rng.normal(0, 0.8)
    season = np.array([-8, -9, -3, 1, 4, 6, 9, 8, 2, -1, -3, -6])[t % 12]
    write(pd.DataFrame({"month": 624 + t, "admissions": np.round(admissions, 1), "ban": ban, "spot": np.round(spot, 3),
                        "futures": np.round(2 + 1.02 * spot + gap, 3), "demand": np.round(100 + 0.3 * t + season + rng.normal(0, 1.5, n), 2),
                        "advertising": np.round(np.clip(rng.normal(20, 5, n), 1, None), 2)}), "monthly.csv")


def bioassay() -> None:
    """Insects at seven doses of a poison: dead or alive after a day."""
    rng = np.random.default_rng(81)
    dose = np.repeat([0.5, 1, 2, 4, 8, 16, 32], 36)
    dead = (rng.random(len(dose)) < 1 / (1 + np.exp(-1.5 * (np.log(dose) - np.log(4.5))))).astype(int)
    write(pd.DataFrame({"insect": np.arange(1, len(dose) + 1), "dose": dose, "dead": dead, "sex": rng.choice(["f", "m"], len(dose))}), "bioassay.csv")


def wage_law() -> None:
    """Employment of young and older workers in forty regions before and after a wage rule in half of them."""
    rng = np.random.default_rng(82)
    rows = []
    for region in range(1, 41):
        treated, level = int(region <= 20), rng.normal(60, 4)
        for year in (2015, 2016, 2017, 2018):
            for young in (0, 1):
                post = int(year >= 2017)
                rate = level - 12 * young + 0.5 * (year - 2015) - 0.8 * treated * post - 2.2 * treated * post * young + rng.normal(0, 1.5)
                rows.append({"region": f"R{region:02d}", "year": year, "treated": treated, "post": post, "young": young, "employment": round(rate, 3)})
    write(pd.DataFrame(rows), "wage_law.csv")


def write_all() -> None:
    """Writes all data sets of this module."""
    for make in (rehab, stocks, panel_survey, studies, causes, adoption, matched, claims, admission, monthly, bioassay, wage_law):
        make()


if __name__ == "__main__":
    write_all()
