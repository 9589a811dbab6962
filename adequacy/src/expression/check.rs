//! Holds a syntax tree against the types of the inventory, and plans its evaluation. Every fault is
//! told, with its place, not only the first.

use std::collections::BTreeSet;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr, SourceInfo, operators};
use muster_model::Section;

use super::ExpressionFault;
use super::plan::Plan;
use super::shape::{self, Kind};

/// Of operators within each other, so that no walk overflows a small stack.
const MAX_DEPTH: usize = 64;

/// What an expression does and which sections it reads.
pub(super) struct Checked {
    pub(super) plan: Plan,
    pub(super) sections: BTreeSet<Section>,
}

/// A plan with the type of its value; nothing where a fault was noted.
pub(super) type Typed = Option<(Plan, Kind)>;

pub(super) fn check(tree: &IdedExpr, source: &SourceInfo) -> Result<Checked, Vec<ExpressionFault>> {
    let mut checker = Checker {
        source,
        locals: Vec::new(),
        sections: BTreeSet::new(),
        faults: Vec::new(),
        depth: 0,
    };
    let plan = checker.expect(
        tree,
        "the expression",
        |kind| matches!(kind, Kind::Bool),
        "bool",
    );
    match plan {
        Some(plan) if checker.faults.is_empty() => Ok(Checked {
            plan,
            sections: checker.sections,
        }),
        _ => {
            checker.faults.sort_by_key(|fault| fault.offset);
            Err(checker.faults)
        }
    }
}

/// A variable of a comprehension.
pub(super) struct Local<'t> {
    pub(super) name: &'t str,
    pub(super) kind: Kind,
    /// What it stands for: `disks[]`.
    pub(super) path: String,
}

pub(super) struct Checker<'t> {
    source: &'t SourceInfo,
    pub(super) locals: Vec<Local<'t>>,
    sections: BTreeSet<Section>,
    faults: Vec<ExpressionFault>,
    depth: usize,
}

impl<'t> Checker<'t> {
    pub(super) fn plan(&mut self, tree: &'t IdedExpr) -> Typed {
        if self.depth == MAX_DEPTH {
            return self.fault(tree, "too many expressions within each other");
        }
        self.depth += 1;
        let typed = match &tree.expr {
            Expr::Literal(literal) => self.literal(tree, literal),
            Expr::Ident(name) => self.name(tree, name),
            Expr::Select(select) => self.select(tree, select),
            Expr::Call(call) => self.call(tree, call),
            Expr::List(list) => self.list(&list.elements),
            Expr::Map(_) => self.fault(tree, "maps cannot be written here"),
            Expr::Struct(_) => self.fault(tree, "messages cannot be written here"),
            Expr::Comprehension(_) | Expr::Unspecified => {
                self.fault(tree, "this cannot be read as an expression")
            }
        };
        self.depth -= 1;
        typed
    }

    /// The plan of a part that has to be of some type: `what` it is for, and the type `in_words`.
    pub(super) fn expect(
        &mut self,
        tree: &'t IdedExpr,
        what: &str,
        fits: impl FnOnce(&Kind) -> bool,
        in_words: &str,
    ) -> Option<Plan> {
        let (plan, kind) = self.plan(tree)?;
        if fits(&kind) {
            return Some(plan);
        }
        self.fault(
            tree,
            &format!("{what} has to be {in_words}, and this is {kind}"),
        )
    }

    pub(super) fn fault<T>(&mut self, tree: &IdedExpr, message: &str) -> Option<T> {
        self.faults.push(ExpressionFault {
            offset: self.place(tree),
            message: message.to_owned(),
        });
        None
    }

    /// The source has a selection at its dot and a call at its bracket; both mean the name.
    fn place(&self, tree: &IdedExpr) -> Option<usize> {
        let (start, _) = self.source.offset_for(tree.id)?;
        let start = usize::try_from(start).ok()?;
        let text = &self.source.source;
        Some(match &tree.expr {
            Expr::Select(_) => {
                let rest = text.get(start..).unwrap_or_default();
                let after = rest.strip_prefix('.').unwrap_or(rest).trim_start();
                text.len() - after.len()
            }
            Expr::Call(call) => {
                let before = text.get(..start).unwrap_or_default();
                let name = before.trim_end().strip_suffix(call.func_name.as_str());
                name.map_or(start, str::len)
            }
            _ => start,
        })
    }

    fn literal(&mut self, tree: &IdedExpr, literal: &LiteralValue) -> Typed {
        Some(match literal {
            LiteralValue::Boolean(value) => (Plan::Bool(*value.inner()), Kind::Bool),
            LiteralValue::Int(value) => (Plan::Int(*value.inner()), Kind::Int),
            LiteralValue::UInt(value) => (Plan::Uint(*value.inner()), Kind::Uint),
            LiteralValue::Double(value) => (Plan::Double(*value.inner()), Kind::Double),
            LiteralValue::String(value) => (Plan::Text(value.inner().to_owned()), Kind::Text(None)),
            LiteralValue::Null => {
                return self.fault(
                    tree,
                    "null is what is unknown; ask has(…) whether a field is known",
                );
            }
            LiteralValue::Bytes(_) => {
                return self.fault(tree, "the inventory has no bytes; write a string");
            }
        })
    }

    fn name(&mut self, tree: &IdedExpr, name: &str) -> Typed {
        let mut locals = self.locals.iter().enumerate().rev();
        if let Some((index, local)) = locals.find(|(_, local)| local.name == name) {
            return Some((Plan::Local(index), local.kind.clone()));
        }
        if let Some((section, kind)) = shape::section(name) {
            self.sections.insert(section);
            return Some((Plan::Section(section), kind));
        }
        let sections = Section::ALL.iter().map(|section| section.key());
        let known = sections.chain(self.locals.iter().map(|local| local.name));
        let hint = match shape::nearest(name, known) {
            Some(nearest) => format!("did you mean {nearest}?"),
            None => {
                "the names are those of the inventory's sections, such as cpu and disks".to_owned()
            }
        };
        self.fault(tree, &format!("{name}: no such section; {hint}"))
    }

    pub(super) fn select(&mut self, tree: &IdedExpr, select: &'t SelectExpr) -> Typed {
        let (operand, kind) = self.plan(&select.operand)?;
        let field = select.field.as_str();
        match kind {
            Kind::Record(record) => {
                if let Some((index, kind)) = record.field(field) {
                    let index = u32::try_from(index).ok()?;
                    return Some((Plan::Field(Box::new(operand), index), kind));
                }
                let known = record.fields.iter().map(|field| field.name);
                let hint = match shape::nearest(field, known.clone()) {
                    Some(nearest) => format!("did you mean {nearest}?"),
                    None => format!("it has {}", known.collect::<Vec<_>>().join(", ")),
                };
                let path = self.path(&select.operand);
                self.fault(tree, &format!("{path}.{field}: no such field; {hint}"))
            }
            Kind::Map(value) => {
                let key = Plan::Text(field.to_owned());
                Some((Plan::Key(Box::new(operand), Box::new(key)), *value))
            }
            Kind::List(_) => {
                let path = self.path(&select.operand);
                let advice = format!(
                    "{path}.{field}: {path} is a list; ask all or one of it with {path}.all(x, …) or {path}.exists(x, …)"
                );
                self.fault(tree, &advice)
            }
            other => self.fault(tree, &format!("{other} has no fields, such as {field}")),
        }
    }

    fn call(&mut self, tree: &'t IdedExpr, call: &'t CallExpr) -> Typed {
        match &call.target {
            Some(target) => self.method(tree, target, call),
            None => match self.operator(tree, call) {
                Some(typed) => typed,
                None => self.function(tree, call),
            },
        }
    }

    fn list(&mut self, elements: &'t [IdedExpr]) -> Typed {
        let mut plans = Vec::with_capacity(elements.len());
        let mut kind = Kind::Nothing;
        for element in elements {
            let (plan, found) = self.plan(element)?;
            if !kind.agrees(&found) {
                let message = format!("a list is of one type: this is {found} among {kind}");
                return self.fault(element, &message);
            }
            if plans.is_empty() {
                kind = found;
            }
            plans.push(plan);
        }
        Some((Plan::List(plans), Kind::List(Box::new(kind))))
    }

    /// What an operand is called in a message: `disks[].health`.
    pub(super) fn path(&self, tree: &IdedExpr) -> String {
        match &tree.expr {
            Expr::Ident(name) => {
                let local = self.locals.iter().rev().find(|local| local.name == name);
                local.map_or_else(|| name.clone(), |local| local.path.clone())
            }
            Expr::Select(select) => format!("{}.{}", self.path(&select.operand), select.field),
            Expr::Call(CallExpr {
                func_name,
                args,
                target,
            }) => match (func_name.as_str(), &args[..], target) {
                (operators::INDEX, [list, _], None) => format!("{}[]", self.path(list)),
                ("filter", _, Some(list)) => self.path(list),
                _ => "this".to_owned(),
            },
            _ => "this".to_owned(),
        }
    }
}
