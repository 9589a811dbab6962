//! One machine as expressions see it.

use std::cell::OnceCell;

use muster_model::Section;

use super::arena::{Arena, Node, Span, Unwritable};
use super::shape::{self, Kind};
use super::value::{List, Place, Value};
use crate::machine::{Machine, Unknown};

/// The sections of one machine, each laid out when an expression first reads it.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    machine: &'a Machine<'a>,
    arenas: [OnceCell<Result<Arena, Unwritable>>; Section::ALL.len()],
}

/// A fact that an evaluation wanted and did not get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// The section as a whole.
    Section(Section),
    /// The node at that place in it.
    Node(Section, u32),
}

/// Why a value cannot be had.
pub(super) enum Lack {
    Unknown(Missing),
    Failed(String),
}

impl<'a> Facts<'a> {
    pub(crate) fn new(machine: &'a Machine<'a>) -> Self {
        Self {
            machine,
            arenas: [const { OnceCell::new() }; Section::ALL.len()],
        }
    }

    /// The value of a section.
    pub(super) fn section(&self, section: Section) -> Result<Value<'_>, Lack> {
        let unknown = Lack::Unknown(Missing::Section(section));
        if !self.machine.inventory().was_discovered(section) {
            return Err(unknown);
        }
        let arena = self.arena(section)?;
        match arena.root {
            Node::Null => Err(unknown),
            Node::List(span) if self.list_unknown(section, span).is_some() => Err(unknown),
            root => known(arena, root).ok_or(unknown),
        }
    }

    /// The value at a place of a section, which may be unknown.
    pub(super) fn value<'f>(&'f self, arena: &'f Arena, place: u32) -> Result<Value<'f>, Lack> {
        let node = arena.node(place);
        match node {
            Node::List(span) if self.is_doubtful(arena, place, span) => {
                Err(Lack::Unknown(Missing::Node(arena.section, place)))
            }
            _ => known(arena, node).ok_or(Lack::Unknown(Missing::Node(arena.section, place))),
        }
    }

    /// What is missing, in words.
    pub(super) fn explain(&self, missing: Missing) -> Unknown {
        match missing {
            Missing::Section(section) => self
                .list_unknown(section, Span::default())
                .unwrap_or_else(|| self.machine.unknown(section, None, section.key())),
            Missing::Node(section, place) => {
                let way = self.way(section, place);
                let device = way.device.as_deref();
                Unknown {
                    fact: format!("{}{}", section.key(), way.fact),
                    ..self.machine.unknown(section, device, way.field)
                }
            }
        }
    }

    fn arena(&self, section: Section) -> Result<&Arena, Lack> {
        let cell = self.arenas.get(section as usize);
        let arena = cell.map(|cell| cell.get_or_init(|| self.lay_out(section)));
        match arena {
            Some(Ok(arena)) => Ok(arena),
            Some(Err(error)) => Err(Lack::Failed(format!("{}: {error}", section.key()))),
            None => Err(Lack::Failed(format!("{}: no such section", section.key()))),
        }
    }

    fn lay_out(&self, section: Section) -> Result<Arena, Unwritable> {
        let inventory = self.machine.inventory();
        match section {
            Section::Host => Arena::of(section, &inventory.host),
            Section::System => Arena::of(section, &inventory.system),
            Section::Board => Arena::of(section, &inventory.board),
            Section::Chassis => Arena::of(section, &inventory.chassis),
            Section::Bios => Arena::of(section, &inventory.bios),
            Section::Cpu => Arena::of(section, &inventory.cpu),
            Section::Numa => Arena::of(section, &inventory.numa),
            Section::Memory => Arena::of(section, &inventory.memory),
            Section::Network => Arena::of(section, &inventory.network),
            Section::Disks => Arena::of(section, &inventory.disks),
            Section::Arrays => Arena::of(section, &inventory.arrays),
            Section::VolumeGroups => Arena::of(section, &inventory.volume_groups),
            Section::Filesystems => Arena::of(section, &inventory.filesystems),
            Section::Pci => Arena::of(section, &inventory.pci),
            Section::Gpus => Arena::of(section, &inventory.gpus),
            Section::Usb => Arena::of(section, &inventory.usb),
            Section::Bmc => Arena::of(section, &inventory.bmc),
            Section::Sensors => Arena::of(section, &inventory.sensors),
            Section::Iommu => Arena::of(section, &inventory.iommu),
            Section::Watchdogs => Arena::of(section, &inventory.watchdogs),
            Section::Usage => Arena::of(section, &inventory.usage),
            Section::Modules => Arena::of(section, &inventory.modules),
            Section::Listeners => Arena::of(section, &inventory.listeners),
            Section::Services => Arena::of(section, &inventory.services),
        }
    }

    /// Why a section's list of devices is not known to have them all.
    fn list_unknown(&self, section: Section, devices: Span) -> Option<Unknown> {
        let some: &[()] = if devices.len() == 0 { &[] } else { &[()] };
        self.machine.list(section, some).err()
    }

    /// Whether a list may lack something for want of knowledge: a warning says so; or it is empty and a
    /// warning speaks of it, or, where it is a field of the section itself, of the section as a whole.
    fn is_doubtful(&self, arena: &Arena, place: u32, list: Span) -> bool {
        let of_section = match arena.root {
            Node::Record(span) => (span.start..span.end).contains(&place),
            _ => false,
        };
        let is_empty = list.len() == 0;
        if !is_empty && !self.machine.has_lacking() {
            return false;
        }
        let field = self.way(arena.section, place).field;
        if self.machine.lacking(arena.section, field).is_some() {
            return true;
        }
        let told = if of_section {
            self.machine.told(arena.section, None, field)
        } else {
            self.machine.told_of_each(arena.section, field)
        };
        is_empty && told.is_some()
    }

    /// The way from the root of a section down to a place.
    fn way(&self, section: Section, place: u32) -> Way {
        let mut way = Way::default();
        let (Ok(arena), Some((_, mut kind))) = (self.arena(section), shape::section(section.key()))
        else {
            return way;
        };
        let mut node = arena.root;
        while let Some((span, step)) = step_towards(arena, node, place) {
            let index = step - span.start;
            kind = match kind {
                Kind::Record(record) => {
                    let Some(field) = record.fields.get(index as usize) else {
                        break;
                    };
                    way.enter_field(field.name);
                    match record.field(field.name) {
                        Some((_, kind)) => kind,
                        None => break,
                    }
                }
                Kind::List(element) => {
                    way.enter_element(key_of(arena, arena.node(step)), index);
                    *element
                }
                Kind::Map(value) => *value,
                _ => break,
            };
            if step == place {
                break;
            }
            node = arena.node(step);
        }
        way
    }
}

/// A way into a section, in the words of messages.
#[derive(Default)]
struct Way {
    /// `[sda].health.status`
    fact: String,
    /// The element of the section that it leads through.
    device: Option<String>,
    /// The first field on it.
    field: &'static str,
}

impl Way {
    fn enter_field(&mut self, name: &'static str) {
        self.fact.push('.');
        self.fact.push_str(name);
        if self.field.is_empty() {
            self.field = name;
        }
    }

    fn enter_element(&mut self, key: Option<String>, index: u32) {
        let key = key.unwrap_or_else(|| index.to_string());
        self.fact = format!("{}[{key}]", self.fact);
        if self.field.is_empty() {
            self.device = Some(key);
        }
    }
}

/// The place among the children of `node` that is `place` or leads to it. Children stand after all
/// that stands below them, so the first that ends behind `place` has it.
fn step_towards(arena: &Arena, node: Node, place: u32) -> Option<(Span, u32)> {
    let (Node::List(span) | Node::Record(span) | Node::Map(span)) = node else {
        return None;
    };
    if span.start <= place && place < span.end {
        return Some((span, place));
    }
    let ends_before = |child: &Node| match child {
        Node::List(below) | Node::Record(below) | Node::Map(below) => below.end <= place,
        _ => true,
    };
    let children = arena.nodes(span);
    let index = match node {
        // Of a list all children are alike, and there may be thousands.
        Node::List(_) => children.partition_point(ends_before),
        _ => children
            .iter()
            .take_while(|child| ends_before(child))
            .count(),
    };
    let step = span.at(u32::try_from(index).ok()?)?;
    Some((span, step))
}

/// The natural key of a device is the first field of each struct of the model.
fn key_of(arena: &Arena, device: Node) -> Option<String> {
    let Node::Record(span) = device else {
        return None;
    };
    match arena.node(span.start) {
        Node::Text(text) => Some(arena.text(text).to_owned()),
        Node::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The value of a node, unless it is null.
pub(super) fn known(arena: &Arena, node: Node) -> Option<Value<'_>> {
    let place = |span| Place { arena, span };
    Some(match node {
        Node::Null => return None,
        Node::Bool(value) => Value::Bool(value),
        Node::Int(value) => Value::Int(value),
        Node::Uint(value) => Value::Uint(value),
        Node::Double(value) => Value::Double(value),
        Node::Text(span) => Value::Text(arena.text(span).into()),
        Node::List(span) => Value::List(List::Facts(place(span))),
        Node::Record(span) => Value::Record(place(span)),
        Node::Map(span) => Value::Map(place(span)),
    })
}
