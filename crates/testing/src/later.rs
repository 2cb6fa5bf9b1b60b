//! A unary call that is held in flight.

use futures::{channel::oneshot, stream};
use prost::Message;
use tonic::{Request, Response, Status, client::Grpc, transport::Channel};

/// Calls the unary method at `path` at once, but sends the message only when `message` has one.
///
/// On the wire a unary call is a stream of one message: the headers can go ahead of it.
pub async fn call_later<M, R>(
    channel: Channel,
    path: &'static str,
    message: oneshot::Receiver<M>,
) -> Result<Response<R>, Status>
where
    M: Message + 'static,
    R: Message + Default + 'static,
{
    let mut client = Grpc::new(channel);
    client.ready().await.expect("the channel is open");
    let message = stream::once(async { message.await.expect("the message comes") });
    let path = path.parse().expect("it is a path");
    client
        .client_streaming(
            Request::new(message),
            path,
            tonic_prost::ProstCodec::<M, R>::default(),
        )
        .await
}
