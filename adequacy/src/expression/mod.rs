//! stub

use std::collections::BTreeSet;

use muster_model::Section;

use crate::machine::{Machine, Unknown};

#[derive(Debug)]
pub(crate) struct Expression {
    text: String,
    sections: BTreeSet<Section>,
}

pub(crate) struct ExpressionFault {
    pub(crate) offset: Option<usize>,
    pub(crate) message: String,
}

pub(crate) enum Answer {
    Yes,
    No,
    Unknown(Vec<Unknown>),
    Failed(String),
}

pub(crate) struct Facts<'a> {
    _machine: Machine<'a>,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(machine: Machine<'a>) -> Self {
        Self { _machine: machine }
    }
}

impl Expression {
    pub(crate) fn compile(text: &str) -> Result<Self, Vec<ExpressionFault>> {
        Ok(Self {
            text: text.to_owned(),
            sections: BTreeSet::new(),
        })
    }
    pub(crate) fn evaluate(&self, _facts: &Facts<'_>) -> Answer {
        Answer::Yes
    }
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
    pub(crate) fn sections(&self) -> &BTreeSet<Section> {
        &self.sections
    }
}
