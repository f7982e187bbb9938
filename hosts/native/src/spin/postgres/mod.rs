//! `spin:postgres`: as in Spin, a connection of a component is one of a pool, which hands it on as it was left.

#![allow(
    clippy::result_large_err,
    reason = "the error is that of the interface"
)]

pub(super) mod pool;
mod values;

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use wasmtime::component::{Access, Accessor, FutureReader, Resource, StreamReader};

use self::pool::{PostgresBuilder, PostgresConnection};
use self::values::{Parameter, columns, values};
use super::bindings::postgres::{
    Column, DbError, DbValue, Error, Host, HostConnection, HostConnectionBuilder,
    HostConnectionBuilderWithStore, HostConnectionWithStore, ParameterValue, QueryError, RowSet,
};
use super::view::{Spin, SpinView};

impl Host for SpinView<'_> {}
impl HostConnection for SpinView<'_> {}
impl HostConnectionBuilder for SpinView<'_> {}

/// Returns the texts of an error as Spin does. The whole text of the server's errors can contain values.
fn query_failed(error: &tokio_postgres::Error) -> Error {
    Error::QueryFailed(match error.as_db_error() {
        None => QueryError::Text(error.to_string()),
        Some(reported) => QueryError::DbError(DbError {
            as_text: format!("{reported:?}"),
            severity: reported.severity().to_owned(),
            code: reported.code().code().to_owned(),
            message: reported.message().to_owned(),
            detail: reported.detail().map(str::to_owned),
            extras: Vec::new(),
        }),
    })
}

fn other(error: impl ToString) -> Error {
    Error::Other(error.to_string())
}

fn given(parameters: &[Parameter]) -> Vec<&(dyn ToSql + Sync)> {
    parameters.iter().map(|one| one as _).collect()
}

async fn query(
    connection: Result<PostgresConnection, Error>,
    statement: String,
    parameters: Vec<ParameterValue>,
) -> Result<RowSet, Error> {
    let parameters: Vec<_> = parameters.into_iter().map(Parameter).collect();
    let connection = connection?.0;
    let given = given(&parameters);
    let found = connection.query(statement.as_str(), &given).await;
    let found: Vec<Row> = found.map_err(|error| query_failed(&error))?;
    let rows = found.iter().map(values).collect::<Result<_, _>>();
    Ok(RowSet {
        columns: columns(&found),
        rows: rows.map_err(|error| query_failed(&error))?,
    })
}

async fn execute(
    connection: Result<PostgresConnection, Error>,
    statement: String,
    parameters: Vec<ParameterValue>,
) -> Result<u64, Error> {
    let parameters: Vec<_> = parameters.into_iter().map(Parameter).collect();
    let connection = connection?.0;
    let given = given(&parameters);
    let changed = connection.execute(statement.as_str(), &given).await;
    changed.map_err(|error| query_failed(&error))
}

async fn connect(
    pool: Result<deadpool_postgres::Pool, String>,
) -> Result<PostgresConnection, Error> {
    let pool = pool.map_err(Error::ConnectionFailed)?;
    let connected = pool.get().await.map_err(|error| {
        // With the server's reason.
        let error = anyhow::Error::from(error);
        Error::ConnectionFailed(format!("{error:#}"))
    })?;
    Ok(PostgresConnection(Arc::new(connected)))
}

impl SpinView<'_> {
    fn pool(&self, of: PostgresBuilder) -> Result<deadpool_postgres::Pool, String> {
        let allowed = self.app.allowed_hosts();
        self.app
            .pools
            .of(of, |host, port| allowed.allow_host("postgres", host, port))
    }

    fn postgres(&self, handle: &Resource<PostgresConnection>) -> Result<PostgresConnection, Error> {
        self.table.get(handle).cloned().map_err(other)
    }

    fn builder(&self, handle: &Resource<PostgresBuilder>) -> Result<PostgresBuilder, Error> {
        self.table.get(handle).cloned().map_err(other)
    }
}

fn unconnected(address: String) -> PostgresBuilder {
    PostgresBuilder {
        address,
        authority: None,
    }
}

/// The functions in their two forms. Those that are `async` in WIT let the instance serve others while they wait.
impl<T: Send + 'static> HostConnectionWithStore<T> for Spin {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        address: String,
    ) -> Result<Resource<PostgresConnection>, Error> {
        let pool = accessor.with(|mut store| store.get().pool(unconnected(address)));
        let connection = connect(pool).await?;
        accessor.with(|mut store| store.get().table.push(connection).map_err(other))
    }

    async fn query_async(
        accessor: &Accessor<T, Self>,
        handle: Resource<PostgresConnection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<Queried, Error> {
        let connection = accessor.with(|mut store| store.get().postgres(&handle));
        let RowSet { columns, rows } = query(connection, statement, parameters).await?;
        accessor
            .with(|mut store| {
                let rows = StreamReader::new(&mut store, rows)?;
                let done = async { Ok::<_, wasmtime::Error>(Ok(())) };
                Ok((columns, rows, FutureReader::new(&mut store, done)?))
            })
            .map_err(|error: wasmtime::Error| other(error))
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        handle: Resource<PostgresConnection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<u64, Error> {
        let connection = accessor.with(|mut store| store.get().postgres(&handle));
        execute(connection, statement, parameters).await
    }

    async fn open(
        mut store: Access<'_, T, Self>,
        address: String,
    ) -> Result<Resource<PostgresConnection>, Error> {
        let pool = store.get().pool(unconnected(address));
        let connection = connect(pool).await?;
        store.get().table.push(connection).map_err(other)
    }

    async fn query(
        mut store: Access<'_, T, Self>,
        handle: Resource<PostgresConnection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<RowSet, Error> {
        query(store.get().postgres(&handle), statement, parameters).await
    }

    async fn execute(
        mut store: Access<'_, T, Self>,
        handle: Resource<PostgresConnection>,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<u64, Error> {
        execute(store.get().postgres(&handle), statement, parameters).await
    }

    async fn drop(
        accessor: &Accessor<T, Self>,
        handle: Resource<PostgresConnection>,
    ) -> wasmtime::Result<()> {
        accessor.with(|mut store| store.get().table.delete(handle))?;
        Ok(())
    }
}

impl<T: Send + 'static> HostConnectionBuilderWithStore<T> for Spin {
    async fn new(
        mut store: Access<'_, T, Self>,
        address: String,
    ) -> wasmtime::Result<Resource<PostgresBuilder>> {
        Ok(store.get().table.push(unconnected(address))?)
    }

    async fn set_ca_root(
        mut store: Access<'_, T, Self>,
        handle: Resource<PostgresBuilder>,
        certificate: String,
    ) -> Result<(), Error> {
        let view = store.get();
        let builder = view.table.get_mut(&handle).map_err(other)?;
        builder.authority = Some(certificate);
        Ok(())
    }

    async fn build(
        mut store: Access<'_, T, Self>,
        handle: Resource<PostgresBuilder>,
    ) -> Result<Resource<PostgresConnection>, Error> {
        let builder = store.get().builder(&handle)?;
        let pool = store.get().pool(builder);
        let connection = connect(pool).await?;
        store.get().table.push(connection).map_err(other)
    }

    async fn build_async(
        accessor: &Accessor<T, Self>,
        handle: Resource<PostgresBuilder>,
    ) -> Result<Resource<PostgresConnection>, Error> {
        let pool = accessor.with(|mut store| {
            let view = store.get();
            let builder = view.builder(&handle)?;
            Ok::<_, Error>(view.pool(builder))
        });
        let connection = connect(pool?).await?;
        accessor.with(|mut store| store.get().table.push(connection).map_err(other))
    }

    async fn drop(
        accessor: &Accessor<T, Self>,
        handle: Resource<PostgresBuilder>,
    ) -> wasmtime::Result<()> {
        accessor.with(|mut store| store.get().table.delete(handle))?;
        Ok(())
    }
}

type Queried = (
    Vec<Column>,
    StreamReader<Vec<DbValue>>,
    FutureReader<Result<(), Error>>,
);
