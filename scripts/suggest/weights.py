#!/usr/bin/env python3
"""Learns the weights by which the drafts by rules choose among readings of a question.

    cargo test --test it -- --ignored readings_of_all_known_questions   # writes target/suggest_readings.jsonl
    scripts/suggest/weights.py target/suggest_readings.jsonl > assets/suggest/weights.json

Each line of the input is a question with its right answer and all readings: the columns of their roles, and their features.
A reading is right if its outcome and its named roles are. The weights maximize the probability of the right readings under a
conditional logit (softmax over the readings of one question), with a penalty on the squares. The table on the standard error
compares the choice with that of the rules, both on all questions and where the weights were learned without the data file
or without the set of the question. Needs numpy and scipy.
"""

import argparse
import collections
import json
import sys

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

# What a reading that is right only in its outcome counts where no reading is right in everything.
PARTLY = 0.4
# The sets with which the rules were made least, by the stem of their files.
LATEST = ("unseen13", "unseen12", "unseen11", "unseen10", "unseen7", "causaldata")


def judged(question, roles):
    """Returns whether the outcome and the named roles of a reading are right: the rules of tests/it/plans/suggested_library.rs."""
    def of(role):
        return roles.get(role, [])

    if question.get("open"):
        right = not (of("outcome_var") or of("item_vars") or of("duration_var"))
        return right, right
    studied = of("outcome_var") + of("item_vars") + of("duration_var")
    expected = question.get("outcome") or []
    crossed = of("row_var") + of("col_var")
    outcome = not expected or bool(studied) and studied[0] in expected or any(c in expected for c in crossed)
    named = all(
        sorted(c for name in names.split("|") for c in of(name)) == sorted(columns)
        for names, columns in question["roles"].items()
    )
    return outcome, named


class Questions:
    """The features of all readings as one sparse matrix, with the bounds of each question."""

    def __init__(self, lines):
        names, values, places, ends, self.bounds = {}, [], [], [0], [0]
        self.right, self.weight, self.first = [], [], []
        self.sets, self.files, self.judged = [], [], []
        for line in lines:
            judgements = [judged(line["q"], reading["roles"]) for reading in line["readings"]]
            right = np.array([all(j) for j in judgements], float)
            weight = 1.0
            if not right.any():
                right = np.array([j[0] for j in judgements], float)
                weight = PARTLY
            for reading in line["readings"]:
                for name, value in reading["features"].items():
                    places.append(names.setdefault(name, len(names)))
                    values.append(value)
                ends.append(len(values))
            self.bounds.append(len(ends) - 1)
            rules = [at for at, r in enumerate(line["readings"]) if r["features"].get("reading.rules")]
            self.first.append(rules[0])
            self.right.append(right)
            self.weight.append(weight if right.any() and not right.all() else 0.0)
            self.sets.append(line["file"].removesuffix(".jsonl"))
            self.files.append(line["q"]["data"])
            self.judged.append(judgements)
        self.names = list(names)
        self.matrix = csr_matrix((values, places, ends), shape=(len(ends) - 1, len(names)))

    def of(self, at):
        return self.matrix[self.bounds[at]:self.bounds[at + 1]]

    def rows(self, members):
        return np.concatenate([np.arange(self.bounds[at], self.bounds[at + 1]) for at in members])


def learned(questions, members, penalty, importance):
    """Returns the weights that fit the questions of `members`."""
    members = [at for at in members if questions.weight[at]]
    matrix = questions.matrix[questions.rows(members)]
    turned = matrix.T.tocsr()
    right = np.concatenate([questions.right[at] for at in members])
    sizes = np.array([len(questions.right[at]) for at in members])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    counts = np.array([questions.weight[at] * importance(questions.sets[at]) for at in members])

    def loss(weights):
        score = matrix @ weights
        score -= np.repeat(np.maximum.reduceat(score, starts), sizes)
        odds = np.exp(score)
        every, good = np.add.reduceat(odds, starts), np.add.reduceat(odds * right, starts)
        excess = odds * (1 / np.repeat(every, sizes) - right / np.repeat(good, sizes)) * np.repeat(counts, sizes)
        value = penalty * weights @ weights + counts @ (np.log(every) - np.log(good))
        return value, 2 * penalty * weights + turned @ excess

    start = np.zeros(len(questions.names))
    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}).x


def rates(questions, choice):
    """Prints the shares of right outcomes, roles and both by set."""
    table = collections.defaultdict(list)
    for at in range(len(questions.sets)):
        rules = questions.judged[at][questions.first[at]]
        model = questions.judged[at][choice[at]]
        best = max(questions.judged[at], key=all)
        for name in (questions.sets[at], "all"):
            table[name].append([*rules, all(rules), *model, all(model), all(best)])
    head = "set, questions; outcome, roles, both: of the rules; of the learned choice; both right in some reading"
    print(head, file=sys.stderr)
    for name, values in sorted(table.items()):
        shares = " ".join(f"{100 * share:5.1f}" for share in np.mean(values, 0))
        print(f"{name:20} {len(values):4} {shares}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readings", nargs="+", help="the readings as JSON lines")
    parser.add_argument("--penalty", type=float, default=0.5, help="of the squares of the weights")
    parser.add_argument("--folds", type=int, default=10, help="groups of data files that are left out in turn")
    parser.add_argument("--known", type=float, default=1.0, help="weight of sets that the rules were made with")
    options = parser.parse_args()
    lines = [json.loads(line) for path in options.readings for line in open(path, encoding="utf-8")]
    lines = [line for line in lines if line["readings"]]
    questions = Questions(lines)
    everything = range(len(lines))

    def importance(name):
        # the rules answer the sets that they were made with better than they will answer others
        return 1.0 if name in LATEST else options.known

    for label, key in (("data files left out", questions.files), ("sets left out", questions.sets)):
        groups = sorted(set(key))
        folds = [groups[at::options.folds] for at in range(options.folds)] if key is questions.files else [[g] for g in groups]
        choice = {}
        for fold in folds:
            weights = learned(questions, [at for at in everything if key[at] not in fold], options.penalty, importance)
            for at in everything:
                if key[at] in fold:
                    choice[at] = int(np.argmax(questions.of(at) @ weights))
        print(label, file=sys.stderr)
        rates(questions, choice)
    weights = learned(questions, everything, options.penalty, importance)
    kept = {name: round(float(w), 3) for name, w in zip(questions.names, weights) if abs(w) >= 0.0005}
    print(json.dumps(kept, indent=0))


if __name__ == "__main__":
    main()
