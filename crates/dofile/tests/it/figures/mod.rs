//! Draws figures of every kind, reads each as XML and as a raster, and looks for ink where texts
//! must be and for texts that overlap. The rasters stay in the test's temporary folder to look at.

mod commands;
mod forms;
mod gallery;
mod panels;
mod raster;
mod second_axis;

use figure::{Figure, render};
use raster::Picture;

#[test]
fn every_figure_is_valid_svg_with_its_texts_and_ink_in_the_title() {
    for (name, figure) in gallery::all() {
        let svg = render(&figure);
        let picture = Picture::new(name, &svg);
        assert!(picture.root_has_language_title_and_description(), "{name}");
        if !figure.title.is_empty() {
            assert!(picture.ink_of_class("title") > 20, "{name}: no ink in the title");
        }
        picture.save();
    }
}

#[test]
fn no_two_texts_overlap_and_none_leaves_the_page() {
    for (name, figure) in gallery::all() {
        let picture = Picture::new(name, &render(&figure));
        let boxes = picture.text_boxes();
        assert!(!boxes.is_empty(), "{name}");
        for (at, a) in boxes.iter().enumerate() {
            assert!(a.inside(figure.width, figure.height), "{name}: {a:?} leaves the page");
            for b in &boxes[at + 1..] {
                assert!(!a.overlaps(b), "{name}: {a:?} and {b:?} overlap");
            }
        }
    }
}

#[test]
fn the_same_figure_is_drawn_to_the_same_bytes() {
    for ((name, a), (_, b)) in gallery::all().into_iter().zip(gallery::all()) {
        assert_eq!(render(&a), render(&b), "{name}");
    }
}

#[test]
fn dense_points_keep_the_file_small() {
    let figure = gallery::dense(200_000);
    assert!(render(&figure).len() < 4_000_000);
}

#[test]
fn hostile_texts_are_escaped() {
    let figure =
        Figure { title: "<script>alert(1)</script> & \"q\" \u{1}".into(), ..gallery::all().remove(0).1 };
    let svg = render(&figure);
    assert!(!svg.contains("<script"));
    assert!(Picture::new("hostile", &svg).ink_of_class("title") > 20);
}
