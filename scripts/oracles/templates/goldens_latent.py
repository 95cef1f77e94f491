"""Expected numbers of item response models and latent classes: marginal likelihoods integrated over equidistant points of the
trait and EM steps, both in numpy, with derivatives by complex steps (the helpers of the engine's oracles)."""

import sys
from pathlib import Path

import numpy as np
from golden import case, fit, read, save, table
from scipy import stats

sys.path.append(str(Path(__file__).resolve().parents[1] / "engine"))
from make_irt import binary, graded, maximise, report, rows_of  # noqa: E402
from make_latent_classes import em, polished, split  # noqa: E402
from numeric import jacobian  # noqa: E402

Z = stats.norm.ppf(0.975)


def patterns(names):
    """Distinct rows of answers and how often each occurs; rows with a missing answer are left out."""
    return np.unique(read("exam.csv")[names].dropna().to_numpy(float), axis=0, return_counts=True)


def items_table(names, reported, values):
    """`reported`: discrimination and difficulties of each item with their standard errors, one pair after the other."""
    out, at = [], 0
    b, se = reported
    for name, steps in zip(names, values):
        for kind, category in [("discrimination", ""), *[("difficulty", v) for v in steps]]:
            out.append({"variable": name, "kind": kind, "category": category, "estimate": b[at], "std_error": se[at], "ci_low": b[at] - Z * se[at], "ci_high": b[at] + Z * se[at]})
            at += 1
    return table(["variable", "kind", "category"], out)


def common(names, answers, weights):
    """Eigenvalues and counts of answers."""
    rows = np.repeat(answers, weights, axis=0)
    values = np.linalg.eigvalsh(np.corrcoef(rows.T))[::-1]
    share = values / len(names)
    eigen = [{"component": j + 1, "eigenvalue": values[j], "share": share[j], "cumulative": share[: j + 1].sum()} for j in range(len(names))]
    counts = []
    for j, name in enumerate(names):
        for value, n in zip(*np.unique(rows[:, j], return_counts=True)):
            counts.append({"variable": name, "category": value, "n": n, "share": n / len(rows)})
    return values, {"table_eigenvalues.csv": table(["component"], eigen), "table_answers.csv": table(["variable", "category"], counts)}


def logistic(model, names, parameters=None, label=None):
    answers, weights = patterns(names)
    n, k = weights.sum(), len(names)
    found = {}
    for one, first in (("1pl", 1), ("2pl", k)):
        slope = (lambda t, j: t[0]) if one == "1pl" else (lambda t, j: t[j])
        curves = lambda t, slope=slope, first=first: [binary(slope(t, j), t[first + j]) for j in range(k)]
        t, ll, info, _ = maximise(rows_of(answers, curves), np.r_[np.ones(first), np.zeros(k)], weights)
        pairs = lambda s, slope=slope, first=first: np.concatenate([[slope(s, j), -s[first + j] / slope(s, j)] for j in range(k)])
        found[one] = (ll, len(t), report(pairs, t, np.linalg.inv(info)))
    tests = []
    for one in ("1pl", "2pl"):
        ll, df, _ = found[one]
        row = {"model": one, "ll": ll, "df": df, "aic": 2 * df - 2 * ll, "bic": df * np.log(n) - 2 * ll, "lr_chi2": None, "df1": None, "p_value": None}
        if one == "2pl":
            chi2 = 2 * (ll - found["1pl"][0])
            row |= {"lr_chi2": chi2, "df1": k - 1, "p_value": stats.chi2.sf(chi2, k - 1)}
        tests.append(row)
    ll, df, reported = found[model]
    values, tables = common(names, answers, weights)
    tables["table_items.csv"] = items_table(names, reported, [[1]] * k)
    return finish(tables, tests, ll, df, n, values, parameters, label)


def responses(names, parameters, label):
    answers, weights = patterns(names)
    k = len(names)
    curves = lambda t: [graded(t[4 * j], t[4 * j + 1 : 4 * j + 4]) for j in range(k)]
    t, ll, info, _ = maximise(rows_of(answers - 1, curves), np.tile([1.0, -1, 0.5, 1.5], k), weights)
    shown = lambda s: np.concatenate([np.r_[s[4 * j], s[4 * j + 1 : 4 * j + 4] / s[4 * j]] for j in range(k)])
    values, tables = common(names, answers, weights)
    tables["table_items.csv"] = items_table(names, report(shown, t, np.linalg.inv(info)), [[2, 3, 4]] * k)
    n, df = weights.sum(), len(t)
    tests = [{"model": "grm", "ll": ll, "df": df, "aic": 2 * df - 2 * ll, "bic": df * np.log(n) - 2 * ll, "lr_chi2": None, "df1": None, "p_value": None}]
    return finish(tables, tests, ll, df, n, values, parameters, label)


def finish(tables, tests, ll, df, n, values, parameters, label):
    facts = {"N": n, "items": len(values), "ll": ll, "df_m": df, "aic": 2 * df - 2 * ll, "bic": df * np.log(n) - 2 * ll, "eigenvalue_1": values[0], "eigenvalue_2": values[1]}
    tables |= {"table_models.csv": table(["model"], tests), "table_fit.csv": fit(facts)}
    return case(tables, {"n_used": n, "ll": ll, "eigenvalue_2": values[1]}, parameters, label)


def items() -> None:
    questions, statements = [f"q{j}" for j in range(1, 7)], [f"s{j}" for j in range(1, 5)]
    main = logistic("2pl", questions)
    one = logistic("1pl", questions, {"model": "1pl"}, "one discrimination")
    ordered = responses(statements, {"vars": statements}, "graded responses")
    save("exam.irt.json", "numpy, scipy", {"default": 1e-4, "p_value": 1e-3}, main, [one, ordered])


def class_rows(classes, t, v, sizes, names, values, post, weights):
    """Shares and answers by class with the delta method; limits on the scale of the logit."""
    def all_of(s):
        share, p = split(s, classes, sizes)
        return np.concatenate([share, *[np.concatenate(own) for own in p]])

    j = jacobian(all_of, t)
    b, se = all_of(t), np.sqrt(np.diag(j @ v @ j.T))
    half = Z * se / (b * (1 - b))
    low, high = (1 / (1 + np.exp(-(np.log(b / (1 - b)) + s * half))) for s in (-1, 1))
    top = post.argmax(1)
    shares = [{"class": c + 1, "share": b[c], "std_error": se[c], "ci_low": low[c], "ci_high": high[c], "n_assigned": weights[top == c].sum()} for c in range(classes)]
    rows, at = [], classes
    for c in range(classes):
        for name, own, size in zip(names, values, sizes):
            for k in range(size):
                if size > 2 or k == 1:
                    rows.append({"class": c + 1, "variable": name, "category": own[k], "probability": b[at], "std_error": se[at], "ci_low": low[at], "ci_high": high[at]})
                at += 1
    return shares, rows


def classes_case(names, chosen, most, parameters=None, label=None):
    data = read("leisure.csv")[names].dropna().to_numpy(int)
    values = [np.unique(column) for column in data.T]
    sizes = [len(v) for v in values]
    coded = np.column_stack([np.searchsorted(v, c) for v, c in zip(values, data.T)])
    answers, weights = np.unique(coded, axis=0, return_counts=True)
    w, n = weights.astype(float), weights.sum()
    models = []
    for k in range(1, most + 1):
        ll, share, p = em(answers, w, k, sizes, starts=10)
        joint = share * np.prod([q.T[answers[:, j]] for j, q in enumerate(p)], axis=0)
        post = joint / joint.sum(1, keepdims=True)
        row = {"classes": k, "ll": ll, "smallest_share": share.min()}
        inside = all((q > 1e-6).all() for q in p)
        if inside:
            df = k - 1 + k * sum(s - 1 for s in sizes)
            row |= {"df": df, "aic": 2 * df - 2 * ll, "bic": df * np.log(n) - 2 * ll}
            spread = -(w[:, None] * np.where(post > 0, post * np.log(post), 0)).sum()
            row["entropy"] = 1 - spread / (n * np.log(k)) if k > 1 else None
        models.append(row)
    ll, t, v, _ = polished(answers, w, chosen, sizes)
    share, p = split(t, chosen, sizes)
    joint = np.column_stack([share[c] * np.prod([p[c][j][answers[:, j]] for j in range(len(sizes))], axis=0) for c in range(chosen)])
    post = joint / joint.sum(1, keepdims=True)
    shares, rows = class_rows(chosen, t, v, sizes, names, values, post, weights)
    df = len(t)
    chi2 = 2 * (w @ np.log(w / n) - ll)
    free = np.prod(sizes) - 1 - df
    entropy = 1 + (w[:, None] * post * np.log(post)).sum() / (n * np.log(chosen))
    facts = {"N": n, "items": len(names), "classes": chosen, "ll": ll, "df_m": df, "aic": 2 * df - 2 * ll, "bic": df * np.log(n) - 2 * ll, "entropy": entropy,
             "certainty": w @ post.max(1) / n, "chi2_ms": chi2, "df_ms": free, "p_ms": stats.chi2.sf(chi2, free)}
    tables = {"table_classes.csv": table(["class"], shares), "table_profiles.csv": table(["class", "variable", "category"], rows),
              "table_models.csv": table(["classes"], models), "table_fit.csv": fit(facts)}
    return case(tables, {"n_used": n, "classes": chosen, "ll": ll, "entropy": entropy}, parameters, label)


def classes() -> None:
    names = ["sport", "club", "museum", "games", "cinema", "news"]
    main = classes_case(names, 3, 4)
    two = classes_case(names, 2, 2, {"classes": 2, "most": 2}, "two classes")
    save("leisure.classes.json", "numpy", {"default": 1e-4, "p_ms": 1e-3}, main, [two])


def write_all() -> None:
    """Writes the expected numbers of this module."""
    items()
    classes()


if __name__ == "__main__":
    write_all()
