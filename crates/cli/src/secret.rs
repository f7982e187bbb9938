//! `gatewright secret`.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{ArgMatches, Command, value_parser};

use crate::arguments::option;
use crate::call::Call;

pub(crate) fn command() -> Command {
    Command::new("secret")
        .about("Generate secrets for settings")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("generate")
                .about("Print a random secret, in base64url")
                .arg(
                    option("bytes", "N")
                        .value_parser(value_parser!(u16).range(16..=1024))
                        .default_value("32")
                        .help("Number of random bytes"),
                ),
        )
}

pub(crate) fn run(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
    let (_, matches) = matches.subcommand().context("a command is missing")?;
    let length = matches.get_one::<u16>("bytes").copied().unwrap_or(32);
    let mut bytes = vec![0; usize::from(length)];
    getrandom::fill(&mut bytes).context("no randomness")?;
    writeln!(call.out, "{}", URL_SAFE_NO_PAD.encode(bytes))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, run_line};

    #[test]
    fn secrets_are_random_and_as_long_as_asked() {
        let fake = Fake::new([]);
        let made = |line| {
            let text: String = run_line(&fake, line).unwrap();
            URL_SAFE_NO_PAD.decode(text.trim_end()).unwrap()
        };
        let one = made("secret generate");
        assert_eq!(one.len(), 32);
        assert_ne!(one, made("secret generate"));
        assert_eq!(made("secret generate --bytes 64").len(), 64);
        assert!(run_line(&fake, "secret generate --bytes 15").is_err());
        assert!(fake.requests().is_empty());
    }
}
