//! Arithmetic and conversions as CEL has them: no overflow wraps, no integer becomes a double unasked.

use super::plan::{Calculation, Conversion};
use super::value::Value;

pub(super) fn calculate<'e>(
    calculation: Calculation,
    left: Value<'e>,
    right: Value<'e>,
) -> Result<Value<'e>, String> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => {
            let result = match calculation {
                Calculation::Add => left.checked_add(right),
                Calculation::Subtract => left.checked_sub(right),
                Calculation::Multiply => left.checked_mul(right),
                Calculation::Divide => left.checked_div(right),
                Calculation::Remainder => left.checked_rem(right),
            };
            let fault = || no_result(calculation, right == 0);
            result.map(Value::Int).ok_or_else(fault)
        }
        (Value::Uint(left), Value::Uint(right)) => {
            let result = match calculation {
                Calculation::Add => left.checked_add(right),
                Calculation::Subtract => left.checked_sub(right),
                Calculation::Multiply => left.checked_mul(right),
                Calculation::Divide => left.checked_div(right),
                Calculation::Remainder => left.checked_rem(right),
            };
            let fault = || no_result(calculation, right == 0);
            result.map(Value::Uint).ok_or_else(fault)
        }
        (Value::Double(left), Value::Double(right)) => Ok(Value::Double(match calculation {
            Calculation::Add => left + right,
            Calculation::Subtract => left - right,
            Calculation::Multiply => left * right,
            Calculation::Divide => left / right,
            Calculation::Remainder => left % right,
        })),
        (Value::Text(left), Value::Text(right)) => Ok(Value::Text(left + right)),
        _ => Err("the operands are not of one type".to_owned()),
    }
}

fn no_result(calculation: Calculation, by_zero: bool) -> String {
    let divides = matches!(calculation, Calculation::Divide | Calculation::Remainder);
    let what = if divides && by_zero {
        "a division by zero"
    } else {
        "an integer beyond 64 bits"
    };
    what.to_owned()
}

pub(super) fn negate<'e>(value: &Value<'e>) -> Result<Value<'e>, String> {
    match value {
        Value::Int(value) => {
            let negated = value.checked_neg().map(Value::Int);
            negated.ok_or_else(|| no_result(Calculation::Subtract, false))
        }
        Value::Double(value) => Ok(Value::Double(-value)),
        _ => Err("the operand is no number to negate".to_owned()),
    }
}

pub(super) fn convert<'e>(conversion: Conversion, value: Value<'e>) -> Result<Value<'e>, String> {
    let converted = match conversion {
        Conversion::Bool => bool_of(&value).map(Value::Bool),
        Conversion::Int => int_of(&value).map(Value::Int),
        Conversion::Uint => uint_of(&value).map(Value::Uint),
        Conversion::Double => double_of(&value).map(Value::Double),
        Conversion::Text => return text_of(value),
    };
    converted.ok_or_else(|| match value {
        Value::Text(text) => format!("{text:?} is not written as that type"),
        _ => "a number is beyond the type that it is converted to".to_owned(),
    })
}

fn bool_of(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Text(text) => match text.as_ref() {
            "1" | "t" | "true" | "TRUE" | "True" => Some(true),
            "0" | "f" | "false" | "FALSE" | "False" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn int_of(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Int(value) => Some(*value),
        Value::Uint(value) => i64::try_from(*value).ok(),
        Value::Double(value) => i64::try_from(whole(*value)?).ok(),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn uint_of(value: &Value<'_>) -> Option<u64> {
    match value {
        Value::Int(value) => u64::try_from(*value).ok(),
        Value::Uint(value) => Some(*value),
        Value::Double(value) if *value >= 0.0 => u64::try_from(whole(*value)?).ok(),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// Without its fraction; what an `i128` cannot hold saturates, and is too large for the caller too.
#[allow(clippy::cast_possible_truncation, reason = "saturating, see above")]
fn whole(value: f64) -> Option<i128> {
    value.is_finite().then(|| value.trunc() as i128)
}

#[allow(clippy::cast_precision_loss, reason = "CEL's double(int) rounds")]
fn double_of(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Int(value) => Some(*value as f64),
        Value::Uint(value) => Some(*value as f64),
        Value::Double(value) => Some(*value),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn text_of(value: Value<'_>) -> Result<Value<'_>, String> {
    Ok(Value::Text(match value {
        Value::Text(text) => text,
        Value::Bool(value) => value.to_string().into(),
        Value::Int(value) => value.to_string().into(),
        Value::Uint(value) => value.to_string().into(),
        Value::Double(value) => value.to_string().into(),
        _ => return Err("this has no text".to_owned()),
    }))
}
