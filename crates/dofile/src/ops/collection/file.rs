//! A collection as a file of this engine: JSON with its items, labels, layout and styles ([TABLES] collect save).

use super::items::{Collection, Content, Mark};
use super::layout::Layout;
use super::sheet::Frame;
use super::stars::Stars;
use super::styles::{
    CellRule, Duplicates, HeaderRule, LevelHeader, Rows, SamplePlace, ShowBase, Styles, TitleHeader,
};
use super::terms::{Choice, terms_of, text_of};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const FORMAT: &str = "dofile collection 1";

fn texts(map: &BTreeMap<String, String>) -> Value {
    map.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect::<Map<_, _>>().into()
}

/// Numbers are kept by their bits, so that missing values survive.
fn number(x: f64) -> Value {
    Value::from(x.to_bits())
}

fn content(c: &Content) -> Value {
    match c {
        Content::Number(x) => json!({ "x": number(*x) }),
        Content::Text(text) => json!({ "t": text }),
        Content::Interval(low, high) => json!({ "i": [number(*low), number(*high)] }),
    }
}

fn mark(mark: Option<Mark>) -> Value {
    match mark {
        None => Value::Null,
        Some(Mark::Base) => "base".into(),
        Some(Mark::Omitted) => "omitted".into(),
        Some(Mark::Empty) => "empty".into(),
    }
}

fn limit(l: &Option<(f64, Option<String>)>) -> Value {
    l.as_ref().map_or(Value::Null, |(x, text)| json!([number(*x), text]))
}

fn cell_rule(r: &CellRule) -> Value {
    json!({
        "terms": text_of(&r.terms), "nformat": r.nformat, "sformat": r.sformat, "cidelimiter": r.cidelimiter,
        "minimum": limit(&r.minimum), "maximum": limit(&r.maximum),
    })
}

fn header_rule(r: &HeaderRule) -> Value {
    let title = r.title.map(|t| match t {
        TitleHeader::Hide => "hide",
        TitleHeader::Label => "label",
        TitleHeader::Name => "name",
    });
    let level = r.level.map(|l| match l {
        LevelHeader::Hide => "hide",
        LevelHeader::Label => "label",
        LevelHeader::Value => "value",
    });
    json!({ "of": r.of.as_ref().map(Choice::text), "title": title, "level": level })
}

fn styles(s: &Styles) -> Value {
    json!({
        "name": s.name,
        "cells": s.cells.iter().map(cell_rule).collect::<Vec<_>>(),
        "headers": s.headers.iter().map(header_rule).collect::<Vec<_>>(),
        "base": match s.base { ShowBase::Off => "off", ShowBase::Factor => "factor", ShowBase::All => "all" },
        "omitted": s.omitted, "empty": s.empty, "intercept_last": s.intercept_last,
        "sample_place": format!("{:?}", s.sample_place),
        "split": s.rows.split, "binds": s.rows.binds, "binder": s.rows.binder, "delimiter": s.rows.delimiter,
        "indents": s.rows.indents, "spacer": s.rows.spacer,
        "duplicates": match s.duplicates {
            Duplicates::Repeat => "repeat", Duplicates::First => "first", Duplicates::Center => "center",
        },
        "frame": match s.frame { Frame::Table => "table", Frame::Default => "default", Frame::Open => "open" },
    })
}

/// The text of the file.
pub(crate) fn to_json(c: &Collection) -> String {
    let items: Vec<Value> = c
        .items()
        .iter()
        .map(|item| json!([texts(&item.tags), content(&item.content), mark(item.mark)]))
        .collect();
    let levels: Map<String, Value> = c.labels.levels.iter().map(|(d, l)| (d.clone(), texts(l))).collect();
    let stars = c.stars.as_ref().map(|s| {
        let limits: Vec<Value> = s.limits.iter().map(|(x, text)| json!([number(*x), text])).collect();
        json!({ "result": s.result, "limits": limits, "attach": s.attach, "as_result": s.as_result, "note": s.note })
    });
    let composites: Vec<Value> = c.composites.iter().map(|(n, e, d)| json!([n, e, d])).collect();
    json!({
        "format": FORMAT, "items": items, "dims": texts(&c.labels.dims), "levels": levels, "auto": c.auto,
        "layout": c.layout.texts(), "composites": composites, "stars": stars, "title": c.title, "notes": c.notes,
        "sets": c.sets, "styles": styles(&c.styles),
    })
    .to_string()
}

fn text(v: &Value) -> Option<String> {
    v.as_str().map(str::to_string)
}

fn map_of(v: &Value) -> Option<BTreeMap<String, String>> {
    v.as_object()?.iter().map(|(k, v)| Some((k.clone(), text(v)?))).collect()
}

fn list(v: &Value) -> Option<Vec<String>> {
    v.as_array()?.iter().map(text).collect()
}

fn real(v: &Value) -> Option<f64> {
    v.as_u64().map(f64::from_bits)
}

fn read_content(v: &Value) -> Option<Content> {
    if let Some(x) = v.get("x") {
        return Some(Content::Number(real(x)?));
    }
    match v.get("t") {
        Some(t) => Some(Content::Text(text(t)?)),
        None => Some(Content::Interval(real(v.get("i")?.get(0)?)?, real(v.get("i")?.get(1)?)?)),
    }
}

fn read_limit(v: &Value) -> Option<(f64, Option<String>)> {
    Some((real(v.get(0)?)?, text(v.get(1)?)))
}

fn read_styles(v: &Value) -> Option<Styles> {
    let is = |name: &str| v[name].as_bool().unwrap_or(false);
    let cells = v["cells"].as_array()?.iter().map(|r| {
        Some(CellRule {
            terms: terms_of(r["terms"].as_str()?).ok()?,
            nformat: text(&r["nformat"]),
            sformat: text(&r["sformat"]),
            cidelimiter: text(&r["cidelimiter"]),
            minimum: read_limit(&r["minimum"]),
            maximum: read_limit(&r["maximum"]),
        })
    });
    let headers = v["headers"].as_array()?.iter().map(|r| {
        let of = match r["of"].as_str() {
            Some(of) => Some(terms_of(of).ok()?.first()?.first()?.clone()),
            None => None,
        };
        let title = r["title"].as_str().map(|t| match t {
            "hide" => TitleHeader::Hide,
            "name" => TitleHeader::Name,
            _ => TitleHeader::Label,
        });
        let level = r["level"].as_str().map(|l| match l {
            "hide" => LevelHeader::Hide,
            "value" => LevelHeader::Value,
            _ => LevelHeader::Label,
        });
        Some(HeaderRule { of, title, level })
    });
    Some(Styles {
        name: text(&v["name"])?,
        cells: cells.collect::<Option<_>>()?,
        headers: headers.collect::<Option<_>>()?,
        base: match v["base"].as_str()? {
            "off" => ShowBase::Off,
            "factor" => ShowBase::Factor,
            _ => ShowBase::All,
        },
        omitted: is("omitted"),
        empty: is("empty"),
        intercept_last: is("intercept_last"),
        rows: Rows {
            split: is("split"),
            binds: is("binds"),
            binder: text(&v["binder"])?,
            delimiter: text(&v["delimiter"])?,
            indents: is("indents"),
            spacer: is("spacer"),
        },
        duplicates: match v["duplicates"].as_str()? {
            "first" => Duplicates::First,
            "center" => Duplicates::Center,
            _ => Duplicates::Repeat,
        },
        frame: match v["frame"].as_str()? {
            "table" => Frame::Table,
            "open" => Frame::Open,
            _ => Frame::Default,
        },
        // files of earlier versions do not have it
        sample_place: match v["sample_place"].as_str() {
            Some("InLabels") => SamplePlace::InLabels,
            Some("SeparateLabels") => SamplePlace::SeparateLabels,
            _ => SamplePlace::Items,
        },
    })
}

fn read_stars(v: &Value) -> Option<Stars> {
    let limits = v["limits"].as_array()?.iter().map(|l| Some((real(l.get(0)?)?, text(l.get(1)?)?)));
    Some(Stars {
        result: text(&v["result"])?,
        limits: limits.collect::<Option<_>>()?,
        attach: list(&v["attach"])?,
        as_result: v["as_result"].as_bool()?,
        note: v["note"].as_bool()?,
    })
}

/// Reads a collection; nothing where the text is not such a file.
pub(crate) fn from_json(name: &str, file: &str) -> Option<Collection> {
    let v: Value = serde_json::from_str(file).ok()?;
    if v["format"] != FORMAT {
        return None;
    }
    let mut c = Collection::new(name);
    for item in v["items"].as_array()? {
        let mark = match item.get(2)?.as_str() {
            Some("base") => Some(Mark::Base),
            Some("omitted") => Some(Mark::Omitted),
            Some("empty") => Some(Mark::Empty),
            _ => None,
        };
        c.add(map_of(item.get(0)?)?, read_content(item.get(1)?)?, mark);
    }
    c.labels.dims = map_of(&v["dims"])?;
    for (dim, levels) in v["levels"].as_object()? {
        c.labels.levels.insert(dim.clone(), map_of(levels)?);
    }
    for (dim, levels) in v["auto"].as_object()? {
        c.auto.insert(dim.clone(), list(levels)?);
    }
    let terms = |i: usize| terms_of(v["layout"][i].as_str()?).ok();
    c.layout = Layout { rows: terms(0)?, columns: terms(1)?, tables: terms(2)? };
    for composite in v["composites"].as_array()? {
        c.composites.push((text(&composite[0])?, list(&composite[1])?, text(&composite[2])?));
    }
    c.stars = (!v["stars"].is_null()).then(|| read_stars(&v["stars"])).flatten();
    c.title = text(&v["title"])?;
    c.notes = list(&v["notes"])?;
    c.sets = v["sets"].as_u64()? as usize;
    c.styles = read_styles(&v["styles"])?;
    Some(c)
}
