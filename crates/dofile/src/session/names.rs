//! Meanings of the names of an expression in a session.

use super::Session;
use crate::error::Result;
use crate::expr::{ByCall, EvalCtx, Names};
use crate::frame::{Column, Frame};
use crate::matrix::Matrix;
use crate::results::{Estimation, Results};
use crate::value::Value;
use std::sync::Arc;

impl Names for Session {
    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn abbreviates(&self) -> bool {
        self.settings.varabbrev
    }

    fn scalar(&self, name: &str) -> Option<&Value> {
        self.scalars.get(name)
    }

    fn matrix(&self, name: &str) -> Option<Arc<Matrix>> {
        Session::matrix(self, name)
    }

    fn return_code(&self) -> i32 {
        self.rc
    }

    fn results(&self, class: &str) -> Option<&Results> {
        match class {
            "r" => Some(&self.r),
            "e" => Some(&self.e.results),
            "s" => Some(&self.s),
            "return" => Some(self.returning()),
            _ => None,
        }
    }

    fn estimates(&self) -> &Estimation {
        &self.e
    }

    fn estimation_sample(&self) -> Option<Arc<Vec<bool>>> {
        Session::estimation_sample(self)
    }

    fn c_value(&self, name: &str) -> Result<Value> {
        Session::c_value(self, name)
    }

    fn linked(&self, link: &str, variable: &str) -> Result<Arc<Column>> {
        self.linked_column(link, variable)
    }

    fn replays(&self) -> bool {
        let text = self.local("0").trim_start();
        text.is_empty() || text.starts_with(',')
    }

    fn by_call(&self) -> Option<ByCall> {
        self.scopes.last().and_then(|scope| scope.by)
    }

    fn folder(&self) -> &std::path::Path {
        &self.cwd
    }

    fn context(&self) -> EvalCtx<'_> {
        self.ctx()
    }
}
