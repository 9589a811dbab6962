//! An expression that was checked: what to do, with every name resolved.

use muster_model::Section;
use regex_lite::Regex;

/// Yields one value.
#[derive(Debug)]
pub(super) enum Plan {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(String),
    Section(Section),
    /// A variable of a comprehension, counted from the outermost.
    Local(usize),
    /// A field of a record, by position.
    Field(Box<Plan>, u32),
    /// The value under a key of a map.
    Key(Box<Plan>, Box<Plan>),
    /// An element of a list.
    Element(Box<Plan>, Box<Plan>),
    /// Whether such a `Field` or `Key` is there and known.
    Has(Box<Plan>),
    Not(Box<Plan>),
    Negate(Box<Plan>),
    And(Box<[Plan; 2]>),
    Or(Box<[Plan; 2]>),
    If(Box<[Plan; 3]>),
    Compare(Comparison, Box<[Plan; 2]>),
    Calculate(Calculation, Box<[Plan; 2]>),
    /// Whether the first is an element of the second, or a key.
    In(Box<[Plan; 2]>),
    List(Vec<Plan>),
    Size(Box<Plan>),
    Search(Search, Box<[Plan; 2]>),
    Matches(Box<Plan>, Regex),
    Convert(Conversion, Box<Plan>),
    Loop(Box<Loop>),
}

/// A comprehension.
#[derive(Debug)]
pub(super) struct Loop {
    pub(super) kind: LoopKind,
    pub(super) range: Plan,
    /// Which elements count; all where there is none.
    pub(super) filter: Option<Plan>,
    /// What is asked of, or made of, each that counts.
    pub(super) body: Plan,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoopKind {
    All,
    Exists,
    ExistsOne,
    Map,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Calculation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// Of a text in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conversion {
    Bool,
    Int,
    Uint,
    Double,
    Text,
}
