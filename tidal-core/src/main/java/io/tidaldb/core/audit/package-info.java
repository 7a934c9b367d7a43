/** Who changed what the cluster has agreed on, from where, and from what to what: a chain of entries that grows at its end only. */
@NullMarked
package io.tidaldb.core.audit;

import org.jspecify.annotations.NullMarked;
