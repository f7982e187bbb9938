//! The last stage of the Dockerfile: what a container engine does with the image.

use crate::read;

/// The instructions of the last stage.
pub(crate) struct Dockerfile(Vec<(String, String)>);

impl Dockerfile {
    /// Reads the file.
    pub(crate) fn read() -> Self {
        let text = read("Dockerfile");
        let (_, last) = text.rsplit_once("\nFROM ").unwrap();
        let instructions = last
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(' '))
            .filter(|(name, _)| *name != "#")
            .map(|(name, rest)| (name.to_owned(), rest.to_owned()));
        Self(instructions.collect())
    }

    /// Returns the arguments of every instruction of this name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |(found, _)| found == name);
        named.map(|(_, rest)| rest.as_str())
    }

    /// Returns the arguments of the only instruction of this name.
    pub(crate) fn one(&self, name: &str) -> &str {
        let mut all = self.all(name);
        let one = all.next().unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(all.next(), None, "{name}");
        one
    }

    /// Returns the words of an instruction that names a program: a list of strings, after its options.
    pub(crate) fn command(&self, name: &str) -> Vec<String> {
        let rest = self.one(name);
        let list = &rest[rest.find('[').unwrap()..];
        serde_json::from_str(list).unwrap()
    }

    /// Returns the user's and the group's number.
    pub(crate) fn user(&self) -> (&str, &str) {
        self.one("USER").split_once(':').unwrap()
    }

    /// Returns the variables of the environment.
    pub(crate) fn environment(&self) -> Vec<(&str, &str)> {
        let words = self.all("ENV").flat_map(str::split_whitespace);
        words.map(|word| word.split_once('=').unwrap()).collect()
    }
}
