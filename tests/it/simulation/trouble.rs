//! What happens to processes, to the Lease, and to what they have made.

use std::time::Duration;

use albedo::clock::Clock as _;

use super::drift;
use super::run::{INTERREGNUM, Run};
use crate::support::clock::elapsed;

impl Run {
    /// Something happens to processes or to the API server.
    pub async fn trouble(&mut self) {
        match self.dice.below(8) {
            0 => {
                let time = self.dice.time(Duration::from_secs(40));
                self.stage.trace.count("api server away");
                self.stage.trace.line("the API server", || format!("is away for {time:?}"));
                self.stage.be_away(time);
            }
            1 | 2 => self.flap(),
            3 => self.run_out().await,
            4 | 5 => self.kill(),
            6 => _ = self.cut(),
            _ => {
                if self.processes.len() < 2 {
                    self.start();
                }
            }
        }
        let pause = self.dice.time(Duration::from_secs(20));
        self.sleep(pause).await;
    }

    /// The Lease goes to somebody else, who perhaps has heard of nothing for a while.
    pub async fn pass_on(&mut self) {
        let mut heir = None;
        if self.dice.falls(500) {
            heir = self.cut();
            let count = 1 + self.dice.below(3);
            self.rush(count).await;
            let pause = self.dice.time(Duration::from_secs(60));
            self.sleep(pause).await;
        }
        self.flap();
        if self.dice.falls(300) {
            self.drift();
        }
        let pause = self.free_at.saturating_sub(elapsed());
        self.clock.sleep(pause).await;
        match heir {
            Some(place) if self.leader.is_none() => self.crown(place),
            _ => self.elect(),
        }
    }

    /// The watches of somebody who does not lead hear nothing for a while, or those of anybody.
    /// Says whose, by place.
    fn cut(&mut self) -> Option<usize> {
        let others = (0..self.processes.len()).filter(|place| Some(*place) != self.leader);
        let others: Vec<usize> = others.collect();
        let place = match others.first() {
            Some(_) => *self.dice.one_of(&others),
            None if self.processes.is_empty() => return None,
            None => self.dice.below(self.processes.len()),
        };
        let time = self.dice.time(Duration::from_secs(180));
        let pid = self.processes[place].pid;
        self.stage.trace.count("watches cut");
        self.stage.trace.line(&format!("p{pid}"), || format!("hears nothing for {time:?}"));
        self.stage.cut(pid, time);
        Some(place)
    }

    /// The leader loses the Lease, and hears of it.
    pub fn flap(&mut self) {
        let Some(place) = self.leader.take() else { return };
        self.stage.trace.count("lease flap");
        self.processes[place].follow();
        self.free_at = elapsed() + INTERREGNUM + self.dice.time(Duration::from_secs(10));
    }

    /// The leader's tenure runs out, and it is told late.
    async fn run_out(&mut self) {
        let Some(place) = self.leader.take() else { return };
        self.stage.trace.count("lease runs out");
        let left = self.dice.time(Duration::from_secs(4));
        self.processes[place].lead_until(left);
        self.free_at = elapsed() + left + INTERREGNUM + self.dice.time(Duration::from_secs(10));
        if self.dice.falls(500) {
            self.clock.sleep(left + self.dice.time(Duration::from_secs(4))).await;
            self.processes[place].follow();
        }
    }

    /// A process is killed; perhaps another one is started.
    pub fn kill(&mut self) {
        if self.processes.is_empty() {
            return;
        }
        self.stage.trace.count("kill");
        let place = self.dice.below(self.processes.len());
        match self.leader {
            Some(leader) if leader == place => {
                self.leader = None;
                self.free_at = elapsed() + INTERREGNUM + self.dice.time(Duration::from_secs(15));
            }
            Some(leader) if leader > place => self.leader = Some(leader - 1),
            _ => {}
        }
        drop(self.processes.remove(place));
        if self.processes.is_empty() || self.is_restless || self.dice.falls(500) {
            self.stage.trace.count("restart");
            self.start();
        }
    }

    /// All processes are gone.
    pub fn kill_all(&mut self) {
        self.processes.clear();
        self.leader = None;
        self.free_at = elapsed() + INTERREGNUM;
    }

    /// Another hand is in AWS.
    pub fn drift(&mut self) {
        let dice = &mut self.dice;
        let before = self.site.aws.everything();
        let what = self.site.aws.change(|state| drift::meddle(state, dice));
        if let Some(what) = what {
            self.stage.trace.count(format!("drift {}", what.0));
            self.stage.trace.line("another hand", || format!("{}: {}", what.0, what.1));
            self.has_drifted = true;
            self.judge.pardon(&before, &self.site.aws.everything());
        }
    }
}
