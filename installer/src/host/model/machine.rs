//! The kernel and the services of a host in memory, with as much sense as steps can see.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::Data;
use super::{Kernel, Model};
use crate::host::{Command, Enablement, Files, HostError, Machine, Ran};
use crate::value::{
    AccountName, Attributes, HostPath, ModuleName, ParameterName, TimeZoneName, UnitName,
};

const UNITS: &str = "/etc/systemd/system";
const WANTS: &str = "/etc/systemd/system/multi-user.target.wants";
/// What keeps the time by NTP.
const NTP: &str = "timesync.service";
/// What `/usr/bin/flag` makes.
const FLAG: &str = "/var/flag";

impl Model {
    /// What is in the kernel after a start: what the files say.
    pub(crate) fn boot(&mut self) {
        let mut kernel = Kernel {
            parameters: BTreeMap::from([("vm.swappiness".to_owned(), "60".to_owned())]),
            name: self
                .text("/etc/hostname")
                .map_or("localhost".to_owned(), |name| name.trim().to_owned()),
            ..Kernel::default()
        };
        for text in self.texts("/etc/sysctl.d") {
            for (name, value) in text.lines().filter_map(|line| line.split_once(" = ")) {
                kernel.parameters.insert(name.to_owned(), value.to_owned());
            }
        }
        for text in self.texts("/etc/modules-load.d") {
            kernel.modules.extend(text.lines().map(str::to_owned));
        }
        let table = self.text("/etc/fstab").unwrap_or_default();
        for line in table
            .lines()
            .filter(|line| line.contains(" swap ") && !line.starts_with('#'))
        {
            let path = line.split(' ').next().unwrap().to_owned();
            kernel.swaps.insert(HostPath::try_from(path).unwrap());
        }
        kernel.openings = self.openings().into_iter().collect();
        kernel.units = self.units();
        kernel.network = self.booted_network();
        let wants = self.list(&HostPath::known(WANTS)).unwrap();
        kernel.active = BTreeSet::from_iter(wants);
        self.kernel = kernel;
        let masked = self
            .kernel
            .active
            .clone()
            .into_iter()
            .filter(|unit| self.is_masked(unit));
        let cannot = self.kernel.active.clone().into_iter();
        let cannot = cannot.filter(|unit| unit.ends_with(".mount") && self.mount(unit).is_none());
        for unit in masked.chain(cannot).collect::<Vec<_>>() {
            self.kernel.active.remove(&unit);
        }
    }

    fn texts(&self, folder: &str) -> Vec<String> {
        let names = self
            .list(&HostPath::try_from(folder.to_owned()).unwrap())
            .unwrap();
        let names = names.into_iter().filter(|name| name.ends_with(".conf"));
        let texts = names.map(|name| self.text(&format!("{folder}/{name}")).unwrap());
        texts.collect()
    }

    fn is_masked(&self, unit: &str) -> bool {
        let path = HostPath::known(UNITS).join(unit).unwrap();
        matches!(self.tree.find(&path), Some(Data::Link(_)))
    }

    /// The operator's units as their files have them.
    fn units(&self) -> BTreeMap<String, String> {
        let names = self.list(&HostPath::known(UNITS)).unwrap().into_iter();
        let is_unit = |name: &String| name.ends_with(".service") || name.ends_with(".mount");
        let units = names.filter(|name| is_unit(name) && !self.is_masked(name));
        let with_text = units.map(|name| (self.text(&format!("{UNITS}/{name}")).unwrap(), name));
        with_text.map(|(text, name)| (name, text)).collect()
    }

    /// The file of a unit: the operator's, else the distribution's.
    pub(super) fn unit_file(&self, unit: &UnitName) -> Option<String> {
        let own = match self.is_masked(unit.as_str()) {
            true => None,
            false => self.text(&format!("{UNITS}/{unit}")),
        };
        own.or_else(|| self.text(&format!("/usr/lib/systemd/system/{unit}")))
    }

    /// One change of the kernel.
    pub(super) fn tell(&mut self, what: impl FnOnce(&mut Kernel)) -> Result<(), HostError> {
        self.ready()?;
        what(&mut self.kernel);
        self.changed()
    }

    fn unlink(&mut self, path: &HostPath) -> Result<(), HostError> {
        self.change(path, |tree| tree.take(path))
    }

    fn rewrite(&mut self, path: &str, text: String) -> Result<(), HostError> {
        let path = HostPath::try_from(path.to_owned()).unwrap();
        self.change(&path, |tree| {
            tree.edit(&path, |content| *content = text.into_bytes())
        })
    }
}

impl Machine for Model {
    fn is_running(&self) -> bool {
        self.is_running
    }

    fn parameter(&self, name: &ParameterName) -> Result<Option<String>, HostError> {
        Ok(self.kernel.parameters.get(name.as_str()).cloned())
    }

    fn set_parameter(&mut self, name: &ParameterName, value: &str) -> Result<(), HostError> {
        let found = self.kernel.parameters.contains_key(name.as_str());
        assert!(found, "the kernel has no {name}");
        self.tell(|kernel| {
            kernel.parameters.insert(name.to_string(), value.to_owned());
        })
    }

    fn is_loaded(&self, module: &ModuleName) -> Result<bool, HostError> {
        Ok(self.kernel.modules.contains(module.as_str()))
    }

    fn is_used(&self, module: &ModuleName) -> Result<bool, HostError> {
        Ok(module.as_str() == "used")
    }

    fn load(&mut self, module: &ModuleName) -> Result<(), HostError> {
        self.tell(|kernel| {
            kernel.modules.insert(module.to_string());
        })
    }

    fn unload(&mut self, module: &ModuleName) -> Result<(), HostError> {
        self.tell(|kernel| {
            kernel.modules.remove(module.as_str());
        })
    }

    fn host_name(&self) -> Result<String, HostError> {
        Ok(self.kernel.name.clone())
    }

    fn set_host_name(&mut self, name: &str) -> Result<(), HostError> {
        self.tell(|kernel| name.clone_into(&mut kernel.name))
    }

    fn set_time_zone(&mut self, zone: &TimeZoneName) -> Result<(), HostError> {
        let path = HostPath::known("/etc/localtime");
        let link = Data::Link(format!("../usr/share/zoneinfo/{zone}"));
        self.change(&path, |tree| {
            let _ = tree.take(&path);
            tree.insert(&path, link)
        })
    }

    fn ntp(&self) -> Result<Option<bool>, HostError> {
        let known = self.text(&format!("/usr/lib/systemd/system/{NTP}"));
        Ok(known.map(|_| self.kernel.active.contains(NTP)))
    }

    /// At once: systemd-timedated is not killed with us.
    fn set_ntp(&mut self, to: bool) -> Result<(), HostError> {
        self.ready()?;
        let wants = HostPath::known(WANTS).join(NTP).unwrap();
        let _ = self.tree.take(&wants);
        self.kernel.active.remove(NTP);
        if to {
            self.tree
                .insert(&wants, Data::Link(NTP.to_owned()))
                .unwrap();
            self.kernel.active.insert(NTP.to_owned());
        }
        self.changed()
    }

    fn swaps(&self) -> Result<Vec<HostPath>, HostError> {
        Ok(self.kernel.swaps.iter().cloned().collect())
    }

    fn swap_on(&mut self, path: &HostPath) -> Result<(), HostError> {
        self.tell(|kernel| {
            kernel.swaps.insert(path.clone());
        })
    }

    fn swap_off(&mut self, path: &HostPath) -> Result<(), HostError> {
        self.tell(|kernel| {
            kernel.swaps.remove(path);
        })
    }

    fn enablement(&self, unit: &UnitName) -> Result<Enablement, HostError> {
        let wants = HostPath::known(WANTS).join(unit.as_str()).unwrap();
        if self.is_masked(unit.as_str()) {
            return Ok(Enablement::Masked);
        }
        Ok(match self.unit_file(unit) {
            None => Enablement::Absent,
            Some(_) if self.tree.find(&wants).is_some() => Enablement::Enabled,
            Some(file) if file.contains("[Install]") => Enablement::Disabled,
            Some(_) => Enablement::Static,
        })
    }

    fn set_enablement(&mut self, unit: &UnitName, to: Enablement) -> Result<(), HostError> {
        let own = HostPath::known(UNITS).join(unit.as_str()).unwrap();
        let wants = HostPath::known(WANTS).join(unit.as_str()).unwrap();
        if to == Enablement::Masked {
            return self.make_link(&own, "/dev/null");
        }
        if self.is_masked(unit.as_str()) {
            self.unlink(&own)?;
        }
        match (to, self.enablement(unit)?) {
            (Enablement::Enabled, Enablement::Disabled) => self.make_link(&wants, own.as_str()),
            (Enablement::Disabled, Enablement::Enabled) => self.unlink(&wants),
            _ => Ok(()),
        }
    }

    fn is_active(&self, unit: &UnitName) -> Result<bool, HostError> {
        Ok(self.kernel.active.contains(unit.as_str()))
    }

    fn start(&mut self, unit: &UnitName) -> Result<(), HostError> {
        assert_ne!(self.enablement(unit)?, Enablement::Masked, "{unit}");
        assert_ne!(self.enablement(unit)?, Enablement::Absent, "{unit}");
        assert_eq!(
            self.kernel.units,
            self.units(),
            "systemd has not read {unit}"
        );
        if unit.as_str().ends_with(".mount") {
            let (_, place) = self.mount(unit.as_str()).expect("something to mount");
            let place = HostPath::try_from(place).unwrap();
            assert!(self.look(&place).unwrap().is_some(), "{place} is not there");
        }
        self.tell(|kernel| {
            kernel.active.insert(unit.to_string());
        })
    }

    fn stop(&mut self, unit: &UnitName) -> Result<(), HostError> {
        self.tell(|kernel| {
            kernel.active.remove(unit.as_str());
        })
    }

    fn reload_units(&mut self) -> Result<(), HostError> {
        let units = self.units();
        self.tell(|kernel| kernel.units = units)
    }

    fn make_accounts(&mut self, from: &HostPath) -> Result<(), HostError> {
        let described = self.text(from.as_str()).unwrap();
        let mut passwd = self.text("/etc/passwd").unwrap();
        for name in described.lines().filter_map(|line| line.split(' ').nth(1)) {
            passwd.push_str(&format!("{name}:x:999:999::/:/usr/sbin/nologin\n"));
        }
        self.rewrite("/etc/passwd", passwd)
    }

    fn remove_account(&mut self, name: &AccountName) -> Result<(), HostError> {
        let passwd = self.text("/etc/passwd").unwrap();
        let others = passwd
            .split_inclusive('\n')
            .filter(|line| line.split(':').next() != Some(name.as_str()));
        let others = others.collect();
        self.rewrite("/etc/passwd", others)
    }

    fn vet(&self, program: &HostPath) -> Result<(), HostError> {
        match self.look(program)? {
            Some(_) => Ok(()),
            None => Err(HostError::because("run", program, "it is not there")),
        }
    }

    fn ask(&self, command: &Command) -> Result<Ran, HostError> {
        assert_eq!(command.arguments, ["check"]);
        let found = self.tree.find(&HostPath::known(FLAG)).is_some();
        Ok(Ran {
            code: Some(i32::from(!found)),
            said: String::new(),
        })
    }

    fn run(&mut self, command: &Command) -> Result<Ran, HostError> {
        let flag = HostPath::known(FLAG);
        match command.arguments[0].as_str() {
            "on" => self.make_file(&flag, b"on", &Attributes::of_root(0o644))?,
            "off" => self.unlink(&flag)?,
            other => panic!("flag knows no {other}"),
        }
        Ok(Ran {
            code: Some(0),
            said: String::new(),
        })
    }
}
