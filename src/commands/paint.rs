//! Colours, for people who look at a terminal.

use std::io::IsTerminal as _;

/// Whether and how text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// As it is.
    Plain,
    /// With the escape sequences of a terminal (ECMA-48).
    Coloured,
}

const RED: u8 = 31;
const GREEN: u8 = 32;
const YELLOW: u8 = 33;
const DIM: u8 = 2;

impl Paint {
    /// What standard output is for: coloured on a terminal only, unless `NO_COLOR` says anything
    /// (no-color.org) or the terminal can do nothing.
    pub fn of_output() -> Self {
        let is_set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let is_dumb = is_set("TERM").is_some_and(|terminal| terminal == "dumb");
        if std::io::stdout().is_terminal() && is_set("NO_COLOR").is_none() && !is_dumb {
            Self::Coloured
        } else {
            Self::Plain
        }
    }

    fn with(self, colour: u8, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\x1b[{colour}m{text}\x1b[0m"),
        }
    }

    /// What is said by the way.
    pub fn dim(self, text: &str) -> String {
        self.with(DIM, text)
    }

    /// What is wrong.
    pub fn bad(self, text: &str) -> String {
        self.with(RED, text)
    }

    /// What is doubtful.
    pub fn doubtful(self, text: &str) -> String {
        self.with(YELLOW, text)
    }

    /// What is well.
    pub fn good(self, text: &str) -> String {
        self.with(GREEN, text)
    }

    /// A plan, by the signs that start its lines.
    pub fn plan(self, text: &str) -> String {
        let lines = text.lines().map(|line| match line.get(..4) {
            Some("  + ") => self.good(line),
            Some("  ~ ") => self.doubtful(line),
            Some("  - " | "  ! ") => self.bad(line),
            Some(_) | None => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::Paint;

    #[test]
    fn a_plan_is_coloured_by_its_signs() {
        let plan = "balancer shop/web\n  + rule 1\n  ~ rule 2\n  - rule 3";
        assert_eq!(Paint::Plain.plan(plan), plan);
        let coloured = Paint::Coloured.plan(plan);
        let expected = "balancer shop/web\n\x1b[32m  + rule 1\x1b[0m\n\x1b[33m  ~ rule 2\x1b[0m\n\
                        \x1b[31m  - rule 3\x1b[0m";
        assert_eq!(coloured, expected);
    }
}
