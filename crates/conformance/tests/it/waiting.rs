//! Steps that repeat their request until a server has caught up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use athenz_conformance::{Answer, Exchange, Played, Player, Recording, Transport, TransportError, play_all};

use crate::mock::Stage;

/// Answers 404 until it was told to settle so many times.
#[derive(Debug)]
struct Lagging {
    lag: usize,
    settled: AtomicUsize,
    asked: Arc<AtomicUsize>,
}

impl Transport for Lagging {
    async fn send(&self, _: Exchange) -> Result<Answer, TransportError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let status = if self.settled.load(Ordering::SeqCst) < self.lag { 404 } else { 200 };
        Ok(Answer { status, ..Answer::default() })
    }

    async fn settle(&self) -> bool {
        self.settled.fetch_add(1, Ordering::SeqCst) < 3
    }
}

fn recording(until: &str) -> Recording {
    let text = format!(
        r#"{{"name": "wait", "steps": [{{"method": "GET", "path": "/x", {until}
            "expect": {{"status": 200, "headers": {{}}, "body": null}}}}]}}"#
    );
    serde_json::from_str(&text).unwrap()
}

async fn play(lag: usize, until: &str) -> (Played, usize) {
    let (stage, asked) = (Stage::new(), Arc::default());
    let transport = Lagging { lag, settled: AtomicUsize::new(0), asked: Arc::clone(&asked) };
    let player = Player::new(transport, stage.authority.clone(), stage.clock.clone(), Stage::addresses());
    let mut played = play_all(&Arc::new(player), vec![recording(until)], 2).await;
    (played.remove(0), asked.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_request_is_repeated_until_the_answer_is_the_awaited_one() {
    for (lag, until, asked, status) in [
        (2, r#""until": {"status": 200},"#, 3, 200),
        (2, "", 1, 404),
        (2, r#""until": {"status": 200}, "within": 0,"#, 1, 404),
        (9, r#""until": {"status": 200},"#, 5, 404),
        (9, r#""until": {"body": {"granted": true}},"#, 5, 404),
    ] {
        let (played, times) = play(lag, until).await;
        assert_eq!((played.steps[0].got.status, times), (status, asked), "{until}");
    }
}

#[test]
fn an_unknown_key_of_a_step_is_a_mistake_and_commentary_is_not() {
    let step = |key: &str| {
        format!(
            r#"{{"name": "n", "steps": [{{"method": "GET", "path": "/", {key},
                "expect": {{"status": 200, "headers": {{}}, "body": null}}}}]}}"#
        )
    };
    assert!(serde_json::from_str::<Recording>(&step(r#""a remark": null"#)).is_ok());
    assert!(serde_json::from_str::<Recording>(&step(r#""unitl": {"status": 200}"#)).is_err());
}
