//! A section of the inventory as one flat array, written by serde: 4,096 PCI functions take a
//! hundredth of the allocations of a tree of JSON values.

use std::fmt;

use muster_model::Section;
use serde::ser::{self, Serialize};

/// A section. Children of a node stand together; those of its first child stand before them.
#[derive(Debug)]
pub(super) struct Arena {
    pub(super) section: Section,
    pub(super) root: Node,
    nodes: Vec<Node>,
    text: String,
}

/// A value of the document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Int(i64),
    /// Only what is too large for an `Int`.
    Uint(u64),
    Double(f64),
    /// A part of the text.
    Text(Span),
    List(Span),
    /// Fields in the order of the model's struct.
    Record(Span),
    /// Keys and values by turns.
    Map(Span),
}

/// A part of the nodes or of the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn len(self) -> u32 {
        self.end - self.start
    }

    /// The place of its `index`th part.
    pub(super) fn at(self, index: u32) -> Option<u32> {
        (index < self.len()).then(|| self.start + index)
    }
}

impl Arena {
    pub(super) fn of(section: Section, value: &impl Serialize) -> Result<Self, Unwritable> {
        let mut writer = Writer::default();
        value.serialize(&mut writer)?;
        let root = writer.pending.pop().unwrap_or(Node::Null);
        Ok(Self {
            section,
            root,
            nodes: writer.nodes,
            text: writer.text,
        })
    }

    pub(super) fn node(&self, place: u32) -> Node {
        let node = usize::try_from(place)
            .ok()
            .and_then(|place| self.nodes.get(place));
        node.copied().unwrap_or(Node::Null)
    }

    pub(super) fn nodes(&self, span: Span) -> &[Node] {
        self.nodes
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }

    pub(super) fn text(&self, span: Span) -> &str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }
}

/// The model holds what an arena cannot: a fault of this program.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unwritable(String);

impl ser::Error for Unwritable {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

#[derive(Debug, Default)]
struct Writer {
    nodes: Vec<Node>,
    text: String,
    /// Children whose parents are not complete.
    pending: Vec<Node>,
}

impl Writer {
    fn push(&mut self, node: Node) -> Result<(), Unwritable> {
        self.pending.push(node);
        Ok(())
    }

    fn open(&mut self) -> Result<Children<'_>, Unwritable> {
        let first = self.pending.len();
        Ok(Children {
            writer: self,
            first,
        })
    }
}

/// The children of one node, from `first` on among the pending.
struct Children<'w> {
    writer: &'w mut Writer,
    first: usize,
}

impl Children<'_> {
    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        value.serialize(&mut *self.writer)
    }

    fn close(self, parent: fn(Span) -> Node) -> Result<(), Unwritable> {
        let Writer { nodes, pending, .. } = self.writer;
        let start = length(nodes.len())?;
        nodes.extend(pending.drain(self.first..));
        let end = length(nodes.len())?;
        pending.push(parent(Span { start, end }));
        Ok(())
    }
}

fn length(length: usize) -> Result<u32, Unwritable> {
    u32::try_from(length).map_err(|_| Unwritable("the section is too large".to_owned()))
}

fn unsupported<T>(what: &str) -> Result<T, Unwritable> {
    Err(Unwritable(format!("no place for {what}")))
}

impl<'w> ser::Serializer for &'w mut Writer {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = Children<'w>;
    type SerializeTuple = ser::Impossible<(), Unwritable>;
    type SerializeTupleStruct = ser::Impossible<(), Unwritable>;
    type SerializeTupleVariant = ser::Impossible<(), Unwritable>;
    type SerializeMap = Children<'w>;
    type SerializeStruct = Children<'w>;
    type SerializeStructVariant = ser::Impossible<(), Unwritable>;

    fn serialize_bool(self, value: bool) -> Result<(), Unwritable> {
        self.push(Node::Bool(value))
    }
    fn serialize_i8(self, value: i8) -> Result<(), Unwritable> {
        self.push(Node::Int(value.into()))
    }
    fn serialize_i16(self, value: i16) -> Result<(), Unwritable> {
        self.push(Node::Int(value.into()))
    }
    fn serialize_i32(self, value: i32) -> Result<(), Unwritable> {
        self.push(Node::Int(value.into()))
    }
    fn serialize_i64(self, value: i64) -> Result<(), Unwritable> {
        self.push(Node::Int(value))
    }
    fn serialize_u8(self, value: u8) -> Result<(), Unwritable> {
        self.push(Node::Int(value.into()))
    }
    fn serialize_u16(self, value: u16) -> Result<(), Unwritable> {
        self.push(Node::Int(value.into()))
    }
    fn serialize_u32(self, value: u32) -> Result<(), Unwritable> {
        self.push(Node::Int(value.into()))
    }
    fn serialize_u64(self, value: u64) -> Result<(), Unwritable> {
        self.push(i64::try_from(value).map_or(Node::Uint(value), Node::Int))
    }
    fn serialize_f32(self, value: f32) -> Result<(), Unwritable> {
        self.push(Node::Double(value.into()))
    }
    fn serialize_f64(self, value: f64) -> Result<(), Unwritable> {
        self.push(Node::Double(value))
    }
    fn serialize_char(self, value: char) -> Result<(), Unwritable> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, value: &str) -> Result<(), Unwritable> {
        let start = length(self.text.len())?;
        self.text.push_str(value);
        let end = length(self.text.len())?;
        self.push(Node::Text(Span { start, end }))
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<(), Unwritable> {
        unsupported("bytes")
    }
    fn serialize_none(self) -> Result<(), Unwritable> {
        self.push(Node::Null)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unwritable> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), Unwritable> {
        self.push(Node::Null)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unwritable> {
        self.push(Node::Null)
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Unwritable> {
        self.serialize_str(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Unwritable> {
        unsupported("an enum with values")
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Children<'w>, Unwritable> {
        self.open()
    }
    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Unwritable> {
        unsupported("a tuple")
    }
    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Unwritable> {
        unsupported("a tuple")
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Unwritable> {
        unsupported("an enum with values")
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Children<'w>, Unwritable> {
        self.open()
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Children<'w>, Unwritable> {
        self.open()
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Unwritable> {
        unsupported("an enum with values")
    }
}

impl ser::SerializeSeq for Children<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.add(value)
    }
    fn end(self) -> Result<(), Unwritable> {
        self.close(Node::List)
    }
}

impl ser::SerializeMap for Children<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        self.add(key)
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.add(value)
    }
    fn end(self) -> Result<(), Unwritable> {
        self.close(Node::Map)
    }
}

impl ser::SerializeStruct for Children<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        self.add(value)
    }
    fn end(self) -> Result<(), Unwritable> {
        self.close(Node::Record)
    }
}
