//! What goes over the wire: bodies in and out, refusals, query and path texts.

mod answer;
mod body;
mod input;
mod path;
mod query;
mod refusal;

pub use answer::{
    Answer, Response, accepts_json, bytes, etag_matches, json, json_bytes, json_status, no_content,
    not_modified, set_etag, text,
};
pub use body::{Body, BoxError};
pub use input::{
    BodyForm, INVALID_OBJECT_ZMS, INVALID_OBJECT_ZTS, Input, check_name, content_type_fits, read_bounded,
};
pub use path::decode_segment;
pub use query::Query;
pub(crate) use query::read_number;
pub use refusal::Refusal;
