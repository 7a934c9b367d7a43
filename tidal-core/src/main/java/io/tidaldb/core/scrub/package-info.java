/**
 * Reads again what nodes hold, and has replaced what is damaged. Finding damage in a log is the part of {@code core.ingest}.
 */
@NullMarked
package io.tidaldb.core.scrub;

import org.jspecify.annotations.NullMarked;
