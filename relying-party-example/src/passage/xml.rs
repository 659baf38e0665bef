//! Reading XML that came from outside.
//!
//! Elements are compared with their namespace, whatever their prefix. A text is read as a whole, so
//! that a comment in the middle of a name does not cut it (CVE-2018-0489). A document type is refused
//! before anything else: there are no entities to expand and nothing to fetch.

use bergshamra::xml::uppsala::{Document, NodeId, Parser};

/// Namespaces.
pub(crate) mod ns {
    pub(crate) const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
    pub(crate) const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
    pub(crate) const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
    pub(crate) const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
    pub(crate) const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
    pub(crate) const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
}

/// No message of SAML is nested nearly as deeply.
const DEEPEST: u32 = 48;

/// The text is no XML that is read here.
#[derive(Debug, thiserror::Error)]
#[error("not well-formed, or with a document type")]
pub(crate) struct NoXml;

/// A document that was read.
pub(crate) struct Xml<'a> {
    /// The tree.
    pub document: Document<'a>,
    /// What it was read from.
    pub text: &'a str,
    root: NodeId,
}

impl<'a> Xml<'a> {
    /// Reads `text`.
    ///
    /// # Errors
    /// [`NoXml`].
    pub(crate) fn parse(text: &'a str) -> Result<Self, NoXml> {
        let parser = Parser::new().with_forbid_dtd(true).with_max_depth(DEEPEST);
        let document = parser.parse(text).map_err(|_| NoXml)?;
        let root = document.document_element().ok_or(NoXml)?;
        Ok(Self { document, text, root })
    }

    /// The outermost element.
    pub(crate) const fn root(&self) -> Node<'_> {
        Node { document: &self.document, id: self.root }
    }
}

/// An element.
#[derive(Clone, Copy)]
pub(crate) struct Node<'x> {
    document: &'x Document<'x>,
    /// Its place in the tree.
    pub id: NodeId,
}

impl<'x> Node<'x> {
    /// Whether it has this name.
    pub(crate) fn is(self, namespace: &str, name: &str) -> bool {
        let element = self.document.element(self.id);
        element.is_some_and(|element| element.matches_name_ns(namespace, name))
    }

    /// The value of an attribute without a namespace, as all of SAML's are.
    pub(crate) fn attribute(self, name: &str) -> Option<&'x str> {
        let attributes = &self.document.element(self.id)?.attributes;
        let found = attributes.iter().find(|attribute| {
            attribute.name.namespace_uri.is_none() && attribute.name.local_name == name
        });
        found.map(|attribute| attribute.value.as_ref())
    }

    /// The elements in it.
    pub(crate) fn elements(self) -> impl Iterator<Item = Self> {
        let document = self.document;
        let children = document.children_iter(self.id);
        children.filter(|id| document.element(*id).is_some()).map(|id| Self { document, id })
    }

    /// The elements in it that have this name.
    pub(crate) fn children(self, namespace: &str, name: &str) -> impl Iterator<Item = Self> {
        self.elements().filter(move |child| child.is(namespace, name))
    }

    /// The only element in it with this name: `None` if there is none, or more than one.
    pub(crate) fn only(self, namespace: &str, name: &str) -> Option<Self> {
        let mut found = self.children(namespace, name);
        let one = found.next()?;
        found.next().is_none().then_some(one)
    }

    /// Its text, without the blanks around it.
    pub(crate) fn text(self) -> String {
        self.document.text_content_deep(self.id).trim().to_owned()
    }

    /// All elements with this name below it, and itself.
    pub(crate) fn all(self, namespace: &str, name: &str) -> Vec<Self> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_type_is_refused() {
        for text in ["", "<a>", "<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"] {
            assert!(Xml::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_comment_cuts_no_text_and_a_prefix_is_no_name() {
        let xml = Xml::parse("<p:a xmlns:p='n'><b xmlns='n'>x@<!-- -->y</b><b/></p:a>").unwrap();
        assert!(xml.root().is("n", "a"));
        assert_eq!(xml.root().only("n", "b").unwrap().text(), "x@y");
        assert!(xml.root().only("", "b").is_none());
    }
}
