//! Multiply imputed data: what `mi set` and `mi register` declare, and the styles in which the data are kept
//! ([MI] Styles). Every operation takes the data sets out, changes them, and puts them back.

use crate::error::{Result, StataError};
use crate::frame::{Column, Frame, StorageType, Variable};
use crate::value::{MISSING, is_missing};

/// How the imputations are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Variables `_1_x`, `_2_x`, ...
    Wide,
    /// Rows of the incomplete observations only.
    Mlong,
    /// All rows again for each imputation.
    Flong,
}

impl Style {
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "wide" => Some(Self::Wide),
            "mlong" | "ml" => Some(Self::Mlong),
            "flong" | "fl" => Some(Self::Flong),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Mlong => "mlong",
            Self::Flong => "flong",
        }
    }
}

/// Declarations of the data.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) style: Style,
    /// Number of imputations.
    pub(super) m: usize,
    pub(super) imputed: Vec<String>,
    pub(super) passive: Vec<String>,
    pub(super) regular: Vec<String>,
}

/// Variables that the styles add.
pub(super) const SYSTEM: [&str; 3] = ["_mi_miss", "_mi_m", "_mi_id"];
const OWNER: &str = "_dta";
const KEYS: [&str; 5] = ["_mi_style", "_mi_M", "_mi_ivars", "_mi_pvars", "_mi_rvars"];

impl Settings {
    /// The declarations; r(119) when the data are not `mi set`.
    pub(super) fn of(frame: &Frame) -> Result<Self> {
        let style = Style::parse(frame.char(OWNER, KEYS[0]))
            .ok_or_else(|| StataError::new(119, "data not mi set"))?;
        let list = |key: &str| -> Vec<String> {
            let found = frame.char(OWNER, key).split_whitespace();
            found.filter(|v| frame.find(v).is_some()).map(str::to_string).collect()
        };
        Ok(Self {
            style,
            m: frame.char(OWNER, KEYS[1]).parse().unwrap_or(0),
            imputed: list(KEYS[2]),
            passive: list(KEYS[3]),
            regular: list(KEYS[4]),
        })
    }

    /// Writes the declarations into the characteristics of the data.
    pub(super) fn store(&self, frame: &mut Frame) {
        let texts = [
            self.style.name().to_string(),
            self.m.to_string(),
            self.imputed.join(" "),
            self.passive.join(" "),
            self.regular.join(" "),
        ];
        for (key, text) in KEYS.iter().zip(texts) {
            frame.chars.insert((OWNER.to_string(), (*key).to_string()), text);
        }
        frame.changed = true;
    }

    /// Removes the declarations.
    pub(super) fn clear(frame: &mut Frame) {
        for key in KEYS {
            frame.chars.remove(&(OWNER.to_string(), key.to_string()));
        }
        frame.changed = true;
    }

    /// Variables whose values differ between imputations.
    pub(super) fn varying(&self) -> impl Iterator<Item = &String> {
        self.imputed.iter().chain(&self.passive)
    }

    /// Rows of the original data in which an imputed variable is missing (`.`).
    pub(super) fn incomplete(&self, original: &Frame) -> Vec<bool> {
        let at: Vec<usize> = self.imputed.iter().filter_map(|v| original.find(v)).collect();
        (0..original.n_rows()).map(|r| at.iter().any(|v| original.num_at(*v, r) == MISSING)).collect()
    }
}

/// The original data and all imputations, each with the variables of the user in the same order of rows.
pub(super) fn take_apart(frame: &Frame) -> Result<(Settings, Vec<Frame>)> {
    let settings = Settings::of(frame)?;
    let all = match settings.style {
        Style::Wide => wide_apart(frame, &settings),
        Style::Mlong | Style::Flong => long_apart(frame, &settings)?,
    };
    Ok((settings, all))
}

fn drop_named(frame: &mut Frame, names: impl Iterator<Item = String>) {
    let at: Vec<usize> = names.filter_map(|n| frame.find(&n)).collect();
    frame.drop_vars(&at);
}

fn wide_apart(frame: &Frame, settings: &Settings) -> Vec<Frame> {
    let of = |m: usize, v: &str| format!("_{m}_{v}");
    let mut original = frame.clone();
    let copies = (1..=settings.m).flat_map(|m| settings.varying().map(move |v| of(m, v)));
    let copies: Vec<String> = copies.chain(SYSTEM.iter().map(|v| (*v).to_string())).collect();
    drop_named(&mut original, copies.into_iter());
    let mut all = vec![original.clone()];
    for m in 1..=settings.m {
        let mut one = original.clone();
        for v in settings.varying() {
            if let (Some(to), Some(from)) = (one.find(v), frame.find(&of(m, v))) {
                one.set_column(to, frame.var(from).data.as_ref().clone());
            }
        }
        all.push(one);
    }
    all
}

fn long_apart(frame: &Frame, settings: &Settings) -> Result<Vec<Frame>> {
    let (m_at, id_at) = (frame.position("_mi_m")?, frame.position("_mi_id")?);
    let broken = || StataError::new(459, "the variables _mi_m and _mi_id do not fit together");
    let rows_of = |m: usize| -> Vec<usize> {
        let mut rows: Vec<usize> =
            (0..frame.n_rows()).filter(|r| frame.num_at(m_at, *r) == m as f64).collect();
        rows.sort_by(|a, b| frame.num_at(id_at, *a).total_cmp(&frame.num_at(id_at, *b)));
        rows
    };
    let base = rows_of(0);
    let mut all = Vec::new();
    for m in 0..=settings.m {
        let own = rows_of(m);
        let rows = if m == 0 || settings.style == Style::Flong {
            own
        } else {
            // complete observations come from the original data
            let mut own = own.into_iter().peekable();
            base.iter()
                .map(|b| own.next_if(|r| frame.num_at(id_at, *r) == frame.num_at(id_at, *b)).unwrap_or(*b))
                .collect()
        };
        if rows.len() != base.len() {
            return Err(broken());
        }
        let mut one = frame.clone();
        one.take_rows(&rows);
        drop_named(&mut one, SYSTEM.iter().map(|v| (*v).to_string()));
        all.push(one);
    }
    Ok(all)
}

/// Puts the original data and the imputations together in the declared style; all have the same variables.
pub(super) fn put_together(settings: &Settings, all: &[Frame]) -> Result<Frame> {
    let original = &all[0];
    let incomplete = settings.incomplete(original);
    let mut settings = settings.clone();
    settings.m = all.len() - 1;
    let byte = |values: &[f64]| Column::from_f64(StorageType::Byte, values);
    let missing: Vec<f64> = incomplete.iter().map(|i| f64::from(u8::from(*i))).collect();
    let mut out = original.clone();
    if settings.style == Style::Wide {
        for (m, one) in all.iter().enumerate().skip(1) {
            for name in settings.varying() {
                let from = one.position(name)?;
                let mut copy = one.var(from).clone();
                copy.name = format!("_{m}_{name}");
                out.add(copy)?;
            }
        }
        out.add(Variable::new("_mi_miss", byte(&missing)))?;
    } else {
        let rows: Vec<(usize, usize)> = (0..all.len())
            .flat_map(|m| (0..incomplete.len()).map(move |r| (m, r)))
            .filter(|(m, r)| *m == 0 || settings.style == Style::Flong || incomplete[*r])
            .collect();
        let repeated: Vec<usize> = rows.iter().map(|r| r.1).collect();
        out.take_rows(&repeated);
        for at in 0..original.n_vars() {
            out.set_column(at, joined(all, at, &rows));
        }
        let column = |f: &dyn Fn(&(usize, usize)) -> f64| rows.iter().map(f).collect::<Vec<f64>>();
        let of_original = column(&|(m, r)| if *m == 0 { missing[*r] } else { MISSING });
        out.add(Variable::new("_mi_miss", byte(&of_original)))?;
        let number = column(&|(m, _)| *m as f64);
        out.add(Variable::new("_mi_m", Column::from_f64(StorageType::Int, &number)))?;
        let id = column(&|(_, r)| *r as f64 + 1.0);
        out.add(Variable::new("_mi_id", Column::from_f64(StorageType::Long, &id)))?;
    }
    settings.store(&mut out);
    Ok(out)
}

/// Values of a variable from several data sets, in the widest type of all.
fn joined(all: &[Frame], at: usize, rows: &[(usize, usize)]) -> Column {
    let types: Vec<StorageType> = all.iter().map(|f| f.var(at).data.storage_type()).collect();
    if types[0].is_string() {
        let texts = rows.iter().map(|(m, r)| all[*m].str_at(at, *r).into()).collect();
        return Column::from_strings(texts);
    }
    let values: Vec<f64> = rows.iter().map(|(m, r)| all[*m].num_at(at, *r)).collect();
    let holds =
        |ty: &StorageType| values.iter().all(|x| is_missing(*x) || (ty.holds(*x) && ty.stored(*x) == *x));
    let kind = types.iter().find(|t| holds(t)).copied().unwrap_or(StorageType::Double);
    Column::from_f64(kind, &values)
}
