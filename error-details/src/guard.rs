//! Keeps details that are broken away from tonic, which panics over some of them.
//!
//! The details travel as base64 in the trailer `grpc-status-details-bin`. Where that is not
//! base64, tonic 0.14.9 panics in the client's task (`Status::from_header_map`), so that a server,
//! or something between it and us, can end a client that way. Until tonic is mended, a client takes
//! such a trailer out before tonic sees it. Code and message stay.

use http::{HeaderMap, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use tonic::{body::Body, metadata::MetadataMap};

const DETAILS: &str = "grpc-status-details-bin";

/// To be put around a channel, with [`tower::ServiceBuilder::map_response`].
#[must_use]
pub fn without_broken_details(mut response: Response<Body>) -> Response<Body> {
    // A call that fails before its first message has its trailers in the headers.
    remove_broken(response.headers_mut());
    response.map(|body| {
        Body::new(body.map_frame(|frame| match frame.into_trailers() {
            Ok(mut trailers) => {
                remove_broken(&mut trailers);
                Frame::trailers(trailers)
            }
            Err(data) => data,
        }))
    })
}

fn remove_broken(headers: &mut HeaderMap) {
    if !headers.contains_key(DETAILS) {
        return;
    }
    let metadata = MetadataMap::from_headers(headers.clone());
    if metadata.get_bin(DETAILS).is_none_or(|details| details.to_bytes().is_err()) {
        headers.remove(DETAILS);
    }
}
