/** Where logs are kept: the log store plugin interface and the batch that it stores. */
@NullMarked
package io.tidaldb.api.wal;

import org.jspecify.annotations.NullMarked;
