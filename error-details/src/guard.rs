//! Keeps details that are broken away from tonic and prost, which panic over some of them.
//!
//! The details travel as base64 in the trailer `grpc-status-details-bin`. Where that is not base64,
//! tonic 0.14.9 panics in the task that made the call (`Status::from_header_map`); and where it has
//! a `RetryInfo` of `i64::MIN` seconds, prost-types 0.14.4 does so when the delay is read, in a
//! build that checks its arithmetic. A server, or something between it and us, could end a client
//! that way. Until both are mended, such a trailer is taken out before they see it. Code and
//! message stay.

use http::{HeaderMap, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use prost::Message;
use tonic::{body::Body, metadata::MetadataMap};
use tonic_types::pb;

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
    let details = metadata.get_bin(DETAILS).and_then(|details| details.to_bytes().ok());
    if details.is_none_or(|details| has_negative_delay(&details)) {
        headers.remove(DETAILS);
    }
}

fn has_negative_delay(details: &[u8]) -> bool {
    let Ok(status) = pb::Status::decode(details) else {
        // Not protobuf, which those who read it notice.
        return false;
    };
    let mut delays = status
        .details
        .iter()
        .filter(|detail| detail.type_url.ends_with("/google.rpc.RetryInfo"))
        .filter_map(|detail| pb::RetryInfo::decode(&*detail.value).ok()?.retry_delay);
    delays.any(|delay| delay.seconds < 0 || delay.nanos < 0)
}
