//! The schema of a type, for the OpenAPI document. Only tests make that document, so a type has a schema in tests alone.

/// A type that bodies of requests or answers have.
#[cfg(not(test))]
pub(crate) trait Schema {}

#[cfg(not(test))]
impl<T> Schema for T {}

/// A type that bodies of requests or answers have.
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

    /// The schema of a type, without the type.
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

        /// Its name in the document.
        pub(crate) fn name(&self) -> String {
            (self.name)().into_owned()
        }

        /// The schema, and those of the types that it refers to, with their names.
        pub(crate) fn with_inner(&self) -> Named {
            let mut all = vec![(self.name(), (self.own)())];
            (self.inner)(&mut all);
            all
        }
    }
}
