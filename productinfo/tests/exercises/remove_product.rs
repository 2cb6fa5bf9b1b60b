//! 2. A second service.

use proto::ecommerce::{Product, ProductId, product_info_client::ProductInfoClient};
use tonic::{Code, Request, Status, client::Grpc, transport::Channel};
use tonic_prost::ProstCodec;

use crate::{channel, product};

/// Calls the new method by its path, because there is no generated code for it yet.
async fn remove(channel: &Channel, id: &ProductId) -> Result<Product, Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.expect("the server is running");
    let path = "/ecommerce.ProductAdmin/removeProduct".parse().expect("the path is valid");
    let request = Request::new(id.clone());
    Ok(client.unary(request, path, ProstCodec::default()).await?.into_inner())
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_remove_product_returns_the_product_once() {
    let channel = channel().await;
    let mut client = ProductInfoClient::new(channel.clone());
    let id = client.add_product(product("a lamp")).await.unwrap().into_inner();
    let removed = match remove(&channel, &id).await {
        Ok(removed) => removed,
        Err(status) if status.code() == Code::Unimplemented => {
            panic!(
                "`removeProduct` is UNIMPLEMENTED: does `serve` add the service ProductAdmin?"
            )
        }
        Err(status) if status.code() == Code::NotFound => {
            panic!("`removeProduct` does not find a product that `addProduct` has stored")
        }
        Err(status) => panic!("`removeProduct` fails: {status}"),
    };
    let expected = Product { id: id.value.clone(), ..product("a lamp") };
    assert_eq!(removed, expected, "`removeProduct` must return the removed product");
    let found = client.get_product(id.clone()).await;
    assert!(found.is_err(), "`getProduct` still returns the removed product");
    let again = remove(&channel, &id).await.map_err(|status| status.code());
    assert_eq!(again, Err(Code::NotFound), "a second `removeProduct` must return NOT_FOUND");
}
