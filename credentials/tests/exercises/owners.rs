//! 3. Owners.

use proto::ecommerce::ProductId;
use tonic::Code;

use crate::{ADMIN, Service};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_3_a_product_exists_only_for_the_caller_who_added_it() {
    let mut service = Service::start().await;
    let shop = service.token("shop", "products.read products.write");
    let kiosk = service.token("kiosk", "products.read products.write");
    let [of_shop, of_kiosk] = [
        service.add(&shop).await.expect("the shop may add products"),
        service.add(&kiosk).await.expect("the kiosk may add products"),
    ];
    service.get(&of_shop, &shop).await.expect("the shop must get its product");
    service.get(&of_kiosk, &kiosk).await.expect("the kiosk must get its product");

    let hidden = service
        .get(&of_shop, &kiosk)
        .await
        .expect_err("the kiosk must not get the product of the shop");
    assert_eq!(hidden.code(), Code::NotFound, "PERMISSION_DENIED would confirm that it exists");
    let unknown = ProductId { value: "00000000-0000-0000-0000-000000000000".into() };
    let missing = service.get(&unknown, &kiosk).await.expect_err("it does not exist");
    assert_eq!(
        hidden.message().replace(&of_shop.value, "ID"),
        missing.message().replace(&unknown.value, "ID"),
        "the message must not show whether the product exists"
    );

    // Another token of the same caller.
    let again = service.token("shop", "products.read");
    service.get(&of_shop, &again).await.expect("the owner is the caller and not the token");
    let wide = service.token("kiosk", "products.read products.admin products.*");
    assert!(service.get(&of_shop, &wide).await.is_err(), "no scope makes an administrator");
    service.get(&of_kiosk, ADMIN).await.expect("the administrator may do everything");
    let of_admin = service.add(ADMIN).await.expect("the administrator may do everything");
    assert!(service.get(&of_admin, &shop).await.is_err(), "it belongs to the administrator");
}
