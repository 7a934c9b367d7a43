/** What signals mean now: decayed scores and windowed counts, folded from one log into memory, proven by digests and kept in snapshots. */
@NullMarked
package io.tidaldb.core.ledger;

import org.jspecify.annotations.NullMarked;
