/** Where a tenant lives: the placement policy plugin interface. */
@NullMarked
package io.tidaldb.api.placement;

import org.jspecify.annotations.NullMarked;
