/** Time and values that merge in any order to the same result. */
@NullMarked
package io.tidaldb.core.crdt;

import org.jspecify.annotations.NullMarked;
