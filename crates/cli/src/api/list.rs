//! Lists, which the API returns in pages.

use anyhow::Result;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::path::{Query, with_query};
use super::requests::{Api, read};

/// Largest number of rows in a page.
pub(crate) const PAGE: u64 = 200;

/// Part of a list.
pub(crate) struct Listed {
    /// Its rows, as the service wrote them.
    pub(crate) rows: Vec<Box<RawValue>>,
    /// Cursor of the next page.
    pub(crate) next: Option<String>,
    /// The API's document, as if the rows were one page.
    pub(crate) document: Vec<u8>,
}

impl Listed {
    pub(crate) fn values(&self) -> Result<Vec<Value>> {
        let parsed = self
            .rows
            .iter()
            .map(|row| gatewright_transfer::objects::from_str(row.get()));
        Ok(parsed.collect::<Result<_, _>>()?)
    }
}

impl Api<'_> {
    /// Returns one page of a list.
    pub(super) fn page(
        &self,
        path: &str,
        query: &Query,
        cursor: Option<String>,
        limit: u64,
    ) -> Result<Listed> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(alias = "users", alias = "events")]
            rows: Vec<Box<RawValue>>,
            next_cursor: Option<String>,
        }
        let mut query = query.clone();
        query.push(("limit", limit.to_string()));
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        let document = self.get(&with_query(path, &query))?;
        let Page { rows, next_cursor } = read(&document)?;
        Ok(Listed {
            rows,
            next: next_cursor,
            document,
        })
    }

    /// Returns the first `wanted` rows under `field`, or all of them, from as many pages as needed.
    pub(crate) fn list(
        &self,
        path: &str,
        field: &str,
        query: &Query,
        cursor: Option<String>,
        wanted: Option<u64>,
    ) -> Result<Listed> {
        let missing =
            |rows: &[_]| wanted.map_or(PAGE, |wanted| wanted.saturating_sub(rows.len() as u64));
        let mut listed = self.page(path, query, cursor, missing(&[]).min(PAGE))?;
        let mut alone = true;
        while let Some(cursor) = listed.next.take() {
            let limit = missing(&listed.rows).min(PAGE);
            if limit == 0 {
                listed.next = Some(cursor);
                break;
            }
            let page = self.page(path, query, Some(cursor), limit)?;
            listed.rows.extend(page.rows);
            listed.next = page.next;
            alone = false;
        }
        if !alone {
            let rows: Vec<&str> = listed.rows.iter().map(|row| row.get()).collect();
            let next = serde_json::to_string(&listed.next)?;
            let rows = rows.join(",");
            listed.document =
                format!("{{\"{field}\":[{rows}],\"next_cursor\":{next}}}").into_bytes();
        }
        Ok(listed)
    }
}
