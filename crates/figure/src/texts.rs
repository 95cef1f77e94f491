//! All texts of a figure, changed in one walk.

use super::model::{Axis, Body, Figure, Plane, Ticks};

impl Figure {
    /// Replaces each text of the figure by what `change` makes of it.
    pub fn change_texts(&mut self, change: &dyn Fn(&str) -> String) {
        let own = [
            &mut self.title,
            &mut self.subtitle,
            &mut self.note,
            &mut self.caption,
            &mut self.x_title,
            &mut self.y_title,
            &mut self.legend.title,
        ];
        own.into_iter().for_each(|text| *text = change(text));
        self.legend.order.iter_mut().flatten().for_each(|(_, text)| *text = change(text));
        for panel in &mut self.panels {
            panel.title = change(&panel.title);
            match &mut panel.body {
                Body::Plane(plane) => of_plane(plane, change),
                Body::Pie(pie) => {
                    pie.slices.iter_mut().for_each(|slice| slice.0 = change(&slice.0));
                    pie.texts.iter_mut().for_each(|text| *text = change(text));
                }
                Body::Heat(heat) => {
                    heat.rows.iter_mut().chain(&mut heat.columns).for_each(|text| *text = change(text));
                }
                Body::Figure(figure) => figure.change_texts(change),
            }
        }
    }
}

fn of_plane(plane: &mut Plane, change: &dyn Fn(&str) -> String) {
    of_axis(&mut plane.x, change);
    of_axis(&mut plane.y, change);
    if let Some(second) = &mut plane.second {
        of_axis(&mut second.axis, change);
    }
    plane.series.iter_mut().for_each(|series| series.label = change(&series.label));
    plane.texts.iter_mut().for_each(|mark| mark.text = change(&mark.text));
}

fn of_axis(axis: &mut Axis, change: &dyn Fn(&str) -> String) {
    axis.title = change(&axis.title);
    match &mut axis.ticks {
        Ticks::Labelled(at) => at.iter_mut().for_each(|(_, text)| *text = change(text)),
        Ticks::Categories(texts) => texts.iter_mut().for_each(|text| *text = change(text)),
        Ticks::Auto | Ticks::About(_) | Ticks::At(_) | Ticks::None => {}
    }
}
