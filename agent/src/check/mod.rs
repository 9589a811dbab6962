//! `muster check`.

mod baseline;
mod machine;

use anyhow::Context as _;
use muster_adequacy::policy::{Rule, nearest};
use muster_adequacy::verdict::Standing;
use muster_adequacy::{Policy, Verdict, judge};
use muster_model::Inventory;

use crate::cli::{self, CheckArguments, VerdictFormat};
use crate::exit::Exit;
use crate::machine_file::MachineFile;
use crate::policy::{self, Loaded};
use crate::render::verdict::{self as render, Judged, Layout, Weighing};
use crate::render::{self as documents, policy as policies};
use crate::terminal;
use baseline::Baseline;
use machine::Place;

/// Judges and shows the verdict.
pub(crate) fn run(arguments: &CheckArguments) -> anyhow::Result<Exit> {
    let files = [&arguments.inventory, &arguments.baseline];
    if files.map(Option::as_ref) == [Some(&MachineFile::StandardInput); 2] {
        return Ok(cli::refuse(
            "only one of the machine and its baseline can come from standard input",
        ));
    }
    let loaded = match policy::load(&arguments.policy) {
        Ok(loaded) => loaded,
        Err(unusable) => return Ok(unusable.tell()),
    };
    if let Some(refusal) = refusal(arguments, &loaded.policy) {
        return Ok(cli::refuse(&documents::screen(&refusal)));
    }
    if arguments.list_rules {
        let text = policies::rules(&loaded.policy, terminal::width());
        terminal::write_styled(&text, arguments.color.into())?;
        return Ok(Exit::Complete);
    }
    let baseline = arguments.baseline.as_ref();
    let baseline = baseline
        .map(|file| Baseline::read(file, &loaded.policy))
        .transpose()?;
    let mut sections = loaded.policy.sections();
    sections.extend(baseline.iter().flat_map(Baseline::sections));
    let inventory = Place::of(arguments).inventory(&sections, arguments.timeout)?;
    let mut judged = judge(&loaded.policy, &inventory);
    if let Some(baseline) = &baseline {
        judged.baseline = Some(baseline.compared_with(&inventory)?);
    }
    let verdict = weighed(arguments, judged)?;
    show(arguments, &loaded, &verdict, &inventory)?;
    Ok(match verdict.standing {
        Standing::Adequate => Exit::Complete,
        Standing::Inadequate => Exit::Inadequate,
        Standing::Undetermined => Exit::Undetermined,
    })
}

/// Why the policy cannot be asked that.
fn refusal(arguments: &CheckArguments, policy: &Policy) -> Option<String> {
    let name = &policy.name().name;
    let roles = policy.roles();
    if let Some(role) = arguments.role.map(|role| role.0)
        && !roles.contains(&role)
    {
        let judged: Vec<&str> = roles.iter().map(|role| role.key()).collect();
        let judged = judged.join(" and ");
        return Some(format!(
            "the policy {name} does not judge the role {role}; give --role {judged}, or another policy"
        ));
    }
    let id = arguments.explain.as_deref()?;
    let ids = || policy.rules().iter().map(Rule::id);
    let Some(rule) = policy.rules().iter().find(|rule| rule.id() == id) else {
        let advice = match nearest(id, ids()) {
            Some(meant) => format!("did you mean {meant}?"),
            None => "`muster check --list-rules` lists those that are".to_owned(),
        };
        return Some(format!("the policy {name} has no rule {id}; {advice}"));
    };
    let role = arguments.role.map(|role| role.0)?;
    let is_for_role = rule.roles().contains(&role);
    (!is_for_role).then(|| format!("the rule {id} of the policy {name} is not for the role {role}"))
}

/// For the role and as strictly as it is asked for.
fn weighed(arguments: &CheckArguments, mut verdict: Verdict) -> anyhow::Result<Verdict> {
    if arguments.strict {
        verdict = verdict.strictly();
    }
    match arguments.role {
        Some(role) => verdict
            .only(role.0)
            .with_context(|| format!("the policy does not judge the role {}", role.0)),
        None => Ok(verdict),
    }
}

fn show(
    arguments: &CheckArguments,
    loaded: &Loaded,
    verdict: &Verdict,
    inventory: &Inventory,
) -> anyhow::Result<()> {
    let judged = Judged {
        verdict,
        policy: &loaded.policy,
        inventory,
        weighing: if arguments.strict {
            Weighing::Strict
        } else {
            Weighing::Required
        },
    };
    let colour = arguments.color.into();
    if let Some(rule) = &arguments.explain {
        let text = render::explain(&judged, rule, terminal::width())
            .with_context(|| format!("no role that was judged has the rule {rule}"))?;
        terminal::write_styled(&text, colour)?;
        return Ok(());
    }
    match arguments.output {
        VerdictFormat::Report => {
            terminal::write_styled(&report(arguments, loaded, &judged), colour)
        }
        VerdictFormat::Table => terminal::write_styled(&render::table(&judged), colour),
        VerdictFormat::Json => terminal::write_plain(&documents::json(verdict)?),
        VerdictFormat::Yaml => terminal::write_plain(&documents::yaml(verdict)?),
        VerdictFormat::Junit => terminal::write_plain(&render::junit(&judged)?),
        VerdictFormat::Sarif => terminal::write_plain(&render::sarif(&judged)?),
    }?;
    Ok(())
}

fn report(arguments: &CheckArguments, loaded: &Loaded, judged: &Judged<'_>) -> String {
    let place = Place::of(arguments);
    let width = terminal::width();
    if arguments.quiet {
        return render::sentence_alone(judged, width);
    }
    let baseline = arguments.baseline.as_ref().map(ToString::to_string);
    let layout = Layout {
        width,
        policy_origin: &loaded.written.origin.to_string(),
        machine_origin: &place.to_string(),
        baseline_origin: baseline.as_deref(),
        in_full: arguments.all,
        when_denied: place.when_denied(),
    };
    render::report(judged, layout)
}
