/** Metrics of an open store, for Micrometer. */
@NullMarked
package io.tidaldb.server.metrics;

import org.jspecify.annotations.NullMarked;
