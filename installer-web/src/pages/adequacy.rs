//! Every rule of a policy, role by role: what there is, what is asked for, and what to do.

use axum::extract::{Query, State};
use maud::{Markup, html};
use muster_adequacy::Verdict;
use muster_adequacy::verdict::{RoleVerdict, RuleStatus, RuleVerdict, Standing};
use muster_model::Role;

use super::rules::{devices, mark, rank, reasons, said, severity, status};
use super::sentence;
use crate::Shared;
use crate::api::{Question, malformed};
use crate::parts::{Place, marked, page, shown, table};
use crate::problem::Problem;
use crate::words::{Reader, Words};

/// Shows the verdict of the policy, for the role, that was chosen.
pub(crate) async fn show(
    State(shared): State<Shared>,
    Query(question): Query<Question>,
    Reader(words): Reader,
) -> Result<Markup, Problem> {
    let policies = shared.machine.policies().await;
    let chosen = match question.policy.filter(|policy| !policy.is_empty()) {
        Some(policy) => policy,
        None => shared.usual_policy().await?,
    };
    let role = role(question.role.as_deref())?;
    let verdict = shared.machine.judge(&chosen).await?;
    let name = verdict.machine.hostname.clone();
    let shown = match role {
        None => Some(verdict),
        Some(role) => verdict.only(role),
    };
    let main = html! {
        h1 { (words.adequacy) }
        (choice(words, &policies, &chosen, role))
        @match &shown {
            None => p.alert { (words.role_not_judged) },
            Some(verdict) => (judged(words, verdict)),
        }
    };
    Ok(page(words, Place::Adequacy, name.as_deref(), &main))
}

/// Any role without one.
fn role(asked: Option<&str>) -> Result<Option<Role>, Problem> {
    let Some(key) = asked.filter(|role| !role.is_empty()) else {
        return Ok(None);
    };
    let role = Role::from_key(key).ok_or_else(|| malformed(format!("{key} is no role")))?;
    Ok(Some(role))
}

fn choice(words: &Words, policies: &[String], chosen: &str, role: Option<Role>) -> Markup {
    html! {
        div.card.choice {
            form method="get" action="/installer/adequacy" {
                div {
                    label for="policy" { (words.policy) }
                    select #policy name="policy" {
                        @for policy in policies {
                            option value=(policy) selected[policy == chosen] { (shown(policy)) }
                        }
                    }
                }
                div {
                    label for="role" { (words.role) }
                    select #role name="role" {
                        option value="" { (words.any_role) }
                        @for known in Role::ALL {
                            option value=(known.key()) selected[role == Some(known)] { (known.key()) }
                        }
                    }
                }
                button type="submit" { (words.judge) }
            }
            form method="post" action="/installer/read-again" {
                button.quiet type="submit" { (words.read_again) }
            }
        }
    }
}

fn judged(words: &Words, verdict: &Verdict) -> Markup {
    let standing = sentence::mark(verdict.standing);
    html! {
        section class=(format!("hero {}", standing.class())) {
            (crate::pictures::sign(standing))
            p.sentence { (sentence::sentence(words, verdict)) }
        }
        @for role in &verdict.roles { (of_role(words, role)) }
    }
}

fn of_role(words: &Words, role: &RoleVerdict) -> Markup {
    let standing = match role.standing {
        Standing::Adequate => words.adequate,
        Standing::Undetermined => words.undetermined,
        Standing::Inadequate => words.inadequate,
    };
    let mut rules: Vec<&RuleVerdict> = role.rules.iter().collect();
    rules.sort_by_key(|rule| rank(rule));
    let rows: Vec<Markup> = rules.iter().map(|rule| row(words, rule)).collect();
    let id = format!("as-{}", role.role.key());
    let label = format!("{} {}", words.as_role, role.role.key());
    let heads = [words.result, words.rule, words.actual, words.wanted];
    html! {
        section.card aria-labelledby=(id) {
            h2 id=(id) { (words.as_role) " " (role.role.key()) " " (marked(sentence::mark(role.standing), standing)) }
            div.rules { (table(&label, &heads, &rows)) }
        }
    }
}

fn row(words: &Words, rule: &RuleVerdict) -> Markup {
    html! {
        td { (marked(mark(rule), status(words, rule.status))) }
        th.rule scope="row" {
            (shown(&rule.title))
            div.fine { code { (shown(&rule.id)) } " · " (severity(words, rule.severity)) }
        }
        td.said {
            @match &rule.actual { Some(actual) => (shown(actual)), None => em { (words.unknown) } }
            @if rule.status != RuleStatus::Pass && !rule.devices.is_empty() {
                div.fine { (devices(words, &rule.devices)) }
            }
        }
        td.said {
            (said(&rule.required))
            @if rule.status != RuleStatus::Pass { (reasons(rule)) }
            @if !rule.remedy.is_empty() { p.remedy { strong { (words.what_to_do) } " " (said(&rule.remedy)) } }
        }
    }
}
