"""Writes the sample data sets of the template library from fixed seeds.

Run: python3 scripts/oracles/templates/make_data.py. The rows are invented; their
size, spread, missing values and relations follow what such files look like.
Expected numbers do not belong here (see make_goldens.py).
"""

from pathlib import Path

import numpy as np
import pandas as pd

OUT = Path(__file__).resolve().parents[3] / "assets" / "stata_do_library" / "datasets"


def write(frame: pd.DataFrame, name: str) -> None:
    """Writes UTF-8 CSV with `.` as decimal sign and empty cells for missing values."""
    frame.to_csv(OUT / name, index=False, encoding="utf-8", lineterminator="\n")


def holes(rng, series: pd.Series, share: float) -> pd.Series:
    """Empties a random share of the cells."""
    return series.mask(rng.random(len(series)) < share)


def pay() -> None:
    """Employees: pay, schooling, sector, region, firm, sampling weight."""
    rng = np.random.default_rng(20240101)
    n = 800
    female = rng.integers(0, 2, n)
    schooling = np.clip(np.round(rng.normal(13, 2.6, n)), 6, 21).astype(int)
    age = rng.integers(19, 65, n)
    years = np.clip(age - schooling - 6 - rng.integers(0, 4, n), 0, None)
    sector = rng.choice([1, 2, 3, 4], n, p=[0.35, 0.3, 0.2, 0.15])
    firm = rng.integers(1, 61, n)
    firm_effect = rng.normal(0, 0.15, 61)[firm]
    union = (rng.random(n) < 0.25 + 0.1 * (sector == 2)).astype(int)
    hours = np.clip(np.round(rng.normal(38, 6, n)), 8, 70).astype(int)
    log_pay = (0.9 + 0.085 * schooling + 0.028 * years - 0.0004 * years**2 - 0.14 * female
               + 0.09 * union + np.array([0, 0, 0.08, 0.15, -0.05])[sector] + firm_effect
               + rng.normal(0, 1, n) * (0.22 + 0.012 * schooling))
    frame = pd.DataFrame({
        "person_id": np.arange(1, n + 1),
        "log_pay": np.round(log_pay, 5),
        "pay": np.round(np.exp(log_pay), 2),
        "schooling": schooling,
        "years_work": years,
        "age": age,
        "female": female,
        "sector": sector,
        "union_member": union,
        "hours": hours,
        "region": rng.choice(["North", "South", "East", "West"], n),
        "firm_id": [f"F{v:03d}" for v in firm],
        "sample_weight": np.round(rng.uniform(0.4, 3.0, n), 3),
        "hired_on": pd.to_datetime("2010-01-04") + pd.to_timedelta(rng.integers(0, 4700, n), unit="D"),
    })
    frame["hired_on"] = frame["hired_on"].dt.strftime("%Y-%m-%d")
    frame["log_pay"] = holes(rng, frame["log_pay"], 0.02)
    frame["schooling"] = holes(rng, frame["schooling"].astype("Int64"), 0.03)
    write(frame, "pay.csv")


def schools() -> None:
    """Pupils in schools: test score, study time, background."""
    rng = np.random.default_rng(20240102)
    rows = []
    for school in range(1, 46):
        size = rng.integers(12, 36)
        effect = rng.normal(0, 6)
        urban = int(rng.random() < 0.6)
        class_size = int(rng.integers(14, 32))
        for _ in range(size):
            girl = int(rng.integers(0, 2))
            study = max(0.0, rng.normal(6, 2.5))
            parents = int(rng.choice([1, 2, 3], p=[0.3, 0.45, 0.25]))
            score = 48 + 1.6 * study + 3.2 * (parents == 2) + 7.5 * (parents == 3) + 1.1 * girl \
                - 0.25 * class_size + effect + rng.normal(0, 9)
            rows.append((f"S{school:02d}", round(score, 1), round(study, 2), girl, parents,
                         class_size, urban))
    frame = pd.DataFrame(rows, columns=["school", "score", "study_hours", "girl",
                                        "parents_education", "class_size", "urban"])
    frame.insert(1, "pupil_id", np.arange(1001, 1001 + len(frame)))
    frame["study_hours"] = holes(rng, frame["study_hours"], 0.04)
    write(frame, "schools.csv")


def firms_panel() -> None:
    """Firms by year, unbalanced: output, inputs, export status."""
    rng = np.random.default_rng(20240103)
    rows = []
    for firm in range(1, 121):
        unit = rng.normal(0, 0.8)
        first = int(rng.integers(2012, 2015))
        last = int(rng.integers(2018, 2021))
        capital = rng.normal(4 + 0.5 * unit, 0.6)
        labor = rng.normal(3 + 0.4 * unit, 0.5)
        shock = 0.0
        province = ["Hubei", "Sichuan", "Jiangsu", "Guangdong"][firm % 4]
        industry = int(rng.integers(1, 6))
        for year in range(first, last + 1):
            if rng.random() < 0.05:
                continue
            capital += rng.normal(0.04, 0.12)
            labor += rng.normal(0.01, 0.1)
            export = int(rng.random() < 1 / (1 + np.exp(-unit)))
            shock = 0.6 * shock + rng.normal(0, 0.15)
            output = 1.2 + 0.33 * capital + 0.52 * labor + 0.06 * export + 0.02 * (year - 2012) \
                + unit + shock
            rows.append((f"C{firm:03d}", year, round(output, 5), round(capital, 5),
                         round(labor, 5), export, industry, province))
    frame = pd.DataFrame(rows, columns=["firm", "year", "log_output", "log_capital", "log_labor",
                                        "exporter", "industry", "province"])
    frame["log_capital"] = holes(rng, frame["log_capital"], 0.02)
    write(frame, "firms_panel.csv")


def returns() -> None:
    """Wages with endogenous education and two instruments."""
    rng = np.random.default_rng(20240104)
    n = 1500
    ability = rng.normal(0, 1, n)
    near = (rng.random(n) < 0.65).astype(int)
    father = np.clip(np.round(rng.normal(10, 3.2, n)), 0, 18).astype(int)
    south = (rng.random(n) < 0.4).astype(int)
    urban = (rng.random(n) < 0.7).astype(int)
    education = np.clip(np.round(8.2 + 0.7 * near + 0.28 * father - 0.4 * south + 0.9 * ability
                                 + rng.normal(0, 1.8, n)), 1, 20).astype(int)
    experience = np.clip(np.round(rng.normal(9, 4, n)), 0, 30).astype(int)
    log_wage = 4.6 + 0.09 * education + 0.05 * experience - 0.0015 * experience**2 - 0.13 * south \
        + 0.15 * urban + 0.16 * ability + rng.normal(0, 0.35, n)
    frame = pd.DataFrame({
        "log_wage": np.round(log_wage, 5), "education": education, "experience": experience,
        "experience_sq": experience**2, "near_college": near, "father_education": father,
        "south": south, "urban": urban, "county": rng.integers(1, 76, n),
    })
    frame["father_education"] = holes(rng, frame["father_education"].astype("Int64"), 0.06)
    write(frame, "returns.csv")


def clinic() -> None:
    """Patients: readmission, risk factors, treatment arm and recovery days."""
    rng = np.random.default_rng(20240105)
    n = 640
    age = np.clip(np.round(rng.normal(58, 13, n)), 20, 92).astype(int)
    bmi = np.round(np.clip(rng.normal(26.5, 4.2, n), 16, 46), 1)
    smoker = (rng.random(n) < 0.28).astype(int)
    stage = rng.choice([1, 2, 3], n, p=[0.5, 0.32, 0.18])
    arm = rng.choice(["standard", "new care"], n)
    ward = rng.integers(1, 41, n)
    index = -5.2 + 0.05 * age + 0.05 * (bmi - 26) + 0.7 * smoker + 0.6 * (stage == 2) \
        + 1.3 * (stage == 3) - 0.45 * (arm == "new care") + rng.normal(0, 0.3, 41)[ward]
    readmitted = (rng.random(n) < 1 / (1 + np.exp(-index))).astype(int)
    days = np.round(np.exp(2.1 + 0.008 * age + 0.12 * (stage - 1)
                           - 0.12 * (arm == "new care") + rng.normal(0, 0.35, n)), 1)
    frame = pd.DataFrame({
        "patient_id": np.arange(1, n + 1), "readmitted": readmitted, "age": age, "bmi": bmi,
        "smoker": smoker, "stage": stage, "arm": arm, "ward": ward, "recovery_days": days,
        "sex": rng.choice(["F", "M"], n),
        "admitted_on": (pd.to_datetime("2022-02-01")
                        + pd.to_timedelta(rng.integers(0, 600, n), unit="D")).strftime("%Y-%m-%d"),
    })
    frame["bmi"] = holes(rng, frame["bmi"], 0.05)
    frame["recovery_days"] = holes(rng, frame["recovery_days"], 0.03)
    write(frame, "clinic.csv")


def survey() -> None:
    """A questionnaire with Chinese names and the usual flaws of a raw file."""
    rng = np.random.default_rng(20240106)
    n = 400
    gender = rng.choice(["男", "女"], n)
    city = rng.choice(["武汉", "成都", "南京", "广州"], n, p=[0.4, 0.3, 0.2, 0.1])
    age = rng.integers(18, 70, n)
    income = np.round(np.exp(rng.normal(8.7, 0.5, n)) * (1 + 0.1 * (gender == "男")), 0)
    channel = rng.choice(["Online", "online", "Store", "store ", "Phone"], n,
                         p=[0.4, 0.1, 0.35, 0.05, 0.1])
    satisfaction = rng.integers(1, 6, n)
    satisfaction[rng.choice(n, 11, replace=False)] = 99
    frame = pd.DataFrame({
        "编号": np.arange(1, n + 1), "性别": gender, "年龄": age, "城市": city, "月收入": income,
        "满意度": satisfaction, "渠道": channel, "批次": 1,
        "门店代码": rng.choice(["101", "102", "205"], n),
        "备注": rng.choice(["", "不详", "电话回访", "需要发票"], n, p=[0.55, 0.1, 0.2, 0.15]),
        "访问日期": (pd.to_datetime("2023-03-01")
                 + pd.to_timedelta(rng.integers(0, 120, n), unit="D")).strftime("%Y-%m-%d"),
    })
    frame["月收入"] = holes(rng, frame["月收入"], 0.07)
    frame["传真"] = pd.Series([np.nan] * n)
    frame = pd.concat([frame, frame.iloc[[10, 57, 233]]], ignore_index=True)
    write(frame, "survey.csv")


def policy() -> None:
    """Shops in two regions before and after a wage rule: employment, size, chain."""
    rng = np.random.default_rng(20240107)
    rows = []
    for shop in range(1, 211):
        treated = int(shop <= 105)
        chain = int(rng.integers(1, 5))
        area = round(float(rng.uniform(80, 400)), 0)
        unit = rng.normal(0, 3)
        for post in (0, 1):
            jobs = 18 + 0.02 * area + 1.5 * (chain == 2) + unit - 1.2 * treated + 0.6 * post \
                + 1.9 * treated * post + rng.normal(0, 2)
            rows.append((f"P{shop:03d}", treated, post, round(jobs, 2), area, chain,
                         "east" if treated else "west"))
    frame = pd.DataFrame(rows, columns=["shop", "treated", "post", "jobs", "area", "chain", "region"])
    frame["jobs"] = holes(rng, frame["jobs"], 0.03)
    write(frame, "policy.csv")


def rollout() -> None:
    """Towns over ten years; a programme starts in 2016 in half of them."""
    rng = np.random.default_rng(20240108)
    rows = []
    for town in range(1, 61):
        treated = town <= 30
        unit = rng.normal(0, 4)
        for year in range(2010, 2020):
            on = int(treated and year >= 2016)
            income = rng.normal(30 + 0.4 * (year - 2010), 2)
            effect = on * (1.0 + 0.5 * (year - 2016))
            visits = 40 + unit + 0.3 * (year - 2010) + 0.2 * income + effect + rng.normal(0, 1.5)
            rows.append((f"T{town:02d}", year, on, round(visits, 3), round(income, 3), 2016 if treated else None))
    frame = pd.DataFrame(rows, columns=["town", "year", "programme", "visits", "income", "start_year"])
    frame["start_year"] = frame["start_year"].astype("Int64")
    frame["visits"] = holes(rng, frame["visits"], 0.02)
    write(frame, "rollout.csv")


def visits() -> None:
    """Insured persons: visits to a doctor, months observed, health."""
    rng = np.random.default_rng(20240109)
    n = 720
    age = rng.integers(18, 80, n)
    chronic = (rng.random(n) < 0.2 + 0.004 * (age - 18)).astype(int)
    copay = rng.choice([0, 10, 20], n)
    months = rng.integers(3, 13, n)
    mean = months / 12 * np.exp(0.3 + 0.01 * (age - 45) + 0.6 * chronic - 0.015 * copay)
    count = rng.poisson(mean * rng.gamma(1.6, 1 / 1.6, n))
    frame = pd.DataFrame({"person": np.arange(1, n + 1), "visits": count, "age": age, "chronic": chronic,
                          "copay": copay, "months": months, "district": rng.integers(1, 41, n)})
    write(frame, "visits.csv")


def households() -> None:
    """Households: satisfaction, way to work, spending on culture (many zeros), wage of those who work."""
    rng = np.random.default_rng(20240110)
    n = 900
    income = np.round(np.exp(rng.normal(1.3, 0.45, n)), 2)
    age = rng.integers(22, 65, n)
    children = rng.choice([0, 1, 2, 3], n, p=[0.4, 0.28, 0.24, 0.08])
    education = np.clip(np.round(rng.normal(12 + 0.4 * income, 2.2, n)), 6, 20).astype(int)
    city = (rng.random(n) < 0.55).astype(int)
    latent = 0.35 * income - 0.015 * (age - 40) + 0.3 * city + rng.logistic(0, 1, n)
    satisfaction = 1 + np.searchsorted([-0.8, 0.6, 2.0, 3.4], latent)
    utility = np.column_stack([0.4 * income + 0.3 * children, 0.6 * city + 0.1 * income,
                               0.9 * city - 0.02 * (age - 40) + 0.0 * income, 0.3 - 0.15 * children])
    transport = 1 + np.argmax(utility + rng.gumbel(0, 1, utility.shape), axis=1)
    spending = np.round(np.maximum(0, -40 + 22 * income + 1.5 * (education - 12) - 9 * children + 12 * city
                                   + rng.normal(0, 38, n)), 2)
    shared = rng.normal(0, 1, n)
    works = ((-0.4 + 0.11 * (education - 12) + 0.012 * (age - 40) - 0.45 * children + 0.5 + shared) > 0).astype(int)
    wage = np.round(1.9 + 0.075 * (education - 12) + 0.008 * (age - 40) + 0.15 * city
                    + 0.35 * (0.6 * shared + 0.8 * rng.normal(0, 1, n)), 4)
    frame = pd.DataFrame({"household": np.arange(1, n + 1), "satisfaction": satisfaction, "transport": transport,
                          "spending": spending, "works": works, "log_wage": np.where(works == 1, wage, np.nan),
                          "income": income, "age": age, "children": children, "education": education, "city": city})
    frame["income"] = holes(rng, frame["income"], 0.02)
    write(frame, "households.csv")


def orders() -> None:
    """Orders and their customers: a main file, a lookup with gaps, and a late file of other columns."""
    rng = np.random.default_rng(20240120)
    n = 120
    customers = [f"K{v:02d}" for v in range(1, 41)]
    frame = pd.DataFrame({
        "order_id": np.arange(1001, 1001 + n),
        "customer": rng.choice(customers, n),
        "amount": np.round(rng.gamma(2.0, 60, n), 2),
        "items": rng.integers(1, 9, n),
        "region": rng.choice(["北区", "南区", "东区"], n),
    })
    frame["customer"] = holes(rng, frame["customer"], 0.03)
    frame["amount"] = holes(rng, frame["amount"], 0.05)
    write(frame, "orders.csv")
    kept = [c for c in customers if c not in ("K03", "K17", "K29")] + ["K91", "K92", "K93", "K94"]
    lookup = pd.DataFrame({
        "customer": kept,
        "since_year": rng.integers(2008, 2024, len(kept)),
        "segment": rng.choice(["retail", "business"], len(kept)),
        "region": rng.choice(["北区", "南区", "东区"], len(kept)),
    })
    write(lookup.sample(frac=1, random_state=7), "customers.csv")
    late = pd.DataFrame({
        "order_id": np.arange(2001, 2026),
        "customer": rng.choice(customers, 25),
        "amount": np.round(rng.gamma(2.0, 60, 25), 2),
        "items": rng.integers(1, 9, 25),
        "channel": rng.choice(["web", "phone"], 25),
    })
    write(late, "orders_late.csv")


def marks() -> None:
    """Marks of pupils in two terms, one column for each subject and year."""
    rng = np.random.default_rng(20240121)
    rows = []
    for pupil in range(1, 31):
        group = str(rng.choice(["一班", "二班"]))
        for term in (1, 2):
            row = {"row_id": 2 * pupil + term, "pupil_id": pupil, "term": term, "class": group}
            for subject, level in (("maths", 70), ("essay", 64)):
                for year in (2021, 2022, 2023):
                    row[f"{subject}{year}"] = round(float(rng.normal(level, 9)), 1)
            rows.append(row)
    frame = pd.DataFrame(rows)
    for name in ("maths2022", "essay2023"):
        frame[name] = holes(rng, frame[name], 0.1)
    write(frame, "marks.csv")


def ledger() -> None:
    """Invoices with repeated numbers: exact copies, corrected amounts, incomplete rows."""
    rng = np.random.default_rng(20240122)
    rows = []
    for invoice in range(1, 61):
        amount = round(float(rng.gamma(2.0, 300)), 2)
        base = {"invoice": f"R{invoice:03d}", "booked_on": int(rng.integers(1, 300)), "amount": amount,
                "supplier": str(rng.choice(["Alder", "Birch", "Cedar"])), "note": "ok"}
        rows.append(base)
        for _ in range(int(rng.choice([0, 0, 0, 1, 1, 2]))):
            copy = dict(base)
            kind = rng.integers(0, 3)
            if kind == 1:
                copy["amount"] = round(amount * 1.1, 2)
                copy["booked_on"] = base["booked_on"] + int(rng.integers(1, 20))
            if kind == 2:
                copy["supplier"] = None
                copy["note"] = None
            rows.append(copy)
    frame = pd.DataFrame(rows).sample(frac=1, random_state=11)
    write(frame, "ledger.csv")


def trial() -> None:
    """Patients of a trial: months to death or end of observation, arm, age, stage, centre."""
    rng = np.random.default_rng(20240110)
    n = 320
    arm = rng.integers(0, 2, n)
    age = np.clip(np.round(rng.normal(62, 9, n)), 30, 88)
    stage = rng.choice([1, 2, 3], n, p=[0.4, 0.35, 0.25])
    centre = rng.integers(1, 13, n)
    female = rng.integers(0, 2, n)
    index = -0.55 * arm + 0.025 * (age - 62) + 0.45 * (stage == 2) + 0.95 * (stage == 3) + rng.normal(0, 0.2, 13)[centre]
    time = 26 * rng.weibull(1.25, n) * np.exp(-index / 1.25)
    end = rng.uniform(8, 48, n)
    frame = pd.DataFrame({
        "patient": np.arange(1, n + 1), "months": np.maximum(np.ceil(np.minimum(time, end) * 2) / 2, 0.5),
        "died": (time <= end).astype(int), "arm": np.where(arm == 1, "new", "standard"), "treated": arm,
        "age": age, "stage": stage, "centre": [f"C{c:02d}" for c in centre], "female": female,
    })
    frame["age"] = holes(rng, frame["age"], 0.02)
    write(frame, "trial.csv")


def screening() -> None:
    """Persons examined for a disease: two blood markers, exposure at work, age group, years observed."""
    rng = np.random.default_rng(20240111)
    n = 540
    group = rng.choice([1, 2, 3], n, p=[0.4, 0.35, 0.25])
    exposed = (rng.random(n) < 0.25 + 0.08 * group).astype(int)
    disease = (rng.random(n) < 0.10 + 0.07 * group + 0.11 * exposed).astype(int)
    frame = pd.DataFrame({
        "person": np.arange(1, n + 1), "disease": disease, "exposed": exposed, "age_group": group,
        "years": np.round(rng.uniform(0.5, 8, n), 2),
        "marker_a": np.round(np.exp(rng.normal(1.2 + 0.75 * disease, 0.6)), 1),
        "marker_b": np.round(rng.normal(40 + 5 * disease, 9), 1), "smoker": rng.integers(0, 2, n),
    })
    frame["marker_b"] = holes(rng, frame["marker_b"], 0.02)
    write(frame, "screening.csv")


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for make in (pay, schools, firms_panel, returns, clinic, survey, policy, rollout, visits, households,
                 orders, marks, ledger, trial, screening):
        make()
