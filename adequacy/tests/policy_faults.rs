//! Every kind of mistake in a policy, with the message and the place that its writer gets. All
//! mistakes come at once, in the order of their places.

use muster_adequacy::Policy;

/// Lines 1 to 5 of a policy; its first rule begins at line 6.
const HEAD: &str = r#"schema = "muster.policy/v1"
name = "test"
version = "1"
roles = ["worker"]

"#;

/// Five lines: a rule with everything but what decides it, which comes at line 11.
const RULE: &str = r#"[[rules]]
id = "one"
title = "One"
severity = "required"
remedy = "Act."
"#;

/// A text, and what is said of it.
type Case = (&'static str, &'static [&'static str]);

#[test]
fn whole_documents() {
    hold("", WHOLE);
    let large = " ".repeat((1 << 20) + 1);
    assert_eq!(
        said(&large),
        ["1:1: the text is larger than 1 MiB, which no policy is"]
    );
}

#[test]
fn what_follows_the_head() {
    hold(HEAD, RULES);
    let many = format!("{HEAD}{}", RULE.repeat(1001));
    assert_eq!(said(&many), ["6:1: a policy has at most 1000 rules"]);
}

#[test]
fn what_decides_a_rule() {
    hold(&format!("{HEAD}{RULE}"), DECISIONS);
}

#[test]
fn expressions() {
    hold(&format!("{HEAD}{RULE}"), EXPRESSIONS);
}

#[test]
fn a_role_without_rules_would_be_anybodys() {
    let text = HEAD.replace("[\"worker\"]", "[\"control\", \"worker\"]");
    let rule = format!("{RULE}roles = [\"worker\"]\ncheck.cpu_cores = {{ at_least = 1 }}\n");
    assert_eq!(
        said(&format!("{text}{rule}")),
        ["4:9: no rule is for the role control, so that every machine would be adequate for it"]
    );
}

#[test]
fn mistakes_do_not_repeat_long_texts() {
    let long = "ä".repeat(200_000);
    for text in [
        format!("schema = \"{long}\""),
        format!("roles = [\"{long}\"]"),
        format!("[[rules]]\ncheck.\"{long}\" = {{}}"),
        format!("\"{long}\" = 1"),
        format!("[[rules]]\ncheck.memory_total = {{ at_least = \"{long}\" }}"),
        format!("[[rules]]\ncheck.kernel_version = {{ at_least = \"{long}\" }}"),
    ] {
        let said = said(&text);
        let start: String = text.chars().take(50).collect();
        let longest = said.iter().map(String::len).max().unwrap();
        assert!(longest < 1000, "{start}: {longest} bytes");
    }
}

/// By quadratic reading it would take minutes.
#[test]
fn many_mistakes_are_told_at_once() {
    let begun = std::time::Instant::now();
    assert!(said(&format!("roles = [{}]", "1,".repeat(500_000))).len() > 500_000);
    let long = format!("[[rules]]\ncheck.{} = {{}}", "a".repeat(1_000_000));
    assert!(!said(&long).is_empty());
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

const WHOLE: &[Case] = &[
    (
        "",
        &[
            r#"1:1: "name" is missing"#,
            r#"1:1: "roles" is missing"#,
            r#"1:1: "schema" is missing"#,
            r#"1:1: "version" is missing"#,
            "1:1: there are no [[rules]], so that every machine would be adequate",
        ],
    ),
    (
        "schema = 'muster.policy/v2'\nname = ' '\nversion = 1\nroles = []\nrules = []\n",
        &[
            r#"1:11: this is "muster.policy/v2", and "muster.policy/v1" is understood here"#,
            "2:9: this must not be empty",
            "3:11: a text is wanted, and this is an integer",
            "4:9: the list must not be empty",
            "5:9: there are no [[rules]], so that every machine would be adequate",
        ],
    ),
    (
        "nmae = 'x'\nroles = ['wroker', 1, 'cook']\nrules = 1\n",
        &[
            r#"1:1: "name" is missing"#,
            r#"1:1: "schema" is missing"#,
            r#"1:1: "version" is missing"#,
            r#"1:1: there is no "nmae" here; did you mean "name"?"#,
            r#"2:11: "wroker" is none of the values; did you mean "worker"?"#,
            "2:20: a text is wanted, and this is an integer",
            r#"2:24: "cook" is none of the values: control, worker, server"#,
            "3:9: rules are written as [[rules]], one table a rule",
        ],
    ),
    // What is no TOML: the parser stops at the first.
    (
        "schema = \"x\nname = 1",
        &[r"1:12: \n may not stand in a text as it is"],
    ),
    (
        "a = \"\u{1b}[2J\"",
        &[r"1:6: \u{1b} may not stand in a text as it is"],
    ),
    (
        "a = \"ä\" b",
        &["1:9: newline is wanted, and this is an identifier"],
    ),
    (
        "schema = muster",
        &["1:10: a text has to be in quotation marks"],
    ),
    (
        "schema \"x\"",
        &["1:8: an equals is wanted, and this is a string"],
    ),
    (
        "[[rules]\n",
        &["1:9: a right bracket is wanted, and this is a newline"],
    ),
    ("a = [1,\n", &["2:1: the text ends in the middle"]),
    (
        "a = {\n",
        &["2:1: a table key is wanted, and this is the end of the text"],
    ),
    ("a = \n", &["1:5: a value is wanted, and this is a newline"]),
    ("a = 2024-01-01\n", &["1:5: this is no number"]),
    ("a = 99999999999999999999\n", &["1:5: this is no number"]),
    (
        "name = 'a'\nname = 'b'\n",
        &[r#"2:1: "name" is there twice"#],
    ),
    ("[a]\n[a]\n", &[r#"2:1: the table "a" is there twice"#]),
];

const RULES: &[Case] = &[
    (
        "rules = []",
        &["6:9: there are no [[rules]], so that every machine would be adequate"],
    ),
    (
        "rules = [1]",
        &["6:10: a table is wanted, and this is an integer"],
    ),
    (
        "[rules]\nid = 'a'\n",
        &["6:1: rules are written as [[rules]], one table a rule"],
    ),
    (
        "extra = 1\n[other]\n[[rules]]\n",
        &[
            r#"6:1: there is no "extra" here; there is schema, name, version, description, roles, rules"#,
            r#"7:2: there is no "other" here; there is schema, name, version, description, roles, rules"#,
            r#"8:1: "id" is missing"#,
            r#"8:1: "remedy" is missing"#,
            r#"8:1: "severity" is missing"#,
            r#"8:1: "title" is missing"#,
            "8:1: a rule has a check.… or an expression, and this one has none",
        ],
    ),
    (
        "[[rules]]\nid = 'A b'\ntitle = ''\nseverity = 'requird'\nremedy = 3\nexpression = 1\nwhen = 2\n",
        &[
            "7:7: an id has up to 64 lower-case letters, digits and hyphens",
            "8:9: this must not be empty",
            r#"9:13: "requird" is none of the values; did you mean "required"?"#,
            "10:10: a text is wanted, and this is an integer",
            "11:14: a CEL expression in quotation marks is wanted, and this is an integer",
            "12:8: a CEL expression in quotation marks is wanted, and this is an integer",
        ],
    ),
    (
        "[[rules]]\nid = 'a'\ntitle = 't'\nseverity = 'hard'\nremedy = 'r'\nwhne = 'true'\nexpression = 'true'\n",
        &[
            r#"9:13: "hard" is none of the values: required, recommended"#,
            r#"11:1: there is no "whne" here; did you mean "when"?"#,
        ],
    ),
    // Of two rules with one id the second is wrong.
    (
        "[[rules]]\nid = 'a'\ntitle = 't'\nseverity = 'required'\nremedy = 'r'\nexpression = 'true'\n\
         [[rules]]\nid = 'a'\ntitle = 't'\nseverity = 'required'\nremedy = 'r'\nexpression = 'true'\n",
        &[r#"13:7: there is another rule with the id "a""#],
    ),
];

const DECISIONS: &[Case] = &[
    (
        "",
        &["6:1: a rule has a check.… or an expression, and this one has none"],
    ),
    (
        "check.memory_total = { at_least = '1 GiB' }\nexpression = 'true'",
        &["12:1: a rule has either a check or an expression, and this one has both"],
    ),
    (
        "expression = true",
        &["11:14: a CEL expression in quotation marks is wanted, and this is a boolean"],
    ),
    (
        "expression = 'true'\nroles = ['control', 'server']",
        &["12:9: the policy does not judge the role control; see `roles` at its top"],
    ),
    (
        "expression = 'true'\nroles = []",
        &["12:9: the list must not be empty"],
    ),
    (
        "check = 1",
        &["11:9: a check is written as check.NAME = { … }"],
    ),
    (
        "check = {}",
        &["11:9: a rule has one check: check.NAME = { … }"],
    ),
    (
        "check.cpu_cores = { at_least = 2 }\ncheck.cpu_architecture = { one_of = ['x86_64'] }",
        &["11:19: a rule has one check: check.NAME = { … }"],
    ),
    (
        "check.memory_totl = { at_least = '1 GiB' }",
        &[r#"11:7: there is no check "memory_totl"; did you mean "memory_total"?"#],
    ),
    (
        "check.moon_phase = {}",
        &[r#"11:7: there is no check "moon_phase"; `muster policy checks` lists those that are"#],
    ),
    (
        "check.memory_total = '1 GiB'",
        &["11:23: a table is wanted, and this is a string"],
    ),
    (
        "check.memory_total = {}",
        &[r#"11:22: "at_least" is missing"#],
    ),
    (
        "check.memory_total = { at_lest = '1 GiB' }",
        &[
            r#"11:22: "at_least" is missing"#,
            r#"11:24: there is no "at_lest" here; did you mean "at_least"?"#,
        ],
    ),
    (
        "check.memory_total = { at_least = '1 GiB', on_node = 2 }",
        &[r#"11:44: there is no "on_node" here; there is at_least"#],
    ),
    (
        "check.memory_total = { at_least = 16 }",
        &[r#"11:35: say the unit, in quotation marks: "16 GiB""#],
    ),
    (
        "check.memory_total = { at_least = '16' }",
        &[
            r#"11:36: "16" is no size; write a whole number with its unit, such as "16 GiB" or "500 GB""#,
        ],
    ),
    (
        "check.memory_total = { at_least = '99999999 PiB' }",
        &["11:36: 99999999 PiB is more than can be counted in 64 bits"],
    ),
    (
        "check.cpu_cores = { at_least = 0 }",
        &["11:32: a whole number from 1 on is wanted"],
    ),
    (
        "check.cpu_cores = { at_least = 1.5 }",
        &["11:32: a whole number from 1 on is wanted"],
    ),
    (
        "check.cpu_architecture = { one_of = [] }",
        &["11:37: the list must not be empty"],
    ),
    (
        "check.cpu_architecture = { one_of = 'x86_64' }",
        &[r#"11:38: a list is wanted: ["…", "…"]"#],
    ),
    (
        "check.cpu_architecture = { one_of = ['', 1] }",
        &[
            "11:38: this must not be empty",
            "11:42: a text is wanted, and this is an integer",
        ],
    ),
    (
        "check.disks = { at_least = 0, size_at_least = 5, rotational = 'no', avaliable = true }",
        &[
            "11:28: a whole number from 1 on is wanted",
            r#"11:47: say the unit, in quotation marks: "16 GiB""#,
            "11:64: a bool is wanted, and this is a string",
            r#"11:69: there is no "avaliable" here; did you mean "available"?"#,
        ],
    ),
];

/// The place is that in the file, where the text stands there as it is.
const EXPRESSIONS: &[Case] = &[
    (
        "expression = ''",
        &["11:14: the expression ends where more is needed"],
    ),
    (
        "expression = 'cpu.cores >='",
        &["11:27: the expression ends where more is needed"],
    ),
    (
        "expression = 'cpu.coers >= 4'",
        &["11:19: cpu.coers: no such field; did you mean cores?"],
    ),
    (
        "expression = 'cup.cores >= 4'",
        &["11:15: cup: no such section; did you mean cpu?"],
    ),
    (
        "expression = 'cpu.cores'",
        &["11:19: the expression has to be bool, and this is int"],
    ),
    (
        "expression = 'cpu.cores == \"4\"'",
        &["11:25: int == string: these do not compare"],
    ),
    (
        "expression = 'host.tpm.version == null'",
        &["11:35: null is what is unknown; ask has(…) whether a field is known"],
    ),
    (
        "expression = 'now() > 1'",
        &["11:15: now: no such function"],
    ),
    (
        "expression = \"\"\"\ncpu.cores >= 4 &&\nhost.boot_mode == 'uefi'\"\"\"",
        &[r#"13:19: host.boot_mode is never "uefi"; did you mean "efi"?"#],
    ),
    // In the condition and in what decides, and both of one expression.
    (
        "when = 'cpu.coers > 1'\nexpression = 'cup.cores > 1 && disks.all(d, d.siez_bytes > 1)'",
        &[
            "11:13: cpu.coers: no such field; did you mean cores?",
            "12:15: cup: no such section; did you mean cpu?",
            "12:47: disks[].siez_bytes: no such field; did you mean size_bytes?",
        ],
    ),
];

fn hold(before: &str, cases: &[Case]) {
    for (text, expected) in cases {
        assert_eq!(said(&format!("{before}{text}")), *expected, "of {text:?}");
    }
}

fn said(text: &str) -> Vec<String> {
    match Policy::parse(text) {
        Ok(_) => vec!["no fault".to_owned()],
        Err(faults) => faults.iter().map(ToString::to_string).collect(),
    }
}
