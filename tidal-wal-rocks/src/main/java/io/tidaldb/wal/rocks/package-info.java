/** The log store "rocks": one RocksDB database, with one write-ahead log, for the logs of all tenants. */
@NullMarked
package io.tidaldb.wal.rocks;

import org.jspecify.annotations.NullMarked;
