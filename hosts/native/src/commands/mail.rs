//! `gatewright mail`.

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use auth_core::{MailContext, MailKind, Templates, Timestamp};
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::settings::{env_file, layered, setting_arguments};

pub(super) fn command() -> Command {
    let kinds: Vec<_> = MailKind::ALL.iter().map(|kind| kind.as_str()).collect();
    Command::new("mail")
        .about("Preview the mails that the service sends")
        .subcommand_required(true)
        .subcommand(
            Command::new("preview")
                .about("Show a mail with sample values, or list the templates")
                .arg(
                    Arg::new("kind")
                        .value_name("KIND")
                        .value_parser(kinds)
                        .help("The mail to show; without it the templates are listed"),
                )
                .arg(
                    Arg::new("html")
                        .long("html")
                        .action(ArgAction::SetTrue)
                        .help("Print the HTML part, to view it in a browser"),
                )
                .arg(env_file())
                .args(setting_arguments()),
        )
}

/// Shows a mail as it would be sent, with the templates of the settings.
pub(super) fn preview(arguments: &ArgMatches, out: &mut dyn Write) -> Result<()> {
    let (settings, _) = layered(arguments)?;
    let templates = settings.templates()?;
    let kind = arguments.get_one::<String>("kind");
    let Some(kind) = kind.and_then(|name| MailKind::parse(name)) else {
        for template in Templates::built_in() {
            writeln!(out, "{:35} {}", template.file, template.setting)?;
        }
        return Ok(());
    };
    let context = MailContext {
        name: Some("Ada Lovelace"),
        email: Some("ada@example.com"),
        link: Some("https://auth.example.com/page?token=an-example"),
        expires_in: Some(Duration::from_secs(86_400)),
        provider: Some("GitHub"),
        device: Some("Firefox on Linux"),
        ip: Some("192.0.2.1"),
        time: Some(Timestamp::from_millis(1_767_225_600_000)),
    };
    let (message, failed) = templates.render(kind, "ada@example.com", &context);
    if let Some(problem) = failed {
        anyhow::bail!("{problem}");
    }
    if arguments.get_flag("html") {
        writeln!(out, "{}", message.html.unwrap_or_default())?;
    } else {
        writeln!(
            out,
            "To: {}\nSubject: {}\n\n{}",
            message.to, message.subject, message.text
        )?;
    }
    Ok(())
}
