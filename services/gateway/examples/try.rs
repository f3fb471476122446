//! Temporary.
use actix_web::{App, HttpResponse, HttpServer, web as actix};
use auth::*;
use kernel::{config::Config, keys::MasterKey, *};
use std::net::TcpListener;
use std::sync::Arc;

#[actix_web::main]
async fn main() {
    let contract = std::fs::read_to_string(std::env::args().nth(1).unwrap_or_default()).unwrap_or(r#"{"openapi":"3.1.0","info":{"title":"Cairn","version":"0.1.0"},"paths":{"/identity/v1/sessions":{"post":{"tags":["sessions"],"operationId":"open_session","summary":"Sign in","responses":{"201":{"description":"Signed in"}}}},"/catalog/v1/products":{"get":{"tags":["products"],"operationId":"list_products","summary":"List products","security":[{"bearer":["catalog:product:read"]}],"responses":{"200":{"description":"Products"}}}}},"components":{"securitySchemes":{"bearer":{"type":"http","scheme":"bearer","bearerFormat":"JWT"}}}}"#.to_owned());
    let body = format!("{{\"id\":\"{}\",\"name\":\"{}\"}}", UserId::fresh(), "x".repeat(300));
    let up = HttpServer::new(move || {
        let body = body.clone();
        App::new().route(
            "/catalog/v1/products",
            actix::get().to(move || {
                let body = body.clone();
                async move {
                    HttpResponse::Ok().insert_header(("etag", "\"1\"")).content_type("application/json").body(body)
                }
            }),
        )
    })
    .workers(1)
    .bind("127.0.0.1:7402")
    .unwrap()
    .run();
    actix_web::rt::spawn(up);
    let pairs = [
        ("CAIRN_MASTER_KEY".to_owned(), MasterKey::random().unwrap().to_text()),
        ("CAIRN_WORKERS".to_owned(), "1".to_owned()),
        ("CAIRN_RATE_USER".to_owned(), "1000000".to_owned()),
        ("CAIRN_RATE_TENANT".to_owned(), "1000000".to_owned()),
    ];
    let context = web::Context::new("gateway", Arc::new(Config::from_pairs(pairs).unwrap()), Clock::system()).unwrap();
    let key = SigningKey::from_seed("k1", &[7; 32]).unwrap();
    context.verifier.set_keys(&Jwks { keys: vec![key.public()] });
    let now = context.clock.now();
    let claims = Claims {
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
        sub: UserId::fresh(),
        tid: TenantId::fresh(),
        sid: SessionId::fresh(),
        perms: Patterns::new(["catalog:*:*".to_owned(), "adoption:*:read".to_owned()]),
        pwc: false,
        iat: now.timestamp(),
        ims: now.timestamp_millis(),
        nbf: now.timestamp(),
        exp: now.timestamp() + 36000,
    };
    println!("{}", key.sign(&claims).unwrap());
    let listener = TcpListener::bind("127.0.0.1:7400").unwrap();
    let _running = gateway::serve(context, listener, contract).unwrap();
    actix_web::rt::time::sleep(std::time::Duration::from_secs(3600)).await;
}
