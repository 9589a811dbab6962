//! Checks of operators.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

use super::check::{Checker, Typed};
use super::plan::{Calculation, Comparison, Plan};
use super::shape::{self, Kind};

impl<'t> Checker<'t> {
    /// None where `call` is no operator.
    pub(super) fn operator(&mut self, tree: &'t IdedExpr, call: &'t CallExpr) -> Option<Typed> {
        let name = call.func_name.as_str();
        let typed = match &call.args[..] {
            [one] => match name {
                operators::LOGICAL_NOT => self
                    .condition(one, "what ! negates")
                    .map(|plan| (Plan::Not(Box::new(plan)), Kind::Bool)),
                operators::NEGATE => self.negation(one),
                _ => return None,
            },
            [left, right] => match name {
                operators::LOGICAL_AND => self.connective("&&", Plan::And, left, right),
                operators::LOGICAL_OR => self.connective("||", Plan::Or, left, right),
                operators::INDEX => self.index(left, right),
                operators::IN => self.membership(tree, left, right),
                _ => match (comparison(name), calculation(name)) {
                    (Some((comparison, sign)), _) => {
                        self.comparison(tree, comparison, sign, left, right)
                    }
                    (_, Some((calculation, sign))) => {
                        self.calculation(tree, calculation, sign, left, right)
                    }
                    _ => return None,
                },
            },
            [condition, yes, no] if name == operators::CONDITIONAL => {
                self.conditional(tree, condition, yes, no)
            }
            _ => return None,
        };
        Some(typed)
    }

    pub(super) fn condition(&mut self, tree: &'t IdedExpr, what: &str) -> Option<Plan> {
        self.expect(tree, what, |kind| matches!(kind, Kind::Bool), "bool")
    }

    fn connective(
        &mut self,
        sign: &str,
        plan: fn(Box<[Plan; 2]>) -> Plan,
        left: &'t IdedExpr,
        right: &'t IdedExpr,
    ) -> Typed {
        let what = format!("an operand of {sign}");
        let left = self.condition(left, &what);
        let right = self.condition(right, &what);
        Some((plan(Box::new([left?, right?])), Kind::Bool))
    }

    fn negation(&mut self, operand: &'t IdedExpr) -> Typed {
        let (plan, kind) = self.plan(operand)?;
        match kind {
            Kind::Int | Kind::Double => Some((Plan::Negate(Box::new(plan)), kind)),
            other => self.fault(
                operand,
                &format!("- negates int and double, and this is {other}"),
            ),
        }
    }

    fn conditional(
        &mut self,
        tree: &IdedExpr,
        condition: &'t IdedExpr,
        yes: &'t IdedExpr,
        no: &'t IdedExpr,
    ) -> Typed {
        let condition = self.condition(condition, "what stands before ?");
        let (yes, kind) = self.plan(yes)?;
        let (no, other) = self.plan(no)?;
        let same = std::mem::discriminant(&kind) == std::mem::discriminant(&other);
        if !same || !kind.agrees(&other) {
            let message =
                format!("both sides of : have to be of one type; these are {kind} and {other}");
            return self.fault(tree, &message);
        }
        Some((Plan::If(Box::new([condition?, yes, no])), kind))
    }

    fn index(&mut self, operand: &'t IdedExpr, index: &'t IdedExpr) -> Typed {
        let operand_typed = self.plan(operand);
        match operand_typed? {
            (plan, Kind::List(element)) => {
                let whole = |kind: &Kind| matches!(kind, Kind::Int | Kind::Uint);
                let index = self.expect(index, "the index of a list", whole, "int")?;
                Some((Plan::Element(Box::new(plan), Box::new(index)), *element))
            }
            (plan, Kind::Map(value)) => {
                let text = |kind: &Kind| matches!(kind, Kind::Text(_));
                let key = self.expect(index, "the key of a map", text, "string")?;
                Some((Plan::Key(Box::new(plan), Box::new(key)), *value))
            }
            (_, other) => self.fault(operand, &format!("{other} has no elements")),
        }
    }

    fn membership(&mut self, tree: &IdedExpr, left: &'t IdedExpr, right: &'t IdedExpr) -> Typed {
        let needle = self.plan(left);
        let (container, kind) = self.plan(right)?;
        let (needle, found) = needle?;
        let Some(element) = kind.element() else {
            return self.fault(
                right,
                &format!("in needs a list or a map after it, and this is {kind}"),
            );
        };
        if !found.agrees(&element) {
            return self.fault(tree, &format!("{found} is never in {kind}"));
        }
        if let Expr::List(list) = &right.expr {
            for word in &list.elements {
                self.word(word, left, &found)?;
            }
        }
        Some((Plan::In(Box::new([needle, container])), Kind::Bool))
    }

    fn comparison(
        &mut self,
        tree: &IdedExpr,
        comparison: Comparison,
        sign: &str,
        left: &'t IdedExpr,
        right: &'t IdedExpr,
    ) -> Typed {
        let (one, another) = (self.plan(left), self.plan(right));
        let ((one, kind), (another, other)) = (one?, another?);
        let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let ordered = matches!(kind, Kind::Bool | Kind::Text(_)) || kind.is_number();
        if !kind.agrees(&other) || !(equality || ordered) {
            return self.fault(
                tree,
                &format!("{kind} {sign} {other}: these do not compare"),
            );
        }
        if equality {
            self.word(right, left, &kind)?;
            self.word(left, right, &other)?;
        }
        Some((
            Plan::Compare(comparison, Box::new([one, another])),
            Kind::Bool,
        ))
    }

    /// Holds the literal `word` against the words that `field` can be.
    fn word(&mut self, word: &'t IdedExpr, field: &IdedExpr, kind: &Kind) -> Option<()> {
        let (Expr::Literal(LiteralValue::String(text)), Kind::Text(Some(words))) =
            (&word.expr, kind)
        else {
            return Some(());
        };
        let text = text.inner();
        if words.contains(&text) {
            return Some(());
        }
        let hint = match shape::nearest(text, words.iter().copied()) {
            Some(nearest) => format!("did you mean {nearest:?}?"),
            None => format!("it is one of {}", words.join(", ")),
        };
        let path = self.path(field);
        self.fault(word, &format!("{path} is never {text:?}; {hint}"))
    }

    fn calculation(
        &mut self,
        tree: &IdedExpr,
        calculation: Calculation,
        sign: &str,
        left: &'t IdedExpr,
        right: &'t IdedExpr,
    ) -> Typed {
        let (one, another) = (self.plan(left), self.plan(right));
        let ((one, kind), (another, other)) = (one?, another?);
        let adds = calculation == Calculation::Add;
        let fits = match (&kind, &other) {
            (Kind::Int, Kind::Int) | (Kind::Uint, Kind::Uint) => true,
            (Kind::Double, Kind::Double) => calculation != Calculation::Remainder,
            (Kind::Text(_), Kind::Text(_)) => adds,
            (Kind::List(one), Kind::List(another)) => {
                adds && (one.agrees(another) || is_same_record(one, another))
            }
            _ => false,
        };
        if !fits {
            let advice = if kind.is_number() && other.is_number() {
                "; convert one, with int(…) or double(…)"
            } else {
                ""
            };
            let message = format!("{kind} {sign} {other}: there is no such operation{advice}");
            return self.fault(tree, &message);
        }
        let kind = match kind {
            Kind::Text(_) => Kind::Text(None),
            Kind::List(element) if matches!(*element, Kind::Nothing) => other,
            kind => kind,
        };
        Some((Plan::Calculate(calculation, Box::new([one, another])), kind))
    }
}

fn is_same_record(one: &Kind, another: &Kind) -> bool {
    match (one, another) {
        (Kind::Record(one), Kind::Record(another)) => one.name == another.name,
        _ => false,
    }
}

fn comparison(name: &str) -> Option<(Comparison, &'static str)> {
    Some(match name {
        operators::EQUALS => (Comparison::Equal, "=="),
        operators::NOT_EQUALS => (Comparison::NotEqual, "!="),
        operators::LESS => (Comparison::Less, "<"),
        operators::LESS_EQUALS => (Comparison::LessOrEqual, "<="),
        operators::GREATER => (Comparison::Greater, ">"),
        operators::GREATER_EQUALS => (Comparison::GreaterOrEqual, ">="),
        _ => return None,
    })
}

fn calculation(name: &str) -> Option<(Calculation, &'static str)> {
    Some(match name {
        operators::ADD => (Calculation::Add, "+"),
        operators::SUBSTRACT => (Calculation::Subtract, "-"),
        operators::MULTIPLY => (Calculation::Multiply, "*"),
        operators::DIVIDE => (Calculation::Divide, "/"),
        operators::MODULO => (Calculation::Remainder, "%"),
        _ => return None,
    })
}
