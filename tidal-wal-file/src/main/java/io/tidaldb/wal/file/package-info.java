/** The log store "file": one shared journal for durability, one directory of segments for each tenant. */
@NullMarked
package io.tidaldb.wal.file;

import org.jspecify.annotations.NullMarked;
