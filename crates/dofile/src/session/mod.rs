//! The state of an interpreter: data, macros, scalars, matrices, results,
//! programs, settings and output. Executing text is in `interp`.

mod extensions;
mod frames;
mod macros;
mod names;
mod program;
mod sample;
mod settings;
mod temporary;
mod values;

pub use extensions::{Extension, Extensions};
pub use frames::{Frames, Key, LINK_FRAME, LINK_KEYS, LINK_MODE, LINK_OTHER_KEYS, Link, key};
pub use macros::Scope;
pub use program::{Class, Echo, Flow, Line, Program};
pub use sample::Weights;
pub use settings::{OwnLimits, Search, Settings, TableLook};
pub use temporary::TemporaryFiles;
pub(crate) use temporary::remove_all as remove_temporary_files;
pub use values::{ENGINE_VERSION, LANGUAGE_VERSION};

use crate::error::{Result, StataError};
use crate::expr::{self, Compiled, EvalCtx};
use crate::frame::Frame;
use crate::matrix::Matrix;
use crate::output::Output;
use crate::results::{Estimation, Named, Results};
use crate::rng::Mt64;
use crate::syntax::varlist;
use crate::value::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// An interpreter's state.
#[derive(Debug)]
pub struct Session {
    /// Data in memory.
    pub frame: Frame,
    /// Global macros.
    pub globals: BTreeMap<String, String>,
    /// Local scopes, the current one last.
    pub scopes: Vec<Scope>,
    /// Scalars.
    pub scalars: BTreeMap<String, Value>,
    /// Matrices.
    pub matrices: BTreeMap<String, Arc<Matrix>>,
    /// `r()`.
    pub r: Results,
    /// `e()`.
    pub e: Estimation,
    /// `s()`.
    pub s: Results,
    /// Results of `estimates store`.
    pub stored: Named<Estimation>,
    /// Defined programs.
    pub programs: HashMap<String, Arc<Program>>,
    /// `set` values.
    pub settings: Settings,
    /// Printed text.
    pub out: Output,
    /// Random numbers.
    pub rng: RefCell<Mt64>,
    /// `_rc` of the last `capture`.
    pub rc: i32,
    /// Rows of the current by-group.
    pub by: Option<(usize, usize)>,
    /// The group that the next program is called for, with the names of the variables of `by`.
    pub pending_by: Option<(expr::ByCall, String)>,
    /// Values of the variables of that group.
    pub by_label: String,
    /// Names of these variables.
    pub by_names: Vec<String>,
    /// Working directory.
    pub cwd: PathBuf,
    /// Directory of temporary files.
    pub temp_dir: PathBuf,
    /// The frames that are not current, and the name of the current one.
    pub frames: Frames,
    /// Set by a command that changes control flow (`do`, `include`).
    pub flow: Flow,
    /// Variables of the `by` prefix for commands that handle groups themselves.
    pub by_vars: Vec<String>,
    /// State that commands keep between calls.
    pub extensions: Extensions,
    pub(crate) next_id: u64,
    /// Samples of estimates that are held.
    held_samples: Vec<u64>,
    pub(crate) interrupt: Arc<AtomicBool>,
}

impl Default for Session {
    fn default() -> Self {
        Self::new(Output::in_memory())
    }
}

impl Session {
    /// A fresh session that prints to `out`.
    pub fn new(out: Output) -> Self {
        Self {
            frame: Frame::new(),
            globals: BTreeMap::new(),
            scopes: vec![Scope::default()],
            scalars: BTreeMap::new(),
            matrices: BTreeMap::new(),
            r: Results::default(),
            e: Estimation::default(),
            s: Results::default(),
            stored: Named::default(),
            programs: HashMap::new(),
            settings: Settings::default(),
            out,
            rng: RefCell::new(Mt64::new(123_456_789)),
            rc: 0,
            by: None,
            pending_by: None,
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            temp_dir: std::env::temp_dir(),
            frames: Frames::default(),
            flow: Flow::Next,
            by_vars: Vec::new(),
            by_label: String::new(),
            by_names: Vec::new(),
            extensions: Extensions::default(),
            held_samples: Vec::new(),
            next_id: 1,
            interrupt: Arc::default(),
        }
    }

    /// Prints a line.
    pub fn print(&mut self, line: impl AsRef<str>) {
        self.out.line(line.as_ref());
    }

    /// Prints an error and its code as the interactive window does.
    pub fn report(&mut self, e: &StataError) {
        self.out.quiet = 0;
        self.out.end_line();
        if !e.message.is_empty() {
            self.out.line(&e.message);
        }
        self.out.line(&format!("r({});", e.code));
    }

    /// A number that was not handed out before.
    pub fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// A name of a variable, matrix or scalar that none has.
    pub fn fresh_name(&mut self) -> String {
        format!("__{:06X}", self.fresh_id())
    }

    /// Such a name whose variable, matrix or scalar ends with the running program.
    pub fn temporary_name(&mut self) -> String {
        let name = self.fresh_name();
        self.scope().temporary.push(name.clone());
        name
    }

    /// The path of a file that is removed when the running program ends.
    pub fn temporary_file(&mut self) -> String {
        let Self { scopes, temp_dir, .. } = self;
        let scope = scopes.last_mut().expect("the top-level scope is never removed");
        scope.temporary_files.name(temp_dir)
    }

    /// Rows of the current by-group, or all rows.
    pub fn range(&self) -> (usize, usize) {
        self.by.unwrap_or((0, self.frame.n_rows()))
    }

    /// Positions of the variables of the `by` prefix.
    pub fn by_positions(&self) -> Vec<usize> {
        self.by_vars.iter().filter_map(|n| self.frame.find(n)).collect()
    }

    /// Returns the input of expressions, in the current by-group.
    pub fn ctx(&self) -> EvalCtx<'_> {
        let (first, last) = self.range();
        EvalCtx { frame: &self.frame, rng: &self.rng, first, last }
    }

    /// Parses and binds an expression.
    pub fn compile(&self, text: &str) -> Result<Compiled> {
        expr::compile(self, &expr::parse(text)?)
    }

    /// Parses and binds a numeric expression; r(109) for strings.
    pub fn compile_numeric(&self, text: &str) -> Result<Compiled> {
        let compiled = self.compile(text)?;
        if compiled.is_string() { Err(StataError::type_mismatch()) } else { Ok(compiled) }
    }

    /// The value of an expression outside of the data (row 1 for variables).
    pub fn eval(&self, text: &str) -> Result<Value> {
        let c = self.compile(text)?;
        let ctx = self.ctx();
        Ok(c.value(&ctx, ctx.first))
    }

    /// A numeric expression; r(109) for strings.
    pub fn eval_num(&self, text: &str) -> Result<f64> {
        self.eval(text)?.as_num().ok_or_else(StataError::type_mismatch)
    }

    /// Resolves a variable list (abbreviations as `set varabbrev` says).
    pub fn varlist(&self, list: &str) -> Result<Vec<usize>> {
        varlist::resolve_unique(&self.frame, list, self.settings.varabbrev)
    }

    /// Resolves one variable; r(100), r(103) for none or several.
    pub fn variable(&self, name: &str) -> Result<usize> {
        let all = varlist::resolve(&self.frame, name, self.settings.varabbrev)?;
        match all[..] {
            [] => Err(StataError::standard(100)),
            [i] => Ok(i),
            _ => Err(StataError::standard(103)),
        }
    }

    /// A numeric variable; r(109) for text.
    pub fn numeric_variable(&self, name: &str) -> Result<usize> {
        let i = self.variable(name)?;
        if self.frame.var(i).is_string() {
            return Err(StataError::type_mismatch());
        }
        Ok(i)
    }

    /// Makes results the active estimates: `e(sample)` is `touse`, `e(N)` is the caller's.
    pub fn post_estimation(&mut self, mut est: Estimation, touse: Vec<bool>) {
        if est.b().is_some() && est.results.get_text("properties").is_none() {
            est.results.text("properties", if est.v().is_some() { "b V" } else { "b" });
        }
        let id = self.fresh_id();
        self.frame.add_mark(id, touse);
        est.sample = Some(id);
        self.e = est;
        let mut used: Vec<u64> = self.stored.iter().filter_map(|(_, e)| e.sample).collect();
        used.push(id);
        used.extend(&self.held_samples);
        self.frame.retain_marks(&used);
    }

    /// The active estimates, to be put back by [`Self::restore_estimates`]; until then their sample is kept, whatever is
    /// estimated in between.
    pub fn hold_estimates(&mut self) -> Estimation {
        self.held_samples.extend(self.e.sample);
        self.e.clone()
    }

    /// Puts held estimates back.
    pub fn restore_estimates(&mut self, held: Estimation) {
        self.release_estimates(&held);
        self.e = held;
    }

    /// Gives up held estimates.
    pub fn release_estimates(&mut self, held: &Estimation) {
        if let Some(at) = self.held_samples.iter().position(|id| held.sample == Some(*id)) {
            self.held_samples.remove(at);
        }
    }

    /// Rows of `e(sample)` of the active estimates.
    pub fn estimation_sample(&self) -> Option<Arc<Vec<bool>>> {
        self.e.sample.and_then(|id| self.frame.mark(id))
    }

    /// The same, for a command that cannot do without.
    ///
    /// # Errors
    /// r(322) where the estimates have no sample in these data, as after `estimates use`.
    pub fn required_estimation_sample(&self) -> Result<Arc<Vec<bool>>> {
        self.estimation_sample().ok_or_else(|| {
            StataError::new(
                322,
                "estimation sample not found: these estimates were read from a file, or the data are others;\nestimate the model again, or set e(sample) with estimates esample:",
            )
        })
    }

    /// Directories of the ado path (`global S_ADO`, then `adopath +`), without Stata's own codewords.
    pub fn ado_directories(&self) -> Vec<String> {
        let path = self.global("S_ADO").to_string();
        let path = if path.is_empty() { "BASE;.".to_string() } else { path };
        let words = ["BASE", "SITE", "PLUS", "PERSONAL", "OLDPLACE", "UPDATES"];
        let dirs = path.split(';').map(|d| d.trim().trim_matches('"').to_string());
        let mut out: Vec<String> = dirs.filter(|d| !d.is_empty() && !words.contains(&d.as_str())).collect();
        out.extend(self.settings.adopath.iter().cloned());
        out
    }

    /// A path of the do-file, relative to the working directory. Authors on Windows write backslashes.
    pub fn path(&self, name: &str) -> PathBuf {
        self.cwd.join(name.trim().replace('\\', "/"))
    }

    /// Setting this flag stops the session with r(1).
    pub fn interrupt_flag(&self) -> Arc<AtomicBool> {
        self.interrupt.clone()
    }

    /// Bounds the memory of the data (bytes) below what the machine has.
    pub fn bound_memory(&mut self, bytes: u64) {
        self.settings.max_bytes = bytes;
    }

    /// r(909) where `rows` rows with `extra` more bytes each would need more memory than there is.
    pub fn room_for(&self, rows: f64, extra: f64) -> Result<()> {
        if rows * (self.row_width() as f64 + extra) > self.settings.max_bytes as f64 {
            return Err(StataError::standard(909));
        }
        Ok(())
    }

    /// Begins the random numbers again, as `set seed` does; a negative seed counts as zero.
    pub fn reseed(&self, seed: i64) {
        *self.rng.borrow_mut() = Mt64::new(seed.max(0) as u64);
    }

    /// True once the process was asked to stop.
    pub fn interrupted(&self) -> bool {
        self.interrupt.load(std::sync::atomic::Ordering::Relaxed)
    }
}
