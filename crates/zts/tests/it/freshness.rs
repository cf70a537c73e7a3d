//! How far this server is: told with every answer, waited for when asked.

use athenz_zts::source::{Checkpoint, Epoch, Event};
use http::Request;
use serde_json::json;

use crate::world::{Answer, World};

fn reach(world: &World, epoch: u64, sequence: u64) {
    world.state.replica.apply(vec![Event::Checkpoint(Checkpoint { epoch: Epoch(epoch), sequence })]);
}

async fn ask(world: &World, revision: &str) -> Answer {
    let request = Request::get("/zts/v1/domain/sports/service/api");
    let request = match revision {
        "" => request,
        revision => request.header("athenz-revision", revision),
    };
    world.send("user.bob", request.body(String::new()).unwrap()).await
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test(start_paused = true)]
async fn an_answer_says_how_far_it_goes_and_waits_for_what_the_caller_has_seen() {
    let world = World::new();
    assert_eq!(header(&ask(&world, "").await, "athenz-revision"), None, "nothing is known yet");
    reach(&world, 1, 5);
    let refused = ask(&world, "").await;
    assert_eq!(
        (refused.status, header(&refused, "athenz-revision")),
        (404, Some("1.5")),
        "refusals say it too"
    );

    let arrives = async {
        world.domain(json!({"name": "sports", "services": [{"name": "sports.api"}]}));
        reach(&world, 1, 9);
    };
    let (answer, ()) = tokio::join!(ask(&world, "1.8"), arrives);
    assert_eq!((answer.status, header(&answer, "athenz-revision")), (200, Some("1.9")), "{}", answer.body);
    assert_eq!(header(&answer, "age"), None, "it is as new as was asked");

    world.clock.advance_seconds(30);
    for ahead in ["1.10", "2.1"] {
        let late = ask(&world, ahead).await;
        assert_eq!((late.status, header(&late, "athenz-revision")), (200, Some("1.9")), "{ahead}");
        assert_eq!(header(&late, "age"), Some("30"), "{ahead}: it is not, and says how old it is");
    }
    let junk = ask(&world, "soon").await;
    assert_eq!((junk.status, junk.message()), (400, "Athenz-Revision must be one that a server gave"));
}
