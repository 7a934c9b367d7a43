/** The write path: queues, group commit, folding; and the recovery that repeats it. */
@NullMarked
package io.tidaldb.core.ingest;

import org.jspecify.annotations.NullMarked;
