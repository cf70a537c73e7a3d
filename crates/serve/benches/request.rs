//! What a request costs in process, without TLS and without the handler's own work.
#![allow(clippy::panic, reason = "a benchmark that cannot start says why")]

use std::sync::Arc;

use athenz_model::wire::operations::ZMS;
use athenz_model::{SystemClock, Timestamp};
use athenz_serve::access_log::AccessLog;
use athenz_serve::caller::{CertificateAuthority, CertificateRules};
use athenz_serve::peer::Leaf;
use athenz_serve::wire::json_bytes;
use athenz_serve::{Answer, Authenticator, Call, Mount, Peer, Router};
use bytes::Bytes;
use http::Request;
use http_body_util::Empty;

fn main() {
    divan::main();
}

async fn granted(_: Arc<()>, call: Call) -> Answer {
    call.caller()?;
    call.check_parameters()?;
    Ok(json_bytes("{\"granted\":true}"))
}

fn router(log: Option<AccessLog>) -> Router {
    let certificates = CertificateAuthority::new(CertificateRules::default());
    let mount = Mount::new("/zms/v1", ZMS, Arc::new(()))
        .authenticator(Arc::new(Authenticator::new(vec![Arc::new(certificates)])))
        .handle("getAccess", granted);
    let builder = Router::builder(Arc::new(SystemClock)).mount(mount);
    let builder = match log {
        Some(log) => builder.access_log(log),
        None => builder,
    };
    builder.build().unwrap_or_else(|error| panic!("{error}"))
}

fn peer() -> Arc<Peer> {
    let leaf = Leaf {
        common_names: vec!["sports.api".into()],
        not_after: Timestamp::from_seconds(i64::MAX / 1000),
        ..Leaf::default()
    };
    Arc::new(Peer::with_leaf(([192, 0, 2, 1], 1).into(), leaf))
}

fn run(bencher: divan::Bencher<'_, '_>, router: &Router) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
    let peer = peer();
    bencher.bench_local(|| {
        let request = Request::get("/zms/v1/access/read/sports:data.scores?principal=user.jane")
            .header("host", "zms.athenz.example:4443")
            .header("user-agent", "bench")
            .body(Empty::<Bytes>::new());
        let request = request.unwrap_or_else(|error| panic!("{error}"));
        runtime.block_on(router.handle(request, Arc::clone(&peer)))
    });
}

#[divan::bench]
fn access_check(bencher: divan::Bencher<'_, '_>) {
    run(bencher, &router(None));
}

#[divan::bench]
fn access_check_logged(bencher: divan::Bencher<'_, '_>) {
    let log = AccessLog::writer(std::io::sink()).unwrap_or_else(|error| panic!("{error}"));
    run(bencher, &router(Some(log)));
}
