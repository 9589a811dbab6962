//! Checks of functions, and of the macros that CEL writes as functions.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};
use regex_lite::{Regex, RegexBuilder};

use super::check::{Checker, Local, Typed};
use super::plan::{Conversion, Loop, LoopKind, Plan, Search};
use super::shape::{self, Kind};

/// Functions, and how they are written.
const FUNCTIONS: &[(&str, &str)] = &[
    ("has", "has(record.field)"),
    ("size", "size(list)"),
    ("matches", "matches(text, \"pattern\")"),
    ("bool", "bool(text)"),
    ("int", "int(value)"),
    ("uint", "uint(value)"),
    ("double", "double(value)"),
    ("string", "string(value)"),
];

/// Functions that are written after what they work on.
const METHODS: &[(&str, &str)] = &[
    ("all", "list.all(x, condition)"),
    ("exists", "list.exists(x, condition)"),
    ("exists_one", "list.exists_one(x, condition)"),
    ("existsOne", "list.existsOne(x, condition)"),
    ("filter", "list.filter(x, condition)"),
    ("map", "list.map(x, value) or list.map(x, condition, value)"),
    ("size", "list.size()"),
    ("contains", "text.contains(text)"),
    ("startsWith", "text.startsWith(text)"),
    ("endsWith", "text.endsWith(text)"),
    ("matches", "text.matches(\"pattern\")"),
];

/// Of a pattern, compiled: some hundred characters without large repetitions.
const MAX_PATTERN_BYTES: usize = 32 << 10;

impl<'t> Checker<'t> {
    pub(super) fn function(&mut self, tree: &'t IdedExpr, call: &'t CallExpr) -> Typed {
        let name = call.func_name.as_str();
        match (name, &call.args[..]) {
            ("has", [field]) => self.has(field),
            ("size", [value]) => self.size(value),
            ("matches", [text, pattern]) => self.matches(text, pattern),
            (_, [value]) if conversion(name).is_some() => self.conversion(tree, name, value),
            _ => self.misuse(tree, name, FUNCTIONS, METHODS),
        }
    }

    pub(super) fn method(
        &mut self,
        tree: &'t IdedExpr,
        target: &'t IdedExpr,
        call: &'t CallExpr,
    ) -> Typed {
        let name = call.func_name.as_str();
        match (name, &call.args[..]) {
            ("size", []) => self.size(target),
            ("matches", [pattern]) => self.matches(target, pattern),
            ("contains", [part]) => self.search(Search::Contains, target, part),
            ("startsWith", [part]) => self.search(Search::StartsWith, target, part),
            ("endsWith", [part]) => self.search(Search::EndsWith, target, part),
            ("all", [name, body]) => self.comprehension(LoopKind::All, target, name, body),
            ("exists", [name, body]) => self.comprehension(LoopKind::Exists, target, name, body),
            ("exists_one" | "existsOne", [name, body]) => {
                self.comprehension(LoopKind::ExistsOne, target, name, body)
            }
            ("filter", [name, filter]) => self.map(target, name, Some(filter), name),
            ("map", [name, body]) => self.map(target, name, None, body),
            ("map", [name, filter, body]) => self.map(target, name, Some(filter), body),
            _ => self.misuse(tree, name, METHODS, FUNCTIONS),
        }
    }

    /// Says why `name` is no call that is understood: `here` are the functions written in this way.
    fn misuse(
        &mut self,
        tree: &IdedExpr,
        name: &str,
        here: &[(&str, &str)],
        there: &[(&str, &str)],
    ) -> Typed {
        let written = |functions: &[(&str, &str)]| {
            let found = functions.iter().find(|(known, _)| *known == name);
            found.map(|(_, usage)| (*usage).to_owned())
        };
        let message = if let Some(usage) = written(here) {
            format!("wrong number of arguments: it is {usage}")
        } else if let Some(usage) = written(there) {
            format!("{name} is written {usage}")
        } else {
            let known = here.iter().chain(there).map(|(known, _)| *known);
            match shape::nearest(name, known) {
                Some(nearest) => format!("{name}: no such function; did you mean {nearest}?"),
                None => format!("{name}: no such function"),
            }
        };
        self.fault(tree, &message)
    }

    fn has(&mut self, field: &'t IdedExpr) -> Typed {
        let Expr::Select(select) = &field.expr else {
            return self.fault(field, "has asks for a field, as in has(cpu.threads)");
        };
        let (plan, _) = self.select(field, select)?;
        Some((Plan::Has(Box::new(plan)), Kind::Bool))
    }

    fn size(&mut self, value: &'t IdedExpr) -> Typed {
        let fits = |kind: &Kind| matches!(kind, Kind::Text(_) | Kind::List(_) | Kind::Map(_));
        let plan = self.expect(value, "what size counts", fits, "a list, a map or a string")?;
        Some((Plan::Size(Box::new(plan)), Kind::Int))
    }

    fn text(&mut self, tree: &'t IdedExpr, what: &str) -> Option<Plan> {
        self.expect(tree, what, |kind| matches!(kind, Kind::Text(_)), "string")
    }

    fn search(&mut self, search: Search, text: &'t IdedExpr, part: &'t IdedExpr) -> Typed {
        let text = self.text(text, "what is searched");
        let part = self.text(part, "what is searched for");
        Some((Plan::Search(search, Box::new([text?, part?])), Kind::Bool))
    }

    fn matches(&mut self, text: &'t IdedExpr, pattern: &'t IdedExpr) -> Typed {
        let text = self.text(text, "what is matched");
        let Expr::Literal(LiteralValue::String(literal)) = &pattern.expr else {
            return self.fault(pattern, "the pattern has to be a literal string");
        };
        match compile(literal.inner()) {
            Ok(regex) => Some((Plan::Matches(Box::new(text?), regex), Kind::Bool)),
            Err(message) => self.fault(pattern, &message),
        }
    }

    fn conversion(&mut self, tree: &IdedExpr, name: &str, value: &'t IdedExpr) -> Typed {
        let (plan, kind) = self.plan(value)?;
        let (conversion, target) = conversion(name)?;
        let fits = match conversion {
            Conversion::Bool => matches!(kind, Kind::Bool | Kind::Text(_)),
            Conversion::Text => matches!(kind, Kind::Bool | Kind::Text(_)) || kind.is_number(),
            _ => matches!(kind, Kind::Text(_)) || kind.is_number(),
        };
        if !fits {
            return self.fault(tree, &format!("{name} cannot be made from {kind}"));
        }
        Some((Plan::Convert(conversion, Box::new(plan)), target))
    }

    fn comprehension(
        &mut self,
        kind: LoopKind,
        range: &'t IdedExpr,
        name: &'t IdedExpr,
        body: &'t IdedExpr,
    ) -> Typed {
        let range = self.enter(range, name)?;
        let body = self.condition(body, "what is asked of each element");
        self.locals.pop();
        let whole = Loop {
            kind,
            range,
            filter: None,
            body: body?,
        };
        Some((Plan::Loop(Box::new(whole)), Kind::Bool))
    }

    fn map(
        &mut self,
        range: &'t IdedExpr,
        name: &'t IdedExpr,
        filter: Option<&'t IdedExpr>,
        body: &'t IdedExpr,
    ) -> Typed {
        let range = self.enter(range, name)?;
        let what = "what is asked of each element";
        let filter = filter.map(|filter| self.condition(filter, what));
        let body = self.plan(body);
        self.locals.pop();
        let filter = match filter {
            Some(filter) => Some(filter?),
            None => None,
        };
        let (body, element) = body?;
        let whole = Loop {
            kind: LoopKind::Map,
            range,
            filter,
            body,
        };
        Some((Plan::Loop(Box::new(whole)), Kind::List(Box::new(element))))
    }

    /// Begins a comprehension over `range` with the variable `name`, which the caller ends.
    fn enter(&mut self, range: &'t IdedExpr, name: &'t IdedExpr) -> Option<Plan> {
        let (plan, kind) = self.plan(range)?;
        let Some(element) = kind.element() else {
            return self.fault(
                range,
                &format!("this asks each element of a list or a map, and this is {kind}"),
            );
        };
        let Expr::Ident(variable) = &name.expr else {
            return self.fault(name, "the first argument names each element: a single word");
        };
        self.locals.push(Local {
            name: variable,
            kind: element,
            path: format!("{}[]", self.path(range)),
        });
        Some(plan)
    }
}

fn conversion(name: &str) -> Option<(Conversion, Kind)> {
    Some(match name {
        "bool" => (Conversion::Bool, Kind::Bool),
        "int" => (Conversion::Int, Kind::Int),
        "uint" => (Conversion::Uint, Kind::Uint),
        "double" => (Conversion::Double, Kind::Double),
        "string" => (Conversion::Text, Kind::Text(None)),
        _ => return None,
    })
}

fn compile(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern)
        .size_limit(MAX_PATTERN_BYTES)
        .nest_limit(50)
        .build();
    built.map_err(|error| format!("the pattern cannot be used: {error}"))
}
