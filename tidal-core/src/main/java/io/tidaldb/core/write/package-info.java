/**
 * What happens to a write before a commit loop takes it: checked, encoded, admitted, divided between slots, held back while they move. The
 * write path itself is in {@code core.ingest}.
 */
@NullMarked
package io.tidaldb.core.write;

import org.jspecify.annotations.NullMarked;
