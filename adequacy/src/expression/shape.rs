//! The types of the inventory's sections, against which an expression is checked when it is loaded.
//!
//! They are read, once a run and in some 30 µs, from `inventory.txt`: the essence of
//! `docs/inventory.schema.json`, which a test holds it to.

use std::fmt;
use std::sync::LazyLock;

use muster_model::Section;

/// The type of a value.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Bool,
    Int,
    Uint,
    Double,
    /// With the words that it can be, where they are few.
    Text(Option<&'static [&'static str]>),
    List(Box<Kind>),
    /// From texts to such values.
    Map(Box<Kind>),
    Record(&'static Record),
    /// What is in a list without elements.
    Nothing,
}

/// A struct of the model.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) name: &'static str,
    /// In the order in which serde writes them.
    pub(super) fields: Vec<Field>,
}

/// A field of the document.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// As the table spells it: types refer to each other by name.
    spelling: &'static str,
}

impl Record {
    /// Position and type of a field.
    pub(super) fn field(&self, name: &str) -> Option<(usize, Kind)> {
        let index = self.fields.iter().position(|field| field.name == name)?;
        let field = self.fields.get(index)?;
        Some((index, resolve(field.spelling)?))
    }
}

impl Kind {
    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double)
    }

    /// The type of the elements that a comprehension visits: those of a list, the keys of a map.
    pub(super) fn element(&self) -> Option<Self> {
        match self {
            Self::List(element) => Some(element.as_ref().clone()),
            Self::Map(_) => Some(Self::Text(None)),
            _ => None,
        }
    }

    /// Whether values of both types can be equal, or stand in one list. Numbers compare with each
    /// other, as everywhere in CEL; records have no equality.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nothing, _) | (_, Self::Nothing) | (Self::Bool, Self::Bool) => true,
            (Self::Text(_), Self::Text(_)) => true,
            (Self::List(one), Self::List(another)) => one.agrees(another),
            _ => self.is_number() && other.is_number(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => formatter.write_str("bool"),
            Self::Int => formatter.write_str("int"),
            Self::Uint => formatter.write_str("uint"),
            Self::Double => formatter.write_str("double"),
            Self::Text(_) => formatter.write_str("string"),
            Self::List(element) => write!(formatter, "list({element})"),
            Self::Map(value) => write!(formatter, "map(string, {value})"),
            Self::Record(record) => formatter.write_str(record.name),
            Self::Nothing => formatter.write_str("nothing"),
        }
    }
}

/// The section of that name, and its type.
pub(super) fn section(name: &str) -> Option<(Section, Kind)> {
    let section = Section::ALL
        .into_iter()
        .find(|section| section.key() == name)?;
    let (_, kind) = TABLE.records.first()?.field(name)?;
    Some((section, kind))
}

/// The nearest of `known`, when it is near enough for `name` to be a slip of it.
pub(super) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let most = 1 + name.chars().count() / 4;
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate)
}

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("inventory.txt")));

#[derive(Debug, Default)]
struct Table {
    /// The first is the inventory itself.
    records: Vec<Record>,
    words: Vec<(&'static str, Vec<&'static str>)>,
}

impl Table {
    /// A line is `NAME = WORD…`, or `NAME` with a line `  FIELD TYPE` each for its fields below.
    /// `[TYPE]` is a list of such values, `{TYPE}` a map to them.
    fn read(text: &'static str) -> Self {
        let mut table = Self::default();
        for line in text.lines() {
            let field = line
                .strip_prefix("  ")
                .and_then(|field| field.split_once(' '));
            match (field, line.split_once(" = "), table.records.last_mut()) {
                (Some((name, spelling)), _, Some(record)) => {
                    record.fields.push(Field { name, spelling });
                }
                (_, Some((name, words)), _) => {
                    table.words.push((name, words.split(' ').collect()));
                }
                _ => table.records.push(Record {
                    name: line,
                    fields: Vec::new(),
                }),
            }
        }
        table
    }
}

fn resolve(spelling: &'static str) -> Option<Kind> {
    if let Some(inner) = inside(spelling, '[', ']') {
        return Some(Kind::List(Box::new(resolve(inner)?)));
    }
    if let Some(inner) = inside(spelling, '{', '}') {
        return Some(Kind::Map(Box::new(resolve(inner)?)));
    }
    Some(match spelling {
        "bool" => Kind::Bool,
        "int" => Kind::Int,
        "double" => Kind::Double,
        "string" => Kind::Text(None),
        name => {
            let mut records = TABLE.records.iter();
            let mut words = TABLE.words.iter();
            match records.find(|record| record.name == name) {
                Some(record) => Kind::Record(record),
                None => Kind::Text(Some(&words.find(|(known, _)| *known == name)?.1)),
            }
        }
    })
}

fn inside(spelling: &'static str, open: char, close: char) -> Option<&'static str> {
    spelling.strip_prefix(open)?.strip_suffix(close)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_table_is_the_schema() {
        let schema = include_str!("../../../docs/inventory.schema.json");
        let schema: Value = serde_json::from_str(schema).unwrap();
        let table = table_of(&schema);
        if std::env::var_os("MUSTER_BLESS").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/expression/inventory.txt");
            std::fs::write(path, &table).unwrap();
        }
        assert_eq!(
            include_str!("inventory.txt"),
            table,
            "inventory.txt is stale: run this test with MUSTER_BLESS=1, then once more"
        );
    }

    #[test]
    fn every_section_and_field_has_a_type() {
        for section in Section::ALL {
            let (found, _) = super::section(section.key()).unwrap();
            assert_eq!(found, section);
        }
        for record in &TABLE.records {
            for field in &record.fields {
                assert!(resolve(field.spelling).is_some(), "{}", field.spelling);
            }
        }
        assert!(super::section("warnings").is_none());
        assert!(super::section("schema").is_none());
    }

    #[test]
    fn a_slip_finds_its_word() {
        let known = ["rotational", "removable", "rotation_rpm"];
        assert_eq!(nearest("rotatonal", known), Some("rotational"));
        assert_eq!(nearest("colour", known), None);
    }

    /// Fields are found by their position.
    #[test]
    fn the_order_is_that_of_the_document() {
        let metal = include_str!("../../../tests/fixtures/emulated-metal.json");
        let vm = include_str!("../../../tests/fixtures/small-vm.json");
        for text in [metal, vm] {
            let inventory = muster_model::Inventory::from_json(text.as_bytes()).unwrap();
            let document = serde_json::to_value(inventory).unwrap();
            for section in Section::ALL {
                let (_, kind) = super::section(section.key()).unwrap();
                hold(&document[section.key()], &kind);
            }
        }
    }

    fn hold(value: &Value, kind: &Kind) {
        match (value, kind) {
            (Value::Object(fields), Kind::Record(record)) => {
                let known = record.fields.iter().map(|field| field.name);
                assert!(fields.keys().eq(known), "{}", record.name);
                for (name, value) in fields {
                    hold(value, &record.field(name).unwrap().1);
                }
            }
            (Value::Array(elements), Kind::List(element)) => {
                elements.iter().for_each(|value| hold(value, element));
            }
            (Value::Object(values), Kind::Map(kind)) => {
                values.values().for_each(|value| hold(value, kind));
            }
            (Value::String(text), Kind::Text(Some(words))) => {
                assert!(words.contains(&text.as_str()));
            }
            (Value::String(_), Kind::Text(None)) | (Value::Bool(_), Kind::Bool) => {}
            (Value::Number(_), kind) => assert!(kind.is_number()),
            (Value::Null, _) => {}
            (value, kind) => panic!("{value} is no {kind}"),
        }
    }

    fn table_of(schema: &Value) -> String {
        let mut table = String::from("Inventory\n");
        let sections = schema["properties"].as_object().unwrap().iter();
        let sections = sections.filter(|(name, _)| {
            Section::ALL
                .iter()
                .any(|section| section.key() == name.as_str())
        });
        sections.for_each(|(name, field)| writeln!(table, "  {name} {}", spell(field)).unwrap());
        for (name, definition) in schema["$defs"].as_object().unwrap() {
            match definition["oneOf"].as_array() {
                Some(words) => {
                    let words = words.iter().map(|word| word["const"].as_str().unwrap());
                    writeln!(table, "{name} = {}", words.collect::<Vec<_>>().join(" "))
                }
                None => writeln!(table, "{name}"),
            }
            .unwrap();
            for (name, field) in definition["properties"].as_object().into_iter().flatten() {
                writeln!(table, "  {name} {}", spell(field)).unwrap();
            }
        }
        table
    }

    /// Whether a value may be null is left out: each may be unknown to an expression.
    fn spell(field: &Value) -> String {
        if let Some(either) = field["anyOf"].as_array() {
            return spell(&either[0]);
        }
        if let Some(reference) = field["$ref"].as_str() {
            return reference.rsplit('/').next().unwrap().to_owned();
        }
        let kind = field["type"]
            .as_str()
            .or(field["type"][0].as_str())
            .unwrap();
        match kind {
            "boolean" => "bool".to_owned(),
            "integer" => "int".to_owned(),
            "number" => "double".to_owned(),
            "string" => "string".to_owned(),
            "array" => format!("[{}]", spell(&field["items"])),
            "object" => format!("{{{}}}", spell(&field["additionalProperties"])),
            other => panic!("{other} has no spelling yet"),
        }
    }
}
