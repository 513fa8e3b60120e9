use super::*;

const WATCH_SECONDS: u32 = 60;

fn at(seconds: u64) -> Moment {
    Moment::after_start(Duration::from_secs(seconds))
}

/// A watch that listed everything at version 10, from second 1 on.
fn listed() -> Course {
    let mut course = Course::new(WATCH_SECONDS);
    assert_eq!(course.listed(at(1), "10", None), Some(at(1)));
    course
}

fn watch(version: &str, seconds: u32) -> Ask {
    Ask::Watch(version.to_owned(), seconds)
}

#[test]
fn a_list_goes_part_by_part_and_is_as_new_as_its_beginning() {
    let mut course = Course::new(WATCH_SECONDS);
    assert!(course.is_beginning());
    assert_eq!(course.next(), Ask::Page(None));
    assert_eq!(course.listed(at(1), "10", Some("token".to_owned())), None);
    assert!(!course.is_beginning());
    assert_eq!(course.next(), Ask::Page(Some("token".to_owned())));
    assert_eq!(course.listed(at(5), "10", None), Some(at(1)));
    assert_eq!(course.next(), watch("10", WATCH_SECONDS));
}

#[test]
fn a_watch_goes_on_where_it_stood_and_lists_anew_only_where_that_is_gone() {
    let mut course = listed();
    assert_eq!(course.passed("12".to_owned()), None);
    course.ended();
    assert_eq!(course.next(), watch("12", WATCH_SECONDS));
    course.expired();
    assert!(course.is_beginning());
    assert_eq!(course.next(), Ask::Page(None));
}

#[test]
fn a_list_whose_next_part_is_gone_begins_anew() {
    let mut course = Course::new(WATCH_SECONDS);
    course.listed(at(1), "10", Some("token".to_owned()));
    course.expired();
    assert!(course.is_beginning());
    assert_eq!(course.listed(at(9), "20", None), Some(at(9)));
}

#[test]
fn a_proof_is_having_come_as_far_as_the_cluster_was_when_it_was_asked() {
    let mut course = listed();
    assert!(!course.want(at(1)), "the list is as new as that");
    assert!(course.want(at(2)));
    assert_eq!(course.next(), Ask::Version);
    assert_eq!(course.answered(at(3), "15"), None);
    assert_eq!(course.next(), watch("10", PROOF_SECONDS));
    assert_eq!(course.passed("14".to_owned()), None);
    assert_eq!(course.passed("15".to_owned()), Some(at(3)));
    assert!(!course.want(at(3)));
    course.ended();
    assert_eq!(course.next(), watch("15", WATCH_SECONDS));
}

#[test]
fn where_nothing_has_happened_the_answer_is_the_proof() {
    let mut course = listed();
    course.want(at(2));
    assert_eq!(course.answered(at(3), "10"), Some(at(3)));
    assert_eq!(course.next(), watch("10", WATCH_SECONDS));
}

#[test]
fn a_later_wish_while_a_proof_is_looked_for_is_asked_for_again() {
    let mut course = listed();
    course.want(at(2));
    course.answered(at(3), "15");
    assert!(course.want(at(4)));
    assert_eq!(course.passed("16".to_owned()), Some(at(3)));
    assert_eq!(course.next(), Ask::Version);
}

#[test]
fn a_proof_that_does_not_come_is_a_list() {
    let mut course = listed();
    course.want(at(2));
    course.answered(at(3), "15");
    for _ in 0..PROOF_TRIES {
        assert_eq!(course.next(), watch("10", PROOF_SECONDS));
        course.ended();
    }
    assert_eq!(course.next(), Ask::Page(None));
    assert_eq!(course.listed(at(20), "16", None), Some(at(20)));
    assert!(!course.want(at(2)));
}

#[test]
fn versions_that_are_no_numbers_are_proved_by_a_list() {
    let mut course = listed();
    course.want(at(2));
    assert_eq!(course.answered(at(3), "zebra"), None);
    assert_eq!(course.next(), Ask::Page(None));
}

#[test]
fn answers_of_no_use_lead_to_a_list_and_one_of_use_forgets_them() {
    let mut course = listed();
    for _ in 1..REFUSALS_MAX {
        course.refused();
    }
    course.passed("11".to_owned());
    for _ in 1..REFUSALS_MAX {
        course.refused();
        assert_eq!(course.next(), watch("11", WATCH_SECONDS));
    }
    course.refused();
    assert_eq!(course.next(), Ask::Page(None));
}

#[test]
fn pauses_double_up_to_a_limit_and_start_anew() {
    let mut trouble = Trouble::default();
    let mut pause = || {
        trouble.is_news("down");
        trouble.pause().as_millis()
    };
    let pauses: Vec<u128> = (0..8).map(|_| pause()).collect();
    assert_eq!(pauses, [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    assert!(trouble.is_over());
    assert!(!trouble.is_over());
    assert!(trouble.is_news("down"));
    assert_eq!(trouble.pause(), PAUSE_MIN);
}

#[test]
fn the_same_failure_is_news_once() {
    let mut trouble = Trouble::default();
    let news = ["a", "a", "b", "b", "a"].map(|message| trouble.is_news(message));
    assert_eq!(news, [true, false, true, false, true]);
}
