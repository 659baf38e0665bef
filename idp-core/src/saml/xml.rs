//! Reading XML that strangers sent.
//!
//! A document with a document type, a processing instruction or an inclusion is refused before
//! anything in it is looked at (security 13.3): there are no entities to expand, nothing to fetch,
//! and memory grows with the length of the text alone. Elements are compared with their namespace,
//! attributes without one, and a text is read as a whole: a comment in the middle of a name does
//! not cut it (CVE-2018-0489).

use bergshamra::xml::uppsala::{Document, NodeId, NodeKind, Parser};

use super::names::ns;

/// How deeply elements may stand in one another. No message of SAML comes near.
const MAX_DEPTH: u32 = 48;

/// Why a text is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// It brings instructions for whoever processes it.
    #[error("a processing instruction or an inclusion")]
    Instruction,
    /// It is no XML, or has a document type.
    #[error("not well-formed, or with a document type: {0}")]
    Malformed(String),
    /// It is empty.
    #[error("there is no element")]
    NoElement,
}

/// A document that was read.
pub struct Xml<'a> {
    document: Document<'a>,
    root: NodeId,
    text: &'a str,
}

impl<'a> Xml<'a> {
    /// Reads `text`.
    ///
    /// # Errors
    /// [`XmlError`]; then nothing of it was processed.
    pub fn parse(text: &'a str) -> Result<Self, XmlError> {
        let parser = Parser::new().with_forbid_dtd(true).with_max_depth(MAX_DEPTH);
        let parsed = parser.parse(text);
        let document = parsed.map_err(|error| XmlError::Malformed(error.to_string()))?;
        let root = document.document_element().ok_or(XmlError::NoElement)?;
        let xml = Self { document, root, text };
        if xml.has_instructions() { Err(XmlError::Instruction) } else { Ok(xml) }
    }

    /// The outermost element.
    #[must_use]
    pub const fn root(&self) -> Node<'_> {
        Node { xml: self, id: self.root }
    }

    /// What was read.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    pub(super) const fn document(&self) -> &Document<'a> {
        &self.document
    }

    fn has_instructions(&self) -> bool {
        let mut waiting = vec![self.document.root()];
        while let Some(id) = waiting.pop() {
            match self.document.node_kind(id) {
                Some(NodeKind::ProcessingInstruction(_)) => return true,
                Some(NodeKind::Element(element))
                    if element.name.namespace_uri.as_deref() == Some(ns::XINCLUDE) =>
                {
                    return true;
                }
                Some(
                    NodeKind::Attribute(..)
                    | NodeKind::CData(_)
                    | NodeKind::Comment(_)
                    | NodeKind::Document
                    | NodeKind::Element(_)
                    | NodeKind::Text(_),
                )
                | None => waiting.extend(self.document.children_iter(id)),
            }
        }
        false
    }
}

/// An element of a document.
#[derive(Clone, Copy)]
pub struct Node<'x> {
    xml: &'x Xml<'x>,
    id: NodeId,
}

impl<'x> Node<'x> {
    pub(super) const fn id(self) -> NodeId {
        self.id
    }

    /// Whether it is the element of this namespace and name.
    #[must_use]
    pub fn is(self, namespace: &str, name: &str) -> bool {
        let element = self.xml.document.element(self.id);
        element.is_some_and(|element| element.matches_name_ns(namespace, name))
    }

    /// Its name without prefix.
    #[must_use]
    pub fn name(self) -> &'x str {
        self.xml.document.element(self.id).map_or("", |element| &element.name.local_name)
    }

    /// The namespace of its name.
    #[must_use]
    pub fn namespace(self) -> Option<&'x str> {
        self.xml.document.element(self.id)?.name.namespace_uri.as_deref()
    }

    /// The value of an attribute that is in no namespace, as all of SAML's own are.
    #[must_use]
    pub fn attribute(self, name: &str) -> Option<&'x str> {
        let element = self.xml.document.element(self.id)?;
        let found = element.attributes.iter().find(|attribute| {
            attribute.name.namespace_uri.is_none() && attribute.name.local_name == name
        });
        found.map(|attribute| attribute.value.as_ref())
    }

    /// The elements in it, in their order.
    pub fn elements(self) -> impl Iterator<Item = Self> {
        let children = self.xml.document.children_iter(self.id);
        children
            .filter(move |id| self.xml.document.element(*id).is_some())
            .map(move |id| Self { xml: self.xml, id })
    }

    /// The elements in it that have this name.
    pub fn children(self, namespace: &'x str, name: &'x str) -> impl Iterator<Item = Self> {
        self.elements().filter(move |child| child.is(namespace, name))
    }

    /// The first element in it with this name.
    #[must_use]
    pub fn child(self, namespace: &'x str, name: &'x str) -> Option<Self> {
        self.children(namespace, name).next()
    }

    /// The text in it, without that of elements in it and without blanks around it.
    #[must_use]
    pub fn text(self) -> String {
        let mut text = String::new();
        for id in self.xml.document.children_iter(self.id) {
            match self.xml.document.node_kind(id) {
                Some(NodeKind::CData(part) | NodeKind::Text(part)) => text.push_str(part),
                Some(
                    NodeKind::Attribute(..)
                    | NodeKind::Comment(_)
                    | NodeKind::Document
                    | NodeKind::Element(_)
                    | NodeKind::ProcessingInstruction(_),
                )
                | None => {}
            }
        }
        text.trim().to_owned()
    }

    /// All elements below it with this name, and itself.
    #[must_use]
    pub fn descendants(self, namespace: &str, name: &str) -> Vec<Self> {
        let (mut found, mut waiting) = (Vec::new(), vec![self]);
        while let Some(node) = waiting.pop() {
            if node.is(namespace, name) {
                found.push(node);
            }
            waiting.extend(node.elements());
        }
        found
    }
}

/// Reads `xs:boolean` (XML Schema part 2 §3.2.2).
#[must_use]
pub fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_make_a_parser_do_something_is_refused() {
        for wrong in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<!DOCTYPE a><a/>",
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            "<!DOCTYPE a SYSTEM 'http://evil.example/a.dtd'><a/>",
            "<a>&undeclared;</a>",
            "<?xml-stylesheet href='http://evil.example/'?><a/>",
            "<a><?php evil ?></a>",
            "<a><xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='/etc/passwd'/></a>",
            &"<a>".repeat(10_000),
            &format!("{}{}", "<a>".repeat(60), "</a>".repeat(60)),
        ] {
            assert!(Xml::parse(wrong).is_err(), "{wrong:.60}");
        }
    }

    #[test]
    fn a_comment_or_a_section_does_not_cut_a_text() {
        let xml =
            Xml::parse("<a xmlns='n'> admin<!-- -->@site.example<![CDATA[.evil]]>.example </a>");
        assert_eq!(xml.unwrap().root().text(), "admin@site.example.evil.example");
    }

    #[test]
    fn an_element_is_known_by_its_namespace_and_an_attribute_by_having_none() {
        let text = "<p:a xmlns:p='n' xmlns:q='m' q:x='1' x='2'><q:b/><p:b/></p:a>";
        let xml = Xml::parse(text).unwrap();
        let root = xml.root();
        assert!(root.is("n", "a") && !root.is("m", "a"));
        assert_eq!((root.attribute("x"), root.attribute("y")), (Some("2"), None));
        assert_eq!((root.children("n", "b").count(), root.elements().count()), (1, 2));
        assert_eq!(root.child("m", "b").and_then(Node::namespace), Some("m"));
    }

    proptest! {
        #[test]
        fn no_text_can_make_reading_panic(text in ".{0,200}", inner in ".{0,50}") {
            let _ = Xml::parse(&text);
            let _ = Xml::parse(&format!("<a b='{inner}'>{inner}</a>"));
        }
    }
}
