//! Exercise 2.

use tls::{certs::Certs, client};
use tonic::{Code, transport::Identity};

use crate::client::{get, start};

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_the_server_accepts_the_clients_of_every_ca_in_the_file() {
    let (old, new) = (Certs::create().unwrap(), Certs::create().unwrap());
    let stranger = Certs::create().unwrap();
    let anonymous = client::config(&old, false);
    let addr = start(Certs {
        ca: format!("{}{}", old.ca, new.ca),
        server: old.server.clone(),
        server_key: old.server_key.clone(),
        ..Certs::default()
    })
    .await;
    for (name, certs, accepted) in
        [("first", &old, true), ("second", &new, true), ("third", &stranger, false)]
    {
        let identity = Identity::from_pem(&certs.client, &certs.client_key);
        let code = get(&addr, anonymous.clone().identity(identity)).await;
        let verb = if accepted { "accept" } else { "reject" };
        let right = accepted == (code == Code::NotFound);
        assert!(
            right,
            "the server must {verb} a client of the {name} CA; ca.pem has the first two"
        );
    }
}
