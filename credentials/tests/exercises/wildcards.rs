//! 1. Wildcards.

use tonic::Code;

use crate::{ADMIN, Service};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_products_star_is_every_scope_that_starts_with_products_dot() {
    let mut service = Service::start().await;
    let id = service.add(ADMIN).await.expect("the administrator may do everything");
    let all = service.token("shop", "products.*");
    service.get(&id, &all).await.expect("products.* must include products.read");
    service.add(&all).await.expect("products.* must include products.write");
    let among = service.token("shop", "orders.read products.*");
    service.add(&among).await.expect("products.* must also work among other scopes");
    let closed = service.remove(&id, &all).await.expect_err("the service has no such method");
    assert_eq!(
        closed.code(),
        Code::PermissionDenied,
        "a method without a rule must stay closed"
    );
    for scope in ["*", ".*", "products*", "prod*", "products.", "orders.*", "products.w*", ""] {
        let token = service.token("shop", scope);
        let code = service.add(&token).await.map_or_else(|status| status.code(), |_| Code::Ok);
        assert_eq!(code, Code::PermissionDenied, "{scope:?} must not include products.write");
    }
}
