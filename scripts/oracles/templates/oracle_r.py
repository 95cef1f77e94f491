"""Numbers from R as a second oracle, and the comparison of two oracles."""

import subprocess

import numpy as np

from golden import DATA


def r_numbers(code: str) -> np.ndarray:
    """Runs R code whose last value is a numeric vector; `data("x.csv")` reads a sample data set. Returns the vector."""
    program = f'data <- function(f) read.csv(file.path("{DATA}", f), na.strings = "")\nvalue <- {{\n{code}\n}}\ncat(format(as.numeric(value), digits = 17), sep = "\\n")'
    done = subprocess.run(["Rscript", "--vanilla", "-e", program], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return np.array([np.nan if line.strip() == "NA" else float(line) for line in done.stdout.split("\n") if line.strip()])


def same(a, b, tolerance=1e-9) -> None:
    """Two independent programs must agree."""
    np.testing.assert_allclose(np.asarray(a, float), np.asarray(b, float), rtol=tolerance, atol=1e-12)
