/** The log store "memory": obeys every promise of a log store except that it outlives the process. */
@NullMarked
package io.tidaldb.core.memory;

import org.jspecify.annotations.NullMarked;
