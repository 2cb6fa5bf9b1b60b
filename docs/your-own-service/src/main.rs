use std::{env, error::Error, time::Duration};

use tokio::{net::TcpListener, select, signal, time::sleep};
use tonic::transport::{self, Endpoint, Server, server::TcpIncoming};
use tonic::{Request, Response, Status};

use pb::weather_server::{Weather, WeatherServer};
use pb::{GetTemperatureRequest, GetTemperatureResponse, weather_client::WeatherClient};

mod pb {
    tonic::include_proto!("weather.v1");
}

struct Stations;

#[tonic::async_trait]
impl Weather for Stations {
    async fn get_temperature(
        &self,
        request: Request<GetTemperatureRequest>,
    ) -> Result<Response<GetTemperatureResponse>, Status> {
        let city = request.into_inner().city;
        let celsius = match city.as_str() {
            "" => return Err(Status::invalid_argument("city must not be empty")),
            "Colombo" => 27.5,
            "Seoul" => 12.0,
            _ => return Err(Status::not_found(format!("no station in {city:?}"))),
        };
        Ok(Response::new(GetTemperatureResponse { celsius }))
    }
}

async fn serve(
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), transport::Error> {
    let weather = WeatherServer::new(Stations).max_decoding_message_size(64 * 1024);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder()
        .timeout(Duration::from_secs(10))
        .max_concurrent_streams(200)
        .http2_max_pending_accept_reset_streams(Some(1_000))
        .http2_keepalive_interval(Some(Duration::from_secs(60)))
        .add_service(weather)
        .serve_with_incoming_shutdown(incoming, shutdown)
        .await
}

async fn ask(target: &str, city: String) -> Result<f32, Box<dyn Error>> {
    let endpoint =
        Endpoint::from_shared(format!("http://{target}"))?.connect_timeout(Duration::from_secs(5));
    let mut client = WeatherClient::new(endpoint.connect().await?);
    let mut request = Request::new(GetTemperatureRequest { city });
    request.set_timeout(Duration::from_secs(2));
    let response = client.get_temperature(request).await?;
    Ok(response.into_inner().celsius)
}

/// Returns at Ctrl-C, or at the SIGTERM that Kubernetes sends.
async fn stop_signal() -> Option<()> {
    #[cfg(unix)]
    {
        let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate()).ok()?;
        select! { _ = signal::ctrl_c() => None, signal = terminate.recv() => signal }
    }
    #[cfg(not(unix))]
    signal::ctrl_c().await.ok()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if let Some(city) = env::args().nth(1) {
        println!("{} °C", ask("127.0.0.1:50051", city).await?);
        return Ok(());
    }
    let listener = TcpListener::bind("127.0.0.1:50051").await?;
    println!("listening on {}", listener.local_addr()?);
    let shutdown = async {
        stop_signal().await;
    };
    let end_of_grace_period = async {
        stop_signal().await;
        sleep(Duration::from_secs(10)).await;
    };
    select! {
        result = serve(listener, shutdown) => Ok(result?),
        () = end_of_grace_period => Err("connections were still open after 10 s".into()),
    }
}

#[tokio::test]
async fn only_a_city_with_a_station_has_a_temperature() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap().to_string();
    tokio::spawn(serve(listener, std::future::pending()));
    assert_eq!(ask(&target, "Seoul".into()).await.unwrap(), 12.0);
    let error = ask(&target, "Atlantis".into()).await.unwrap_err();
    let status = error.downcast_ref::<Status>().unwrap();
    assert_eq!(status.code(), tonic::Code::NotFound);
}
