//! Reading and writing views: the data themselves, by positions of variables and rows.

use super::fault::{Fault, Run};
use super::grid::Grid;
use super::machine::Machine;
use super::operators::real_grid;
use super::subscripts::Part;
use super::value::{Text, Value, View};

impl Machine<'_> {
    /// The values of a view as the data are now.
    pub fn read_view(&mut self, view: &View) -> Run<Value> {
        self.check_view(view)?;
        super::operators::checked_len(view.rows.len(), view.vars.len(), self.bytes())?;
        Ok(self.cells_of(&view.rows, &view.vars, view.strings))
    }

    /// The values of a part of a view.
    pub fn read_part(&mut self, view: &View, part: &Part) -> Run<Value> {
        self.check_view(view)?;
        let rows: Vec<usize> = (0..part.rows.len()).map(|k| view.rows[part.rows.at(k)]).collect();
        let vars: Vec<usize> = (0..part.cols.len()).map(|k| view.vars[part.cols.at(k)]).collect();
        Ok(self.cells_of(&rows, &vars, view.strings))
    }

    /// Cells of the data; a numeric variable has no texts, a string variable no numbers.
    pub fn cells_of(&self, rows: &[usize], vars: &[usize], strings: bool) -> Value {
        let frame = &self.session.frame;
        if strings {
            let text = |i: usize, j: usize| -> Text { frame.str_at(vars[j], rows[i]).into() };
            return Value::Text(Grid::from_fn(rows.len(), vars.len(), text));
        }
        if let [var] = vars
            && let Some(column) = frame.var(*var).data.as_f64()
        {
            return Value::real(Grid::column(rows.iter().map(|r| column[*r]).collect()));
        }
        Value::real(Grid::from_fn(rows.len(), vars.len(), |i, j| frame.num_at(vars[j], rows[i])))
    }

    fn check_view(&self, view: &View) -> Run<()> {
        let frame = &self.session.frame;
        match (view.extent.0 > frame.n_vars(), view.extent.1 > frame.n_rows()) {
            (false, false) => Ok(()),
            (true, true) => Err(Fault::code(3212)),
            (true, false) => Err(Fault::code(3213)),
            (false, true) => Err(Fault::code(3214)),
        }
    }

    /// Writes to a part of a view. Storage types stay: numbers are rounded as the type keeps them.
    pub fn write_view(&mut self, view: &View, part: &Part, value: &Value) -> Run<()> {
        self.check_view(view)?;
        let rows: Vec<usize> = (0..part.rows.len()).map(|k| view.rows[part.rows.at(k)]).collect();
        let vars: Vec<usize> = (0..part.cols.len()).map(|k| view.vars[part.cols.at(k)]).collect();
        self.write_cells(&rows, &vars, value, view.strings)
    }

    /// Writes a matrix, or a vector along one row or column, to cells of the data.
    pub fn write_cells(&mut self, rows: &[usize], vars: &[usize], value: &Value, strings: bool) -> Run<()> {
        let shape = (rows.len(), vars.len());
        let given = value.shape();
        let turned = (shape.0 == 1 || shape.1 == 1) && given == (shape.1, shape.0);
        if given != shape && !turned {
            return Err(Fault::code(3200));
        }
        let frame = &mut self.session.frame;
        if strings {
            let Value::Text(texts) = value else { return Err(Fault::code(3254)) };
            for (j, var) in vars.iter().enumerate() {
                let column = frame.column_mut(*var);
                for (i, row) in rows.iter().enumerate() {
                    column.set_str(*row, &texts.data()[i * vars.len() + j]);
                }
            }
            return Ok(());
        }
        let numbers = real_grid(value).ok_or_else(|| Fault::code(3253))?;
        for (j, var) in vars.iter().enumerate() {
            let column = frame.column_mut(*var);
            for (i, row) in rows.iter().enumerate() {
                column.set_num(*row, numbers.data()[i * vars.len() + j]);
            }
        }
        Ok(())
    }
}
