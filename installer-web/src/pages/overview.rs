//! The first page: whether the machine is good enough, what it is, what is wrong and what to do.

use axum::extract::State;
use maud::{Markup, html};
use muster_adequacy::Verdict;
use muster_adequacy::verdict::{RoleVerdict, RuleStatus, RuleVerdict};
use muster_model::Inventory;
use muster_model::headline::Headline;
use muster_model::host::{BootMode, VirtualizationKind};
use muster_model::units;

use super::rules::{concern, rank};
use super::sentence::{mark, sentence};
use crate::Shared;
use crate::parts::{Place, fact, marked, page, shown};
use crate::pictures::Mark;
use crate::problem::Problem;
use crate::words::{Reader, Words};

/// Shows it, judged by the usual policy.
pub(crate) async fn show(
    State(shared): State<Shared>,
    Reader(words): Reader,
) -> Result<Markup, Problem> {
    let policy = shared.usual_policy().await?;
    let inventory = shared.machine.inventory().await?;
    let verdict = shared.machine.judge(&policy).await?;
    let main = html! {
        (verdict_first(words, &verdict))
        (machine(words, &inventory))
        (concerns(words, &verdict))
        (unknowns(words, &inventory))
    };
    let name = inventory.host.hostname.as_deref();
    Ok(page(words, Place::Overview, name, &main))
}

fn verdict_first(words: &Words, verdict: &Verdict) -> Markup {
    let standing = mark(verdict.standing);
    html! {
        section class=(format!("hero {}", standing.class())) aria-labelledby="verdict" {
            (crate::pictures::sign(standing))
            div {
                h1 #verdict { (sentence(words, verdict)) }
                p {
                    (words.judged_by) " "
                    a href=(format!("/installer/adequacy?policy={}", verdict.policy.name)) {
                        (shown(&verdict.policy.name)) " " (shown(&verdict.policy.version))
                    }
                    @if let Some(when) = &verdict.machine.inventory_captured_at {
                        " · " (words.read_at) " " time { (moment(when)) }
                    }
                }
            }
        }
    }
}

/// `2026-03-14 09:26 UTC`, by an instant of RFC 3339 in UTC; another text stays.
fn moment(when: &str) -> String {
    match (when.get(..10), when.get(10..16), when.get(16..)) {
        (Some(date), Some(time), Some(rest)) if rest.ends_with('Z') && rest.len() < 16 => {
            shown(&format!("{date} {} UTC", time.trim_start_matches('T')))
        }
        _ => shown(when),
    }
}

fn machine(words: &Words, inventory: &Inventory) -> Markup {
    let headline = Headline::of(inventory);
    let host = &inventory.host;
    let boot = host.boot_mode.map(|mode| match mode {
        BootMode::Efi => "UEFI",
        BootMode::Bios => "BIOS",
    });
    let firmware = [
        &inventory.bios.vendor,
        &inventory.bios.version,
        &inventory.bios.date,
    ];
    let firmware: Vec<&str> = firmware.into_iter().flatten().map(String::as_str).collect();
    let firmware = (!firmware.is_empty()).then(|| firmware.join(" "));
    let kind = host.virtualization.kind.map(|kind| match kind {
        VirtualizationKind::None => words.bare_metal,
        VirtualizationKind::Vm => words.virtual_machine,
        VirtualizationKind::Container => words.container,
    });
    html! {
        section.card aria-labelledby="machine" {
            h2 #machine { (words.the_machine) }
            p.lead { (shown(&headline.machine)) }
            ul.parts { @for part in &headline.parts { li { (shown(part)) } } }
            dl.facts.wide {
                (fact(words.host_name, host.hostname.as_deref()))
                (fact(words.serial, inventory.system.serial.as_deref()))
                (fact(words.kind, kind))
                (fact(words.operating_system, host.os.pretty_name.as_deref()))
                (fact(words.kernel, host.kernel.release.as_deref()))
                (fact(words.firmware, firmware.as_deref()))
                (fact(words.boot, boot))
                (fact(words.tpm, host.tpm.version.as_deref()))
                (fact(words.bmc, inventory.bmc.ipv4.as_deref().or(inventory.bmc.ipv6.as_deref())))
                (fact(words.up_for, host.uptime_s.map(units::seconds).as_deref()))
            }
            p { a.button href="/installer/hardware" { (words.see_hardware) } }
        }
    }
}

fn concerns(words: &Words, verdict: &Verdict) -> Markup {
    let all = cared_about(verdict);
    let count = |status| all.iter().filter(|(rule, _)| rule.status == status).count();
    let (failing, undetermined) = (count(RuleStatus::Fail), count(RuleStatus::Undetermined));
    html! {
        section.card aria-labelledby="concerns" {
            h2 #concerns { (words.what_is_wrong) }
            @if all.is_empty() {
                p { (marked(Mark::Good, words.nothing_is_wrong)) }
            } @else {
                p { ((words.concerns_counted)(failing, undetermined)) }
                ul.concerns {
                    @for (rule, roles) in &all { (concern(words, rule, roles)) }
                }
            }
        }
    }
}

/// The rules that do not pass, each once with the roles that have it, what weighs most first.
fn cared_about(verdict: &Verdict) -> Vec<(&RuleVerdict, Vec<&RoleVerdict>)> {
    let mut all: Vec<(&RuleVerdict, Vec<&RoleVerdict>)> = Vec::new();
    for role in &verdict.roles {
        let of_role = role.rules.iter();
        let open = of_role
            .filter(|rule| matches!(rule.status, RuleStatus::Fail | RuleStatus::Undetermined));
        for rule in open {
            match all.iter_mut().find(|(known, _)| known.id == rule.id) {
                Some((_, roles)) => roles.push(role),
                None => all.push((rule, vec![role])),
            }
        }
    }
    all.sort_by_key(|(rule, _)| rank(rule));
    all
}

fn unknowns(words: &Words, inventory: &Inventory) -> Markup {
    let count = inventory.warnings.len();
    html! {
        @if count > 0 {
            section.card aria-labelledby="unknowns" {
                h2 #unknowns { (words.what_is_unknown) }
                p {
                    (marked(Mark::Unknown, &(words.unknowns_counted)(count)))
                    " " a href="/installer/hardware#unknown" { (words.see_why) }
                }
            }
        }
    }
}
