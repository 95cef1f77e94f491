//! Variables and observations: names, types, formats, labels, adding and dropping ([M-5] st_varname(), st_addvar()).

use super::stata_data::{by_number, observations, unknown, variables};
use super::{Builtin, Run, full};
use crate::format::Format;
use crate::frame::{StorageType, ValueLabel, Variable, is_valid_name};
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::machine::Machine;
use crate::mata::value::{Text, Value};
use crate::syntax::options::parse_number;
use crate::value::{MISSING, is_missing};

pub(super) const TABLE: &[Builtin] = &[
    full("st_varindex", 1, 2, |m, a| index(m, a, true)),
    full("_st_varindex", 1, 2, |m, a| index(m, a, false)),
    full("st_varname", 1, 2, |m, a| {
        let names = a.real(0)?;
        let name = |x: f64| -> Run<Text> { Ok(m.session.frame.var(by_number(m, x)?).name.as_str().into()) };
        let data = names.data().iter().map(|x| name(*x)).collect::<Run<Vec<_>>>()?;
        Ok(Some(Value::Text(Grid::new(names.rows(), names.cols(), data))))
    }),
    full("st_varrename", 2, 2, |m, a| {
        let k = one(m, a)?;
        let name = a.text(1)?;
        if !is_valid_name(&name) {
            return Err(Fault::code(3500));
        }
        m.session.frame.rename(k, &name)?;
        Ok(None)
    }),
    full("st_vartype", 1, 1, |m, a| {
        let k = one(m, a)?;
        Ok(Some(Value::text(m.session.frame.var(k).data.storage_type().name())))
    }),
    full("st_isnumvar", 1, 1, |m, a| {
        let k = one(m, a)?;
        Ok(Some(Value::truth(!m.session.frame.var(k).is_string())))
    }),
    full("st_isstrvar", 1, 1, |m, a| {
        let k = one(m, a)?;
        Ok(Some(Value::truth(m.session.frame.var(k).is_string())))
    }),
    full("st_varformat", 1, 2, |m, a| {
        text_of(
            m,
            a,
            |v| &mut v.format,
            |t| if Format::parse(t).is_some() { Ok(()) } else { Err(Fault::code(3300)) },
        )
    }),
    full("st_varlabel", 1, 2, |m, a| text_of(m, a, |v| &mut v.label, |_| Ok(()))),
    full("st_varvaluelabel", 1, 2, |m, a| text_of(m, a, |v| &mut v.value_label, |_| Ok(()))),
    full("st_vlexists", 1, 1, |m, a| {
        let name = a.text(0)?;
        Ok(Some(Value::truth(m.session.frame.value_labels.contains_key(name.as_ref()))))
    }),
    full("st_vldrop", 1, 1, |m, a| {
        let name = a.text(0)?;
        m.session.frame.value_labels.remove(name.as_ref());
        Ok(None)
    }),
    full("st_vlmap", 2, 2, |m, a| {
        let set = label_set(m, a)?;
        Ok(Some(Value::Text(a.real(1)?.map(|x| set.get(*x).unwrap_or("").into()))))
    }),
    full("st_vlsearch", 2, 2, |m, a| {
        let set = label_set(m, a)?;
        Ok(Some(Value::real(a.texts(1)?.map(|t| set.value_of(t).unwrap_or(MISSING)))))
    }),
    full("st_vlload", 3, 3, |m, a| {
        let set = label_set(m, a)?;
        let (values, texts): (Vec<f64>, Vec<Text>) = set.iter().map(|(x, t)| (x, Text::from(t))).unzip();
        a.set(1, Value::column(values));
        a.set(2, Value::Text(Grid::column(texts)));
        Ok(None)
    }),
    full("st_vlmodify", 3, 3, |m, a| {
        let (name, values, texts) = (a.text(0)?.to_string(), a.vector(1)?, a.texts(2)?);
        if values.len() != texts.len() {
            return Err(Fault::code(3200));
        }
        let set = m.session.frame.value_labels.entry(name).or_default();
        values.data().iter().zip(texts.data()).for_each(|(x, t)| set.set(*x, t));
        Ok(None)
    }),
    full("st_addvar", 2, 3, |m, a| add_variables(m, a).map(Some)),
    full("_st_addvar", 2, 3, |m, a| match add_variables(m, a) {
        Ok(places) => Ok(Some(places)),
        Err(fault) => Ok(Some(Value::Num(-f64::from(fault.code)))),
    }),
    full("st_dropvar", 1, 1, |m, a| {
        let vars = variables(m, a.value(0))?;
        m.session.frame.drop_vars(&vars);
        Ok(None)
    }),
    full("st_keepvar", 1, 1, |m, a| {
        let kept = variables(m, a.value(0))?;
        let gone: Vec<usize> = (0..m.session.frame.n_vars()).filter(|k| !kept.contains(k)).collect();
        m.session.frame.drop_vars(&gone);
        Ok(None)
    }),
    full("st_addobs", 1, 2, |m, a| {
        add_observations(m, a)?;
        Ok(None)
    }),
    full("_st_addobs", 1, 2, |m, a| {
        let code = add_observations(m, a).map_or_else(|fault| f64::from(fault.code), |()| 0.0);
        Ok(Some(Value::Num(code)))
    }),
    full("st_dropobsin", 1, 1, |m, a| keep(m, a, |m, a| observations(m, a.value(0)), false)),
    full("st_keepobsin", 1, 1, |m, a| keep(m, a, |m, a| observations(m, a.value(0)), true)),
    full("st_dropobsif", 1, 1, |m, a| keep(m, a, flagged, false)),
    full("st_keepobsif", 1, 1, |m, a| keep(m, a, flagged, true)),
    full("st_updata", 0, 1, |m, a| {
        if a.len() == 0 {
            return Ok(Some(Value::truth(m.session.frame.changed)));
        }
        m.session.frame.changed = a.num(0)? != 0.0;
        Ok(None)
    }),
];

/// The variable of the first argument: a number or a name.
fn one(m: &Machine<'_>, a: &Args) -> Run<usize> {
    match a.value(0) {
        Value::Text(_) => m.session.variable(a.text(0)?.trim()).map_err(unknown),
        _ => by_number(m, a.num(0)?),
    }
}

/// Numbers of variables by their names; a name that is none is an error, or missing.
fn index(m: &mut Machine<'_>, a: &mut Args, strict: bool) -> Run<Option<Value>> {
    let abbreviations = a.num_or(1, 0.0)? != 0.0;
    let names = a.texts(0)?;
    let mut data = Vec::with_capacity(names.len());
    for name in names.data() {
        data.push(match m.session.frame.find_abbrev(name.trim(), abbreviations) {
            Ok(k) => (k + 1) as f64,
            Err(error) if strict => return Err(unknown(error)),
            Err(_) => MISSING,
        });
    }
    Ok(Some(Value::real(Grid::new(names.rows(), names.cols(), data))))
}

/// Reads or sets a text of a variable.
fn text_of(
    m: &mut Machine<'_>,
    a: &mut Args,
    field: impl Fn(&mut Variable) -> &mut String,
    check: impl Fn(&str) -> Run<()>,
) -> Run<Option<Value>> {
    let k = one(m, a)?;
    if a.len() == 1 {
        let changed = m.session.frame.changed;
        let text = Value::text(field(m.session.frame.var_mut(k)).as_str());
        m.session.frame.changed = changed;
        return Ok(Some(text));
    }
    let text = a.text(1)?;
    check(&text)?;
    *field(m.session.frame.var_mut(k)) = text.to_string();
    Ok(None)
}

fn label_set(m: &Machine<'_>, a: &Args) -> Run<ValueLabel> {
    let name = a.text(0)?;
    m.session.frame.value_labels.get(name.as_ref()).cloned().ok_or_else(|| Fault::code(3300))
}

/// `st_addvar(type, name [, nofill])`: the numbers of the new variables.
fn add_variables(m: &mut Machine<'_>, a: &Args) -> Run<Value> {
    let names: Vec<String> = a.texts(1)?.data().iter().map(|t| t.trim().to_string()).collect();
    let types: Vec<StorageType> = match a.value(0) {
        Value::Text(g) => g.data().iter().map(|t| storage(t)).collect::<Run<_>>()?,
        _ => a
            .real(0)?
            .data()
            .iter()
            .map(|x| {
                let width = if is_missing(*x) { 0.0 } else { *x };
                let ty = if (1.0..=2045.0).contains(&width) {
                    StorageType::Str(width as u16)
                } else {
                    StorageType::Double
                };
                Ok(ty)
            })
            .collect::<Run<_>>()?,
    };
    if types.len() != 1 && types.len() != names.len() {
        return Err(Fault::code(3200));
    }
    for name in &names {
        if !is_valid_name(name) {
            return Err(Fault::code(3500));
        }
        if m.session.frame.find(name).is_some() {
            return Err(Fault::with(110, format!("variable {name} already defined")));
        }
    }
    let rows = m.session.frame.n_rows();
    let mut places = Vec::new();
    for (k, name) in names.iter().enumerate() {
        let ty = types[if types.len() == 1 { 0 } else { k }];
        let place = m.session.frame.add(Variable::new(name, ty.column(rows)))?;
        places.push((place + 1) as f64);
    }
    Ok(Value::row(places))
}

fn storage(text: &str) -> Run<StorageType> {
    let text = text.trim();
    if let Some(width) = parse_number(text).filter(|w| (1.0..=2045.0).contains(w)) {
        return Ok(StorageType::Str(width as u16));
    }
    StorageType::parse(text).ok_or_else(|| Fault::code(3300))
}

/// `st_addobs(n [, nofill])`.
fn add_observations(m: &mut Machine<'_>, a: &Args) -> Run<()> {
    let more = a.count(0)?;
    let rows = m.session.frame.n_rows().saturating_add(more);
    let width = m.session.row_width().max(1);
    if (rows as u64).saturating_mul(width as u64) > m.bytes() || rows > 2_147_483_620 {
        return Err(Fault::with(901, crate::error::standard_message(901)));
    }
    m.session.frame.set_n_rows(rows);
    m.session.frame.changed = true;
    Ok(())
}

/// Rows of which a vector has a value that is not zero.
fn flagged(m: &Machine<'_>, a: &Args) -> Run<Vec<usize>> {
    let flags = a.vector(0)?;
    if flags.len() != m.session.frame.n_rows() {
        return Err(Fault::code(3200));
    }
    Ok(flags.data().iter().enumerate().filter(|(_, x)| **x != 0.0).map(|(k, _)| k).collect())
}

fn keep(
    m: &mut Machine<'_>,
    a: &Args,
    rows: impl Fn(&Machine<'_>, &Args) -> Run<Vec<usize>>,
    kept: bool,
) -> Run<Option<Value>> {
    let mut flags = vec![!kept; m.session.frame.n_rows()];
    for row in rows(m, a)? {
        flags[row] = kept;
    }
    m.session.frame.keep_rows(&flags);
    m.session.frame.changed = true;
    Ok(None)
}
