/**
 * Moves a tenant from shards to others while it is read and written: both sides, pace and figures. The decisions about it are in {@code
 * core.control}.
 */
@NullMarked
package io.tidaldb.core.migration;

import org.jspecify.annotations.NullMarked;
