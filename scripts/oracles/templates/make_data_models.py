"""Writes the sample data of the time-series, treatment-effect and multivariate templates from fixed seeds.

Run: python3 scripts/oracles/templates/make_data_models.py. The rows are invented. Expected numbers do not
belong here (see goldens_series.py and goldens_causal.py).
"""

import numpy as np
import pandas as pd
from make_data import holes, write


def economy() -> None:
    """A quarterly economy over 120 quarters, 1991 to 2020, and a seasonal sales series."""
    rng = np.random.default_rng(31)
    n = 120
    shocks = rng.normal(size=(n + 20, 3)) @ np.array([[0.7, 0.1, 0.05], [0, 0.5, 0.1], [0, 0, 0.3]])
    a = np.array([[0.45, -0.05, -0.15], [0.10, 0.60, 0.00], [0.12, 0.15, 0.75]])
    state = np.zeros((n + 20, 3))
    for t in range(1, n + 20):
        state[t] = a @ state[t - 1] + shocks[t]
    growth, inflation, rate = state[20:].T
    growth = growth + 0.6
    error = np.zeros(n)
    for t in range(1, n):
        error[t] = 0.5 * error[t - 1] + rng.normal(0, 0.6)
    quarter = np.arange(n)
    season = np.array([0.0, 3.0, 5.0, 9.0])[quarter % 4]
    trend = 80 + 0.4 * quarter + np.cumsum(rng.normal(0, 0.7, n))
    write(pd.DataFrame({
        "period": quarter + 124,  # quarters since 1960q1, as %tq counts them
        "year": 1991 + quarter // 4,
        "growth": np.round(growth, 4),
        "inflation": np.round(inflation + 2.1, 4),
        "rate": np.round(rate + 3.2, 4),
        "unemployment": np.round(6.5 - 0.5 * growth + 0.2 * rate + error, 4),
        "output": np.round(100 * np.exp(np.cumsum(growth) / 100), 4),
        "sales": np.round(trend + season + rng.normal(0, 0.8, n), 3),
    }), "economy.csv")


def rates() -> None:
    """Two monthly interest rates with one long-run relation, and an inflation rate that wanders by itself."""
    rng = np.random.default_rng(33)
    n = 240
    short = 6 + np.cumsum(rng.normal(0, 0.25, n))
    inflation = 3 + np.cumsum(rng.normal(0, 0.2, n))
    gap = np.zeros(n)
    for t in range(1, n):
        gap[t] = 0.75 * gap[t - 1] + rng.normal(0, 0.25)
    month = np.arange(n)
    write(pd.DataFrame({
        "month": month + 552,  # months since 1960m1, as %tm counts them
        "long_rate": np.round(1 + 0.9 * short + gap, 4),
        "short_rate": np.round(short + rng.normal(0, 0.1, n), 4),
        "inflation": np.round(inflation, 4),
    }), "rates.csv")


def training() -> None:
    """A job-training programme that older and less schooled people join more often."""
    rng = np.random.default_rng(32)
    n = 900
    age = rng.integers(18, 60, n)
    schooling = np.clip(np.round(rng.normal(11.5, 2.2, n)), 6, 18).astype(int)
    married = (rng.random(n) < 0.3 + 0.006 * (age - 18)).astype(int)
    before = np.round(np.clip(rng.normal(12 + 0.12 * age + 0.5 * schooling, 5, n), 0, None), 2)
    index = -0.2 + 0.03 * (age - 38) - 0.14 * (schooling - 11.5) - 0.05 * (before - 22) + 0.25 * married
    trained = (rng.random(n) < 1 / (1 + np.exp(-index))).astype(int)
    earnings = 4 + 0.75 * before + 0.4 * schooling + 1.6 * trained + 0.05 * trained * (age - 38) + rng.normal(0, 4, n)
    frame = pd.DataFrame({
        "person": np.arange(1, n + 1), "trained": trained, "earnings": np.round(earnings, 3), "age": age,
        "schooling": schooling, "married": married, "earnings_before": before,
        "region": rng.choice([1, 2, 3], n),
    })
    frame["earnings"] = holes(rng, frame["earnings"], 0.02)
    write(frame, "training.csv")


def scholarship() -> None:
    """Pupils around the admission score of a scholarship."""
    rng = np.random.default_rng(33)
    n = 1500
    score = np.round(rng.normal(58, 12, n), 2)
    female = rng.integers(0, 2, n)
    grade = 40 + 0.5 * (score - 60) + 4.5 * (score >= 60) + 0.004 * (score - 60) ** 2 + 1.2 * female + rng.normal(0, 5, n)
    write(pd.DataFrame({"pupil": np.arange(1, n + 1), "entry_score": score, "final_grade": np.round(grade, 2),
                        "female": female, "family_size": rng.integers(2, 7, n)}), "scholarship.csv")


def attitudes() -> None:
    """Eight questions with answers 1 to 7; the last one is worded the other way round."""
    rng = np.random.default_rng(34)
    n = 420
    trust = rng.normal(size=n)
    stress = 0.2 * trust + rng.normal(size=n)
    answers = {}
    for i in range(1, 6):
        answers[f"trust{i}"] = 4 + (1.1 - 0.1 * i) * trust + rng.normal(0, 0.9, n)
    for i in range(1, 3):
        answers[f"stress{i}"] = 4 + stress + rng.normal(0, 0.8, n)
    answers["distrust"] = 4 - 0.9 * trust + rng.normal(0, 1.0, n)
    frame = pd.DataFrame({k: np.clip(np.round(v), 1, 7).astype(int) for k, v in answers.items()})
    frame.insert(0, "respondent", np.arange(1, n + 1))
    for name in ("trust2", "trust4", "stress1"):
        frame[name] = holes(rng, frame[name].astype("Int64"), 0.03)
    write(frame, "attitudes.csv")


def houses() -> None:
    """Prices of houses with thirty candidate predictors, most of them without influence."""
    rng = np.random.default_rng(35)
    n = 320
    z = rng.normal(size=(n, 30))
    z[:, 1] = 0.6 * z[:, 0] + 0.8 * z[:, 1]
    z[:, 5] = -0.4 * z[:, 2] + 0.9 * z[:, 5]
    index = 1.5 * z[:, 0] + 1.0 * z[:, 1] - 0.8 * z[:, 2] + 0.5 * z[:, 6] + 0.4 * z[:, 9]
    frame = pd.DataFrame(np.round(z, 4), columns=[f"feature{i:02d}" for i in range(1, 31)])
    frame.insert(0, "price", np.round(20 + 3 * index + rng.normal(0, 4, n), 3))
    frame.insert(1, "sold_fast", (rng.random(n) < 1 / (1 + np.exp(-0.9 * index))).astype(int))
    frame.insert(2, "bids", rng.poisson(np.exp(0.6 + 0.25 * index)))
    write(frame, "houses.csv")


if __name__ == "__main__":
    economy()
    rates()
    training()
    scholarship()
    attitudes()
    houses()
