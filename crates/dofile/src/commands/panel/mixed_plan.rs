//! The levels of `mixed` as the kernel takes them: columns of effects in groups of a level and of one nested in it. Effects
//! of factors (`R.varname`) are columns of indicators, or the groups of the lower level where that is smaller.

use super::mixed_levels::{Level, Part, groups_of, rows_of, values};
use crate::error::{Result, StataError};
use crate::estimation::model::Model;
use crate::session::Session;
use estimators::mixed::{Block, Form};

/// Effects of a block in a tier of the kernel.
pub(super) enum Kind {
    /// Variables and the constant.
    Columns { slopes: Vec<usize>, intercept: bool },
    /// An effect of each group of these variables together.
    Indicators(Vec<usize>),
}

/// A block of a tier.
pub(super) struct Piece {
    /// Number of the block among those of all levels.
    pub(super) block: usize,
    pub(super) kind: Kind,
    unstructured: bool,
    parameters: usize,
}

/// A level of the kernel.
pub(super) struct Tier {
    /// Variables whose values together are its groups; none for one group of all observations.
    pub(super) units: Vec<usize>,
    pub(super) pieces: Vec<Piece>,
}

/// The tiers, the higher first.
pub(super) struct Plan {
    pub(super) tiers: Vec<Tier>,
}

impl Piece {
    fn new(block: usize, part: &Part, above: &[usize]) -> Self {
        let kind = match part.factor {
            Some(factor) => Kind::Indicators(above.iter().copied().chain([factor]).collect()),
            None => Kind::Columns { slopes: part.slopes.clone(), intercept: part.intercept },
        };
        Self { block, kind, unstructured: part.unstructured, parameters: part.parameters() }
    }

    /// Its columns in the rows of the model; the first `above` variables of indicators are those of the tier's groups.
    fn columns(&self, session: &Session, model: &Model, above: usize) -> Vec<Vec<f64>> {
        let rows = &model.design.rows;
        match &self.kind {
            Kind::Columns { slopes, intercept } => {
                let own = slopes.iter().map(|v| values(session, *v, rows));
                own.chain(intercept.then(|| vec![1.0; rows.len()])).collect()
            }
            Kind::Indicators(units) => {
                let (of_row, count) = groups_of(session, &units[above..], rows);
                let mut out = vec![vec![0.0; rows.len()]; count];
                of_row.iter().enumerate().for_each(|(i, g)| out[*g as usize][i] = 1.0);
                out
            }
        }
    }

    fn form(&self) -> Form {
        match self.kind {
            Kind::Indicators(_) => Form::Identity,
            Kind::Columns { .. } if self.unstructured => Form::Unstructured,
            Kind::Columns { .. } => Form::Independent,
        }
    }
}

impl Tier {
    /// Columns of its effects in the rows of the model, and their blocks.
    pub(super) fn columns(&self, session: &Session, model: &Model) -> (Vec<Vec<f64>>, Vec<Block>) {
        let (mut columns, mut blocks) = (Vec::new(), Vec::new());
        for piece in &self.pieces {
            let own = piece.columns(session, model, self.units.len());
            let form = if own.len() > 1 { piece.form() } else { Form::Independent };
            blocks.push(Block { effects: own.len(), form });
            columns.extend(own);
        }
        (columns, blocks)
    }
}

impl Plan {
    /// Divides the effects of the levels between the tiers.
    ///
    /// # Errors
    /// r(198) where more than two tiers remain.
    pub(super) fn new(session: &Session, levels: &[Level], model: &Model) -> Result<Self> {
        let mut block = 0;
        let mut units = Vec::new();
        let mut tiers = Vec::new();
        for level in levels {
            units.extend(level.unit);
            let pieces = level.parts.iter().map(|part| {
                block += 1;
                Piece::new(block - 1, part, &units)
            });
            let pieces = pieces.collect();
            tiers.push(Tier { units: units.clone(), pieces });
        }
        if levels[0].unit.is_none() {
            Self::gather(levels, &mut tiers);
        }
        if tiers.len() > 2 {
            let what = "two levels with random slopes below _all:";
            return Err(StataError::unsupported_option("mixed", what));
        }
        let mut plan = Self { tiers };
        plan.lower_largest(session, model);
        Ok(plan)
    }

    /// Below the one group of all observations, intercepts of groups are effects of a factor like any other.
    fn gather(levels: &[Level], tiers: &mut Vec<Tier>) {
        for level in &levels[1..] {
            if !matches!(level.parts.as_slice(), [part] if part.is_intercept()) {
                return;
            }
            let tier = tiers.remove(1);
            for mut piece in tier.pieces {
                piece.kind = Kind::Indicators(tier.units.clone());
                tiers[0].pieces.push(piece);
            }
        }
    }

    /// Makes groups of the lower tier from the factor with the most levels: columns cost the cube of their number, groups
    /// their number.
    fn lower_largest(&mut self, session: &Session, model: &Model) {
        let [tier] = self.tiers.as_mut_slice() else { return };
        let size = |piece: &Piece| match &piece.kind {
            Kind::Indicators(units) => groups_of(session, units, &model.design.rows).1,
            Kind::Columns { .. } => 0,
        };
        let sizes: Vec<usize> = tier.pieces.iter().map(size).collect();
        let Some(largest) = (0..sizes.len()).max_by_key(|i| sizes[*i]).filter(|i| sizes[*i] > 0) else {
            return;
        };
        let piece = tier.pieces.remove(largest);
        let Kind::Indicators(units) = piece.kind else { return };
        let kind = Kind::Columns { slopes: Vec::new(), intercept: true };
        let lower = Tier { units, pieces: vec![Piece { kind, ..piece }] };
        if tier.pieces.is_empty() {
            self.tiers.clear();
        }
        self.tiers.push(lower);
    }

    /// Rows of the groups of each tier.
    pub(super) fn rows(&self, session: &Session, model: &Model) -> Vec<Vec<Vec<usize>>> {
        self.tiers.iter().map(|tier| rows_of(session, &tier.units, model)).collect()
    }

    /// For each variance parameter of the levels its position among those of the kernel.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut at = 0;
        let mut by_block: Vec<(usize, Vec<usize>)> = Vec::new();
        for piece in self.tiers.iter().flat_map(|t| &t.pieces) {
            by_block.push((piece.block, (at..at + piece.parameters).collect()));
            at += piece.parameters;
        }
        by_block.sort_by_key(|(block, _)| *block);
        by_block.into_iter().flat_map(|(_, places)| places).collect()
    }
}
