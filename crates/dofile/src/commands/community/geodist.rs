//! `geodist`: distances between points given by latitude and longitude (Picard, SSC). Along the ellipsoid by the inverse
//! formula of Vincenty (1975, Survey Review 23), along a sphere by the haversine formula. Written from the help file.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable, is_valid_name};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::words;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use estimators::geodesic::{Ellipsoid, great_circle};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Generate"),
    OptSpec::flag("MIles"),
    OptSpec::flag("SPHere"),
    OptSpec::real("Radius"),
    OptSpec::text("ELLipsoid"),
    OptSpec::int("MAXiter"),
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "geodist",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "geodist lat1 lon1 lat2 lon2 [if] [in] [, generate(newvar) miles sphere radius(#) ellipsoid(# #) maxiter(#)]",
    notes: "kilometres on the ellipsoid WGS 1984 by default; sphere has the radius 6371 km; ellipsoid() has the semimajor axis in km and the flattening as its inverse or below 1; points that are nearly antipodal may have no solution and are missing; each argument is a number or a variable, generate() is needed with variables; stores r(distance) with numbers, r(iterations) too on the ellipsoid",
    examples: &[
        Example {
            // line (b) of the table in Vincenty (1975), on the International ellipsoid
            run: "geodist 37.331931575 0 26.12856651667 41.47652980278, ellipsoid(6378.388 297)\nscalar b = r(distance)\ngeodist 0 0 0 90, sphere",
            expect: &[("abs(b - 4085.966703) < .00001", 1.0), ("r(distance) - 6371 * c(pi) / 2", 0.0)],
        },
        Example {
            run: "set obs 2\ngenerate a = 10 * _n\ngenerate b = 5\ngeodist a b 10 5, generate(d)\ngeodist a b 10 5, generate(m) miles\ngeodist a b a b if _n == 1, generate(z)",
            expect: &[("d[1]", 0.0), ("d[2] / m[2]", 1.609_344), ("z[1]", 0.0), ("missing(z[2])", 1.0)],
        },
    ],
};

/// Kilometres of a mile.
const MILE: f64 = 1.609_344;

/// A coordinate.
enum Coordinate {
    Number(f64),
    Values(Vec<f64>),
}

impl Coordinate {
    fn of(&self, row: usize) -> f64 {
        match self {
            Self::Number(x) => *x,
            Self::Values(values) => values[row],
        }
    }
}

/// How distances are measured.
struct Measure {
    ellipsoid: Option<Ellipsoid>,
    radius: f64,
    unit: f64,
    most: usize,
}

impl Measure {
    fn read(cmd: &ParsedCommand) -> Result<Self> {
        let sphere = cmd.has("sphere") || cmd.options.real("radius").is_some();
        if sphere && cmd.options.text("ellipsoid").is_some() {
            return Err(StataError::invalid("options sphere and ellipsoid() may not be combined"));
        }
        let ellipsoid = match cmd.options.text("ellipsoid") {
            None => Ellipsoid { axis: 6378.137, flattening: 1.0 / 298.257_223_563 },
            Some(text) => {
                let found: Vec<f64> =
                    text.replace(',', " ").split_whitespace().filter_map(|w| w.parse().ok()).collect();
                match found[..] {
                    [axis, f] if axis > 0.0 && f > 1.0 => Ellipsoid { axis, flattening: 1.0 / f },
                    [axis, f] if axis > 0.0 && (0.0..1.0).contains(&f) => Ellipsoid { axis, flattening: f },
                    _ => return Err(StataError::invalid("option ellipsoid() incorrectly specified")),
                }
            }
        };
        Ok(Self {
            ellipsoid: (!sphere).then_some(ellipsoid),
            radius: cmd.options.real("radius").unwrap_or(6371.0),
            unit: if cmd.has("miles") { MILE } else { 1.0 },
            most: cmd.options.int("maxiter").unwrap_or(25).max(1) as usize,
        })
    }

    /// The distance and the iterations; none where there is no solution.
    fn distance(&self, [lat1, lon1, lat2, lon2]: [f64; 4]) -> Option<(f64, usize)> {
        let (km, iterations) = match &self.ellipsoid {
            Some(ellipsoid) => ellipsoid.distance((lat1, lon1), (lat2, lon2), self.most)?,
            None => (self.radius * great_circle((lat1, lon1), (lat2, lon2)), 0),
        };
        Some((km / self.unit, iterations))
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let list = words(&cmd.list);
    let [a, b, c, d] = list[..] else {
        return Err(StataError::invalid("lat1 lon1 lat2 lon2 required"));
    };
    let mut coordinates = Vec::new();
    for word in [a, b, c, d] {
        coordinates.push(match word.parse() {
            Ok(x) => Coordinate::Number(x),
            Err(_) => Coordinate::Values(s.frame.numeric(s.numeric_variable(word)?)?.to_vec()),
        });
    }
    let measure = Measure::read(cmd)?;
    let at = |row: usize| -> [f64; 4] { std::array::from_fn(|k| coordinates[k].of(row)) };
    let valid = |[lat1, lon1, lat2, lon2]: [f64; 4]| {
        [lat1, lat2].iter().all(|x| x.abs() <= 90.0) && [lon1, lon2].iter().all(|x| x.abs() <= 180.0)
    };
    let range =
        || StataError::new(198, "latitudes must be between -90 and 90, longitudes between -180 and 180");
    if coordinates.iter().all(|c| matches!(c, Coordinate::Number(_))) {
        let point = at(0);
        if !valid(point) {
            return Err(range());
        }
        return show(s, &measure, point);
    }
    let name =
        cmd.options.text("generate").ok_or_else(|| StataError::invalid("option generate() required"))?;
    if !is_valid_name(name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    let keep = s.rows(cmd)?;
    let mut values = vec![MISSING; keep.len()];
    for (row, value) in values.iter_mut().enumerate().filter(|(row, _)| keep[*row]) {
        let point = at(row);
        if point.iter().any(|x| is_missing(*x)) {
            continue;
        }
        if !valid(point) {
            return Err(range());
        }
        *value = measure.distance(point).map_or(MISSING, |d| d.0);
    }
    let mut variable = Variable::new(name, Column::Double(values));
    variable.label = format!("{} distance ({})", kind(&measure), unit(&measure));
    s.frame.add(variable).map(|_| ())
}

fn kind(measure: &Measure) -> &'static str {
    if measure.ellipsoid.is_some() { "Ellipsoidal" } else { "Great-circle" }
}

fn unit(measure: &Measure) -> &'static str {
    if measure.unit == 1.0 { "km" } else { "mi" }
}

fn show(s: &mut Session, measure: &Measure, point: [f64; 4]) -> Result<()> {
    let mut r = Results::default();
    match measure.distance(point) {
        Some((d, iterations)) => {
            let number = crate::format::macro_text(d);
            s.print(format!(
                "{} distance = {number} {}",
                kind(measure),
                if measure.unit == 1.0 { "km" } else { "miles" }
            ));
            r.scalar("distance", d);
            if measure.ellipsoid.is_some() {
                r.scalar("iterations", iterations as f64);
            }
        }
        None => {
            s.print(format!("{} distance: no solution after {} iterations", kind(measure), measure.most));
            r.scalar("distance", MISSING);
        }
    }
    s.r = r;
    Ok(())
}
