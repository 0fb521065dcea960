//! Posts and who holds them: acting holders to the minute, vacancies, several posts in one hand.

use super::{
    World, person,
    story::{OPENED, TUESDAY, acting, after, shipped, time},
    targets,
};
use crate::domain::{
    directory::{
        ActingKind::{Plh, Plt},
        roster::{Leave, Roster, Rotation},
    },
    id::PostCode,
};

#[test]
fn an_acting_holder_begins_and_ends_to_the_minute_between_two_pages() {
    let mut world = shipped();
    world.post("DISHUB.kepala").acting = vec![acting(Plh, "DINKES-sekretaris", "24:30", "25:00")];
    after(
        &world,
        OPENED,
        "
        24:00 | wake | missed 1 of 24:00; folded passed [warning 50%, warning 75%]; step 0; -> missed: kepala, penghubung | 24:30
        24:30 | wake | step 0 x2; -> still: DINKES-sekretaris as Plh. DISHUB.kepala, penghubung | 25:00
        25:00 | wake | step 1; -> still: kepala, penghubung, SETDA-asisten | 26:00
        ",
    );
    // A minute later is too late for the page of 24:30.
    world.post("DISHUB.kepala").acting = vec![acting(Plh, "DINKES-sekretaris", "24:31", "25:01")];
    after(
        &world,
        OPENED,
        "
        24:00 | wake | missed 1 of 24:00; folded passed [warning 50%, warning 75%]; step 0; -> missed: kepala, penghubung | 24:30
        24:30 | wake | step 0 x2; -> still: kepala, penghubung | 25:00
        25:00 | wake | step 1; -> still: DINKES-sekretaris as Plh. DISHUB.kepala, penghubung, SETDA-asisten | 26:00
        ",
    );
}

#[test]
fn a_vacant_post_is_skipped_and_one_with_an_acting_holder_is_not() {
    let mut world = shipped();
    world.post("DISHUB.kepala").holder = None;
    after(
        &world,
        OPENED,
        "
        12:00 | wake | warned 50%; -> warning: penghubung | 18:00
        18:00 | wake | warned 75%; skip kepala (vacant); -> warning: sekretaris | 24:00
        24:00 | wake | missed 1 of 24:00; step 0; skip kepala (vacant); -> missed: penghubung | 24:30
        ",
    );
    world.post("DISHUB.kepala").acting = vec![acting(Plt, "sekretaris", "20:00", "9000:00")];
    after(
        &world,
        OPENED,
        "
        12:00 | wake | warned 50%; -> warning: penghubung | 18:00
        18:00 | wake | warned 75%; skip kepala (vacant); -> warning: sekretaris | 24:00
        24:00 | wake | missed 1 of 24:00; step 0; -> missed: penghubung, sekretaris as Plt. DISHUB.kepala | 24:30
        ",
    );
}

#[test]
fn a_step_that_reaches_nobody_is_recorded_and_alarmed_and_the_next_one_comes() {
    let mut world = shipped();
    world.post("DISHUB.kepala").holder = None;
    world
        .directory
        .responders
        .remove(&person("DISHUB-penghubung"));
    after(
        &world,
        OPENED,
        "
        12:00 | wake | warned 50%; skip penghubung (unknown); ALARM nobody for warning 50% | 18:00
        18:00 | wake | warned 75%; skip kepala (vacant); -> warning: sekretaris | 24:00
        24:00 | wake | missed 1 of 24:00; step 0; skip kepala (vacant); skip penghubung (unknown); ALARM nobody for step 0 | 24:30
        24:30 | wake | step 0 x2; skip kepala (vacant); skip penghubung (unknown); ALARM nobody for step 0 | 25:00
        # The first who hears of the miss is told of a miss, not of one that is still there.
        25:00 | wake | step 1; skip kepala (vacant); skip penghubung (unknown); -> missed: SETDA-asisten | 26:00
        ",
    );
}

#[test]
fn a_person_in_two_posts_is_told_once_in_the_higher() {
    // The secretary acts as head.
    let mut world = shipped();
    world.post("DISHUB.kepala").acting = vec![acting(Plh, "sekretaris", "00:00", "9000:00")];
    after(
        &world,
        OPENED,
        "
        12:00 | wake | warned 50%; -> warning: penghubung | 18:00
        18:00 | wake | warned 75%; -> warning: sekretaris as Plh. DISHUB.kepala | 24:00
        ",
    );
    // The head is the officer too.
    let mut world = shipped();
    world.post("DISHUB.penghubung").holder = Some(person("DISHUB-kepala"));
    after(
        &world,
        OPENED,
        "
        12:00 | wake | warned 50%; -> warning: kepala as DISHUB.penghubung | 18:00
        18:00 | wake | warned 75%; -> warning: kepala, sekretaris | 24:00
        24:00 | wake | missed 1 of 24:00; step 0; -> missed: kepala | 24:30
        ",
    );
    // The assistant acts as head: from the step on that names the assistant it is as assistant.
    let mut world = shipped();
    world.post("DISHUB.kepala").acting = vec![acting(Plt, "SETDA-asisten", "00:00", "9000:00")];
    after(
        &world,
        OPENED,
        "
        24:00 | wake | missed 1 of 24:00; folded passed [warning 50%, warning 75%]; step 0; -> missed: penghubung, SETDA-asisten as Plt. DISHUB.kepala | 24:30
        25:00 | wake | step 1; -> still: penghubung, SETDA-asisten | 26:00
        ",
    );
}

#[test]
fn a_holder_without_a_way_to_be_reached_is_skipped() {
    let mut world = shipped();
    let kepala = person("DISHUB-kepala");
    world.directory.responders.get_mut(&kepala).unwrap().methods[0].enabled = false;
    after(
        &world,
        OPENED,
        "24:00 | wake | missed 1 of 24:00; folded passed [warning 50%, warning 75%]; step 0; skip kepala (no contact); -> missed: penghubung | 24:30",
    );
}

#[test]
fn the_post_above_is_found_by_the_tree_and_gaps_are_passed_over_upward() {
    let mut world = shipped();
    world.policy.steps[1].to = targets(&["atasan"]);
    for (code, above) in [
        ("DISHUB.kepala", "SETDA.asisten"),
        ("SETDA.kepala", "GUBERNUR.piket"),
    ] {
        world.post(code).above = Some(PostCode::parse(above).unwrap());
    }
    let until_then = "
        24:00 | wake | missed 1 of 24:00; folded passed [warning 50%, warning 75%]; step 0; -> missed: kepala, penghubung | 24:30
        24:30 | wake | step 0 x2; -> still: kepala, penghubung | 25:00";
    let check = |world: &World, expected: &str| {
        let story = format!("{until_then}\n        25:00 | wake | {expected} | 26:00\n");
        after(world, OPENED, &story);
    };
    check(&world, "step 1; -> still: SETDA-asisten");
    world.post("SETDA.asisten").holder = None;
    check(
        &world,
        "step 1; skip atasan SETDA.asisten > SETDA.kepala (vacant); -> still: SETDA-kepala",
    );
    let sekda = person("SETDA-kepala");
    world.directory.responders.get_mut(&sekda).unwrap().methods[0].enabled = false;
    check(
        &world,
        "step 1; skip atasan SETDA.asisten > SETDA.kepala (vacant); skip atasan SETDA.kepala > GUBERNUR.piket (no contact); -> still: GUBERNUR-piket",
    );
    world.post("GUBERNUR.piket").holder = Some(person("nobody"));
    world.post("GUBERNUR.kepala").holder = None;
    check(
        &world,
        "step 1; skip atasan SETDA.asisten > SETDA.kepala (vacant); skip atasan SETDA.kepala > GUBERNUR.piket (no contact); skip atasan GUBERNUR.piket > GUBERNUR.kepala (unknown); skip atasan GUBERNUR.kepala > nobody (vacant); ALARM nobody for step 1",
    );
    world.post("DISHUB.kepala").above = None;
    check(
        &world,
        "step 1; skip atasan (none above); ALARM nobody for step 1",
    );
}

#[test]
fn a_desk_is_whoevers_turn_it_is_and_a_gap_is_an_alarm_and_no_silence() {
    let at = |text| time(TUESDAY.parse().unwrap(), text);
    let mut world = shipped();
    let members = ["DINKES-kepala", "DINKES-sekretaris"].map(person);
    world.post("SETDA.asisten").roster = Some(Roster {
        members: members.clone().into(),
        rotation: Rotation::Hourly,
        every: 1,
        begins: at("24:45"),
        leave: Vec::new(),
        overrides: Vec::new(),
    });
    let until_then = "
        24:00 | wake | missed 1 of 24:00; folded passed [warning 50%, warning 75%]; step 0; -> missed: kepala, penghubung | 24:30
        24:30 | wake | step 0 x2; -> still: kepala, penghubung | 25:00";
    let check = |world: &World, rows: &str| after(world, OPENED, &format!("{until_then}{rows}"));
    check(
        &world,
        "
        25:00 | wake | step 1; -> still: DINKES-kepala as SETDA.asisten, kepala, penghubung | 26:00
        26:00 | wake | step 1 x2; -> still: DINKES-sekretaris as SETDA.asisten, kepala, penghubung | 27:00
        ",
    );
    if let Some(roster) = &mut world.post("SETDA.asisten").roster {
        roster.leave = members
            .map(|member| Leave {
                member,
                from: at("24:00"),
                until: at("25:30"),
            })
            .into();
    }
    // The regular holder stands in where nobody is on duty.
    check(
        &world,
        "
        25:00 | wake | step 1; -> still: kepala, penghubung, SETDA-asisten | 26:00
        ",
    );
    world.post("SETDA.asisten").holder = None;
    check(
        &world,
        "
        25:00 | wake | step 1; skip post:SETDA.asisten (nobody on duty); ALARM nobody on duty SETDA.asisten; -> still: kepala, penghubung | 26:00
        26:00 | wake | step 1 x2; -> still: DINKES-sekretaris as SETDA.asisten, kepala, penghubung | 27:00
        ",
    );
}
