"""Writes the sample data of the templates on curves, announcements, accounts, risks, wards, daily returns, farms, stores, tobacco sales, an exam, leisure, a cohort, a staff survey and provinces from fixed seeds.

Run: python3 scripts/oracles/templates/make_data_more.py. The rows are invented. Expected numbers do not
belong here (see the goldens_*.py files).
"""

import numpy as np
import pandas as pd
from make_data import holes, write


def growth() -> None:
    """Plants measured once between day 2 and day 60, and the rate of an enzyme at a concentration."""
    rng = np.random.default_rng(91)
    n = 180
    day = np.round(rng.uniform(2, 60, n), 1)
    height = np.round(118 / (1 + np.exp(-0.14 * (day - 27))) + rng.normal(0, 4, n), 2)
    dose = np.round(rng.uniform(0.2, 12, n), 2)
    rate = np.round(42 * dose / (2.4 + dose) + rng.normal(0, 1.8, n), 3)
    frame = pd.DataFrame({"plant": np.arange(1, n + 1), "day": day, "height": height, "dose": dose, "rate": rate})
    frame["height"] = holes(rng, frame["height"], 0.02)
    write(frame, "growth.csv")


def announcements() -> None:
    """Daily returns in percent of 24 shares over 160 trading days, each with one announcement day."""
    rng = np.random.default_rng(92)
    days = 160
    market = rng.normal(0.03, 1.1, days)
    rows = []
    for s in range(24):
        beta, alpha = rng.normal(1, 0.25), rng.normal(0, 0.02)
        event = int(rng.integers(125, 145))
        for t in range(days):
            jump = {0: 1.6, 1: 0.5}.get(t + 1 - event, 0.0)
            rows.append({"share": f"A{s + 1:02d}", "day": t + 1, "ret": alpha + beta * market[t] + jump + rng.normal(0, 1.5), "market": market[t], "event_day": event})
    frame = pd.DataFrame(rows)
    frame[["ret", "market"]] = frame[["ret", "market"]].round(4)
    frame["ret"] = holes(rng, frame["ret"], 0.004)
    write(frame, "announcements.csv")


def accounts() -> None:
    """Yearly accounts of 180 firms in six industries over six years."""
    rng = np.random.default_rng(93)
    rows = []
    for f in range(180):
        industry = f % 6 + 1
        assets = np.exp(rng.normal(6, 0.8))
        sales = assets * rng.uniform(0.6, 1.6)
        receivables = sales * rng.uniform(0.08, 0.2)
        ppe_share = rng.uniform(0.15, 0.6)
        for year in range(2014, 2020):
            before, sales_before, receivables_before = assets, sales, receivables
            growth = rng.normal(0.06, 0.15)
            sales = sales_before * np.exp(growth)
            receivables = sales * rng.uniform(0.08, 0.2)
            assets = before * np.exp(0.6 * growth + rng.normal(0, 0.05))
            ppe = assets * ppe_share * rng.uniform(0.95, 1.05)
            accruals = before * (0.01 + rng.normal(0, 0.05)) + 0.06 * (sales - sales_before) - 0.07 * ppe
            debt = assets * rng.uniform(0.25, 0.75)
            rows.append({"firm": f"F{f + 1:03d}", "industry": industry, "year": year, "total_accruals": accruals, "lagged_assets": before,
                         "sales_change": sales - sales_before, "receivables_change": receivables - receivables_before, "ppe": ppe,
                         "return_on_assets": (accruals + rng.normal(0.04, 0.05) * before) / before, "assets": assets, "sales": sales,
                         "working_capital": assets * rng.normal(0.12, 0.12), "retained_earnings": assets * rng.normal(0.18, 0.2),
                         "ebit": assets * rng.normal(0.07, 0.07), "equity_value": assets * rng.uniform(0.2, 1.4), "liabilities": debt})
    frame = pd.DataFrame(rows)
    numbers = frame.columns[3:]
    frame[numbers] = frame[numbers].round(4)
    frame["receivables_change"] = holes(rng, frame["receivables_change"], 0.01)
    write(frame, "accounts.csv")


def risks() -> None:
    """Patients with a predicted risk of death and of a second score, both too extreme, and the outcome."""
    rng = np.random.default_rng(94)
    n = 600
    age = rng.integers(35, 90, n)
    marker = np.round(rng.normal(0, 1, n), 3)
    truth = -1.6 + 0.03 * (age - 60) + 0.9 * marker
    died = (rng.random(n) < 1 / (1 + np.exp(-truth))).astype(int)
    risk = np.round(1 / (1 + np.exp(-(0.25 + 1.35 * truth + rng.normal(0, 0.3, n)))), 5)
    second = np.round(1 / (1 + np.exp(-(0.9 * (-1.6 + 0.03 * (age - 60))))), 5)
    frame = pd.DataFrame({"patient": np.arange(1, n + 1), "died": died, "predicted": risk, "age_score": second, "age": age, "marker": marker,
                          "hospital": rng.integers(1, 7, n)})
    write(frame, "risks.csv")


def wards() -> None:
    """Patients of forty wards: an infection, falls, surgery, age."""
    rng = np.random.default_rng(97)
    rows = []
    for ward in range(1, 41):
        own, slippery = rng.normal(0, 0.8), rng.normal(0, 0.5)
        for _ in range(int(rng.integers(12, 26))):
            age, surgery, female = int(rng.integers(20, 90)), int(rng.random() < 0.4), int(rng.random() < 0.5)
            risk = 1 / (1 + np.exp(-(-2.4 + 0.9 * surgery + 0.02 * age - 0.2 * female + own)))
            falls = rng.poisson(np.exp(-1.6 + 0.018 * age + slippery))
            rows.append({"ward": f"W{ward:02d}", "infection": int(rng.random() < risk), "falls": falls, "surgery": surgery, "age": age, "female": female})
    frame = pd.DataFrame(rows)
    frame["age"] = holes(rng, frame["age"], 0.01).astype("Int64")
    write(frame, "wards.csv")


def index_returns() -> None:
    """Daily returns in percent of an index; bad news raises the variance more than good news."""
    rng = np.random.default_rng(98)
    n = 900
    error, variance, news = np.zeros(n), np.ones(n), rng.normal(size=n).round(3)
    for t in range(n):
        before, last = (error[t - 1], variance[t - 1]) if t else (0.0, 1.0)
        variance[t] = 0.05 + (0.05 + 0.1 * (before < 0)) * before**2 + 0.83 * last
        error[t] = np.sqrt(variance[t]) * rng.standard_t(8) * np.sqrt(6 / 8)
    frame = pd.DataFrame({"day": np.arange(1, n + 1), "ret": (0.04 + 0.1 * news + error).round(4), "news": news})
    write(frame, "index_returns.csv")


def farms() -> None:
    """Harvests of farms that fall short of the frontier of land, labour and water."""
    rng = np.random.default_rng(99)
    n = 420
    land, labor, irrigated = rng.normal(1.5, 0.6, n).round(4), rng.normal(0.8, 0.5, n).round(4), (rng.random(n) < 0.4).astype(int)
    output = 1 + 0.5 * land + 0.35 * labor + 0.15 * irrigated + rng.normal(0, 0.2, n) - np.abs(rng.normal(0, 0.45, n))
    frame = pd.DataFrame({"farm": np.arange(1, n + 1), "log_output": output.round(5), "log_land": land, "log_labor": labor, "irrigated": irrigated})
    frame["log_labor"] = holes(rng, frame["log_labor"], 0.01)
    write(frame, "farms.csv")


def stores() -> None:
    """Sales and prices of eighty stores over eight quarters; prices follow demand, and the cost and the fuel of deliveries."""
    rng = np.random.default_rng(100)
    rows = []
    for store in range(1, 81):
        own = rng.normal(0, 0.5)
        for quarter in range(1, 9):
            demand, cost, fuel, adverts = rng.normal(0, 0.25), rng.normal(0, 0.3), rng.normal(0, 0.2), rng.poisson(3)
            price = 1.2 + 0.3 * own + 0.5 * cost + 0.4 * fuel + 0.35 * demand + rng.normal(0, 0.08)
            sales = 4 + own - 1.1 * price + 0.05 * adverts + 0.02 * quarter + demand + rng.normal(0, 0.1)
            if rng.random() > 0.04:
                rows.append({"store": f"S{store:02d}", "quarter": quarter, "log_sales": sales, "log_price": price, "cost": cost, "fuel": fuel, "adverts": adverts})
    frame = pd.DataFrame(rows)
    numbers = ["log_sales", "log_price", "cost", "fuel"]
    frame[numbers] = frame[numbers].round(5)
    write(frame, "stores.csv")


def tobacco() -> None:
    """Cigarette sales of 26 regions over twenty years; a law in region R07 from 2001 on."""
    rng = np.random.default_rng(103)
    trend, cycle = -np.linspace(0, 30, 20), np.cumsum(rng.normal(0, 2.5, 20))
    rows = []
    for region in range(1, 27):
        level, slope, wave = rng.uniform(90, 150), rng.uniform(0.5, 1.5), rng.uniform(0.3, 1.2)
        wealth, young, cost = rng.normal(9.8, 0.12), rng.uniform(0.15, 0.2), rng.normal(75, 9)
        if region == 7:
            level, slope, wave, cost, young = 112.0, 1.1, 1.3, 78.0, 0.173
        for t, year in enumerate(range(1990, 2010)):
            sales = level + slope * trend[t] + wave * cycle[t] + 200 * (young - 0.175) - 0.3 * (cost - 75) + rng.normal(0, 1.2)
            if region == 7 and year >= 2001:
                sales -= 5 + 1.5 * (year - 2001)
            rows.append({"region": f"R{region:02d}", "year": year, "sales": sales, "price": cost + 3.5 * t + rng.normal(0, 3), "log_income": wealth + 0.012 * t + rng.normal(0, 0.01),
                         "young_share": young + rng.normal(0, 0.002)})
    frame = pd.DataFrame(rows)
    frame["sales"], frame["price"] = frame["sales"].round(2), holes(rng, frame["price"].round(1), 0.02)
    frame["log_income"], frame["young_share"] = frame["log_income"].round(4), frame["young_share"].round(4)
    write(frame, "tobacco.csv")


def exam() -> None:
    """Six questions answered rightly or wrongly and four statements on a scale of 1 to 4, by 600 students."""
    rng = np.random.default_rng(104)
    n = 600
    ability, interest = rng.normal(size=n), rng.normal(size=n)
    frame = {"student": np.arange(1, n + 1)}
    for j, (slope, hard) in enumerate([(1.3, -1.6), (0.9, -0.7), (1.8, -0.2), (1.1, 0.4), (2.1, 0.8), (0.7, 1.9)]):
        frame[f"q{j + 1}"] = (rng.random(n) < 1 / (1 + np.exp(-slope * (ability - hard)))).astype(int)
    for j, (slope, steps) in enumerate([(1.7, (-1.3, 0.1, 1.4)), (1.0, (-0.8, 0.5, 1.9)), (2.3, (-0.6, 0.3, 1.1)), (1.4, (-1.8, -0.6, 0.9))]):
        above = 1 / (1 + np.exp(-slope * (interest[:, None] - np.array(steps))))
        frame[f"s{j + 1}"] = 1 + (rng.random(n)[:, None] < above).sum(1)
    frame = pd.DataFrame(frame)
    frame["q4"], frame["s2"] = holes(rng, frame["q4"], 0.01).astype("Int64"), holes(rng, frame["s2"], 0.01).astype("Int64")
    write(frame, "exam.csv")


def leisure() -> None:
    """Five habits of 800 persons, yes or no, and the place where they read the news."""
    rng = np.random.default_rng(105)
    n = 800
    kind = rng.choice(3, n, p=[0.5, 0.32, 0.18])
    habits = {"sport": (0.75, 0.2, 0.55), "club": (0.6, 0.1, 0.2), "museum": (0.15, 0.12, 0.85), "games": (0.45, 0.8, 0.15), "cinema": (0.7, 0.4, 0.8)}
    frame = {"person": np.arange(1, n + 1)}
    for name, share in habits.items():
        frame[name] = (rng.random(n) < np.array(share)[kind]).astype(int)
    sources = np.array([(0.3, 0.5, 0.2), (0.1, 0.2, 0.7), (0.7, 0.2, 0.1)])[kind]
    frame["news"] = 1 + (rng.random(n)[:, None] > sources.cumsum(1)).sum(1)
    frame = pd.DataFrame(frame)
    frame["club"] = holes(rng, frame["club"], 0.01).astype("Int64")
    write(frame, "leisure.csv")


def cohort() -> None:
    """Examined adults of whom some values are unknown, more often for the young (body-mass index, smoking) and the active (income)."""
    rng = np.random.default_rng(106)
    n = 400
    age = rng.integers(25, 80, n)
    female = (rng.random(n) < 0.54).astype(int)
    activity = np.round(np.clip(rng.gamma(2.2, 1.4, n) - 0.02 * (age - 50), 0, 14), 1)
    income = np.round(np.exp(3.4 + 0.006 * (age - 50) + 0.05 * activity + rng.normal(0, 0.35, n)), 1)
    smoker = (rng.random(n) < 1 / (1 + np.exp(1.1 + 0.02 * (age - 50) + 0.12 * activity))).astype(int)
    bmi = np.round(25.5 + 0.05 * (age - 50) - 0.35 * activity - 0.8 * smoker + rng.normal(0, 3.2, n), 1)
    pressure = np.round(118 + 0.45 * (age - 50) + 1.1 * (bmi - 25) + 4.5 * smoker - 3.5 * female + rng.normal(0, 9, n), 0)
    ill = (rng.random(n) < 1 / (1 + np.exp(1.2 - 0.05 * (age - 50) - 0.12 * (bmi - 25) - 0.6 * smoker))).astype(int)
    frame = pd.DataFrame({"person": np.arange(1, n + 1), "sbp": pressure.astype(int), "hypertension": ill, "age": age, "female": female,
                          "bmi": bmi, "smoker": smoker, "income": income, "activity": activity})
    unknown = {"bmi": 1.1 + 0.035 * (age - 50) + 0.02 * (pressure - 120), "smoker": 1.9 + 0.02 * (age - 50), "income": 1.9 - 0.12 * activity}
    for name, known in unknown.items():
        frame[name] = frame[name].where(rng.random(n) < 1 / (1 + np.exp(-known)))
    frame["smoker"] = frame["smoker"].astype("Int64")
    frame["sbp"] = holes(rng, frame["sbp"], 0.05).astype("Int64")
    write(frame, "cohort.csv")


def staff() -> None:
    """Answers 1 to 5 of employees to statements on support by their leader, engagement and the wish to leave."""
    rng = np.random.default_rng(107)
    n = 360
    support = rng.normal(size=n)
    engagement = 0.55 * support + np.sqrt(1 - 0.55**2) * rng.normal(size=n)
    leaving = -0.25 * support - 0.4 * engagement + 0.8 * rng.normal(size=n)
    frame = {"employee": np.arange(1, n + 1)}
    for name, trait, loadings in (("support", support, (0.82, 0.78, 0.74, 0.69)), ("engage", engagement, (0.8, 0.76, 0.7, 0.62)), ("leave", leaving, (0.85, 0.8, 0.66))):
        for j, loading in enumerate(loadings):
            answer = loading * trait + np.sqrt(1 - loading**2) * rng.normal(size=n)
            frame[f"{name}{j + 1}"] = 1 + np.searchsorted((-1.6, -0.7, 0.3, 1.3), answer)
    frame = pd.DataFrame(frame)
    frame["tenure"] = np.round(rng.gamma(2, 3, n), 1)
    frame["engage3"] = holes(rng, frame["engage3"], 0.02).astype("Int64")
    write(frame, "staff.csv")


def provinces() -> None:
    """Twenty provinces over 32 years: output per head and electricity wander, growth and inflation do not."""
    rng = np.random.default_rng(108)
    rows = []
    common = rng.normal(0, 0.3, 32)
    for p in range(20):
        output = 2 + np.cumsum(0.05 + rng.normal(0, 0.03, 32))
        power = 1 + np.cumsum(0.04 + rng.normal(0, 0.05, 32))
        inflation, level = [], rng.normal(2.5, 0.6)
        last = level
        for t in range(32):
            last = level + 0.45 * (last - level) + common[t] + rng.normal(0, 0.8)
            inflation.append(last)
        for t in range(32):
            rows.append({"province": p + 1, "year": 1990 + t, "log_output": output[t], "log_power": power[t], "inflation": inflation[t]})
    write(pd.DataFrame(rows).round(4), "provinces.csv")


def write_all() -> None:
    """Writes all sample data of this module."""
    for make in (growth, announcements, accounts, risks, wards, index_returns, farms, stores, tobacco, exam, leisure, cohort, staff, provinces):
        make()


if __name__ == "__main__":
    write_all()
