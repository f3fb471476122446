//! Who may pass, and how often.

use auth::{Claims, Jwks, Revocation, SigningKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::support::{behind, gateway, problem, start};

#[actix_web::test]
async fn without_a_token_only_public_operations_pass() {
    let (catalog, identity) = (behind(), behind());
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url), ("CAIRN_UPSTREAMS_IDENTITY", &identity.url)]);
    for (method, path, passes) in [
        ("POST", "/identity/v1/sessions", true),
        ("GET", "/catalog/v1/open/1", true),
        ("GET", "/identity/v1/sessions", false),
        ("POST", "/catalog/v1/open/1", false),
        ("GET", "/catalog/v1/products", false),
        ("GET", "/catalog/v1/nothing-known", false),
        ("HEAD", "/catalog/v1/open/1", true),
        // It tells no more than the contract does.
        ("OPTIONS", "/catalog/v1/products", true),
    ] {
        let answer = gateway.anonymous(method, path).send().await.unwrap();
        if passes {
            assert_eq!(answer.status(), 200, "{method} {path}");
        } else {
            assert_eq!(answer.status(), 401, "{method} {path}");
            assert_eq!(answer.headers()["www-authenticate"], "Bearer");
            assert_eq!(problem(answer).await, "TOKEN_MISSING");
        }
    }
    assert_eq!(gateway.get("/catalog/v1/nothing-known").await.status(), 200, "the service decides");
    assert_eq!(catalog.asked(), 4);
}

#[actix_web::test]
async fn a_forged_or_revoked_token_does_not_pass() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url)]);
    let own = gateway.token();
    let same_id = gateway.token_signed_by(&SigningKey::from_seed("k1", &[8; 32]).unwrap());
    let other_id = gateway.token_signed_by(&SigningKey::from_seed("k2", &[8; 32]).unwrap());
    let cut = own.rsplit_once('.').unwrap().0.to_owned() + ".";
    let claims = gateway.claims();
    let payload = own.split('.').nth(1).unwrap();
    let headed = |header: &str, signature: &str| format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode(header));
    let (now, signature) = (claims.iat, own.rsplit_once('.').unwrap().1);
    for token in [
        same_id,
        other_id,
        cut,
        "nonsense".to_owned(),
        "a.b.c".to_owned(),
        headed(r#"{"alg":"none","typ":"JWT","kid":"k1"}"#, ""),
        headed(r#"{"alg":"None","typ":"JWT","kid":"k1"}"#, signature),
        headed(r#"{"alg":"HS256","typ":"JWT","kid":"k1"}"#, signature),
        headed(r#"{"alg":"EdDSA","typ":"JWT"}"#, signature),
        gateway.sign(&Claims { iss: "somebody".to_owned(), ..claims.clone() }),
        gateway.sign(&Claims { aud: "elsewhere".to_owned(), ..claims.clone() }),
        gateway.sign(&Claims { nbf: now + 600, ..claims.clone() }),
        gateway.sign(&Claims { exp: now - 60, ..claims.clone() }),
    ] {
        let answer = gateway.anonymous("GET", "/catalog/v1/products").bearer_auth(token).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), problem(answer).await.as_str()), (401, "TOKEN_INVALID"));
    }
    let get =
        || async { gateway.anonymous("GET", "/catalog/v1/products").bearer_auth(&own).send().await.unwrap().status() };
    assert_eq!(get().await, 200);
    let now = gateway.context.clock.now();
    let caller = gateway.context.verifier.verify(&own, now).unwrap();
    gateway.context.verifier.revocations().add(Revocation::Session(caller.session), now, now);
    assert_eq!(get().await, 401);
    assert_eq!(catalog.asked(), 1);
}

#[actix_web::test]
async fn without_keys_nobody_is_told_that_a_token_is_wrong() {
    let (address, _, _running) = start(&[], &Jwks::default()).unwrap();
    let key = SigningKey::from_seed("k1", &[7; 32]).unwrap();
    let token = gateway(&[]).token_signed_by(&key);
    let answer = reqwest::Client::new()
        .get(format!("http://{address}/catalog/v1/products"))
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!((answer.status().as_u16(), problem(answer).await.as_str()), (503, "UNAVAILABLE"));
}

#[actix_web::test]
async fn a_users_budget_is_told_and_kept() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url), ("CAIRN_RATE_USER", "2")]);
    let token = gateway.token();
    let get = |token: &str| gateway.anonymous("GET", "/catalog/v1/gone").bearer_auth(token).send();
    for left in [2, 2, 1, 0] {
        let answer = get(&token).await.unwrap();
        assert_eq!(answer.headers()["ratelimit-policy"], "\"user\";q=2;w=1");
        assert_eq!(answer.headers()["ratelimit"], format!("\"user\";r={left};t=1").as_str());
    }
    let answer = get(&token).await.unwrap();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(answer.headers()["ratelimit"], "\"user\";r=0;t=1");
    assert_eq!(problem(answer).await, "RATE_LIMITED");
    assert_eq!(get(&gateway.token()).await.unwrap().status(), 404, "another user has a budget of their own");
}

#[actix_web::test]
async fn a_tenants_budget_is_kept_across_its_users() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url), ("CAIRN_RATE_TENANT", "1")]);
    let token = gateway.token();
    let get = || async { gateway.anonymous("GET", "/catalog/v1/products").bearer_auth(&token).send().await.unwrap() };
    assert_eq!((get().await.status().as_u16(), get().await.status().as_u16()), (200, 200));
    let answer = get().await;
    assert_eq!(answer.headers()["ratelimit-policy"], "\"tenant\";q=1;w=1");
    assert_eq!(answer.status(), 429);
}

#[actix_web::test]
async fn callers_without_a_good_token_share_their_addresss_budget() {
    let catalog = behind();
    let gateway = gateway(&[("CAIRN_UPSTREAMS_CATALOG", &catalog.url), ("CAIRN_RATE_ADDRESS", "1")]);
    let open = gateway.anonymous("GET", "/catalog/v1/open/1").send().await.unwrap();
    assert_eq!(
        (open.status().as_u16(), &open.headers()["ratelimit-policy"]),
        (200, &"\"address\";q=1;w=1".parse().unwrap())
    );
    let forged = || gateway.anonymous("GET", "/catalog/v1/products").bearer_auth("nonsense").send();
    assert_eq!(forged().await.unwrap().status(), 401);
    assert_eq!(forged().await.unwrap().status(), 429);
    assert_eq!(gateway.get("/catalog/v1/products").await.status(), 200, "a good token has its own budget");
}
