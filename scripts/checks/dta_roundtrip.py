#!/usr/bin/env python3
"""Checks the .dta file that the `dta` crate's tests write with pandas and pyreadstat.

Usage: dta_roundtrip.py FOLDER   (FOLDER holds sample_118.dta, see crates/dta/tests/write.rs)
Needs pandas and pyreadstat; installs nothing. Exits with 1 and the difference when something is wrong.
"""

import pathlib
import sys

import pandas as pd
import pyreadstat


def expect(what: str, found: object, expected: object) -> None:
    if found != expected:
        sys.exit(f"{what}: found {found!r}, expected {expected!r}")


def with_pandas(path: pathlib.Path) -> None:
    with pd.io.stata.StataReader(path, convert_missing=True, convert_categoricals=False, convert_dates=False) as reader:
        data = reader.read()
        expect("data label", reader.data_label, "sample 数据")
        expect("time stamp", reader.time_stamp, "04 Mar 2026 05:06")
        expect("label", reader.variable_labels()["工资"], "monthly pay, 元")
        expect("value labels", reader.value_labels()["grade"][1], "low 低")
    rows = {
        "b": [-127, 1, 100, ".", ".a"],
        "i": [-32767, 0, 32740, ".", ".b"],
        "l": [-2147483647, 0, 2147483620, ".", ".z"],
        "d": [0.1, -1e307, 24169.0, ".", ".z"],
        "s": ["ab", "", "工资x", "123456789", " "],
        "long_text": ["x" * 3000, "", "zażółć", "", ""],
        "工资": [1.0, 2.0, 3.0, 4.0, 5.0],
    }
    for name, values in rows.items():
        found = [str(v) if type(v).__name__ == "StataMissingValue" else v for v in data[name]]
        expect(f"pandas column {name}", found, values)


def with_pyreadstat(path: pathlib.Path) -> None:
    data, meta = pyreadstat.read_dta(str(path), user_missing=True, disable_datetime_conversion=True)
    expect("file label", meta.file_label, "sample 数据")
    expect("rows", meta.number_rows, 5)
    expect("label", meta.column_names_to_labels["工资"], "monthly pay, 元")
    expect("value labels", meta.value_labels["grade"], {-1: "below", 1: "low 低", "a": "refused"})
    expect("format", meta.original_variable_types["d"], "%td")
    expect("text", list(data["s"]), ["ab", "", "工资x", "123456789", " "])
    expect("long text", list(data["long_text"]), ["x" * 3000, "", "zażółć", "", ""])
    expect("missing codes", list(data["b"])[4], "a")
    expect("numbers", list(data["工资"]), [1.0, 2.0, 3.0, 4.0, 5.0])


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    path = pathlib.Path(sys.argv[1]) / "sample_118.dta"
    with_pandas(path)
    with_pyreadstat(path)
    print("dta round trip: pandas and pyreadstat agree")


if __name__ == "__main__":
    main()
