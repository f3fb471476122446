//! How the gateway speaks: HTTP/2, TLS, compression; and what it writes down.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::Bytes;
use h2::client::SendRequest;
use http_of_h2::{Request, Response};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::{behind, gateway, hang_up, start};

/// A certificate in files that go with their test.
struct Files(PathBuf);

impl Files {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("cairn-tls-{}", kernel::TenantId::fresh()));
        std::fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Writes a new certificate; gives it as clients trust it.
    fn certify(&self) -> CertificateDer<'static> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(self.path("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(self.path("key.pem"), made.signing_key.serialize_pem()).unwrap();
        made.cert.der().clone()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

async fn speak_h2(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> SendRequest<Bytes> {
    let (sender, connection) = h2::client::handshake(io).await.unwrap();
    actix_web::rt::spawn(async move { drop(connection.await) });
    sender
}

async fn ask(sender: &SendRequest<Bytes>, request: Request<()>, body: Option<&'static str>) -> (Response<()>, Value) {
    let mut sender = sender.clone().ready().await.unwrap();
    let (answer, mut stream) = sender.send_request(request, body.is_none()).unwrap();
    if let Some(body) = body {
        let (first, last) = body.split_at(body.len() / 2);
        stream.send_data(first.into(), false).unwrap();
        sleep(Duration::from_millis(50)).await;
        stream.send_data(last.into(), true).unwrap();
    }
    let (head, mut stream) = answer.await.unwrap().into_parts();
    let mut all = Vec::new();
    while let Some(chunk) = stream.data().await {
        let chunk = chunk.unwrap();
        stream.flow_control().release_capacity(chunk.len()).unwrap();
        all.extend_from_slice(&chunk);
    }
    (Response::from_parts(head, ()), serde_json::from_slice(&all).unwrap_or(Value::Null))
}

async fn tls(
    address: &str,
    trusted: &CertificateDer<'static>,
    protocols: &[&str],
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

#[actix_web::test]
async fn http_2_carries_requests_bodies_and_refusals() {
    let (files, catalog) = (Files::new(), behind());
    let certificate = files.certify();
    let (cert, key) = (files.path("cert.pem"), files.path("key.pem"));
    let settings =
        [("CAIRN_UPSTREAMS_CATALOG", catalog.url.as_str()), ("CAIRN_TLS_CERT", &cert), ("CAIRN_TLS_KEY", &key)];
    let gateway = gateway(&settings);
    let sender = speak_h2(tls(&gateway.address, &certificate, &["h2"]).await.unwrap()).await;
    let request = |method: &str, path: &str| {
        let bearer = format!("Bearer {}", gateway.token());
        let uri = format!("https://{}{path}", gateway.address);
        Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", bearer)
            .header("te", "trailers")
            .body(())
            .unwrap()
    };
    let (head, shown) = ask(&sender, request("GET", "/catalog/v1/x?a=1"), None).await;
    assert_eq!((head.status().as_u16(), shown["target"].as_str()), (200, Some("/catalog/v1/x?a=1")));
    let told = shown["headers"].to_string();
    assert!(
        !told.contains("\"te\"") && !told.contains("transfer-encoding") && !told.contains("content-length"),
        "{told}"
    );
    assert!(!head.headers().contains_key("connection") && head.headers().contains_key("x-request-id"));
    // A body whose length nobody has said arrives whole.
    let (head, shown) = ask(&sender, request("POST", "/catalog/v1/x"), Some("no length said")).await;
    assert_eq!((head.status().as_u16(), shown["body"].as_str()), (200, Some("no length said")));
    let (head, _) = ask(&sender, request("HEAD", "/catalog/v1/big?bytes=100000"), None).await;
    assert_eq!(head.headers()["content-length"], "100000");
    let (head, problem) = ask(&sender, request("GET", "/nowhere"), None).await;
    assert_eq!((head.status().as_u16(), problem["code"].as_str()), (404, Some("NOT_FOUND")));
}

#[actix_web::test]
async fn tls_is_spoken_with_a_certificate_that_can_be_renewed() {
    let (files, catalog) = (Files::new(), behind());
    let first = files.certify();
    let (cert, key) = (files.path("cert.pem"), files.path("key.pem"));
    let settings =
        [("CAIRN_UPSTREAMS_CATALOG", catalog.url.as_str()), ("CAIRN_TLS_CERT", &cert), ("CAIRN_TLS_KEY", &key)];
    let gateway = gateway(&settings);
    let stream = tls(&gateway.address, &first, &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let sender = speak_h2(stream).await;
    let health = || Request::get("https://localhost/healthz").body(()).unwrap();
    assert_eq!(ask(&sender, health(), None).await.0.status(), 200);
    let stream = tls(&gateway.address, &first, &["http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));

    let second = files.certify();
    hang_up().await;
    assert!(tls(&gateway.address, &first, &["h2"]).await.is_err());
    assert!(tls(&gateway.address, &second, &["h2"]).await.is_ok());
    assert_eq!(ask(&sender, health(), None).await.0.status(), 200, "the old connection goes on");
    // A bad one changes nothing.
    std::fs::write(&key, "no key").unwrap();
    hang_up().await;
    assert!(tls(&gateway.address, &second, &["h2"]).await.is_ok());
}

#[actix_web::test]
async fn a_certificate_that_cannot_be_used_is_refused_at_the_start() {
    let files = Files::new();
    files.certify();
    let (cert, key) = (files.path("cert.pem"), files.path("key.pem"));
    let started = |cert: &str, key: &str| {
        start(&[("CAIRN_TLS_CERT", cert), ("CAIRN_TLS_KEY", key)], &auth::Jwks::default())
            .err()
            .map(|error| error.to_string())
    };
    let missing = started("/nowhere.pem", &key).unwrap();
    assert!(missing.contains("/nowhere.pem") && missing.contains("CAIRN_TLS_CERT"), "{missing}");
    assert!(started(&cert, &cert).unwrap().contains("cannot be used"));
    let other = std::fs::read_to_string(&cert).unwrap();
    files.certify();
    std::fs::write(&cert, other).unwrap();
    assert!(started(&cert, &key).unwrap().contains("cannot be used together"));
}

#[actix_web::test]
async fn long_texts_are_compressed_for_those_who_take_it() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let get = |path: &str, accepts: &str| gateway.request("GET", path).header("accept-encoding", accepts).send();
    for bytes in [5_000, 200_000] {
        let answer = get(&format!("/catalog/v1/text?bytes={bytes}"), "br, gzip;q=0.5").await.unwrap();
        assert_eq!(answer.headers()["content-encoding"], "gzip");
        assert_eq!(answer.headers()["vary"].to_str().unwrap().to_ascii_lowercase(), "accept-encoding");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&answer.bytes().await.unwrap()[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text.len(), bytes);
    }
    for (path, accepts, vary) in [
        ("/catalog/v1/text?bytes=1000", "gzip", false),
        ("/catalog/v1/text?bytes=5000", "br", true),
        ("/catalog/v1/text?bytes=5000", "gzip;q=0", true),
        ("/catalog/v1/text?bytes=5000&kind=text/event-stream", "gzip", false),
        ("/catalog/v1/text?bytes=5000&kind=image/png", "gzip", false),
        ("/catalog/v1/drip?ms=1", "gzip", false),
    ] {
        let answer = get(path, accepts).await.unwrap();
        assert!(!answer.headers().contains_key("content-encoding"), "{path} {accepts}");
        assert_eq!(answer.headers().contains_key("vary"), vary, "{path} {accepts}");
    }
    let already = get("/catalog/v1/text?bytes=5000&encoding=br", "gzip, br").await.unwrap();
    assert_eq!(
        (already.headers()["content-encoding"].to_str().unwrap(), already.content_length()),
        ("br", Some(5_000))
    );
    let docs = get("/openapi.json", "gzip").await.unwrap();
    assert_eq!(docs.headers()["content-encoding"], "gzip");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn each_request_is_a_line_without_secrets() {
    let log = Log::default();
    let lines = log.clone();
    tracing_subscriber::fmt().json().with_writer(move || lines.clone()).init();
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url), ("CAIRN_ACCESS_LOG", "true")]);
    let claims = gateway.claims();
    let token = gateway.sign(&claims);
    let answer =
        gateway.anonymous("GET", "/catalog/v1/big?bytes=70000&secret=1").bearer_auth(&token).send().await.unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    answer.bytes().await.unwrap();
    gateway.anonymous("GET", "/nowhere").send().await.unwrap().text().await.unwrap();
    sleep(Duration::from_millis(100)).await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("secret=1") && !text.contains(&token));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines: Vec<_> = lines.iter().filter(|line| line["target"] == "access").map(|line| &line["fields"]).collect();
    let [big, nowhere] = lines[..] else { panic!("{text}") };
    assert_eq!((big["method"].as_str(), big["path"].as_str()), (Some("GET"), Some("/catalog/v1/big")));
    assert_eq!(
        (big["status"].as_u64(), big["bytes"].as_u64(), big["service"].as_str()),
        (Some(200), Some(70_000), Some("catalog"))
    );
    assert_eq!(
        (big["client"].as_str(), big["user"].as_str()),
        (Some("127.0.0.1"), Some(claims.sub.to_string().as_str()))
    );
    assert_eq!(big["trace_id"], id);
    assert_eq!(
        (nowhere["status"].as_u64(), nowhere["service"].as_str(), nowhere["user"].as_str()),
        (Some(404), Some("gateway"), Some(""))
    );
    assert!(nowhere["bytes"].as_u64() > Some(100));
}
