//! Addresses of requests, escaped as the player of the recordings escaped them: a path as it is given
//! keeps its `%2F`, and what may not stand in an address is escaped.

use crate::json::{Json, Object};

/// The path and query of a request: the path of `base`, then `path`; parameters replace a query in it.
/// Nothing if a control character stands in it.
pub fn target(base: &str, path: &str, query: Option<&Object>) -> Option<String> {
    let address = format!("{}{path}", base_path(base));
    if address.chars().any(|character| character.is_ascii_control()) {
        return None;
    }
    let address = address.split('#').next().unwrap_or_default();
    let (path, own_query) = match address.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (address, None),
    };
    let query = match query {
        Some(parameters) => (!parameters.is_empty()).then(|| form(parameters)),
        None => own_query,
    };
    let mut target = escaped(&without_dots(path), "\"#<>?`{}");
    if target.is_empty() {
        target.push('/');
    }
    if let Some(query) = query {
        target.push('?');
        target.push_str(&escaped(&query, "\"#<>"));
    }
    Some(target)
}

/// `application/x-www-form-urlencoded`; the items of a list are parameters of the same name.
pub(crate) fn form(parameters: &Object) -> String {
    let mut out = Vec::new();
    for (name, value) in parameters.iter() {
        let values =
            if let Json::List(items) = value { items.as_slice() } else { std::slice::from_ref(value) };
        for value in values {
            out.push(format!("{}={}", form_escaped(name), form_escaped(&value.to_parameter())));
        }
    }
    out.join("&")
}

fn base_path(base: &str) -> &str {
    let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
    rest.find('/').and_then(|start| rest.get(start..)).unwrap_or_default()
}

/// RFC 3986 §5.2.4, segment by segment.
fn without_dots(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "." => {}
            ".." => {
                if !matches!(segments.as_slice(), [] | [""]) {
                    segments.pop();
                }
            }
            other => segments.push(other),
        }
    }
    segments.join("/")
}

fn escaped(text: &str, unsafe_characters: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if character.is_ascii_graphic() && !unsafe_characters.contains(character) {
            out.push(character);
        } else {
            escape(character, &mut out);
        }
    }
    out
}

fn form_escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            ' ' => out.push('+'),
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' | '-' | '~' => out.push(character),
            other => escape(other, &mut out),
        }
    }
    out
}

fn escape(character: char, out: &mut String) {
    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
        out.push_str(&format!("%{byte:02X}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://localhost:4443/zms/v1";

    #[test]
    fn paths_are_sent_as_given() {
        for (path, expected) in [
            ("/domain/a b/role", "/zms/v1/domain/a%20b/role"),
            ("/domain/zd%331", "/zms/v1/domain/zd%331"),
            ("/access/re*d/zp17:data.x", "/zms/v1/access/re*d/zp17:data.x"),
            ("/a/../b/./c#f", "/zms/v1/b/c"),
            ("/a?x=zp23:q=1&r=a b", "/zms/v1/a?x=zp23:q=1&r=a%20b"),
            ("/a?x={}", "/zms/v1/a?x={}"),
            ("/{é}%", "/zms/v1/%7B%C3%A9%7D%"),
        ] {
            assert_eq!(target(BASE, path, None).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(target(BASE, "/a\nb", None), None);
        assert_eq!(target("https://localhost", "", None).as_deref(), Some("/"));
    }

    #[test]
    fn parameters_replace_the_query() {
        let parameters =
            r#"{"a": "x y/z*?", "n": 5, "t": true, "none": null, "l": ["1", "2"], "q": "q=1&r=2#s\n"}"#;
        let Json::Object(parameters) = Json::parse(parameters.as_bytes()).unwrap() else {
            panic!("an object")
        };
        assert_eq!(
            target(BASE, "/x?old=1", Some(&parameters)).as_deref(),
            Some("/zms/v1/x?a=x+y%2Fz%2A%3F&n=5&t=true&none=&l=1&l=2&q=q%3D1%26r%3D2%23s%0A")
        );
        assert_eq!(target(BASE, "/x?old=1", Some(&Object::default())).as_deref(), Some("/zms/v1/x"));
    }
}
