/** Exports as Parquet files. The only package that sees Parquet's library. */
@NullMarked
package io.tidaldb.server.parquet;

import org.jspecify.annotations.NullMarked;
