//! Every recording of the workspace passes against its own expectations, and fails when one is changed.

use std::sync::Arc;

use athenz_conformance::{Allowed, Identity, Json, Played, Player, Recording, Report, Server, Strictness};

use crate::mock::{Mock, Stage};

async fn play(stage: &Stage, asked: &Recording, answered: &Recording) -> (Played, Arc<Mock>) {
    let mock = Arc::new(Mock::new(stage, answered));
    let player =
        Player::new(Arc::clone(&mock), stage.authority.clone(), stage.clock.clone(), Stage::addresses());
    (player.play(asked).await, mock)
}

fn recording(name: &str) -> Recording {
    let all = Recording::load_own().unwrap();
    all.into_iter().find(|recording| recording.name == name).unwrap()
}

/// Its ids appear in steps that are not compared, so that the mock cannot give them.
const IDS_UNSEEN: &str = "zms-domain-35-protocol";

#[tokio::test(flavor = "multi_thread")]
async fn every_recording_agrees_with_itself() {
    let stage = Stage::new();
    let recordings = Recording::load_own().unwrap();
    assert!(recordings.len() >= 145);
    let mut played = vec![];
    for recording in recordings.iter().filter(|recording| recording.name != IDS_UNSEEN) {
        played.push(play(&stage, recording, recording).await.0);
    }
    let report = Report::new(&played, &Allowed::load_own().unwrap(), Strictness::StrictText);
    assert!(report.passes(), "{report}");
    assert!(report.total > 3800, "{report}");
}

#[tokio::test]
async fn a_changed_answer_is_a_difference() {
    let stage = Stage::new();
    let asked = recording("zms-role-09-member-kinds");
    let mut answered = asked.clone();
    answered.steps[1].expect.status = 200;
    let Json::Object(body) = &mut answered.steps[0].expect.body else { panic!("an object") };
    body.set("org", "other".into());
    let played = [play(&stage, &asked, &answered).await.0];

    let report = Report::new(&played, &Allowed::default(), Strictness::Lenient);
    let found: Vec<_> = report.mismatches.iter().map(|mismatch| mismatch.step.as_str()).collect();
    assert_eq!(found, ["zms-role-09-member-kinds:1", "zms-role-09-member-kinds:2"]);
    assert_eq!(report.mismatches[0].differences[0].place, "body.org");
    assert_eq!(report.mismatches[1].differences[0].place, "status");
    assert!(report.to_string().contains("body.org: want \"o\"  got \"other\""), "{report}");

    let allowed = Allowed::from([
        ("zms-role-09-member-kinds:1", "on purpose"),
        ("zms-role-09-member-kinds:2", "on purpose"),
        ("zms-role-09-member-kinds:3", "was on purpose"),
    ]);
    let report = Report::new(&played, &allowed, Strictness::Lenient);
    assert!(report.passes());
    assert_eq!((report.accepted.len(), report.needless.len()), (2, 1));
}

#[tokio::test]
async fn words_for_a_person_count_only_when_strict() {
    let stage = Stage::new();
    let asked = recording("zms-role-09-member-kinds");
    let mut answered = asked.clone();
    let refused = answered.steps.iter_mut().find(|step| step.expect.body.get("message").is_some()).unwrap();
    let Json::Object(body) = &mut refused.expect.body else { panic!("an object") };
    body.set("message", "in other words".into());
    let played = [play(&stage, &asked, &answered).await.0];
    for (strictness, passes) in [(Strictness::Lenient, true), (Strictness::StrictText, false)] {
        let report = Report::new(&played, &Allowed::default(), strictness);
        assert_eq!((report.passes(), report.text_only), (passes, 1), "{report}");
    }
}

#[tokio::test]
async fn a_scenario_that_cannot_go_on_is_counted() {
    let stage = Stage::new();
    let asked = recording("zms-role-09-member-kinds");
    let mut answered = asked.clone();
    answered.steps.truncate(2);
    let played = [play(&stage, &asked, &answered).await.0];
    let report = Report::new(&played, &Allowed::default(), Strictness::Lenient);
    assert_eq!((report.total, report.stopped.len(), report.passes()), (2, 1, false));
}

#[tokio::test]
async fn requests_carry_what_the_step_says() {
    let stage = Stage::new();
    let asked = recording("zts-cert-01-register");
    let (_, mock) = play(&stage, &asked, &asked).await;
    let requests = mock.requests.lock().unwrap();
    let (first, _) = &requests[0];
    let admin = stage.authority.client("user.admin").unwrap();
    assert_eq!(first.identity, Identity::Certificate(admin), "the administrator asks by default");
    assert_eq!(first.to, Server::Zms);
    assert_eq!(first.path_and_query, "/zms/v1/domain");
    assert!(first.headers.contains(&("content-type".to_owned(), "application/json".to_owned())));
    let (register, _) =
        requests.iter().find(|(request, _)| request.path_and_query == "/zts/v1/instance").unwrap();
    assert_eq!((register.to, &register.identity), (Server::Zts, &Identity::Anonymous));
    let body = Json::parse(register.body.as_ref().unwrap()).unwrap();
    assert!(body.get("csr").unwrap().as_str().unwrap().starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
    assert!(body.get("attestationData").unwrap().as_str().unwrap().starts_with("v=S1;d=ct01;n=api;"));
}
