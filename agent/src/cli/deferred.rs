//! Arguments of a command that are described to the parser only when that command is given.

use clap::builder::Resettable;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

/// The arguments `T` of a subcommand. A run needs those of one command; describing those of all was a
/// seventh of the code that a discovery goes through.
#[derive(Debug)]
pub(crate) struct Deferred<T>(pub(crate) T);

impl<T: Args> Args for Deferred<T> {
    fn augment_args(command: Command) -> Command {
        command.defer(|command| described(command, T::augment_args))
    }

    fn augment_args_for_update(command: Command) -> Command {
        command.defer(|command| described(command, T::augment_args_for_update))
    }
}

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

/// What the command is for was said where it is listed, before its arguments brought their own words.
fn described(command: Command, augment: fn(Command) -> Command) -> Command {
    let about = Resettable::from(command.get_about().cloned());
    let long_about = Resettable::from(command.get_long_about().cloned());
    augment(command).about(about).long_about(long_about)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser, Subcommand};

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(subcommand)]
        chosen: Chosen,
    }

    #[derive(Debug, Subcommand)]
    enum Chosen {
        /// Count.
        Count(Deferred<CountArguments>),
    }

    /// What counting is asked for.
    #[derive(Debug, Args)]
    struct CountArguments {
        #[arg(long)]
        to: u32,
    }

    #[test]
    fn arguments_come_with_the_command_and_leave_its_words() {
        let mut command = Line::command();
        let said = |command: &Command| {
            let count = command.find_subcommand("count").unwrap();
            let about = count.get_about().unwrap().to_string();
            (about, count.get_arguments().any(|one| one.get_id() == "to"))
        };
        assert_eq!(said(&command), ("Count".to_owned(), false));
        command.build();
        assert_eq!(said(&command), ("Count".to_owned(), true));

        let line = Line::try_parse_from(["line", "count", "--to", "7"]).unwrap();
        let Chosen::Count(Deferred(arguments)) = line.chosen;
        assert_eq!(arguments.to, 7);
        assert!(Line::try_parse_from(["line", "count"]).is_err());
    }
}
