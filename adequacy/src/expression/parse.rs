//! From text to syntax tree, by the crate `cel`, behind a guard: its generated parser takes some
//! 200 KiB of stack for each open bracket in a debug build, and would overflow it on hostile text.

use std::thread::{self, ScopedJoinHandle};

use cel::common::ast::{IdedExpr, SourceInfo};
use cel::{Env, ParseError, ParseErrors};

use super::ExpressionFault;

const MAX_BYTES: usize = 4096;

/// Of brackets within each other. The parser itself stops at 96 expressions within each other.
const MAX_NESTING: usize = 24;

/// Enough for a text of operators only, and for [`MAX_NESTING`], in a debug build too.
const STACK_BYTES: usize = 32 << 20;

/// Parses `text` and hands its tree to `check`, on a thread with the stack that the tree needs, and
/// returns what that makes of it. Macros such as `all` and `has` are left as the calls they look like.
pub(super) fn parse_with<T: Send>(
    text: &str,
    check: impl FnOnce(&IdedExpr, &SourceInfo) -> Result<T, Vec<ExpressionFault>> + Send,
) -> Result<T, Vec<ExpressionFault>> {
    guard(text).map_err(|fault| vec![fault])?;
    let work = || {
        let program = Env::default()
            .with_optional_support(false)
            .compile(text)
            .map_err(|errors| first(text, &errors))?;
        check(program.expression(), program.source_info())
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK_BYTES);
        match thread.spawn_scoped(scope, work).map(ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => whole("the parser gave up on the expression"),
            Err(error) => whole(&format!("no thread to parse the expression in: {error}")),
        }
    })
}

/// What follows the first fault of the grammar is mostly of its making.
fn first(text: &str, errors: &ParseErrors) -> Vec<ExpressionFault> {
    let mut faults: Vec<_> = errors
        .errors
        .iter()
        .map(|error| fault(text, error))
        .collect();
    faults.sort_by_key(|fault| (fault.offset.is_none(), fault.offset));
    faults.truncate(1);
    faults
}

fn whole<T>(message: &str) -> Result<T, Vec<ExpressionFault>> {
    Err(vec![ExpressionFault {
        offset: None,
        message: message.to_owned(),
    }])
}

/// Refuses what the parser would need too much stack for. What it calls a string must be one to the
/// parser too, hence its faults are told here.
fn guard(text: &str) -> Result<(), ExpressionFault> {
    let fault = |offset: usize, message: String| ExpressionFault {
        offset: Some(offset),
        message,
    };
    if text.len() > MAX_BYTES {
        let message = format!("an expression has {MAX_BYTES} bytes at most");
        return Err(fault(MAX_BYTES, message));
    }
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let at = text.len() - rest.len();
        let mut taken = first.len_utf8();
        match first {
            '(' | '[' | '{' if open.len() == MAX_NESTING => {
                let message = format!("more than {MAX_NESTING} brackets within each other");
                return Err(fault(at, message));
            }
            '(' => open.push((at, ')')),
            '[' => open.push((at, ']')),
            '{' => open.push((at, '}')),
            ')' | ']' | '}' if open.pop().map(|(_, wanted)| wanted) != Some(first) => {
                return Err(fault(
                    at,
                    format!("no bracket is open that {first} would close"),
                ));
            }
            '/' if rest.starts_with("//") => taken = rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => {
                let raw = is_raw(text.get(..at).unwrap_or_default()).ok_or_else(|| {
                    fault(at, format!("{first} begins a string right after a word"))
                })?;
                taken = string_length(rest, raw)
                    .ok_or_else(|| fault(at, "this string does not end, or has an escape that CEL does not know; a backslash is \\\\".to_owned()))?;
            }
            _ => {}
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    match open.pop() {
        Some((at, wanted)) => Err(fault(at, format!("this bracket lacks its {wanted}"))),
        None => Ok(()),
    }
}

/// Whether the string after `before` is raw; `None` where that would be the parser's guess: a word may
/// end in an r without being the prefix of a string.
fn is_raw(before: &str) -> Option<bool> {
    let is_of_word = |last: char| last.is_ascii_alphanumeric() || last == '_';
    let word = before.trim_end_matches(is_of_word);
    match before.get(word.len()..)? {
        "" | "b" | "B" => Some(false),
        "r" | "R" | "br" | "bR" | "Br" | "BR" => Some(true),
        _ => None,
    }
}

/// Length with the quotes of the string that `text` begins with.
fn string_length(text: &str, raw: bool) -> Option<usize> {
    let quote = text.get(..1)?;
    let triple = quote.repeat(3);
    let quotes = if text.starts_with(&triple) {
        &triple
    } else {
        quote
    };
    let mut at = quotes.len();
    loop {
        let rest = text.get(at..)?;
        if rest.starts_with(quotes) {
            return Some(at + quotes.len());
        }
        at += match rest.chars().next()? {
            '\n' | '\r' if quotes.len() == 1 => return None,
            '\\' if !raw => escape_length(rest)?,
            other => other.len_utf8(),
        };
    }
}

fn escape_length(text: &str) -> Option<usize> {
    let digits = |from: usize, count: usize, radix: u32| {
        let digits = text.get(from..from + count)?;
        let all = digits.chars().all(|digit| digit.is_digit(radix));
        all.then_some(from + count)
    };
    match text.chars().nth(1)? {
        'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '"' | '\'' | '\\' | '?' | '`' => Some(2),
        'x' | 'X' => digits(2, 2, 16),
        'u' => digits(2, 4, 16),
        'U' => digits(2, 8, 16),
        '0'..='3' => digits(1, 3, 8),
        _ => None,
    }
}

/// The parser counts lines and columns from 1, columns in characters.
fn fault(text: &str, error: &ParseError) -> ExpressionFault {
    let place = |(line, column): (isize, isize)| {
        let line = usize::try_from(line).ok()?.checked_sub(1)?;
        let column = usize::try_from(column).ok()?.checked_sub(1)?;
        let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let characters = text.get(before..)?.chars().take(column);
        Some(before + characters.map(char::len_utf8).sum::<usize>())
    };
    ExpressionFault {
        offset: place(error.pos).filter(|offset| *offset <= text.len()),
        message: in_words(&error.msg),
    }
}

/// The parser lists every token that could have come instead, and speaks of its own insides.
fn in_words(message: &str) -> String {
    let message = message.trim_start_matches("Syntax error: ");
    let message = message.split(" expecting ").next().unwrap_or(message);
    let quoted = message.find('\'').and_then(|from| message.get(from..));
    if message.contains("Recursion limit") {
        "too many expressions within each other".to_owned()
    } else if message.contains("<EOF>") {
        "the expression ends where more is needed".to_owned()
    } else if let Some(token) = message.strip_prefix("token recognition error at: ") {
        format!("{token} is no part of CEL")
    } else if let Some(token) = quoted {
        format!("{token} cannot stand here")
    } else {
        message.to_owned()
    }
}
