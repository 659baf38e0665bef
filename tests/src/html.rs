//! Reading the forms of a page, as a browser without scripts does.

/// A form of a page.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// `get` or `post`.
    pub method: String,
    /// Where it goes.
    pub action: String,
    /// Its fields with what stands in them.
    pub fields: Vec<(String, String)>,
    /// Its boxes that nobody has ticked.
    pub boxes: Vec<(String, String)>,
    /// Its buttons.
    pub buttons: Vec<Button>,
}

/// A button that sends its form.
#[derive(Clone, Debug)]
pub struct Button {
    /// Its `id`.
    pub id: String,
    /// The field that it adds, if it has a name.
    pub field: Option<(String, String)>,
}

impl Form {
    /// All forms of a page.
    #[must_use]
    pub fn all(html: &str) -> Vec<Self> {
        let mut forms: Vec<Self> = Vec::new();
        let mut inside = false;
        for (name, attributes) in tags(html) {
            let get = |wanted: &str| find(&attributes, wanted).unwrap_or_default().to_owned();
            match name.as_str() {
                "form" => {
                    inside = true;
                    forms.push(Self {
                        method: get("method").to_lowercase(),
                        action: get("action"),
                        ..Self::default()
                    });
                }
                "/form" => inside = false,
                "input" if inside && matches!(get("type").as_str(), "checkbox" | "radio") => {
                    if let Some(form) = forms.last_mut() {
                        let ticked = find(&attributes, "checked").is_some();
                        let list = if ticked { &mut form.fields } else { &mut form.boxes };
                        list.push((get("name"), get("value")));
                    }
                }
                "input" if inside && get("type") != "submit" => {
                    if let Some(form) = forms.last_mut() {
                        form.fields.push((get("name"), get("value")));
                    }
                }
                "select" | "textarea" if inside => {
                    if let Some(form) = forms.last_mut() {
                        form.fields.push((get("name"), String::new()));
                    }
                }
                "option" if inside && find(&attributes, "selected").is_some() => {
                    let field = forms.last_mut().and_then(|form| form.fields.last_mut());
                    if let Some((_, value)) = field {
                        *value = get("value");
                    }
                }
                "button" | "input" if inside => {
                    let name = find(&attributes, "name").map(str::to_owned);
                    let field = name.map(|name| (name, get("value")));
                    if let Some(form) = forms.last_mut() {
                        form.buttons.push(Button { id: get("id"), field });
                    }
                }
                _ => {}
            }
        }
        forms
    }

    /// Fills a field in, or ticks a box.
    pub fn fill(&mut self, name: &str, value: &str) {
        let same = |field: &&(String, String)| field.0 == name && field.1 == value;
        let chosen = self.boxes.iter().find(same);
        if let Some(ticked) = chosen.or_else(|| self.boxes.iter().find(|own| own.0 == name)) {
            let ticked = ticked.clone();
            self.boxes.retain(|own| *own != ticked);
            self.fields.retain(|own| own.0 != name);
            return self.fields.push(ticked);
        }
        let field = self.fields.iter_mut().find(|(field, _)| field == name);
        field.unwrap_or_else(|| panic!("the form has no field {name}")).1 = value.to_owned();
    }

    /// What stands in a field.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// The text of the element with this `id`, without tags.
#[must_use]
pub fn text_of(html: &str, id: &str) -> Option<String> {
    let at = html.find(&format!("id=\"{id}\""))?;
    let (_, rest) = html.split_at(at);
    let (_, inner) = rest.split_once('>')?;
    let (inner, _) = inner.split_once("</")?;
    Some(decode(inner).trim().to_owned())
}

type Attributes = Vec<(String, String)>;

fn find<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

/// The tags of a page in their order, closing ones with their slash.
fn tags(html: &str) -> Vec<(String, Attributes)> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let (name, attributes, after) = tag(after);
        found.push((name, attributes));
        rest = after;
    }
    found
}

/// Reads one tag from behind its `<` to behind its `>`.
fn tag(text: &str) -> (String, Attributes, &str) {
    let end = text.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let mut attributes = Attributes::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            break;
        }
        if let Some(after) = rest.strip_prefix('>') {
            rest = after;
            break;
        }
        let end =
            rest.find(|c: char| c.is_whitespace() || c == '=' || c == '>').unwrap_or(rest.len());
        let (attribute, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix("=\"") {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => ("", after.strip_prefix('=').unwrap_or(after)),
        };
        attributes.push((attribute.to_lowercase(), decode(value)));
        rest = after;
    }
    (name.to_lowercase(), attributes, rest)
}

/// Turns character references back into what they stand for.
#[must_use]
pub fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let reference = after.split_once(';').filter(|(name, _)| name.len() <= 8);
        let character = reference.and_then(|(name, _)| character(name));
        match (character, reference) {
            (Some(character), Some((_, after))) => {
                decoded.push(character);
                rest = after;
            }
            _ => {
                decoded.push('&');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "apos" => Some('\''),
        "gt" => Some('>'),
        "lt" => Some('<'),
        "quot" => Some('"'),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_fields_and_buttons_are_read() {
        let html = "<form method=\"post\" action=\"/a?x=1&amp;y=2\"><input type=\"hidden\" \
             name=\"form_token\" value=\"&#34;t&#x27;&lt;\"><input id=\"u\" name=\"username\" \
             required><button id=\"go\" type=\"submit\" name=\"choice\" value=\"7\">Go</button></form>\
             <input name=\"outside\"><form method=\"get\" action=\"/b\"></form>";
        let forms = Form::all(html);
        assert_eq!(forms.len(), 2);
        assert_eq!(forms[0].action, "/a?x=1&y=2");
        assert_eq!(forms[0].value("form_token"), Some("\"t'<"));
        assert_eq!(forms[0].value("username"), Some(""));
        assert_eq!(forms[0].buttons[0].field, Some(("choice".to_owned(), "7".to_owned())));
        assert!(forms[1].fields.is_empty());
    }
}
