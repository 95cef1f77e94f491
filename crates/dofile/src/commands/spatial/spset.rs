//! `spset`: declares units and coordinates; `spdistance`: the distance of two units.
//!
//! Formulas: [SP] spset, [SP] spdistance.

use super::state::{Metric, id_variable, ids, points, set, setting};
use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable};
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::options::parse_number;
use crate::syntax::split::ParsedCommand;
use crate::value::is_missing;

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("coord"),
    OptSpec::text("coordsys"),
    OptSpec::flag("modify"),
    OptSpec::flag("clear"),
    OptSpec::flag("nocoord"),
    OptSpec::flag("replace"),
];

const VARIABLES: [&str; 3] = ["_ID", "_CX", "_CY"];

/// `spset`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "makes _ID, _CX (x or longitude) and _CY (y or latitude); stores r(sp_ver sp_id sp_id_var sp_shp_dta sp_cx sp_cy sp_coord_sys sp_coord_sys_dunit); shapefiles, and so contiguity, are not supported by the open engine; [SP] spset",
    examples: &[Example {
        run: "input id x y\n1 0 0\n2 3 4\nend\nspset id, coord(x y)\nspdistance 1 2",
        expect: &[("r(dist)", 5.0), ("_CY[2]", 4.0)],
    }],
    ..CommandSpec::raw(
        "spset",
        5,
        run,
        "spset | spset idvar [, coord(xvar yvar) coordsys(planar | latlong[, kilometers | miles])] | spset [idvar], modify [coord(xvar yvar) coordsys() nocoord replace] | spset, clear",
    )
};

/// `spdistance`.
pub(super) const SPEC_DISTANCE: CommandSpec = CommandSpec {
    notes: "stores r(dist), r(coordsys), r(dunits); latitude and longitude: haversine formula with the Earth's mean radius of 6371.009 km; [SP] spdistance",
    examples: &[Example {
        // one degree of a meridian is pi/180 of the radius
        run: "input id x y\n1 10 50\n2 10 51\nend\nspset id, coord(x y) coordsys(latlong)\nspdistance 1 2",
        expect: &[("r(dist)/6371.009*180/_pi", 1.0)],
    }],
    ..CommandSpec::raw("spdistance", 10, distance, "spdistance # #")
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut cmd = ParsedCommand::whole("spset", &cmd.raw)?;
    cmd.check_options(OPTIONS, &["shpfile", "noshpfile", "drop"])?;
    let list = cmd.list.trim().to_string();
    if cmd.has("clear") {
        clear(s);
        return Ok(());
    }
    if list.is_empty() && !cmd.has("modify") {
        id_variable(s)?;
        show(s);
        return Ok(());
    }
    if cmd.has("modify") {
        id_variable(s)?;
        if !list.is_empty() && !cmd.has("replace") {
            return Err(StataError::new(198, "option replace required"));
        }
    } else if !setting(s, "ver").is_empty() {
        return Err(StataError::new(459, "data already spset; use option modify, or spset, clear"));
    }
    if !list.is_empty() {
        identify(s, &list)?;
    }
    if cmd.has("nocoord") {
        forget_coordinates(s);
    }
    if let Some(text) = cmd.options.text("coord") {
        let text = text.to_string();
        coordinates(s, &text)?;
    }
    let system = cmd.options.text("coordsys").map(str::to_string);
    system_of(s, system.as_deref())?;
    show(s);
    Ok(())
}

fn drop_named(s: &mut Session, names: &[&str]) {
    let found: Vec<usize> = names.iter().filter_map(|n| s.frame.find(n)).collect();
    s.frame.drop_vars(&found);
}

fn clear(s: &mut Session) {
    if !setting(s, "ver").is_empty() {
        drop_named(s, &VARIABLES);
    }
    s.frame.chars.retain(|(owner, key), _| owner != "_dta" || !key.starts_with("sp__"));
}

/// Makes `_ID` from the variable that identifies the units.
fn identify(s: &mut Session, name: &str) -> Result<()> {
    let v = s.numeric_variable(name)?;
    let name = s.frame.var(v).name.clone();
    let values = s.frame.numeric(v)?.to_vec();
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    if values.is_empty() {
        return Err(StataError::no_observations());
    }
    if values.iter().any(|x| is_missing(*x)) {
        return Err(StataError::new(459, format!("{name} has missing values")));
    }
    if sorted.windows(2).any(|p| p[0] == p[1]) {
        let panel = if s.frame.char("_dta", "_TSpanel").is_empty() {
            ""
        } else {
            "; panels are not supported by the open engine"
        };
        let message = format!("{name} does not uniquely identify the observations{panel}");
        return Err(StataError::new(459, message));
    }
    if name != "_ID" {
        drop_named(s, &["_ID"]);
        let mut variable = Variable::new("_ID", Column::Double(values));
        variable.label = "Spatial-unit ID".to_string();
        variable.format = "%12.0g".to_string();
        s.frame.add(variable)?;
    }
    set(s, "ver", "1");
    set(s, "ID_var", if name == "_ID" { "" } else { &name });
    Ok(())
}

fn forget_coordinates(s: &mut Session) {
    drop_named(s, &["_CX", "_CY"]);
    for key in ["cx", "cy", "coord_sys", "coord_sys_dunit"] {
        set(s, key, "");
    }
}

fn coordinates(s: &mut Session, text: &str) -> Result<()> {
    let variables = s.varlist(text)?;
    let [x, y] = variables[..] else {
        return Err(StataError::invalid("coord() invalid: two variables are required"));
    };
    for v in [x, y] {
        if s.frame.var(v).is_string() {
            return Err(StataError::type_mismatch());
        }
    }
    let values = [s.frame.numeric(x)?.to_vec(), s.frame.numeric(y)?.to_vec()];
    let names = [("_CX", "x-coordinate of area centroid"), ("_CY", "y-coordinate of area centroid")];
    let own = [x, y].map(|v| s.frame.var(v).name.clone());
    for ((name, label), (values, own)) in names.iter().zip(values.into_iter().zip(own)) {
        if own != *name {
            drop_named(s, &[name]);
            let mut variable = Variable::new(name, Column::Double(values));
            variable.label = (*label).to_string();
            s.frame.add(variable)?;
        }
    }
    set(s, "cx", "_CX");
    set(s, "cy", "_CY");
    Ok(())
}

fn system_of(s: &mut Session, text: Option<&str>) -> Result<()> {
    let Some(text) = text else {
        if !setting(s, "cx").is_empty() && setting(s, "coord_sys").is_empty() {
            set(s, "coord_sys", "planar");
        }
        return Ok(());
    };
    if setting(s, "cx").is_empty() {
        return Err(StataError::new(459, "coordinates not set; use option coord()"));
    }
    let (system, unit) = text.split_once(',').unwrap_or((text, ""));
    let unit = match unit.trim() {
        "" | "kilometers" | "kilometer" | "km" => "kilometers",
        "miles" | "mile" => "miles",
        other => return Err(StataError::invalid(format!("coordsys(): {other} invalid"))),
    };
    match system.trim() {
        "planar" => {
            set(s, "coord_sys", "planar");
            set(s, "coord_sys_dunit", "");
        }
        "latlong" => {
            let all: Vec<usize> = (0..s.frame.n_rows()).collect();
            let (x, y) = (s.numeric_variable("_CX")?, s.numeric_variable("_CY")?);
            let beyond = |v: usize, limit: f64| {
                all.iter().map(|r| s.frame.num_at(v, *r)).any(|c| !is_missing(c) && c.abs() > limit)
            };
            if beyond(x, 360.0) || beyond(y, 90.0) {
                return Err(StataError::new(
                    459,
                    "coordinates are not longitude and latitude in degrees: coord() takes the longitude first",
                ));
            }
            set(s, "coord_sys", "latlong");
            set(s, "coord_sys_dunit", unit);
        }
        other => return Err(StataError::invalid(format!("coordsys(): {other} invalid"))),
    }
    Ok(())
}

fn show(s: &mut Session) {
    let text = |s: &Session, key: &str| setting(s, key).to_string();
    let (variable, system, unit) = (text(s, "ID_var"), text(s, "coord_sys"), text(s, "coord_sys_dunit"));
    let known = !setting(s, "cx").is_empty();
    let equal = if variable.is_empty() { String::new() } else { format!(" (equal to {variable})") };
    let place = match (known, system.as_str()) {
        (false, _) => "none".to_string(),
        (true, "latlong") => format!("_CY, _CX (latitude and longitude, {unit})"),
        (true, _) => "_CX, _CY (planar)".to_string(),
    };
    s.print("");
    s.print("      Sp dataset:");
    s.print("                data: cross sectional");
    s.print(format!("     spatial-unit ID: _ID{equal}"));
    s.print(format!("         coordinates: {place}"));
    s.print("    linked shapefile: none");
    s.r.clear();
    s.r.text("sp_ver", "1").text("sp_id", "_ID").text("sp_id_var", variable);
    s.r.text("sp_shp_dta_path", "").text("sp_shp_dta", "");
    s.r.text("sp_cx", if known { "_CX" } else { "" }).text("sp_cy", if known { "_CY" } else { "" });
    s.r.text("sp_coord_sys", system).text("sp_coord_sys_dunit", unit);
}

fn distance(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let words: Vec<&str> = cmd.raw.split_whitespace().collect();
    let numbers: Option<Vec<f64>> = words.iter().map(|w| parse_number(w)).collect();
    let Some([a, b]) = numbers.as_deref() else { return Err(StataError::syntax()) };
    let all: Vec<usize> = (0..s.frame.n_rows()).collect();
    let (ids, points) = (ids(s, &all)?, points(s, &all)?);
    let find = |id: f64| {
        let at = ids.iter().position(|x| *x == id);
        at.ok_or_else(|| StataError::new(459, format!("_ID = {id} not found in the data")))
    };
    let (i, j) = (find(*a)?, find(*b)?);
    let length = Metric::declared(s).distance(points[i], points[j]);
    let (system, unit) = (setting(s, "coord_sys").to_string(), setting(s, "coord_sys_dunit").to_string());
    let shown = |x: f64| crate::format::bare("%9.0g", x);
    s.print("");
    s.print(format!(
        "      _ID   (x, y) {}",
        if system == "latlong" { "(longitude, latitude)" } else { "(planar)" }
    ));
    for (id, p) in [(a, points[i]), (b, points[j])] {
        s.print(format!("{:>9}   ({}, {})", shown(*id), shown(p.0), shown(p.1)));
    }
    s.print(format!(
        " distance   {} {}",
        shown(length),
        if unit.is_empty() { "planar units" } else { &unit }
    ));
    s.r.clear();
    s.r.scalar("dist", length).text("coordsys", system).text("dunits", unit);
    Ok(())
}
