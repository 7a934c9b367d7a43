/**
 * A tenant that is open: reads and writes that this process answers by itself, and those that it passes on to other nodes. What opens and
 * closes it is in {@code core.hosting}.
 */
@NullMarked
package io.tidaldb.core.tenant;

import org.jspecify.annotations.NullMarked;
