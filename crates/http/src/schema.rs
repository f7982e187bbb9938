//! Schemas of types for the OpenAPI document. Only tests generate that document, so schemas exist only in tests.

/// A type of a request or answer body.
#[cfg(not(test))]
pub(crate) trait Schema {}

#[cfg(not(test))]
impl<T> Schema for T {}

/// A type of a request or answer body.
#[cfg(test)]
pub(crate) trait Schema: utoipa::ToSchema {}

#[cfg(test)]
impl<T: utoipa::ToSchema> Schema for T {}

#[cfg(test)]
pub(crate) use described::SchemaOf;

#[cfg(test)]
mod described {
    use std::borrow::Cow;

    use utoipa::openapi::RefOr;
    use utoipa::openapi::schema::Schema as Document;

    use super::Schema;

    type Named = Vec<(String, RefOr<Document>)>;

    /// The schema of a type, independent of the type.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct SchemaOf {
        name: fn() -> Cow<'static, str>,
        own: fn() -> RefOr<Document>,
        inner: fn(&mut Named),
    }

    impl SchemaOf {
        pub(crate) const fn new<T: Schema>() -> Self {
            Self {
                name: T::name,
                own: T::schema,
                inner: T::schemas,
            }
        }

        /// Returns the name of the schema in the document.
        pub(crate) fn name(&self) -> String {
            (self.name)().into_owned()
        }

        /// Returns the schema and the schemas that it refers to, with their names.
        pub(crate) fn with_inner(&self) -> Named {
            let mut all = vec![(self.name(), (self.own)())];
            (self.inner)(&mut all);
            all
        }
    }
}
