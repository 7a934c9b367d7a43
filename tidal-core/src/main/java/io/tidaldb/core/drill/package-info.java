/** Practising the loss of a region for a tenant, on live data. Who leads what is decided elsewhere. */
@NullMarked
package io.tidaldb.core.drill;

import org.jspecify.annotations.NullMarked;
