//! Figures as Encapsulated PostScript (Adobe Systems, "Encapsulated PostScript File Format Specification", version 3.0).
//! Letters are outlines, so that no font is needed. PostScript has no transparency: a colour with an opacity is
//! mixed with white.

use std::fmt::Write as _;

use svg2pdf::usvg::tiny_skia_path::{Path as Outline, PathSegment, Point, Transform};
use svg2pdf::usvg::{ClipPath, Color, FillRule, Group, LineCap, LineJoin, Node, Opacity, Paint, Path};

use crate::raster::{RasterError, failed, size_of, tree};

/// Points of a pixel: figures have 96 pixels to the inch, PostScript has 72 points.
const POINTS: f64 = 0.75;

/// An EPS file of one figure.
///
/// # Errors
/// [`RasterError`] where the text is no valid SVG, or has pictures or colour gradients.
pub fn to_eps(svg: &str) -> Result<Vec<u8>, RasterError> {
    let tree = tree(svg)?;
    let (width, height) = size_of(&tree);
    let (width, height) = (width * POINTS, height * POINTS);
    let mut out = String::from("%!PS-Adobe-3.0 EPSF-3.0\n");
    let _ = writeln!(out, "%%BoundingBox: 0 0 {} {}", width.ceil(), height.ceil());
    let _ = writeln!(out, "%%HiResBoundingBox: 0 0 {width} {height}");
    out.push_str("%%LanguageLevel: 2\n%%Pages: 1\n%%EndComments\n%%Page: 1 1\ngsave\n");
    // SVG counts from the upper left, PostScript from the lower left
    let _ = writeln!(out, "[{POINTS} 0 0 -{POINTS} 0 {height}] concat");
    group(&mut out, tree.root(), 1.0)?;
    out.push_str("grestore\nshowpage\n%%EOF\n");
    Ok(out.into_bytes())
}

/// A group in its own coordinates; `opacity` is that of the groups around it.
fn group(out: &mut String, group_of: &Group, opacity: f32) -> Result<(), RasterError> {
    let t = group_of.transform();
    let opacity = opacity * group_of.opacity().get();
    out.push_str("gsave\n");
    if !t.is_identity() {
        let _ = writeln!(out, "[{} {} {} {} {} {}] concat", t.sx, t.ky, t.kx, t.sy, t.tx, t.ty);
    }
    if let Some(area) = group_of.clip_path() {
        clip(out, area);
    }
    for node in group_of.children() {
        match node {
            Node::Group(inner) => group(out, inner, opacity)?,
            Node::Path(path) if path.is_visible() => draw(out, path, opacity)?,
            Node::Path(_) => {}
            Node::Text(text) => group(out, text.flattened(), opacity)?,
            Node::Image(_) => return Err(failed("pictures cannot be written as PostScript")),
        }
    }
    out.push_str("grestore\n");
    Ok(())
}

/// Restricts what follows to an area.
fn clip(out: &mut String, area: &ClipPath) {
    if let Some(outer) = area.clip_path() {
        clip(out, outer);
    }
    let mut any = false;
    outlines(area.root(), area.transform(), &mut |path, transform| {
        any = true;
        trace(out, path, transform);
    });
    if any {
        out.push_str("clip newpath\n");
    }
}

fn outlines(group_of: &Group, around: Transform, visit: &mut impl FnMut(&Outline, Transform)) {
    let here = around.pre_concat(group_of.transform());
    for node in group_of.children() {
        match node {
            Node::Group(inner) => outlines(inner, here, visit),
            Node::Path(path) => visit(path.data(), here),
            Node::Text(text) => outlines(text.flattened(), here, visit),
            Node::Image(_) => {}
        }
    }
}

/// The lines of a path.
fn trace(out: &mut String, path: &Outline, transform: Transform) {
    let at = |mut p: Point| {
        transform.map_point(&mut p);
        (p.x, p.y)
    };
    let mut from = Point::zero();
    for segment in path.segments() {
        match segment {
            PathSegment::MoveTo(p) => {
                let (x, y) = at(p);
                let _ = writeln!(out, "{x} {y} moveto");
                from = p;
            }
            PathSegment::LineTo(p) => {
                let (x, y) = at(p);
                let _ = writeln!(out, "{x} {y} lineto");
                from = p;
            }
            // PostScript has cubic curves only
            PathSegment::QuadTo(c, p) => {
                let toward = |end: Point| {
                    at(Point::from_xy(end.x + (c.x - end.x) * 2.0 / 3.0, end.y + (c.y - end.y) * 2.0 / 3.0))
                };
                let ((ax, ay), (bx, by), (x, y)) = (toward(from), toward(p), at(p));
                let _ = writeln!(out, "{ax} {ay} {bx} {by} {x} {y} curveto");
                from = p;
            }
            PathSegment::CubicTo(a, b, p) => {
                let ((ax, ay), (bx, by), (x, y)) = (at(a), at(b), at(p));
                let _ = writeln!(out, "{ax} {ay} {bx} {by} {x} {y} curveto");
                from = p;
            }
            PathSegment::Close => out.push_str("closepath\n"),
        }
    }
}

/// The PostScript of a colour on white paper.
fn color(paint: &Paint, opacity: f32) -> Result<Option<String>, RasterError> {
    let Paint::Color(Color { red, green, blue }) = paint else {
        return Err(failed("colour gradients cannot be written as PostScript"));
    };
    if opacity <= 0.0 {
        return Ok(None);
    }
    let on_white = |c: u8| 1.0 - opacity * (1.0 - f32::from(c) / 255.0);
    Ok(Some(format!("{} {} {} setrgbcolor", on_white(*red), on_white(*green), on_white(*blue))))
}

fn draw(out: &mut String, path: &Path, opacity: f32) -> Result<(), RasterError> {
    let shade = |own: Opacity| opacity * own.get();
    if let Some(fill) = path.fill()
        && let Some(color) = color(fill.paint(), shade(fill.opacity()))?
    {
        out.push_str("newpath\n");
        trace(out, path.data(), Transform::identity());
        let rule = if fill.rule() == FillRule::EvenOdd { "eofill" } else { "fill" };
        let _ = writeln!(out, "{color} {rule}");
    }
    if let Some(stroke) = path.stroke()
        && let Some(color) = color(stroke.paint(), shade(stroke.opacity()))?
    {
        out.push_str("newpath\n");
        trace(out, path.data(), Transform::identity());
        let cap = match stroke.linecap() {
            LineCap::Butt => 0,
            LineCap::Round => 1,
            LineCap::Square => 2,
        };
        let join = match stroke.linejoin() {
            LineJoin::Round => 1,
            LineJoin::Bevel => 2,
            _ => 0,
        };
        let dashes: Vec<String> =
            stroke.dasharray().unwrap_or_default().iter().map(ToString::to_string).collect();
        let _ = writeln!(
            out,
            "{} setlinewidth {cap} setlinecap {join} setlinejoin [{}] {} setdash {color} stroke",
            stroke.width().get(),
            dashes.join(" "),
            stroke.dashoffset()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eps(body: &str) -> String {
        let svg = format!(r#"<svg xmlns="http://www.w3.org/2000/svg" width="96" height="48">{body}</svg>"#);
        String::from_utf8(to_eps(&svg).expect("a picture")).expect("text")
    }

    #[test]
    fn a_line_is_a_path_of_the_size_in_points() {
        let text = eps(r##"<line x1="10" y1="20" x2="30" y2="20" stroke="#ff0000" stroke-width="2"/>"##);
        assert!(text.starts_with("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 72 36\n"), "{text}");
        assert!(text.contains("[0.75 0 0 -0.75 0 36] concat\n"), "{text}");
        assert!(text.contains("10 20 moveto\n30 20 lineto\n"), "{text}");
        assert!(
            text.contains("2 setlinewidth 0 setlinecap 0 setlinejoin [] 0 setdash 1 0 0 setrgbcolor stroke")
        );
        assert!(text.ends_with("grestore\nshowpage\n%%EOF\n"));
    }

    #[test]
    fn opacity_is_mixed_with_white_and_letters_are_outlines() {
        let text =
            eps(r##"<rect width="5" height="5" fill="#000000" fill-opacity="0.5"/><text y="20">a</text>"##);
        assert!(text.contains("0.5 0.5 0.5 setrgbcolor fill"), "{text}");
        assert!(text.contains("curveto"), "{text}");
        assert_eq!(text.matches("gsave").count(), text.matches("grestore").count());
    }
}
