//! A unary call that stays in flight for as long as the test wants.

use futures::{channel::oneshot, stream};
use prost::Message;
use tonic::{Request, Response, Status, client::Grpc, transport::Channel};

/// Starts a call of the unary method at `path`, but sends its message only when the other half of
/// `message` provides it.
///
/// On the wire a unary call is a stream of one message, so its headers can be sent before it.
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
    let message = stream::once(async { message.await.expect("the test sends a message") });
    let path = path.parse().expect("the path is valid");
    client
        .client_streaming(
            Request::new(message),
            path,
            tonic_prost::ProstCodec::<M, R>::default(),
        )
        .await
}
