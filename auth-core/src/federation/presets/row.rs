//! A row of the table of presets, and the macro that declares the table.

use crate::config::setting::{Group, HostKind, Setting};
use crate::federation::provider::Preset;

/// A preset, with the settings that switch it on.
pub(crate) struct Row {
    /// The provider.
    pub preset: Preset,
    /// The icon: an SVG document in one colour.
    pub icon: &'static str,
    /// The settings: client ID, scopes, and the client secret unless the provider has another credential.
    pub settings: &'static [Setting],
    /// The server, if the operator can choose another one.
    pub server: Option<Server>,
}

/// The server of a preset that people can run themselves.
pub(crate) struct Server {
    /// The setting with the URL of the server, whose default is the URL that the row has.
    pub setting: Setting,
    /// The beginnings of other URLs in the row, and the path that each has at another server.
    pub moved: &'static [(&'static str, &'static str)],
}

impl Server {
    pub(crate) const fn new(
        name: &'static str,
        usual: &'static str,
        doc: &'static str,
        example: &'static str,
        moved: &'static [(&'static str, &'static str)],
    ) -> Self {
        let setting = Setting {
            name,
            doc,
            accepts: "an https URL, or http on this machine",
            default: Some(usual),
            secret: false,
            group: Group::Providers,
            example,
            hosts: HOSTS,
        };
        Self { setting, moved }
    }

    /// Whether this is the URL of the server in the row.
    pub(crate) fn is_usual(&self, url: &str) -> bool {
        self.setting.default == Some(url)
    }

    /// Returns a text of the row, as it is at the server with this URL.
    pub(crate) fn text_at(&self, url: &str, text: &str) -> String {
        let usual = self.setting.default.unwrap_or_default();
        let mut begins = self.moved.iter().copied().chain([(usual, "")]);
        let found = begins.find_map(|(begin, path)| {
            let rest = text.strip_prefix(begin)?;
            Some(format!("{url}{path}{rest}"))
        });
        found.unwrap_or_else(|| text.to_owned())
    }
}

/// Declares the presets. A row is the prefix of its settings, its name, its label, and `secret`, or `key` for a provider
/// whose credential has settings of its own. `at` names the server, if the operator can choose another one: its URL, then
/// the documentation and the example of the setting for it, and what [`Server::moved`] holds. The icon is the file
/// `icons/NAME.svg`.
macro_rules! presets {
    ($($prefix:literal $id:literal $label:literal $credential:ident $(at $usual:literal { $doc:literal, $example:literal, $moved:expr })? => $preset:expr;)+) => {
        /// The presets, in the order of the documentation.
        pub(crate) const PRESETS: &[$crate::federation::presets::row::Row] = &[$({
            const PRESET: $crate::federation::provider::Preset = Preset { id: $id, label: $label, ..$preset };
            $crate::federation::presets::row::Row {
                preset: PRESET,
                icon: include_str!(concat!("icons/", $id, ".svg")),
                settings: presets!(@settings $credential $prefix $label PRESET),
                server: presets!(@server $prefix $($usual $doc $example $moved)?),
            }
        }),+];
    };
    (@server $prefix:literal) => { None };
    (@server $prefix:literal $usual:literal $doc:literal $example:literal $moved:expr) => {
        Some($crate::federation::presets::row::Server::new(concat!($prefix, "_URL"), $usual, $doc, $example, $moved))
    };
    (@settings secret $prefix:literal $label:literal $preset:ident) => {
        &[
            presets!(@client_id $prefix $label),
            presets!(@scopes $prefix $label $preset),
            $crate::config::setting::Setting {
                name: concat!($prefix, "_CLIENT_SECRET"),
                doc: concat!("Client secret of the app at ", $label, "."),
                accepts: "printable ASCII characters",
                default: None,
                secret: true,
                group: $crate::config::setting::Group::Providers,
                example: concat!("the secret that ", $label, " shows"),
                hosts: $crate::federation::presets::row::HOSTS,
            },
        ]
    };
    (@settings key $prefix:literal $label:literal $preset:ident) => {
        &[presets!(@client_id $prefix $label), presets!(@scopes $prefix $label $preset)]
    };
    (@client_id $prefix:literal $label:literal) => {
        $crate::config::setting::Setting {
            name: concat!($prefix, "_CLIENT_ID"),
            doc: concat!("Client ID of the app that is registered at ", $label, ". With it, users can sign in with ", $label, "."),
            accepts: "printable ASCII characters",
            default: None,
            secret: false,
            group: $crate::config::setting::Group::Providers,
            example: "1234567890",
            hosts: $crate::federation::presets::row::HOSTS,
        }
    };
    (@scopes $prefix:literal $label:literal $preset:ident) => {
        $crate::config::setting::Setting {
            name: concat!($prefix, "_SCOPES"),
            doc: concat!("Scopes that are requested from ", $label, ". Each permits this service to read more."),
            accepts: "scopes separated by blanks",
            default: if $preset.scopes.is_empty() { None } else { Some($preset.scopes) },
            secret: false,
            group: $crate::config::setting::Group::Providers,
            example: "openid email",
            hosts: $crate::federation::presets::row::HOSTS,
        }
    };
}

pub(crate) use presets;

/// The hosts that have the settings.
pub(crate) const HOSTS: &[HostKind] = &[HostKind::Native, HostKind::Spin, HostKind::Worker];

/// Counts the settings of all rows.
pub(crate) const fn count(rows: &[Row]) -> usize {
    let (mut row, mut count) = (0, 0);
    while row < rows.len() {
        count += rows[row].settings.len() + rows[row].server.is_some() as usize;
        row += 1;
    }
    count
}

/// Returns the settings of all rows, whose [number](count) is `N`.
pub(crate) const fn settings<const N: usize>(rows: &[Row]) -> [Setting; N] {
    let mut settings = [rows[0].settings[0]; N];
    let (mut row, mut at) = (0, 0);
    while row < rows.len() {
        let own = rows[row].settings;
        let mut index = 0;
        while index < own.len() {
            settings[at] = own[index];
            (index, at) = (index + 1, at + 1);
        }
        if let Some(server) = &rows[row].server {
            (settings[at], at) = (server.setting, at + 1);
        }
        row += 1;
    }
    settings
}
