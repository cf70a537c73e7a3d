//! Where operations lie: the URL of a server, and names as segments of its path.

use reqwest::Url;

use crate::tls::SetupError;

/// A server's URL with the path that its operations lie below.
///
/// # Errors
/// Not an absolute `http` or `https` URL.
pub(crate) fn server_url(text: &str, suffix: &str) -> Result<Url, SetupError> {
    let wrong = |why: &str| SetupError::Url { url: text.to_owned(), why: why.to_owned() };
    let mut url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
        return Err(wrong("the scheme must be https"));
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&if path.ends_with(suffix) { path } else { format!("{path}{suffix}") });
    Ok(url)
}

/// The URL of something below a base, each name one segment.
///
/// # Errors
/// The segment that would lead elsewhere.
pub(crate) fn join(base: &Url, path: &[&str]) -> Result<Url, String> {
    let mut url = base.clone();
    let mut segments = url.path_segments_mut().map_err(|()| base.to_string())?;
    for segment in path {
        // a URL library would take these away and ask for something else
        if segment.is_empty() || *segment == "." || *segment == ".." {
            return Err((*segment).to_owned());
        }
        segments.push(segment);
    }
    drop(segments);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_server_is_added_once() {
        for text in
            ["https://h:4443", "https://h:4443/", "https://h:4443/zms/v1", "https://h:4443/zms/v1/?a=b#c"]
        {
            assert_eq!(server_url(text, "/zms/v1").unwrap().as_str(), "https://h:4443/zms/v1", "{text}");
        }
        assert_eq!(server_url("https://h/athenz/", "/zms/v1").unwrap().as_str(), "https://h/athenz/zms/v1");
        for text in ["h:4443", "localhost", "ftp://h", "", "https://"] {
            assert!(server_url(text, "/zms/v1").is_err(), "{text}");
        }
    }

    #[test]
    fn names_cannot_leave_their_segment() {
        let base = server_url("https://h", "/zms/v1").unwrap();
        let path = |segments: &[&str]| join(&base, segments).map(|url| url.path().to_owned());
        assert_eq!(path(&["domain", "a/../b"]).unwrap(), "/zms/v1/domain/a%2F..%2Fb");
        assert_eq!(path(&["domain", "a?b#c%"]).unwrap(), "/zms/v1/domain/a%3Fb%23c%25");
        assert_eq!(path(&["member", "d:group.g*"]).unwrap(), "/zms/v1/member/d:group.g*");
        for segment in ["", ".", ".."] {
            assert!(path(&["domain", segment]).is_err(), "{segment}");
        }
    }
}
