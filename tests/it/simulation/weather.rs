//! The weather: how calls and events fare, and storms that pass over a cluster while people work.

use std::time::Duration;

use super::acm;
use super::dice::Dice;
use super::edit::Edit;
use super::ending;
use super::run::Run;
use super::stage::{Climate, Weather};

/// What people do in a storm: what sets much in motion.
const RUSH: [Edit; 15] = [
    Edit::Add,
    Edit::Delete,
    Edit::HandOver,
    Edit::HandOver,
    Edit::MoveGroup,
    Edit::Rules,
    Edit::Own,
    Edit::Tls,
    Edit::Ask,
    Edit::Break,
    Edit::Mend,
    Edit::Scale,
    Edit::Roll,
    Edit::Service,
    Edit::SecretRenewed,
];
/// How many things are done in a storm.
const RUSH_MIN: usize = 2;
const RUSH_MORE: usize = 4;

/// Some of everything.
pub fn any(dice: &mut Dice) -> Weather {
    let mut odds = |most: usize| if dice.falls(400) { dice.below(most) } else { 0 };
    let mut climate = || Climate {
        error: odds(250),
        throttle: odds(200),
        lost: odds(250),
        slow: odds(500),
        queue: odds(150),
    };
    let (aws, cluster) = (climate(), climate());
    let (late, expired, partial) = (odds(500), odds(120), odds(300));
    Weather { aws, cluster, late, expired, partial, stuck: odds(300) }
}

/// A storm: it hits one side, and some of AWS comes to a standstill.
fn foul(dice: &mut Dice) -> Weather {
    let mut weather = Weather { stuck: dice.below(400), ..Weather::default() };
    let climate = if dice.falls(500) { &mut weather.aws } else { &mut weather.cluster };
    *climate = Climate {
        error: dice.below(300),
        lost: dice.below(300),
        slow: dice.below(500),
        ..Climate::default()
    };
    weather
}

impl Run {
    pub fn change_weather(&mut self, weather: Weather) {
        self.stage.trace.line("the weather", || format!("{weather:?}"));
        self.stage.set_weather(weather);
        let mut dice = self.dice.split();
        self.site.aws.change(|state| acm::change_mood(state, &mut dice));
    }

    /// Much is done in foul weather, which passes before all of that has come to its end.
    pub async fn storm(&mut self) {
        let weather = foul(&mut self.dice);
        self.change_weather(weather);
        if self.dice.falls(400) {
            self.flap();
        }
        let count = RUSH_MIN + self.dice.below(RUSH_MORE);
        self.rush(count).await;
        let pause = self.dice.time(Duration::from_secs(10));
        self.sleep(pause).await;
        self.rest_and_look().await;
    }

    /// Much is done at once.
    pub async fn rush(&mut self, count: usize) {
        for _ in 0..count {
            let edit = *self.dice.one_of(&RUSH);
            self.change(edit).await;
            let pause = self.dice.time(Duration::from_secs(2));
            self.sleep(pause).await;
        }
    }

    /// All comes to rest, and is as it is believed to be.
    pub async fn rest_and_look(&mut self) {
        if !self.rest().await {
            return;
        }
        ending::remembered(self);
        ending::bounded(self);
        if !self.has_drifted {
            ending::believed(self).await;
        }
        if self.dice.falls(250) {
            ending::seen(self).await;
        }
    }
}
