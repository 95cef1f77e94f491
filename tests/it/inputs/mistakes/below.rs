//! What stands below a table or between its rows, and what a column has that no value of it is; kept as data as in `cases.rs`.

use super::cases::{Mistake, Noticed, m};
use super::files::table;

/// Totals, statistics and notes one below the other, codes below all values, and the decimal sign of another column.
pub(super) fn of_what_is_below() -> Vec<Mistake> {
    [notes(), totals(), codes()].into_iter().flatten().collect()
}

fn with_lines(lines: &str) -> Vec<u8> {
    let mut bytes = table("region,y,x", |row, x, y| format!("R{row},{y},{x}"));
    bytes.extend_from_slice(lines.as_bytes());
    bytes
}

fn notes() -> Vec<Mistake> {
    use Noticed::Remark;
    let silent = "the statistics above the note were observations";
    vec![
        m("a mean above a note", silent, with_lines("Mean,36,12\nNote: x in EUR,,\n"))
            .at(Remark("total_row"), &["row 26 holds \"Mean\" in region"])
            .repaired(&[0], 2.0, 24),
        m(
            "three statistics above a source",
            silent,
            with_lines("Mean,36,12\nSD,14,7\nN,24,24\nSource: office,,\n"),
        )
        .at(
            Remark("total_row"),
            &["row 26 holds \"Mean\" in region", "3 rows below the table are statistics"],
        )
        .repaired(&[0], 2.0, 24),
        m("a mean and a note in German", silent, with_lines("Durchschnitt,36,12\nHinweis: x in EUR,,\n"))
            .at(Remark("note_row"), &["row 27 holds \"Hinweis: x in EUR\""])
            .repaired(&[0], 2.0, 24),
        m("a mean and a note in Chinese", silent, with_lines("平均,36,12\n备注：产量为实收,,\n"))
            .at(Remark("total_row"), &["row 26 holds \"平均\" in region"])
            .repaired(&[0], 2.0, 24),
        m("a remark in Chinese alone", "an observation without values", with_lines("备注：产量为实收,,\n"))
            .at(Remark("note_row"), &["row 26 holds \"备注：产量为实收\""])
            .repaired(&[0], 2.0, 24),
        m("means in a column of directions", "an observation", {
            let mut bytes =
                table("side,y,x", |row, x, y| format!("{},{y},{x}", ["N", "S"][row as usize % 2]));
            bytes.extend_from_slice(b"Mean,36,12\n");
            bytes
        })
        .at(Remark("total_row"), &["row 26 holds \"Mean\" in side"])
        .repaired(&[0], 2.0, 24),
    ]
}

fn totals() -> Vec<Mistake> {
    use Noticed::Remark;
    let of_halves = |last: &str| {
        let mut bytes = table("region,shop,y,x", |row, x, y| {
            let total = match row {
                12 => "\n,Subtotal,276,78",
                24 => "\n,Subtotal,564,222",
                _ => "",
            };
            format!("{},S{row},{y},{x}{total}", if row <= 12 { "north" } else { "south" })
        });
        bytes.extend_from_slice(last.as_bytes());
        bytes
    };
    let once = "the grand total was an observation";
    vec![
        m("a grand total in another column than those of groups", once, of_halves("Grand total,,840,300\n"))
            .at(
                Remark("total_row"),
                &["2 rows hold totals in shop", "row 28 holds \"Grand total\" in region"],
            )
            .repaired(&[0], 2.0, 24),
        m("a grand total by another word", once, {
            let sums = sums_of(&of_halves(""));
            of_halves(&format!(",All shops,{},{}\n", sums.0, sums.1))
        })
        .at(Remark("total_row"), &["row 28 holds \"All shops\", and in y, x the sums of the rows above it"])
        .repaired(&[0], 2.0, 24),
        m("the whole country in the first row", "an observation", {
            let sums = sums_of(&of_halves(""));
            let mut bytes = format!("region,shop,y,x\n全国,,{},{}\n", sums.0, sums.1).into_bytes();
            let rows = table("", |row, x, y| format!("r{row},S{row},{y},{x}"));
            bytes.extend_from_slice(&rows[1..]);
            bytes
        })
        .at(Remark("total_row"), &["row 2 holds \"全国\", and in y, x the sums of the rows below it"])
        .repaired(&[0], 2.0, 24),
        m("a rounded total and a weighted mean of the whole province", "an observation", {
            let mut bytes = table("county,y,x", |row, x, y| format!("县{row},{y},{x}"));
            bytes.extend_from_slice("全省,842,14.3\n".as_bytes());
            bytes
        })
        .at(
            Remark("total_row"),
            &["row 26 holds \"全省\", and in y, x the sums or means of the rows above it"],
        )
        .repaired(&[0], 2.0, 24),
        m("one name among others is no total", "read right", {
            let mut bytes = table("county,y,x", |row, x, y| format!("县{row},{y},{x}"));
            bytes.extend_from_slice("World,38.6,14.3\n".as_bytes());
            bytes
        })
        .ends(2.0, 25),
        m("shares below a total", "the shares were an observation", with_lines("Total,840,300\n%,100,100\n"))
            .at(Remark("total_row"), &["row 26 holds \"Total\" in region", "row 27 holds \"%\" in region"])
            .repaired(&[0], 2.0, 24),
        m("extremes below the table", "observations", with_lines("Max,58.5,24\nMin,12,1\n"))
            .at(
                Remark("total_row"),
                &["row 26 holds \"Max\" in region: 2 rows below the table are statistics"],
            )
            .repaired(&[0], 2.0, 24),
    ]
}

/// The sums of `y` and `x` over the rows of shops.
fn sums_of(csv: &[u8]) -> (f64, f64) {
    let text = String::from_utf8_lossy(csv);
    let shops = text.lines().skip(1).filter(|line| !line.starts_with(','));
    let numbers = shops.map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells[2].parse::<f64>().expect("a number"), cells[3].parse::<f64>().expect("a number"))
    });
    numbers.fold((0.0, 0.0), |sum, (y, x)| (sum.0 + y, sum.1 + x))
}

/// Least squares of the table without the rows 4, 13 and 22, by exact fractions.
const WITHOUT_THREE: f64 = 13881.0 / 6910.0;

fn codes() -> Vec<Mistake> {
    use Noticed::Remark;
    let used = "the code was a value";
    let coded = |code: &'static str| {
        table("y,x", move |row, x, y| {
            format!("{y},{}", if row % 9 == 4 { code.to_owned() } else { x.to_string() })
        })
    };
    vec![
        m("-9 in positive numbers", used, coded("-9"))
            .at(Remark("missing_code"), &["-9 in x (3 cells, first in row 5) is the only negative number"])
            .repaired(&[0], WITHOUT_THREE, 21),
        m("-1 in positive numbers", used, coded("-1"))
            .at(Remark("missing_code"), &["-1 in x (3 cells, first in row 5) is the only negative number"])
            .repaired(&[0], WITHOUT_THREE, 21),
        m(
            "changes around zero",
            "read right",
            table("y,x", |row, _, y| format!("{y},{}", i64::from(row) - 2)),
        )
        .ends(2.0, 24),
        m("money whose sign another column shows", "offered divided by 1000, too", {
            table("y;x;z", |_, x, y| format!("{};{x}.000 €;{x}.836,48 €", y.to_string().replace('.', ",")))
        })
        .at(Remark("numbers_as_text"), &["x holds numbers written like \"1.000 €\" in row 2"])
        .repaired(&[0], 0.002, 24),
    ]
}
