//! Readings of the hardware monitoring chips.

use std::collections::BTreeMap;

use muster_model::Found;
use muster_model::peripheral::Sensor;

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::hwmon::{self, Channel};
use crate::parse::natural;
use crate::source::{ATTRIBUTE_CAP, Answer, Request, Source};

const CLASS: &str = "sys/class/hwmon";

/// Fills `sensors`. A chip on a slow or dead bus may hang, so each is read beside the others.
pub(crate) fn probe(context: &Context<'_>) -> Found<Vec<Sensor>> {
    let source = context.source;
    let mut notes = Notes::new("sensors");
    let entries = notes.keep_list(source, CLASS, source.list(CLASS));
    let mut chips: Vec<Chip> = entries
        .unwrap_or_default()
        .iter()
        .filter_map(|entry| chip(source, entry, &mut notes))
        .collect();
    tell_apart(&mut chips);
    chips.sort_by(|a, b| natural::compare(&a.name, &b.name));
    let groups = chips.iter().map(Chip::requests).collect();
    let answers = source.within(context.options.device_deadline, groups);
    let mut sensors: Vec<Sensor> = chips
        .iter()
        .zip(answers)
        .flat_map(|(chip, answers)| read(chip, answers, &mut notes))
        .collect();
    sensors.sort_by(|a, b| {
        natural::compare(&a.chip, &b.chip).then_with(|| natural::compare(&a.label, &b.label))
    });
    notes.with(sensors)
}

/// A chip and what can be read of it.
struct Chip {
    name: String,
    /// What tells it from another one of its name: its device, or its own entry.
    device: String,
    path: String,
    channels: Vec<Channel>,
    attributes: Vec<String>,
}

fn chip(source: &Source, entry: &str, notes: &mut Notes) -> Option<Chip> {
    let directory = source.device(&format!("{CLASS}/{entry}"));
    // Neither the list nor the name asks the device.
    let attributes = notes.require(entry, "attributes", directory.list(""))?;
    let channels = hwmon::channels(&attributes);
    if channels.is_empty() {
        return None;
    }
    let name = notes.require(entry, "name", directory.text("name"));
    let device = directory.link_name("device");
    Some(Chip {
        name: name.unwrap_or_else(|| entry.to_owned()),
        device: device.unwrap_or_else(|_| entry.to_owned()),
        path: directory.path().to_owned(),
        channels,
        attributes,
    })
}

/// Adds the device to the names of chips that are called the same.
fn tell_apart(chips: &mut [Chip]) {
    let mut count = BTreeMap::<String, usize>::new();
    for chip in chips.iter() {
        *count.entry(chip.name.clone()).or_default() += 1;
    }
    for chip in chips {
        if count.get(&chip.name).is_some_and(|count| *count > 1) {
            chip.name = format!("{}-{}", chip.name, chip.device);
        }
    }
}

/// What is asked of a channel beside its reading, where the chip has it.
const LABEL: &str = "label";
const ALARM: &str = "alarm";
const FAULT: &str = "fault";

impl Chip {
    fn requests(&self) -> Vec<Request> {
        let attributes = self.channels.iter().flat_map(|channel| self.names(channel));
        attributes
            .map(|name| Request::Read(format!("{}/{name}", self.path), ATTRIBUTE_CAP))
            .collect()
    }

    /// The attributes of a channel in the order in which they are asked.
    fn names(&self, channel: &Channel) -> Vec<String> {
        let beside = [LABEL, ALARM, FAULT].map(|what| format!("{}_{what}", channel.name));
        let beside = beside
            .into_iter()
            .filter(|name| self.attributes.contains(name));
        std::iter::once(channel.reading.clone())
            .chain(beside)
            .collect()
    }
}

/// The sensors of a chip; faults of one kind are said once for all its channels.
fn read(chip: &Chip, answers: Vec<Answer>, notes: &mut Notes) -> Vec<Sensor> {
    let mut answers = answers.into_iter();
    let mut failed: BTreeMap<String, (Fault, Vec<String>)> = BTreeMap::new();
    let mut sensors = Vec::with_capacity(chip.channels.len());
    for channel in &chip.channels {
        let names = chip.names(channel);
        let asked: BTreeMap<String, Answer> = names.into_iter().zip(answers.by_ref()).collect();
        let value = value(channel, &asked).unwrap_or_else(|fault| {
            let (_, channels) = failed
                .entry(fault.to_string())
                .or_insert((fault, Vec::new()));
            channels.push(channel.name.clone());
            None
        });
        sensors.push(sensor(chip, channel, value, &asked));
    }
    for (fault, channels) in failed.into_values() {
        notes.require(&chip.name, &channels.join(", "), Err::<(), _>(fault));
    }
    sensors
}

fn sensor(
    chip: &Chip,
    channel: &Channel,
    value: Option<f64>,
    asked: &BTreeMap<String, Answer>,
) -> Sensor {
    Sensor {
        chip: chip.name.clone(),
        label: text(channel, LABEL, asked).unwrap_or_else(|| channel.name.clone()),
        kind: Some(channel.kind),
        value,
        unit: Some(hwmon::unit(channel.kind).to_owned()),
        alarm: text(channel, ALARM, asked).and_then(|text| match text.as_str() {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        }),
    }
}

/// The reading; `None` where the chip says that the sensor is broken, or where there is none.
fn value(channel: &Channel, asked: &BTreeMap<String, Answer>) -> Result<Option<f64>, Fault> {
    if text(channel, FAULT, asked).as_deref() == Some("1") {
        return Ok(None);
    }
    let bytes = match asked.get(&channel.reading) {
        Some(Ok(bytes)) => bytes,
        Some(Err(fault)) if !is_optional(fault) => return Err(fault.clone()),
        _ => return Ok(None),
    };
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    hwmon::reading(channel.kind, text)
        .map(Some)
        .ok_or_else(|| Fault::Malformed(format!("not a number: {text:.40}")))
}

/// An attribute beside the reading.
fn text(channel: &Channel, what: &str, asked: &BTreeMap<String, Answer>) -> Option<String> {
    let answer = asked.get(&format!("{}_{what}", channel.name))?;
    let text = String::from_utf8_lossy(answer.as_ref().ok()?);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Drivers answer so for a channel that the board does not wire (`ENODATA`, `EOPNOTSUPP`, …).
fn is_optional(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Absent | Fault::Unsupported(_) | Fault::NotAsked
    )
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::*;
    use crate::Options;
    use muster_model::WarningKind;
    use muster_model::peripheral::SensorKind;

    fn chip(root: &Path, number: u32, device: &str, files: &[(&str, &str)]) {
        let path = root.join(format!("sys/devices/{device}/hwmon/hwmon{number}"));
        fs::create_dir_all(&path).unwrap();
        symlink("../..", path.join("nothing")).unwrap();
        symlink(format!("../../../{device}"), path.join("device")).unwrap();
        for (name, content) in files {
            fs::write(path.join(name), content).unwrap();
        }
        let class = root.join(CLASS);
        fs::create_dir_all(&class).unwrap();
        let target = format!("../../devices/{device}/hwmon/hwmon{number}");
        symlink(target, class.join(format!("hwmon{number}"))).unwrap();
    }

    fn found(root: &Path) -> Found<Vec<Sensor>> {
        let source = Source::at_root(root).unwrap();
        probe(&Context::new(&source, &Options::default()))
    }

    #[test]
    fn chips_of_one_name_are_told_apart() {
        let root = tempfile::tempdir().unwrap();
        for (number, device) in [(0, "nvme10"), (1, "nvme2")] {
            let files = [("name", "nvme\n"), ("temp1_input", "41850\n")];
            chip(root.path(), number, device, &files);
        }
        let files = [
            ("name", "k10temp\n"),
            ("temp1_input", "50000\n"),
            ("temp1_label", "Tctl\n"),
            ("temp1_alarm", "1\n"),
            ("temp10_input", "1000\n"),
            ("temp2_input", "2000\n"),
            ("temp2_fault", "1\n"),
        ];
        chip(root.path(), 2, "k10", &files);
        chip(root.path(), 3, "power", &[("name", "AC\n")]);
        let found = found(root.path());
        assert!(found.warnings.is_empty(), "{:?}", found.warnings);
        let rows = found.value.iter();
        let rows: Vec<_> = rows
            .map(|s| (s.chip.as_str(), s.label.as_str(), s.value))
            .collect();
        assert_eq!(
            rows,
            [
                ("k10temp", "Tctl", Some(50.0)),
                ("k10temp", "temp2", None),
                ("k10temp", "temp10", Some(1.0)),
                ("nvme-nvme2", "temp1", Some(41.85)),
                ("nvme-nvme10", "temp1", Some(41.85)),
            ]
        );
        let first = &found.value[0];
        assert_eq!(first.kind, Some(SensorKind::Temperature));
        assert_eq!(
            (first.unit.as_deref(), first.alarm),
            (Some("°C"), Some(true))
        );
    }

    #[test]
    fn no_chips_are_no_news() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join(CLASS)).unwrap();
        assert_eq!(found(root.path()), Found::default());
    }

    #[test]
    fn a_broken_reading_costs_itself_and_is_said_once() {
        let root = tempfile::tempdir().unwrap();
        let files = [
            ("name", "chip\n"),
            ("fan1_input", "fast\n"),
            ("fan2_input", "fast\n"),
            ("in0_input", "12000\n"),
        ];
        chip(root.path(), 0, "chip", &files);
        let found = found(root.path());
        let values: Vec<_> = found.value.iter().map(|sensor| sensor.value).collect();
        assert_eq!(values, [None, None, Some(12.0)]);
        assert_eq!(found.warnings.len(), 1);
        assert_eq!(found.warnings[0].kind, WarningKind::Malformed);
        assert!(
            found.warnings[0]
                .message
                .starts_with("fan1, fan2: not a number")
        );
    }
}
