//! Packages of the distribution.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Keep, Step, StepError};
use crate::canonical;
use crate::host::packages::PackageNames;
use crate::host::{Host, files};
use crate::value::{Attributes, Content, HostPath, KeptFile, PackageName};

/// Packages of the distribution, and what they need, from its repositories as they are set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Packages {
    /// Of each the name, without version and architecture.
    pub names: BTreeSet<PackageName>,
}

/// The packages that the step is about: those it names, and those that come with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PackagesState {
    /// Where it is written down which of them were not there before, so that they are known after a crash, and removed again; none where
    /// none was installed. No package has such a name.
    #[serde(rename = "/record")]
    pub record: Option<KeptFile>,
    /// Whether each is installed.
    #[serde(flatten)]
    pub installed: BTreeMap<PackageName, bool>,
}

impl Packages {
    /// The file of this step.
    fn record(&self) -> Result<HostPath, StepError> {
        let names: Vec<&str> = self.names.iter().map(PackageName::as_str).collect();
        let digest = canonical::hexadecimal(&Sha256::digest(names.join("\n")));
        let short = digest.get(..16).unwrap_or_default();
        HostPath::try_from(format!("/var/lib/muster-install/packages-{short}"))
            .map_err(|why| StepError::refused(why.to_string()))
    }

    /// Those that a record tells of.
    fn recorded(record: Option<&KeptFile>) -> Result<PackageNames, StepError> {
        let lines = record.and_then(|record| record.content.text());
        let lines = lines.unwrap_or_default().lines().map(str::to_owned);
        let names = lines.map(PackageName::try_from);
        names
            .collect::<Result<_, _>>()
            .map_err(|why| StepError::refused(why.to_string()))
    }

    fn install(&self, host: &mut dyn Host, missing: &PackageNames) -> Result<(), StepError> {
        let named: PackageNames = missing.intersection(&self.names).cloned().collect();
        // What came with others and is gone alone, or what a crash left without those.
        let names = match named.is_empty() {
            true => missing,
            false => &named,
        };
        let come = host.packages_to_come(names)?;
        if let Some(other) = come.iter().find(|name| !missing.contains(*name)) {
            return Err(StepError::refused(format!(
                "{other} would be installed as well, which was not planned: the lists of packages are others now; put back and plan anew"
            )));
        }
        Ok(host.install_packages(names)?)
    }
}

impl Step for Packages {
    type State = PackagesState;

    fn title(&self) -> String {
        let names: Vec<&str> = self.names.iter().map(PackageName::as_str).collect();
        match names.as_slice() {
            [name] => format!("Install the package {name}"),
            names => format!("Install the packages {}", names.join(", ")),
        }
    }

    fn inspect(&self, host: &dyn Host) -> Result<PackagesState, StepError> {
        if self.names.is_empty() {
            return Err(StepError::refused("a step of packages names at least one"));
        }
        let record = files::file(host, &self.record()?)?;
        let recorded = Self::recorded(record.as_ref())?;
        let there = host.installed_packages()?;
        let missing: PackageNames = self.names.difference(&there).cloned().collect();
        // In the middle of it, and when the lists are gone, the manager may not know what to say; while planning that is an error.
        let come = match missing.is_empty() {
            true => PackageNames::new(),
            false => host.packages_to_come(&missing).unwrap_or_default(),
        };
        let all = self.names.union(&recorded).chain(&come);
        let installed = all.map(|name| (name.clone(), there.contains(name)));
        Ok(PackagesState {
            installed: installed.collect(),
            record,
        })
    }

    fn wanted(&self, before: &PackagesState) -> Result<PackagesState, StepError> {
        const PRIVATE: u32 = 0o600;
        let mut recorded = Self::recorded(before.record.as_ref())?;
        let missing = before.installed.iter().filter(|(_, is_there)| !**is_there);
        recorded.extend(missing.map(|(name, _)| name.clone()));
        let lines: String = recorded.iter().map(|name| format!("{name}\n")).collect();
        let record = KeptFile {
            content: Content::from(lines.as_str()),
            attributes: Attributes::of_root(PRIVATE),
        };
        let names = before.installed.keys();
        Ok(PackagesState {
            record: (!recorded.is_empty()).then_some(record),
            installed: names.map(|name| (name.clone(), true)).collect(),
        })
    }

    fn check(&self, host: &dyn Host) -> Result<(), StepError> {
        let there = host.installed_packages()?;
        let missing = self.names.difference(&there).cloned().collect();
        Ok(host.packages_to_come(&missing).map(drop)?)
    }

    fn set(&self, host: &mut dyn Host, state: &PackagesState) -> Result<(), StepError> {
        let path = self.record()?;
        let of = |wanted| {
            let all = state.installed.iter();
            let all = all.filter(move |(_, is_there)| **is_there == wanted);
            all.map(|(name, _)| name.clone()).collect::<PackageNames>()
        };
        let gone = of(false);
        // Written down before any comes, and until all are gone.
        if state.record.is_some() {
            files::set_file(host, &path, state.record.as_ref())?;
        }
        for _ in 0..2 {
            let there = host.installed_packages()?;
            let missing: PackageNames = of(true).difference(&there).cloned().collect();
            if !missing.is_empty() {
                self.install(host, &missing)?;
            }
        }
        if !gone.is_empty() {
            host.remove_packages(&gone)?;
        }
        if state.record.is_none() {
            host.sync_everything()?;
            files::set_file(host, &path, None)?;
        }
        Ok(host.sync_everything()?)
    }

    /// A package that stays, although all else is undone, is none of the step's any more.
    fn is_at(&self, found: &PackagesState, set: &PackagesState) -> bool {
        let is_so = |(name, is_there)| {
            found
                .installed
                .get(name)
                .is_none_or(|found| found == is_there)
        };
        found.record == set.record && set.installed.iter().all(is_so)
    }

    fn keep(&self, host: &dyn Host, before: &PackagesState) -> Result<Vec<Keep>, StepError> {
        let came = before
            .installed
            .iter()
            .filter(|(_, was_there)| !**was_there);
        let came: PackageNames = came.map(|(name, _)| name.clone()).collect();
        let others: PackageNames = came.difference(&self.names).cloned().collect();
        let asked_for = host.packages_asked_for(&others)?;
        let going = came.difference(&asked_for).cloned().collect();
        let needed = host.needed_packages(&going)?.into_iter();
        let asked_for = asked_for
            .into_iter()
            .map(|name| (name, "somebody asked for it".to_owned()));
        let kept = needed.chain(asked_for);
        Ok(kept
            .map(|(name, why)| Keep {
                why: format!("the package {name} stays: {why}"),
                field: String::from(name).into(),
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{action, host, prove, refused};
    use super::super::{Edited, undo};
    use crate::host::model::Model;

    fn installed(host: &Model) -> String {
        host.text("/etc/packages").unwrap()
    }

    fn ready() -> Model {
        let mut host = host();
        host.make_folder("/var/lib/muster-install");
        host
    }

    #[test]
    fn packages_come_with_what_they_need_and_go_with_it() {
        let app = json!({"packages": {"names": ["app"]}});
        let after = prove(&ready(), &app);
        assert_eq!(installed(&after), "app\nbase\nlib\n");
        // What was there stays.
        let both = prove(&ready(), &json!({"packages": {"names": ["app", "base"]}}));
        assert_eq!(installed(&both), "app\nbase\nlib\n");
    }

    #[test]
    fn what_something_else_needs_by_now_stays() {
        let mut host = ready();
        let app = action(&json!({"packages": {"names": ["app"]}}));
        let before = app.inspect(&host).unwrap();
        let wanted = app.wanted(&before).unwrap();
        app.set(&mut host, &wanted).unwrap();
        host.put("/etc/packages", "app\nbase\nlib\nother\n");
        let keep = app.keep(&host, &before).unwrap();
        let now = app.inspect(&host).unwrap();
        let undo = undo([&before, &wanted, &now], Edited::Kept, &keep).unwrap();
        assert_eq!(undo.kept, ["the package lib stays: other needs it"]);
        app.set(&mut host, &undo.target).unwrap();
        assert_eq!(installed(&host), "base\nlib\nother\n");
        assert!(app.is_at(&app.inspect(&host).unwrap(), &undo.target));
    }

    #[test]
    fn what_is_not_known_is_refused_while_planning() {
        let told = refused(&host(), &json!({"packages": {"names": ["none"]}}));
        assert!(told.starts_with("cannot find none"), "{told}");
        let told = refused(&host(), &json!({"packages": {"names": []}}));
        assert!(told.contains("at least one"), "{told}");
    }
}
