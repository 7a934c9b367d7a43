/** Identities, tenant configuration and errors: the values that every part of Tidal and every plugin speaks. */
@NullMarked
package io.tidaldb.api;

import org.jspecify.annotations.NullMarked;
