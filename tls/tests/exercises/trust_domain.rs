//! Exercise 1.

use tls::{certs::Authority, client};
use tonic::{Code, transport::Identity};

use crate::client::{get, start};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_only_identities_of_the_trust_domain_get_products() {
    let authority = Authority::new().unwrap();
    let certs = authority.certs().unwrap();
    let anonymous = client::config(&certs, false);
    let addr = start(certs).await;
    for (uri, expected) in [
        ("spiffe://productinfo.example/reader", Code::NotFound),
        ("spiffe://other.example/reader", Code::PermissionDenied),
        ("spiffe://productinfo.example.net/reader", Code::PermissionDenied),
        ("https://productinfo.example/reader", Code::PermissionDenied),
    ] {
        let (cert, key) = authority.client(uri).unwrap();
        let config = anonymous.clone().identity(Identity::from_pem(cert, key));
        let code = get(&addr, config).await;
        assert_eq!(
            code, expected,
            "getProduct with the identity {uri} ends with the wrong code"
        );
    }
}
