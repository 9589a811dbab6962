//! Texts that mean harm.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::evaluate::{self, MAX_STEPS, Stop};
use super::*;

fn refused(text: &str) -> String {
    let faults = Expression::compile(text).unwrap_err();
    for fault in &faults {
        assert!(
            fault
                .offset
                .is_none_or(|offset| text.is_char_boundary(offset)),
            "{text}: {fault:?}"
        );
    }
    faults.first().unwrap().message.clone()
}

/// Whatever comes of it, it is an answer.
fn survive(text: &str) {
    match Expression::compile(text) {
        Ok(expression) => {
            static METAL: LazyLock<Inventory> = LazyLock::new(metal);
            expression.evaluate(&Facts::new(&Machine::new(&METAL)));
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "{text}");
            for fault in faults {
                let inside = fault
                    .offset
                    .is_none_or(|offset| text.is_char_boundary(offset));
                assert!(inside, "{text}: {fault:?}");
                assert_ne!(
                    fault.message, "the parser gave up on the expression",
                    "{text}"
                );
            }
        }
    }
}

#[test]
fn deep_nesting_is_refused_before_the_parser_sees_it() {
    for open in ["(", "[", "{", "has(", "cpu.flags.all(x, ", "[(["] {
        assert_eq!(
            refused(&open.repeat(200)),
            "more than 24 brackets within each other"
        );
    }
    let most = format!("{}true{}", "(".repeat(24), ")".repeat(24));
    assert!(Expression::compile(&most).is_ok());
    for hidden in ["\"\\x((((\"", "\"((((", "'''(((("] {
        let text = format!("{hidden}{}", "(".repeat(300));
        assert!(
            refused(&text).starts_with("this string does not end"),
            "{text}"
        );
    }
}

/// A string whose beginning the guard took for a raw one would end elsewhere to the parser, and hide
/// brackets from the guard.
#[test]
fn a_word_before_a_string_is_no_prefix() {
    let hidden = "(".repeat(300);
    for word in ["bar", "cpu.r_r", "0xar", "1ur", "rr", "in"] {
        let text = format!("{word}\"\\\" \"{hidden}\"");
        assert_eq!(refused(&text), "\" begins a string right after a word");
    }
    for text in [
        r#"cpu.architecture == r"\""#,
        r#"cpu.architecture == R'\'"#,
        r#"cpu.architecture in["x"]"#,
        r#"cpu.architecture=="x""#,
        r#"cpu.cores > 1?true:"x"=="y""#,
    ] {
        assert!(Expression::compile(text).is_ok(), "{text}");
    }
}

#[test]
fn a_copy_of_a_long_text_is_paid_for() {
    let long = "a".repeat(1000);
    let doubled = ".map(a, a + a)".repeat(12);
    let text = format!("['{long}']{doubled}.all(a, pci.all(p, size([a, a]) == 2))");
    let mut metal = metal();
    metal.pci = vec![metal.pci[0].clone(); 4096];
    assert!(matches!(ask(&metal, &text), Answer::Failed(_)));
}

#[test]
fn long_chains_have_an_answer() {
    for (first, more) in [
        ("true", " || true"),
        ("true", "&&true"),
        ("1", "+1"),
        ("1", "<1"),
        ("cpu", ".a"),
        ("cpu", "[0]"),
        ("cpu", ".f()"),
        ("true", "?true:true"),
        ("[1]", "+[1]"),
    ] {
        let text = format!("{first}{}", more.repeat((4096 - first.len()) / more.len()));
        survive(&text);
    }
    for sign in [
        "!", "-", "!-", "? ", ": ", "a?", ".", ",", "\"", "\\", "\0", "a ", "1 ", "é",
    ] {
        survive(&sign.repeat(4096 / sign.len()));
        survive(&format!("{}true", sign.repeat(4092 / sign.len())));
    }
    assert_eq!(
        refused(&"a".repeat(4097)),
        "an expression has 4096 bytes at most"
    );
    assert_eq!(
        refused(&format!("1{} == 1", "+1".repeat(100))),
        "too many expressions within each other"
    );
}

/// A tenth of the steps that a policy has does for all but one: the way out is the same.
#[test]
fn what_visits_too_much_ends() {
    let mut metal = metal();
    let function = metal.pci[0].clone();
    metal.pci = vec![function; 4096];
    let machine = Machine::new(&metal);
    let facts = Facts::new(&machine);
    for text in [
        "pci.all(a, pci.all(b, a.slot == b.slot))",
        "pci.map(a, pci.map(b, a.slot + b.slot)).size() > 0",
        "pci.exists(a, pci.filter(b, b.slot == 'x').size() == 1)",
        "pci.map(a, cpu.flags).map(a, pci.map(b, b.slot)).size() == 0",
        "pci.all(a, cpu.flags.all(f, (f + f + f + f).matches('(a?){50}(a*)*b') || true))",
        "!(pci.all(a, pci.all(b, a.slot == b.slot))) || true",
    ] {
        let plan = Expression::compile(text).unwrap().plan;
        let stop = evaluate::evaluate(&plan, &facts, MAX_STEPS / 10).unwrap_err();
        assert!(matches!(stop, Stop::TooExpensive), "{text}: {stop:?}");
    }
    let text = "pci.all(a, pci.all(b, a.slot == b.slot))";
    let Answer::Failed(message) = ask(&metal, text) else {
        panic!("{text}");
    };
    assert_eq!(
        message,
        format!(
            "{text} is too expensive: it takes more than 2000000 steps; \
             do not nest one list's elements in another's"
        )
    );
}

#[test]
fn patterns_are_bounded() {
    for (pattern, why) in [
        ("(a{1000}){1000}", "exceeded"),
        ("(", "found open group"),
        ("\\\\pL", ""),
    ] {
        let told = refused(&format!("cpu.model_name.matches('{pattern}')"));
        let tail = told
            .strip_prefix("the pattern cannot be used: ")
            .expect(&told);
        assert!(tail.contains(why), "{told}");
    }
    let words = (0..60).map(|word| format!("word{word}"));
    let words = words.collect::<Vec<_>>().join("|");
    let text = format!("cpu.model_name.matches('^({words}) .*$')");
    assert!(Expression::compile(&text).is_ok());
}

const TOKENS: &[&str] = &[
    "cpu",
    "disks",
    "pci",
    "memory",
    "p",
    "x",
    ".",
    ".threads",
    ".name",
    ".all(",
    ".exists(",
    ".map(",
    "has(",
    "size(",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    "?",
    ":",
    "&&",
    "||",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "==",
    "!=",
    "<",
    ">=",
    "in",
    "1",
    "0",
    "18446744073709551615u",
    "9223372036854775807",
    "-9223372036854775808",
    "99999999999999999999",
    "1.5",
    "1e999",
    "0x",
    "true",
    "false",
    "null",
    "'a'",
    "\"",
    "'''",
    "b'x'",
    "r'\\'",
    "'\\x'",
    "//",
    "\n",
    "\\",
    "`",
    "@",
    "é",
    "\0",
    "matches('",
    "int(",
    "string(",
    "double(",
    ".filter(",
    "as",
    "for",
    "&",
    "|",
    "=",
    "\u{200b}",
    "1u",
    "cpu.threads",
    "disks[0]",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        survive(&text);
    }

    #[test]
    fn any_tokens_are_survived(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..40), gap in prop::sample::select(&["", " "][..])) {
        survive(&tokens.join(gap));
    }
}
